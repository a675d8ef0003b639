"""Sink: the contract of every sink; and LiveSink, of those that set the pace."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from nsynth_lab.units import FloatArray


class LiveSink(Protocol):
    """What plays or sends blocks as they are made: `write` waits, so that they are made at the pace of the clock."""

    @property
    def block_samples(self) -> int:
        """Samples of each block."""

    @property
    def block_seconds(self) -> float:
        """The same in seconds."""

    @property
    def latency_seconds(self) -> float:
        """Time from writing a block to hearing it, as far as the sink knows."""

    @property
    def starving(self) -> bool:
        """Whether the next block is almost too late."""

    @property
    def away(self) -> bool:
        """Whether the device is lost."""

    @property
    def underruns(self) -> int:
        """Blocks that came too late."""

    def write(self, block: FloatArray) -> None:
        """Take the next block [2, block_samples], and wait until another is due."""

    def end(self) -> None:
        """No more blocks will come: running out of them is no underrun."""


class Sink(Protocol):
    """`with sink: sink.write(block)`; blocks are float32 [channels, samples] at 48 kHz."""

    def write(self, block: FloatArray) -> None:
        """Write the next block; the caller may reuse the array once this returns."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
