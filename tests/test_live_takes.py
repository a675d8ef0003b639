"""What tells a dropout from wrong sound, which live tests do not forgive."""

from __future__ import annotations

import numpy as np
import pytest
from live_takes import dropouts
from playing import overlapping

from nsynth_lab.units import FloatArray


def song(seed: int = 0) -> FloatArray:
    """Three bursts of noise with rests, each fading away."""
    rng = np.random.default_rng(seed)
    burst = rng.uniform(-0.5, 0.5, 9_000) * np.exp(-np.linspace(0.0, 12.0, 9_000))
    return np.concatenate([np.zeros(700), burst, np.zeros(2_000), burst, burst, np.zeros(3_000)]).astype(np.float32)


def heard_with(song: FloatArray, *gaps: tuple[int, int, int]) -> FloatArray:
    """The song recorded a little late; at each (sample, silence, lost) it falls silent and then lacks some."""
    parts, begin = [np.zeros(5_000, np.float32)], 0
    for at, silent, lost in gaps:
        parts += [song[begin:at], np.zeros(silent, np.float32)]
        begin = at + lost
    return np.concatenate([*parts, song[begin:]])


@pytest.mark.parametrize(
    "gaps",
    [
        (),
        ((1_500, 992, 217),),
        ((1_500, 256, 0), (2_100, 3_026, 70), (15_000, 1, 1)),
        ((10_500, 600, 0),),  # in a rest, where nobody hears it
        ((11_000, 500, 1_200),),  # from a rest into the next note
        ((710, 300, 128),),
    ],
)
def test_dropouts_are_counted(gaps: tuple[tuple[int, int, int], ...]) -> None:
    assert dropouts(song(), heard_with(song(), *gaps)) == len(gaps)


@pytest.mark.parametrize("at", [701, 3_000, 21_000])
@pytest.mark.parametrize("change", [lambda x: -x, lambda x: 0.9 * x, lambda x: x[::-1], lambda x: x + 2e-5])
def test_wrong_sound_is_no_dropout(at: int, change: object) -> None:
    wrong = heard_with(song(), (5_000, 400, 30))
    assert callable(change)
    wrong[at + 5_000 : at + 5_200] = change(wrong[at + 5_000 : at + 5_200])
    with pytest.raises(AssertionError, match="wrong sound"):
        dropouts(song(), wrong)


def test_a_sound_that_ends_early_or_never_begins_is_wrong() -> None:
    with pytest.raises(AssertionError, match=r"ends|wrong"):
        dropouts(song(), heard_with(song())[:20_000])
    with pytest.raises(AssertionError, match="nothing was heard"):
        dropouts(song(), np.zeros(40_000, np.float32))


@pytest.mark.parametrize(("before", "after"), [(0, 0), (40_000, 0), (0, 40_000), (120_000, 9_000), (300_000, 0)])
def test_recordings_are_put_in_step_however_long_one_waited(before: int, after: int) -> None:
    late = np.pad(song(), (before, after))
    for one, other in (overlapping(late, song()), overlapping(song(), late)):
        assert len(one) == len(song())
        assert np.array_equal(one, other)
