"""FusedStep: a frame of any slots in about forty kernels, where `Decoder.step` takes three hundred.

    packed -> inputs -> [ first ] -> layers: [ product ], gate, [ product ] -> [ head ] -> outputs -> [ irfft ] -> audio
              taps -> [ what was kept, all layers at once ]                                tones, finish, keep

In brackets stand the products of cuBLAS and the transform of cuFFT; the rest are kernels of `net` and `sound`. What
each layer took in stays in a ring in the slot's own memory, so a step moves one frame of it and not all. Small steps
are bound by the number of kernels, large ones by the memory they move: both are a fraction here.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from triton import next_power_of_2

from nsynth_lab.dsp.noise import white_table
from nsynth_lab.dsp.noise_table import FFT_SAMPLES, overlap_window
from nsynth_lab.dsp.numpy_bank import SPANS
from nsynth_lab.dsp.on_device import on_device
from nsynth_lab.model import scales, sizes
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.detail_offsets import detail_matrix
from nsynth_lab.runtime.fused import net, sound
from nsynth_lab.runtime.slot_step import DETAIL
from nsynth_lab.units import HOP_SAMPLES

GAINS = 2 * sizes.GAINS_PER_FRAME
BINS = FFT_SAMPLES // 2  # the last is silent
LEAST_ROWS = 32  # of a product: on an H100 cuBLAS takes five times as long for 8 or 16 rows as for 32


class FusedStep:
    """A `SlotStep` of `slots` slots through fused kernels.

    Raises:
        ImportError: Triton is missing.
    """

    def __init__(self, decoder: Decoder, slots: int) -> None:
        device = next(decoder.parameters()).device
        self._decoder, self._config, self._stack = decoder, decoder.config, decoder.controls.stack
        zeros = functools.partial(torch.zeros, device=device)
        layers = self._stack.gated_layers()
        dilations = [layer.dilation for layer in layers]
        self._dilations = torch.tensor(dilations, dtype=torch.int32, device=device)
        self._bases = (2 * self._dilations.cumsum(0) - 2 * self._dilations).int()
        self._ring, channels, count = 2 * sum(dilations), self._stack.channels, self._config.oscillators
        self._past = zeros(slots, self._ring, channels)
        self._age, self._position = zeros(slots, dtype=torch.int32), zeros(slots, dtype=torch.int64)
        self._first_turns = torch.from_numpy(scales.start_turns(count)).to(device)
        self._turns = self._first_turns.repeat(slots, 1)
        self._f0_hz, self._before = zeros(slots), zeros(slots, count)
        self._last_gains, self._tails = zeros(slots, 2), zeros(slots, HOP_SAMPLES)
        self._read_weights()
        self._read_tables(device)

    @torch.no_grad()
    def _read_weights(self) -> None:
        """The products of all layers that do not wait for one another, side by side.

        All are kept as torch keeps a `Linear`, [outputs, inputs]: for few voices cuBLAS takes a tenth of the time then.
        """
        layers, channels = self._stack.gated_layers(), self._stack.channels
        taps, out = [layer.taps.weight for layer in layers], [layer.out.weight for layer in layers]
        self._kept_taps = torch.stack([weight[:, : 2 * channels] for weight in taps]).mT
        self._taps_bias = torch.stack([layer.taps.bias for layer in layers])[:, None]
        self._now_taps = torch.stack([weight[:, 2 * channels :] for weight in taps]).mT
        self._residual = torch.stack([weight[:channels] for weight in out]).mT
        self._residual_bias = torch.stack([layer.out.bias[:channels] for layer in layers])
        self._skip = torch.cat([weight[channels:] for weight in out], dim=1).T
        self._skip_bias = torch.stack([layer.out.bias[channels:] for layer in layers]).sum(dim=0)

    def _read_tables(self, device: torch.device) -> None:
        def there(table: NDArray[Any]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(table)).to(device)

        low, share = scales.noise_bands_of_bins(self._config.noise_bands)
        self._detail = there(detail_matrix(*sizes.control_outputs(self._config)[:3]))
        self._low, self._share = there(low[:BINS].astype(np.int32)), there(share[:BINS])
        self._bin_weights, self._bin_audible = (
            there(scales.noise_weighting()[:BINS]),
            there(scales.noise_audible()[:BINS]),
        )
        self._weighting, self._centres = there(scales.weighting_table()), there(scales.pitch_centres())
        self._white, self._window = torch.view_as_real(white_table(device)), on_device(overlap_window, device=device)

    def __call__(self, packed: Tensor, audio: Tensor) -> None:
        """See `SlotStep`."""
        streams, out = self._controls(packed)
        config, count, device, voices = self._config, self._config.oscillators, packed.device, len(packed)
        empty = functools.partial(torch.empty, device=device)
        begins, amplitudes, gains = empty(voices, dtype=torch.int32), empty(voices, count), empty(voices, GAINS)
        starts, steps = empty(2, voices, SPANS, count)
        spectra, tones = empty(voices, 2, BINS + 1, 2), empty(voices, HOP_SAMPLES)
        sound.outputs_kernel[(voices,)](
            packed, out, self._weighting, self._low, self._share, self._bin_weights, self._bin_audible, self._white,
            self._first_turns, self._turns, self._f0_hz, self._position, begins, amplitudes, starts, steps, gains,
            spectra, points=config.envelope_points, corrections=sizes.control_outputs(config)[1],
            bands=config.noise_bands, outputs=out.shape[1], oscillators=count, block=next_power_of_2(count),
        )  # fmt: skip
        sound.tones_kernel[(voices, SPANS)](
            packed, begins, self._f0_hz, self._before, amplitudes, starts, steps, tones, oscillators=count
        )
        waves = torch.fft.irfft(torch.view_as_complex(spectra), n=FFT_SAMPLES)
        self._keep(packed, streams)
        sound.finish_kernel[(voices,)](
            packed, begins, tones, waves, self._window, gains, amplitudes, self._tails, self._last_gains, self._before,
            self._f0_hz, self._position, self._age, audio, oscillators=count, block=next_power_of_2(count),
        )  # fmt: skip

    def _controls(self, packed: Tensor) -> tuple[Tensor, Tensor]:
        """(what each layer takes in [layers, rows, channels], the net's outputs [rows, outputs]).

        There are at least as many rows as voices; those beyond the voices hold arbitrary numbers that are never used.
        """
        stack, voices, device = self._stack, len(packed), packed.device
        rows = voices if voices == 1 else max(voices, LEAST_ROWS)
        layers, channels = len(self._dilations), stack.channels
        empty = functools.partial(torch.empty, device=device)
        inputs, taps = empty(rows, sizes.CONTROL_INPUTS), empty(layers, rows, 2 * channels)
        net.inputs_kernel[(voices,)](packed, self._centres, inputs, block=next_power_of_2(sizes.CONTROL_INPUTS))
        net.taps_kernel[(voices, layers)](
            packed, self._past, self._age, self._dilations, self._bases, taps, rows,
            ring=self._ring, channels=channels, block=next_power_of_2(channels),
        )  # fmt: skip
        products = torch.baddbmm(self._taps_bias, taps, self._kept_taps)
        streams, gated = empty(layers + 1, rows, channels), empty(rows, layers * channels)
        torch.addmm(stack.first.bias, inputs, stack.first.weight.T, out=streams[0])
        for layer in range(layers):
            own = gated[:, layer * channels : (layer + 1) * channels]
            products[layer].addmm_(streams[layer], self._now_taps[layer])
            net.gate_kernel[(voices,)](
                products[layer], streams[layer], self._residual_bias[layer], own, streams[layer + 1],
                gated_stride=layers * channels, channels=channels, block=next_power_of_2(channels),
            )  # fmt: skip
            if layer + 1 < layers:
                streams[layer + 1].addmm_(own, self._residual[layer])
        out = stack.head(torch.addmm(self._skip_bias, gated, self._skip))
        out[:voices].addmm_(packed[:, DETAIL], self._detail)
        return streams, out

    def _keep(self, packed: Tensor, streams: Tensor) -> None:
        channels = self._stack.channels
        net.keep_kernel[(len(packed), len(self._dilations))](
            packed, self._past, self._age, self._dilations, self._bases, streams, streams.shape[1],
            ring=self._ring, channels=channels, block=next_power_of_2(channels),
        )  # fmt: skip
