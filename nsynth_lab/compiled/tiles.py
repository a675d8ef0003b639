"""The kernel of a matrix product, generated as LLVM code: a tile of sums that stays in vector registers.

A tile is a few rows by half a panel or a whole panel of weights; all its sums stay in registers while the inputs are
read (Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication"). Each sum is one chain of fused
multiply-adds in the order of the inputs, whatever the shape of the tile and the vector width of the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nsynth_lab.compiled.fma import multiply_add
from nsynth_lab.units import FloatArray

PANEL = 32  # columns
LANES = 16 if binding.get_host_cpu_features().get("avx512f") else 8
MAX_SUMS = 12  # vector registers for sums; of sixteen, the others hold weights and inputs
MAX_TILE_ROWS = 6

FLOAT, HALF, BYTE = ir.FloatType(), ir.HalfType(), ir.IntType(8)
FLOATS, HALVES = ir.VectorType(FLOAT, LANES), ir.VectorType(HALF, LANES)
SIZE, INDEX = ir.IntType(64), ir.IntType(32)
FLOAT_BYTES = 4

Tile = Callable[[FloatArray, FloatArray, Any], None]


def width_of(rows: int) -> int:
    """Columns of a tile with this many rows."""
    return PANEL if rows * (PANEL // LANES) <= MAX_SUMS else PANEL // 2


def tile(rows: int) -> Tile:
    """`add(out, x, weights)` for compiled loops: `out` [rows, columns] += `x` [rows, inputs] @ `weights`.

    `weights` [inputs, columns] are float32, or the bits (uint16) of float16. Arrays may be wider: the first columns are
    used, of `x` the first inputs. All are contiguous along the last axis.
    """

    def add(_context: Any, out: Any, x: Any, weights: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            arrays = [_Matrix(context, builder, *pair) for pair in zip(signature.args, arguments, strict=True)]
            _Tile(builder, *arrays, rows=rows).emit()
            return context.get_dummy_value()

        return types.void(out, x, weights), generate

    made: Tile = intrinsic(add)
    return made


class _Matrix:
    """An array in memory: pointers into it, and vectors read from it."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        array = context.make_array(kind)(context, builder, value)
        self._builder = builder
        self._data = builder.bitcast(array.data, BYTE.as_pointer())
        self._stride = cgutils.unpack_tuple(builder, array.strides)[0]
        self.count = cgutils.unpack_tuple(builder, array.shape)[0]
        self.is_float16 = kind.dtype == types.uint16

    def pointer(self, row: Any, column: Any, kind: Any) -> Any:
        """Pointer to the element at `row`, `column`."""
        builder, size = self._builder, FLOAT_BYTES // 2 if self.is_float16 else FLOAT_BYTES
        offset = builder.add(builder.mul(self._stride, row), builder.mul(column, SIZE(size)))
        return builder.bitcast(builder.gep(self._data, [offset]), kind.as_pointer())

    def vector(self, row: Any, column: int) -> Any:
        """A vector of numbers from `row`, `column` on, as float32."""
        kind = HALVES if self.is_float16 else FLOATS
        found = self._builder.load(self.pointer(row, SIZE(column), kind))
        found.align = FLOAT_BYTES // 2 if self.is_float16 else FLOAT_BYTES
        return self._builder.fpext(found, FLOATS) if self.is_float16 else found

    def broadcast(self, row: Any, column: Any) -> Any:
        """One number repeated in every lane of a vector."""
        one, nothing = self._builder.load(self.pointer(row, column, FLOAT)), ir.Constant(FLOATS, ir.Undefined)
        first = self._builder.insert_element(nothing, one, INDEX(0))
        return self._builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(INDEX, LANES), [0] * LANES))


class _Tile:
    """Emits the code of one tile."""

    def __init__(self, builder: Any, out: _Matrix, x: _Matrix, weights: _Matrix, *, rows: int) -> None:
        self._builder, self._out, self._x, self._weights = builder, out, x, weights
        self._rows, self._columns = range(rows), range(0, width_of(rows), LANES)
        self._sums = {
            (row, column): cgutils.alloca_once(builder, FLOATS) for row in self._rows for column in self._columns
        }

    def emit(self) -> None:
        """Load the sums from `out`, add the product, store them back."""
        for (row, column), kept in self._sums.items():
            self._builder.store(self._out.vector(SIZE(row), column), kept)
        with cgutils.for_range(self._builder, self._weights.count) as loop:
            self._add(loop.index)
        for (row, column), kept in self._sums.items():
            pointer = self._out.pointer(SIZE(row), SIZE(column), FLOATS)
            self._builder.store(self._builder.load(kept), pointer).align = FLOAT_BYTES

    def _add(self, k: Any) -> None:
        """Add input `k`: the shorter of rows and weight vectors is kept in registers, the other is read one by one."""
        if len(self._columns) <= len(self._rows):
            held = [(column, self._weights.vector(k, column)) for column in self._columns]
            for row in self._rows:
                number = self._x.broadcast(SIZE(row), k)
                for column, weights in held:
                    self._multiply(row, column, number, weights)
        else:
            numbers = [(row, self._x.broadcast(SIZE(row), k)) for row in self._rows]
            for column in self._columns:
                weights = self._weights.vector(k, column)
                for row, number in numbers:
                    self._multiply(row, column, number, weights)

    def _multiply(self, row: int, column: int, number: Any, weights: Any) -> None:
        kept = self._sums[row, column]
        self._builder.store(multiply_add(self._builder, number, weights, self._builder.load(kept)), kept)
