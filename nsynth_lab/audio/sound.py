"""Audio(samples [channels, samples], sample_rate): a sound in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from nsynth_lab.errors import AudioError
from nsynth_lab.units import SAMPLE_RATE, FloatArray

SHORTEST_SECONDS = 0.05
SILENCE = 10 ** (-80 / 20)


@dataclass(frozen=True)
class Audio:
    """A sound: `samples` float32 [channels, samples], full scale at +-1, and `sample_rate` in Hz."""

    samples: FloatArray
    sample_rate: int = SAMPLE_RATE

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1] / self.sample_rate)

    @property
    def peak(self) -> float:
        """Highest absolute value."""
        return float(np.abs(self.samples).max(initial=0.0))

    def mono(self) -> FloatArray:
        """Mean over the channels, [samples]."""
        return np.asarray(self.samples.mean(axis=0), np.float32)


def as_clip(audio: Audio, called: str) -> Audio:
    """`audio`, if it can be used as a recording; `called` is what errors call it.

    Raises:
        AudioError: NaN or infinite samples; shorter than 0.05 s; silent throughout.
    """
    check_finite(audio.samples, called)
    if audio.seconds < SHORTEST_SECONDS:
        raise AudioError(
            f"{called}: {audio.seconds:.3f} s long; a note needs at least {SHORTEST_SECONDS} s, silence after it counts"
        )
    if audio.peak < SILENCE:
        raise AudioError(f"{called}: silent throughout (peak below -80 dBFS)")
    return audio


def samples_hash(audio: Audio) -> str:
    """SHA-256 of a sound in memory: of its samples, their shape and their rate, in hexadecimal."""
    said = f"{audio.samples.dtype} {audio.samples.shape} {audio.sample_rate} ".encode()
    return hashlib.sha256(said + np.ascontiguousarray(audio.samples).tobytes()).hexdigest()


def check_finite(samples: FloatArray, called: str) -> None:
    """Raise an AudioError if any sample is NaN or infinite; `called` is what the error calls the sound."""
    if not np.isfinite(samples).all():
        raise AudioError(f"{called}: holds NaN or infinite samples; export it again without them")
