"""SoundFormat: the format of a sound file besides its extension: sample rate, bits, channels, quality."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.errors import UsageError
from nsynth_lab.units import SAMPLE_RATE

STDOUT = Path("-")  # as the name of a sound file: a WAV file to stdout
RATES = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
HIGHEST_MP3_RATE = 48_000  # MPEG-1 layer III
CHANNELS = {"": 0, "mono": 1, "stereo": 2}
MOST_QUALITY, SMALLEST = 10.0, 0.99
LOSSY = (".ogg", ".mp3")
_SUBTYPES: dict[str, dict[str, str | None]] = {  # libsndfile's names, by extension and bits
    ".wav": {"": "PCM_24", "16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"},
    ".aiff": {"": "PCM_24", "16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"},
    ".aif": {"": "PCM_24", "16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"},
    ".flac": {"": "PCM_24", "16": "PCM_16", "24": "PCM_24"},
    ".ogg": {"": "VORBIS"},
    ".mp3": {"": None},
}
ENDINGS = tuple(_SUBTYPES)
DITHERED = "PCM_16"


@dataclass(frozen=True)
class SoundFormat:
    """The format of a sound file. By default: 48 kHz, the bits usual for its extension, the sound's own channels.

    Attributes:
        sample_rate: in Hz, one of `RATES`.
        bits: `16` (dithered), `24` or `32f` (floating point); empty for the default of the extension.
        channels: `mono`, `stereo`, or empty for the sound's own.
        quality: of Ogg Vorbis and MP3, from 0 (small) to 10 (best); None for the encoder's default.

    Raises:
        UsageError: an invalid value.
    """

    sample_rate: int = SAMPLE_RATE
    bits: str = ""
    channels: str = ""
    quality: float | None = None

    def __post_init__(self) -> None:
        if self.sample_rate not in RATES:
            raise UsageError(f"--rate {self.sample_rate}; expected one of {', '.join(map(str, RATES))} Hz")
        if self.bits not in _SUBTYPES[".wav"]:
            raise UsageError(f"--bits {self.bits}; expected 16, 24 or 32f")
        if self.channels not in CHANNELS:
            raise UsageError(f"--channels {self.channels}; expected mono or stereo")
        if self.quality is not None and not 0 <= self.quality <= MOST_QUALITY:
            raise UsageError(f"--quality {self.quality:g}; expected 0 to {MOST_QUALITY:g}")

    def check(self, ending: str) -> None:
        """Check that files with this extension support the format; unknown extensions are not checked.

        Raises:
            UsageError: they do not.
        """
        if ending in ENDINGS:
            self.subtype(ending)

    def subtype(self, ending: str) -> str | None:
        """Libsndfile's name for the sample format in a file with this extension; None if it has none.

        Raises:
            UsageError: files with this extension do not support the format.
        """
        known = _SUBTYPES[ending]
        if self.bits not in known:
            can = [bits for bits in known if bits]
            raise UsageError(f"--bits {self.bits}: a {ending} file has {' or '.join(can) or 'none to choose'}")
        if ending == ".mp3" and self.sample_rate > HIGHEST_MP3_RATE:
            raise UsageError(f"--rate {self.sample_rate}: an .mp3 file has {HIGHEST_MP3_RATE} Hz at most")
        if self.quality is not None and ending not in LOSSY:
            raise UsageError(f"--quality is for {' and '.join(LOSSY)}; a {ending} file loses nothing")
        return known[self.bits]

    @property
    def bytes_per_value(self) -> int:
        """Bytes per sample value in uncompressed files."""
        return {"16": 2, "32f": 4}.get(self.bits, 3)

    @property
    def compression_level(self) -> float | None:
        """`quality` on libsndfile's scale: 0 is best; 1, the smallest, is not accepted by its MP3 encoder."""
        return None if self.quality is None else SMALLEST * (1 - self.quality / MOST_QUALITY)

    def channels_of(self, count: int) -> int:
        """Number of channels in the file for a sound of `count` channels."""
        return CHANNELS[self.channels] or count
