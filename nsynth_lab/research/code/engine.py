"""An engine whose followed voices are moved within their instrument's own range of timbre by the code of a phrase."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.analysis.follower import HOP
from nsynth_lab.model.bank import Bank
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.research.code.performances import range_of
from nsynth_lab.research.code.training import UniversalCode
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.followed import LAG_SAMPLES
from nsynth_lab.synth.planner import Frames, plan_until
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import HOP_SAMPLES, Doubles

ATTACK_FRAMES, FADE_FRAMES = 6, 10  # an attack is the target's own; then the code takes over
SMOOTHING = 0.3  # of the way, a frame


class CodedEngine(Engine):
    """Plays one instrument of a bank; `codes` [hops, 4] are those of the phrase, NaN where there is no tone.

    `share` is how much of its own place in its range a voice gives up for the one that the code says: 0 to 1.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        bank: Bank,
        name: str,
        code: UniversalCode,
        codes: Doubles,
        *,
        share: float,
        ahead_samples: int,
    ) -> None:
        zones = [bank.zones[index] for index in bank.find(name).zones]
        super().__init__(
            checkpoint, [Sources([zones])], Settings(mpe=True), ahead_samples=ahead_samples, unlimited=True
        )
        self._range, self._name, self._code, self._codes, self._share = range_of(bank, name), name, code, codes, share
        self._last: dict[int, tuple[int, Doubles]] = {}  # of each slot the note and the code so far

    def _plan(self, until_sample: int) -> None:
        for frames in plan_until(self.player, until_sample):
            self._renderer.add([self._moved(part) for part in frames])

    def _moved(self, frames: Frames) -> Frames:
        timbre = frames.timbre.copy()
        table = self.player.allocator.table
        for place, slot in enumerate(frames.slots.tolist()):
            code = self._now(slot, int(table.serial[slot]), int(frames.begins[place]) + HOP_SAMPLES - LAG_SAMPLES)
            grown = min(max((int(table.frames[slot]) - ATTACK_FRAMES) / FADE_FRAMES, 0.0), 1.0)
            if code is not None and grown:
                wanted = self._range.centre(float(table.pitch[slot])) + self._range.spread * self._code.displacement(
                    self._name, code
                )
                timbre[place] += self._share * grown * (wanted - timbre[place])
        return frames._replace(timbre=timbre)

    def _now(self, slot: int, serial: int, sample: int) -> Doubles | None:
        """The code of a voice, smoothed from its beginning on; the last one where the phrase has no tone."""
        known, last = self._last.get(slot, (-1, np.zeros(0)))
        hop = sample // HOP - 1
        heard = self._codes[hop] if 0 <= hop < len(self._codes) else np.full(1, np.nan)
        if np.isnan(heard[0]):
            return last if known == serial else None
        now = heard if known != serial else last + SMOOTHING * (heard - last)
        self._last[slot] = serial, now
        return np.asarray(now)


def codes_of(code: UniversalCode, features: Sequence[Doubles]) -> Doubles:
    """The code [hops, 4] of features, NaN where these are."""
    every = np.stack(features)
    return np.where(np.isnan(every[:, :1]), np.nan, code.encode(np.nan_to_num(every)))
