"""Encoder: audio -> timbre, from log-mel spectra of two resolutions and the levels of the partials.

The long window (43 ms) resolves the spectral envelope, the short one (11 ms, four per frame) locates attacks. The
levels of the partials are read from a third spectrum (85 ms) at their measured frequencies: the weak even partials of a
clarinet, or an organ rank an octave below, look the same there at every pitch, which they do not in mel bands. All
levels are relative to the frame's loudness, so that timbre does not depend on level.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nsynth_lab.dsp.mel import magnitudes, mel
from nsynth_lab.latents import TIMBRE_DIMS, TIMBRE_LIMIT
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.controls import partial_ratios
from nsynth_lab.model.sizes import HALF_PARTIALS, LONG_BANDS, SHORT_BANDS, SHORT_PER_FRAME, encoder_inputs
from nsynth_lab.model.stack import GatedStack
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

SHORT_WINDOW, SHORT_HOP = 512, 128
PARTIALS_WINDOW = 4096
FLOOR_DB = -70.0
QUIETEST_DB = -120.0
QUIET_DB = -80.0


def features(samples: Tensor, loudness_db: Tensor) -> Tensor:
    """Mel features [notes, frames, 288] of `samples` [notes, frames * 512], about -1..1.

    They are relative to `loudness_db` [notes, frames]; frames quieter than -80 dB are treated as if at -80 dB.
    """
    long = _db(mel(samples, bands=LONG_BANDS))
    short = _db(mel(samples, bands=SHORT_BANDS, window_samples=SHORT_WINDOW, hop_samples=SHORT_HOP))
    short = short.reshape(*long.shape[:2], SHORT_BANDS * SHORT_PER_FRAME)
    relative_db = torch.cat([long, short], dim=-1) - loudness_db.clamp(min=QUIET_DB)[..., None]
    return _scaled(relative_db)


def partial_levels(samples: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor, *, count: int) -> Tensor:
    """Levels of the 16 half-integer and the first `count` partials, [notes, frames, 16 + count], about -1..1.

    `f0_hz` [notes, frames], `partials` [notes, frames, 128] offsets in units of f0. Above 24 kHz partials are silent.
    """
    spectrum_db = _db(magnitudes(samples, window_samples=PARTIALS_WINDOW, hop_samples=HOP_SAMPLES))
    oscillator_hz = f0_hz[..., None] * partial_ratios(partials, HALF_PARTIALS + count)
    position = oscillator_hz * (PARTIALS_WINDOW / SAMPLE_RATE)
    below = position.long().clamp(0, PARTIALS_WINDOW // 2 - 1)
    level_db = torch.lerp(
        spectrum_db.gather(-1, below), spectrum_db.gather(-1, below + 1), (position - below).clamp(0, 1)
    )
    level_db = torch.where(position < PARTIALS_WINDOW // 2, level_db, QUIETEST_DB)
    return _scaled(level_db - loudness_db.clamp(min=QUIET_DB)[..., None])


def _scaled(relative_db: Tensor) -> Tensor:
    return (relative_db.clamp(min=FLOOR_DB) + 30.0) / 25.0


class Encoder(nn.Module):
    """Features [notes, frames, 288 + partial levels] -> timbre [notes, frames, 16] within +-3, by a centred stack."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.partials = config.encoder_partials
        self.stack = GatedStack(
            encoder_inputs(config),
            config.encoder_channels,
            TIMBRE_DIMS,
            layers=config.encoder_layers,
            cycle=config.encoder_cycle,
        )

    def forward(self, samples: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor) -> Tensor:
        """Timbre [notes, frames, 16].

        Args:
            samples: [notes, frames * 512].
            loudness_db: [notes, frames].
            f0_hz: [notes, frames].
            partials: [notes, frames, 128] offsets in units of f0.
        """
        seen = features(samples, loudness_db)
        if self.partials:
            levels = partial_levels(samples, loudness_db, f0_hz, partials, count=self.partials)
            seen = torch.cat([seen, levels], dim=-1)
        return torch.tanh(self.stack(seen) / TIMBRE_LIMIT) * TIMBRE_LIMIT


def _db(magnitude: Tensor) -> Tensor:
    return 20.0 * torch.log10(magnitude.clamp(min=1e-6))
