"""Ends of encoded notes: while a recording dies away its fundamental does not come up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from nsynth_lab.audio import Audio
from nsynth_lab.dsp.rises import levels_db, rise_db
from nsynth_lab.latents import Latents
from nsynth_lab.model.codec import cut, encode
from nsynth_lab.model.ending import RANGE_DB, rise_beyond_db, steady_end
from nsynth_lab.render.session import Session
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, note_to_hz


@cache
def session() -> Session:
    """The shipped checkpoint."""
    return Session(user_instruments=False)


def cut_off(note: int, *, formant_hz: float, fade_seconds: float) -> FloatArray:
    """A low note with little fundamental that is held and then, like a recording cut off, quickly faded out."""
    hz, at = note_to_hz(float(note)), np.arange(62_400) / SAMPLE_RATE
    rng = np.random.default_rng(1)
    sound = np.zeros(len(at))
    for order in range(1, int(9_000 / hz)):
        level_db = -14.0 * abs(np.log2(order * hz / formant_hz))
        sound += 10 ** (level_db / 20) * np.sin(2 * np.pi * order * hz * at + rng.uniform(0.0, 6.28))
    sound *= 0.1 / np.abs(sound).max() * np.minimum(1.0, at / 0.06)
    sound += 1e-4 * rng.standard_normal(len(at))
    fade = round(fade_seconds * SAMPLE_RATE)
    sound[-fade:] *= np.linspace(1.0, 0.0, fade) ** 2
    return sound.astype(np.float32)


def fundamental_rise_db(sound: FloatArray, latents: Latents) -> float:
    """How far the fundamental rises where the note ends."""
    f0_hz = note_to_hz(float(latents.note))
    first = max(0, min(latents.release_frame, latents.frames - 24) - 12)
    loudest = levels_db(sound, f0_hz=f0_hz)[0].max()
    return rise_db(levels_db(sound[first * HOP_SAMPLES :], f0_hz=f0_hz)[1][2:], floor_db=loudest - RANGE_DB)


def test_levels_are_those_of_the_whole_and_of_the_fundamental() -> None:
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    sound = 0.01 * np.sin(2 * np.pi * 100 * at) + np.sin(2 * np.pi * 700 * at)
    whole, fundamental = levels_db(sound.astype(np.float32), f0_hz=100.0)
    assert len(whole) == len(at) // HOP_SAMPLES
    assert whole[40] == pytest.approx(-3.0, abs=0.1)
    assert fundamental[40] == pytest.approx(-43.0, abs=0.5)


@pytest.mark.parametrize(
    ("levels", "rise"), [([-10, -20, -30], 0), ([-30, -20, -40, -25], 15), ([-30, -70, -52], 0), ([], 0)]
)
def test_a_rise_is_above_the_lowest_so_far(levels: Sequence[float], rise: float) -> None:
    level: Doubles = np.array(levels, np.float64)
    assert rise_db(level, floor_db=-50.0) == rise


@pytest.mark.parametrize(("note", "formant_hz", "fade_seconds"), [(43, 500.0, 0.16), (50, 900.0, 0.12)])
def test_the_fundamental_of_a_note_that_is_cut_off_does_not_rise_in_its_end(
    note: int, formant_hz: float, fade_seconds: float
) -> None:
    recording = Audio(cut_off(note, formant_hz=formant_hz, fade_seconds=fade_seconds)[None], SAMPLE_RATE)
    latents = encode(recording, session().checkpoint, note=note, rounds=2)
    decoded = np.concatenate(list(decode(latents, session().checkpoint)))
    assert fundamental_rise_db(cut(recording).mono, latents) < 1.0
    assert fundamental_rise_db(decoded, latents) < 5.0  # 30 dB, where the timbre is not held
    assert len(decoded) == latents.samples


def test_an_end_that_is_right_is_left_alone() -> None:
    bank = session().bank
    flute = bank.zones[bank.find("flute").zones[4]]
    sound = np.concatenate(list(decode(flute, session().checkpoint, seed=3)))
    assert steady_end(flute, sound, session().checkpoint) is flute
    assert rise_beyond_db(flute, sound, session().checkpoint) < 3.0


@pytest.mark.parametrize(
    ("name", "note", "velocity"),
    [
        ("french horn (vsco 2 ce)", 36, 50),
        ("french horn (vsco 2 ce)", 43, 127),
        ("violin section (vsco 2 ce)", 55, 127),
        ("sitar", 50, 50),
        ("shanai (shehnai)", 64, 100),
    ],
)
def test_zones_of_the_bank_whose_fundamental_rose_by_20_db_in_their_end(name: str, note: int, velocity: int) -> None:
    bank = session().bank
    zones = [bank.zones[index] for index in bank.find(name).zones]
    zone = next(one for one in zones if (one.note, one.velocity) == (note, velocity))
    decoded = np.concatenate(list(decode(zone, session().checkpoint)))
    assert fundamental_rise_db(decoded, zone) < 6.0


def test_a_pad_whose_recordings_had_a_constant_offset_begins_softly() -> None:
    bank = session().bank
    for index in bank.find("fluidr3 gm pad 2 warm").zones[1:]:
        zone = bank.zones[index]
        sound = np.concatenate(list(decode(zone, session().checkpoint)))
        level = levels_db(sound, f0_hz=note_to_hz(float(zone.note)))[0]
        assert level[0] < level[: zone.attack_frames].max() - 10.0
