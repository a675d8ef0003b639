"""On which device to compute. Where no graphics card can be used, this is found out without importing torch."""

from __future__ import annotations

import ctypes
import os
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

from nsynth_lab.errors import UsageError

CUDA_DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}  # as torch loads it
ROCM_DRIVER = Path("/dev/kfd")
VISIBLE = "CUDA_VISIBLE_DEVICES"


def pick_device(name: str) -> str:
    """The device for 'cpu', 'cuda' or 'auto' (CUDA if available).

    Raises:
        UsageError: another name, or CUDA is not available.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"device '{name}'; expected auto, cpu or cuda")
    if name == "cpu":
        return "cpu"
    if is_cuda_possible() and _is_available():
        return "cuda"
    if name == "cuda":
        raise UsageError("no CUDA device can be used on this machine; use --compute cpu (see `nsynth-lab doctor`)")
    return "cpu"


def is_cuda_possible() -> bool:
    """False where torch will certainly find no device: none is to be seen, no driver, or a torch without CUDA."""
    if os.environ.get(VISIBLE) in ("", "-1"):
        return False
    return (_loads(CUDA_DRIVERS.get(sys.platform, "")) or ROCM_DRIVER.exists()) and _is_built_for_cards()


def _is_available() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _loads(library: str) -> bool:
    """Whether the system has this library; loading it does nothing to a card."""
    if not library:
        return False
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _is_built_for_cards() -> bool:
    """Whether torch is installed and built with CUDA or ROCm; true if that cannot be found out."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    try:
        version = runpy.run_path(str(Path(spec.origin).with_name("version.py")))
        return bool(version["cuda"] or version["hip"])
    except (OSError, KeyError, SyntaxError):  # torch of another version
        return True
