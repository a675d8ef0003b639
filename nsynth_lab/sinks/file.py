"""FileSink: blocks into a sound file, as long as they come."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from nsynth_lab.audio import AudioWriter
from nsynth_lab.units import FloatArray


class FileSink:
    """A sound file, written aside and renamed when the sink is left without an error.

    Attributes:
        samples: written so far.
        peak: of them.

    Raises:
        UsageError, AudioError: as `nsynth_lab.audio.write_audio`.
    """

    def __init__(self, path: str | Path, *, channels: int = 2, comment: str = "", force: bool = False) -> None:
        self._writer = AudioWriter(Path(path), channels=channels, comment=comment, force=force)
        self.samples = 0
        self.peak = 0.0

    def write(self, block: FloatArray) -> None:
        """Take the next block [channels, samples]."""
        self._writer.write(block)
        self.samples += block.shape[1]
        self.peak = max(self.peak, float(abs(block).max(initial=0.0)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close(keep=kind is None)
