"""The parts of a note: onset, attack, sustain and release, and whether its sustain is held or decays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.dsp.quick_median import quick_median
from nsynth_lab.latents import Latents
from nsynth_lab.units import FRAME_RATE_HZ, Doubles

SILENCE_BELOW_PEAK_DB = 80.0  # anything quieter counts as silence
ENDED_BELOW_PEAK_DB = 60.0  # a note must fall to this level to have ended
ONSET_BELOW_PEAK_DB = 50.0  # a note starts where it reaches this level
LEAD_FRAMES = 3  # this much silence before the onset is kept
RELEASE_FRAMES = 19  # 0.2 s, for a note recorded without a release
SHORTEST_RELEASE_FRAMES = 4
CONTOUR_FRAMES = 94  # one second: faster changes of level are ripple, not contour,
USUAL_FRAMES = 562  # in a sustain of up to six seconds; in a longer one the contour is so much slower as it is longer
SUSTAINED_DB_PER_SECOND = -6.0
SUSTAINED_FALL_DB = 18.0
SWELL_FALL_DB = 6.0
LEVEL_FRAMES = 19
STROKE_FRAMES = 47  # a noise shorter than half a second is a stroke, however it falls
RISING_DB_PER_SECOND = 6.0  # a noise that rises so fast to its end is a stroke too, such as a reversed cymbal
STROKE_END_FRAMES = 4  # 43 ms: a word or a bark keeps its end


@dataclass(frozen=True)
class NoteParts:
    """The boundaries between the parts of a note, in frames: `onset <= attack_end <= key_up <= frames`.

    Attributes:
        level_db: [frames] loudness, limited from below to 80 dB under its peak, where a stroke without a pitch ends.
        onset: 0, or the first frame within 50 dB of the peak if more than 3 frames of silence come before it, which
            are then skipped.
        attack_end: first frame of the sustain.
        key_up: first frame of the release; for a note without one, 0.2 s before its end.
        released: whether the recording includes a release.
        sustained: whether the sustain is held (flute, organ) rather than decaying (piano, bell).
        one_shot: whether it is a stroke without a pitch (drum, cymbal), which sounds to its end at its own speed,
            however long a key is held.
    """

    level_db: Doubles
    onset: int
    attack_end: int
    key_up: int
    released: bool
    sustained: bool
    one_shot: bool = False

    @property
    def attack_frames(self) -> int:
        """Length of the attack."""
        return self.attack_end - self.onset

    @property
    def sustain_frames(self) -> int:
        """Length of the sustain."""
        return self.key_up - self.attack_end

    @property
    def release_frames(self) -> int:
        """Length of the release; of a stroke without a pitch, all after its attack."""
        if self.one_shot:
            return max(SHORTEST_RELEASE_FRAMES, len(self.level_db) - self.attack_end)
        return max(SHORTEST_RELEASE_FRAMES, len(self.level_db) - self.key_up)

    @property
    def ended_db(self) -> float:
        """The level to which the note must have fallen at its end."""
        return float(self.level_db.max()) - ENDED_BELOW_PEAK_DB

    def level_at(self, positions: Doubles) -> Doubles:
        """Level [n] at fractional frames `positions` [n]."""
        return np.asarray(np.interp(positions, np.arange(len(self.level_db)), self.level_db))

    def contour_db(self) -> Doubles:
        """The slow contour of the level over the sustain, [sustain frames]: a moving average over one second.

        Swells and gusts of a long sound are no contour: they sound as bright or dark as they are loud, so their level
        goes where the timbre goes. Its average is over as many seconds more as the sustain is longer than six.
        """
        level = self.level_db[self.attack_end : self.key_up]
        total = np.concatenate([[0.0], np.cumsum(level)])
        here = np.arange(len(level))
        reach = (CONTOUR_FRAMES + max(0, len(level) - USUAL_FRAMES)) // 2
        begin, end = np.maximum(here - reach, 0), np.minimum(here + reach + 1, len(level))
        return np.asarray((total[end] - total[begin]) / (end - begin))


def find_parts(latents: Latents) -> NoteParts:
    """The parts of a note, from its attack and release marks and its loudness."""
    level = np.asarray(latents.loudness_db, np.float64)
    level = np.maximum(level, level.max() - SILENCE_BELOW_PEAK_DB)
    audible = int(np.argmax(level >= level.max() - ONSET_BELOW_PEAK_DB))
    onset = min(audible, latents.attack_frames) if audible > LEAD_FRAMES else 0
    attack_end, key_up = latents.attack_frames, latents.release_frame
    released = latents.frames - key_up >= SHORTEST_RELEASE_FRAMES
    if not released:
        after_attack = latents.frames - attack_end
        key_up = latents.frames - min(RELEASE_FRAMES, after_attack // 2)
    sustained = _is_sustained(level[attack_end:key_up], level.max())
    rises = _slope_db_per_second(level[attack_end:key_up]) > RISING_DB_PER_SECOND
    if latents.unpitched is not None and not released and (not sustained or rises or latents.frames < STROKE_FRAMES):
        return NoteParts(_ended(level), onset, attack_end, latents.frames, False, False, one_shot=True)
    return NoteParts(level, onset, attack_end, key_up, released, sustained)


def _ended(level: Doubles) -> Doubles:
    """The level of a stroke, [frames], that is silent in the end even if its recording was cut."""
    excess = max(0.0, float(level[-1] - level.max()) + SILENCE_BELOW_PEAK_DB)
    last = min(STROKE_END_FRAMES, len(level) // 2)
    out = level.copy()
    out[len(level) - last :] -= excess * (np.arange(last) + 1.0) / max(last, 1)
    return out


def _slope_db_per_second(level: Doubles) -> float:
    return slope_of(level) * FRAME_RATE_HZ if len(level) >= SHORTEST_RELEASE_FRAMES else 0.0


def _is_sustained(level: Doubles, peak: float) -> bool:
    if len(level) < SHORTEST_RELEASE_FRAMES:
        return True
    audible = np.maximum(level, peak - ENDED_BELOW_PEAK_DB)
    slope = _slope_db_per_second(audible)
    fall = float(audible.max()) - quick_median(audible[-LEVEL_FRAMES:])
    return slope > SUSTAINED_DB_PER_SECOND and (fall < SUSTAINED_FALL_DB or _swells(audible))


def _swells(audible: Doubles) -> bool:
    """Whether a long sound that ends softly was loud again before: in its last third as in the one before."""
    if len(audible) <= USUAL_FRAMES:
        return False
    third = len(audible) // 3
    middle, last = float(audible[third:-third].max()), float(audible[-third:].max())
    return audible.max() - last < SUSTAINED_FALL_DB and middle - last < SWELL_FALL_DB


def slope_of(values: Doubles) -> float:
    """The slope per step of the straight line nearest to `values` [at least 2], by least squares.

    >>> slope_of(np.array([1.0, 3.0, 5.0]))
    2.0
    """
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    return float(steps @ values / (steps @ steps))
