"""HeardNote: one note of a recording, with its level and its bend. What a follower or a transcriber has found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from nsynth_lab.analysis.follower import HOP
from nsynth_lab.units import FloatArray


@dataclass(frozen=True, eq=False)
class HeardNote:
    """A note that was heard.

    Attributes:
        begin_sample, end_sample: when it begins and ends, at 48 kHz.
        pitch: its place as a MIDI note number with its fraction.
        level_db: A-weighted level at its loudest.
        bend: [hops of 256 samples, from its beginning on] semitones above `pitch`; empty where none was measured.
    """

    begin_sample: int
    end_sample: int
    pitch: float
    level_db: float
    bend: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def samples(self) -> int:
        """Length in samples."""
        return self.end_sample - self.begin_sample

    def key(self, *, tuning: float) -> int:
        """The nearest MIDI note, in a recording tuned `tuning` semitones above A4 = 440 Hz."""
        return min(max(round(self.pitch - tuning), 0), 127)

    def bends(self) -> list[tuple[int, float]]:
        """Its bend in semitones at samples of the recording."""
        return [(self.begin_sample + place * HOP, value) for place, value in enumerate(self.bend.tolist())]


def sounding_samples(notes: Iterable[HeardNote]) -> int:
    """For how many samples at least one note sounds; the notes must be in the order in which they begin."""
    total = end = 0
    for note in notes:
        total += max(note.end_sample - max(note.begin_sample, end), 0)
        end = max(end, note.end_sample)
    return total
