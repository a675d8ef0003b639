"""Decoder: latents -> audio, in blocks, with its state handed in and out.

    streams -> ControlNet -> Controls -> bank of partials + noise -> (band stack) -> audio

Frame t is heard in block t: the amplitudes move in a straight line from frame t - 1 to frame t. Before its first frame
a voice has partials and noise as in that frame, and only its gains start from 0, so that an attack is as sharp as they
are: the first 2.7 ms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.dsp.noise import TABLE_FRAMES, coloured, first_tail, white_table
from nsynth_lab.dsp.oscillators import SPANS, bank, phases, span_hz
from nsynth_lab.model.bands import BandStack, BandState
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.controls import GAINS_PER_FRAME, ControlNet, Controls, oscillators_below_top, partial_ratios
from nsynth_lab.model.stack import StackState
from nsynth_lab.model.state import reset_voices
from nsynth_lab.units import HOP_SAMPLES, Ints

Places = TypeVar("Places", Tensor, Ints, int)
NOISE_STEP = 397  # so far apart in the noise table voices begin whose seeds follow each other


@dataclass(frozen=True)
class DecoderState:
    """All that a voice remembers between blocks; the first axis of each tensor is the voice.

    Attributes:
        stack: of the control net.
        turns: [voices, oscillators] float64 phase.
        f0_hz: [voices] at the end of the last block; 0 before the first.
        partials: [voices, oscillators] amplitudes at the end of the last block.
        gains: [voices, 2] of partials and noise at the end of the last block.
        noise_tail: [voices, 512] half a frame of noise still to be heard.
        noise_position: [voices] where in the noise table the voice is.
        bands: of the band stack, where the model has one.
    """

    stack: StackState
    turns: Tensor
    f0_hz: Tensor
    partials: Tensor
    gains: Tensor
    noise_tail: Tensor
    noise_position: Tensor
    bands: BandState | None

    def reset(self, which: Tensor, fresh: DecoderState) -> DecoderState:
        """This state in which the voices where `which` [voices] is true start anew, as in `fresh`."""
        return reset_voices(self, fresh, which)


class Decoder(nn.Module):
    """`start(voices) -> state`, `step(streams, state) -> audio [voices, frames * 512], state`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.controls = ControlNet(config)
        self.bands = BandStack(config, sum(self.controls.sizes)) if config.band_channels else None

    @property
    def delay_samples(self) -> int:
        """How much later than its frames the audio comes."""
        return self.bands.delay_samples if self.bands is not None else 0

    def start(self, voices: int, *, device: torch.device | str = "cpu", seed: int = 0) -> DecoderState:
        """State of so many silent voices. Voice v begins at the place of `seed + v` in the noise table."""
        count = self.config.oscillators
        return DecoderState(
            stack=self.controls.start(voices, device=device),
            turns=start_turns(count, device=device).repeat(voices, 1),
            f0_hz=torch.zeros(voices, device=device),
            partials=torch.zeros(voices, count, device=device),
            gains=torch.zeros(voices, 2, device=device),
            noise_tail=torch.zeros(voices, HOP_SAMPLES, device=device),
            noise_position=noise_places(seed + torch.arange(voices, device=device)),
            bands=self.bands.start(voices, device=device) if self.bands is not None else None,
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
    ) -> tuple[Tensor, DecoderState]:
        """Decode the next frames of every voice.

        Args:
            timbre: [voices, frames, 16].
            loudness_db: [voices, frames] A-weighted level.
            f0_hz: [voices, frames].
            partials: [voices, frames, 128] offsets in units of f0.
            state: from `start` or the last step.
            every: with all oscillators, whatever the pitch: nothing is then read back from the device, and shapes
                depend on the number of voices and frames alone.

        Returns:
            Audio [voices, frames * 512] and the state after it.
        """
        controls, stack = self.controls(timbre, loudness_db, f0_hz, partials, state.stack, every=every)
        state = _begun(state, controls, f0_hz[:, 0], every=every)
        tones, turns = _tones(controls, f0_hz, partials, state, every=every)
        gains, last_gains = _gain_curves(controls, state.gains)
        table = white_table(timbre.device)
        noise, tail = coloured(controls.noise, state.noise_position, state.noise_tail, table)
        tones, noise = tones * gains[..., 0], noise * gains[..., 1]
        if self.bands is not None and state.bands is not None:
            audio, bands = self.bands.step(tones, noise, controls.raw, state.bands)
        else:
            audio, bands = tones + noise, None
        count = controls.partials.shape[-1]
        return audio, DecoderState(
            stack=stack,
            turns=turns,
            f0_hz=f0_hz[:, -1],
            partials=torch.cat([controls.partials[:, -1], torch.zeros_like(state.partials[:, count:])], dim=1),
            gains=last_gains,
            noise_tail=tail,
            noise_position=(state.noise_position + timbre.shape[1]) % TABLE_FRAMES,
            bands=bands,
        )


def start_turns(count: int, *, device: torch.device | str = "cpu") -> Tensor:
    """Phases [count] in turns that spread the partials' peaks (Schroeder 1970), float64."""
    order = torch.arange(count, dtype=torch.float64, device=device)
    return (0.5 * order * (order - 1) / count) % 1.0


def noise_places(seeds: Places) -> Places:
    """Where in the noise table voices of these seeds [voices], or of one seed, begin."""
    return seeds * NOISE_STEP % TABLE_FRAMES


def _begun(state: DecoderState, controls: Controls, f0_hz: Tensor, *, every: bool) -> DecoderState:
    """`state` in which voices that begin have been as in their first frame, whose f0 is `f0_hz` [voices]."""
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
    controls: Controls, f0_hz: Tensor, partials: Tensor, state: DecoderState, *, every: bool
) -> tuple[Tensor, Tensor]:
    """The bank of partials [voices, samples], and the phases after it [voices, oscillators].

    Phases run on for the oscillators above hearing too: a bend may bring them back.
    """
    with torch.no_grad():
        ratios = partial_ratios(partials, state.turns.shape[1]).repeat_interleave(SPANS, dim=1)
        partial_hz = span_hz(f0_hz, state.f0_hz)[..., None] * ratios
        starts, turns = phases(partial_hz, state.turns)
    if every:
        return bank(controls.partials, state.partials, partial_hz, starts), turns
    lowest_hz = torch.minimum(f0_hz.amin(dim=1), state.f0_hz)
    # those that rise above hearing between the last block and this one still have to fade out
    sounding = min(state.turns.shape[1], int(oscillators_below_top(lowest_hz.min()).item()))
    amplitudes = functional.pad(controls.partials, (0, max(0, sounding - controls.partials.shape[-1])))
    waves: list[Tensor] = []
    order, parts = _alike(lowest_hz, amplitudes.shape[-1])
    for group, count in parts:
        now, before = amplitudes[group, :, :count], state.partials[group, :count]
        waves.append(bank(now, before, partial_hz[group, :, :count], starts[group, :, :count]))
    return torch.cat(waves)[order], turns


def _alike(lowest_hz: Tensor, count: int) -> tuple[Tensor, list[tuple[Tensor, int]]]:
    """Voices grouped by how many oscillators they need: on a CPU a high note then costs a tenth of a low one.

    `lowest_hz` [voices] is the lowest f0 of each. Returns the order that puts the groups' voices back, and (voices,
    oscillators) of each group.
    """
    voices = torch.arange(len(lowest_hz), device=lowest_hz.device)
    if len(voices) == 1 or lowest_hz.is_cuda:
        return voices, [(voices, count)]
    needed = oscillators_below_top(lowest_hz).log2().ceil()
    sizes = sorted(set(needed.tolist()))
    groups = [(voices[needed == size], min(count, 2 ** int(size))) for size in sizes]
    return torch.cat([group for group, _ in groups]).argsort(), groups


def _gain_curves(controls: Controls, previous: Tensor) -> tuple[Tensor, Tensor]:
    """Gains of partials and noise at each sample [voices, samples, 2], and at the last."""
    points = torch.stack([controls.partial_gain.flatten(1), controls.noise_gain.flatten(1)], dim=-1)
    before = torch.cat([previous[:, None], points[:, :-1]], dim=1)
    span = HOP_SAMPLES // GAINS_PER_FRAME
    ramp = torch.arange(span, device=points.device, dtype=points.dtype)[:, None] / span
    return torch.lerp(before[:, :, None], points[:, :, None], ramp).flatten(1, 2), points[:, -1]
