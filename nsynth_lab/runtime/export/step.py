"""ExportStep: one frame of the decoder with a bank inside, in operations that TorchScript and ONNX both have.

    f0, loudness, x, y --> bank: timbre, partials, detail --> control net --> partials + noise, left and right --> audio

Everything has a fixed shape but the number of voices, and nothing depends on a value. It plays what `Decoder.step`
plays; the inverse FFT of the noise is a matrix product, because ONNX has none that starts from half a spectrum. The
partials are the same on both sides, the noise of the right side begins elsewhere in its table: that makes it wide.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nsynth_lab.detail import ANCHOR_FRAMES
from nsynth_lab.detail import DIMS as DETAIL_DIMS
from nsynth_lab.dsp.noise_table import FFT_SAMPLES, TABLE_FRAMES, noise_places, overlap_window, white_spectra
from nsynth_lab.dsp.numpy_bank import SPANS
from nsynth_lab.dsp.oscillators import bank, phases, span_hz
from nsynth_lab.latents import LOUDEST_DB, PARTIAL_SLOTS, SILENCE_DB, TIMBRE_DIMS
from nsynth_lab.model.controls import partial_ratios
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.scales import start_turns
from nsynth_lab.model.sizes import GAINS_PER_FRAME
from nsynth_lab.runtime.export.table import KEY_STEP, LOWEST_KEY, BankTable
from nsynth_lab.units import HOP_SAMPLES, FloatArray

SIDES = 2
RESTING_HZ = 220.0  # before the first pitch
CORNERS = 4


class ExportState(NamedTuple):
    """The state between frames; the first axis of each tensor is the voice. A voice begins with zeros everywhere.

    Attributes:
        walk: [voices] int64 frames since the beginning.
        past: [voices, frames, channels] inputs that the layers of the control net remember, one after the other.
        turns: [voices, oscillators] float64 phases in cycles.
        before_hz: [voices] f0.
        amplitudes: [voices, oscillators] of the partials.
        gains: [voices, 2] of partials and noise.
        tails: [voices, 2 sides, 512] noise that overlaps into the next frame.
        places: [voices, 2 sides] int64 positions in the noise table; at the beginning, how far to move them.
    """

    walk: Tensor
    past: Tensor
    turns: Tensor
    before_hz: Tensor
    amplitudes: Tensor
    gains: Tensor
    tails: Tensor
    places: Tensor


class ExportStep(nn.Module):
    """`forward(f0_hz, loudness_db, x, y, instruments, transpose, *state) -> (audio [voices, 2, 512], *state)`."""

    timbres: Tensor
    offsets: Tensor
    details: Tensor
    white: Tensor
    waves: Tensor
    first_turns: Tensor
    first_places: Tensor

    def __init__(self, decoder: Decoder, table: BankTable) -> None:
        super().__init__()
        self.controls = decoder.controls
        self.oscillators = decoder.config.oscillators
        self.lengths = [layer.shape[1] for layer in self.controls.start(1)]
        self.instruments, self.keys, self.walk_frames = table.timbre.shape[:3]
        self.detail_rows = 0 if table.detail is None else table.detail.shape[2]
        white, places = white_spectra(), noise_places(np.arange(SIDES, dtype=np.int64))
        for name, array in {
            "timbres": table.timbre.reshape(-1, TIMBRE_DIMS),
            "offsets": table.partials.reshape(-1, PARTIAL_SLOTS),
            "details": np.zeros((0, DETAIL_DIMS), np.float32) if table.detail is None else _rows(table.detail),
            "white": np.concatenate([white.real, white.imag], axis=1),
            "waves": _wave_table(),
            "first_turns": start_turns(self.oscillators),
            "first_places": places,
        }.items():
            self.register_buffer(name, torch.from_numpy(array))

    def start(self, voices: int) -> ExportState:
        """The state of silent voices."""
        return ExportState(
            walk=torch.zeros(voices, dtype=torch.int64),
            past=torch.zeros(voices, sum(self.lengths), self.controls.stack.channels),
            turns=torch.zeros(voices, self.oscillators, dtype=torch.float64),
            before_hz=torch.zeros(voices),
            amplitudes=torch.zeros(voices, self.oscillators),
            gains=torch.zeros(voices, 2),
            tails=torch.zeros(voices, SIDES, HOP_SAMPLES),
            places=torch.zeros(voices, SIDES, dtype=torch.int64),
        )

    def forward(
        self,
        f0_hz: Tensor,
        loudness_db: Tensor,
        x: Tensor,
        y: Tensor,
        instruments: Tensor,
        transpose: Tensor,
        walk: Tensor,
        past: Tensor,
        turns: Tensor,
        before_hz: Tensor,
        amplitudes: Tensor,
        gains: Tensor,
        tails: Tensor,
        places: Tensor,
    ) -> tuple[Tensor, ...]:
        """The next frame of each voice; the streams are [voices], `instruments` [4] corners, `transpose` [1] semitones.

        Without a pitch, at 0 Hz, the last one dies away.
        """
        begins = walk[:, None] == 0
        turns = torch.where(begins, self.first_turns, turns)
        places = torch.where(begins, (places + self.first_places) % TABLE_FRAMES, places)
        sounding = f0_hz > 0
        resting = torch.where(before_hz > 0, before_hz, torch.full_like(before_hz, RESTING_HZ))
        f0_hz = torch.where(sounding, f0_hz * torch.exp(transpose * (math.log(2.0) / 12.0)), resting)
        audible = sounding & (loudness_db > SILENCE_DB)
        loudness_db = torch.where(audible, loudness_db, torch.full_like(f0_hz, SILENCE_DB)).clamp(max=LOUDEST_DB)
        timbre, partials, detail = self.looked_up(f0_hz, _share(x), _share(y), instruments, walk)
        streams = timbre[:, None], loudness_db[:, None], f0_hz[:, None], partials[:, None]
        remembered = torch.split(past, self.lengths, dim=1)
        controls, layers = self.controls(
            *streams, remembered, every=True, detail=None if detail is None else detail[:, None]
        )
        before_hz = torch.where(begins[:, 0], f0_hz, before_hz)
        amplitudes = torch.where(begins, controls.partials[:, 0], amplitudes)
        first = self._noise(controls.noise[:, 0], (places + TABLE_FRAMES - 1) % TABLE_FRAMES)[..., HOP_SAMPLES:]
        tails = torch.where(begins[:, None], first, tails)
        ratios = partial_ratios(partials[:, None], self.oscillators).repeat_interleave(SPANS, dim=1)
        partial_hz = span_hz(f0_hz[:, None], before_hz)[..., None] * ratios
        starts, turns = phases(partial_hz, turns)
        tones = bank(controls.partials, amplitudes, partial_hz, starts)
        waves = self._noise(controls.noise[:, 0], places)
        points = torch.stack([controls.partial_gain[:, 0], controls.noise_gain[:, 0]], dim=-1)
        curves = _curves(points, gains)
        noise = (waves[..., :HOP_SAMPLES] + tails) * curves[:, None, :, 1]
        audio = (tones * curves[..., 0])[:, None] + noise
        return (
            audio,
            walk + 1,
            torch.cat(layers, dim=1),
            turns,
            f0_hz,
            controls.partials[:, 0],
            points[:, -1],
            waves[..., HOP_SAMPLES:],
            (places + 1) % TABLE_FRAMES,
        )

    def looked_up(
        self, f0_hz: Tensor, x: Tensor, y: Tensor, instruments: Tensor, walk: Tensor
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Timbre [voices, 16], partials [voices, 128] and detail [voices, 129] at `x`, `y` and a pitch, all [voices].

        There is no detail if no instrument has any. Between two keys of the table both are blended; a held note walks
        to and fro along its frames.
        """
        note = 69.0 + 12.0 * torch.log2(f0_hz.clamp(min=1.0) / 440.0)
        place = ((note - LOWEST_KEY) / KEY_STEP).clamp(0.0, self.keys - 1.0)
        below = place.floor().clamp(max=self.keys - 2.0)
        turn = 2 * (self.walk_frames - 1)
        at = walk % turn
        frame = torch.where(at < self.walk_frames, at, turn - at)
        corners = torch.stack([(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y], dim=-1)
        sides = torch.stack([1.0 - (place - below), place - below], dim=-1)
        shares = (corners[:, :, None] * sides[:, None]).flatten(1)[..., None]
        keys = torch.stack([below.long(), below.long() + 1], dim=-1)
        zones = (instruments[None, :, None] * self.keys + keys[:, None]).flatten(1)
        timbres = self.timbres[zones * self.walk_frames + frame[:, None]]
        blended = (timbres * shares).sum(dim=1), (self.offsets[zones] * shares).sum(dim=1)
        return (*blended, (self._detail_at(zones, frame) * shares).sum(dim=1) if self.detail_rows else None)

    def _detail_at(self, zones: Tensor, frame: Tensor) -> Tensor:
        """Rows [voices, zones, 129] of these `zones` [voices, zones] at a `frame` [voices] between two anchors."""
        row = (frame // ANCHOR_FRAMES).clamp(max=self.detail_rows - 2)
        first = row * ANCHOR_FRAMES
        after = (first + ANCHOR_FRAMES).clamp(max=self.walk_frames - 1)
        share = ((frame - first).float() / (after - first).float())[:, None, None]
        below = zones * self.detail_rows + row[:, None]
        return torch.lerp(self.details[below], self.details[below + 1], share)

    def _noise(self, magnitudes: Tensor, places: Tensor) -> Tensor:
        """Windowed noise [voices, 2 sides, 1024] of these spectra [voices, 513] at places [voices, 2] of the table."""
        white = self.white[places]
        noise: Tensor = (white * torch.cat([magnitudes, magnitudes], dim=-1)[:, None]) @ self.waves
        return noise


def _rows(detail: FloatArray) -> FloatArray:
    return np.ascontiguousarray(detail.reshape(-1, DETAIL_DIMS))


def _wave_table() -> np.ndarray:
    """The windowed inverse FFT [1026, 1024] of the real parts of half a spectrum, then of its imaginary parts."""
    bins = FFT_SAMPLES // 2 + 1
    unit = np.eye(bins)
    waves = np.concatenate([np.fft.irfft(unit, n=FFT_SAMPLES), np.fft.irfft(1j * unit, n=FFT_SAMPLES)])
    return np.asarray(waves * overlap_window(), np.float32)


def _share(place: Tensor) -> Tensor:
    """A position from 0 to 1, whatever comes in; 0 for NaN."""
    return torch.where(place > 0, place, torch.zeros_like(place)).clamp(max=1.0)


def _curves(points: Tensor, previous: Tensor) -> Tensor:
    """Gains at each sample [voices, 512, 2] from those at the quarters of the frame [voices, 4, 2]."""
    before = torch.cat([previous[:, None], points[:, :-1]], dim=1)
    span = HOP_SAMPLES // GAINS_PER_FRAME
    ramp = (torch.arange(span, dtype=torch.float32) / span)[:, None]
    return torch.lerp(before[:, :, None], points[:, :, None], ramp).flatten(1, 2)
