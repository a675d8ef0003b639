"""Whole clips from latents: the one way in which `blend`, `decode`, `pack`, `capture` and `evaluate` decode.

On the CPU several clips go through the compiled loops, in groups that the processor's cache holds, on all threads. One
clip takes `NumpyDecoder`. On a graphics card all clips take a step of `Decoder` together (`clip_players` has them all).
What they play is the same within 2e-5. Noise and resonances of sounds without a pitch are
added to it. A clip is decoded from its first frame that has a tone on: drums and noises are not decoded at all.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.blend.loop import Period
from nsynth_lab.detail import DIMS
from nsynth_lab.dsp.noise_table import TABLE_FRAMES, noise_places
from nsynth_lab.dsp.unpitched_renderer import has_tone, pitched_db
from nsynth_lab.errors import LatentsError
from nsynth_lab.latents import SILENCE_DB, Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.runtime.clip_players import choose_player, unpitched_voices
from nsynth_lab.runtime.voice_batch import FrameStreams
from nsynth_lab.threads import thread_count
from nsynth_lab.units import HOP_SAMPLES, FloatArray, track_hz

BLOCK_FRAMES = 94


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

    @property
    def first_tone(self) -> int:
        """Its first frame that has a tone; `latents.frames` where none has."""
        if (rows := self.latents.unpitched) is None:
            return 0
        tones = np.flatnonzero(has_tone(rows))
        return int(tones[0]) if len(tones) else self.latents.frames


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
    firsts = np.array([clip.first_tone for clip in clips])
    frames = clips[0].latents.frames
    places = [clip.noise_place for clip in clips]
    player = choose_player(checkpoint, places, threads=threads or thread_count()) if firsts.min() < frames else None
    unpitched = _Unpitched(clips)
    streams = FrameStreams(
        np.stack([clip.latents.timbre for clip in clips]),
        np.stack([_pitched_level_db(clip.latents) for clip in clips]),
        np.stack([clip.f0_hz for clip in clips]),
        np.stack([clip.latents.partials_per_frame() for clip in clips]),
        detail=_detail([clip.latents for clip in clips]),
    )
    ends = [clip.loop_end for clip in clips]
    for begin, end in _blocks(frames, [*ends, *firsts.tolist()]):
        looped = [index for index, frame in enumerate(ends) if begin > 0 and frame == begin]
        unpitched.seek_noise(looped, [clips[index].loop_noise for index in looped])
        audio = np.zeros((len(clips), (end - begin) * HOP_SAMPLES), np.float32)
        decoded = np.flatnonzero(firsts <= begin)
        if player is not None and len(decoded):
            again = [index for index in looped if index in decoded]
            player.seek_noise(again, [clips[index].loop_noise - int(firsts[index]) for index in again])
            audio[decoded] = player.frames(decoded, streams.at((decoded, slice(begin, end))))
        yield unpitched.added(audio, begin, end)


def _detail(clips: Sequence[Latents]) -> FloatArray | None:
    """Details of all clips, [clips, frames, 129], zeros for those that have none; None if nobody has any."""
    if all(clip.detail is None for clip in clips):
        return None
    none = np.zeros((clips[0].frames, DIMS), np.float32)
    return np.stack([none if clip.detail is None else clip.detail for clip in clips])


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
        own = list(self._latents)
        self._voices = unpitched_voices(len(clips) if own else 0)
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


def _blocks(frames: int, ends: Sequence[int]) -> list[tuple[int, int]]:
    """Blocks of at most 94 frames; one begins at each of `ends`."""
    edges = {*range(0, frames, BLOCK_FRAMES), frames, *(frame for frame in ends if 0 < frame < frames)}
    return list(itertools.pairwise(sorted(edges)))
