"""Encoder and decoder together: what training trains and a checkpoint holds."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.controls import stack_inputs
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.encoder import Encoder
from nsynth_lab.model.reviser import Reviser

REVISIONS = 2
BLOCK_FRAMES = 128


class Autoencoder(nn.Module):
    """audio -> timbre -> audio. Streams are `loudness_db` and `f0_hz` [notes, frames], `partials` [.., frames, 128]."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.reviser = Reviser(config) if config.reviser_channels else None
        self.decoder = Decoder(config)

    def encode(
        self, samples: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor,
        *, revisions: int = REVISIONS, seed: int = 0,
    ) -> Tensor:  # fmt: skip
        """Timbre [notes, frames, 16] of `samples` [notes, frames * 512], revised so often where there is a reviser."""
        streams = (loudness_db, f0_hz, partials)
        recorded = self.encoder.seen(samples, *streams)
        timbre = self.encoder.read(recorded)
        if self.reviser is None:
            return timbre
        for _ in range(revisions):
            with torch.no_grad():
                decoded = self.encoder.seen(self.in_blocks(timbre, *streams, seed=seed), *streams)
            timbre = self.reviser(stack_inputs(timbre, *streams), recorded, decoded)
        return timbre

    def decode(self, timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor, *, seed: int = 0) -> Tensor:
        """Decode from silence, [notes, frames * 512]; what the decoder's delay keeps back at the end is silent."""
        state = self.decoder.start(len(timbre), device=timbre.device, seed=seed)
        audio, _ = self.decoder.step(timbre, loudness_db, f0_hz, partials, state)
        return self._undelayed(audio)

    def in_blocks(
        self, timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor, *, seed: int = 0
    ) -> Tensor:
        """As `decode`, in blocks, so that what a long note needs of memory stays small."""
        state, blocks = self.decoder.start(len(timbre), device=timbre.device, seed=seed), []
        for first in range(0, timbre.shape[1], BLOCK_FRAMES):
            block = slice(first, first + BLOCK_FRAMES)
            part = (timbre[:, block], loudness_db[:, block], f0_hz[:, block], partials[:, block])
            audio, state = self.decoder.step(*part, state)
            blocks.append(audio)
        return self._undelayed(torch.cat(blocks, dim=1))

    def _undelayed(self, audio: Tensor) -> Tensor:
        late = self.decoder.delay_samples
        return functional.pad(audio[:, late:], (0, late))

    def forward(
        self, samples: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor, *, seed: int = 0
    ) -> Tensor:
        """Encode `samples` [notes, frames * 512] and decode them again from silence, [notes, frames * 512]."""
        timbre = self.encode(samples, loudness_db, f0_hz, partials, seed=seed)
        return self.decode(timbre, loudness_db, f0_hz, partials, seed=seed)
