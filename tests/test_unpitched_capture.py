"""Drums and noises brought into the user's bank."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from test_unpitched import RATE, stroke
from tiny_model import tiny_checkpoint

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.model.bank import read_bank_file
from nsynth_lab.model.user_bank import user_instrument_path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a checkpoint, a snare and a wind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    tiny_checkpoint(tmp_path / "model")
    write_audio("snare.wav", Audio(stroke(low_hz=1_500.0)[None]))
    wind = np.random.default_rng(4).uniform(-0.3, 0.3, RATE).astype(np.float32)
    write_audio("wind.wav", Audio(wind[None]))
    return tmp_path


@pytest.mark.parametrize(("name", "family"), [("snare", "drum"), ("wind", "noise")])
def test_a_recording_without_a_pitch_is_a_drum_or_a_noise(here: Path, name: str, family: str) -> None:
    assert run(["capture", f"{name}.wav", "--checkpoint", "model"]) == 0
    bank, _ = read_bank_file(user_instrument_path(name))
    assert bank.entries[name].instrument.family == family
    assert bank.zones[0].pitched == 0.0
    assert run(["blend", name, "flute", "--checkpoint", "model", "--duration", "0.4", "-o", "between.wav"]) == 0
    assert (here / "between.wav").is_file()


def test_a_drum_is_encoded_told_and_decoded(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["encode", "snare.wav", "--checkpoint", "model", "-o", "snare.latents"]) == 0
    told = capsys.readouterr()
    assert "note none (measured), 0% pitched" in told.out
    assert "no clear pitch" in told.err
    assert "rounds" not in told.err, "a drum is not fitted"
    assert re.search(r"mel error of [12]\.\d+ dB \((good|fair)\)", told.out), (
        "a drum's error is named on a scale of its own"
    )
    assert run(["decode", "snare.latents", "--checkpoint", "model", "-o", "again.wav"]) == 0
    assert run(["encode", "snare.wav", "--checkpoint", "model", "--refine", "1", "-o", "b.latents"]) == 2
    assert not (here / "b.latents").exists()


def test_drums_are_evaluated(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "drums").mkdir()
    for name in ("snare", "wind"):
        (here / f"{name}.wav").rename(here / "drums" / f"{name}.wav")
    assert run(["evaluate", "--only", "unpitched", "drums", "--checkpoint", "model", "--pairs", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["unpitched"]
    assert found["sounds"] == 2
    assert found["mel_error_db"]["reached"]
    assert found["onset_error_ms"]["reached"]
    assert found["blends"]["pairs"] == 1
    assert found["blends"]["pitched"]["mean"] == pytest.approx(0.5, abs=0.01)


def test_a_drum_follows_the_keys_if_it_is_told_to(here: Path) -> None:
    write_audio("tom.wav", Audio(stroke(hz=90.0, decay_seconds=0.2)[None]))
    told = ["--source-note", "none", "--checkpoint", "model", "-o"]
    assert run(["encode", "tom.wav", "--track", "1", *told, "follows.latents"]) == 0
    assert run(["encode", "tom.wav", *told, "stays.latents"]) == 0
    decode = ["--checkpoint", "model", "--note", "C5", "-o"]
    heard = dict[int, float]()
    for name, more in (("follows", []), ("stays", []), ("follows", ["--track", "0"]), ("stays", ["--track", "1"])):
        assert run(["decode", f"{name}.latents", *decode, f"{len(heard)}.wav", *more]) == 0
        sound = read_audio(here / f"{len(heard)}.wav").mono()[4_000:12_000]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 16))
        heard[len(heard)] = float(spectrum.argmax()) * RATE / (1 << 16)
    assert heard[0] == pytest.approx(2 * heard[1], rel=0.1)
    assert heard[2] == pytest.approx(heard[1], rel=0.05)
    assert heard[3] == pytest.approx(heard[0], rel=0.05)
