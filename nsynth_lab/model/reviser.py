"""Reviser: what the decoder made of a timbre beside what was recorded -> a better timbre.

An encoder has to foresee what the decoder will make of its timbre. The reviser is shown it, and takes a step towards
the recording, as gradient descent does (`refine`), in a few hundredths of the time: iterative amortized inference
(Marino, Yue and Mandt 2018, https://arxiv.org/abs/1807.09356). An untrained one changes nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nsynth_lab.latents import TIMBRE_DIMS
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.controls import INPUTS
from nsynth_lab.model.encoder import LIMIT, seen_size
from nsynth_lab.model.stack import GatedStack


class Reviser(nn.Module):
    """The decoder's inputs, and what the encoder sees of the recording and of its twin -> timbre, within +-3."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.stack = GatedStack(
            INPUTS + 2 * seen_size(config),
            config.reviser_channels,
            TIMBRE_DIMS,
            layers=config.reviser_layers,
            cycle=config.reviser_cycle,
        )
        nn.init.zeros_(self.stack.last.weight)
        nn.init.zeros_(self.stack.last.bias)

    def forward(self, inputs: Tensor, recorded: Tensor, decoded: Tensor) -> Tensor:
        """The revised timbre [notes, frames, 16].

        Args:
            inputs: [notes, frames, inputs] of the decoder, timbre first (`controls.stack_inputs`).
            recorded: [notes, frames, seen_size(config)] of the recording (`Encoder.seen`).
            decoded: the same of what the decoder made of `inputs`.
        """
        change: Tensor = self.stack(torch.cat([inputs, recorded, decoded - recorded], dim=-1))
        return (inputs[..., :TIMBRE_DIMS] + change).clamp(-LIMIT, LIMIT)
