"""RowDecoder: one frame at a time for any of many rows, fast enough to play; `Decoder.step` is its readable twin.

    rows due -> gather their state -> control net, excitation -> audio [due, 512] -> state back into the rows

A voice keeps a row, whose state lies in tensors made once, and any of them can take a step without the others. The
control net is bound by reading its weights: here they lie as the products of a few rows read them fastest, and the
past of all its layers is fetched at once. Tests hold all of it to `Decoder.step` within 2e-5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from nsynth_lab.dsp.noise import TABLE_FRAMES, coloured, white_table
from nsynth_lab.dsp.oscillators import COLUMNS, ROWS, SPAN_SAMPLES, SPANS
from nsynth_lab.model.controls import GAINS_PER_FRAME, Controls, oscillators_below_top, partial_places, stack_inputs
from nsynth_lab.model.decoder import Decoder, start_turns
from nsynth_lab.model.stack_rows import StackRows
from nsynth_lab.model.state import pick_rows, put_rows
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

OSCILLATOR_STEP = 16  # counts are rounded up to so many
GROUP_COST = 500  # what a product of its own costs, in rows x oscillators


class RowDecoder:
    """`reset(rows)`, `step(rows, streams) -> audio [due, 512]`; on the CPU, for models without a band stack."""

    def __init__(self, decoder: Decoder, rows: int, *, seed: int = 0) -> None:
        config = decoder.config
        self.decoder = decoder
        self.delay_samples = decoder.delay_samples
        self.stack = StackRows(decoder.controls.stack, rows)
        self.seed = seed
        self.fresh_turns = start_turns(config.oscillators)
        self.turns = self.fresh_turns.repeat(rows, 1)
        self.f0_hz = torch.zeros(rows)
        self.partials = torch.zeros(rows, config.oscillators)
        self.gains = torch.zeros(rows, 2)
        self.noise_tail = torch.zeros(rows, HOP_SAMPLES)
        self.noise_position = torch.zeros(rows, dtype=torch.int64)
        self.table = white_table()
        self.ramp = torch.arange(HOP_SAMPLES, dtype=torch.float32) / HOP_SAMPLES
        self.middles = (torch.arange(SPANS, dtype=torch.float32) + 0.5) / SPANS

    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """These rows start anew, each at its seed's place in the noise, as `Decoder.start(1, seed=seed)`."""
        index = torch.tensor(rows)
        self.stack.reset(index)
        self.turns[index] = self.fresh_turns
        self.f0_hz[index] = 0.0
        self.partials[index] = 0.0
        self.gains[index] = 0.0
        self.noise_tail[index] = 0.0
        self.noise_position[index] = torch.tensor([(self.seed + seed) * 397 % TABLE_FRAMES for seed in seeds])

    @torch.inference_mode()
    def step(self, rows: Tensor, timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor) -> Tensor:
        """The next frame of `rows` [due]: streams [due, ...], as `Decoder.step` without frames -> audio [due, 512]."""
        level, pitch, places = loudness_db[:, None], f0_hz[:, None], partials[:, None]
        raw = self.stack.step(stack_inputs(timbre[:, None], level, pitch, places), rows)[:, None]
        controls = self.decoder.controls.read(raw, level, pitch, places)
        tones = self._tones(rows, controls, f0_hz, partials)
        gains = self._gain_curves(rows, controls)
        noise, tail = coloured(controls.noise, self.noise_position[rows], self.noise_tail[rows], self.table)
        self.noise_tail[rows] = tail
        self.noise_position[rows] = (self.noise_position[rows] + 1) % TABLE_FRAMES
        return tones.mul_(gains[:, 0]).add_(noise.mul_(gains[:, 1]))

    def _gain_curves(self, rows: Tensor, controls: Controls) -> Tensor:
        """[due, 2, 512] of partials and noise."""
        points = torch.stack([controls.partial_gain[:, 0], controls.noise_gain[:, 0]], dim=1)
        before = torch.cat([self.gains[rows, :, None], points[..., :-1]], dim=-1)
        self.gains[rows] = points[..., -1]
        ramp = self.ramp[::GAINS_PER_FRAME]
        return torch.lerp(before[..., None], points[..., None], ramp).flatten(2)

    def _tones(self, rows: Tensor, controls: Controls, f0_hz: Tensor, partials: Tensor) -> Tensor:
        now, before = controls.partials[:, 0], self.partials[rows]
        last_hz = self.f0_hz[rows]
        previous_hz = torch.where(last_hz > 0, last_hz, f0_hz)
        places = partial_places(partials, before.shape[1])
        partial_hz = torch.lerp(previous_hz[:, None], f0_hz[:, None], self.middles)[..., None] * places[:, None]
        turns = partial_hz.double() * (SPAN_SAMPLES / SAMPLE_RATE)
        start = self.turns[rows]
        second = start + turns[:, 0]
        self.turns[rows] = (second + turns[:, 1]) % 1.0
        starts = torch.stack([start, second], dim=1) % 1.0
        self.f0_hz[rows] = f0_hz
        self.partials[rows] = functional.pad(now, (0, before.shape[1] - now.shape[1]))
        lowest = torch.minimum(f0_hz, previous_hz)
        counts = [min(count, before.shape[1]) for count in oscillators_below_top(lowest).int().tolist()]
        now = self.partials[rows]
        out = torch.empty(len(rows), HOP_SAMPLES)
        for group, count in alike(counts, before.shape[1]):
            ends = torch.stack([before[group, :count], now[group, :count]], dim=1)
            waves = _waves(ends, partial_hz[group, :, :count], starts[group, :, :count])
            out[group] = torch.lerp(waves[:, 0], waves[:, 1], self.ramp)
        return out


def alike(counts: Sequence[int], most: int) -> list[tuple[Tensor, int]]:
    """Rows [due] split into at most three groups of similar oscillator counts, so that few are computed in vain.

    >>> [(rows.tolist(), count) for rows, count in alike([380, 20, 370, 30], 384)]
    [([1, 3], 32), ([2, 0], 384)]
    """
    order = sorted(range(len(counts)), key=lambda row: counts[row])
    sizes = [min(most, -(-counts[row] // OSCILLATOR_STEP) * OSCILLATOR_STEP) for row in order]
    cuts = [0, len(order)]
    for _ in range(2):
        saved = {
            cut: (cut - begin) * (sizes[end - 1] - sizes[cut - 1])
            for begin, end in pairwise(cuts)
            for cut in range(begin + 1, end)
        }
        best = max(saved, key=lambda cut: saved[cut], default=0)
        if not best or saved[best] < GROUP_COST:
            break
        cuts = sorted([*cuts, best])
    return [(torch.tensor(order[begin:end]), sizes[end - 1]) for begin, end in pairwise(cuts)]


def _waves(ends: Tensor, partial_hz: Tensor, starts: Tensor) -> Tensor:
    """`dsp.oscillators.bank` before its last line: the frame with the amplitudes it begins and ends with.

    `ends` [due, 2, partials], `partial_hz` and `starts` [due, 2 spans, partials] -> [due, 2, 512].
    """
    due, _, partials = ends.shape
    step = (2.0 * math.pi / SAMPLE_RATE) * partial_hz
    angle = (2.0 * math.pi) * starts.float()
    index = torch.arange(ROWS, dtype=torch.float32)[:, None]
    coarse = angle[:, :, None] + step[:, :, None] * (COLUMNS * index)
    fine = step[:, :, None] * index
    sines = torch.empty(2, due, SPANS, ROWS, 2 * partials)
    torch.cos(coarse, out=sines[0, ..., :partials])
    torch.sin(coarse, out=sines[0, ..., partials:])
    torch.cos(fine, out=sines[1, ..., :partials])
    torch.sin(fine, out=sines[1, ..., partials:])
    signed = torch.cat([ends, -ends], dim=-1)  # cos(a + b) = cos a cos b - sin a sin b
    loud = (sines[0][:, :, None] * signed[:, None, :, None]).flatten(2, 3)
    waves = loud @ sines[1].transpose(-1, -2)
    return waves.view(due, SPANS, 2, SPAN_SAMPLES).transpose(1, 2).reshape(due, 2, HOP_SAMPLES)


class Rows(Protocol):
    """What the synth plays on; `delay_samples` is how much later than its frames the audio comes."""

    delay_samples: int

    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """These rows start anew, each at its seed's place in the noise."""

    def step(self, rows: Tensor, timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor) -> Tensor:
        """The next frame of `rows` [due]."""


class SlowRows:
    """The same for any model on any device, by `Decoder.step` on the rows picked out of one state.

    Where rows are due with several frames at once, as offline, it is the faster: a read of the weights serves them all.
    """

    def __init__(self, decoder: Decoder, rows: int, *, seed: int = 0) -> None:
        self.decoder, self.seed = decoder, seed
        self.device = next(decoder.parameters()).device
        self.state = decoder.start(rows, device=self.device)
        self.delay_samples = decoder.delay_samples

    @torch.inference_mode()
    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """As `RowDecoder.reset`."""
        for row, seed in zip(rows, seeds, strict=True):
            fresh = self.decoder.start(1, device=self.device, seed=self.seed + seed)
            self.state = put_rows(self.state, torch.tensor([row], device=self.device), fresh)

    @torch.inference_mode()
    def step(self, rows: Tensor, timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor) -> Tensor:
        """As `RowDecoder.step`; a row may be due several times, in the order of its frames."""
        where: dict[int, list[int]] = {}
        for place, row in enumerate(rows.tolist()):
            where.setdefault(row, []).append(place)
        audio = torch.empty(len(rows), HOP_SAMPLES)
        for frames in sorted({len(places) for places in where.values()}):
            group = {row: places for row, places in where.items() if len(places) == frames}
            due, order = torch.tensor(list(group), device=self.device), torch.tensor(list(group.values()))
            now = [stream[order].to(self.device) for stream in (timbre, loudness_db, f0_hz, partials)]
            out, state = self.decoder.step(now[0], now[1], now[2], now[3], pick_rows(self.state, due))
            self.state = put_rows(self.state, due, state)
            audio[order.flatten()] = out.cpu().reshape(-1, HOP_SAMPLES)
        return audio


def row_decoder(decoder: Decoder, rows: int, *, seed: int = 0, one_by_one: bool = True) -> Rows:
    """The fastest that can play this model where it lies; `one_by_one` if rows are due with one frame at a time."""
    fast = one_by_one and decoder.bands is None and next(decoder.parameters()).device.type == "cpu"
    return RowDecoder(decoder, rows, seed=seed) if fast else SlowRows(decoder, rows, seed=seed)
