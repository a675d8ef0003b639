"""SlotStep: a frame of any slots from one packed tensor, as CUDA graphs need it; and the plain one, by `Decoder.step`.

    packed [voices, 279]: slot, level, f0, whether the slot starts anew and where its noise begins, the noise's gain,
                          timbre, partials, detail

A slot that starts anew needs no step of its own: the frame that begins it says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from nsynth_lab import detail
from nsynth_lab.latents import PARTIAL_SLOTS, TIMBRE_DIMS
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.state import pick_voices, write_voices

SLOT, LEVEL, HZ, FRESH, PLACE, NOISE = range(6)  # columns; whole numbers below 2**24 are exact in float32
TIMBRE = slice(NOISE + 1, NOISE + 1 + TIMBRE_DIMS)
PARTIALS = slice(TIMBRE.stop, TIMBRE.stop + PARTIAL_SLOTS)
DETAIL = slice(PARTIALS.stop, PARTIALS.stop + detail.DIMS)
WIDTH = DETAIL.stop


class SlotStep(Protocol):
    """The decoder with the state of its slots."""

    def __call__(self, packed: Tensor, audio: Tensor) -> None:
        """Fill `audio` [voices, 512] with the next frame of the slots in `packed` [voices, 279].

        The same operations on the same memory every time, and nothing of it on the host. Several rows may have one
        slot if nobody listens to it.
        """


class PlainStep:
    """A `SlotStep` by `Decoder.step`: slower, and the reference."""

    def __init__(self, decoder: Decoder, slots: int) -> None:
        device = next(decoder.parameters()).device
        self._decoder = decoder
        self._state, self._fresh = decoder.start(slots, device=device), decoder.start(1, device=device)

    def __call__(self, packed: Tensor, audio: Tensor) -> None:
        """See `SlotStep`."""
        index = packed[:, SLOT].long()
        fresh = replace(pick_voices(self._fresh, torch.zeros_like(index)), noise_position=packed[:, PLACE].long())
        state = pick_voices(self._state, index).reset(packed[:, FRESH] > 0, fresh)
        streams = packed[:, None, TIMBRE], packed[:, LEVEL, None], packed[:, HZ, None], packed[:, None, PARTIALS]
        noise_gain, offsets = packed[:, NOISE, None], packed[:, None, DETAIL]
        sound, after = self._decoder.step(*streams, state, every=True, noise_gain=noise_gain, detail=offsets)
        write_voices(self._state, index, after)
        audio.copy_(sound)
