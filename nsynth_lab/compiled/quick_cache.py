"""Numba's cache on disk, loaded without everything that compiling needs.

Before Numba looks into its cache it gets ready to compile: it imports a hundred modules of its own, SciPy's linear
algebra and a parser of C. That takes longer than all the loading, and is for nothing where the machine code is there.
Cached code needs the functions of Numba's runtime (memory, arrays from and to Python) and no more. Where there is
nothing to load, the compiler gets ready by itself.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
from llvmlite import binding
from numba.core.caching import FunctionCache

# A function that cached code calls and that nobody has named to LLVM ends the process. What Numba 0.68 compiles calls
# those named below and others that it names when it is imported (`nm --undefined-only` of the code); 0.61 and 0.65 load
# and run likewise. A newer one loads its cache in its own way until somebody has looked.
LAST_LOOKED_AT = (0, 68)


class QuickCache(FunctionCache):  # type: ignore[misc]
    """The cache of one function, in the folder and the form of Numba's own."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The machine code for arguments of these types; None where it has to be compiled."""
        if not _name_runtime():
            return super().load_overload(sig, target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


@cache
def _name_runtime() -> bool:
    """Tell LLVM where the functions of Numba's runtime are, as getting ready to compile does; whether it was done."""
    if tuple(map(int, numba.__version__.split(".")[:2])) > LAST_LOOKED_AT:
        return False
    from numba.core.runtime import _nrt_python

    for name, address in _nrt_python.c_helpers.items():
        binding.add_symbol(name if name.startswith("_") else f"NRT_{name}", address)
    return True
