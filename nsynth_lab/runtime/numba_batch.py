"""NumbaBatch: the voice batch of the CPU, in compiled loops; `Decoder.step` is its readable twin.

    active slots -> control net -> bank of partials + noise -> audio [active, 512], each voice's state kept in its slot

The state of all voices lies in arrays that are made once, and any of them can take a step without the others. A step
may be split into two phases (`controls`, `excite`), so that small blocks share its cost. Both hold the interpreter's
lock for a few microseconds only, so many voices are shared between `thread_count` threads. What a voice plays
does not depend on the voices beside it, to the last bit. Tests hold all of it to `Decoder.step` within 2e-5.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from nsynth_lab.compiled.controls import ExcitationControls
from nsynth_lab.compiled.excitation import excite, reset
from nsynth_lab.compiled.noise import GAINS_PER_FRAME, NoiseState, mix_with_noise
from nsynth_lab.compiled.oscillators import OscillatorState
from nsynth_lab.dsp.noise_table import TABLE_FRAMES, noise_places, overlap_window, white_spectra
from nsynth_lab.model.scales import start_turns
from nsynth_lab.model.weights import ModelWeights
from nsynth_lab.runtime.numba_weights import NumbaControls
from nsynth_lab.runtime.voice_batch import FrameStreams, by_frames
from nsynth_lab.threads import in_threads, thread_count
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

LEAST_SHARE = 4  # frames that are worth a thread


class NumbaBatch:
    """A `TwoPhase` voice batch on the CPU."""

    def __init__(self, weights: ModelWeights, slots: int, *, seed: int = 0) -> None:
        oscillators = weights.config.oscillators
        self.seed = seed
        self.net = NumbaControls(weights, slots)
        self.fresh = start_turns(oscillators)
        self.tones = OscillatorState(
            phases=np.tile(self.fresh, (slots, 1)),
            f0_hz=np.zeros(slots, np.float32),
            amplitudes=np.zeros((slots, oscillators), np.float32),
        )
        self.noise = NoiseState(
            tail=np.zeros((slots, HOP_SAMPLES), np.float32),
            position=np.zeros(slots, np.int64),
            begins=np.ones(slots, np.bool_),
            gains=np.zeros((slots, 2), np.float32),
            table=white_spectra(),
            window=overlap_window(),
        )

    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        """See `VoiceBatch.reset`; as `Decoder.start(1, seed=seed)`."""
        places = noise_places(self.seed + np.array(seeds, np.int64))
        reset(self.net.stack.past, self.tones, self.noise, self.fresh, np.array(slots, np.int64), places)

    def seek_noise(self, slots: Sequence[int], places: Sequence[int]) -> None:
        """Move the noise of these slots to `places` in its table."""
        self.noise.position[np.array(slots, np.int64)] = np.array(places, np.int64) % TABLE_FRAMES

    def frames(self, slots: Ints, streams: FrameStreams) -> FloatArray:
        """Several frames of each of `slots`: streams [active, frames, ...] -> audio [active, frames * 512].

        Threads may do this at the same time, each with slots of its own.
        """
        frames, ring = streams.f0_hz.shape[1], self.net.stack.ring
        audio = np.empty((len(slots), frames, HOP_SAMPLES), np.float32)
        for part in (slice(first, first + ring) for first in range(0, frames, ring)):
            driven = self.net.step(slots, streams.at((slice(None), part)).each(np.concatenate))
            audio[:, part] = self._sound(driven).reshape(len(slots), -1, HOP_SAMPLES)
        return audio.reshape(len(slots), -1)

    def step(self, slots: Ints, streams: FrameStreams) -> FloatArray:
        """See `VoiceBatch.step`."""
        if len(set(slots.tolist())) == len(slots):
            return self.excite(self._controls(slots, streams))
        audio = np.empty((len(slots), HOP_SAMPLES), np.float32)
        for alike, places in by_frames(slots.tolist(), most=self.net.stack.ring):
            order = np.array(places).ravel()
            audio[order] = self.excite(self._controls(np.array(alike), streams.at(order)))
        return audio

    def controls(self, slots: Ints, streams: FrameStreams) -> Sequence[ExcitationControls]:
        """See `TwoPhase.controls`."""
        return self._controls(slots, streams)

    def excite(self, driven: Sequence[ExcitationControls]) -> FloatArray:
        """See `TwoPhase.excite`."""
        audio = in_threads(self._sound, driven)
        return audio[0] if len(audio) == 1 else np.concatenate(audio)

    def _controls(self, slots: Ints, streams: FrameStreams) -> list[ExcitationControls]:
        """Controls of the next frames of `slots`, as many of each, those of a slot one after the other."""
        count = len(streams.f0_hz)
        frames = count // len(slots)
        shares = min(thread_count(), len(slots), max(1, count // LEAST_SHARE))
        edges = [len(slots) * share // shares for share in range(shares + 1)]
        given = streams.each(np.ascontiguousarray)

        def control(part: tuple[int, int]) -> ExcitationControls:
            own = given.at(slice(part[0] * frames, part[1] * frames))
            driven = self.net.step(slots[slice(*part)], own)
            if own.noise_gain is not None:
                driven.gains[:, GAINS_PER_FRAME:] *= own.noise_gain[:, None]
            return driven

        return in_threads(control, list(pairwise(edges)))

    def _sound(self, driven: ExcitationControls) -> FloatArray:
        audio, spectra = excite(self.tones, self.noise, driven)
        waves = np.fft.irfft(spectra).astype(np.float32, copy=False)
        mix_with_noise(self.noise, driven.slots, driven.gains, waves, audio)
        return audio
