"""Peers' decoders: those written here make what they say they make; those elsewhere are found or told of."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_model import tiny_checkpoint

from nsynth_lab.bench.peers import music_translation, rave
from nsynth_lab.bench.peers.__main__ import main
from nsynth_lab.bench.peers.compare import PAIRS
from nsynth_lab.bench.peers.ddsp import HOP, RATE_HZ, DdspDecoder
from nsynth_lab.bench.peers.nsynth import CLASSES, CODE, NsynthDecoder, NsynthSizes
from nsynth_lab.bench.peers.nsynth import HOP as NSYNTH_HOP
from nsynth_lab.bench.peers.source import importing
from nsynth_lab.errors import MissingError

SMALL = NsynthSizes(channels=8, skip=6, layers=5, cycle=3)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


def test_nsynth_generates_by_queues_what_the_whole_convolution_says() -> None:
    torch.manual_seed(3)
    decoder = NsynthDecoder(SMALL).eval()
    length = NSYNTH_HOP + 90  # over the border of a frame of its code
    code = torch.randn(2, CODE)
    made, logits = decoder.generate(code, samples=length)
    with torch.no_grad():
        whole = decoder.whole(made, code)
    assert whole.shape == logits.shape == (length, CLASSES)
    torch.testing.assert_close(logits, whole, rtol=0, atol=1e-5)
    assert made.abs().max() <= 1.0
    assert len(set(made.tolist())) > 50, "drawn, not stuck"


def test_nsynth_depends_on_its_past_and_on_nothing_later() -> None:
    torch.manual_seed(3)
    decoder = NsynthDecoder(SMALL).eval()
    code, samples = torch.randn(1, CODE), torch.rand(60) * 2 - 1
    changed = samples.clone()
    changed[30] += 0.5
    with torch.no_grad():
        difference = (decoder.whole(changed, code) - decoder.whole(samples, code)).abs().amax(dim=1)
    assert difference[:31].max() == 0.0
    assert difference[31] > 0.0


def test_nsynth_has_the_published_size() -> None:
    with torch.device("meta"):
        decoder = NsynthDecoder()
    weights = sum(parameter.numel() for parameter in decoder.parameters())
    assert weights == pytest.approx(59.7e6, rel=0.003)
    assert len(decoder.layers) == 30


def test_ddsp_makes_notes_of_the_pitch_asked_for() -> None:
    torch.manual_seed(0)
    decoder = DdspDecoder().eval()
    frames = 250
    with torch.no_grad():
        audio = decoder(torch.full((2, frames), 500.0), torch.full((2, frames), -20.0), torch.randn(2, frames, CODE))
    assert audio.shape == (2, frames * HOP)
    assert audio.isfinite().all()
    spectrum = torch.fft.rfft(audio[0] * torch.hann_window(RATE_HZ)).abs()  # a bin is 1 Hz
    assert int(spectrum[400:600].argmax()) + 400 == 500
    assert sum(parameter.numel() for parameter in decoder.parameters()) == pytest.approx(6.4e6, rel=0.1)


def test_a_peer_that_is_not_there_is_told_of_and_how_to_get_it(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "figures.json"
    words = ["--peers", str(tmp_path), "--only", "reverb,rave", "--checkpoint", str(checkpoint), "--json", str(target)]
    assert main(words) == 0
    heard = capsys.readouterr()
    assert "| pedalboard's reverb, streaming | 1 |" in heard.out
    assert f"left out: RAVE v2, a whole note: RAVE: not in {tmp_path}; get it with: git clone" in heard.err
    figures = json.loads(target.read_text())
    assert {one["name"] for one in figures["comparisons"]} == {"pedalboard's reverb, streaming"}
    assert len(figures["left_out"]) == sum("RAVE" in pair.name for pair in PAIRS)
    assert all(one["ratio"]["low"] > 0 for one in figures["comparisons"])


def test_a_peer_that_lacks_something_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "made_up_peer.py").write_text("import a_package_that_nobody_has\n")
    told = r"a_package_that_nobody_has.*install what it needs with: pip"
    with pytest.raises(MissingError, match=told), importing(tmp_path, "theirs", ".", how="pip"):
        __import__("made_up_peer")


@pytest.mark.parametrize("peer", ["RAVE", "music-translation"])
def test_a_peer_from_its_own_source_runs(peer: str, repository: Path) -> None:
    folder = repository.parent / "peers"
    if not (folder / peer).is_dir():
        pytest.skip(f"{peer} is not in {folder} (scripts/bench_peers says how to get it)")
    tasks = (
        [rave.streaming(folder), rave.whole(folder, blocks=2)] if peer == "RAVE" else [music_translation.task(folder)]
    )
    for task in tasks:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs
            made: Any = task.run()
        blocks = made if isinstance(made, list) else [made]
        rate_hz = 48_000 if peer == "RAVE" else music_translation.RATE_HZ
        assert sum(block.shape[-1] for block in blocks) == round(task.audio_seconds * rate_hz)


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (["--only", "moog"], "--only moog: no such peer", 2),
        (["--json", "nowhere/figures.json"], "the folder nowhere does not exist", 2),
        (["--checkpoint", "nowhere"], "nowhere", 1),
    ],
)
def test_a_bad_request_is_one_line(
    words: Sequence[str], says: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == code
    heard = capsys.readouterr()
    assert says in heard.err
    assert heard.err.count("\n") == 1
    assert heard.out == ""
