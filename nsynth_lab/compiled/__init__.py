"""Compiled: inner loops in machine code, compiled for this machine at their first call and cached for the next time.

    voices       pitch, envelope and clock of every voice: its next frame, as numbers
    zones        the table of all zones of a blend's instruments; zone_reader, how a voice reads its layers from it
    inputs       streams -> inputs of the control net; stack, its WaveNet layers; outputs, what its outputs mean
    controls     the control net, all three together
    oscillators  the bank of partials; noise, the filtered noise; excitation, both driven by the control net
    mixing       frames of all voices added up into the mix
    products     matrix products of few rows; tiles, their kernels in LLVM; fma and maths, the arithmetic they share

This is the door to Numba. Compiled loops release the interpreter's lock, allocate little and do not check their
indices: that is up to the caller. Weights may be float16, as in checkpoints, because most of a block's time goes into
reading them. Constants come from this room and `units` alone: the cache is keyed to the text of these files.
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


def _cache_folder() -> Path:
    """The cache folder of this version. Numba alone would notice a change in the called file, not in what that calls.

    Caches of other versions beside it are removed.
    """
    here = Path(__file__).parent
    sources = sorted([*here.glob("*.py"), Path(units.__file__)])
    version = sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    cache = Path(config.CACHE_DIR or here / "__pycache__") / f"nsynth_lab-{version}"
    if not cache.exists():
        for other in cache.parent.glob("nsynth_lab-*"):
            if other != cache:  # another process may just have made it
                rmtree(other, ignore_errors=True)
    return cache


CACHE_FOLDER = _cache_folder()


def compiled(function: Function) -> Function:
    """`function` compiled, without the interpreter's lock; cached beside its source or in the user's cache folder."""
    return _compiled(function)


def inlined(function: Function) -> Function:
    """As `compiled`, but inlined into its callers: passing whole tables costs more than a look-up in them."""
    return _compiled(function, forceinline=True)


def _compiled(function: Function, **more: bool) -> Function:
    # no `fastmath`: sums keep their order and their rounding, however they are compiled (see `fma`)
    options = {"nogil": True, "error_model": "numpy", **more}
    usual = config.CACHE_DIR
    config.CACHE_DIR = str(CACHE_FOLDER)
    try:
        made: Function = njit(cache=True, **options)(function)
    except RuntimeError:  # no folder can be written
        made = njit(**options)(function)
    finally:
        config.CACHE_DIR = usual
    return made


def is_cached() -> bool:
    """Whether this version has been compiled before, on this machine or on one that shares its cache."""
    return any(CACHE_FOLDER.rglob("*.nbc"))


def _typed_intrinsic(function: Callable[[Any, Any], Any]) -> Callable[[Any], np.float32]:
    """An `intrinsic` with the type that its callers see."""
    made: Callable[[Any], np.float32] = intrinsic(function)
    return made


@_typed_intrinsic
def from_bits(_context: Any, _bits: Any) -> Any:
    """The float32 with these bits (int32)."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


if not is_cached():
    messages.emit("compiling the decoder for this machine, once; it takes half a minute")
