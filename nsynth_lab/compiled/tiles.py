"""A tile of a matrix product in vector registers, written in LLVM's own language, which a loop in Python cannot say.

A few rows by half a panel or a whole one of weights: all sums stay in registers while the inputs go by (Goto and van
de Geijn 2008, "Anatomy of high-performance matrix multiplication"). Each sum is one chain of fused multiply-adds in
the order of the inputs, whatever the tile's shape and the width of the machine's vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nsynth_lab.compiled.fused import multiply_add
from nsynth_lab.units import FloatArray

PANEL = 32  # columns
LANES = 16 if binding.get_host_cpu_features().get("avx512f") else 8
MOST_SUMS = 12  # vectors: of sixteen registers, the others are for weights and inputs
MOST_ROWS = 6

FLOAT, HALF, BYTE = ir.FloatType(), ir.HalfType(), ir.IntType(8)
FLOATS, HALVES = ir.VectorType(FLOAT, LANES), ir.VectorType(HALF, LANES)
SIZE, INDEX = ir.IntType(64), ir.IntType(32)
FLOAT_BYTES = 4

Tile = Callable[[FloatArray, FloatArray, Any], None]


def width_of(rows: int) -> int:
    """Columns of a tile of so many rows."""
    return PANEL if rows * (PANEL // LANES) <= MOST_SUMS else PANEL // 2


def tile(rows: int) -> Tile:
    """`add(out, x, weights)` for compiled loops: `out` [rows, columns] += `x` [rows, inputs] @ `weights`.

    `weights` [inputs, columns] are float32, or the bits (uint16) of float16; of wider arrays the first columns count,
    of `x` the first inputs. Along the last axis all are contiguous.
    """

    def add(_context: Any, out: Any, x: Any, weights: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            arrays = [_Rows(context, builder, *pair) for pair in zip(signature.args, arguments, strict=True)]
            _Tile(builder, *arrays, rows=rows).emit()
            return context.get_dummy_value()

        return types.void(out, x, weights), generate

    made: Tile = intrinsic(add)
    return made


class _Rows:
    """Where an array's rows lie, and how its numbers are read."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        array = context.make_array(kind)(context, builder, value)
        self._builder = builder
        self._data = builder.bitcast(array.data, BYTE.as_pointer())
        self._stride = cgutils.unpack_tuple(builder, array.strides)[0]
        self.count = cgutils.unpack_tuple(builder, array.shape)[0]
        self.halves = kind.dtype == types.uint16

    def place(self, row: Any, column: Any, kind: Any) -> Any:
        """A pointer to what begins there."""
        builder, size = self._builder, FLOAT_BYTES // 2 if self.halves else FLOAT_BYTES
        offset = builder.add(builder.mul(self._stride, row), builder.mul(column, SIZE(size)))
        return builder.bitcast(builder.gep(self._data, [offset]), kind.as_pointer())

    def vector(self, row: Any, column: int) -> Any:
        """So many numbers as a vector has."""
        kind = HALVES if self.halves else FLOATS
        found = self._builder.load(self.place(row, SIZE(column), kind))
        found.align = FLOAT_BYTES // 2 if self.halves else FLOAT_BYTES
        return self._builder.fpext(found, FLOATS) if self.halves else found

    def everywhere(self, row: Any, column: Any) -> Any:
        """One number in all places of a vector."""
        one, nothing = self._builder.load(self.place(row, column, FLOAT)), ir.Constant(FLOATS, ir.Undefined)
        first = self._builder.insert_element(nothing, one, INDEX(0))
        return self._builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(INDEX, LANES), [0] * LANES))


class _Tile:
    """The code of one."""

    def __init__(self, builder: Any, out: _Rows, x: _Rows, weights: _Rows, *, rows: int) -> None:
        self._builder, self._out, self._x, self._weights = builder, out, x, weights
        self._rows, self._columns = range(rows), range(0, width_of(rows), LANES)
        self._sums = {
            (row, column): cgutils.alloca_once(builder, FLOATS) for row in self._rows for column in self._columns
        }

    def emit(self) -> None:
        """Sums come from `out`, inputs go by, sums go back."""
        for (row, column), kept in self._sums.items():
            self._builder.store(self._out.vector(SIZE(row), column), kept)
        with cgutils.for_range(self._builder, self._weights.count) as loop:
            self._add(loop.index)
        for (row, column), kept in self._sums.items():
            place = self._out.place(SIZE(row), SIZE(column), FLOATS)
            self._builder.store(self._builder.load(kept), place).align = FLOAT_BYTES

    def _add(self, k: Any) -> None:
        """What is fewer, rows or vectors of weights, is held; the other is read one after the other."""
        if len(self._columns) <= len(self._rows):
            held = [(column, self._weights.vector(k, column)) for column in self._columns]
            for row in self._rows:
                number = self._x.everywhere(SIZE(row), k)
                for column, weights in held:
                    self._multiply(row, column, number, weights)
        else:
            numbers = [(row, self._x.everywhere(SIZE(row), k)) for row in self._rows]
            for column in self._columns:
                weights = self._weights.vector(k, column)
                for row, number in numbers:
                    self._multiply(row, column, number, weights)

    def _multiply(self, row: int, column: int, number: Any, weights: Any) -> None:
        kept = self._sums[row, column]
        self._builder.store(multiply_add(self._builder, number, weights, self._builder.load(kept)), kept)
