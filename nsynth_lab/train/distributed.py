"""One run on several processes, started by PyTorch's own torchrun; and Ctrl-C, which all of them obey at one step.

    torchrun --nproc-per-node 4 -m nsynth_lab train notes/ -o runs/mine

Each process computes its rows of every batch. The loss of a batch is a sum over rows divided by a count over all rows.
So each process computes its share of that loss, denominators are summed over all processes, and the gradients of the
shares add up to the gradient that a single process would compute.

Gradients are summed in one flat tensor instead of with DistributedDataParallel, which wraps one module that is called
once per step: here encoder and decoder are called separately.
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType

import torch
from torch import Tensor, distributed
from torch.nn import Parameter

from nsynth_lab.errors import TrainingError, UsageError

# The default of half an hour is too short: the first process may take longer to prepare many notes. If a process dies,
# torchrun ends the others.
TIMEOUT = timedelta(days=1)


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of a run: the rank of this one, and how many there are."""

    rank: int = 0
    size: int = 1

    @property
    def is_leader(self) -> bool:
        """Whether this is the process that writes files and prints."""
        return self.rank == 0

    def rows(self, count: int) -> slice:
        """This process's share of `count` rows.

        >>> ProcessGroup(rank=1, size=2).rows(8)
        slice(4, 8, None)
        """
        share = count // self.size
        return slice(self.rank * share, (self.rank + 1) * share)

    def all_sum(self, value: Tensor) -> Tensor:
        """The sum of `value` over all processes.

        Gradients are summed as well, so a loss that every process computes from the sum must be divided by `size`.
        """
        if self.size == 1:
            return value
        from torch.distributed.nn import functional

        summed: Tensor = functional.all_reduce(value)  # type: ignore[no-untyped-call]
        return summed

    def sum_gradients(self, parameters: Iterable[Parameter]) -> None:
        """Replace every gradient by its sum over all processes."""
        if self.size == 1:
            return
        gradients = [value.grad for value in parameters if value.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        for gradient, part in zip(gradients, torch.split(flat, [one.numel() for one in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def broadcast(self, value: bool, device: torch.device) -> bool:
        """The first process's `value`."""
        if self.size == 1:
            return value
        shared = torch.tensor(float(value), device=device)
        distributed.broadcast(shared, 0)
        return bool(shared)

    def wait(self) -> None:
        """Wait until all processes have reached this point."""
        if self.size > 1:
            distributed.barrier()


SINGLE_PROCESS = ProcessGroup()


def torchrun_group() -> ProcessGroup:
    """The processes that torchrun has started; without torchrun, only this one."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return SINGLE_PROCESS
    return ProcessGroup(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))


@contextmanager
def connected(group: ProcessGroup, device: str) -> Iterator[None]:
    """Connects the processes of `group` within the block: with NCCL between GPUs, one per process, else with Gloo.

    Raises:
        UsageError: more processes on this machine than GPUs.
        TrainingError: another process has ended.
    """
    if group.size == 1:
        yield
        return
    if device == "cuda":
        asked, gpus = int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count()
        if asked > gpus:
            raise UsageError(f"torchrun started {asked} processes for {gpus} GPUs; use at most one process per GPU")
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # Its functions keep, as a default, the group of the time of their import. Were that this one, it would outlive
    # `destroy_process_group`, and its threads might then abort the process while Python closes down.
    importlib.import_module("torch.distributed.nn.functional")
    distributed.init_process_group("nccl" if device == "cuda" else "gloo", timeout=TIMEOUT)
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, distributed.DistError) or "gloo" in str(error):
            raise TrainingError("another process of this run has ended, so this one ends too") from error
        raise
    finally:
        distributed.destroy_process_group()


@contextmanager
def deferred_interrupts(*, at_most: float) -> Iterator[list[int]]:
    """Within the block, Ctrl-C only adds an entry to the list it yields; after `at_most` entries, it interrupts.

    So a step is never interrupted half-way. Outside the main thread, which alone receives signals, nothing changes.
    """
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    before = signal.getsignal(signal.SIGINT)

    def record(number: int, _frame: FrameType | None) -> None:
        if len(pressed) >= at_most:
            raise KeyboardInterrupt
        pressed.append(number)

    signal.signal(signal.SIGINT, record)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
