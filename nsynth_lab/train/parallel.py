"""One run on several processes, started by PyTorch's own torchrun; alone, nothing of it is used.

    torchrun --nproc-per-node 4 -m nsynth_lab train notes/ -o runs/mine

Each process takes its rows of every batch. The loss of a batch is a sum over rows divided by what counts over all
rows: so each process computes its share of that loss, sums that stand in a denominator are taken over all of them, and
the gradients of the shares add up to the gradient one process would have had.

Gradients go through one flat tensor, not through DistributedDataParallel: that wraps one module called once a step,
while encoder, decoder and critics are called each by itself and the critics take a step of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed
from torch.nn import Parameter

from nsynth_lab.errors import TrainingError, UsageError

# Preparing many notes takes the first process longer than the half hour that others would wait. Should one of them
# die, torchrun ends the rest.
LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True)
class World:
    """The processes of a run: this one's number, and how many there are."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes, shows and listens."""
        return self.rank == 0

    def rows(self, count: int) -> slice:
        """Which of `count` rows are this process's.

        >>> World(rank=1, size=2).rows(8)
        slice(4, 8, None)
        """
        share = count // self.size
        return slice(self.rank * share, (self.rank + 1) * share)

    def total(self, value: Tensor) -> Tensor:
        """The sum of every process's `value`.

        Its gradient is summed likewise: what every process computes from it has to be divided by their number.
        """
        if self.size == 1:
            return value
        from torch.distributed.nn import functional

        summed: Tensor = functional.all_reduce(value)  # type: ignore[no-untyped-call]
        return summed

    def average(self, value: Tensor) -> Tensor:
        """The mean of every process's `value`."""
        return self.total(value) / self.size

    def add_gradients(self, parameters: Iterable[Parameter]) -> None:
        """Replace every gradient by the sum of all processes'."""
        if self.size == 1:
            return
        gradients = [value.grad for value in parameters if value.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        for gradient, part in zip(gradients, torch.split(flat, [one.numel() for one in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def agreed(self, value: bool, device: torch.device) -> bool:
        """What the first process says."""
        if self.size == 1:
            return value
        said = torch.tensor(float(value), device=device)
        distributed.broadcast(said, 0)
        return bool(said)

    def wait(self) -> None:
        """Until all processes have come this far."""
        if self.size > 1:
            distributed.barrier()


ALONE = World()


def started() -> World:
    """The processes that torchrun has started; alone without it."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return ALONE
    return World(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))


@contextmanager
def joined(world: World, device: str) -> Iterator[None]:
    """Connects the processes of `world` while the block lasts.

    NCCL carries it between GPUs, one a process, and gloo between CPUs.

    Raises:
        UsageError: more processes on this machine than GPUs.
        TrainingError: another process has ended.
    """
    if world.size == 1:
        yield
        return
    if device == "cuda":
        asked, gpus = int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count()
        if asked > gpus:
            raise UsageError(f"torchrun started {asked} processes here and there are {gpus} GPUs: one a GPU, at most")
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device == "cuda" else "gloo", timeout=LONGEST_WAIT)
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, distributed.DistError) or "gloo" in str(error):
            raise TrainingError("another process of this run has ended, and this one with it") from error
        raise
    finally:
        distributed.destroy_process_group()
