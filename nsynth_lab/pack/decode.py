"""Decodes the clips of a pack in batches.

A batch always consists of the same clips, even if some exist already, so that a clip is the same to the last bit
whenever it is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Event

import numpy as np

from nsynth_lab.errors import LatentsError
from nsynth_lab.latents import Latents, with_silence
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.pack.blend_clips import ClipLatents
from nsynth_lab.pack.preset_clips import PresetClipLatents
from nsynth_lab.runtime.clips import Clip, decode_blocks
from nsynth_lab.units import FloatArray, cents_to_ratio, note_to_hz


class UnwantedError(Exception):
    """Decoding was stopped."""


def decode_clips(
    clips: Sequence[ClipLatents], checkpoint: Checkpoint, *, threads: int | None = None, stopped: Event | None = None
) -> FloatArray:
    """Samples [clips, samples] at 48 kHz of clips of equal length, on so many threads of the processor or on all.

    Raises:
        LatentsError: the latents decode to NaN or infinite samples.
        UnwantedError: `stopped` was set meanwhile.
    """
    made = [Clip(clip.latents, exact_f0_hz(clip.latents), clip.noise_place, clip.period) for clip in clips]
    blocks = []
    for block in decode_blocks(made, checkpoint, threads=threads):
        if stopped is not None and stopped.is_set():
            raise UnwantedError
        blocks.append(block)
    audio = np.concatenate(blocks, axis=1)
    if not np.isfinite(audio).all():
        raise LatentsError("decoding gave NaN or infinite samples: these latents are out of the model's range")
    return np.ascontiguousarray(audio)


def decode_voices(
    clips: Sequence[PresetClipLatents],
    checkpoint: Checkpoint,
    *,
    threads: int | None = None,
    stopped: Event | None = None,
) -> list[FloatArray]:
    """Samples [voices, samples] of each clip; clips may have different lengths. Otherwise as `decode_clips`."""
    longest = max(voice.latents.frames for clip in clips for voice in clip.voices)
    voices = [
        replace(voice, latents=with_silence(voice.latents, longest - voice.latents.frames))
        for clip in clips
        for voice in clip.voices
    ]
    audio = decode_clips(voices, checkpoint, threads=threads, stopped=stopped)
    decoded, first = [], 0
    for clip in clips:
        decoded.append(audio[first : first + len(clip.voices), : clip.voices[0].latents.samples])
        first += len(clip.voices)
    return decoded


def exact_f0_hz(latents: Latents) -> FloatArray:
    """f0 [frames] in float32, rounded so that its running sum stays within half a rounding step of the exact sum.

    If each frame were rounded separately, a steady pitch would always be off by the same 3e-8, and after a thousand
    cycles a loop would miss its start measurably.
    """
    exact = note_to_hz(float(latents.note)) * cents_to_ratio(np.asarray(latents.f0_cents, np.float64))
    step = float(np.spacing(np.float32(exact.max())))
    return np.asarray(np.diff(np.round(np.cumsum(exact) / step), prepend=0.0) * step, np.float32)
