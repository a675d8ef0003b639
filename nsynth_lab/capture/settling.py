"""Two takes of a note that agree: plugins load their samples late, and some play no note twice alike.

Until something is heard a plugin is given time; a silent note after that gets less, for it may have no sound. All
waiting together is bounded.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from nsynth_lab import messages
from nsynth_lab.capture.captured_notes import SILENT_DB
from nsynth_lab.units import SAMPLE_RATE, FloatArray, db_to_gain

FIRST_SECONDS = 20.0
LATER_SECONDS = 1.0
UNLIKE_SECONDS = 5.0
PAUSE_SECONDS = 0.2
BLOCK_SECONDS = 0.05
AGREE_DB = 1.0
HEARD_DB = 40.0


class Settling:
    """Plays each note until it comes twice alike.

    Args:
        name: of the plugin, for what is told.
        first_seconds: so long it may be silent at first, and in all.
    """

    def __init__(self, name: str, *, first_seconds: float = FIRST_SECONDS) -> None:
        self._name = name
        self._left = self._first = first_seconds
        self._heard = self._varies = self._waited = False

    def take(self, play: Callable[[], FloatArray]) -> FloatArray:
        """The second of two takes [samples] that agree, or the last one when the time limit runs out."""
        began, before, pauses = time.monotonic(), play(), False
        while True:
            if not self._heard or pauses:
                time.sleep(PAUSE_SECONDS)
            after, pauses = play(), True
            silent = _is_silent(after)
            if not silent and _is_silent(before):
                began = time.monotonic()  # from now on it is waited for two that agree
            waited = time.monotonic() - began
            if not silent and (self._varies or _agree(before, after)):
                self._heard = True
                return after
            patience = min(self._left, LATER_SECONDS if self._heard else self._first) if silent else UNLIKE_SECONDS
            if waited >= patience:
                self._give_up(waited, silent=silent)
                return after
            self._say_that_it_waits(silent=silent)
            before = after

    def _say_that_it_waits(self, *, silent: bool) -> None:
        if silent and not self._heard and not self._waited:
            self._waited = True
            messages.emit(f"{self._name} is silent yet; waiting up to {self._first:g} s for what it loads")

    def _give_up(self, waited: float, *, silent: bool) -> None:
        if not silent:
            self._heard = self._varies = True
            messages.emit(f"{self._name} plays no note twice alike: another capture will differ from this one")
            return
        if not self._heard and self._left > 0:
            messages.emit(f"{self._name} is silent after {waited:.0f} s; does it need a --state, or its own samples?")
        self._left = max(0.0, self._left - waited)


def _is_silent(take: FloatArray) -> bool:
    return float(np.abs(take).max(initial=0.0)) < db_to_gain(SILENT_DB)


def _agree(one: FloatArray, other: FloatArray) -> bool:
    """Whether their levels in blocks of 50 ms differ by less than 1 dB on average, 40 dB down from the loudest."""
    levels = [_levels_db(take) for take in (one, other)]
    floor = max(level.max(initial=-200.0) for level in levels) - HEARD_DB
    first, second = (np.maximum(level, floor) for level in levels)
    heard = (first > floor) | (second > floor)
    return bool(np.abs(first - second)[heard].mean() < AGREE_DB) if heard.any() else True


def _levels_db(take: FloatArray) -> FloatArray:
    block = round(BLOCK_SECONDS * SAMPLE_RATE)
    blocks = np.pad(take, (0, -len(take) % block)).reshape(-1, block)
    return np.asarray(10 * np.log10(np.mean(blocks**2, axis=1) + 1e-20), np.float32)
