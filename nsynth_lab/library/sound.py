"""Sound, which a notebook plays, and Picture, which it shows."""

from __future__ import annotations

import base64
import io
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.errors import AudioError
from nsynth_lab.units import FloatArray, gain_to_db
from nsynth_lab.wording import in_python

SHOWN_SECONDS = 60.0  # 15 MB of a notebook, in stereo
FULL_SCALE = 32_767


@dataclass(frozen=True, init=False, repr=False)
class Sound(Audio):
    """A sound: as the last line of a notebook's cell it becomes a player.

    Made by `Model.blend`, `decode` and `render`; or from an array of your own, to be encoded or blended:
    `Sound(samples, sample_rate)`.

    Attributes:
        samples: float32 [channels, samples], full scale at +-1. A mono array [samples] may be given too.
        sample_rate: in Hz; what this library makes has 48,000.

    Raises:
        AudioError: another shape, whole numbers, or no rate.

    >>> Sound(np.zeros(24_000), 48_000)
    Sound(float32 [1, 24000], 48000 Hz, 0.50 s)
    """

    def __init__(self, samples: NDArray[np.floating[Any]], sample_rate: int) -> None:
        """The rate has no default: arrays from elsewhere have other rates than ours."""
        if not isinstance(sample_rate, int | np.integer) or sample_rate <= 0:
            raise AudioError(f"sample rate {sample_rate}; expected a whole number of Hz, such as 48000")
        super().__init__(_by_channel(samples), int(sample_rate))

    @in_python()
    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write it to a sound file; the ending chooses the format: .wav, .flac, .aiff (24 bits), .ogg or .mp3.

        Args:
            path: the file.
            force: whether a file that exists is replaced.

        Returns:
            The path.

        Raises:
            UsageError: unknown ending, missing folder, or the file exists and `force` was not said.
            AudioError: it cannot be written.
        """
        return write_audio(path, self, force=force)

    def plot(self, *, title: str = "") -> Picture:
        """Its spectrogram: levels in dB below the loudest, on a logarithmic frequency axis; stereo as the mean.

        Raises:
            MissingError: matplotlib is not installed.
        """
        from nsynth_lab.picture import Panel, spectrogram_png

        return Picture(spectrogram_png([Panel(title, self.mono(), self.sample_rate)]))

    def __repr__(self) -> str:
        channels, samples = self.samples.shape
        return f"Sound(float32 [{channels}, {samples}], {self.sample_rate} Hz, {self.seconds:.2f} s)"

    def _repr_html_(self) -> str:
        """A player with the sound inside, as 16-bit WAV: of a long one the first minute."""
        told = [f"{self.seconds:.2f} s", f"peak {gain_to_db(self.peak):.1f} dBFS"]
        if self.peak > 1.0:
            told.append("turned down to full scale in this player")
        if self.seconds > SHOWN_SECONDS:
            told.append(f"the first {SHOWN_SECONDS:.0f} s are in this player")
        data = base64.b64encode(self._wav()).decode("ascii")
        player = f'<audio controls src="data:audio/wav;base64,{data}"></audio>'
        return f"<div>{player}<br><small>{'; '.join(told)}</small></div>"

    def _wav(self) -> bytes:
        """The beginning as a WAV file: 16 bits, without dither, turned down where it exceeds full scale."""
        shown = self.samples[:, : int(SHOWN_SECONDS * self.sample_rate)]
        loud = max(1.0, float(np.abs(shown).max(initial=0.0)))
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(len(shown))
            file.setsampwidth(2)
            file.setframerate(self.sample_rate)
            file.writeframes((shown.T * (FULL_SCALE / loud)).round().astype("<i2").tobytes())
        return out.getvalue()


@dataclass(frozen=True, repr=False)
class Picture:
    """A picture: as the last line of a notebook's cell it is shown.

    Attributes:
        png: the bytes of its PNG file.
    """

    png: bytes

    @in_python()
    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write it to a .png file.

        Args:
            path: the file.
            force: whether a file that exists is replaced.

        Raises:
            UsageError: another ending, missing folder, or the file exists and `force` was not said.
        """
        from nsynth_lab.picture import write_png

        return write_png(path, self.png, force=force)

    def __repr__(self) -> str:
        return f"Picture({len(self.png):,} bytes of PNG)"

    def _repr_png_(self) -> bytes:
        return self.png


def _by_channel(samples: object) -> FloatArray:
    """An array as [channels, samples], float32.

    Raises:
        AudioError: it cannot be a sound.
    """
    given: NDArray[Any] = np.asarray(samples)
    if not np.issubdtype(given.dtype, np.floating):
        raise AudioError(
            f"samples are {given.dtype}; expected floating point with full scale at +-1, as in samples / 32768"
        )
    channels = given[None] if given.ndim == 1 else given
    if channels.ndim != 2 or not 1 <= len(channels) <= max(1, channels.shape[1]):
        turned = "; give samples.T" if channels.ndim == 2 and channels.size else ""
        raise AudioError(f"samples have the shape {given.shape}; expected [channels, samples]{turned}")
    return np.ascontiguousarray(channels, np.float32)
