"""Sink: the contract of every sink."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from nsynth_lab.units import FloatArray


class Sink(Protocol):
    """`with sink: sink.write(block)`; blocks are float32 [channels, samples] at 48 kHz."""

    def write(self, block: FloatArray) -> None:
        """Write the next block; the caller may reuse the array once this returns."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
