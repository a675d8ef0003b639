"""Sizes of the model: a validated, frozen value that is stored in the checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from nsynth_lab.errors import CheckpointError


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of encoder, controls and bands; what cannot be read off a tensor's shape at a glance.

    Raises:
        CheckpointError: a size outside its bounds (a checkpoint is a stranger's file).
    """

    encoder_channels: int = 192
    encoder_layers: int = 8
    encoder_cycle: int = 4
    controls_channels: int = 256
    controls_layers: int = 8
    controls_cycle: int = 4
    envelope_points: int = 96
    partial_corrections: int = 64
    noise_bands: int = 80
    oscillators: int = 384
    band_channels: int = 0
    band_layers: int = 6

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not isinstance(value, int) or not 0 <= value <= 4096:
                raise CheckpointError(f"model size {item.name} is {value!r}, expected 0 to 4096")

    def to_dict(self) -> dict[str, int]:
        """As plain numbers, for the checkpoint's header."""
        return asdict(self)

    @classmethod
    def from_dict(cls, sizes: dict[str, Any]) -> ModelConfig:
        """Back from a header.

        Raises:
            CheckpointError: a size this version does not know, or out of bounds.
        """
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(sizes) - known):
            raise CheckpointError(f"checkpoint has sizes this version does not know: {', '.join(unknown)}")
        return cls(**sizes)
