"""Products and sums that are rounded once, where the source says so and nowhere else.

A compiler that may fuse as it likes fuses differently where a function is inlined and where it is called, and a
function that was just compiled is called by other ways than one that was kept: then the last bit of a sound depends on
what the cache holds. So nothing is fused by itself here, and what is worth it is written out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

# Processors of x86-64 before 2013 have no such instruction: there it is two, each rounded.
IN_ONE = binding.get_host_cpu_features().get("fma", True)

Fused = Callable[[np.float32, np.float32, np.float32], np.float32]


def multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """In LLVM's language: a * b + c of float32, or of vectors of them."""
    if not IN_ONE:
        return builder.fadd(builder.fmul(a, b), c)
    kind = a.type
    name = f"llvm.fma.v{kind.count}f32" if isinstance(kind, ir.VectorType) else "llvm.fma.f32"
    called = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind] * 3), name)
    return builder.call(called, [a, b, c])


def _fused(_context: Any, _a: Any, _b: Any, _c: Any) -> Any:
    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return multiply_add(builder, *arguments)

    return types.float32(types.float32, types.float32, types.float32), generate


fused: Fused = intrinsic(_fused)  # a * b + c, rounded once; for compiled loops
