"""A clip as a file: WAV with everything that samplers read in it, or FLAC."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.pack.formats.wav import pcm, wav_bytes
from nsynth_lab.pack.formats.zones import About, Zone
from nsynth_lab.units import FloatArray

LONGEST_SECONDS = 120.0


def write_clip(
    path: Path, samples: FloatArray, zone: Zone, about: About, *, sample_rate: int, bits: int
) -> Path:  # fmt: skip
    """Write `samples` [channels, samples]; the ending of the path is the format."""
    values = pcm(samples, bits=bits)
    if path.suffix == ".flac":
        exact = np.asarray(values / np.float64(2 ** (bits - 1)), np.float32)
        return write_audio(path, Audio(exact, sample_rate), subtype=f"PCM_{bits}", force=True)
    path.write_bytes(wav_bytes(values, zone, about, sample_rate=sample_rate, bits=bits))
    return path


def read_clip_samples(folder: Path, file: str) -> FloatArray:
    """Samples [channels, samples] of a clip of the pack in `folder`."""
    return read_audio(folder / file, max_seconds=LONGEST_SECONDS).samples
