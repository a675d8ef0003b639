"""Matrix products for compiled loops: a few rows by float16 or float32 weights.

A BLAS library repacks its operands for every product, which does not pay for the few rows of a block. Here the weights
are packed once, in panels in the order in which they are read, and part of a panel stays in the L1 cache while all rows
are multiplied by it.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.tiles import MAX_TILE_ROWS, PANEL, tile, width_of
from nsynth_lab.units import FloatArray

Float16Bits = NDArray[np.uint16]
Weights = Float16Bits | FloatArray
Kind = TypeVar("Kind", Float16Bits, FloatArray)

INPUTS_AT_ONCE = 64
ONE, TWO, THREE, FOUR, FIVE, SIX = (tile(rows) for rows in range(1, MAX_TILE_ROWS + 1))
WIDTHS = tuple(width_of(rows) for rows in range(MAX_TILE_ROWS + 1))


def float16_bits(weights: FloatArray) -> Float16Bits:
    """Weights as the bits of float16, the nearest there are."""
    return np.ascontiguousarray(weights, np.float16).view(np.uint16)


def whole_panels(columns: Kind) -> Kind:
    """`columns` [..., columns] padded with zeros to a whole number of panels."""
    missing = -columns.shape[-1] % PANEL
    return np.pad(columns, [(0, 0)] * (columns.ndim - 1) + [(0, missing)])


def in_panels(weights: Kind) -> Kind:
    """`weights` [inputs, columns] packed as [panels, inputs, 32]."""
    padded = whole_panels(weights)
    return np.ascontiguousarray(padded.reshape(len(weights), -1, PANEL).swapaxes(0, 1))


@compiled
def add_product(out: FloatArray, x: FloatArray, panels: Weights) -> None:
    """`out` [rows, panels * 32] += `x` [rows, inputs] @ the weights of `panels` [panels, inputs, 32].

    Columns of `x` beyond the inputs are ignored.
    """
    for p in range(len(panels)):
        add_panel(out[:, p * PANEL : (p + 1) * PANEL], x, panels[p])


@compiled
def add_panel(out: FloatArray, x: FloatArray, panel: Weights) -> None:
    """`out` [rows, 32] += `x` [rows, inputs] @ `panel` [inputs, 32].

    Weights that only meet zeros are skipped: the past of a note that begins is silence.
    """
    groups = (len(x) + MAX_TILE_ROWS - 1) // MAX_TILE_ROWS
    for begin in range(0, len(panel), INPUTS_AT_ONCE):
        weights = panel[begin : begin + INPUTS_AT_ONCE]
        for group in range(groups):
            first, last = len(x) * group // groups, len(x) * (group + 1) // groups
            some = x[first:last, begin : begin + len(weights)]
            if _any_nonzero(some):
                _add_rows(out[first:last], some, weights)


@compiled
def _any_nonzero(x: FloatArray) -> bool:
    for row in x:
        for k in range(len(row)):
            if row[k] != 0:
                return True
    return False


@compiled
def _add_rows(out: FloatArray, x: FloatArray, weights: Weights) -> None:
    """At most six rows; with many of them a panel is two tiles wide."""
    width = WIDTHS[len(x)]
    for begin in range(0, PANEL, width):
        part, some = out[:, begin:], weights[:, begin:]
        if len(x) == 6:
            SIX(part, x, some)
        elif len(x) == 5:
            FIVE(part, x, some)
        elif len(x) == 4:
            FOUR(part, x, some)
        elif len(x) == 3:
            THREE(part, x, some)
        elif len(x) == 2:
            TWO(part, x, some)
        else:
            ONE(part, x, some)
