"""Sizes of the model, stored in the header of its checkpoint, and the default number of fitting rounds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from nsynth_lab.errors import CheckpointError

ROUNDS = 0  # of `analysis_by_synthesis` over a whole note: what is measured gains more, and costs less
CHANNELS, LAYERS, CYCLE = (1, 4096), (1, 64), (1, 12)
BOUNDS = {
    "encoder_channels": CHANNELS,
    "encoder_layers": LAYERS,
    "encoder_cycle": CYCLE,
    "encoder_partials": (0, 112),
    "controls_channels": CHANNELS,
    "controls_layers": LAYERS,
    "controls_cycle": CYCLE,
    "envelope_points": (2, 4096),
    "partial_corrections": (0, 4096),
    "noise_bands": (2, 513),
    "oscillators": (17, 4096),
}
BAND_SIZES = ("band_channels", "band_layers")  # in the headers of version 0.1: of a band stack, see `research.bands`


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of encoder and control net.

    Raises:
        CheckpointError: a size outside its bounds; checkpoints may come from untrusted sources.
    """

    encoder_channels: int = 192
    encoder_layers: int = 8
    encoder_cycle: int = 4
    encoder_partials: int = 0
    controls_channels: int = 256
    controls_layers: int = 8
    controls_cycle: int = 4
    envelope_points: int = 96
    partial_corrections: int = 64
    noise_bands: int = 80
    oscillators: int = 384

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise CheckpointError(f"model size {name} is {value!r}, expected {low} to {high}")

    def to_dict(self) -> dict[str, int]:
        """As a JSON object for the checkpoint's header."""
        return asdict(self)

    @classmethod
    def from_dict(cls, sizes: dict[str, Any]) -> ModelConfig:
        """Parse the sizes in a checkpoint's header.

        Raises:
            CheckpointError: a size is unknown to this version or out of bounds, or the model has a band stack.
        """
        if not isinstance(sizes, dict):
            raise CheckpointError(
                f"the checkpoint's model sizes are a {type(sizes).__name__}; expected an object of names and numbers"
            )
        if (channels := sizes.get("band_channels", 0)) != 0:
            raise CheckpointError(
                f"the model has a band stack (band_channels {channels!r}, expected 0), which this version neither "
                f"plays nor trains; use a model without one"
            )
        sizes = {name: size for name, size in sizes.items() if name not in BAND_SIZES}
        if unknown := sorted(set(sizes) - set(BOUNDS)):
            raise CheckpointError(
                f"the checkpoint has model sizes unknown to this version: {', '.join(map(repr, unknown))}"
            )
        return cls(**sizes)
