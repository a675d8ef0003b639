"""A recorded note as it might have been played instead: the same instrument, another hand, another room.

What names an instrument should not be how somebody played one note of it. So its level is led along another contour
(swells, attacks, notes that are held though the instrument dies away), its attack is cut off, it is shorter, out of
tune, with vibrato or a scoop into the pitch, and in a small room. Everything is drawn at random.

Of what has no pitch, little is changed: a stroke that is held up is no stroke any more.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray

LONGEST_SECONDS = 2.0
STEP = 240  # samples between points of a level contour, 5 ms
OWN_STEPS = 7  # over which the level of the recording is measured
LEAST_DB, MOST_DB, FLOOR_DB = -45.0, 30.0, -50.0  # of the gain, and of the level that is still led
CUT_SECONDS, FADE_SECONDS = (0.01, 0.3), (0.005, 0.03)
SHORT_SECONDS, RELEASE_SECONDS = (0.3, 1.8), (0.02, 0.25)
DETUNED_SEMITONES, VIBRATO_SEMITONES, VIBRATO_HZ = 0.2, (0.05, 0.5), (4.0, 7.0)
SCOOP_SEMITONES, SCOOP_SECONDS = 2.0, (0.03, 0.15)
ROOM_SECONDS, ROOM_DB = (0.15, 0.6), (-20.0, -6.0)

Random = np.random.Generator


def played_otherwise(samples: FloatArray, random: Random, *, has_pitch: bool = True) -> FloatArray:
    """`samples` [samples] at 48 kHz from the onset of a note, varied; at most 2 s of it."""
    sound = samples[: round((LONGEST_SECONDS + 0.3) * SAMPLE_RATE)].astype(np.float64)
    if has_pitch:
        if random.random() < 0.3:
            sound = _late(sound, random)
        if random.random() < 0.6:
            sound = _bent(sound, random)
        sound = sound * _gain(sound, random)
    if random.random() < 0.5:
        sound = _shorter(sound, random)
    if random.random() < 0.3:
        sound = _in_a_room(sound, random)
    return np.asarray(sound[: round(LONGEST_SECONDS * SAMPLE_RATE)], np.float32)


def contour_db(count: int, random: Random) -> Doubles:
    """The level of a note that somebody plays, in dB below its loudest moment, every 5 ms: one of five kinds."""
    at = np.arange(count) * STEP / SAMPLE_RATE
    kind = random.integers(5)
    if kind == 0:  # a swell
        peak, rise, fall = random.uniform(0.1, 1.2), random.uniform(10.0, 40.0), random.uniform(0.0, 30.0)
        level = np.where(at < peak, -rise * (1.0 - at / peak) ** 2, -fall * (at - peak))
    elif kind == 1:  # attack, decay, sustain
        decay, sustain, slope = random.uniform(0.05, 0.6), random.uniform(2.0, 15.0), random.uniform(0.0, 12.0)
        level = -sustain * (1.0 - np.exp(-at / decay)) - slope * at
    elif kind == 2:  # it dies away
        level = -random.uniform(8.0, 60.0) * at
    elif kind == 3:  # held
        level = np.zeros(count)
    else:  # wanders
        points = random.uniform(2.0, 8.0) * random.standard_normal(count // 4 + 2)
        every = random.uniform(0.1, 0.5) * SAMPLE_RATE / STEP
        level = np.interp(np.arange(count) / every, np.arange(len(points)), points)
    level = level + random.uniform(0.0, 2.0) * np.sin(2.0 * np.pi * (random.uniform(3.0, 7.0) * at + random.random()))
    attack = random.uniform(0.0, 0.15)
    begun = np.clip((at + 0.01) / (attack + 0.01), 0.0, 1.0)
    return np.asarray(np.maximum(level - level.max(), -60.0) + 20.0 * np.log10(begun))


def _gain(sound: Doubles, random: Random) -> Doubles:
    """What leads the sound from its own contour to another, all of the way or a part of it."""
    count = len(sound) // STEP + 1
    power = (np.pad(sound, (0, count * STEP - len(sound))) ** 2).reshape(count, STEP).mean(axis=1)
    own_db = 10.0 * np.log10(np.convolve(power, np.full(OWN_STEPS, 1.0 / OWN_STEPS), mode="same") + 1e-12)
    own_db = np.maximum(own_db - own_db.max(), FLOOR_DB)
    share = random.uniform(0.3, 1.0)
    gain_db = np.clip(share * (contour_db(len(own_db), random) - own_db), LEAST_DB, MOST_DB)
    return np.asarray(10.0 ** (np.interp(np.arange(len(sound)), np.arange(len(gain_db)) * STEP, gain_db) / 20.0))


def _late(sound: Doubles, random: Random) -> Doubles:
    """Without its attack."""
    late = sound[round(random.uniform(*CUT_SECONDS) * SAMPLE_RATE) :].copy()
    fade = min(round(random.uniform(*FADE_SECONDS) * SAMPLE_RATE), len(late))
    late[:fade] *= np.linspace(0.0, 1.0, fade)
    return late


def _bent(sound: Doubles, random: Random) -> Doubles:
    """Out of tune, with vibrato or a scoop, by playing it faster and slower."""
    at = np.arange(len(sound)) / SAMPLE_RATE
    bend = np.full(len(sound), DETUNED_SEMITONES * random.uniform(-1.0, 1.0))
    if random.random() < 0.5:
        depth, rate = random.uniform(*VIBRATO_SEMITONES), random.uniform(*VIBRATO_HZ)
        bend += depth * np.clip(at / 0.3, 0.0, 1.0) * np.sin(2.0 * np.pi * (rate * at + random.random()))
    if random.random() < 0.3:
        bend += SCOOP_SEMITONES * random.uniform(-1.0, 1.0) * np.exp(-at / random.uniform(*SCOOP_SECONDS))
    places = np.cumsum(2.0 ** (bend / 12.0))
    return np.asarray(np.interp(places[places < len(sound) - 1], np.arange(len(sound)), sound))


def _shorter(sound: Doubles, random: Random) -> Doubles:
    """Released sooner."""
    release = round(random.uniform(*RELEASE_SECONDS) * SAMPLE_RATE)
    end = round(random.uniform(*SHORT_SECONDS) * SAMPLE_RATE) + release
    if end >= len(sound):
        return sound
    shorter = sound[:end].copy()
    shorter[-release:] *= np.linspace(1.0, 0.0, release) ** 2
    return shorter


def _in_a_room(sound: Doubles, random: Random) -> Doubles:
    """With noise that dies away as its echo."""
    seconds = random.uniform(*ROOM_SECONDS)
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    echo = random.standard_normal(len(at)) * 10.0 ** (-3.0 * at / seconds)
    echo *= 10.0 ** (random.uniform(*ROOM_DB) / 20.0) / np.sqrt((echo**2).sum())
    echo[0] += 1.0
    length = len(sound) + len(echo)
    count = 1 << length.bit_length()
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, count) * np.fft.rfft(echo, count), count)[:length])
