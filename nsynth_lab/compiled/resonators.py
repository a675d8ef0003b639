"""Three banks of sixteen complex resonators, generated as LLVM code: their states stay in vector registers for a frame.

Each sample needs the one before it, so no resonator can work on several at once: the sixteen are a vector's lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nsynth_lab.compiled.fma import multiply_add
from nsynth_lab.units import FloatArray

LANES = 16
BANKS = 3
PARTS = 2 * BANKS  # the real parts of all, a bank after the other, then the imaginary parts
FLOAT, FLOATS, INDEX, SIZE = ir.FloatType(), ir.VectorType(ir.FloatType(), LANES), ir.IntType(32), ir.IntType(64)
FLOAT_BYTES = 4

Resonate = Callable[[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray], None]


def _resonate(_context: Any, out: Any, states: Any, poles: Any, sounds: Any, mixes: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, arguments, strict=True)
        ]
        _Banks(builder, *(builder.bitcast(one.data, FLOAT.as_pointer()) for one in arrays)).emit(
            cgutils.unpack_tuple(builder, arrays[0].shape)[0]
        )
        return context.get_dummy_value()

    return types.void(out, states, poles, sounds, mixes), generate


class _Banks:
    """Emits the loop over samples. All arrays are contiguous; see `resonate`."""

    def __init__(self, builder: Any, out: Any, states: Any, poles: Any, sounds: Any, mixes: Any) -> None:
        self._builder, self._out, self._states, self._sounds = builder, out, states, sounds
        self._kept = [cgutils.alloca_once(builder, FLOATS) for _ in range(PARTS)]
        self._poles = [self._vector(poles, part) for part in range(PARTS)]
        self._mixes = [self._vector(mixes, part) for part in range(2 * PARTS)]

    def emit(self, count: Any) -> None:
        """Hear `count` samples, from the states that are given to those that they leave."""
        builder = self._builder
        for part, kept in enumerate(self._kept):
            builder.store(self._vector(self._states, part), kept)
        step = builder.fdiv(ir.Constant(FLOAT, 1.0), builder.uitofp(count, FLOAT))
        along = cgutils.alloca_once_value(builder, ir.Constant(FLOAT, 0.0))
        with cgutils.for_range(builder, count) as loop:
            now = builder.fadd(builder.load(along), step)
            builder.store(now, along)
            mixed = self._mixed(loop.index, count, self._everywhere(now))
            builder.store(self._total(mixed), builder.gep(self._out, [loop.index]))
        for part, kept in enumerate(self._kept):
            builder.store(builder.load(kept), self._place(self._states, part)).align = FLOAT_BYTES

    def _mixed(self, index: Any, count: Any, along: Any) -> Any:
        """Move all resonators on by a sample; what they add to the output, lane by lane."""
        builder, mixed = self._builder, ir.Constant(FLOATS, [0.0] * LANES)
        for bank in range(BANKS):
            place = builder.add(index, builder.mul(count, SIZE(bank)))
            sound = builder.load(builder.gep(self._sounds, [place]))
            pole, turn = self._poles[bank], self._poles[BANKS + bank]
            real, imaginary = (builder.load(self._kept[part]) for part in (bank, BANKS + bank))
            new_real = multiply_add(builder, pole, real, self._everywhere(sound))
            new_real = multiply_add(builder, builder.fneg(turn), imaginary, new_real)
            new_imaginary = multiply_add(builder, turn, real, builder.fmul(pole, imaginary))
            for part, new in ((bank, new_real), (BANKS + bank, new_imaginary)):
                builder.store(new, self._kept[part])
                mix = multiply_add(builder, along, self._mixes[PARTS + part], self._mixes[part])
                mixed = multiply_add(builder, mix, new, mixed)
        return mixed

    def _total(self, vector: Any) -> Any:
        """The sum of all lanes, halves added to each other."""
        builder, lanes = self._builder, LANES
        while lanes > 1:
            lanes //= 2
            nothing = ir.Constant(vector.type, ir.Undefined)
            halves = [
                builder.shuffle_vector(
                    vector, nothing, ir.Constant(ir.VectorType(INDEX, lanes), [*range(first, first + lanes)])
                )
                for first in (0, lanes)
            ]
            vector = builder.fadd(*halves)
        return builder.extract_element(vector, INDEX(0))

    def _everywhere(self, number: Any) -> Any:
        nothing = ir.Constant(FLOATS, ir.Undefined)
        first = self._builder.insert_element(nothing, number, INDEX(0))
        return self._builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(INDEX, LANES), [0] * LANES))

    def _place(self, array: Any, row: int) -> Any:
        return self._builder.bitcast(self._builder.gep(array, [SIZE(row * LANES)]), FLOATS.as_pointer())

    def _vector(self, array: Any, row: int) -> Any:
        found = self._builder.load(self._place(array, row))
        found.align = FLOAT_BYTES
        return found


# `resonate(out, states, poles, sounds, mixes)` for compiled loops: `out` [samples] of the three banks. `states` and
# `poles` [6, 16]: real parts of all banks, then imaginary parts. Each bank hears its row of `sounds`
# [3, samples]. `mixes` [2, 6, 16] are the factors of the states' parts in the output: before the first
# sample, and how far they move from there to the last. All are contiguous.
resonate: Resonate = intrinsic(_resonate)
