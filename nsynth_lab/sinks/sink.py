"""The contract of every sink: a context manager that takes blocks."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from nsynth_lab.units import FloatArray


class Sink(Protocol):
    """`with sink: sink.write(block)`; blocks are float32 [channels, samples] at 48 kHz."""

    def write(self, block: FloatArray) -> None:
        """Take the next block; it may be used again once this returns."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
