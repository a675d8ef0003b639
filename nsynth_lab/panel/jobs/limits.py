"""Limits: what the process of a job may take, so that none makes the machine stand still. Source: getrlimit(2)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass

GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """What a job's process, and each that it starts, may take.

    Attributes:
        memory_bytes: of its own; what files and other processes share does not count.
        processor_seconds: on all processors together.
        file_bytes: of the largest file that it writes.
    """

    memory_bytes: int = 6 * GIB
    processor_seconds: int = 24 * 3600
    file_bytes: int = 16 * GIB

    def apply(self) -> None:
        """Limit this process; nothing where the system has no such limits."""
        try:
            import resource
        except ImportError:  # Windows
            return
        data = getattr(resource, "RLIMIT_DATA", None)
        for kind, most in (
            (data, self.memory_bytes),
            (resource.RLIMIT_CPU, self.processor_seconds),
            (resource.RLIMIT_FSIZE, self.file_bytes),
        ):
            if kind is None:
                continue
            with suppress(ValueError, OSError):  # the system's own limit is lower
                _, hard = resource.getrlimit(kind)
                resource.setrlimit(kind, (most if hard < 0 else min(most, hard), hard))

    def to_dict(self) -> dict[str, int]:
        """Plain values."""
        return asdict(self)
