"""RowDecoder: the next frames of any of many rows, fast enough to play; `Decoder.step` is its readable twin.

    rows due -> gather their state -> control net | excitation -> audio [due, 512] -> state back into the rows

A voice keeps a row, whose state lies in arrays made once, and any of them can take a step without the others. A step
may be taken in two halves (`begin`, then what it returns), so that small blocks share its cost.
Tests hold all of it to `Decoder.step` within 2e-5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.row_controls import RowControls
from nsynth_lab.model.row_noise import RowGains, RowNoise
from nsynth_lab.model.row_tones import RowTones
from nsynth_lab.model.state import pick_rows, put_rows
from nsynth_lab.model.trusted_rows import trusted_rows
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

Finish = Callable[[], Tensor]  # -> audio [due, 512]


class _Begun(NamedTuple):
    """Frames of which the control net has said what drives the excitation; of everything [due, ...]."""

    rows: Ints
    f0_hz: FloatArray
    places: FloatArray
    partials: FloatArray
    noise: FloatArray
    gains: FloatArray


class RowDecoder:
    """`reset(rows)`, `step(rows, streams) -> audio [due, 512]`; on the CPU, for models without a band stack."""

    def __init__(self, decoder: Decoder, rows: int, *, seed: int = 0) -> None:
        self.delay_samples = decoder.delay_samples
        self.controls = RowControls(decoder.controls, rows)
        self.tones = RowTones(decoder.config.oscillators, rows)
        self.noise = RowNoise(rows, seed=seed)
        self.gains = RowGains(rows)

    @torch.inference_mode()
    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """These rows start anew, each at its seed's place in the noise, as `Decoder.start(1, seed=seed)`."""
        index = np.array(rows, np.int64)
        self.controls.stack.reset(index)
        self.tones.reset(index)
        self.noise.reset(index, list(seeds))
        self.gains.reset(index)

    @torch.inference_mode()
    def step(self, rows: Tensor, timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor) -> Tensor:
        """The next frame of `rows` [due]: streams [due, ...], as `Decoder.step` without frames -> audio [due, 512].

        A row may be due several times, in the order of its frames.
        """
        streams = (timbre.numpy(), loudness_db.numpy(), f0_hz.numpy(), partials.numpy())
        due: Ints = rows.numpy()
        if len(set(due.tolist())) == len(due):
            return torch.from_numpy(self._finish(self._begin(due, *streams)))
        audio = np.empty((len(due), HOP_SAMPLES), np.float32)
        for alike, places in by_frames(due.tolist(), most=self.controls.stack.ring):
            order = np.array(places).ravel()
            audio[order] = self._finish(self._begin(np.array(alike), *(stream[order] for stream in streams)))
        return torch.from_numpy(audio)

    @torch.inference_mode()
    def begin(self, rows: Tensor, timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor) -> Finish:
        """The first half of `step`, the control net, for rows of which each is due once."""
        begun = self._begin(rows.numpy(), timbre.numpy(), loudness_db.numpy(), f0_hz.numpy(), partials.numpy())

        def finish() -> Tensor:
            with torch.inference_mode():
                return torch.from_numpy(self._finish(begun))

        return finish

    def _begin(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, slots: FloatArray
    ) -> _Begun:
        """Controls of the next frames of `rows`, each of them once, as many of each, those of a row in a row."""
        places = self.tones.places(slots)
        count = int(self.tones.count(f0_hz).max(initial=1))
        frames = self.controls.step(rows, timbre, level_db, f0_hz, slots, partial_hz=places[:, :count] * f0_hz[:, None])
        return _Begun(rows, f0_hz, places, frames.partials, frames.noise, frames.gains)

    def _finish(self, begun: _Begun) -> FloatArray:
        curves = self.gains.step(begun.rows, begun.gains)
        loudest = curves[:, 0].max(axis=1)
        audio = self.tones.step(begun.rows, begun.f0_hz, begun.places, begun.partials, gain=loudest)
        audio *= curves[:, 0]
        audio += self.noise.step(begun.rows, begun.noise) * curves[:, 1]
        return audio


class Rows(Protocol):
    """What the synth plays on; `delay_samples` is how much later than its frames the audio comes."""

    delay_samples: int

    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """These rows start anew, each at its seed's place in the noise."""

    def step(self, rows: Tensor, timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor) -> Tensor:
        """The next frame of `rows` [due]."""


class SlowRows:
    """The same for any model on any device, by `Decoder.step` on the rows picked out of one state."""

    def __init__(self, decoder: Decoder, rows: int, *, seed: int = 0) -> None:
        self.decoder, self.seed = decoder, seed
        self.device = next(decoder.parameters()).device
        self.state = decoder.start(rows, device=self.device)
        self.delay_samples = decoder.delay_samples

    @torch.inference_mode()
    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """As `RowDecoder.reset`."""
        for row, seed in zip(rows, seeds, strict=True):
            fresh = self.decoder.start(1, device=self.device, seed=self.seed + seed)
            self.state = put_rows(self.state, torch.tensor([row], device=self.device), fresh)

    @torch.inference_mode()
    def step(self, rows: Tensor, timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor) -> Tensor:
        """As `RowDecoder.step`."""
        audio = torch.empty(len(rows), HOP_SAMPLES)
        for alike, places in by_frames(rows.tolist()):
            due, order = torch.tensor(alike, device=self.device), torch.tensor(places)
            now = [stream[order].to(self.device) for stream in (timbre, loudness_db, f0_hz, partials)]
            out, state = self.decoder.step(now[0], now[1], now[2], now[3], pick_rows(self.state, due))
            self.state = put_rows(self.state, due, state)
            audio[order.flatten()] = out.cpu().reshape(-1, HOP_SAMPLES)
        return audio


def by_frames(rows: Sequence[int], *, most: int = 1 << 30) -> Iterator[tuple[list[int], list[list[int]]]]:
    """Rows that are due with as many frames, `most` at a time, and the places of these in `rows`.

    >>> list(by_frames([5, 3, 5, 4, 3, 5], most=2))
    [([4], [[3]]), ([5, 3], [[0, 2], [1, 4]]), ([5], [[5]])]
    """
    where: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        where.setdefault(row, []).append(place)
    while where:
        first = {row: places[:most] for row, places in where.items()}
        for frames in sorted({len(places) for places in first.values()}):
            alike = {row: places for row, places in first.items() if len(places) == frames}
            yield list(alike), list(alike.values())
        where = {row: places[most:] for row, places in where.items() if len(places) > most}


def row_decoder(
    decoder: Decoder,
    rows: int,
    *,
    seed: int = 0,
    one_by_one: bool = True,
    warn: Callable[[str], None] = lambda _: None,
) -> Rows:
    """The fastest that can play this model where it lies; `one_by_one` if no row is due with several frames at a time.

    `warn` hears, in a line, of what should have been faster and cannot be used.
    """
    device = next(decoder.parameters()).device.type
    if device == "cpu" and decoder.bands is None:
        return RowDecoder(decoder, rows, seed=seed)
    graphed = trusted_rows(decoder, rows, seed=seed, warn=warn) if one_by_one and device == "cuda" else None
    return graphed or SlowRows(decoder, rows, seed=seed)
