"""Network: the decoder of the voices that have a tone. Drums and noises do without it.

A voice begins there with the first of its frames that has a tone, and from then on all its frames are decoded. Whole
clips are decoded in the same way (`runtime.clips`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from nsynth_lab.compiled.voices import Flags
from nsynth_lab.dsp.unpitched_renderer import has_tone, pitched_db
from nsynth_lab.latents import SILENCE_DB
from nsynth_lab.runtime.voice_batch import FrameStreams, TwoPhase, VoiceBatch
from nsynth_lab.synth.planner import Frames
from nsynth_lab.units import HOP_SAMPLES, FloatArray


class Network:
    """`count` slots of `batch`, each reset by `reset` and begun when it first has a tone."""

    def __init__(self, batch: VoiceBatch, count: int) -> None:
        self._batch = batch
        self._begun = np.zeros(count, np.bool_)

    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        """See `VoiceBatch.reset`."""
        self._batch.reset(slots, seeds)
        self._begun[slots] = False

    def step(self, frames: Frames) -> FloatArray:
        """What the decoder gives for these frames, [active, 512]: silence for those without a tone."""
        decoded = self._decoded(frames)
        if decoded.all():
            return self._batch.step(frames.slots, _streams(frames))
        audio = np.zeros((len(decoded), HOP_SAMPLES), np.float32)
        if decoded.any():
            own = frames.at(np.flatnonzero(decoded))
            audio[decoded] = self._batch.step(own.slots, _streams(own))
        return audio

    def begin(self, frames: Frames, batch: TwoPhase[Any]) -> Callable[[], FloatArray]:
        """The first phase of `step`; the second is to call what it returns."""
        decoded = self._decoded(frames)
        if decoded.all():
            return partial(batch.excite, batch.controls(frames.slots, _streams(frames)))
        own = frames.at(np.flatnonzero(decoded))
        begun = batch.controls(own.slots, _streams(own)) if len(own.slots) else None

        def finish() -> FloatArray:
            audio = np.zeros((len(decoded), HOP_SAMPLES), np.float32)
            if begun is not None:
                audio[decoded] = batch.excite(begun)
            return audio

        return finish

    def _decoded(self, frames: Frames) -> Flags:
        """Whether each of `frames` has a tone, or an earlier one of its voice had."""
        slots = frames.slots
        if not frames.unpitched.shape[1]:
            return np.ones(len(slots), np.bool_)
        tones, out = has_tone(frames.unpitched), np.empty(len(slots), np.bool_)
        for place, (slot, tone) in enumerate(zip(slots.tolist(), tones.tolist(), strict=True)):
            self._begun[slot] |= tone  # frames of a slot are in order
            out[place] = self._begun[slot]
        return out


def _streams(frames: Frames) -> FrameStreams:
    noise_gain = None if (frames.noise_gain == 1.0).all() else frames.noise_gain
    level_db = frames.level_db
    if frames.unpitched.shape[1]:  # the decoder plays the pitched part
        level_db = np.maximum(level_db + pitched_db(frames.unpitched), SILENCE_DB).astype(np.float32)
    detail = frames.detail if frames.detail.shape[1] else None
    return FrameStreams(frames.timbre, level_db, frames.f0_hz, frames.partials, noise_gain, detail)
