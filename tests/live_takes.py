"""What is played live, taken again after a dropout and after nothing else, and dropouts told from wrong sound."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import pytest
from playing import overlapping

from nsynth_lab.units import SAMPLE_RATE, FloatArray

TAKES = 5
DROPOUTS = "dropouts"  # the property that the summary shows
AUDIBLE, SAME = 1e-4, 1e-6  # of full scale: more than the end of a reverb; what the server's rounding leaves
PROBE_SAMPLES = 64
MOST_LOST_SAMPLES = SAMPLE_RATE // 10

Made = TypeVar("Made")
RecordProperty = Callable[[str, object], None]


class Take(NamedTuple, Generic[Made]):
    """What one attempt gave.

    Attributes:
        result: whatever the test looks at.
        made, heard: [channels, samples] what the program played, and what came out of the sound server.
        underruns, stolen: what the program told of: gaps, and voices that it gave up because it was late.
    """

    result: Made
    made: FloatArray
    heard: FloatArray
    underruns: int
    stolen: int

    @property
    def in_time(self) -> bool:
        """Whether it was made as it is where there is time enough."""
        return not self.underruns and not self.stolen


def whole_take(take: Callable[[int], Take[Made]], record_property: RecordProperty, *, takes: int = TAKES) -> Take[Made]:
    """The first of `takes` without a dropout; wrong sound fails at once. Takes that had one stand in the summary.

    On a machine that other programs keep busy the test is skipped if all of them have.
    """
    for number in range(takes):
        taken = take(number)
        missing = sum(dropouts(*pair) for pair in zip(taken.made, taken.heard, strict=True))
        if taken.in_time and not missing:
            return taken
        told = f"{taken.underruns} underruns and {taken.stolen} stolen voices told, {missing} gaps heard"
        record_property(DROPOUTS, f"take {number + 1}: {told}")
    told = f"dropouts in each of {takes} takes"
    if os.getloadavg()[0] > 1.5 * (os.cpu_count() or 1):
        pytest.skip(f"other programs keep this machine too busy to play live: {told}")
    pytest.fail(told)


def dropouts(made: FloatArray, heard: FloatArray) -> int:
    """How often `heard` [samples] falls silent and goes on a little later in `made` [samples], of which it is a record.

    A late sound server does that: it plays zeros, and may drop up to a buffer. PortAudio does not always tell.

    Raises:
        AssertionError: it differs in any other way.
    """
    assert np.abs(heard).max() > AUDIBLE, "nothing was heard"
    begin, at = _audible(made), _audible(heard)
    made = made[: len(made) - _audible(made[::-1])]
    heard = np.pad(heard, (0, len(made)))
    found = 0
    while (apart := np.abs(heard[at : at + len(made) - begin] - made[begin:]) > SAME).any():
        begin, at = (place + int(np.argmax(apart)) for place in (begin, at))
        silent = int(np.argmax(heard[at:] != 0))
        found, at = found + 1, at + silent
        begin = _where_it_goes_on(made, begin, heard[at:])
    return found


def _where_it_goes_on(made: FloatArray, begin: int, heard: FloatArray) -> int:
    """The place in `made`, from `begin` on, of what is heard next."""
    loud = _audible(heard)
    length = loud + PROBE_SAMPLES
    later = made[begin : begin + MOST_LOST_SAMPLES + length]
    assert len(later) > length, f"the sound ends at sample {begin}"
    probes = np.lib.stride_tricks.sliding_window_view(later[loud:], PROBE_SAMPLES)
    best = int(np.argmin(np.abs(probes - heard[loud:length]).max(axis=1)))
    assert np.abs(later[best : best + length] - heard[:length]).max() < SAME, f"wrong sound at sample {begin}"
    return begin + best


def _audible(sound: FloatArray) -> int:
    """The first sample that can be heard."""
    return int(np.argmax(np.abs(sound) > AUDIBLE))


def furthest(one: FloatArray, other: FloatArray, *, least_seconds: float) -> float:
    """The largest difference of two recordings [samples] of the same in step, which have at least so much in common."""
    first, second = overlapping(one, other)
    assert len(first) > least_seconds * SAMPLE_RATE
    return float(np.abs(first - second).max())
