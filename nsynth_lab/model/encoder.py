"""Encoder: audio -> timbre. Log-mel spectra of two resolutions, then a centred WaveNet stack.

The long window (43 ms) resolves partials, the short one (11 ms, four a frame) places attacks. Levels enter
relative to the frame's loudness, so that timbre says what the sound is like, whatever its level.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nsynth_lab.dsp.mel import mel
from nsynth_lab.latents import TIMBRE_DIMS
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.stack import GatedStack

LONG_BANDS, SHORT_BANDS, SHORT_PER_FRAME = 128, 40, 4
SHORT_WINDOW, SHORT_HOP = 512, 128
FEATURES = LONG_BANDS + SHORT_BANDS * SHORT_PER_FRAME
FLOOR_DB = -70.0
QUIET_DB = -80.0
LIMIT = 3.0


def features(samples: Tensor, loudness_db: Tensor) -> Tensor:
    """What the encoder sees, [notes, frames, 288], of `samples` [notes, frames * 512], about -1..1.

    `loudness_db` [notes, frames]. Frames quieter than -80 dB are shown as if at -80 dB.
    """
    long = _db(mel(samples, bands=LONG_BANDS))
    short = _db(mel(samples, bands=SHORT_BANDS, window_samples=SHORT_WINDOW, hop_samples=SHORT_HOP))
    short = short.reshape(*long.shape[:2], SHORT_BANDS * SHORT_PER_FRAME)
    relative_db = torch.cat([long, short], dim=-1) - loudness_db.clamp(min=QUIET_DB)[..., None]
    return (relative_db.clamp(min=FLOOR_DB) + 30.0) / 25.0


class Encoder(nn.Module):
    """features [notes, frames, 288] -> timbre [notes, frames, 16], within +-3."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.stack = GatedStack(
            FEATURES,
            config.encoder_channels,
            TIMBRE_DIMS,
            layers=config.encoder_layers,
            cycle=config.encoder_cycle,
        )

    def forward(self, samples: Tensor, loudness_db: Tensor) -> Tensor:
        """`samples` [notes, frames * 512], `loudness_db` [notes, frames] -> timbre [notes, frames, 16]."""
        timbre = self.stack(features(samples, loudness_db))
        return torch.tanh(timbre / LIMIT) * LIMIT


def _db(magnitude: Tensor) -> Tensor:
    return 20.0 * torch.log10(magnitude.clamp(min=1e-6))
