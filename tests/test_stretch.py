from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_notes import bell, flute, line, note_of, organ_cut_short, pad, piano, random_note, steepest_db

from nsynth_lab.audio import read_audio
from nsynth_lab.blend import read_at, stretch
from nsynth_lab.blend.ping_pong import ping_pong
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import MAX_FRAMES, Latents
from nsynth_lab.units import FRAME_RATE_HZ

NOTES: list[Callable[[], Latents]] = [flute, piano, bell, pad, organ_cut_short]
DURATIONS = (9, 10, 33, 94, 200, 283, 938, 11_250)


def streams_equal(first: Latents, second: Latents, *, tolerance: float = 1e-5) -> bool:
    names = ("timbre", "loudness_db", "f0_cents", "partials")
    return all(np.allclose(getattr(first, name), getattr(second, name), atol=tolerance) for name in names)


@pytest.mark.parametrize("make", NOTES)
@pytest.mark.parametrize("frames", DURATIONS)
def test_any_length_is_exact_audible_and_without_jumps(make: Callable[[], Latents], frames: int) -> None:
    source = make()
    result = stretch(source, frames)
    assert result.frames == frames
    assert result.loudness_db.max() >= source.loudness_db.max() - 10
    assert result.loudness_db.max() <= source.loudness_db.max() + 1
    assert result.loudness_db[-1] <= source.loudness_db.max() - 59
    if frames > 33:
        assert steepest_db(result.loudness_db) <= max(steepest_db(source.loudness_db), 60 / 19) + 2


def test_random_notes_stretch_to_any_length() -> None:
    rng = np.random.default_rng(7)
    for _ in range(150):
        source = random_note(rng)
        frames = int(rng.choice([1, 2, 5, int(rng.integers(9, 400)), int(rng.integers(400, 3000))]))
        result = stretch(source, frames)  # Latents refuses what is not finite
        assert result.frames == frames
        if frames >= 9:
            assert result.loudness_db.max() >= source.loudness_db.max() - 12


@pytest.mark.parametrize("make", [flute, piano, bell, pad])
def test_stretching_to_its_own_length_changes_nothing(make: Callable[[], Latents]) -> None:
    source = make()
    floor = source.loudness_db.max() - 80
    heard = replace(source, loudness_db=np.maximum(source.loudness_db, floor))
    result = stretch(source, source.frames)
    assert streams_equal(result, heard)
    assert (result.attack_frames, result.release_frame) == (source.attack_frames, source.release_frame)


def test_silence_before_the_onset_is_skipped_unless_it_is_short() -> None:
    late = note_of(line((0, -95), (20, -95), (21, -20), (190, -20), (215, -95)))
    assert stretch(late, 200).loudness_db[1] > -25
    usual = note_of(line((0, -95), (1, -20), (190, -20), (215, -95)))
    assert stretch(usual, 200).loudness_db[0] == usual.loudness_db[0]


@pytest.mark.parametrize("frames", [150, 400, 3000])
@pytest.mark.parametrize("make", [flute, piano])
def test_attack_and_release_keep_their_own_speed(make: Callable[[], Latents], frames: int) -> None:
    source = make()
    result = stretch(source, frames)
    attack, release = source.attack_frames, source.frames - source.release_frame
    assert (result.attack_frames, frames - result.release_frame) == (attack, release)
    assert np.allclose(result.timbre[:attack], source.timbre[:attack], atol=1e-5)
    settled = release - 6
    assert np.allclose(result.timbre[-settled:], source.timbre[-settled:], atol=1e-5)


def test_a_held_note_keeps_its_level_and_vibrato() -> None:
    source, frames = flute(vibrato_hz=5.0), 5625
    result = stretch(source, frames)
    held = slice(20, result.release_frame - 5)
    assert np.abs(result.loudness_db[held] + 20).max() < 2.0
    spectrum = np.abs(np.fft.rfft(result.f0_cents[held] * np.hanning(held.stop - held.start)))
    strongest = np.argmax(spectrum) * FRAME_RATE_HZ / (held.stop - held.start)
    assert strongest == pytest.approx(5.0, abs=0.15)
    assert np.abs(np.diff(result.f0_cents[held])).max() <= np.abs(np.diff(source.f0_cents)).max() + 0.1


def test_a_held_note_does_not_repeat() -> None:
    source = flute()
    marked = replace(source, timbre=np.repeat(np.arange(source.frames, dtype=np.float32)[:, None], 16, axis=1))
    path = stretch(marked, 11_250).timbre[50:-50, 0].astype(np.float64)
    path -= path.mean()
    spectrum = np.fft.rfft(path, 2 * len(path))
    likeness = np.fft.irfft(np.abs(spectrum) ** 2)[: len(path) // 2]
    overlap = np.arange(len(path), len(path) - len(likeness), -1) / len(path)
    assert (likeness / likeness[0] / overlap)[300:].max() < 0.75


def test_a_ping_pong_path_stays_inside_and_never_jumps() -> None:
    rng = np.random.default_rng(3)
    for length in (0, 1, 3, 4, 5, 9, 30, 33, 100, 281):
        walk = ping_pong(rng.uniform(-9, 9, length), rng.uniform(-1, 1, length), frames=2000)
        path = walk.at(np.arange(2000))
        assert path[0] == 0
        assert (path >= 0).all()
        assert (path <= max(0, length - 1)).all()
        assert np.abs(np.diff(path)).max() <= 1 + 1e-9
        assert length < 4 or walk.times[-1] >= 2000


def test_a_decaying_note_decays_more_slowly() -> None:
    source, frames = piano(), 1900
    result = stretch(source, frames)
    body = result.loudness_db[2 : result.release_frame]
    assert (np.diff(body) <= 1e-4).all()
    slope = np.polyfit(np.arange(len(body)) / FRAME_RATE_HZ, body, 1)[0]
    assert slope == pytest.approx(-12 * 189 / len(body), rel=0.1)


def test_a_shortened_note_is_released_from_its_own_level() -> None:
    source, frames = piano(), 100
    result = stretch(source, frames)
    up = result.release_frame
    assert np.allclose(result.loudness_db[:up], source.loudness_db[:up], atol=1e-4)
    assert result.loudness_db[up] == pytest.approx(result.loudness_db[up - 1], abs=3)
    assert result.loudness_db[-1] < -80


@pytest.mark.parametrize("make", [bell, organ_cut_short])
def test_a_note_without_release_gets_a_short_one(make: Callable[[], Latents]) -> None:
    result = stretch(make(), 80)
    seconds = (80 - result.release_frame) / FRAME_RATE_HZ
    assert 0.15 <= seconds <= 0.3
    assert result.loudness_db[result.release_frame - 1] > -35
    assert (np.diff(result.loudness_db[result.release_frame :]) < 0).all()


def test_a_bell_that_has_died_away_needs_no_release() -> None:
    assert stretch(bell(), 2000).release_frame == 2000


def test_moving_partials_are_stretched_too() -> None:
    source = flute()
    moving = np.outer(np.linspace(0, 0.4, source.frames), np.ones(128)).astype(np.float32)
    result = stretch(replace(source, partials=moving), 700)
    assert result.partials.shape == (700, 128)
    assert np.abs(np.diff(result.partials[:, 5])).max() < 0.1


def test_stretching_is_deterministic() -> None:
    assert streams_equal(stretch(flute(), 2000), stretch(flute(), 2000), tolerance=0)


def test_read_at_reads_between_frames_and_rises_out_of_silence() -> None:
    source = note_of(np.array([-10.0, -20.0, -40.0]))
    read = read_at(source, [-1.0, -0.5, 0.0, 0.5, 2.0, 9.0])
    assert np.allclose(read.loudness_db, [-50, -30, -10, -15, -40, -40])
    assert np.allclose(read.timbre[3], source.timbre[:2].mean(axis=0))


@pytest.mark.parametrize("frames", [0, -3, MAX_FRAMES + 1])
def test_an_impossible_length_is_refused(frames: int) -> None:
    with pytest.raises(UsageError, match="expected 1 to"):
        stretch(flute(), frames)


def test_recorded_notes_of_every_family_become_long_and_short(shared_data: Path) -> None:
    notes = json.loads((shared_data / "notes" / "examples.json").read_text())
    families = {notes[name]["instrument_str"]: name for name in sorted(notes)}
    for name in list(families.values())[::2]:
        level = loudness_db(read_audio(shared_data / "notes" / "audio" / f"{name}.flac").mono())
        source = note_of(level.astype(np.float64))
        for frames in (20, 100, 750, 2800):
            result = stretch(source, frames)
            assert result.loudness_db.max() > level.max() - 10, (name, frames)
            assert result.loudness_db[-1] < level.max() - 59, (name, frames)
            if frames > source.frames:
                assert steepest_db(result.loudness_db) < max(steepest_db(level), 4) + 2, (name, frames)


def moving(frames: int, *, period: float, fall_db: float = 0.0) -> Latents:
    """A long sound that swells: its timbre's first number says how loud it is."""
    at = np.arange(frames)
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * at / period)
    level = -45.0 + 24.0 * swell - fall_db * at / frames
    timbre = np.zeros((frames, 16), np.float32)
    timbre[:, 0] = swell
    return replace(note_of(level), timbre=timbre)


@pytest.mark.parametrize("frames", [2_000, 2_800])
def test_a_long_sound_is_as_loud_as_it_is_bright_however_long_it_is_held(frames: int) -> None:
    source = moving(frames, period=700.0)
    held = stretch(source, 8_000)
    bright, loud = held.timbre[700:-100, 0], held.loudness_db[700:-100]
    assert np.corrcoef(bright, loud)[0, 1] > 0.95
    assert np.ptp(bright[-3_000:]) > 0.9, "it still moves"
    assert loud.max() <= source.loudness_db.max() + 3.0


def test_a_long_sound_that_dies_away_is_not_taken_for_a_swell() -> None:
    falling = note_of(np.linspace(-20.0, -70.0, 1_500))
    held = stretch(falling, 4_000)
    assert (np.diff(held.loudness_db[10:]) < 0.01).all()
