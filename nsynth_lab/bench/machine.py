"""The machine: its hardware, and its peak rates of arithmetic and memory."""

from __future__ import annotations

import contextlib
import platform
from dataclasses import dataclass
from pathlib import Path

import torch

from nsynth_lab.bench.timing import seconds_of
from nsynth_lab.bench.work import Advance, Work
from nsynth_lab.threads import usable_processors

MATRIX_SIZE = {"cpu": 1024, "cuda": 8192}
READ_BYTES = 2**30
CACHED_BYTES = 2**24  # about as much as the weights of a decoder


@dataclass(frozen=True)
class Rates:
    """Peak rates of a device, each the best of several runs.

    Attributes:
        name: of the processor or GPU.
        matrix_gflops: float32 products of large square matrices, in 10^9 operations per second (a multiply and an add
            are two).
        matrix_bf16_gflops: the same in bfloat16.
        read_gb_s: reading 1 GiB of memory, in 10^9 bytes per second.
        cached_read_gb_s: reading the same 16 MiB repeatedly, much as each decoder step reads its weights.
    """

    name: str
    matrix_gflops: float
    matrix_bf16_gflops: float
    read_gb_s: float
    cached_read_gb_s: float


@dataclass(frozen=True)
class Machine:
    """The machine measured. `cores` is how many this process may use; `rates` were measured with `threads` threads."""

    processor: str
    cores: int
    system: str
    python: str
    torch: str
    threads: int
    device: str
    rates: Rates


def progress_steps(_work: Work) -> int:
    """Number of steps by which `measure` advances the progress bar."""
    return 1


def measure(work: Work, advance: Advance) -> Machine:
    """Describe the machine and measure its rates."""
    found = Machine(
        processor=processor_name(),
        cores=usable_processors(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        torch=torch.__version__,
        threads=torch.get_num_threads(),
        device=work.device,
        rates=device_rates(work.device, repeats=3 if work.quick else 8),
    )
    advance()
    return found


def device_rates(device: str, *, repeats: int) -> Rates:
    """Peak rates of the device `cpu`, with the current number of torch threads, or `cuda`."""
    return Rates(
        name=torch.cuda.get_device_name() if device == "cuda" else processor_name(),
        matrix_gflops=_matrix_gflops(device, torch.float32, repeats),
        matrix_bf16_gflops=_matrix_gflops(device, torch.bfloat16, repeats),
        read_gb_s=_read_gb_s(device, READ_BYTES, repeats),
        cached_read_gb_s=_read_gb_s(device, CACHED_BYTES, 8 * repeats),
    )


def processor_name() -> str:
    """Name of the processor, from the system."""
    with contextlib.suppress(OSError):  # Linux only
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _matrix_gflops(device: str, dtype: torch.dtype, repeats: int) -> float:
    size = MATRIX_SIZE[device]
    one, other = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(one)
    best = min(seconds_of(lambda: torch.mm(one, other, out=out), repeats=repeats, device=device))
    return 2.0 * size**3 / best / 1e9


def _read_gb_s(device: str, size_bytes: int, repeats: int) -> float:
    numbers = torch.ones(size_bytes // 4, device=device)
    return size_bytes / min(seconds_of(numbers.sum, repeats=repeats, device=device)) / 1e9
