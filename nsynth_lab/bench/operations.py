"""The cost of one frame of one voice: operations (a multiply and an add are two) and bytes of weights, from the model.

Matrix products, convolutions and the inverse FFT of the noise are counted. Sines, gates and interpolation are not, even
where torch computes them by a matrix product; their cost shows as distance from the limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from nsynth_lab.dsp.noise_table import FFT_SAMPLES
from nsynth_lab.dsp.numpy_bank import COLUMNS, ROWS, SPANS
from nsynth_lab.model.controls import oscillators_below_top
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.runtime.choose import is_compiled

ENDS = 2  # the partials of a frame are computed with its first and with its last amplitudes
PAIR = 2  # cosine and sine
HALF_BYTES = 2


@dataclass(frozen=True)
class StepCost:
    """Operations of one step of several voices, by part of the decoder, and the bytes of weights that the step reads.

    Attributes:
        net: of the control net.
        tones: of the oscillators up to 20 kHz.
        noise: of the inverse FFT.
        weight_bytes: of all parameters.
    """

    net: int
    tones: int
    noise: int
    weight_bytes: int

    @property
    def operations(self) -> int:
        """Operations of all parts together."""
        return self.net + self.tones + self.noise


def count_step(decoder: Decoder, f0_hz: Sequence[float]) -> StepCost:
    """The cost of one frame of `len(f0_hz)` voices with these pitches."""
    voices = len(f0_hz)
    below_top = oscillators_below_top(torch.tensor(f0_hz)).int().tolist()
    partials = sum(min(count, decoder.config.oscillators) for count in below_top)
    return StepCost(
        net=voices * _linear_operations(decoder.controls),
        tones=partials * SPANS * 2 * (ENDS * ROWS) * PAIR * COLUMNS,
        noise=voices * fft_operations(FFT_SAMPLES),
        weight_bytes=sum(parameter.numel() for parameter in decoder.parameters()) * _bytes_a_weight(decoder),
    )


def _bytes_a_weight(decoder: Decoder) -> int:
    """Bytes per weight: two where compiled loops read float16."""
    return (
        HALF_BYTES if is_compiled(next(decoder.parameters()).device.type) else next(decoder.parameters()).element_size()
    )


def fft_operations(samples: int) -> int:
    """Operations of a real FFT, by the customary estimate of 5 / 2 n log2 n.

    >>> fft_operations(1024)
    25600
    """
    return round(2.5 * samples * math.log2(samples))


def _linear_operations(module: nn.Module) -> int:
    """Operations of a module that applies every `nn.Linear` once per frame; biases are not counted."""
    return sum(2 * part.weight.numel() for part in module.modules() if isinstance(part, nn.Linear))
