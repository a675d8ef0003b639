"""Whole clips from latents: the one way in which `blend`, `decode`, `pack`, `capture` and `evaluate` decode.

Several clips go through the compiled loops, in groups that the processor's cache holds, on all threads. One clip takes
`Decoder.step`: compiled loops are two to three times as fast, but need half a second to import, one to load, and a
minute to compile where nsynth-lab is new, while a note of 4 s takes less. What both play is the same within 2e-5.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch

from nsynth_lab.blend.loop import Period
from nsynth_lab.dsp.noise import TABLE_FRAMES
from nsynth_lab.errors import LatentsError
from nsynth_lab.latents import Latents, with_silence
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.decoder import Decoder, noise_places
from nsynth_lab.runtime.choose import is_compiled
from nsynth_lab.units import FloatArray, samples_to_frames, track_hz

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

    The decoder's own delay is taken out: sample 0 is the beginning of frame 0.

    Raises:
        LatentsError: the latents belong to another model.
    """
    if latents.model_id != checkpoint.model_id:
        raise LatentsError(
            f"the latents were made by model {latents.model_id or 'unknown'}, this checkpoint is "
            f"{checkpoint.model_id}; encode the sound again or give its checkpoint"
        )
    decoder: Decoder = checkpoint.model.decoder
    early = decoder.delay_samples
    late = latents.samples + early
    whole = with_silence(latents, samples_to_frames(early))
    clip = Clip(whole, track_hz(whole.note, whole.f0_cents), noise_places(seed))
    position = 0
    for (block,) in decode_blocks([clip], decoder):
        yield block[max(0, early - position) : late - position]
        position += len(block)


def decode_blocks(clips: Sequence[Clip], decoder: Decoder) -> Iterator[FloatArray]:
    """Blocks [clips, up to 94 * 512] of clips of one length, as the decoder gives them: `delay_samples` late."""
    player: _Player = _Compiled(decoder, clips) if len(clips) > 1 and is_compiled(decoder) else _Steps(decoder, clips)
    streams = (
        np.stack([clip.latents.timbre for clip in clips]),
        np.stack([clip.latents.loudness_db for clip in clips]),
        np.stack([clip.f0_hz for clip in clips]),
        np.stack([clip.latents.partials_per_frame() for clip in clips]),
    )
    ends = [clip.loop_end for clip in clips]
    for begin, end in _blocks(clips[0].latents.frames, ends):
        looped = [index for index, frame in enumerate(ends) if begin > 0 and frame == begin]
        player.seek_noise(looped, [clips[index].loop_noise for index in looped])
        yield player.frames(*(stream[:, begin:end] for stream in streams))


class _Player(Protocol):
    """Plays the same clips from block to block."""

    def seek_noise(self, slots: Sequence[int], places: Sequence[int]) -> None: ...

    def frames(
        self, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> FloatArray: ...


class _Steps:
    """All the clips in one step of the decoder, on its device."""

    def __init__(self, decoder: Decoder, clips: Sequence[Clip]) -> None:
        self._decoder, self._device = decoder, next(decoder.parameters()).device
        self._state = decoder.start(len(clips), device=self._device)
        self.seek_noise(range(len(clips)), [clip.noise_place for clip in clips])

    def seek_noise(self, slots: Sequence[int], places: Sequence[int]) -> None:
        where = torch.tensor(list(slots), dtype=torch.int64, device=self._device)
        noise = torch.tensor(list(places), dtype=torch.int64, device=self._device)
        position = self._state.noise_position.index_copy(0, where, noise)
        self._state = replace(self._state, noise_position=position)

    @torch.no_grad()
    def frames(self, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray) -> FloatArray:
        now = [torch.tensor(stream, device=self._device) for stream in (timbre, level_db, f0_hz, partials)]
        samples, self._state = self._decoder.step(now[0], now[1], now[2], now[3], self._state)
        return samples.cpu().numpy()


class _Compiled:
    """Groups of clips in compiled loops, as many at once as torch has threads, each on one of them."""

    def __init__(self, decoder: Decoder, clips: Sequence[Clip]) -> None:
        from nsynth_lab.runtime.numba_batch import NumbaBatch  # Numba takes a second to import

        self._batch = NumbaBatch(decoder, len(clips))
        self._pool = ThreadPoolExecutor(torch.get_num_threads())
        slots = np.arange(len(clips))
        self._groups = [slots[first : first + GROUP_CLIPS] for first in range(0, len(clips), GROUP_CLIPS)]
        self.seek_noise(range(len(clips)), [clip.noise_place for clip in clips])

    def seek_noise(self, slots: Sequence[int], places: Sequence[int]) -> None:
        self._batch.seek_noise(slots, places)

    def frames(self, *streams: FloatArray) -> FloatArray:
        parts = self._pool.map(lambda group: self._batch.frames(group, *(one[group] for one in streams)), self._groups)
        return np.concatenate(list(parts))


def _blocks(frames: int, ends: Sequence[int]) -> list[tuple[int, int]]:
    """Blocks of at most 94 frames; one begins at each of `ends`."""
    edges = {*range(0, frames, BLOCK_FRAMES), frames, *(frame for frame in ends if 0 < frame < frames)}
    return list(itertools.pairwise(sorted(edges)))
