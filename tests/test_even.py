"""The even axis: equal moves are equally large in mel distance."""

from __future__ import annotations

import itertools

import numpy as np

from nsynth_lab.blend.even import EvenAxis, even_axis
from nsynth_lab.dsp.mel_spectrum import mel_db
from nsynth_lab.units import SAMPLE_RATE, FloatArray, db_to_gain


def chord(position: float) -> FloatArray:
    """Two tones whose second fades in: nearly all of it over the first half of the way."""
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    second = db_to_gain(-60.0 + 60.0 * min(1.0, 2.0 * position) ** 0.5)
    return np.asarray(0.3 * np.sin(2500.0 * time) + 0.3 * second * np.sin(9000.0 * time), np.float32)


def steps_of(positions: list[float]) -> list[float]:
    levels = [np.maximum(mel_db(chord(position)), -75.0) for position in positions]
    return [float(np.abs(after - before).mean()) for before, after in itertools.pairwise(levels)]


def test_the_ends_stay_and_the_order_stays() -> None:
    axis = even_axis([chord(position) for position in np.linspace(0.0, 1.0, 17)])
    plain = [axis.plain(position) for position in np.linspace(0.0, 1.0, 21)]
    assert plain[0] == 0.0
    assert np.isclose(axis.plain(1.0 - 1e-9), plain[-1], atol=0.51)  # all of the way's end sounds alike
    assert plain == sorted(plain)


def test_steps_become_equal() -> None:
    axis = even_axis([chord(position) for position in np.linspace(0.0, 1.0, 33)])
    raw = steps_of(list(np.linspace(0.0, 1.0, 6)))
    even = steps_of([axis.plain(position) for position in np.linspace(0.0, 1.0, 6)])
    assert np.std(raw) / np.mean(raw) > 0.8
    assert np.std(even) / np.mean(even) < 0.2


def test_a_path_without_change_is_mapped_to_itself() -> None:
    axis = even_axis([chord(0.3)] * 5)
    assert axis.plain(0.4) == 0.4


def test_a_path_of_even_change_is_mapped_to_itself() -> None:
    shares = np.linspace(0.0, 1.0, 9)
    assert np.isclose(EvenAxis(shares, shares).plain(0.37), 0.37)
