"""What the network that tells where keys are struck learns from, and that it learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.analysis.basic_pitch import RATE, BasicPitch
from nsynth_lab.analysis.onset_network import OnsetNetwork
from nsynth_lab.errors import MissingError
from nsynth_lab.train.onset_pieces import SECONDS, Piece, made_pieces
from nsynth_lab.train.onsets import examples_of, trained, write_weights

FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")


@pytest.fixture(scope="module")
def network() -> BasicPitch:
    try:
        return BasicPitch()
    except MissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def pieces() -> list[Piece]:
    if not FONT.is_file():
        pytest.skip(f"no {FONT}")
    return list(made_pieces(FONT, 2, seed=5))


def test_pieces_are_the_same_again_and_their_keys_are_struck_once_at_a_time(pieces: list[Piece]) -> None:
    (again,) = made_pieces(FONT, 1, seed=5)
    np.testing.assert_array_equal(again.samples, pieces[0].samples)
    assert again.notes == pieces[0].notes
    for piece in pieces:
        assert len(piece.samples) / RATE == pytest.approx(SECONDS + 0.5, rel=0.05)
        assert np.abs(piece.samples).max() < 1.1
        for note in piece.notes:
            others = [one for one in piece.notes if one.key == note.key and one is not note]
            assert not any(one.at <= note.at < one.at + one.held for one in others)


def test_the_network_learns_what_it_is_shown(pieces: list[Piece], network: BasicPitch, tmp_path: Path) -> None:
    """Of what it has seen, most strikes are surer than nearly everything that is none."""
    examples = examples_of(pieces[0], network)
    assert examples.struck.sum() >= 0.8 * len(pieces[0].notes)
    write_weights(tmp_path / "onsets.safetensors", trained(examples, passes=60, seed=0), about={"font": FONT.name})
    odds = OnsetNetwork(tmp_path / "onsets.safetensors").judge(examples.features).log_odds
    struck = examples.struck == 1.0
    assert np.median(odds[struck]) > np.percentile(odds[~struck], 95)
