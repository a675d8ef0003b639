"""Noises made from random numbers and filters: wind, sea, rain, and what machines and records sound like.

Each is a function of a random generator and gives [samples] at 48 kHz, of any level. One seed gives one noise.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, Doubles

Random = np.random.Generator
HIGHEST_HZ, LOWEST_HZ = 18_000.0, 25.0
GRAIN_SECONDS = 0.02
ROLLS, ROLL_SECONDS = 6, 0.5  # of a thunder, and how long from one to the next


def coloured(rng: Random, seconds: float, shape: Callable[[Doubles], Doubles]) -> Doubles:
    """Noise whose amplitude spectrum is `shape` of its frequencies in Hz, with a variance of 1."""
    count = round(seconds * SAMPLE_RATE)
    hz = np.asarray(np.fft.rfftfreq(count, 1.0 / SAMPLE_RATE))
    spectrum = np.fft.rfft(rng.standard_normal(count)) * shape(np.maximum(hz, LOWEST_HZ)) * (hz < HIGHEST_HZ)
    wave = np.fft.irfft(spectrum * (hz > LOWEST_HZ), count)
    return np.asarray(wave / wave.std())


def around(hz: float, octaves: float) -> Callable[[Doubles], Doubles]:
    """The shape of a band: a bell of this width on a scale of octaves."""
    return lambda at: np.asarray(np.exp(-0.5 * (np.log2(at / hz) / octaves) ** 2))


def sloped(db_per_octave: float) -> Callable[[Doubles], Doubles]:
    """The shape of noise that falls by so many dB each octave."""
    return lambda at: np.asarray((at / 1000.0) ** (-db_per_octave / (20.0 * np.log10(2.0))))


def wandering(rng: Random, count: int, *, every_seconds: float) -> Doubles:
    """A curve [count] of variance near 1 that turns about every so many seconds."""
    points = rng.standard_normal(round(count / SAMPLE_RATE / every_seconds) + 3)
    at = np.linspace(0.0, len(points) - 1.0, count)
    share = 0.5 - 0.5 * np.cos(np.pi * (at % 1.0))
    low = at.astype(np.int64)
    return np.asarray(points[low] + share * (points[np.minimum(low + 1, len(points) - 1)] - points[low]))


def white(rng: Random) -> Doubles:
    """As strong at every frequency."""
    return coloured(rng, 2.0, sloped(0.0))


def pink(rng: Random) -> Doubles:
    """As strong in every octave."""
    return coloured(rng, 2.0, sloped(3.0))


def brown(rng: Random) -> Doubles:
    """6 dB less in every octave than in the one below."""
    return coloured(rng, 2.0, sloped(6.0))


def wind(rng: Random) -> Doubles:
    """Gusts: three bands that come and go, the higher ones with the stronger gusts."""
    seconds = 4.0
    gust = wandering(rng, round(seconds * SAMPLE_RATE), every_seconds=0.7)
    total = np.zeros(len(gust))
    for hz, more_db in ((180.0, 0.0), (420.0, 5.0), (900.0, 9.0)):
        total += coloured(rng, seconds, around(hz, 0.5)) * 10.0 ** ((more_db * (gust - 1.0) + 3.0 * gust) / 20.0)
    return total


def sea(rng: Random) -> Doubles:
    """One wave: a rumble, then its foam, which is brighter and dies away."""
    seconds = 5.0
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    swell = np.exp(-0.5 * ((at - 1.8) / 0.7) ** 2)
    foam = np.where(at < 1.9, np.exp((at - 1.9) / 0.25), np.exp(-(at - 1.9) / 1.1))
    rumble, hiss = coloured(rng, seconds, sloped(6.0)), coloured(rng, seconds, around(2_500.0, 1.4))
    return np.asarray(rumble * (0.25 + swell) + hiss * (0.08 + foam))


def rainfall(rng: Random) -> Doubles:
    """Steady rain with single drops in front of it."""
    seconds = 3.0
    drops = _grains(rng, seconds, per_second=60.0, hz=3_000.0)
    return np.asarray(coloured(rng, seconds, around(5_000.0, 1.3)) + 3.0 * drops)


def thunder(rng: Random) -> Doubles:
    """A crack and the rumble that rolls after it."""
    seconds = 4.5
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    rolls = np.zeros(len(at))
    for begin in np.arange(0.03, 3.0, ROLL_SECONDS) + rng.uniform(0.0, 0.3, ROLLS):
        rolls += rng.uniform(0.3, 1.0) * np.where(at >= begin, np.exp(-(at - begin) / 0.8), 0.0)
    crack = np.where(at >= 0.03, np.exp(-(at - 0.03) / 0.12), 0.0)
    return np.asarray(coloured(rng, seconds, sloped(7.0)) * rolls + 0.5 * coloured(rng, seconds, sloped(3.0)) * crack)


def fire(rng: Random) -> Doubles:
    """A low roar, and twigs that crack."""
    seconds = 3.0
    flicker = 1.0 + 0.3 * wandering(rng, round(seconds * SAMPLE_RATE), every_seconds=0.15)
    roar = coloured(rng, seconds, around(150.0, 1.3)) * flicker
    return np.asarray(roar + 6.0 * _grains(rng, seconds, per_second=14.0, hz=2_200.0))


def breath(rng: Random) -> Doubles:
    """In, and out a little lower."""
    seconds = 2.5
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    drawn = coloured(rng, seconds, around(2_400.0, 0.7)) * np.exp(-0.5 * ((at - 0.55) / 0.22) ** 2)
    blown = (coloured(rng, seconds, around(1_300.0, 0.8)) + 0.5 * coloured(rng, seconds, around(500.0, 0.5))) * np.exp(
        -0.5 * ((at - 1.65) / 0.35) ** 2
    )
    return np.asarray(0.7 * drawn + blown)


def vinyl(rng: Random) -> Doubles:
    """The surface of a record: hiss, rumble and clicks."""
    seconds = 3.0
    hiss, rumble = coloured(rng, seconds, sloped(2.0)), coloured(rng, seconds, around(40.0, 0.6))
    return np.asarray(0.35 * hiss + 0.5 * rumble + 8.0 * _grains(rng, seconds, per_second=9.0, hz=4_000.0))


def machine(rng: Random) -> Doubles:
    """An engine's strokes, twelve a second, in a housing that rings."""
    seconds = 2.0
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    stroke = np.exp(-((at * 12.0) % 1.0) / 0.25)
    housing = np.zeros(len(at))
    for hz in (310.0, 730.0, 1_450.0):
        housing += coloured(rng, seconds, around(hz, 0.06))
    return np.asarray((coloured(rng, seconds, sloped(4.0)) + 0.6 * housing) * (0.15 + stroke))


def steam(rng: Random) -> Doubles:
    """Steam from a valve."""
    return coloured(rng, 2.0, around(6_500.0, 0.9))


def _grains(rng: Random, seconds: float, *, per_second: float, hz: float) -> Doubles:
    """Short bursts of noise at random times, of random strength, with a variance of about 1 each."""
    count = round(seconds * SAMPLE_RATE)
    out = np.zeros(count)
    length = round(GRAIN_SECONDS * SAMPLE_RATE)
    fall = np.exp(-np.arange(length) / (0.1 * length))
    for begin in rng.integers(0, count - length, round(seconds * per_second)).tolist():
        own = hz * 2.0 ** rng.normal(0.0, 0.5)
        out[begin : begin + length] += coloured(rng, GRAIN_SECONDS, around(own, 0.5)) * fall * rng.exponential(0.7)
    return out


NOISES: dict[str, Callable[[Random], Doubles]] = {
    "white noise": white,
    "pink noise": pink,
    "brown noise": brown,
    "wind": wind,
    "sea": sea,
    "rainfall": rainfall,
    "thunder": thunder,
    "fire": fire,
    "breath": breath,
    "vinyl": vinyl,
    "machine": machine,
    "steam": steam,
}
