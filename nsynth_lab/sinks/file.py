"""FileSink: writes blocks to a sound file."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from nsynth_lab.audio import USUAL_FORMAT, Audio, AudioWriter
from nsynth_lab.sinks.conversion import Conversion
from nsynth_lab.sound_format import SoundFormat
from nsynth_lab.units import FloatArray


class FileSink:
    """A sound file, written to a temporary file that is renamed when the sink is left without an error.

    Attributes:
        path: the file.
        samples: number written so far.
        peak: their highest absolute value.

    Raises:
        UsageError, AudioError: as `nsynth_lab.audio.write_audio`.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        channels: int = 2,
        sound_format: SoundFormat = USUAL_FORMAT,
        comment: str = "",
        force: bool = False,
    ) -> None:
        self.path = Path(path)
        self._conversion = Conversion(sound_format, ending=self.path.suffix.lower(), channels=channels)
        self._writer = AudioWriter(
            self.path, channels=self._conversion.channels, sound_format=sound_format, comment=comment, force=force
        )
        self.samples = 0
        self.peak = 0.0

    def write(self, block: FloatArray) -> None:
        """Append the next block [channels, samples]."""
        self._writer.write(self._conversion.process(block))
        self.samples += block.shape[1]
        self.peak = max(self.peak, float(abs(block).max(initial=0.0)))

    def rescue(self) -> bool:
        """After a failed write: finish the file with the blocks written before it. False if there are none."""
        return self._writer.rescue()

    def close(self, *, keep: bool = True) -> None:
        """Finish the file, or without `keep` remove it. If finishing fails, call `rescue`."""
        if keep:
            self._writer.write(self._conversion.finish())
        self._writer.close(keep=keep)
        self._writer.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close(keep=kind is None)
        finally:
            self._writer.discard()


def write_sound(path: str | Path, audio: Audio, sound_format: SoundFormat, *, comment: str, force: bool) -> Path:
    """Write a sound at 48 kHz in `sound_format`; with the default format, the file is the same as from `write_audio`.

    Raises:
        UsageError, AudioError: as `nsynth_lab.audio.write_audio`.
    """
    channels = len(audio.samples)
    with FileSink(path, channels=channels, sound_format=sound_format, comment=comment, force=force) as sink:
        sink.write(audio.samples)
    return sink.path
