"""StableNotePlayer: repeats a note until two performances agree, for plugins that load their samples late.

Some plugins are silent or incomplete until their samples are loaded, and some never play a note twice the same way.
A plugin gets time until it is first heard; silent notes after that get less, because they may have no sound. All
waiting together is limited.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from nsynth_lab import messages
from nsynth_lab.units import SAMPLE_RATE, FloatArray, db_to_gain

SILENT_DB = -60.0
LOADING_SECONDS = 20.0
LATER_SECONDS = 1.0
VARYING_SECONDS = 5.0
PAUSE_SECONDS = 0.2
BLOCK_SECONDS = 0.05
AGREE_DB = 1.0
RANGE_DB = 40.0


class StableNotePlayer:
    """Plays each note until two performances agree.

    Args:
        name: of the plugin, for messages.
        loading_seconds: how long the plugin may be silent at first, and in total.
    """

    def __init__(self, name: str, *, loading_seconds: float = LOADING_SECONDS) -> None:
        self._name = name
        self._left = self._first = loading_seconds
        self._heard = self._varies = self._waiting = False

    def play(self, perform: Callable[[], FloatArray]) -> FloatArray:
        """The second of two performances [channels, samples] that agree, or the last one when the time is up."""
        started, before, pauses = time.monotonic(), perform(), False
        while True:
            if not self._heard or pauses:
                time.sleep(PAUSE_SECONDS)
            after, pauses = perform(), True
            silent = _is_silent(after)
            if not silent and _is_silent(before):
                started = time.monotonic()  # it is loaded: from now on, wait for two that agree
            waited = time.monotonic() - started
            if not silent and (self._varies or _agree(before, after)):
                self._heard = True
                return after
            limit = min(self._left, LATER_SECONDS if self._heard else self._first) if silent else VARYING_SECONDS
            if waited >= limit:
                self._give_up(waited, silent=silent)
                return after
            self._emit_waiting(silent=silent)
            before = after

    def _emit_waiting(self, *, silent: bool) -> None:
        if silent and not self._heard and not self._waiting:
            self._waiting = True
            messages.emit(f"{self._name} is still silent; waiting up to {self._first:g} s for it to load its samples")

    def _give_up(self, waited: float, *, silent: bool) -> None:
        if not silent:
            self._heard = self._varies = True
            messages.emit(f"{self._name} never plays a note twice the same way: another capture will differ slightly")
            return
        if not self._heard and self._left > 0:
            messages.emit(f"{self._name} is silent after {waited:.0f} s; does it need a state, or its own samples?")
        self._left = max(0.0, self._left - waited)


def _is_silent(samples: FloatArray) -> bool:
    return float(np.abs(samples).max(initial=0.0)) < db_to_gain(SILENT_DB)


def _agree(one: FloatArray, other: FloatArray) -> bool:
    """Whether their levels in blocks of 50 ms differ by less than 1 dB on average, down to 40 dB below the loudest."""
    levels = [_levels_db(samples) for samples in (one, other)]
    floor = max(level.max(initial=-200.0) for level in levels) - RANGE_DB
    first, second = (np.maximum(level, floor) for level in levels)
    audible = (first > floor) | (second > floor)
    return bool(np.abs(first - second)[audible].mean() < AGREE_DB) if audible.any() else True


def _levels_db(samples: FloatArray) -> FloatArray:
    block = round(BLOCK_SECONDS * SAMPLE_RATE)
    blocks = np.pad(samples, ((0, 0), (0, -samples.shape[1] % block))).reshape(len(samples), -1, block)
    return np.asarray(10 * np.log10(np.mean(blocks**2, axis=2) + 1e-20), np.float32)
