"""Noise and resonances of `dsp.unpitched_renderer`, compiled; bands and sines that are silent take no time."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nsynth_lab.compiled import compiled, inlined
from nsynth_lab.compiled.fma import fma
from nsynth_lab.compiled.maths import cosine_and_sine, exp
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, Ints, note_to_hz

F = np.float32
STEPS, PIECES = 2, 8  # of a frame: ends of levels, and of the contour
STEP_SAMPLES, PIECE_SAMPLES = HOP_SAMPLES // STEPS, HOP_SAMPLES // PIECES
STEP_SHARE, PIECE_SHARE = F(1.0 / STEP_SAMPLES), F(1.0 / PIECE_SAMPLES)
NEPERS_PER_DB, ROOT_TWO = F(math.log(10.0) / 20.0), F(math.sqrt(2.0))
NYQUIST_HZ = 0.45 * SAMPLE_RATE

_hz = inlined(note_to_hz)


class UnpitchedState(NamedTuple):
    """The state of each slot.

    Attributes:
        noise, tones: [slots, 64] and [slots, 8] amplitudes at the end of its last frame.
        contour: [slots] likewise.
        hz, turns: [slots, 8] frequencies of the resonances, 0 before the first frame, and their phases.
        position: [slots] in the tables of noise.
    """

    noise: FloatArray
    tones: FloatArray
    contour: FloatArray
    hz: Doubles
    turns: Doubles
    position: Ints


class UnpitchedFrames(NamedTuple):
    """One frame each of some voices, [active, ...]; levels are relative to `loud_db`, and silent at `lowest_db`.

    Attributes:
        loud_db: [active].
        noise_db, tones_db: [active, 2 * 64] and [active, 2 * 8].
        contour_db: [active, 8].
        notes: [active, 8] of the resonances, fractional note numbers.
    """

    loud_db: FloatArray
    noise_db: FloatArray
    tones_db: FloatArray
    contour_db: FloatArray
    notes: FloatArray
    lowest_db: float


@compiled
def add_unpitched(
    state: UnpitchedState,
    even: FloatArray,
    odd: FloatArray,
    slots: Ints,
    frames: UnpitchedFrames,
    audio: FloatArray,
    share: int,
    shares: int,
) -> None:
    """Add the next frames of `slots` [active] to `audio` [active, 512]; a slot may come several times.

    `even` and `odd` [32, length + 512] are the noises of the bands. Of all slots, those are done whose number leaves
    `share` when it is divided by `shares`: so threads share them.
    """
    sound = np.empty(HOP_SAMPLES, np.float32)
    noise = np.empty((STEPS + 1, state.noise.shape[1]), np.float32)
    tones = np.empty((STEPS + 1, state.tones.shape[1]), np.float32)
    for m in range(len(slots)):
        slot = slots[m]
        if slot % shares != share:
            continue
        _find_gains(noise, state.noise[slot], frames.noise_db[m], frames.loud_db[m], frames.lowest_db, F(1.0))
        _find_gains(tones, state.tones[slot], frames.tones_db[m], frames.loud_db[m], frames.lowest_db, ROOT_TWO)
        sound[:] = F(0.0)
        for parity in range(2):
            table = odd if parity else even
            at = state.position[slot] % (table.shape[1] - HOP_SAMPLES)
            for band in range(len(table)):
                _add_noise(sound, table[band], at, noise[:, 2 * band + parity])
        state.position[slot] += HOP_SAMPLES
        for one in range(tones.shape[1]):
            hz = min(_hz(float(frames.notes[m, one])), NYQUIST_HZ)
            _add_sine(sound, state, slot, one, hz, tones[:, one])
        state.contour[slot] = _add_shaped(audio[m], sound, state.contour[slot], frames.contour_db[m])


@compiled
def _find_gains(
    gains: FloatArray, last: FloatArray, levels_db: FloatArray, loud_db: np.float32, lowest_db: float, scale: np.float32
) -> None:
    """Amplitudes [3 points of the frame, n], the first of them from `last` [n], which is moved on."""
    count = len(last)
    for i in range(count):
        gains[0, i] = last[i]
        for step in range(STEPS):
            level = levels_db[step * count + i]
            gain = scale * exp((level + loud_db) * NEPERS_PER_DB) if level > lowest_db else F(0.0)
            gains[step + 1, i] = gain
        last[i] = gains[STEPS, i]


@compiled
def _add_noise(sound: FloatArray, wave: FloatArray, at: int, gains: FloatArray) -> None:
    """Add a band to `sound` [512]: `wave` from `at` on, at `gains` [3]."""
    for step in range(STEPS):
        begin, move = gains[step], gains[step + 1] - gains[step]
        if begin == 0 and move == 0:
            continue
        target = sound[step * STEP_SAMPLES : (step + 1) * STEP_SAMPLES]
        source = wave[at + step * STEP_SAMPLES : at + (step + 1) * STEP_SAMPLES]
        for i in range(STEP_SAMPLES):
            target[i] = fma(source[i], fma(F(i + 1) * STEP_SHARE, move, begin), target[i])


@compiled
def _add_sine(sound: FloatArray, state: UnpitchedState, slot: int, one: int, hz: float, gains: FloatArray) -> None:
    """Add a resonance to `sound` [512] whose frequency moves to `hz`, at `gains` [3]; its phase moves on."""
    before = state.hz[slot, one] if state.hz[slot, one] > 0 else hz
    turns, moved = state.turns[slot, one], hz - before
    if gains[0] > 0 or gains[1] > 0 or gains[2] > 0:
        for piece in range(PIECES):
            first = piece * PIECE_SAMPLES
            start = turns + first / SAMPLE_RATE * (before + moved * first / (2.0 * HOP_SAMPLES))
            speed = (before + moved * (first + PIECE_SAMPLES / 2.0) / HOP_SAMPLES) / SAMPLE_RATE
            step = first // STEP_SAMPLES
            begin, move = gains[step], gains[step + 1] - gains[step]
            target, since = sound[first : first + PIECE_SAMPLES], first - step * STEP_SAMPLES
            for i in range(PIECE_SAMPLES):
                at = start + speed * (i + 1)
                _, wave = cosine_and_sine(F(at - np.floor(at)))
                target[i] = fma(wave, fma(F(since + i + 1) * STEP_SHARE, move, begin), target[i])
    after = turns + (before + hz) / 2.0 * (HOP_SAMPLES / SAMPLE_RATE)
    state.turns[slot, one], state.hz[slot, one] = after - np.floor(after), hz


@compiled
def _add_shaped(audio: FloatArray, sound: FloatArray, last: np.float32, contour_db: FloatArray) -> np.float32:
    """Add `sound` [512] to `audio` with its contour, which begins at `last`; returns where that ends."""
    for piece in range(PIECES):
        gain = exp(contour_db[piece] * NEPERS_PER_DB)
        target = audio[piece * PIECE_SAMPLES : (piece + 1) * PIECE_SAMPLES]
        source = sound[piece * PIECE_SAMPLES : (piece + 1) * PIECE_SAMPLES]
        move = gain - last
        for i in range(PIECE_SAMPLES):
            target[i] = fma(source[i], fma(F(i + 1) * PIECE_SHARE, move, last), target[i])
        last = gain
    return last
