"""BandDecoder: a decoder with a band stack, which adds what partials and noise cannot, in 16 bands at 3 kHz.

    tones, noise -> PQMF -> [32 bands] -> causal WaveNet stack, conditioned on the controls -> [16 bands] -> PQMF
                                                                                                              |
    tones + noise, delayed by the bank's 240 samples ------------------------------------------------------> + -> audio

What it sees and what it adds is scaled by the excitation's own level, frame by frame, so that a note 60 dB down is
treated like a loud one. Its last layer starts at zero: untrained, it changes nothing but the delay. It adds nothing to
the four bands whose filters reach beyond 19.5 kHz, so that nothing sounds above 20 kHz (see `model.distribution`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.decoder import Decoder, DecoderState
from nsynth_lab.model.stack import GatedStack, StackState
from nsynth_lab.research.pqmf import Pqmf
from nsynth_lab.units import HOP_SAMPLES

BANDS = 16
FILLED = 12  # of them, to which something is added
STEPS_PER_FRAME = HOP_SAMPLES // BANDS
QUIETEST = 1e-5


@dataclass(frozen=True)
class BandState:
    """What the band stack remembers; the first axis of each tensor is the voice.

    Attributes:
        stack: of its convolutions.
        analysis: [voices, 32, 15] of the bank that splits.
        synthesis: [voices, 16, 15] of the bank that joins.
        delay: [voices, 240] excitation still to be heard.
        control: [voices, controls] at the end of the last block.
        level: [voices] of the excitation in the last block.
    """

    stack: StackState
    analysis: Tensor
    synthesis: Tensor
    delay: Tensor
    control: Tensor
    level: Tensor


class BandStack(nn.Module):
    """`start(voices) -> state`, `step(tones, noise, controls, state) -> audio, state`, 240 samples late."""

    def __init__(self, controls: int, *, channels: int, layers: int) -> None:
        super().__init__()
        self.pqmf = Pqmf(bands=BANDS)
        self.controls = controls
        self.condition = nn.Linear(controls, channels)
        self.stack = GatedStack(2 * BANDS + channels, channels, BANDS, layers=layers, cycle=layers)
        nn.init.zeros_(self.stack.last.weight)
        nn.init.zeros_(self.stack.last.bias)

    @property
    def delay_samples(self) -> int:
        """How much later the audio comes."""
        return self.pqmf.delay_samples

    def start(self, voices: int, *, device: torch.device | str = "cpu") -> BandState:
        """State of so many silent voices."""
        analysis = self.pqmf.start(2 * voices, device=device)
        return BandState(
            stack=self.stack.start(voices, device=device),
            analysis=analysis.reshape(voices, 2, *analysis.shape[1:]).flatten(1, 2),
            synthesis=self.pqmf.start(voices, device=device),
            delay=torch.zeros(voices, self.delay_samples, device=device),
            control=torch.zeros(voices, self.controls, device=device),
            level=torch.zeros(voices, device=device),
        )

    def step(self, tones: Tensor, noise: Tensor, controls: Tensor, state: BandState) -> tuple[Tensor, BandState]:
        """`tones`, `noise` [voices, frames * 512] and `controls` [voices, frames, controls] -> audio like `tones`."""
        voices, samples = tones.shape
        both = torch.stack([tones, noise], dim=1).flatten(0, 1)
        split, analysis = self.pqmf.analyse(both, state.analysis.reshape(2 * voices, BANDS, -1))
        seen = split.reshape(voices, 2 * BANDS, -1).transpose(1, 2)
        levels = (tones + noise).reshape(voices, -1, HOP_SAMPLES).square().mean(dim=-1).add(1e-10).sqrt()
        scale = _ramps(levels[..., None], state.level[:, None])
        condition = self.condition(_ramps(controls, state.control))
        added, stack = self.stack.step(torch.cat([seen / (scale + QUIETEST), condition], dim=-1), state.stack)
        added = functional.pad(added[..., :FILLED], (0, BANDS - FILLED))
        residual, synthesis = self.pqmf.synthesise((added * scale).transpose(1, 2), state.synthesis)
        line = torch.cat([state.delay, tones + noise], dim=1)
        return line[:, :samples] + residual, BandState(
            stack=stack,
            analysis=analysis.reshape(voices, 2 * BANDS, -1),
            synthesis=synthesis,
            delay=line[:, samples:],
            control=controls[:, -1],
            level=levels[:, -1],
        )


@dataclass(frozen=True)
class BandDecoderState(DecoderState):
    """A decoder's state, and that of the band stack."""

    bands: BandState


class BandDecoder(Decoder):
    """A `Decoder` whose tones and noise pass through a band stack of `channels` channels and `layers` layers."""

    def __init__(self, config: ModelConfig, *, channels: int = 64, layers: int = 6) -> None:
        super().__init__(config)
        self.bands = BandStack(sum(self.controls.sizes), channels=channels, layers=layers)

    @property
    def delay_samples(self) -> int:
        """Delay of the audio behind its frames: that of the filter bank."""
        return self.bands.delay_samples

    def start(self, voices: int, *, device: torch.device | str = "cpu", seed: int = 0) -> BandDecoderState:
        """See `Decoder.start`."""
        excitation = super().start(voices, device=device, seed=seed)
        return BandDecoderState(**vars(excitation), bands=self.bands.start(voices, device=device))

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
        """See `Decoder.step`."""
        assert isinstance(state, BandDecoderState)
        streams = timbre, loudness_db, f0_hz, partials
        tones, noise, controls, after = self.excite(*streams, state, every=every, noise_gain=noise_gain, detail=detail)
        audio, bands = self.bands.step(tones, noise, controls.raw, state.bands)
        return audio, BandDecoderState(**vars(after), bands=bands)


def _ramps(frames: Tensor, previous: Tensor) -> Tensor:
    """`frames` [voices, frames, any] in a straight line from frame to frame, [voices, frames * 32, any]."""
    before = torch.cat([previous[:, None], frames[:, :-1]], dim=1)
    ramp = (torch.arange(STEPS_PER_FRAME, device=frames.device, dtype=frames.dtype) + 1) / STEPS_PER_FRAME
    return torch.lerp(before[:, :, None], frames[:, :, None], ramp[:, None]).flatten(1, 2)
