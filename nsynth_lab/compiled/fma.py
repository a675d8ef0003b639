"""Fused multiply-add: a product and a sum with one rounding, only where the source asks for it.

A compiler that may fuse freely does so differently in inlined code and in called code, and freshly compiled functions
are called differently from cached ones: the last bit of a sound would then depend on the cache. So the compiler fuses
nothing by itself, and every fused operation is written out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

# x86-64 before 2013 has no such instruction: there it takes two operations, each rounded
HAS_FMA = binding.get_host_cpu_features().get("fma", True)

Fma = Callable[[np.float32, np.float32, np.float32], np.float32]


def multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """LLVM code for a * b + c of float32, or of vectors of them."""
    if not HAS_FMA:
        return builder.fadd(builder.fmul(a, b), c)
    kind = a.type
    name = f"llvm.fma.v{kind.count}f32" if isinstance(kind, ir.VectorType) else "llvm.fma.f32"
    called = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind] * 3), name)
    return builder.call(called, [a, b, c])


def _fma(_context: Any, _a: Any, _b: Any, _c: Any) -> Any:
    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return multiply_add(builder, *arguments)

    return types.float32(types.float32, types.float32, types.float32), generate


fma: Fma = intrinsic(_fma)  # a * b + c of float32 with one rounding, for compiled loops
