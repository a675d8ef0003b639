"""Attack and decay: how fast a note starts and how fast it decays.

envelope      power of the sound in steps of 1 ms, under a Hann window of two periods (at least 4 ms). A window of two
              periods has a zero at f0, so the pulses of a low note do not appear as ripple
attack        from where the envelope first comes within 20 dB of the attack's peak (10 % of its amplitude) to where
              it first comes within 1.94 dB (80 %); the peak is the maximum up to 50 ms after the end of the attack
              that `nsynth_lab.dsp.envelope` finds. A linear rise of T ms has an attack of 0.7 T
decay slope   of the least-squares line through the A-weighted level in dB, from the end of the attack to the release
              of the key, while the level is within 60 dB of its peak

Source: Peeters 2004, A large set of audio features for sound description (CUIDADO), sections 4 and 5; with two fixed
thresholds in place of its "weakest effort", so that decoded and recorded notes are measured in the same way.
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
START_DB, END_DB = 20.0, 1.94
DECAY_RANGE_DB = 60.0
SHORTEST_DECAY_FRAMES = 10
FLOOR_DB = -120.0


class Attack(NamedTuple):
    """Start and end of a note's attack, in ms from the first sample."""

    start_ms: float
    end_ms: float

    @property
    def length_ms(self) -> float:
        """Length of the attack in ms."""
        return self.end_ms - self.start_ms


def envelope_db(samples: FloatArray, *, f0_hz: float) -> NDArray[np.float64]:
    """Level in dB of the first two seconds of `samples` [samples], one value per millisecond [ms]."""
    length = max(SHORTEST_SAMPLES, round(2 * SAMPLE_RATE / f0_hz))
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    early = np.square(samples[: LONGEST_MS * STEP_SAMPLES])
    padded = np.pad(early, (length // 2, length))
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)[::STEP_SAMPLES]
    power = windows[: len(early) // STEP_SAMPLES] @ (window / window.sum())
    return np.asarray(10.0 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))), np.float64)


def attack_of(envelope: NDArray[np.float64], marks: Marks) -> Attack:
    """The attack of a note with this envelope [ms]; its peak is searched up to shortly after `marks.attack_frames`."""
    until = round(1000 * (marks.attack_frames + 1) / FRAME_RATE_HZ) + AFTER_ATTACK_MS
    early = envelope[: max(1, until)]
    return Attack(_reaches(early, early.max() - START_DB), _reaches(early, early.max() - END_DB))


def decay_db_per_second(level_db: FloatArray, marks: Marks, *, audible: NDArray[np.bool_]) -> float | None:
    """Slope of the level [frames] over the `audible` [frames] of the sustain; None if these last less than 0.1 s."""
    at = np.arange(marks.attack_frames, marks.release_frame)
    at = at[audible[at]]
    if len(at) < SHORTEST_DECAY_FRAMES:
        return None
    return float(np.polyfit(at / FRAME_RATE_HZ, level_db[at].astype(np.float64), 1)[0])


def sounding(level_db: FloatArray) -> NDArray[np.bool_]:
    """Frames within 60 dB of the loudest, [frames]."""
    return np.asarray(level_db > level_db.max() - DECAY_RANGE_DB)


def _reaches(envelope: NDArray[np.float64], level_db: float) -> float:
    """First time in ms at which the envelope reaches `level_db`, interpolated linearly."""
    at = int(np.argmax(envelope >= level_db))
    if at == 0:
        return 0.0
    before, after = envelope[at - 1], envelope[at]
    return at - 1 + float((level_db - before) / (after - before))
