"""Analysis by synthesis: `encode` comes nearer to a recording than the encoder alone, and the same each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from made_notes import line, note_of
from tiny_model import tiny_model

from nsynth_lab.detail import DIMS
from nsynth_lab.dsp.measure import Measured, measure
from nsynth_lab.evaluate.metrics.distances import mel_error_db, mel_error_frames_db
from nsynth_lab.latents import Latents
from nsynth_lab.model import note_decoder
from nsynth_lab.model.checkpoint import Checkpoint, load_checkpoint
from nsynth_lab.model.codec import encode_measured
from nsynth_lab.model.measured_detail import Detailed
from nsynth_lab.model.note_decoder import NoteDecoder
from nsynth_lab.model.refine import BEGINNING_FRAMES, FAR_DB, fit, fit_with_detail
from nsynth_lab.note import Note
from nsynth_lab.render import DEFAULT_CHECKPOINT
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, note_to_hz

PITCH = 57


def pluck() -> FloatArray:
    """A string of 1 s: sharp, twelve partials that die away, the upper ones sooner, and a hiss as it begins."""
    at = np.arange(94 * 512) / SAMPLE_RATE
    orders = np.arange(1, 13)[:, None]
    waves = np.cos(2 * np.pi * note_to_hz(float(PITCH)) * orders * at + orders**2) / orders
    waves = waves * np.exp(-(1.5 + 0.7 * orders) * at)
    hiss = 0.05 * np.random.default_rng(0).standard_normal(at.size) * np.exp(-60 * at)
    return np.asarray((0.2 * waves.sum(axis=0) + hiss) * np.minimum(1.0, at / 0.002), np.float32)


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return load_checkpoint(DEFAULT_CHECKPOINT)


@pytest.fixture(scope="module")
def streams() -> Measured:
    return measure(pluck(), note=PITCH)


def sound_of(latents: Latents, checkpoint: Checkpoint) -> FloatArray:
    return np.concatenate(list(decode(latents, checkpoint)))


def error_db(checkpoint: Checkpoint, streams: Measured, *, rounds: int) -> float:
    latents = encode_measured(pluck(), streams, checkpoint, note=Note(PITCH), rounds=rounds, detail=False)
    return mel_error_db(sound_of(latents, checkpoint), pluck())


def test_it_comes_nearer_than_the_encoder_alone(checkpoint: Checkpoint, streams: Measured) -> None:
    guessed, few, many = (error_db(checkpoint, streams, rounds=rounds) for rounds in (0, 4, 12))
    assert few < 0.95 * guessed
    assert many < 0.85 * guessed
    assert many < few


def test_a_long_note_is_fitted_in_parts_that_join(
    checkpoint: Checkpoint, streams: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    guessed, whole = (error_db(checkpoint, streams, rounds=rounds) for rounds in (0, 8))
    monkeypatch.setattr(note_decoder, "CHUNK_FRAMES", 37)
    assert error_db(checkpoint, streams, rounds=8) - whole < 0.2 * (guessed - whole)


def test_where_nothing_is_heard_timbre_moves_about_a_quarter_as_far(checkpoint: Checkpoint) -> None:
    samples = np.pad(pluck() * np.linspace(1.0, 0.0, pluck().size, dtype=np.float32) ** 2, (0, 60 * HOP_SAMPLES))
    still = measure(samples, note=PITCH)
    before, after = (
        encode_measured(samples, still, checkpoint, note=Note(PITCH), rounds=rounds, detail=False).timbre
        for rounds in (0, 6)
    )
    moved = np.abs(after - before).mean(axis=1)
    assert moved[-50:].mean() < 0.27 * moved[:60].mean()  # 0.259


def test_a_code_is_the_same_on_one_thread_and_on_two(checkpoint: Checkpoint, streams: Measured) -> None:
    """On two the fourth digit was another: what `pack` made of a recording depended on the machine's cores."""
    codes = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        latents = encode_measured(pluck(), streams, checkpoint, note=Note(PITCH), rounds=3)
        assert latents.detail is not None
        codes.append(np.concatenate([latents.timbre, latents.detail], axis=1))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(1)
    assert np.array_equal(codes[0], codes[1])


def test_the_beginning_alone_is_fitted_but_all_of_a_note_that_is_far_off(
    checkpoint: Checkpoint, streams: Measured
) -> None:
    guessed = encode_measured(pluck(), streams, checkpoint, note=Note(PITCH), rounds=0, detail=False)
    guessed = replace(
        guessed, timbre=guessed.timbre + np.float32(0.5), detail=np.zeros((guessed.frames, DIMS), np.float32)
    )
    decoder = NoteDecoder(guessed, checkpoint)
    latents = fit_with_detail(Detailed(guessed, np.full(4, FAR_DB)), pluck(), decoder)
    whole = fit_with_detail(Detailed(guessed, np.full(4, FAR_DB + 0.01)), pluck(), decoder)
    assert mel_error_db(sound_of(whole, checkpoint), pluck()) < mel_error_db(sound_of(latents, checkpoint), pluck())
    assert np.abs(whole.timbre - guessed.timbre).max(axis=1).min() > 0
    moved = np.abs(latents.timbre - guessed.timbre).max(axis=1)
    assert moved[:10].min() > 0
    assert not moved[BEGINNING_FRAMES:].any()
    assert moved[BEGINNING_FRAMES - 3 : BEGINNING_FRAMES].max() < 0.5 * moved.max(), "it joins what follows"
    before, after = (mel_error_frames_db(sound_of(one, checkpoint), pluck())[:20].mean() for one in (guessed, latents))
    assert after < before
    swell = fit_with_detail(Detailed(replace(guessed, attack_frames=40), np.zeros(1, np.float32)), pluck(), decoder)
    moved = np.abs(swell.timbre - guessed.timbre).max(axis=1)
    assert moved[:50].min() > 0, "a slow attack is fitted to its end"
    assert not moved[52:].any()


def test_it_is_the_same_each_time_and_counts_its_rounds() -> None:
    tiny = Checkpoint.of(tiny_model(), model_id="made")
    note = note_of(line((0, -30.0), (3, -20.0), (40, -24.0)))
    target = sound_of(replace(note, timbre=note.timbre + np.float32(0.4)), tiny)
    counted: list[int] = []
    decoder = NoteDecoder(note, tiny)
    first = fit(note, target, decoder, rounds=5, advance=lambda: counted.append(1))
    second = fit(note, target, NoteDecoder(note, tiny), rounds=5, advance=lambda: None)
    assert len(counted) == 5
    assert np.array_equal(first.timbre, second.timbre)
    assert not np.array_equal(first.timbre, note.timbre)
    assert fit(note, target, decoder, rounds=0, advance=lambda: None) is note


def test_from_the_very_timbre_of_a_sound_there_is_nothing_to_find() -> None:
    tiny = Checkpoint.of(tiny_model(), model_id="made")
    note = note_of(line((0, -30.0), (3, -20.0), (40, -24.0)))
    target = sound_of(note, tiny)
    found = fit(note, target, NoteDecoder(note, tiny), rounds=6, advance=lambda: None)
    assert mel_error_db(sound_of(found, tiny), target) < 0.1
