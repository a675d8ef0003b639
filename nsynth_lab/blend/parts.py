"""The parts of one note: onset, attack, sustain and release, and what kind of sustain it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.latents import Latents
from nsynth_lab.units import FRAME_RATE_HZ, Doubles

SILENCE_BELOW_PEAK_DB = 80.0  # fainter than that is silence,
ENDED_BELOW_PEAK_DB = 60.0  # a note that ends is at least so faint,
ONSET_BELOW_PEAK_DB = 50.0  # and one that has begun at most so faint
LEAD_FRAMES = 3  # so much silence before the onset belongs to the note
RELEASE_FRAMES = 19  # 0.2 s, for a note without a release of its own
SHORTEST_RELEASE_FRAMES = 4
CONTOUR_FRAMES = 94  # ripple faster than a second stays with the sound
SUSTAINED_DB_PER_SECOND = -6.0
SUSTAINED_FALL_DB = 18.0
LEVEL_FRAMES = 19


@dataclass(frozen=True)
class Parts:
    """Where the parts of a note lie, in frames; `onset <= attack_end <= key_up <= frames`.

    Attributes:
        level_db: [frames] loudness, not below 80 dB under its peak.
        onset: 0, or the first frame within 50 dB of the peak if more than 3 frames of silence lie before it, which
            are then skipped.
        attack_end: first frame of the sustain.
        key_up: first frame of the release; for a note without one, 0.2 s before its end.
        released: whether the recording has its own release.
        sustained: whether the level of the sustain is held (flute, organ) rather than dying away (piano, bell).
    """

    level_db: Doubles
    onset: int
    attack_end: int
    key_up: int
    released: bool
    sustained: bool

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
        """Length of the release."""
        return max(SHORTEST_RELEASE_FRAMES, len(self.level_db) - self.key_up)

    @property
    def ended_db(self) -> float:
        """The level a note must have come down to at its end."""
        return float(self.level_db.max()) - ENDED_BELOW_PEAK_DB

    def level_at(self, positions: Doubles) -> Doubles:
        """Level [n] at fractional frames `positions` [n]."""
        return np.asarray(np.interp(positions, np.arange(len(self.level_db)), self.level_db))

    def contour_db(self) -> Doubles:
        """The slow course of the level over the sustain, [sustain frames]: its mean over a second around."""
        level = self.level_db[self.attack_end : self.key_up]
        total = np.concatenate([[0.0], np.cumsum(level)])
        here = np.arange(len(level))
        begin, end = np.maximum(here - CONTOUR_FRAMES // 2, 0), np.minimum(here + CONTOUR_FRAMES // 2 + 1, len(level))
        return np.asarray((total[end] - total[begin]) / (end - begin))


def find_parts(latents: Latents) -> Parts:
    """The parts of a note, from its marks and its loudness."""
    level = np.asarray(latents.loudness_db, np.float64)
    level = np.maximum(level, level.max() - SILENCE_BELOW_PEAK_DB)
    heard = int(np.argmax(level >= level.max() - ONSET_BELOW_PEAK_DB))
    onset = min(heard, latents.attack_frames) if heard > LEAD_FRAMES else 0
    attack_end, key_up = latents.attack_frames, latents.release_frame
    released = latents.frames - key_up >= SHORTEST_RELEASE_FRAMES
    if not released:
        after_attack = latents.frames - attack_end
        key_up = latents.frames - min(RELEASE_FRAMES, after_attack // 2)
    sustained = _is_sustained(level[attack_end:key_up], level.max())
    return Parts(level, onset, attack_end, key_up, released, sustained)


def _is_sustained(level: Doubles, peak: float) -> bool:
    if len(level) < SHORTEST_RELEASE_FRAMES:
        return True
    heard = np.maximum(level, peak - ENDED_BELOW_PEAK_DB)
    slope = float(np.polyfit(np.arange(len(heard)), heard, 1)[0]) * FRAME_RATE_HZ
    fall = float(heard.max() - np.median(heard[-LEVEL_FRAMES:]))
    return slope > SUSTAINED_DB_PER_SECOND and fall < SUSTAINED_FALL_DB
