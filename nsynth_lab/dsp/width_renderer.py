"""WidthVoices: the half difference of two sides from a mono voice and rows of its width, a frame at a time.

    mono voice --> octaves ----------------------- x real part of z ------+
               --> all-pass filters --> octaves -- x imaginary part of z -+--> half difference of the sides

Left is the voice plus that, right the voice minus that, so the sum of the sides stays the mono voice. All-pass filters
that never change shift a tone by one phase: its copy may be like the tone itself. So each octave's copy is turned until
it is unlike the voice, by the spectrum of the voice now (`width_gains`). Gains move in straight lines from frame to
frame. The state of a voice is bounded, blocks of any size give the same samples, and so do, within -80 dB, voices that
differ by rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.width_filters import BANKS, LANES, SCATTERED_GAIN, SCATTERED_SAMPLES, SIZE, mixing, resonators
from nsynth_lab.dsp.width_gains import SLOW_SIZE, low_pass, power_of, solved
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints
from nsynth_lab.width import DIMS, OPPOSED, side_gains

Targets = NDArray[np.complex128]

EVERY, SOON = 16, (2, 4, 8)  # frames: so often its gains are computed, and at first; they move within one of them
IS_DUE = np.isin(np.arange(2 * EVERY), (0, *SOON, EVERY))  # at the beginning, and from then on
ONLY_THE_VOICE = np.zeros(2 * BANKS * LANES + BANKS, np.float32)
ONLY_THE_VOICE[-BANKS] = 1.0


class WidthVoices:
    """`slots` voices: `reset` begins some of them, `step` gives the half sum and half difference of their sides."""

    def __init__(self, slots: int) -> None:
        from nsynth_lab.compiled.width import WidthState, hear, widen

        self._hear, self._widen = hear, widen
        self._age = np.zeros(slots, np.int64)  # frames since it began
        self._mixing = mixing()  # made now, not in the middle of a note
        poles = np.asarray(resonators().poles, np.complex64).reshape(BANKS, LANES)
        self._state = WidthState(
            heard=np.zeros((slots, SIZE), np.float32),
            slow=np.zeros((slots, SLOW_SIZE), np.float32),
            delays=np.zeros((slots, int(np.sum(SCATTERED_SAMPLES))), np.float32),
            resonators=np.zeros((slots, 2 * BANKS, LANES), np.float32),
            mixes=np.zeros((slots, 2, 2, self._mixing.shape[1]), np.float32),
            turned=np.zeros((slots, 2), np.bool_),
            poles=np.concatenate([poles.real, poles.imag]),
            low_pass=low_pass(),
            delay_samples=np.array(SCATTERED_SAMPLES),
            delay_gain=np.float32(SCATTERED_GAIN),
        )
        if slots:
            self.frames(np.zeros((1, HOP_SAMPLES), np.float32), np.zeros((1, DIMS), np.float32))
            self.reset([0])

    def reset(self, slots: Sequence[int]) -> None:
        """Begin in silence."""
        for part in (self._state.heard, self._state.slow, self._state.delays, self._state.resonators):
            part[slots] = 0.0
        self._age[slots] = 0

    def step(self, slots: Ints, audio: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(half sum, half difference) [active, 512] of the next frame of each of `slots` [active], in their order.

        Args:
            slots: [active]; one that comes several times has several frames.
            audio: [active, 512] the mono voices; where a row is not opposed they are the half sums, to the last bit.
            rows: [active, 17].
        """
        if len(slots) == len(set(slots.tolist())):
            return self._step(slots, audio, rows)
        middle, side = np.empty_like(audio), np.empty_like(audio)
        for at in range(len(slots)):
            one = slice(at, at + 1)
            middle[one], side[one] = self._step(slots[one], audio[one], rows[one])
        return middle, side

    def _step(self, slots: Ints, audio: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """A frame of each, none twice."""
        age = self._age[slots]
        due = IS_DUE[np.minimum(age, EVERY + age % EVERY)]
        if due.any():
            now = np.flatnonzero(due)
            self._hear(self._state, slots[now], audio[now])
            for slot, *targets in zip(slots[now].tolist(), *side_gains(rows[now]), rows[now, OPPOSED] > 0, strict=True):
                self._find_gains(slot, *targets)
        self._age[slots] += 1
        middle, side = audio.copy(), np.empty_like(audio)
        self._widen(self._state, slots, due, audio, middle, side)
        return middle, side

    def _find_gains(self, slot: int, middle: Targets, side: Targets, is_opposed: bool) -> None:
        """How a voice's filters are mixed at the end of its frame; at once if it has just begun."""
        mixes, power = self._state.mixes[slot], power_of(self._state.heard[slot], self._state.slow[slot])
        mixes[0, 1] = solved(power, middle) @ self._mixing if is_opposed else ONLY_THE_VOICE
        mixes[1, 1] = solved(power, side) @ self._mixing
        self._state.turned[slot, 1] = is_opposed
        if self._age[slot] == 0:
            mixes[:, 0], self._state.turned[slot, 0] = mixes[:, 1], is_opposed

    def frames(self, audio: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As `step`, for all frames of the first slot: `audio` [frames, 512], `rows` [frames, 17]."""
        return self.step(np.zeros(len(audio), np.int64), audio, rows)


def widened(mono: FloatArray, rows: FloatArray | None) -> FloatArray:
    """A whole clip `mono` [frames * 512] as [2, samples] of the width of `rows` [frames, 17]; [1, samples] without."""
    if rows is None or not rows.any():
        return mono[None]
    middle, side = WidthVoices(1).frames(mono.reshape(-1, HOP_SAMPLES), rows)
    return np.stack([(middle + side).ravel(), (middle - side).ravel()])
