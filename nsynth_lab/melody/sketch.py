"""A sketch that the writer follows: for each slot of a stretch of bars, how likely each pitch, a held note, silence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.slots import HOLD, SILENCE, SLOT_TICKS
from nsynth_lab.melody.steps import DURATIONS, PITCHES, REST
from nsynth_lab.units import FloatArray

LEAST = 1e-6  # probability that a note ends somewhere


@dataclass(frozen=True)
class Sketch:
    """A stretch of bars sketched.

    Attributes:
        first: tick at which it begins, as `Draft.at` counts.
        slots: log-probabilities [slots, symbols].
    """

    first: int
    slots: FloatArray

    def durations(self, draft: Draft) -> FloatArray:
        """What it says of each duration [durations] of the next note: held so long, and another begins then."""
        slot = (draft.at - self.first) // SLOT_TICKS
        said = np.zeros(len(DURATIONS), np.float32)
        if not 0 <= slot < len(self.slots):
            return said
        goes_on = np.maximum(self.slots[:, HOLD], self.slots[:, SILENCE])
        ends = np.log(np.maximum(LEAST, 1 - np.exp(self.slots[:, HOLD])))
        for place, ticks in enumerate(DURATIONS):
            end = (draft.at - self.first + ticks) / SLOT_TICKS
            said[place] = goes_on[slot + 1 : int(np.ceil(end))].sum()
            if end < len(self.slots) and end == int(end):
                said[place] += ends[int(end)]
        return said

    def pitches(self, draft: Draft) -> FloatArray:
        """What it says of each pitch, and of a rest, of the next note [pitches and the rest]."""
        slot = (draft.at - self.first) // SLOT_TICKS
        if not 0 <= slot < len(self.slots):
            return np.zeros(REST + 1, np.float32)
        return np.append(self.slots[slot, :PITCHES], self.slots[slot, SILENCE]).astype(np.float32)
