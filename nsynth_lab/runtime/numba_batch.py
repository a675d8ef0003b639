"""RowDecoder: the next frames of any of many rows, in compiled loops; `Decoder.step` is its readable twin.

    rows due -> control net -> bank of partials + noise -> audio [due, 512], each row's state kept in its row

A voice keeps a row, whose state lies in arrays made once, and any of them can take a step without the others. A step
may be taken in two halves (`begin`, then what it returns), so that small blocks share its cost. Of both halves only a
few microseconds hold the interpreter's lock, so many rows are shared between as many threads as torch has. What a row
plays does not depend on the rows beside it, to the last bit.
Tests hold all of it to `Decoder.step` within 2e-5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import numpy as np
import torch

from nsynth_lab.compiled.controls import Driven
from nsynth_lab.compiled.excitation import excite, reset
from nsynth_lab.compiled.noise import Noise, sound
from nsynth_lab.compiled.tones import Tones
from nsynth_lab.dsp.noise import TABLE_FRAMES, noise_window, white_table
from nsynth_lab.model.decoder import Decoder, noise_places, start_turns
from nsynth_lab.runtime.numba_weights import RowControls
from nsynth_lab.runtime.voice_batch import Finish, by_frames
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

LEAST_SHARE = 4  # frames that are worth a thread

Begun = Sequence[Driven]
Part = TypeVar("Part")
Done = TypeVar("Done")


class RowDecoder:
    """`reset(rows)`, `step(rows, streams) -> audio [due, 512]`; on the CPU, for models without a band stack."""

    def __init__(self, decoder: Decoder, rows: int, *, seed: int = 0) -> None:
        oscillators = decoder.config.oscillators
        self.delay_samples, self.seed = decoder.delay_samples, seed
        self._helpers: ThreadPoolExecutor | None = None
        self.controls = RowControls(decoder.controls, rows)
        self.fresh = start_turns(oscillators).numpy()
        self.tones = Tones(
            turns=np.tile(self.fresh, (rows, 1)),
            f0_hz=np.zeros(rows, np.float32),
            amplitudes=np.zeros((rows, oscillators), np.float32),
        )
        self.noise = Noise(
            tail=np.zeros((rows, HOP_SAMPLES), np.float32),
            position=np.zeros(rows, np.int64),
            begins=np.ones(rows, np.bool_),
            gains=np.zeros((rows, 2), np.float32),
            table=white_table().numpy(),
            window=noise_window(torch.device("cpu")).numpy(),
        )

    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """These rows start anew, each at its seed's place in the noise, as `Decoder.start(1, seed=seed)`."""
        places = noise_places(self.seed + np.array(seeds, np.int64))
        reset(self.controls.stack.past, self.tones, self.noise, self.fresh, np.array(rows, np.int64), places)

    def go_on_at(self, rows: Sequence[int], places: Sequence[int]) -> None:
        """The noise of these rows goes on at `places` in its table."""
        self.noise.position[np.array(rows, np.int64)] = np.array(places, np.int64) % TABLE_FRAMES

    def frames(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> FloatArray:
        """The next frames of `rows`, as many of each: streams [rows, frames, ...] -> audio [rows, frames * 512].

        Threads may each take frames of rows of their own at the same time.
        """
        audio = np.empty((len(rows), f0_hz.shape[1], HOP_SAMPLES), np.float32)
        for first in range(0, f0_hz.shape[1], self.controls.stack.ring):
            part = slice(first, first + self.controls.stack.ring)
            timbre_now, level_now, hz_now, partials_now = (
                np.concatenate(stream[:, part]) for stream in (timbre, level_db, f0_hz, partials)
            )
            driven = self.controls.step(rows, timbre_now, level_now, hz_now, partials_now)
            audio[:, part] = self._sound(driven).reshape(len(rows), -1, HOP_SAMPLES)
        return audio.reshape(len(rows), -1)

    def step(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> FloatArray:
        """As `Rows.step`."""
        streams = [np.ascontiguousarray(stream) for stream in (timbre, level_db, f0_hz, partials)]
        if len(set(rows.tolist())) == len(rows):
            return self._finish(self._begin(rows, *streams))
        audio = np.empty((len(rows), HOP_SAMPLES), np.float32)
        for alike, places in by_frames(rows.tolist(), most=self.controls.stack.ring):
            order = np.array(places).ravel()
            audio[order] = self._finish(self._begin(np.array(alike), *(stream[order] for stream in streams)))
        return audio

    def begin(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> Finish:
        """The first half of `step`, the control net, for rows of which each is due once."""
        streams = (np.ascontiguousarray(stream) for stream in (timbre, level_db, f0_hz, partials))
        begun = self._begin(rows, *streams)
        return lambda: self._finish(begun)

    def _begin(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> Begun:
        """Controls of the next frames of `rows`, each of them once, as many of each, those of a row in a row."""
        frames = len(f0_hz) // len(rows)
        shares = min(torch.get_num_threads(), len(rows), max(1, len(f0_hz) // LEAST_SHARE))
        edges = [len(rows) * share // shares for share in range(shares + 1)]

        def control(part: tuple[int, int]) -> Driven:
            own = slice(part[0] * frames, part[1] * frames)
            return self.controls.step(rows[slice(*part)], timbre[own], level_db[own], f0_hz[own], partials[own])

        return self._side_by_side(control, list(pairwise(edges)))

    def _finish(self, begun: Begun) -> FloatArray:
        audio = self._side_by_side(self._sound, begun)
        return audio[0] if len(audio) == 1 else np.concatenate(audio)

    def _sound(self, driven: Driven) -> FloatArray:
        audio, spectra = excite(self.tones, self.noise, driven)
        waves = np.fft.irfft(spectra).astype(np.float32, copy=False)
        sound(self.noise, driven.rows, driven.gains, waves, audio)
        return audio

    def _side_by_side(self, work: Callable[[Part], Done], parts: Sequence[Part]) -> list[Done]:
        """`work` on all `parts`, the first of them on this thread."""
        if len(parts) == 1:
            return [work(parts[0])]
        if self._helpers is None:
            self._helpers = ThreadPoolExecutor()
        others = [self._helpers.submit(work, part) for part in parts[1:]]
        return [work(parts[0]), *(other.result() for other in others)]
