"""UnpitchedVoices: noise and resonances from their rows, one frame of any voices at a time, in NumPy.

    row of a frame, its level --> gains of 64 noises, of 8 sines --> their sum --> the contour --> audio [512]

Gains move in straight lines from step to step, and begin in silence. The state of a voice is bounded: its last gains,
its phases and where it is in the tables; so blocks of any size give the same samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.noise_carriers import LENGTHS, carriers
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, Ints, note_to_hz
from nsynth_lab.unpitched import (
    BANDS,
    CONTOUR,
    LEVELS,
    LOWEST_DB,
    NOISE,
    NOTES,
    PIECE_SAMPLES,
    PIECES,
    PITCHED,
    RESONANCES,
    STEP_SAMPLES,
    STEPS,
    tone_share,
)

SILENT_SHARE = 1e-9
NYQUIST_HZ = 0.45 * SAMPLE_RATE
PIECE_RAMP = (np.arange(PIECE_SAMPLES, dtype=np.float32) + 1) / PIECE_SAMPLES
STEP_RAMP = (np.arange(STEP_SAMPLES, dtype=np.float32) + 1) / STEP_SAMPLES
PIECE_SAMPLE = np.arange(1, PIECE_SAMPLES + 1, dtype=np.float32)
PIECE_BEGINS = PIECE_SAMPLES * np.arange(PIECES)
PIECE_SECONDS = PIECE_BEGINS / SAMPLE_RATE
PIECE_BENDS = PIECE_SECONDS * PIECE_BEGINS / (2.0 * HOP_SAMPLES)  # of a frequency that moves in a straight line
PIECE_MIDDLES = (PIECE_BEGINS + PIECE_SAMPLES / 2.0) / HOP_SAMPLES


def pitched_db(rows: FloatArray) -> Doubles:
    """Gain in dB [frames] of the pitched part of a sound, from its `rows` [frames, 162]; -90 where it has none."""
    return np.asarray(10.0 * np.log10(np.maximum(tone_share(rows[:, PITCHED]), SILENT_SHARE)))


def has_tone(rows: FloatArray) -> NDArray[np.bool_]:
    """Whether each of `rows` [frames, 162] has a pitched part that can be heard."""
    return np.asarray(tone_share(rows[:, PITCHED]) > SILENT_SHARE)


def unpitched_level_db(rows: FloatArray, level_db: FloatArray) -> Doubles:
    """What the levels in `rows` [frames, 162] are relative to, [frames], if those of the whole sound are `level_db`."""
    return np.asarray(level_db + 10.0 * np.log10(np.maximum(1.0 - tone_share(rows[:, PITCHED]), SILENT_SHARE)))


class UnpitchedVoices:
    """The unpitched parts of `slots` voices: `reset` begins some of them, `step` gives their next frames."""

    def __init__(self, slots: int) -> None:
        self._noise = np.zeros((slots, BANDS), np.float32)
        self._tones = np.zeros((slots, RESONANCES), np.float32)
        self._contour = np.ones(slots, np.float32)
        self._hz = np.zeros((slots, RESONANCES))
        self._turns = np.zeros((slots, RESONANCES))
        self._position = np.zeros(slots, np.int64)
        if slots:
            carriers()  # made now, not in the middle of a note

    def reset(self, slots: Sequence[int], places: Sequence[int]) -> None:
        """Begin in silence, the noise at `places` of its tables, in frames."""
        own = np.array(slots, np.int64)
        self._noise[own], self._tones[own], self._contour[own] = 0.0, 0.0, 1.0
        self._hz[own], self._turns[own] = 0.0, 0.0
        self.seek(slots, places)

    def seek(self, slots: Sequence[int], places: Sequence[int]) -> None:
        """Move the noise of `slots` to `places` of its tables, in frames."""
        self._position[np.array(slots, np.int64)] = np.array(places, np.int64) * HOP_SAMPLES

    def step(self, slots: Ints, rows: FloatArray, level_db: FloatArray) -> FloatArray:
        """The next frame of each of `slots` [active], each once: [active, 512].

        Args:
            slots: [active].
            rows: [active, 162].
            level_db: [active] level of the whole sound, pitched part included.
        """
        loud = unpitched_level_db(rows, level_db)[:, None]
        noise = _gains(rows[:, NOISE], loud).reshape(-1, STEPS, BANDS)
        tones = np.float32(np.sqrt(2.0)) * _gains(rows[:, LEVELS], loud).reshape(-1, STEPS, RESONANCES)
        contour = np.float32(10.0) ** (rows[:, CONTOUR] / np.float32(20.0))
        hz = np.minimum(note_to_hz(rows[:, NOTES].astype(np.float64)), NYQUIST_HZ)
        return (
            np.stack(
                [
                    self._frame(slot, noise[one], tones[one], hz[one], contour[one])
                    for one, slot in enumerate(slots.tolist())
                ]
            )
            if len(slots)
            else np.zeros((0, HOP_SAMPLES), np.float32)
        )

    def frames(self, slot: int, rows: FloatArray, level_db: FloatArray) -> FloatArray:
        """Several frames of one slot: `rows` [frames, 162], `level_db` [frames] -> [frames * 512]."""
        own = np.array([slot])
        return np.concatenate(
            [self.step(own, row[None], level[None])[0] for row, level in zip(rows, level_db, strict=True)]
        )

    def _frame(self, slot: int, noise: FloatArray, tones: FloatArray, hz: Doubles, contour: FloatArray) -> FloatArray:
        begin, moves = _lines(self._noise[slot], noise)
        audio = np.zeros((STEPS, STEP_SAMPLES), np.float32)
        for parity, (table, length) in enumerate(zip(carriers(), LENGTHS, strict=True)):
            at = self._position[slot] % length
            waves = table[:, at : at + HOP_SAMPLES].reshape(BANDS // 2, STEPS, STEP_SAMPLES)
            ends = np.stack([begin[:, parity::2], moves[:, parity::2]], axis=1)
            steady = ends @ waves.swapaxes(0, 1)
            audio += steady[:, 0] + STEP_RAMP * steady[:, 1]
        audio += self._sines(slot, tones, hz)
        lines = np.concatenate([self._contour[slot : slot + 1], contour])
        self._noise[slot], self._contour[slot] = noise[-1], contour[-1]
        self._position[slot] += HOP_SAMPLES
        if lines.min() == 1.0:
            return audio.reshape(HOP_SAMPLES)
        shape = lines[:-1, None] + PIECE_RAMP * (lines[1:] - lines[:-1])[:, None]
        return np.asarray((audio.reshape(PIECES, PIECE_SAMPLES) * shape).reshape(HOP_SAMPLES))

    def _sines(self, slot: int, tones: FloatArray, hz: Doubles) -> FloatArray:
        """The resonances of a frame, [2, 256]; their phases move on."""
        before = np.where(self._hz[slot] > 0, self._hz[slot], hz)
        begin, moves = _lines(self._tones[slot], tones)
        out = np.zeros((STEPS, STEP_SAMPLES), np.float32)
        if sounding := np.flatnonzero((begin + moves + begin).max(axis=0) > 0).tolist():
            first, moved = before[sounding, None], (hz - before)[sounding, None]
            turns = self._turns[slot, sounding, None] + first * PIECE_SECONDS + moved * PIECE_BENDS
            # within an eighth of a frame single precision is enough, and several times as fast
            starts = (2.0 * np.pi * (turns - np.floor(turns))).astype(np.float32)[..., None]
            speeds = ((first + moved * PIECE_MIDDLES) * (2.0 * np.pi / SAMPLE_RATE)).astype(np.float32)[..., None]
            waves = np.sin(starts + speeds * PIECE_SAMPLE).reshape(-1, STEPS, STEP_SAMPLES)
            gains = begin.T[sounding][..., None] + STEP_RAMP * moves.T[sounding][..., None]
            out = np.asarray((waves * gains).sum(axis=0))
        self._turns[slot] = (self._turns[slot] + (before + hz) / 2.0 * (HOP_SAMPLES / SAMPLE_RATE)) % 1.0
        self._tones[slot], self._hz[slot] = tones[-1], hz
        return out


def _gains(levels_db: FloatArray, loud_db: Doubles) -> FloatArray:
    """Amplitudes of levels [active, n] relative to `loud_db` [active, 1]; 0 at the lowest."""
    return np.where(levels_db > LOWEST_DB, 10.0 ** ((levels_db + loud_db) / 20.0), 0.0).astype(np.float32)


def _lines(before: FloatArray, ends: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where each of the steps begins, and by how much it rises, [2, n]; `before` [n] is the end of the last frame."""
    whole = np.concatenate([before[None], ends])
    return whole[:-1], whole[1:] - whole[:-1]
