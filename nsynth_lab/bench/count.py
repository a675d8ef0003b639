"""The cost of one frame of one voice: operations (a multiply and an add are two) and bytes of weights, from the model.

Counted are matrix products, convolutions and the inverse FFT of the noise. Sines, gates and interpolation are not, even
where torch does it by a product: what they cost shows as distance from the limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from nsynth_lab.dsp.noise import FFT_SAMPLES
from nsynth_lab.dsp.oscillators import COLUMNS, ROWS, SPANS
from nsynth_lab.model.bands import BANDS, STEPS_PER_FRAME
from nsynth_lab.model.controls import oscillators_below_top
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.runtime.choose import is_compiled

ENDS = 2  # a frame's tones are computed with the amplitudes it begins and with those it ends with
PAIR = 2  # cosine and sine
HALF_BYTES = 2
BANKS = 3  # tones and noise are split, their sum is joined


@dataclass(frozen=True)
class Count:
    """Operations of one step of several voices, by part of the decoder, and the weights that it reads once.

    Attributes:
        net: the control net's stack.
        tones: the bank of partials, those below hearing alone.
        noise: the inverse FFT.
        bands: the band stack and its filter banks; 0 where the model has none.
        weight_bytes: of all parameters.
    """

    net: int
    tones: int
    noise: int
    bands: int
    weight_bytes: int

    @property
    def operations(self) -> int:
        """Their sum."""
        return self.net + self.tones + self.noise + self.bands


def count_step(decoder: Decoder, f0_hz: Sequence[float]) -> Count:
    """One frame of a voice at each of `f0_hz`."""
    voices = len(f0_hz)
    below_top = oscillators_below_top(torch.tensor(f0_hz)).int().tolist()
    partials = sum(min(count, decoder.config.oscillators) for count in below_top)
    return Count(
        net=voices * _linear_operations(decoder.controls),
        tones=partials * SPANS * 2 * (ENDS * ROWS) * PAIR * COLUMNS,
        noise=voices * fft_operations(FFT_SAMPLES),
        bands=voices * _bands_operations(decoder),
        weight_bytes=sum(parameter.numel() for parameter in decoder.parameters()) * _bytes_a_weight(decoder),
    )


def _bytes_a_weight(decoder: Decoder) -> int:
    """Bytes per weight: two where compiled loops read float16."""
    return HALF_BYTES if is_compiled(decoder) else next(decoder.parameters()).element_size()


def fft_operations(samples: int) -> int:
    """Operations of a real FFT, by the usual count of 5 / 2 n log2 n.

    >>> fft_operations(1024)
    25600
    """
    return round(2.5 * samples * math.log2(samples))


def _linear_operations(module: nn.Module) -> int:
    """Operations of a module that applies every `nn.Linear` once per frame; biases are not counted."""
    return sum(2 * part.weight.numel() for part in module.modules() if isinstance(part, nn.Linear))


def _bands_operations(decoder: Decoder) -> int:
    if decoder.bands is None:
        return 0
    filters = BANKS * 2 * BANDS * decoder.bands.pqmf.taps
    return STEPS_PER_FRAME * (_linear_operations(decoder.bands) + filters)
