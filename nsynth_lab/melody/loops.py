"""Loops: two bars of melody as 64 latents, which can be blended. NumPy alone.

    latents = loops.encode(slots, metre, mode)
    sketch = loops.decode(between, metre, mode)      log-probabilities of each slot: a sketch that the writer follows

The twin of `train.melody.loops_net.LoopsNet`; a test holds one to the other.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nsynth_lab.melody.conditions import bar_ticks_of
from nsynth_lab.melody.loops_shape import LATENTS, OUT_SLOT
from nsynth_lab.melody.slots import BARS, SLOT_TICKS, SLOTS
from nsynth_lab.melody.writer import gelu, log_softmax
from nsynth_lab.units import FloatArray, Ints


class Loops:
    """The trained net."""

    def __init__(self, weights: Mapping[str, FloatArray]) -> None:
        self._weights = weights

    def encode(self, slots: Ints, *, metre: int, mode: int) -> FloatArray:
        """Latents [loops, 64] of loops in slots [loops, slots]."""
        symbols = self._weights["symbol.weight"][slots]
        filled = np.zeros((len(slots), SLOTS, symbols.shape[-1]), np.float32)
        filled[:, : symbols.shape[1]] = symbols
        x = self._linear("gather", filled.reshape(len(slots), -1))
        x = gelu(x + self._weights["metre_in.weight"][metre] + self._weights["mode_in.weight"][mode])
        x = x + gelu(self._linear("ponder", x))
        return self._linear("to_latents", x)[:, :LATENTS]

    def decode(self, latents: FloatArray, *, metre: int, mode: int) -> FloatArray:
        """Log-probabilities [loops, slots, symbols] of loops whose latents [loops, 64] are given."""
        count = BARS * bar_ticks_of(metre) // SLOT_TICKS
        x = self._linear("unfold", latents)
        x = gelu(x + self._weights["metre_out.weight"][metre] + self._weights["mode_out.weight"][mode])
        x = x + gelu(self._linear("ponder_again", x))
        used = count * OUT_SLOT
        weight, bias = self._weights["spread.weight"][:used], self._weights["spread.bias"][:used]
        spread = gelu((x @ weight.T + bias).reshape(len(x), count, OUT_SLOT))
        return log_softmax(self._linear("to_symbol", spread) + self._weights["usual"][:count])

    def _linear(self, name: str, x: FloatArray) -> FloatArray:
        return np.asarray(x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"], np.float32)
