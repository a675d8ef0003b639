"""Refinement: what it finds is never further off than where it began, and can be stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_notes import line, note_of
from tiny_model import tiny_model

from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import decode
from nsynth_lab.model.refine import refine
from nsynth_lab.units import FloatArray


@pytest.fixture(params=[0, 8], ids=["excitation", "with bands"])
def checkpoint(request: pytest.FixtureRequest) -> Checkpoint:
    return Checkpoint(tiny_model(band_channels=request.param), "made", {})


@pytest.fixture
def note() -> Latents:
    return replace(note_of(line((0, -30.0), (3, -20.0), (40, -24.0))), partials=np.zeros(128, np.float32))


def sound_of(latents: Latents, checkpoint: Checkpoint) -> FloatArray:
    return np.concatenate(list(decode(latents, checkpoint)))


def test_it_comes_closer_to_a_sound_the_decoder_can_make(checkpoint: Checkpoint, note: Latents) -> None:
    target = sound_of(note, checkpoint)
    start = replace(note, timbre=np.zeros_like(note.timbre))
    found = refine(start, target, checkpoint, seconds=3.0, progress=lambda *_: None)
    assert found.rounds > 5
    assert found.after_db < 0.9 * found.before_db
    assert found.latents.timbre.shape == note.timbre.shape
    assert np.abs(found.latents.timbre).max() <= 3.0
    for name in ("loudness_db", "f0_cents", "partials"):
        assert np.array_equal(getattr(found.latents, name), getattr(start, name))


def test_the_best_is_kept_and_told(checkpoint: Checkpoint, note: Latents) -> None:
    heard: list[float] = []
    target = sound_of(note, checkpoint)
    start = replace(note, timbre=note.timbre + np.float32(0.5))
    found = refine(start, target, checkpoint, seconds=1.0, progress=lambda _, best: heard.append(best))
    assert heard == sorted(heard, reverse=True)
    assert found.after_db == heard[-1]
    assert len(heard) == found.rounds


def test_ctrl_c_ends_it_with_the_best_so_far(checkpoint: Checkpoint, note: Latents) -> None:
    def impatient(_seconds: float, _best: float) -> None:
        raise KeyboardInterrupt

    found = refine(note, sound_of(note, checkpoint), checkpoint, seconds=60.0, progress=impatient)
    assert found.rounds == 1
    assert np.array_equal(found.latents.timbre, note.timbre)
