"""Compiled: loops in machine code, made for this machine when they are first called and kept for the next time.

The door to Numba. What is compiled here runs without the interpreter's lock, allocates little and does not check its
indices: whoever calls it sees to them. Weights may lie in halves (float16), as checkpoints keep them: a block's time
goes into reading them. Nothing here takes a number from elsewhere than this room and `units`, because what is kept is
made anew only when these change.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.extending import intrinsic

from nsynth_lab import messages, units

Function = TypeVar("Function", bound=Callable[..., Any])


def _kept_in() -> Path:
    """A folder of this version: Numba itself sees only the file of the function that is called, not what that calls.

    What other versions kept beside it goes.
    """
    here = Path(__file__).parent
    sources = sorted([*here.glob("*.py"), Path(units.__file__)])
    version = sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    kept = Path(config.CACHE_DIR or here / "__pycache__") / f"nsynth_lab-{version}"
    if not kept.exists():
        for other in kept.parent.glob("nsynth_lab-*"):
            if other != kept:  # which another process may just have made
                rmtree(other, ignore_errors=True)
    return kept


KEPT_IN = _kept_in()


def compiled(function: Function) -> Function:
    """`function` compiled; kept beside its source, or in the user's cache, where either can be written."""
    return _compiled(function)


def inlined(function: Function) -> Function:
    """The same, as a part of each function that calls it: to hand over tables costs more than to look something up."""
    return _compiled(function, forceinline=True)


def _compiled(function: Function, **more: bool) -> Function:
    # nothing of `fastmath`: a sum keeps its order and each of its roundings, however it is compiled (see `fused`)
    options = {"nogil": True, "error_model": "numpy", **more}
    usual = config.CACHE_DIR
    config.CACHE_DIR = str(KEPT_IN)
    try:
        made: Function = njit(cache=True, **options)(function)
    except RuntimeError:  # there is nowhere to keep it
        made = njit(**options)(function)
    finally:
        config.CACHE_DIR = usual
    return made


def is_kept() -> bool:
    """Whether this version has been compiled before, on this machine or one that left it there."""
    return any(KEPT_IN.rglob("*.nbc"))


def _in_place(function: Callable[[Any, Any], Any]) -> Callable[[Any], np.float32]:
    """An `intrinsic`, typed as what it is to those who call it."""
    made: Callable[[Any], np.float32] = intrinsic(function)
    return made


@_in_place
def from_bits(_context: Any, _bits: Any) -> Any:
    """The float32 that has these bits (int32)."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


if not is_kept():
    messages.emit("compiling the decoder for this machine, once; it takes half a minute")
