"""What clips are played on: NumPy for one of them, compiled loops for several, torch on a graphics card.

Compiled loops are two to three times as fast as NumPy, but need half a second to import, one to load, and a minute to
compile where nsynth-lab is new, while a note of 4 s takes less.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

import numpy as np

from nsynth_lab.dsp.noise_table import TABLE_FRAMES
from nsynth_lab.dsp.unpitched_renderer import UnpitchedVoices
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.runtime.choose import is_compiled
from nsynth_lab.runtime.numpy_decoder import NumpyDecoder
from nsynth_lab.runtime.voice_batch import FrameStreams
from nsynth_lab.units import FloatArray, Ints

GROUP_CLIPS = 8


def unpitched_voices(count: int) -> UnpitchedVoices:
    """What plays the noise and the resonances of so many clips."""
    if count <= 1:
        return UnpitchedVoices(count)
    from nsynth_lab.runtime.unpitched_batch import UnpitchedBatch

    return UnpitchedBatch(count)


class Player(Protocol):
    """Plays some of the same clips from block to block: those of `slots`, each from its first block on."""

    def seek_noise(self, slots: Sequence[int], places: Sequence[int]) -> None:
        """Move the noise of `slots` to `places` in its table."""

    def frames(self, slots: Ints, streams: FrameStreams) -> FloatArray:
        """The next frames of each: streams [slots, frames, ...] -> audio [slots, frames * 512]."""


def choose_player(checkpoint: Checkpoint, places: Sequence[int], *, threads: int) -> Player:
    """The player of clips that begin at these `places` in the noise table, on so many threads of the processor."""
    if is_compiled(checkpoint.device):
        return _Compiled(checkpoint, places, threads) if len(places) > 1 else _Single(checkpoint, places[0])
    from nsynth_lab.runtime.torch_clips import TorchClips

    return TorchClips(checkpoint.model.decoder, places)


class _Single:
    """One clip, in NumPy."""

    def __init__(self, checkpoint: Checkpoint, noise_place: int) -> None:
        self._decoder = NumpyDecoder(checkpoint.weights)
        self._state = self._decoder.start(noise_place=noise_place)

    def seek_noise(self, _: Sequence[int], places: Sequence[int]) -> None:
        for place in places:  # none or one
            self._state = replace(self._state, noise_place=place % TABLE_FRAMES)

    def frames(self, _: Ints, streams: FrameStreams) -> FloatArray:
        now = streams.each(lambda stream: stream[0])
        audio, self._state = self._decoder.step(
            now.timbre, now.level_db, now.f0_hz, now.partials, self._state, detail=now.detail
        )
        return audio[None]


class _Compiled:
    """Groups of clips in compiled loops, as many at once as there are threads for them."""

    def __init__(self, checkpoint: Checkpoint, noise_places: Sequence[int], threads: int) -> None:
        from nsynth_lab.runtime.numba_batch import NumbaBatch  # Numba takes half a second to import

        self._batch = NumbaBatch(checkpoint.weights, len(noise_places))
        self._pool, self._threads = ThreadPoolExecutor(threads), threads
        self.seek_noise(range(len(noise_places)), noise_places)

    def seek_noise(self, slots: Sequence[int], places: Sequence[int]) -> None:
        self._batch.seek_noise(slots, places)

    def frames(self, slots: Ints, streams: FrameStreams) -> FloatArray:
        size = min(GROUP_CLIPS, -(-len(slots) // self._threads))
        groups = [slice(first, first + size) for first in range(0, len(slots), size)]

        def group_frames(own: slice) -> FloatArray:
            return self._batch.frames(slots[own], streams.at(own))

        return np.concatenate(list(self._pool.map(group_frames, groups)))
