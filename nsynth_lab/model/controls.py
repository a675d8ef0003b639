"""The control net: a causal WaveNet stack at frame rate that turns the streams into controls of the excitation.

Levels are relative to loudness. Partials and noise each have a spectrum normalised to an A-weighted level of 0 dB, and
four times per frame a gain in dB relative to the frame's loudness, at most +6 dB. So an untrained model already has the
right level at every pitch, and neither part can fall silent before its spectrum has been learnt.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.dsp.on_device import on_device
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.detail_offsets import detail_matrix
from nsynth_lab.model.distribution import centres_hz, noise_magnitudes, partial_amplitudes
from nsynth_lab.model.scales import (
    AUDIBLE_HZ,
    BUMP_NOTES,
    DB_PER_UNIT,
    GAIN_PER_DB,
    KNEE_DB,
    LOWEST_HZ,
    MIDDLE_DB,
    MIDDLE_NOTE,
    PARTIALS_SCALE,
    QUIET_DB,
    QUIETEST_DB,
    SPREAD_DB,
    SPREAD_NOTES,
    TOP_GAIN_DB,
    pitch_centres,
)
from nsynth_lab.model.sizes import (
    CONTROL_INPUTS,
    HALF_PARTIALS,
    SEEN_PARTIALS,
    control_outputs,
)
from nsynth_lab.model.stack import GatedStack, StackState


@dataclass(frozen=True)
class Controls:
    """Controls of the excitation at the end of each frame.

    Attributes:
        partials: [voices, frames, oscillators] amplitudes, normalised to an A-weighted level of 0 dB.
        noise: [voices, frames, 513] magnitude spectrum, normalised likewise.
        partial_gain: [voices, frames, 4] amplitude factor of the partials, four per frame.
        noise_gain: [voices, frames, 4] amplitude factor of the noise, four per frame.
        raw: [voices, frames, sum of the net's sizes] output of the net, which distillation compares.
    """

    partials: Tensor
    noise: Tensor
    partial_gain: Tensor
    noise_gain: Tensor
    raw: Tensor


class ControlNet(nn.Module):
    """timbre, loudness, f0 and partials -> Controls."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.sizes = list(control_outputs(config))
        self.stack = GatedStack(
            CONTROL_INPUTS,
            config.controls_channels,
            sum(self.sizes),
            layers=config.controls_layers,
            cycle=config.controls_cycle,
        )
        if not self.stack.last.weight.is_meta:  # computing with meta tensors makes torch import for two seconds
            self._initialise()

    @torch.no_grad()
    def _initialise(self) -> None:
        self.stack.last.weight.mul_(0.3)
        self.stack.last.bias.copy_(self._first_bias() / DB_PER_UNIT)

    def _first_bias(self) -> Tensor:
        """Partial k at amplitude 1/k, white noise about 35 dB below the partials."""
        envelope = -20.0 * torch.log10(centres_hz(self.config.envelope_points) / 100.0)
        corrections = torch.zeros(HALF_PARTIALS + self.config.partial_corrections)
        corrections[:HALF_PARTIALS] = -40.0
        gains = torch.tensor([KNEE_DB * 2] * 4 + [41.0] * 4)
        return torch.cat([envelope, corrections, torch.zeros(self.config.noise_bands), gains])

    def start(self, voices: int, *, device: torch.device | str = "cpu") -> StackState:
        """The state of `voices` voices in silence."""
        return self.stack.start(voices, device=device)

    def forward(
        self,
        timbre: Tensor,
        loudness_db: Tensor,
        f0_hz: Tensor,
        partials: Tensor,
        state: StackState,
        *,
        every: bool = False,
        detail: Tensor | None = None,
    ) -> tuple[Controls, StackState]:
        """One step.

        Args:
            timbre: [voices, frames, 16].
            loudness_db: [voices, frames].
            f0_hz: [voices, frames].
            partials: [voices, frames, 128] offsets in units of f0.
            state: from `start` or the last step.
            every: as in `Decoder.step`.
            detail: likewise.
        """
        out, state = self.stack.step(stack_inputs(timbre, loudness_db, f0_hz, partials), state)
        if detail is not None:
            out = self.with_detail(out, detail)
        return self.read(out, loudness_db, f0_hz, partials, every=every), state

    def with_detail(self, out: Tensor, detail: Tensor) -> Tensor:
        """The stack's output [voices, frames, sum of sizes] with offsets [voices, frames, 129] added."""
        return out + detail @ on_device(detail_matrix, *self.sizes[:3], device=out.device)

    def read(
        self, out: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor, *, every: bool = False
    ) -> Controls:
        """Controls from the stack's output [voices, frames, sum of sizes]; streams as in `forward`."""
        envelope, corrections, noise, partial_gain, noise_gain = torch.split(out * DB_PER_UNIT, self.sizes, dim=-1)
        level = loudness_db[..., None]
        count = self.config.oscillators if every else self._count(f0_hz)
        oscillator_hz = f0_hz[..., None] * partial_ratios(partials, count)
        return Controls(
            partials=partial_amplitudes(envelope, corrections, oscillator_hz),
            noise=noise_magnitudes(noise),
            partial_gain=_gain(level, partial_gain),
            noise_gain=_gain(level, noise_gain),
            raw=out,
        )

    def _count(self, f0_hz: Tensor) -> int:
        """Number of oscillators that the lowest voice of this step needs."""
        return min(self.config.oscillators, int(oscillators_below_top(f0_hz.min()).item()))


def partial_ratios(partials: Tensor, count: int) -> Tensor:
    """Frequency of each oscillator as a multiple of f0, [.., count], from the measured offsets [.., 128].

    First the 16 half-integer multiples 0.5, 1.5 .. 15.5: the odd partials of an organ rank an octave below the key (0.5
    is shifted by the offset in slot 0). Then 1, 2 .. plus their measured offsets; partials beyond the table have none.
    """
    whole = count - HALF_PARTIALS
    known = partials[..., 1 : whole + 1]
    order = torch.arange(1, whole + 1, device=partials.device, dtype=partials.dtype)
    ratios = order + functional.pad(known, (0, whole - known.shape[-1]))
    halves = torch.arange(HALF_PARTIALS, device=partials.device, dtype=partials.dtype) + 0.5
    halves = halves + functional.pad(partials[..., :1], (0, HALF_PARTIALS - 1))
    return torch.cat([halves, ratios], dim=-1)


def oscillators_below_top(f0_hz: Tensor) -> Tensor:
    """Number of oscillators at or below 20 kHz plus the next one, for each f0."""
    return (AUDIBLE_HZ / f0_hz.clamp(min=1.0)).floor() + HALF_PARTIALS + 1


def stack_inputs(timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor) -> Tensor:
    """[voices, frames, inputs]: the streams scaled to about -1..1; pitch also as 24 Gaussians over the MIDI notes."""
    note = 69.0 + 12.0 * torch.log2(f0_hz.clamp(min=LOWEST_HZ) / 440.0)
    bumps = torch.exp(-0.5 * ((note[..., None] - on_device(pitch_centres, device=note.device)) / BUMP_NOTES).square())
    level, quiet = (loudness_db - MIDDLE_DB) / SPREAD_DB, loudness_db.clamp(min=-QUIET_DB) / QUIET_DB
    scalars = torch.stack([level, (note - MIDDLE_NOTE) / SPREAD_NOTES, quiet], dim=-1)
    return torch.cat([timbre, scalars, bumps, PARTIALS_SCALE * partials[..., :SEEN_PARTIALS]], dim=-1)


def _gain(level_db: Tensor, raw_db: Tensor) -> Tensor:
    """Amplitude factor: at most 6 dB above the frame's loudness, without a lower limit above -140 dB."""
    relative_db = TOP_GAIN_DB - KNEE_DB * functional.softplus(raw_db / KNEE_DB)
    return torch.exp((level_db + relative_db).clamp(min=QUIETEST_DB) * GAIN_PER_DB)
