"""Probes of the program itself: Python, arithmetic, the model, presets, and the folders that it writes to."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from nsynth_lab.doctor.probe import ProbeError
from nsynth_lab.folders import HOME, cache_folder, data_folder
from nsynth_lab.resources import PACKAGE, default_checkpoint, factory_presets, is_installed
from nsynth_lab.threads import usable_processors
from nsynth_lab.version import __version__

FREE_GIB_NEEDED = 1.0
OTHER_HOME = f"name a folder that can be written, for all that is yours: {HOME}=FOLDER"


def python() -> str:
    """Tell which Python this is, and where it is."""
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.prefix}"


def program() -> str:
    """Tell which version of the program this is, and where it is."""
    return f"{__version__}, {'installed in' if is_installed() else 'in the checkout'} {PACKAGE.parent}"


def torch_works() -> str:
    """Check that torch multiplies correctly, and list its devices."""
    import torch

    product = float((torch.ones(8, 8) @ torch.ones(8, 8)).sum())
    if product != 512.0:
        raise ProbeError(f"torch {torch.__version__} multiplies wrongly ({product} for 512)", "install torch again")
    devices = [f"cuda: {torch.cuda.get_device_name(n)}" for n in range(torch.cuda.device_count())]
    devices += ["mps"] * torch.backends.mps.is_available()
    processors = f"{usable_processors()} of {os.cpu_count()} processors"
    devices += [f"cpu: {torch.get_num_threads()} threads, {processors}, {_cpu_arithmetic()}"]
    return f"torch {torch.__version__}; " + "; ".join(devices)


def _cpu_arithmetic() -> str:
    import torch

    flags = ""
    with contextlib.suppress(OSError):  # Linux only
        flags = Path("/proc/cpuinfo").read_text()
    if "amx_bf16" in flags:
        return "AMX: bf16 convolutions run 3 to 6 times as fast as fp32"
    if "avx512_bf16" in flags:
        return "AVX-512 bf16"
    return f"{torch.backends.cpu.get_cpu_capability()}, no fast bf16"


def torchaudio_works() -> str:
    """Check that torchaudio resamples."""
    import torch
    import torchaudio

    torchaudio.functional.resample(torch.zeros(1, 480), 48_000, 16_000)
    return f"torchaudio {torchaudio.__version__}"


def compiled_loops() -> str:
    """Check that Numba compiles, and tell where compiled code is cached."""
    import numpy as np

    from nsynth_lab.compiled import CACHE_FOLDER, IS_KEPT
    from nsynth_lab.compiled.maths import exp

    found = float(exp(np.float32(1.0)))
    if abs(found - 2.7182817) > 1e-5:
        raise ProbeError(f"numba {version('numba')} compiles wrongly (e came out as {found})", "install numba again")
    if not IS_KEPT:
        raise ProbeError(f"they work, but {CACHE_FOLDER} cannot be written: they are compiled every time", OTHER_HOME)
    return f"numba {version('numba')}, llvmlite {version('llvmlite')}; kept in {CACHE_FOLDER}"


def checkpoint() -> str:
    """Check that the default model is complete, and that its bank was made with its weights."""
    from nsynth_lab.model.bank import load_bank
    from nsynth_lab.model.checkpoint import load_checkpoint

    folder = default_checkpoint()
    found = examine_checkpoint(folder)
    weights, bank = load_checkpoint(folder), load_bank(folder)
    if bank.model_id != weights.model_id:
        raise ProbeError(f"{found}; the bank belongs to other weights", how_to_restore(folder))
    return f"{found}; model {weights.model_id}, {len(bank.entries)} instruments"


def examine_checkpoint(folder: Path) -> str:
    """A summary of a checkpoint folder from its files' headers.

    Raises:
        ProbeError: a file is missing, truncated, or not safetensors.
    """
    from safetensors import SafetensorError, safe_open

    found = []
    for name in ("weights.safetensors", "bank.safetensors"):
        path = folder / name
        if not path.is_file():
            raise ProbeError(f"{path} is missing", how_to_restore(path))
        try:
            with safe_open(str(path), framework="numpy") as file:
                tensors = len(list(file.keys()))
        except (SafetensorError, OSError) as error:
            raise ProbeError(f"{path} is damaged: {error}", how_to_restore(path)) from error
        found.append(f"{name} {tensors} tensors, {_mib(path.stat().st_size)}")
    return f"{folder}: " + "; ".join(found)


def how_to_restore(path: Path) -> str:
    """How to get a file back that comes with the program."""
    if is_installed():
        return "install it again: pip install --force-reinstall --no-deps nsynth-lab"
    return f"restore it: git checkout -- {path}"


def presets_are_read() -> str:
    """Count the presets, and check that all can be read."""
    from nsynth_lab.patch.library import files_in, presets

    folder = factory_presets()
    if not files_in(folder):
        raise ProbeError(f"{folder} has no presets", how_to_restore(folder))
    found = presets()
    if wrong := [entry.key for entry in found if entry.patch is None]:
        raise ProbeError(f"these cannot be read: {', '.join(wrong[:4])}", "see why: nsynth-lab preset check")
    own = sum(entry.path.parent != folder for entry in found)
    return f"{folder}: {len(found) - own} presets, and {own} of your own"


def your_files() -> str:
    """Tell where the user's own files are, how large they are, and check that the folders can be written."""
    data, caches = data_folder(), cache_folder()
    for folder in (data, caches):
        nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
            raise ProbeError(f"{folder} cannot be written", OTHER_HOME)
    kept = _size_bytes(data) - (_size_bytes(caches) if caches.is_relative_to(data) else 0)
    return (
        f"{data}: your presets and instruments, {_mib(kept)}; {caches}: caches, which may be deleted, "
        f"{_mib(_size_bytes(caches))}; uninstalling leaves both"
    )


def _size_bytes(folder: Path) -> int:
    """The size of all files in a folder; 0 if it does not exist."""
    return sum((Path(place) / name).lstat().st_size for place, _, names in os.walk(folder) for name in names)


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.1f} MiB"


def disk() -> str:
    """Tell how much disk space is free."""
    places = {"here": Path.cwd(), "temporary files": Path(tempfile.gettempdir())}
    free = {name: shutil.disk_usage(place).free / 2**30 for name, place in places.items()}
    told = ", ".join(f"{name} {gib:.1f} GiB free" for name, gib in free.items())
    if min(free.values()) < FREE_GIB_NEEDED:
        raise ProbeError(told, f"free some space: below {FREE_GIB_NEEDED:.0f} GiB long commands may fail")
    return told
