"""The sustain of a note at another length: which of its frames sounds when, and at what level."""

from __future__ import annotations

import numpy as np

from nsynth_lab.blend.parts import Parts
from nsynth_lab.blend.ping_pong import PingPong, ping_pong
from nsynth_lab.units import Doubles

JOIN_FRAMES = 6  # a walk goes on while the release fades in


class Sustain:
    """The sustain of `parts` brought to `frames` frames; times are counted from its first frame.

    Shortened, it is read at its own speed and left early. Longer, a decaying one is read more slowly, and a held one
    by a walk to and fro, while the slow course of its level is stretched evenly.
    """

    def __init__(self, parts: Parts, f0_cents: Doubles, frames: float) -> None:
        self.begin = parts.attack_end
        self.frames = frames
        self.speed = 1.0 if frames <= parts.sustain_frames else parts.sustain_frames / frames
        self.path: PingPong | None = None
        if parts.sustained and frames > parts.sustain_frames:
            own = slice(parts.attack_end, parts.key_up)
            self.contour_db = parts.contour_db()
            ripple = parts.level_db[own] - self.contour_db
            self.path = ping_pong(f0_cents[own], ripple, frames=frames + JOIN_FRAMES)

    def position(self, time: Doubles) -> Doubles:
        """Frames of the source [n] that sound at `time` [n]."""
        return self.begin + (time * self.speed if self.path is None else self.path.at(time))

    def offset_db(self, time: Doubles) -> Doubles:
        """What brings the level read at `position(time)` back to the slow course, [n]."""
        if self.path is None or not len(self.contour_db):
            return np.zeros_like(time)
        frames = np.arange(len(self.contour_db))
        course = np.interp(time * self.speed, frames, self.contour_db)
        return np.asarray(course - np.interp(self.path.at(time), frames, self.contour_db))
