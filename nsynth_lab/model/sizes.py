"""Sizes of encoder and control net that follow from a `ModelConfig`, and the name and shape of each of their weights.

Known without torch, so that a checkpoint can be checked and played without it. The nets themselves are `model.encoder`
and `model.controls`, both on the stack of `model.stack`.
"""

from __future__ import annotations

from nsynth_lab.latents import TIMBRE_DIMS
from nsynth_lab.model.config import ModelConfig

CONTROL_STACK, ENCODER_STACK = "decoder.controls.stack", "encoder.stack"  # in the names of weights
TAPS = 3  # of each convolution
HALF_PARTIALS = 16
# what the encoder sees
LONG_BANDS, SHORT_BANDS, SHORT_PER_FRAME = 128, 40, 4
FEATURES = LONG_BANDS + SHORT_BANDS * SHORT_PER_FRAME
# what the control net sees and gives
PITCH_CENTRES = 24
SEEN_PARTIALS = 32
CONTROL_INPUTS = TIMBRE_DIMS + 3 + PITCH_CENTRES + SEEN_PARTIALS
GAINS_PER_FRAME = 4


def encoder_inputs(config: ModelConfig) -> int:
    """Features of a frame, and the levels of its partials where the model has any."""
    return FEATURES + (HALF_PARTIALS + config.encoder_partials if config.encoder_partials else 0)


def control_outputs(config: ModelConfig) -> tuple[int, int, int, int, int]:
    """Points of the envelope, corrections of partials, bands of noise, gains of the partials and of the noise."""
    corrections = HALF_PARTIALS + config.partial_corrections
    return config.envelope_points, corrections, config.noise_bands, GAINS_PER_FRAME, GAINS_PER_FRAME


def dilations(layers: int, cycle: int) -> list[int]:
    """How many frames apart the taps of each layer are.

    >>> dilations(6, 4)
    [1, 2, 4, 8, 1, 2]
    """
    return [2 ** (index % cycle) for index in range(layers)]


def weight_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """The name and the shape of every array in a checkpoint of this model, as `Autoencoder.state_dict` has them."""
    encoder = _stack(
        ENCODER_STACK, encoder_inputs(config), config.encoder_channels, TIMBRE_DIMS, layers=config.encoder_layers
    )
    outputs = sum(control_outputs(config))
    controls = _stack(CONTROL_STACK, CONTROL_INPUTS, config.controls_channels, outputs, layers=config.controls_layers)
    return encoder | controls


def _stack(name: str, inputs: int, channels: int, outputs: int, *, layers: int) -> dict[str, tuple[int, ...]]:
    shapes = _linear(f"{name}.first", inputs, channels)
    for index in range(layers):
        shapes |= _linear(f"{name}.layers.{index}.taps", TAPS * channels, 2 * channels)
        shapes |= _linear(f"{name}.layers.{index}.out", channels, 2 * channels)
    return shapes | _linear(f"{name}.mix", channels, channels) | _linear(f"{name}.last", channels, outputs)


def _linear(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}
