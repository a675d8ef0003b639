"""Loops as they are trained: two bars in slots to 64 numbers and back. `melody.loops` is the twin in NumPy."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.melody.conditions import METRES, MODES
from nsynth_lab.melody.loops_shape import IN_SLOT, LATENTS, OUT_SLOT, WIDE
from nsynth_lab.melody.slots import SLOTS, SYMBOLS

LEAST_SHARE, MOST_SHARE = -9.0, 2.0  # logarithm of a latent's variance


class LoopsNet(nn.Module):
    """Plain matrices over the slots; metre and mode are told."""

    def __init__(self) -> None:
        super().__init__()
        self.symbol = nn.Embedding(SYMBOLS, IN_SLOT)
        self.metre_in, self.mode_in = nn.Embedding(len(METRES), WIDE), nn.Embedding(len(MODES), WIDE)
        self.metre_out, self.mode_out = nn.Embedding(len(METRES), WIDE), nn.Embedding(len(MODES), WIDE)
        self.gather, self.ponder = nn.Linear(SLOTS * IN_SLOT, WIDE), nn.Linear(WIDE, WIDE)
        self.to_latents = nn.Linear(WIDE, 2 * LATENTS)
        self.unfold, self.ponder_again = nn.Linear(LATENTS, WIDE), nn.Linear(WIDE, WIDE)
        self.spread, self.to_symbol = nn.Linear(WIDE, SLOTS * OUT_SLOT), nn.Linear(OUT_SLOT, SYMBOLS)
        self.usual = nn.Parameter(torch.zeros(SLOTS, SYMBOLS))
        nn.init.normal_(self.symbol.weight, std=0.5)
        for table in (self.metre_in, self.mode_in, self.metre_out, self.mode_out):
            nn.init.normal_(table.weight, std=0.1)

    def encode(self, slots: Tensor, metre: Tensor, mode: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of variances [loops, LATENTS] of slots [loops, up to SLOTS]."""
        x = functional.pad(self.symbol(slots), (0, 0, 0, SLOTS - slots.shape[1])).flatten(1)
        x = functional.gelu(self.gather(x) + self.metre_in(metre) + self.mode_in(mode), approximate="tanh")
        x = x + functional.gelu(self.ponder(x), approximate="tanh")
        mean, share = self.to_latents(x).chunk(2, -1)
        return mean, share.clamp(LEAST_SHARE, MOST_SHARE)

    def decode(self, latents: Tensor, metre: Tensor, mode: Tensor, *, slots: int) -> Tensor:
        """Scores [loops, slots, SYMBOLS]."""
        x = functional.gelu(self.unfold(latents) + self.metre_out(metre) + self.mode_out(mode), approximate="tanh")
        x = x + functional.gelu(self.ponder_again(x), approximate="tanh")
        x = functional.gelu(self.spread(x).view(-1, SLOTS, OUT_SLOT)[:, :slots], approximate="tanh")
        scores: Tensor = self.to_symbol(x) + self.usual[:slots]
        return scores
