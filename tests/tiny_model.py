"""A model small enough to test with, and streams to feed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from made_notes import flute, organ_cut_short
from torch import Tensor

from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.bank import Bank, BankEntry, write_bank
from nsynth_lab.model.checkpoint import save_weights
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.decoder import Decoder, DecoderState
from nsynth_lab.note import Instrument
from nsynth_lab.units import note_to_hz

TINY = ModelConfig(
    encoder_channels=16,
    encoder_layers=3,
    encoder_cycle=3,
    encoder_partials=8,
    controls_channels=16,
    controls_layers=4,
    controls_cycle=3,
    envelope_points=32,
    partial_corrections=16,
    noise_bands=16,
)


def tiny_config(*, encoder_partials: int) -> ModelConfig:
    """`TINY`, with an encoder that measures partials or, with 0, does not."""
    return replace(TINY, encoder_partials=min(encoder_partials, TINY.encoder_partials))


def tiny_model(*, seed: int = 0) -> Autoencoder:
    """Random weights that float16 can hold, the same for the same seed."""
    torch.manual_seed(seed)
    model = Autoencoder(TINY)
    model.eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.copy_(parameter.half())
    return model


def tiny_checkpoint(folder: Path) -> Path:
    """A checkpoint of `tiny_model` with a flute and an organ called cello in its bank."""
    model_id = save_weights(folder, tiny_model(), about={})
    entries = [
        BankEntry(Instrument("flute", "flute"), (0,), "CC0-1.0", "made"),
        BankEntry(Instrument("cello", "string"), (1,), "CC0-1.0", "made"),
    ]
    zones = [replace(note, model_id=model_id) for note in (flute(), organ_cut_short())]
    write_bank(folder, Bank(entries, zones, model_id=model_id), about={})
    return folder


def streams(pitches: Sequence[float], frames: int, *, level_db: float = -20.0, seed: int = 1) -> list[Tensor]:
    """timbre, loudness, f0 and partials of one wandering note a pitch, as `Decoder.step` takes them."""
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape: int) -> Tensor:
        return torch.randn(len(pitches), *shape, generator=generator)

    cents = 30.0 * torch.sin(noise(1) + 0.4 * torch.arange(frames))
    nominal_hz = torch.tensor([note_to_hz(float(pitch)) for pitch in pitches])
    return [
        noise(1, 16) + 0.3 * noise(frames, 16),
        level_db + 3.0 * noise(frames),
        nominal_hz[:, None] * 2.0 ** (cents / 1200.0),
        (0.02 * noise(1, 128)).expand(-1, frames, -1),
    ]


def decode(decoder: Decoder, inputs: Sequence[Tensor], state: DecoderState) -> tuple[Tensor, DecoderState]:
    """`Decoder.step`, its streams in a row; where there are more, the gain of the noise and the detail."""
    timbre, loudness_db, f0_hz, partials, *more = inputs
    noise_gain, detail = (more[at] if len(more) > at else None for at in range(2))
    with torch.no_grad():
        return decoder.step(timbre, loudness_db, f0_hz, partials, state, noise_gain=noise_gain, detail=detail)
