"""The course of a note in time: how fast it begins and how fast it dies away.

envelope      the sound's power in steps of 1 ms, under a Hann window of two periods (of 4 ms at least). Two periods,
              because such a window has a zero at f0: the pulses of a low note do not ripple
attack        from where the envelope first comes within 20 dB of the attack's peak (10 % of its amplitude) to where
              it first comes within 1.94 dB (80 %); the peak is the highest point up to 50 ms after the end of the
              attack that `nsynth_lab.dsp.envelope` finds. A linear rise of T ms has an attack of 0.7 T
decay slope   of the straight line (least squares) through the A-weighted level in dB, from the end of the attack to
              the key's going up, while it is within 60 dB of the peak

Source: Peeters 2004, A large set of audio features for sound description (CUIDADO), sections 4 and 5; two fixed
thresholds in place of its "weakest effort", so that a decoded note is held to the same ones as the real note.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.attack_distance import SHORTEST_SAMPLES, STEP_SAMPLES
from nsynth_lab.dsp.envelope import Marks
from nsynth_lab.units import FRAME_RATE_HZ, SAMPLE_RATE, FloatArray

LONGEST_MS = 2_000
AFTER_ATTACK_MS = 50
BEGUN_DB, RISEN_DB = 20.0, 1.94
DECAY_RANGE_DB = 60.0
SHORTEST_DECAY_FRAMES = 10
FLOOR_DB = -120.0


class Attack(NamedTuple):
    """When a note begins and when it has risen, in ms from the first sample."""

    begun_ms: float
    risen_ms: float

    @property
    def length_ms(self) -> float:
        """How long it takes to rise."""
        return self.risen_ms - self.begun_ms


def envelope_db(samples: FloatArray, *, f0_hz: float) -> NDArray[np.float64]:
    """Level in dB [ms] of the first two seconds of `samples` [samples], one value a millisecond."""
    length = max(SHORTEST_SAMPLES, round(2 * SAMPLE_RATE / f0_hz))
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    early = np.square(samples[: LONGEST_MS * STEP_SAMPLES])
    padded = np.pad(early, (length // 2, length))
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)[::STEP_SAMPLES]
    power = windows[: len(early) // STEP_SAMPLES] @ (window / window.sum())
    return np.asarray(10.0 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))), np.float64)


def attack_of(envelope: NDArray[np.float64], marks: Marks) -> Attack:
    """When a note of this envelope [ms] begins and has risen; `marks` say how far to look for its peak."""
    until = round(1000 * (marks.attack_frames + 1) / FRAME_RATE_HZ) + AFTER_ATTACK_MS
    early = envelope[: max(1, until)]
    return Attack(_reaches(early, early.max() - BEGUN_DB), _reaches(early, early.max() - RISEN_DB))


def decay_db_per_second(level_db: FloatArray, marks: Marks, *, heard: NDArray[np.bool_]) -> float | None:
    """Slope of the level [frames] over the `heard` [frames] of the sustain; None where that is shorter than 0.1 s."""
    at = np.arange(marks.attack_frames, marks.release_frame)
    at = at[heard[at]]
    if len(at) < SHORTEST_DECAY_FRAMES:
        return None
    return float(np.polyfit(at / FRAME_RATE_HZ, level_db[at].astype(np.float64), 1)[0])


def sounding(level_db: FloatArray) -> NDArray[np.bool_]:
    """Frames within 60 dB of the loudest, [frames]."""
    return np.asarray(level_db > level_db.max() - DECAY_RANGE_DB)


def _reaches(envelope: NDArray[np.float64], level_db: float) -> float:
    """First time in ms at which the envelope is at `level_db`, linear between the steps."""
    at = int(np.argmax(envelope >= level_db))
    if at == 0:
        return 0.0
    before, after = envelope[at - 1], envelope[at]
    return at - 1 + float((level_db - before) / (after - before))
