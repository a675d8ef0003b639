"""Compiled: inner loops in machine code, compiled for this machine at their first call and cached for the next time.

    voices       pitch, envelope and clock of every voice: its next frame, as numbers
    zones        the table of all zones of a blend's instruments; zone_reader, how a voice reads its layers from it
    inputs       streams -> inputs of the control net; stack, its WaveNet layers; outputs, what its outputs mean
    controls     the control net, all three together
    oscillators  the bank of partials; noise, the filtered noise; excitation, both driven by the control net
    bank_slope   the gradient of the bank, for fitting
    unpitched    noise and resonances of sounds without a pitch
    width        stereo voices: their filters, made of resonators, and width_gains, how these are mixed
    mixing       frames of all voices added up into the mix
    pitch        maxima of an autocorrelation, for the follower of tunes
    products     matrix products of few rows; tiles, their kernels in LLVM; fma and maths, the arithmetic they share

This is the door to Numba. Compiled loops release the interpreter's lock, allocate little and do not check their
indices: that is up to the caller. Weights may be float16, as in checkpoints, because most of a block's time goes into
reading them. Constants come from this room and `units` alone: the cache is keyed to the text of these files.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryFile
from typing import Any, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.extending import intrinsic

from nsynth_lab import messages, units
from nsynth_lab.compiled.quick_cache import QuickCache
from nsynth_lab.errors import MissingError
from nsynth_lab.folders import cache_folder
from nsynth_lab.resources import is_installed

Function = TypeVar("Function", bound=Callable[..., Any])


def _cache_folder() -> Path:
    """The cache folder of this version. Numba alone would notice a change in the called file, not in what that calls.

    Caches of other versions beside it are removed.
    """
    here = Path(__file__).resolve().parent
    sources = sorted([*here.glob("*.py"), Path(units.__file__)])
    version = sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    cache = Path(config.CACHE_DIR or _caches_of(here)) / f"nsynth_lab-{version}"
    if not cache.exists():
        for other in cache.parent.glob("nsynth_lab-*"):
            if other != cache:  # another process may just have made it
                rmtree(other, ignore_errors=True)
    return cache


def _caches_of(package: Path) -> Path:
    """Where the compiled code of this folder is kept: in a checkout beside the source, else with the user's caches.

    There each install has a folder of its own. An installed package is not written to: it may belong to somebody else,
    and what is added to it outlives its removal.
    """
    beside = package / "__pycache__"
    if not is_installed() and _is_writable(beside):
        return beside
    try:
        return cache_folder() / "compiled" / sha256(os.fsencode(package)).hexdigest()[:12]
    except MissingError:  # platformdirs, which finds the user's caches, is not installed
        return beside


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


CACHE_FOLDER = _cache_folder()
IS_KEPT = _is_writable(CACHE_FOLDER)


def compiled(function: Function) -> Function:
    """`function` compiled, without the interpreter's lock, and kept in `CACHE_FOLDER`."""
    return _compiled(function)


def inlined(function: Function) -> Function:
    """As `compiled`, but inlined into its callers: passing whole tables costs more than a look-up in them."""
    return _compiled(function, forceinline=True)


def _compiled(function: Function, **more: bool) -> Function:
    # no `fastmath`: sums keep their order and their rounding, however they are compiled (see `fma`)
    # only Python calls these loops, and one another: none needs a wrapper for C
    made: Any = njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True, **more)(function)
    if IS_KEPT:
        usual = config.CACHE_DIR
        config.CACHE_DIR = str(CACHE_FOLDER)
        try:
            made._cache = QuickCache(function)  # as `njit(cache=True)` does with Numba's own
        finally:
            config.CACHE_DIR = usual
    return cast("Function", made)


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
    if IS_KEPT:
        messages.emit("compiling the decoder for this machine, once; it takes half a minute")
    else:
        messages.emit(
            f"compiling the decoder, which takes half a minute; it will be compiled again the next time, because "
            f"{CACHE_FOLDER} cannot be written"
        )
