"""Watchdog: notices when a third-party plugin misbehaves while the music plays."""

from __future__ import annotations

import time

import numpy as np

from nsynth_lab.effects.effect import Effect
from nsynth_lab.units import SAMPLE_RATE, FloatArray

SILENT_SECONDS = 5.0
AUDIBLE, SILENCE = 10 ** (-50 / 20), 10 ** (-120 / 20)  # peak amplitudes: -50 and -120 dBFS
LOUDEST = 1e3  # +60 dBFS
SLOW_BLOCKS = 20  # in a row


class Watchdog:
    """Runs an effect block by block and reports what is wrong with it.

    Wrong is: an exception; NaN, infinite samples or a peak above +60 dBFS; silence for five seconds of audible input;
    and with `deadline`, for live playing, taking longer than real time for twenty blocks in a row.
    """

    def __init__(self, *, deadline: bool = False) -> None:
        self._deadline = deadline
        self._silent_samples = 0
        self._slow_blocks = 0

    def run(self, effect: Effect, block: FloatArray) -> tuple[FloatArray, str]:
        """(the effect's output, what is wrong). The output is only usable if the second is empty."""
        started = time.perf_counter()
        try:
            wet = effect.process(block)
        except Exception as error:  # whatever third-party code raises: the music goes on
            return block, f"failed: {' '.join(str(error).split())[:200]}"
        seconds = time.perf_counter() - started
        if wet.shape != block.shape:
            return block, f"gave {wet.shape[-1]} samples for {block.shape[-1]}"
        peak = float(np.abs(wet).max(initial=0.0))
        if not peak < LOUDEST:  # also true for NaN
            return block, "gave NaN or infinite samples"
        return wet, self._check_silence(block, peak) or self._check_speed(block.shape[1], seconds)

    def _check_silence(self, block: FloatArray, peak: float) -> str:
        if peak > SILENCE:
            self._silent_samples = 0
        elif float(np.abs(block).max(initial=0.0)) > AUDIBLE:
            self._silent_samples += block.shape[1]
        silent = self._silent_samples > SILENT_SECONDS * SAMPLE_RATE
        return f"stayed silent for {SILENT_SECONDS:g} s of sound" if silent else ""

    def _check_speed(self, samples: int, seconds: float) -> str:
        late = self._deadline and seconds > samples / SAMPLE_RATE
        self._slow_blocks = self._slow_blocks + 1 if late else 0
        if self._slow_blocks < SLOW_BLOCKS:
            return ""
        return f"is too slow: {1000 * seconds:.1f} ms for a block of {1000 * samples / SAMPLE_RATE:.1f} ms"
