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
        path: where it will lie.
        samples: written so far.
        peak: of them.

    Raises:
        UsageError, AudioError: as `nsynth_lab.audio.write_audio`.
    """

    def __init__(self, path: str | Path, *, channels: int = 2, comment: str = "", force: bool = False) -> None:
        self.path = Path(path)
        self._writer = AudioWriter(self.path, channels=channels, comment=comment, force=force)
        self.samples = 0
        self.peak = 0.0

    def write(self, block: FloatArray) -> None:
        """Take the next block [channels, samples]."""
        self._writer.write(block)
        self.samples += block.shape[1]
        self.peak = max(self.peak, float(abs(block).max(initial=0.0)))

    def rescue(self) -> bool:
        """Once a block could not be written: keep those before it as a whole file; False where there are none."""
        return self._writer.rescue()

    def close(self, *, keep: bool = True) -> None:
        """Finish: the file is there, or with `keep` not set nothing of it. Where that fails, `rescue`."""
        self._writer.close(keep=keep)
        self._writer.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._writer.close(keep=kind is None)
        finally:
            self._writer.discard()
