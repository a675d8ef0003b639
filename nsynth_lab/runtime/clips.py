"""Whole clips from latents: the one way in which `blend`, `decode`, `pack`, `capture` and `evaluate` decode.

On the CPU several clips go through the compiled loops, in groups that the processor's cache holds, on all threads. One
clip takes `NumpyDecoder`: compiled loops are two to three times as fast, but need half a second to import, one to
load, and a minute to compile where nsynth-lab is new, while a note of 4 s takes less. On a graphics card all clips take
a step of `Decoder` together. What they play is the same within 2e-5. Noise and resonances of sounds without a pitch are
added in NumPy everywhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from nsynth_lab.blend.loop import Period
from nsynth_lab.dsp.noise_table import TABLE_FRAMES, noise_places
from nsynth_lab.dsp.unpitched_renderer import UnpitchedVoices, pitched_db
from nsynth_lab.errors import LatentsError
from nsynth_lab.latents import SILENCE_DB, Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.runtime.choose import is_compiled
from nsynth_lab.runtime.numpy_decoder import NumpyDecoder
from nsynth_lab.threads import thread_count
from nsynth_lab.units import FloatArray, track_hz

BLOCK_FRAMES = 94
GROUP_CLIPS = 8


@dataclass(frozen=True)
class Clip:
    """Latents to be decoded, `f0_hz` [frames] and where in the noise table they begin.

    Where the `period` of a loop ends, the noise goes back to where it was when the period began: then it repeats too.
    """

    latents: Latents
    f0_hz: FloatArray
    noise_place: int = 0
    period: Period | None = None

    @property
    def loop_end(self) -> int:
        """Frame at which the noise goes back; 0 where nothing is looped."""
        return self.period.begin + self.period.frames if self.period else 0

    @property
    def loop_noise(self) -> int:
        """Where in the noise table it goes back to."""
        return (self.noise_place + (self.period.begin if self.period else 0)) % TABLE_FRAMES


def decode(latents: Latents, checkpoint: Checkpoint, *, seed: int = 0) -> Iterator[FloatArray]:
    """One note: blocks of samples [up to 94 * 512] at 48 kHz, `latents.frames` * 512 in all.

    Raises:
        LatentsError: the latents belong to another model.
    """
    if latents.model_id != checkpoint.model_id:
        raise LatentsError(
            f"the latents were made by model {latents.model_id or 'unknown'}, this checkpoint is "
            f"{checkpoint.model_id}; encode the sound again or give its checkpoint"
        )
    clip = Clip(latents, track_hz(latents.note, latents.f0_cents), noise_places(seed))
    for (block,) in decode_blocks([clip], checkpoint):
        yield block


def decode_blocks(clips: Sequence[Clip], checkpoint: Checkpoint, *, threads: int | None = None) -> Iterator[FloatArray]:
    """Blocks [clips, up to 94 * 512] of clips of one length, on so many threads of the processor, by default on all."""
    player = _player(clips, checkpoint, threads or thread_count())
    unpitched = _Unpitched(clips)
    streams = (
        np.stack([clip.latents.timbre for clip in clips]),
        np.stack([_pitched_level_db(clip.latents) for clip in clips]),
        np.stack([clip.f0_hz for clip in clips]),
        np.stack([clip.latents.partials_per_frame() for clip in clips]),
    )
    ends = [clip.loop_end for clip in clips]
    for begin, end in _blocks(clips[0].latents.frames, ends):
        looped = [index for index, frame in enumerate(ends) if begin > 0 and frame == begin]
        player.seek_noise(looped, [clips[index].loop_noise for index in looped])
        unpitched.seek_noise(looped, [clips[index].loop_noise for index in looped])
        yield unpitched.added(player.frames(*(stream[:, begin:end] for stream in streams)), begin, end)


def _pitched_level_db(latents: Latents) -> FloatArray:
    """Level of the part that the network plays, [frames]."""
    if latents.unpitched is None:
        return latents.loudness_db
    level = latents.loudness_db + pitched_db(latents.unpitched)
    return np.asarray(np.maximum(level, SILENCE_DB), np.float32)


class _Unpitched:
    """The noise and the resonances of those clips that have any."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._latents = {index: clip.latents for index, clip in enumerate(clips) if clip.latents.unpitched is not None}
        self._voices = UnpitchedVoices(len(clips) if self._latents else 0)
        own = list(self._latents)
        self._voices.reset(own, [clips[index].noise_place for index in own])

    def seek_noise(self, clips: Sequence[int], places: Sequence[int]) -> None:
        for index, place in zip(clips, places, strict=True):
            if index in self._latents:
                self._voices.seek([index], [place])

    def added(self, audio: FloatArray, begin: int, end: int) -> FloatArray:
        """`audio` [clips, samples] of frames `begin` to `end`, with them."""
        for index, latents in self._latents.items():
            assert latents.unpitched is not None
            audio[index] += self._voices.frames(index, latents.unpitched[begin:end], latents.loudness_db[begin:end])
        return audio


class _Player(Protocol):
    """Plays the same clips from block to block."""

    def seek_noise(self, slots: Sequence[int], places: Sequence[int]) -> None: ...

    def frames(
        self, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> FloatArray: ...


def _player(clips: Sequence[Clip], checkpoint: Checkpoint, threads: int) -> _Player:
    places = [clip.noise_place for clip in clips]
    if is_compiled(checkpoint.device):
        return _Compiled(checkpoint, places, threads) if len(clips) > 1 else _Single(checkpoint, places[0])
    from nsynth_lab.runtime.torch_clips import TorchClips

    return TorchClips(checkpoint.model.decoder, places)


class _Single:
    """One clip, in NumPy."""

    def __init__(self, checkpoint: Checkpoint, noise_place: int) -> None:
        self._decoder = NumpyDecoder(checkpoint.weights)
        self._state = self._decoder.start(noise_place=noise_place)

    def seek_noise(self, _: Sequence[int], places: Sequence[int]) -> None:
        for place in places:  # none or one
            self._state = replace(self._state, noise_place=place)

    def frames(self, *streams: FloatArray) -> FloatArray:
        timbre, level_db, f0_hz, partials = (stream[0] for stream in streams)
        audio, self._state = self._decoder.step(timbre, level_db, f0_hz, partials, self._state)
        return audio[None]


class _Compiled:
    """Groups of clips in compiled loops, as many at once as there are threads for them."""

    def __init__(self, checkpoint: Checkpoint, noise_places: Sequence[int], threads: int) -> None:
        from nsynth_lab.runtime.numba_batch import NumbaBatch  # Numba takes half a second to import

        count = len(noise_places)
        self._batch = NumbaBatch(checkpoint.weights, count)
        self._pool = ThreadPoolExecutor(threads)
        slots = np.arange(count)
        size = min(GROUP_CLIPS, -(-count // threads))
        self._groups = [slots[first : first + size] for first in range(0, count, size)]
        self.seek_noise(range(count), noise_places)

    def seek_noise(self, slots: Sequence[int], places: Sequence[int]) -> None:
        self._batch.seek_noise(slots, places)

    def frames(self, *streams: FloatArray) -> FloatArray:
        parts = self._pool.map(lambda group: self._batch.frames(group, *(one[group] for one in streams)), self._groups)
        return np.concatenate(list(parts))


def _blocks(frames: int, ends: Sequence[int]) -> list[tuple[int, int]]:
    """Blocks of at most 94 frames; one begins at each of `ends`."""
    edges = {*range(0, frames, BLOCK_FRAMES), frames, *(frame for frame in ends if 0 < frame < frames)}
    return list(itertools.pairwise(sorted(edges)))
