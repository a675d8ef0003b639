"""Refinement: what it finds is never further off than where it began, and can be stopped."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_notes import line, note_of
from tiny_model import tiny_checkpoint, tiny_model

from nsynth_lab.audio import Audio, read_clip, write_audio
from nsynth_lab.cli import run
from nsynth_lab.evaluate.metrics.distances import mel_error_db
from nsynth_lab.latents import Latents, read_latents
from nsynth_lab.model.checkpoint import Checkpoint, load_checkpoint
from nsynth_lab.model.codec import cut
from nsynth_lab.model.refine import refine
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import FloatArray
from nsynth_lab.wording import quality_of_error


@pytest.fixture
def checkpoint() -> Checkpoint:
    return Checkpoint.of(tiny_model(), model_id="made")


@pytest.fixture
def note() -> Latents:
    return replace(note_of(line((0, -30.0), (3, -20.0), (40, -24.0))), partials=np.zeros(128, np.float32))


class Clock:
    """Seconds that only rounds put forward, a tenth each: how many fit does not depend on the machine."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def round(self, *_: object) -> None:
        self.now += 0.1


def sound_of(latents: Latents, checkpoint: Checkpoint) -> FloatArray:
    return np.concatenate(list(decode(latents, checkpoint)))


def test_it_comes_closer_to_a_sound_the_decoder_can_make(checkpoint: Checkpoint, note: Latents) -> None:
    target = sound_of(note, checkpoint)
    start = replace(note, timbre=np.zeros_like(note.timbre))
    clock = Clock()
    found = refine(start, target, checkpoint, seconds=1.95, progress=clock.round, clock=clock)
    assert found.rounds == 20
    assert found.after_db < 0.9 * found.before_db
    assert found.latents.timbre.shape == note.timbre.shape
    assert np.abs(found.latents.timbre).max() <= 3.0
    for name in ("loudness_db", "f0_cents", "partials"):
        assert np.array_equal(getattr(found.latents, name), getattr(start, name))


def test_the_best_is_kept_and_told(checkpoint: Checkpoint, note: Latents) -> None:
    heard, clock = list[float](), Clock()

    def progress(_seconds: float, best: float) -> None:
        clock.round()
        heard.append(best)

    target = sound_of(note, checkpoint)
    start = replace(note, timbre=note.timbre + np.float32(0.5))
    found = refine(start, target, checkpoint, seconds=0.95, progress=progress, clock=clock)
    assert found.rounds == 10
    assert heard == sorted(heard, reverse=True)
    assert found.after_db == heard[-1]
    assert len(heard) == found.rounds + 1, "where the last round has left it is seen and told as well"


def test_ctrl_c_ends_it_with_the_best_so_far(checkpoint: Checkpoint, note: Latents) -> None:
    def impatient(_seconds: float, _best: float) -> None:
        raise KeyboardInterrupt

    found = refine(note, sound_of(note, checkpoint), checkpoint, seconds=60.0, progress=impatient)
    assert found.rounds == 1
    assert np.array_equal(found.latents.timbre, note.timbre)


def test_the_command_says_how_much_closer_it_came(
    note: Latents, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In words as well: it once asked its own report for figures by names that only --json has."""
    model = Checkpoint.of(tiny_model(), model_id="made")
    write_audio(tmp_path / "bell.wav", Audio(sound_of(note, model)[None]))
    where = ["--checkpoint", str(tiny_checkpoint(tmp_path / "model")), "-o", str(tmp_path / "bell.latents")]
    assert run(["encode", str(tmp_path / "bell.wav"), "--source-note", "A4", "--refine", "0.1", *where]) == 0
    figures = re.search(r"distance ([\d.]+) dB before refining, ([\d.]+) after$", capsys.readouterr().out.strip())
    assert figures
    assert 0 < float(figures[2]) <= float(figures[1])


def test_encode_says_how_near_the_latents_come_and_whether_that_is_good(
    note: Latents, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The very mel error that `evaluate` and `capture` report, of the latents that were written."""
    model = Checkpoint.of(tiny_model(), model_id="made")
    recording, written = tmp_path / "bell.wav", tmp_path / "bell.latents"
    write_audio(recording, Audio(sound_of(note, model)[None]))
    folder = str(tiny_checkpoint(tmp_path / "model"))
    words = ["--source-note", "A4", "--checkpoint", folder, "-o", str(written), "--json"]
    assert run(["encode", str(recording), *words]) == 0
    told = json.loads(capsys.readouterr().out)
    came = np.concatenate(list(decode(read_latents(written), load_checkpoint(folder))))
    wanted = cut(read_clip(recording, max_seconds=30.0)).mono
    assert told["mel_error_db"] == pytest.approx(mel_error_db(came[: len(wanted)], wanted), abs=2e-3)
    assert told["quality"] == quality_of_error(told["mel_error_db"])
