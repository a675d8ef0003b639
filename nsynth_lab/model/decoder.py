"""Decoder: latents -> audio, block by block; the state is passed in and returned.

    streams -> ControlNet -> Controls -> bank of partials + noise -> audio

Frame t sounds in block t: amplitudes are interpolated linearly from frame t - 1 to frame t. A new voice starts with the
partials and the noise spectrum of its first frame, and only its gains rise from 0. As there are four gains per frame,
an attack can be as short as 2.7 ms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.dsp.compiled_bank import compiled_bank
from nsynth_lab.dsp.fixed_bank import fixed_bank
from nsynth_lab.dsp.noise import coloured, first_tail, white_table
from nsynth_lab.dsp.noise_table import TABLE_FRAMES, noise_places
from nsynth_lab.dsp.numpy_bank import SPANS
from nsynth_lab.dsp.on_device import on_device
from nsynth_lab.dsp.oscillators import Carriers, bank, carriers, phases, span_hz
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.controls import ControlNet, Controls, oscillators_below_top, partial_ratios
from nsynth_lab.model.scales import start_turns
from nsynth_lab.model.sizes import GAINS_PER_FRAME
from nsynth_lab.model.stack import StackState
from nsynth_lab.model.state import reset_voices
from nsynth_lab.units import HOP_SAMPLES


@dataclass(frozen=True)
class DecoderState:
    """The state of voices between blocks; the first axis of each tensor is the voice.

    Attributes:
        stack: state of the control net.
        turns: [voices, oscillators] phase in cycles, float64.
        f0_hz: [voices] at the end of the last block; 0 before the first.
        partials: [voices, oscillators] amplitudes at the end of the last block.
        gains: [voices, 2] of partials and noise at the end of the last block.
        noise_tail: [voices, 512] noise that overlaps into the next frame.
        noise_position: [voices] position in the noise table, in frames.
    """

    stack: StackState
    turns: Tensor
    f0_hz: Tensor
    partials: Tensor
    gains: Tensor
    noise_tail: Tensor
    noise_position: Tensor

    def reset(self, which: Tensor, fresh: DecoderState) -> DecoderState:
        """This state, with the voices where `which` [voices] is true replaced by those of `fresh`."""
        return reset_voices(self, fresh, which)


@dataclass
class KeptCarriers:
    """The carriers of a step, and the phases after it: empty before it is taken for the first time."""

    carriers: Carriers | None = None
    turns: Tensor | None = None


class Decoder(nn.Module):
    """`start(voices) -> state`, `step(streams, state) -> audio [voices, frames * 512], state`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.controls = ControlNet(config)

    def start(self, voices: int, *, device: torch.device | str = "cpu", seed: int = 0) -> DecoderState:
        """The state of `voices` silent voices; voice v starts at `noise_places(seed + v)` in the noise table."""
        count = self.config.oscillators
        return DecoderState(
            stack=self.controls.start(voices, device=device),
            turns=on_device(start_turns, count, device=device).repeat(voices, 1),
            f0_hz=torch.zeros(voices, device=device),
            partials=torch.zeros(voices, count, device=device),
            gains=torch.zeros(voices, 2, device=device),
            noise_tail=torch.zeros(voices, HOP_SAMPLES, device=device),
            noise_position=torch.from_numpy(noise_places(seed + np.arange(voices, dtype=np.int64))).to(device),
        )

    def step(
        self,
        timbre: Tensor,
        loudness_db: Tensor,
        f0_hz: Tensor,
        partials: Tensor,
        state: DecoderState,
        *,
        every: bool = False,
        noise_gain: Tensor | None = None,
        detail: Tensor | None = None,
    ) -> tuple[Tensor, DecoderState]:
        """Decode the next frames of every voice.

        Args:
            timbre: [voices, frames, 16].
            loudness_db: [voices, frames] A-weighted level.
            f0_hz: [voices, frames].
            partials: [voices, frames, 128] offsets in units of f0.
            state: from `start` or the last step.
            every: compute all oscillators, whatever the pitch. Shapes then depend only on the number of voices and
                frames, and nothing is read back from the device, as CUDA graphs need it.
            noise_gain: [voices, frames] amplitude by which the noise is turned up; 1 where it is not given.
            detail: [voices, frames, 129] offsets of levels (see `nsynth_lab.detail`); 0 where it is not given.

        Returns:
            Audio [voices, frames * 512] and the state after it.
        """
        streams = timbre, loudness_db, f0_hz, partials
        tones, noise, _, after = self.excite(*streams, state, every=every, noise_gain=noise_gain, detail=detail)
        return tones + noise, after

    def excite(
        self,
        timbre: Tensor,
        loudness_db: Tensor,
        f0_hz: Tensor,
        partials: Tensor,
        state: DecoderState,
        *,
        every: bool,
        noise_gain: Tensor | None = None,
        detail: Tensor | None = None,
        kept: KeptCarriers | None = None,
    ) -> tuple[Tensor, Tensor, Controls, DecoderState]:
        """`step`, its tones and its noise apart, each [voices, frames * 512]; and the controls that they follow.

        Where the step is taken again and again from the same phases with the same f0 and partials, `kept` keeps what
        follows from these.
        """
        controls, stack = self.controls(timbre, loudness_db, f0_hz, partials, state.stack, every=every, detail=detail)
        if noise_gain is not None:
            controls = replace(controls, noise_gain=controls.noise_gain * noise_gain[..., None])
        tones, noise, after = self.sound(controls, f0_hz, partials, replace(state, stack=stack), every=every, kept=kept)
        return tones, noise, controls, after

    def sound(
        self,
        controls: Controls,
        f0_hz: Tensor,
        partials: Tensor,
        state: DecoderState,
        *,
        every: bool,
        kept: KeptCarriers | None = None,
    ) -> tuple[Tensor, Tensor, DecoderState]:
        """Tones and noise of `controls`, each [voices, frames * 512]; arguments as of `excite`; the stack stays."""
        state = _begun(state, controls, f0_hz[:, 0], every=every)
        tones, turns = _tones(controls, f0_hz, partials, state, every=every, kept=kept)
        gains, last_gains = _gain_curves(controls, state.gains)
        noise, tail = coloured(controls.noise, state.noise_position, state.noise_tail, white_table(f0_hz.device))
        count = controls.partials.shape[-1]
        after = DecoderState(
            stack=state.stack,
            turns=turns,
            f0_hz=f0_hz[:, -1],
            partials=torch.cat([controls.partials[:, -1], torch.zeros_like(state.partials[:, count:])], dim=1),
            gains=last_gains,
            noise_tail=tail,
            noise_position=(state.noise_position + f0_hz.shape[1]) % TABLE_FRAMES,
        )
        return tones * gains[..., 0], noise * gains[..., 1], after


def _begun(state: DecoderState, controls: Controls, f0_hz: Tensor, *, every: bool) -> DecoderState:
    """`state`, with voices that start now given the partials, noise and `f0_hz` [voices] of their first frame."""
    begins = state.f0_hz <= 0
    if not every and not begins.any():
        return state
    first = functional.pad(controls.partials[:, 0], (0, state.partials.shape[1] - controls.partials.shape[-1]))
    tail = first_tail(controls.noise[:, 0], state.noise_position, white_table(f0_hz.device))
    return replace(
        state,
        f0_hz=torch.where(begins, f0_hz, state.f0_hz),
        partials=torch.where(begins[:, None], first, state.partials),
        noise_tail=torch.where(begins[:, None], tail, state.noise_tail),
    )


def _tones(
    controls: Controls, f0_hz: Tensor, partials: Tensor, state: DecoderState, *, every: bool, kept: KeptCarriers | None
) -> tuple[Tensor, Tensor]:
    """(the sum of the partials [voices, samples], the phases after it [voices, oscillators]).

    Phases also advance for oscillators above 20 kHz, because a bend may make them audible again.
    """
    lowest_hz = torch.minimum(f0_hz.amin(dim=1), state.f0_hz)
    # partials that have just risen above 20 kHz still have to fade out
    sounding = state.turns.shape[1] if every else min(state.turns.shape[1], _needed(lowest_hz))
    amplitudes = functional.pad(controls.partials, (0, max(0, sounding - controls.partials.shape[-1])))
    if kept is not None and not f0_hz.is_cuda:
        ratios, loudest = partial_ratios(partials, state.turns.shape[1]), _loudest(controls, state)
        previous = state.partials[:, : amplitudes.shape[-1]]
        return compiled_bank(amplitudes, previous, f0_hz, state.f0_hz, ratios, state.turns, loudest=loudest)
    if kept is not None and kept.carriers is not None and kept.turns is not None:
        return fixed_bank(amplitudes, state.partials[:, : amplitudes.shape[-1]], kept.carriers), kept.turns
    with torch.no_grad():
        ratios = partial_ratios(partials, state.turns.shape[1]).repeat_interleave(SPANS, dim=1)
        partial_hz = span_hz(f0_hz, state.f0_hz)[..., None] * ratios
        starts, turns = phases(partial_hz, state.turns)
    if kept is not None:
        count = amplitudes.shape[-1]
        kept.carriers, kept.turns = carriers(partial_hz[..., :count], starts[..., :count]), turns
        return fixed_bank(amplitudes, state.partials[:, :count], kept.carriers), turns
    if every:
        return bank(controls.partials, state.partials, partial_hz, starts), turns
    waves: list[Tensor] = []
    order, parts = _alike(lowest_hz, amplitudes.shape[-1])
    for group, count in parts:
        now, before = amplitudes[group, :, :count], state.partials[group, :count]
        waves.append(bank(now, before, partial_hz[group, :, :count], starts[group, :, :count]))
    return torch.cat(waves)[order], turns


def _loudest(controls: Controls, state: DecoderState) -> Tensor:
    """The highest gain of partials during each frame [voices, frames]."""
    highest = controls.partial_gain.detach().amax(dim=-1)
    return torch.maximum(highest, torch.cat([state.gains[:, :1], controls.partial_gain.detach()[:, :-1, -1]], dim=1))


def _needed(lowest_hz: Tensor) -> int:
    return int(oscillators_below_top(lowest_hz.min()).item())


def _alike(lowest_hz: Tensor, count: int) -> tuple[Tensor, list[tuple[Tensor, int]]]:
    """Groups of voices that need about as many oscillators each; on a CPU high notes then cost less than low ones.

    `lowest_hz` [voices] is the lowest f0 of each voice. Returns (the order that restores the original voices, a list of
    (voices, number of oscillators) for each group).
    """
    voices = torch.arange(len(lowest_hz), device=lowest_hz.device)
    if len(voices) == 1 or lowest_hz.is_cuda:
        return voices, [(voices, count)]
    needed = oscillators_below_top(lowest_hz).log2().ceil()
    sizes = sorted(set(needed.tolist()))
    groups = [(voices[needed == size], min(count, 2 ** int(size))) for size in sizes]
    return torch.cat([group for group, _ in groups]).argsort(), groups


def _gain_curves(controls: Controls, previous: Tensor) -> tuple[Tensor, Tensor]:
    """(gains of partials and noise at each sample [voices, samples, 2], at the last sample [voices, 2])."""
    points = torch.stack([controls.partial_gain.flatten(1), controls.noise_gain.flatten(1)], dim=-1)
    before = torch.cat([previous[:, None], points[:, :-1]], dim=1)
    span = HOP_SAMPLES // GAINS_PER_FRAME
    ramp = torch.arange(span, device=points.device, dtype=points.dtype)[:, None] / span
    return torch.lerp(before[:, :, None], points[:, :, None], ramp).flatten(1, 2), points[:, -1]
