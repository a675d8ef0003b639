"""Encoder and decoder together: the module that is trained and stored in a checkpoint."""

from __future__ import annotations

from torch import Tensor, nn

from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.encoder import Encoder


class Autoencoder(nn.Module):
    """audio -> timbre -> audio."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def forward(
        self, samples: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor, *, seed: int = 0
    ) -> Tensor:
        """Encode `samples` [notes, frames * 512] and decode the result from silence, [notes, frames * 512].

        `loudness_db` and `f0_hz` [notes, frames] and `partials` [notes, frames, 128] are the measured streams.
        """
        timbre = self.encoder(samples, loudness_db, f0_hz, partials)
        state = self.decoder.start(len(samples), device=samples.device, seed=seed)
        audio, _ = self.decoder.step(timbre, loudness_db, f0_hz, partials, state)
        return audio
