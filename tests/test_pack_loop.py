"""Loops that are made rather than looked for: what closes, and how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from made_notes import flute
from tiny_model import tiny_model

from nsynth_lab.blend import stretch
from nsynth_lab.blend.loop import GOOD_CENTS, Period, close_loop, find_period, in_tune, read_positions
from nsynth_lab.blend.variation import variation
from nsynth_lab.dsp.seam import close_seam, seam_error_db
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.note import Note
from nsynth_lab.pack.blend_clips import ClipLatents
from nsynth_lab.pack.decode import decode_clips, exact_f0_hz
from nsynth_lab.pack.quality import Seam, measure_clip
from nsynth_lab.pack.request import ClipKey
from nsynth_lab.units import FRAME_RATE_HZ, HOP_SAMPLES, SAMPLE_RATE, cents_to_ratio

FRAMES, SETTLED, SETTLE = 300, 260, 38


def held_note(note: int, *, frames: int = 700) -> Latents:
    """A flute with vibrato, and partials that are not multiples of its f0."""
    partials = np.zeros(128, np.float32)
    partials[2:9] = np.linspace(0.01, 0.2, 7)
    return replace(stretch(replace(flute(), note=note), frames), partials=partials)


def test_the_report_has_the_level_above_20_khz() -> None:
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone, whistle = np.sin(2 * np.pi * 440.0 * at), 0.2 * np.sin(2 * np.pi * 22_000.0 * at)
    samples = np.asarray(np.stack([tone, tone + whistle]) / 2, np.float32)
    quality = measure_clip(samples, Seam("looped"), f0_hz=440.0, places=np.arange(1.0, 9.0), held=slice(None))
    assert quality.above_20khz_db == pytest.approx(10 * np.log10(0.04 / 2.04), abs=0.1)


def looped(note: int, *, multiple: int = 1) -> tuple[Latents, Period]:
    latents = held_note(note)
    period = find_period(note, begin=latents.attack_frames, end=SETTLED, multiple=multiple)
    assert period is not None
    return close_loop(latents, period, frames=FRAMES), period


@pytest.mark.parametrize("note", [36, 57, 84])
@pytest.mark.parametrize("multiple", [1, 5])
def test_every_stream_returns_after_one_period(note: int, multiple: int) -> None:
    latents, period = looped(note, multiple=multiple)
    assert period.frames % multiple == 0
    assert period.begin + period.frames == SETTLED
    for stream in (latents.timbre, latents.loudness_db, latents.f0_cents):
        once, again = stream[period.begin : FRAMES - period.frames], stream[SETTLED:]
        np.testing.assert_array_equal(again, once)


@pytest.mark.parametrize("note", [36, 57, 84])
def test_a_loop_goes_forwards_and_backwards_without_jumps(note: int) -> None:
    _, period = looped(note)
    read = read_positions(period, FRAMES)
    assert np.abs(np.diff(read)).max() <= 1.0
    assert read.max() == pytest.approx(period.begin + period.frames / 2, abs=0.5)
    assert read[period.begin] == read[period.begin + period.frames] == period.begin


@pytest.mark.parametrize("note", [36, 48, 57, 61, 84, 100])
def test_partials_complete_whole_cycles_and_the_pitch_stays(note: int) -> None:
    latents, period = looped(note)
    once = slice(period.begin, SETTLED)
    ratio = cents_to_ratio(latents.f0_cents[once].astype(np.float64))
    turns = float(np.sum(Note(note).hz * ratio)) / FRAME_RATE_HZ
    assert turns == pytest.approx(period.turns, abs=1e-5)
    assert period.turns % 2 == 0
    places = np.arange(1, 128) + latents.partials[1:].astype(np.float64)
    np.testing.assert_allclose(places * period.turns, np.round(places * period.turns), atol=2e-4)
    assert abs(period.cents) < GOOD_CENTS
    moved = 1200 * np.log2(places / (np.arange(1, 128) + held_note(note).partials[1:]))
    assert np.abs(moved).max() < 600 * 1.45 / period.turns


def test_a_note_that_is_too_short_has_no_loop() -> None:
    assert find_period(60, begin=SETTLED - 30, end=SETTLED) is None
    assert find_period(60, begin=SETTLED + 30, end=SETTLED) is None
    with pytest.raises(UsageError, match="too short"):
        close_loop(replace(held_note(60), release_frame=SETTLED), Period(SETTLED, 100, 2, 0.0), frames=FRAMES)


def test_the_running_sum_of_f0_is_exact() -> None:
    latents = held_note(84)
    exact = Note(84).hz * cents_to_ratio(latents.f0_cents.astype(np.float64))
    error = np.cumsum(exact_f0_hz(latents).astype(np.float64)) - np.cumsum(exact)
    assert np.abs(error).max() <= np.spacing(np.float32(exact.max()))


def rows(notes: Sequence[int]) -> list[ClipLatents]:
    return [
        ClipLatents(ClipKey(0, note, 100, 0), *looped(note), held=True, noise_place=17 * note, release_seconds=1.0)
        for note in notes
    ]


@pytest.mark.parametrize("notes", [(48,), (45, 62, 81)])
def test_the_decoded_loop_closes(notes: Sequence[int]) -> None:
    checkpoint = Checkpoint.of(tiny_model(), model_id="tiny")
    every = rows(notes)
    audio = decode_clips(every, checkpoint)
    assert audio.shape == (len(notes), FRAMES * HOP_SAMPLES)
    for row, samples in zip(every, audio, strict=True):
        assert row.period is not None
        end = (SETTLED + SETTLE) * HOP_SAMPLES
        start = end - row.period.frames * HOP_SAMPLES
        assert seam_error_db(samples, start=start, end=end) < -60.0  # -62 to -81
        closed = close_seam(samples, start=start, end=end, fade=SETTLE * HOP_SAMPLES)
        np.testing.assert_array_equal(closed[end:], closed[start : start + len(closed) - end])
        assert closed[end - 1] == samples[start - 1]
        np.testing.assert_array_equal(closed[: end - SETTLE * HOP_SAMPLES], samples[: end - SETTLE * HOP_SAMPLES])


def test_a_clip_is_the_same_alone_and_among_others() -> None:
    checkpoint = Checkpoint.of(tiny_model(), model_id="tiny")
    every = rows((45, 62, 81))
    together = decode_clips(every, checkpoint)
    for row, samples in zip(every, together, strict=True):
        alone = decode_clips([row], checkpoint)[0]
        np.testing.assert_allclose(alone, samples, atol=1e-5 * float(np.abs(samples).max()))


def test_variations_differ_by_the_stated_amounts() -> None:
    latents = held_note(60)
    assert variation(latents, number=0, seed=3) is latents
    second, third = (variation(latents, number=number, seed=3) for number in (1, 2))
    np.testing.assert_array_equal(second.timbre, variation(latents, number=1, seed=3).timbre)
    for one, other in ((second, latents), (third, latents), (third, second)):
        assert 0.05 < float(np.abs(one.timbre - other.timbre).mean()) < 0.3
        assert 0.2 < float(np.abs(one.f0_cents - other.f0_cents).mean()) < 5.0
        assert float(np.abs(one.loudness_db - other.loudness_db).max()) < 2.5


def test_in_tune_keeps_vibrato_and_leaves_no_deviation() -> None:
    latents = held_note(60)
    flat = replace(latents, f0_cents=latents.f0_cents - 18)
    power = 10.0 ** (latents.loudness_db / 10.0)
    tuned = in_tune(flat)
    assert float(np.average(tuned.f0_cents, weights=power)) == pytest.approx(0.0, abs=1e-3)
    np.testing.assert_allclose(np.diff(tuned.f0_cents), np.diff(latents.f0_cents), atol=1e-4)
