"""The compiled search for the fundamental finds what its readable twin finds."""

from __future__ import annotations

import numpy as np
import pytest
import slow_pitch_candidates
from made_tunes import hiss, steady, tone

from nsynth_lab.analysis.pitch_candidates import WINDOWS, candidates, candidates_of_moments
from nsynth_lab.units import SAMPLE_RATE, FloatArray


def sounds() -> list[FloatArray]:
    """Tones from the lowest to the highest, with and without noise, two at once, an end, noise alone, silence."""
    long = WINDOWS[-1] / SAMPLE_RATE
    tones = [tone(steady(hz, long), partials=partials) for hz in (18.0, 65.0, 440.0, 3000.0) for partials in (1, 9)]
    s = hiss(2000.0, 9000.0, long, level=0.03)
    ended = tones[3] * (np.arange(WINDOWS[-1]) < 6500)
    return [*tones, *(one + s for one in tones), tones[3] + tones[5], ended.astype(np.float32), s, np.zeros_like(s)]


@pytest.mark.parametrize("sound", sounds())
def test_the_compiled_search_finds_what_the_readable_one_finds(sound: FloatArray) -> None:
    found = sorted(candidates(sound))
    wanted = sorted(slow_pitch_candidates.candidates(sound))
    assert len(found) == len(wanted)
    np.testing.assert_allclose(np.array(found), np.array(wanted), rtol=1e-7)


def test_what_came_before_the_longest_window_changes_nothing() -> None:
    sound = sounds()[4]
    before = np.random.default_rng(1).standard_normal(999).astype(np.float32)
    assert candidates(np.concatenate([before, sound])) == candidates(sound)


@pytest.mark.parametrize("after", [0, 512, 4096])
def test_moments_found_at_once_are_those_found_one_by_one(after: int) -> None:
    sound = np.concatenate(sounds())
    ends = np.arange(WINDOWS[-1], len(sound), 2999)
    assert candidates_of_moments(sound, ends, after=after) == [
        candidates(sound[:end], after=after) for end in ends.tolist()
    ]
