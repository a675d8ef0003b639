"""What the voices of `dsp.width_renderer` hear, and their filters, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.fma import fma
from nsynth_lab.compiled.resonators import BANKS, LANES, PARTS, resonate
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

F = np.float32
AT_ONCE = 32  # samples: no more than the shortest delay
SLOWER = 8  # times: the lower of the two sample rates
STATES = PARTS * LANES
MIDDLE, SIDE = 0, 1  # half the sum, half the difference
SILENT = F(1e-18)  # below it a resonator is at rest: numbers that are much smaller take longer
STEP = F(1.0 / HOP_SAMPLES)


class WidthState(NamedTuple):
    """The state of each slot, and what all share.

    Attributes:
        heard: [slots, 2048] its newest samples.
        slow: [slots, 1024] likewise, at an eighth of the sample rate.
        delays: [slots, n] what all-pass filters hold, one after the other.
        resonators: [slots, 6, 16].
        mixes: [slots, middle and side, before and after its next frame, 99] how its filters are mixed.
        turned: [slots, before and after] whether the middle is another than the voice.
        poles: [6, 16].
        low_pass: [taps] before samples are left out, symmetrical.
        delay_samples: [2, 3] of the all-pass filters before lower and higher copies.
        delay_gain: likewise.
    """

    heard: FloatArray
    slow: FloatArray
    delays: FloatArray
    resonators: FloatArray
    mixes: FloatArray
    turned: NDArray[np.bool_]
    poles: FloatArray
    low_pass: FloatArray
    delay_samples: Ints
    delay_gain: np.float32


@compiled
def hear(state: WidthState, slots: Ints, audio: FloatArray) -> None:
    """Let each of `slots` [active] hear a frame of `audio` [active, 512]; none comes twice."""
    for m in range(len(slots)):
        _hear(state.heard[slots[m]], state.slow[slots[m]], state.low_pass, audio[m])


@compiled
def _hear(heard: FloatArray, slow: FloatArray, taps: FloatArray, sound: FloatArray) -> None:
    _push(heard, sound)
    new, reach = HOP_SAMPLES // SLOWER, (HOP_SAMPLES + len(taps)) // SLOWER
    phases, out = np.empty((SLOWER, reach), np.float32), np.zeros(new, np.float32)
    begin = len(heard) - HOP_SAMPLES - len(taps) + SLOWER
    for i in range(reach - 1):
        for phase in range(SLOWER):
            phases[phase, i] = heard[begin + i * SLOWER + phase]
    for k in range(len(taps)):
        some = phases[k % SLOWER, k // SLOWER :]
        for i in range(new):
            out[i] = fma(taps[k], some[i], out[i])
    _push(slow, out)


@compiled
def _push(line: FloatArray, new: FloatArray) -> None:
    kept = len(line) - len(new)
    for i in range(kept):
        line[i] = line[i + len(new)]
    for i in range(len(new)):
        line[kept + i] = new[i]


@compiled
def widen(
    state: WidthState, slots: Ints, heard: NDArray[np.bool_], audio: FloatArray, middle: FloatArray, side: FloatArray
) -> None:
    """Half the sum and half the difference, `middle` and `side` [active, 512], of the next frame of each of `slots`.

    `audio` [active, 512] are the mono voices, `middle` copies of them, and those that are `heard` [active] have been.
    """
    sounds, delayed = np.empty((BANKS, HOP_SAMPLES), np.float32), np.empty(AT_ONCE, np.float32)
    before = np.empty((PARTS, LANES), np.float32)
    for m in range(len(slots)):
        slot, states, mixes = slots[m], state.resonators[slots[m]], state.mixes[slots[m]]
        if not heard[m]:
            _hear(state.heard[slot], state.slow[slot], state.low_pass, audio[m])
        held = 0
        for bank in range(BANKS):
            sounds[bank] = audio[m]
            if bank > 0:
                delays = state.delay_samples[bank - 1]
                _scatter(sounds[bank], delayed, delays, state.delay_gain, state.delays[slot, held:])
                for samples in delays:
                    held += samples
        if state.turned[slot, 0] or state.turned[slot, 1]:
            before[:] = states
            _mix(middle[m], before, state.poles, sounds, mixes[MIDDLE])
        _mix(side[m], states, state.poles, sounds, mixes[SIDE])
        mixes[:, 0] = mixes[:, 1]
        state.turned[slot, 0] = state.turned[slot, 1]
        _rest(state.delays[slot])
        for part in range(PARTS):
            _rest(states[part])


@compiled
def _scatter(sound: FloatArray, new: FloatArray, delays: Ints, gain: np.float32, held: FloatArray) -> None:
    """Send `sound` [512] through the all-pass filters: new = sound + gain old, out = old - gain new."""
    first = 0
    for samples in delays:
        line = np.empty(samples + HOP_SAMPLES, np.float32)
        line[:samples] = held[first : first + samples]
        for begin in range(0, HOP_SAMPLES, AT_ONCE):
            old, part = line[begin : begin + AT_ONCE], sound[begin : begin + AT_ONCE]
            for i in range(AT_ONCE):
                new[i] = fma(gain, old[i], part[i])
            for i in range(AT_ONCE):
                part[i] = fma(-gain, new[i], old[i])
            line[samples + begin : samples + begin + AT_ONCE] = new
        held[first : first + samples] = line[HOP_SAMPLES:]
        first += samples


@compiled
def _mix(out: FloatArray, states: FloatArray, poles: FloatArray, sounds: FloatArray, mixes: FloatArray) -> None:
    """`out` [512] of all resonators and of what they hear; `mixes` [2, 99] move in a straight line."""
    ends = np.empty((2, PARTS, LANES), np.float32)
    for part in range(PARTS):
        for lane in range(LANES):
            at = part * LANES + lane
            ends[0, part, lane], ends[1, part, lane] = mixes[0, at], mixes[1, at] - mixes[0, at]
    resonate(out, states, poles, sounds, ends)
    for heard in range(BANKS):
        begin, move = mixes[0, STATES + heard], mixes[1, STATES + heard] - mixes[0, STATES + heard]
        sound = sounds[heard]
        for i in range(HOP_SAMPLES):
            out[i] = fma(sound[i], fma(F(i + 1) * STEP, move, begin), out[i])


@compiled
def _rest(states: FloatArray) -> None:
    for i in range(len(states)):
        if abs(states[i]) < SILENT:
            states[i] = F(0.0)
