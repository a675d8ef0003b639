"""Conversion: blocks at 48 kHz converted to another sample rate, other channels or 16 bits, for a sound file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.dither import Dither
from nsynth_lab.sound_format import DITHERED, SoundFormat
from nsynth_lab.units import SAMPLE_RATE, FloatArray

if TYPE_CHECKING:
    from nsynth_lab.dsp.resampling import StreamResampler

Samples = FloatArray | NDArray[np.int16]


class Conversion:
    """Write the result of `process` for each block [channels, samples], and at the end the result of `finish`.

    The channels are converted first, then the sample rate; then the samples are dithered to 16 bits.
    """

    def __init__(self, sound_format: SoundFormat, *, ending: str, channels: int) -> None:
        self.channels = sound_format.channels_of(channels)
        self._resampler = _resampler(sound_format.sample_rate, self.channels)
        self._dither = Dither() if sound_format.bits and sound_format.subtype(ending) == DITHERED else None

    def process(self, block: FloatArray) -> Samples:
        """The converted samples of the next block, [channels, samples]; possibly none."""
        if len(block) != self.channels:
            block = np.repeat(block.mean(axis=0, keepdims=True), self.channels, axis=0)
        return self._rounded(self._resampler.process(block) if self._resampler else block)

    def finish(self) -> Samples:
        """The remaining samples after the last block, [channels, samples]."""
        return self._rounded(self._resampler.finish() if self._resampler else np.zeros((self.channels, 0), np.float32))

    def _rounded(self, block: FloatArray) -> Samples:
        return self._dither.rounded(block) if self._dither else block


def _resampler(sample_rate: int, channels: int) -> StreamResampler | None:
    if sample_rate == SAMPLE_RATE:
        return None
    from nsynth_lab.dsp.resampling import StreamResampler

    return StreamResampler(SAMPLE_RATE, sample_rate, channels=channels)
