"""The shape of a note in time: where its attack ends and where its release begins.

Both are found in the loudness curve alone:

    level
      |     ,--.________________________       a sustained note: level, then falling
      |    /                            `.
      |   /  `--.__                       `.   a decaying note falls all along, and faster once it is damped
      |  /         `--.___                  `.
      +-|----|--------------------------|------> frames
     onset  attack_frames         release_frame

A note that simply decays, or a recording cut before the key was released, has no release: `release_frame` is then the
number of frames. If a data set says when the key was released, use that instead.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import FRAME_RATE_HZ, Doubles

ONSET_DB = 40.0  # a note is audible from this level below its peak
NEAR_DB = 3.0  # the attack ends this close to the maximum,
FAR_DB = 9.0  # or this far from it, if the rest is a swell
SWELL_DB_PER_FRAME = 10.0 / FRAME_RATE_HZ
EARLY_FRAMES = 141  # 1.5 s: the attack ends within this

FIT_FRAMES = 281  # 3 s: the end of the note that is searched for the release
SUSTAIN_FRAMES = 14  # 0.15 s: the shortest sustain
STEEPER_DB_PER_FRAME = 20.0 / FRAME_RATE_HZ  # a release is at least this steep,
DAMPED_DB_PER_FRAME = 100.0 / FRAME_RATE_HZ  # and if less steep than this, not longer than what comes before it
FALL_DB = 15.0  # a release falls at least this far
FAINT_DB = 35.0  # a release begins at most this far below the peak
GENTLE_FRAMES = 25  # a release may begin gently, up to this long before it is steep,
LINE_FRAMES = 94  # where it leaves the line through the second before
HELD_DB = 2.0  # by this much
TAIL_DB = 75.0  # a release ends this far below the peak,
SILENT_DB = -95.0  # or at this level
DYING_DB = 15.0
EDGE_FRAMES = 2  # a recording's last frames are measured half beyond its end

_Level = NDArray[np.float32] | NDArray[np.float64]


class Marks(NamedTuple):
    """Length of the attack in frames, and the frame at which the release begins."""

    attack_frames: int
    release_frame: int


def onset_frame(loudness_db: _Level) -> int:
    """First frame of `loudness_db` [frames] within 40 dB of its peak: a recording can be trimmed to there.

    >>> onset_frame(np.array([-100.0, -90.0, -30.0, -20.0]))
    2
    """
    return int(np.argmax(loudness_db >= loudness_db.max() - ONSET_DB))


def dies_away(loudness_db: _Level) -> bool:
    """Whether a sound has fallen by 15 dB three quarters of the way from its loudest frame to its end."""
    peak = int(loudness_db.argmax())
    later = float(loudness_db[peak + (3 * (len(loudness_db) - peak)) // 4])
    return later <= float(loudness_db[peak]) - DYING_DB


def find_marks(loudness_db: _Level) -> Marks:
    """End of the attack and begin of the release in a note's `loudness_db` [frames], at least one frame.

    The attack ends where the level first comes within 3 dB of the maximum of the note's first half (at most its first
    1.5 s), or within 9 dB if the rest rises more slowly than 10 dB/s: a swell.

    The release begins at the knee of the two straight lines that best fit the rest of the curve, where the second line
    falls at least 20 dB/s faster and at least twice as fast as the first, falls by at least 15 dB, starts at most 35 dB
    below the peak, and is steep or short (a drum that rings on longer than it was loud decays, it is not released). If
    the fall starts gently, as in a recording that was faded out, the release begins where it starts.

    >>> find_marks(np.concatenate([[-90, -40], np.full(97, -20), np.linspace(-20, -80, 20)]))
    Marks(attack_frames=2, release_frame=99)
    >>> find_marks(np.linspace(0, -60, 100))
    Marks(attack_frames=0, release_frame=100)
    """
    level = np.asarray(loudness_db, np.float64)
    attack = _attack_end(level)
    return Marks(attack, _release_begin(level, attack))


def _attack_end(level: Doubles) -> int:
    early = level[: max(1, min(len(level) // 2, EARLY_FRAMES))]
    to_top = np.argmax(early) - np.arange(len(early))
    allowed = np.clip(NEAR_DB + SWELL_DB_PER_FRAME * to_top, NEAR_DB, FAR_DB)
    return int(np.argmax(early.max() - early <= allowed))


def _release_begin(level: Doubles, attack: int) -> int:
    frames, peak = len(level), level.max()
    end = frames - int(np.argmax(level[::-1] > max(peak - TAIL_DB, SILENT_DB)))
    end = min(end, frames - EDGE_FRAMES)
    begin = max(attack, end - FIT_FRAMES)
    knee = _knee(level[begin:end], peak)
    if knee is None:
        return frames
    # fit again, to the end of the sustain only: an early decay no longer bends the line
    nearer = max(begin, begin + knee - LINE_FRAMES)
    again = _knee(level[nearer:end], peak)
    begin, knee = (begin, knee) if again is None else (nearer, again)
    return begin + _first_fall(level[begin:end], knee)


def _knee(level: Doubles, peak: float) -> int | None:
    """The frame of `level` [frames] where the two best lines meet; None if no pair of lines qualifies as a release."""
    if len(level) < SUSTAIN_FRAMES + 2:
        return None
    slope, error = _line_fits(level)
    slope_after, error_after = (values[::-1] for values in _line_fits(level[::-1]))
    # for each possible knee: 1 .. len - 1 frames before it, the others after it
    before, after, start = slope[:-1], -slope_after[1:], level[1:]
    length = np.arange(1, len(level))
    possible = (after <= before - STEEPER_DB_PER_FRAME) & (after <= 2 * before)
    possible &= (start - level[-1] >= FALL_DB) & (start >= peak - FAINT_DB)
    possible &= (length >= len(level) - length) | (after <= -DAMPED_DB_PER_FRAME)
    possible[: SUSTAIN_FRAMES - 1] = possible[-1] = False
    if not possible.any():
        return None
    return 1 + int(np.argmin(np.where(possible, error[:-1] + error_after[1:], np.inf)))


def _first_fall(level: Doubles, knee: int) -> int:
    """From the knee of a release that begins gently, go back to where it leaves the line of the sustain."""
    line_end = knee - GENTLE_FRAMES
    line_begin = max(0, line_end - LINE_FRAMES)
    if line_end - line_begin < SUSTAIN_FRAMES:
        return knee
    x = np.arange(line_begin, knee)
    line = np.polyval(np.polyfit(x[:-GENTLE_FRAMES], level[line_begin:line_end], 1), x)
    below = line - level[line_begin:knee]
    held = below <= max(HELD_DB, 2 * float(below[:-GENTLE_FRAMES].std()))
    return knee - int(np.argmax(held[::-1]))


def _line_fits(level: Doubles) -> tuple[Doubles, Doubles]:
    """Slope [frames] and summed squared error [frames] of the regression lines through the first 1, 2, .. points."""
    count = np.arange(1.0, len(level) + 1)
    x, y = count - 1, level - level.mean()
    sum_x, sum_y = np.cumsum(x), np.cumsum(y)
    spread_x = np.cumsum(x * x) - sum_x**2 / count
    spread_y = np.cumsum(y * y) - sum_y**2 / count
    cross = np.cumsum(x * y) - sum_x * sum_y / count
    slope = cross / np.maximum(spread_x, 1e-9)
    return slope, np.maximum(spread_y - slope * cross, 0.0)
