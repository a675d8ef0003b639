"""The rows that play: each as `Decoder.step` alone has it, whichever others are due at the same time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from streaming import in_turns
from tiny_model import decode, streams, tiny_model
from torch import Tensor

from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.graphed_rows import GraphedRows
from nsynth_lab.model.rows import RowDecoder, Rows, SlowRows, row_decoder

PITCHES = (33.0, 52.0, 69.0, 93.0, 110.0)
FRAMES = 30
# bends of an octave and more, so that partials leave hearing and come back
BEND = 1.0 + 1.5 * torch.sin(torch.linspace(0.0, torch.pi, FRAMES)).square()


def played() -> list[Tensor]:
    inputs = streams(PITCHES, FRAMES)
    inputs[2] = inputs[2] * BEND
    return inputs


KINDS = {
    "RowDecoder": (RowDecoder, 0),
    "SlowRows": (SlowRows, 0),
    "SlowRows, bands": (SlowRows, 8),
    "GraphedRows": (GraphedRows, 0),
    "GraphedRows, bands": (GraphedRows, 8),
}
Kind = tuple[Callable[[Decoder, int], Rows], int]


@pytest.fixture(params=KINDS.values(), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    """What makes rows, and how many channels the model's band stack has."""
    found: Kind = request.param
    return found


@pytest.mark.parametrize("order", [[[0, 1, 2, 3, 4]], [[3, 0], [4, 1, 2]], [[0], [1], [4, 2, 3]]])
def test_rows_play_what_the_decoder_plays(kind: Kind, order: list[list[int]]) -> None:
    make, bands = kind
    decoder = tiny_model(band_channels=bands).decoder
    inputs = played()
    rows = make(decoder, len(PITCHES))
    rows.reset(range(len(PITCHES)), range(len(PITCHES)))
    whole, _ = decode(decoder, inputs, decoder.start(len(PITCHES)))
    assert whole.abs().max() > 0.01
    torch.testing.assert_close(in_turns(rows, inputs, order), whole, rtol=0, atol=2e-5)


def test_a_row_is_used_again_without_touching_the_others(kind: Kind) -> None:
    make, bands = kind
    decoder = tiny_model(band_channels=bands).decoder
    inputs = played()
    rows = make(decoder, len(PITCHES))
    rows.reset(range(5), range(5))
    everyone = torch.arange(5)
    first = [rows.step(everyone, *(stream[:, frame] for stream in inputs)) for frame in range(12)]
    rows.reset([1, 3], [1, 3])
    again = [rows.step(torch.tensor([1, 3]), *(stream[[1, 3], frame] for stream in inputs)) for frame in range(12)]
    later = [rows.step(torch.tensor([0, 2]), *(stream[[0, 2], frame] for stream in inputs)) for frame in range(12, 20)]
    torch.testing.assert_close(torch.cat(again, dim=1), torch.cat(first, dim=1)[[1, 3]], rtol=0, atol=1e-5)
    whole, _ = decode(decoder, [stream[:, :20] for stream in inputs], decoder.start(5))
    torch.testing.assert_close(torch.cat(later, dim=1), whole[[0, 2], 12 * 512 :], rtol=0, atol=2e-5)


def test_the_way_is_chosen_by_the_model() -> None:
    plain, banded = tiny_model().decoder, tiny_model(band_channels=8).decoder
    assert isinstance(row_decoder(plain, 2), RowDecoder)
    assert isinstance(row_decoder(banded, 2), SlowRows)
    assert isinstance(plain, Decoder)
