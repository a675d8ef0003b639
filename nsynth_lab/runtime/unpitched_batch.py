"""UnpitchedBatch: `UnpitchedVoices` in compiled loops, for what is played on `NumbaBatch` or beside it."""

from __future__ import annotations

import numpy as np

from nsynth_lab.compiled.unpitched import UnpitchedFrames, UnpitchedState, add_unpitched
from nsynth_lab.dsp.noise_carriers import carriers
from nsynth_lab.dsp.unpitched_renderer import UnpitchedVoices, unpitched_level_db
from nsynth_lab.threads import in_threads, thread_count
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints
from nsynth_lab.unpitched import CONTOUR, LEVELS, LOWEST_DB, NOISE, NOTES

LEAST_SHARE = 4  # frames that are worth a thread


class UnpitchedBatch(UnpitchedVoices):
    """As its parent within -100 dB; a slot may come several times in a step, its frames in order."""

    def step(self, slots: Ints, rows: FloatArray, level_db: FloatArray) -> FloatArray:
        """See `UnpitchedVoices.step`."""
        audio = np.zeros((len(slots), HOP_SAMPLES), np.float32)
        state = UnpitchedState(self._noise, self._tones, self._contour, self._hz, self._turns, self._position)
        frames = UnpitchedFrames(
            loud_db=unpitched_level_db(rows, level_db).astype(np.float32),
            noise_db=rows[:, NOISE],
            tones_db=rows[:, LEVELS],
            contour_db=rows[:, CONTOUR],
            notes=rows[:, NOTES],
            lowest_db=LOWEST_DB,
        )
        shares = max(1, min(thread_count(), len(slots) // LEAST_SHARE))
        even, odd = carriers()

        def add(share: int) -> None:
            add_unpitched(state, even, odd, slots, frames, audio, share, shares)

        in_threads(add, list(range(shares)))
        return audio

    def frames(self, slot: int, rows: FloatArray, level_db: FloatArray) -> FloatArray:
        """See `UnpitchedVoices.frames`."""
        return self.step(np.full(len(rows), slot), rows, level_db).reshape(-1)
