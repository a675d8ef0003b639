"""measure: level, f0 and places of partials of tones that are known exactly, in dB, cents and units of f0."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.measure import measure
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, hz_to_note, note_to_hz

VIBRATO_HZ = 5.5
Doubles = NDArray[np.float64]


def tone(
    note: float,
    *,
    cents: float = 0.0,
    vibrato_cents: float = 0.0,
    place: Callable[[int], float] = float,
    amplitude: Callable[[int], float] = lambda order: 1.0 / order,
    partials: int = 40,
    seconds: float = 2.5,
    decay_seconds: float = np.inf,
) -> tuple[FloatArray, Doubles]:
    """Partials at `place(k)` * f0 in random phases, at half scale; and f0 in cents above the note, a sample each."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    curve = cents + vibrato_cents * np.sin(2 * np.pi * VIBRATO_HZ * at)
    hz = note_to_hz(note) * 2.0 ** (curve / 1200.0)
    turns = np.cumsum(hz) / SAMPLE_RATE
    rng = np.random.default_rng(0)
    sound = np.zeros(len(at))
    for order in range(1, partials + 1):
        if place(order) * hz.max() < 21_000.0:
            sound += amplitude(order) * np.cos(2 * np.pi * (place(order) * turns + rng.random()))
    sound *= np.minimum(1.0, at / 0.005) * np.exp(-at / decay_seconds)
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32), curve


def f0_error_cents(note: int, *, vibrato_cents: float, partials: int = 40) -> float:
    """95 % of the frames are within so many cents."""
    sound, curve = tone(note, vibrato_cents=vibrato_cents, partials=partials)
    came = measure(sound, note=note).f0_cents
    ends = np.minimum((np.arange(len(came)) + 1) * HOP_SAMPLES, len(curve) - 1)
    return float(np.percentile(np.abs(came - curve[ends]), 95))


@pytest.mark.parametrize("note", range(57, 94, 3))
def test_f0_of_a_vibrato_of_20_cents(note: int) -> None:
    assert f0_error_cents(note, vibrato_cents=20.0) < 1.5


@pytest.mark.parametrize("note", range(57, 94, 3))
def test_f0_of_a_vibrato_of_50_cents(note: int) -> None:
    """Up to C4 the windows hold five periods only, and neighbours that move leak a little."""
    assert f0_error_cents(note, vibrato_cents=50.0) < (3.5 if note <= 60 else 3.0)


@pytest.mark.parametrize("note", [36, 40, 43, 45, 48, 52, 55])
def test_f0_of_a_low_vibrato(note: int) -> None:
    assert f0_error_cents(note, vibrato_cents=20.0) < 3.0


@pytest.mark.parametrize("note", [21, 25, 28, 33])
def test_f0_of_the_lowest_notes(note: int) -> None:
    """Three periods of A0 are half a period of the vibrato: what is measured is smoothed."""
    assert f0_error_cents(note, vibrato_cents=20.0) < 6.0
    assert f0_error_cents(note, vibrato_cents=0.0) < 0.5


@pytest.mark.parametrize("note", [25, 45, 69, 100])
def test_f0_of_a_sine(note: int) -> None:
    assert f0_error_cents(note, vibrato_cents=20.0, partials=1) < (6.0 if note < 36 else 1.5)


@pytest.mark.parametrize("cents", [-30.0, -17.0, 12.0, 28.0])
@pytest.mark.parametrize("note", [33, 60, 84])
def test_f0_of_an_instrument_out_of_tune(note: int, cents: float) -> None:
    streams = measure(tone(note, cents=cents)[0], note=note)
    assert np.median(streams.f0_cents) == pytest.approx(cents, abs=0.5)
    assert np.abs(streams.partials).max() < 0.002


@pytest.mark.parametrize("inharmonicity", [1e-4, 4e-4, 1e-3])
@pytest.mark.parametrize("note", [28, 40, 60, 84])
def test_partials_of_a_stiff_string(note: int, inharmonicity: float) -> None:
    """Partial k of a stiff string sits at k sqrt(1 + B k^2) (Fletcher & Rossing 1998, section 2.18)."""

    def place(order: int) -> float:
        return order * float(np.sqrt((1 + inharmonicity * order**2) / (1 + inharmonicity)))

    sound, _ = tone(note, cents=-9.0, place=place, decay_seconds=0.6)
    streams = measure(sound, note=note)
    # beyond half an f0 a partial falls into its neighbour's slot
    orders = [k for k in range(1, 41) if place(k) - k < 0.45 and place(k) * note_to_hz(float(note)) < 20_500.0]
    assert len(orders) >= 9
    for order in orders:
        assert streams.partials[order] == pytest.approx(place(order) - order, abs=0.005)
    assert np.median(streams.f0_cents[10:100]) == pytest.approx(-9.0, abs=1.0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("note", [48, 65, 82, 96])
def test_partials_of_a_bell(note: int, seed: int) -> None:
    """Partial 1 in its place, the others free, but 0.4 f0 apart."""
    rng = np.random.default_rng(seed)
    places = np.arange(1.0, 9.0)
    while True:
        places[1:] = np.arange(2, 9) + rng.uniform(-0.45, 0.45, 7)
        if np.diff(places).min() > 0.4:
            break
    levels = rng.uniform(0.1, 1.0, 8)
    sound, _ = tone(
        note,
        place=lambda order: float(places[order - 1]),
        amplitude=lambda order: float(levels[order - 1]),
        partials=8,
        decay_seconds=0.8,
    )
    streams = measure(sound, note=note)
    np.testing.assert_allclose(streams.partials[1:9], places - np.arange(1, 9), rtol=0, atol=0.005)
    assert abs(np.median(streams.f0_cents[5:100])) < 3.0


@pytest.mark.parametrize("note", [36, 55, 72, 84])
@pytest.mark.parametrize("rank_db", [-6.0, -20.0, -40.0])
def test_a_rank_an_octave_below_keeps_the_f0(note: int, rank_db: float) -> None:
    sound, _ = tone(note)
    rank, _ = tone(note - 12, cents=1.0)
    streams = measure(np.asarray(sound + 10 ** (rank_db / 20) * rank, np.float32), note=note)
    assert np.percentile(np.abs(streams.f0_cents), 95) < 3.0
    assert streams.partials[0] == pytest.approx(0.5 * (2 ** (1 / 1200) - 1), abs=0.002)
    assert np.abs(streams.partials[1:]).max() < 0.005


def test_no_rank_where_none_sounds() -> None:
    assert measure(tone(60)[0], note=60).partials[0] == 0.0


def test_loudness_of_a_sine() -> None:
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    for amplitude, wanted in ((1.0, -3.01), (0.1, -23.01), (1e-3, -63.01)):
        level = loudness_db((amplitude * np.sin(2 * np.pi * 1000 * at)).astype(np.float32))
        np.testing.assert_allclose(level[2:-2], wanted, rtol=0, atol=0.02)


@pytest.mark.parametrize(("hz", "weighting_db"), [(100.0, -19.1), (3150.0, 1.2), (10_000.0, -2.5)])
def test_loudness_is_a_weighted(hz: float, weighting_db: float) -> None:
    """Figures from the table of IEC 61672-1; the window smears 100 Hz over a slope of 10 dB an octave."""
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    level = loudness_db(np.sin(2 * np.pi * hz * at).astype(np.float32), f0_hz=hz)
    np.testing.assert_allclose(level[4:-4], -3.01 + weighting_db, rtol=0, atol=1.0 if hz < 1000 else 0.2)


@pytest.mark.parametrize("hz", [27.5, 36.7, 41.2, 55.0, 65.4, 82.4])
def test_loudness_of_a_steady_low_note_does_not_ripple(hz: float) -> None:
    for falling in (lambda order: 1.0 / order, lambda order: order**-0.5):
        sound, _ = tone(hz_to_note(hz), amplitude=falling, partials=int(20_000 / hz), seconds=1.0)
        level = loudness_db(sound, f0_hz=hz)[8:-8]
        assert np.ptp(level) < 1.5


def test_silence() -> None:
    streams = measure(np.zeros(SAMPLE_RATE, np.float32), note=60)
    assert (streams.loudness_db == -100.0).all()
    assert not streams.f0_cents.any()
    assert not streams.partials.any()
    assert len(streams.loudness_db) == len(streams.f0_cents) == 94


def test_a_sound_shorter_than_a_window() -> None:
    sound = tone(69)[0][480:580]
    streams = measure(sound, note=69)
    assert streams.loudness_db.shape == streams.f0_cents.shape == (1,)
    assert np.isfinite(streams.f0_cents).all()
    assert np.isfinite(streams.partials).all()


def test_everything_is_measured_the_same_way_twice() -> None:
    sound, _ = tone(50, vibrato_cents=20.0)
    first, second = measure(sound, note=50), measure(sound.copy(), note=50)
    for name in ("loudness_db", "f0_cents", "partials"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
