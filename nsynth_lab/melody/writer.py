"""The writer: what it expects of a tune's next note, for several tunes side by side. NumPy alone.

    memory = writer.begin(8)                                          eight tunes
    state = writer.hear(memory, told, conditions)                     before each note
    durations = writer.durations(state)                               scores, for the caller to choose by
    pitches = writer.pitches(state, duration)
    flags = writer.flags(state, duration, pitch)

The twin of `train.melody.writer_net.WriterNet`, a note at a time; a test holds one to the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from nsynth_lab.melody.draft import LOOKS, RUNS
from nsynth_lab.melody.steps import NO_DURATION, NO_PITCH
from nsynth_lab.melody.writer_shape import EPSILON, HEADS, LAYERS, LONGEST_PERIOD, SHORTEST_PERIOD, WIDTH
from nsynth_lab.units import FloatArray, Ints

HEAD = WIDTH // HEADS
ALONE = 4 * 65536  # multiplications that OpenBLAS does on one thread
REMEMBERED = 288  # notes, as many as it was trained on
_TOLD = ("pitch", "duration", "position", "bar")
_CONDITIONS = ("metre", "mode", "style")


class Memory:
    """What attention looks back on: the last notes of several tunes, in keys and values for each layer."""

    def __init__(self, tunes: int) -> None:
        shape = (LAYERS, tunes, HEADS, 2 * REMEMBERED, HEAD)
        self.keys, self.values = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.held = 0  # notes in it
        self.heard = 0  # notes since the beginning

    def repeated(self, tunes: int) -> Memory:
        """The memory of the one tune in it, for so many that go on from there."""
        found = Memory(0)
        found.keys, found.values = (np.repeat(one, tunes, axis=1) for one in (self.keys, self.values))
        found.held, found.heard = self.held, self.heard
        return found

    def make_room(self) -> None:
        """Forget the oldest notes before the arrays are full."""
        if self.held < 2 * REMEMBERED:
            return
        for array in (self.keys, self.values):
            array[..., :REMEMBERED, :] = array[..., REMEMBERED:, :].copy()
        self.held = REMEMBERED


class Writer:
    """The trained writer."""

    def __init__(self, weights: Mapping[str, FloatArray]) -> None:
        self._told = _part_of(weights, "told.")
        self._looks = _look_tables(weights)
        self._look_bias = weights["look.bias"]
        self._blocks = [_part_of(weights, f"blocks.{layer}.") for layer in range(LAYERS)]
        self._norm = weights["norm.weight"]
        self._weights = weights
        periods = np.logspace(math.log10(SHORTEST_PERIOD), math.log10(LONGEST_PERIOD), HEAD // 2)
        self._turning = (2 * np.pi / periods).astype(np.float32)

    def begin(self, tunes: int) -> Memory:
        """An empty memory for so many tunes."""
        return Memory(tunes)

    def hear(self, memory: Memory, told: Sequence[Sequence[int]], conditions: Ints) -> FloatArray:
        """What is thought before the next note [tunes, WIDTH].

        Args:
            memory: of the notes so far; the note before is added to it.
            told: for each tune `draft.row` of its context, bars left in the section, whether it is the last.
            conditions: [tunes, 3] metre, mode and style.
        """
        rows = np.asarray(told)
        x = sum(self._told[name][rows[:, place]] for place, name in enumerate(_TOLD))
        x = x + self._told["left"][rows[:, -2]] + self._told["last"][rows[:, -1]] + self._look_bias
        for place, name in enumerate(_CONDITIONS):
            x = x + self._told[name][conditions[:, place]]
        looks = rows[:, 4:-2]
        x = np.asarray(x + self._looks[np.arange(3 * LOOKS), looks].sum(1), np.float32)
        memory.make_room()
        angle = memory.heard * self._turning
        cos, sin = np.cos(angle), np.sin(angle)
        held = memory.held
        for layer, block in enumerate(self._blocks):
            asked = product(_normed(x, block["before"]), block["ask"])
            query, key, value = np.moveaxis(asked.reshape(len(x), 3, HEADS, HEAD), 1, 0)
            query, key = (_turned(_normed(one), cos, sin) for one in (query, key))
            memory.keys[layer, :, :, held], memory.values[layer, :, :, held] = key, value
            keys, values = (one[layer, :, :, : held + 1] for one in (memory.keys, memory.values))
            first = max(0, held + 1 - REMEMBERED)
            scores = (keys[:, :, first:] @ query[..., None])[..., 0] / math.sqrt(HEAD)
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            shares /= shares.sum(-1, keepdims=True)
            heard = (shares[:, :, None] @ values[:, :, first:])[:, :, 0]
            x = x + product(heard.reshape(len(x), WIDTH), block["answer"])
            opened = np.maximum(product(_normed(x, block["between"]), block["up"]), 0.0)
            x = x + product(opened * opened, block["down"])
        memory.held += 1
        memory.heard += 1
        return _normed(x, self._norm)

    def durations(self, state: FloatArray) -> FloatArray:
        """Log-probabilities [tunes, durations]."""
        return log_softmax(self._linear("to_duration", state))

    def pitches(self, state: FloatArray, duration: Ints) -> FloatArray:
        """Log-probabilities [tunes, pitches and the rest] once durations are chosen."""
        x = state + self._weights["given_duration.weight"][duration]
        return log_softmax(self._linear("to_pitch", x + gelu(self._linear("for_pitch", x))))

    def flags(self, state: FloatArray, duration: Ints, pitch: Ints) -> FloatArray:
        """Log-probabilities [tunes, flags] once durations and pitches are chosen."""
        x = state + self._weights["given_duration.weight"][duration] + self._weights["given_pitch.weight"][pitch]
        return log_softmax(self._linear("to_flag", x + gelu(self._linear("for_flag", x))))

    def _linear(self, name: str, x: FloatArray) -> FloatArray:
        return product(x, self._weights[f"{name}.weight"]) + self._weights[f"{name}.bias"]


def product(x: FloatArray, matrix: FloatArray) -> FloatArray:
    """Rows [rows, n] times a matrix [m, n], a few rows at a time, and never one alone.

    Larger products wake the threads of BLAS, and so do single rows. Beside a busy program these wait for each other:
    twenty drafts took 25 s instead of 2 s.
    """
    most = max(2, ALONE // matrix.size)
    if len(x) == 1:
        return np.asarray((np.concatenate([x, x]) @ matrix.T)[:1], np.float32)
    if len(x) <= most:
        return np.asarray(x @ matrix.T, np.float32)
    parts = [x[begin : begin + most] for begin in range(0, len(x), most)]
    return np.concatenate([product(part, matrix) for part in parts])


def log_softmax(scores: FloatArray) -> FloatArray:
    """Scores as log-probabilities along the last axis."""
    moved = scores - scores.max(-1, keepdims=True)
    return np.asarray(moved - np.log(np.exp(moved).sum(-1, keepdims=True)), np.float32)


def _part_of(weights: Mapping[str, FloatArray], begins: str) -> dict[str, FloatArray]:
    """The weights whose names begin so, by what stands between that and `.weight`."""
    return {
        name.removeprefix(begins).removesuffix(".weight"): value
        for name, value in weights.items()
        if name.startswith(begins)
    }


def _look_tables(weights: Mapping[str, FloatArray]) -> FloatArray:
    """[3 * LOOKS, most values, WIDTH]: what each look back adds, for each value that it may find."""
    sizes = (NO_PITCH + 1, NO_DURATION + 1, RUNS)
    found = np.zeros((3 * LOOKS, max(sizes), WIDTH), np.float32)
    look, begin = weights["look.weight"], 0
    for part, (name, size) in enumerate(zip(("seen_pitch", "seen_duration", "seen_run"), sizes, strict=True)):
        table = weights[f"{name}.weight"]
        wide = table.shape[1]
        for place in range(LOOKS):
            matrix = look[:, begin + place * wide : begin + (place + 1) * wide]
            found[part * LOOKS + place, :size] = table[place * size : (place + 1) * size] @ matrix.T
        begin += LOOKS * wide
    return found


def _normed(x: FloatArray, weight: FloatArray | float = 1.0) -> FloatArray:
    squares = np.add.reduce(x * x, axis=-1, keepdims=True)  # what `mean` does, in a third of its time
    return np.asarray(x / np.sqrt(squares / np.float32(x.shape[-1]) + EPSILON) * weight, np.float32)


def _turned(x: FloatArray, cos: FloatArray, sin: FloatArray) -> FloatArray:
    one, two = x[..., : HEAD // 2], x[..., HEAD // 2 :]
    return np.concatenate([one * cos - two * sin, one * sin + two * cos], -1)


def gelu(x: FloatArray) -> FloatArray:
    """The Gaussian error linear unit, by its usual approximation with a hyperbolic tangent."""
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))), np.float32)
