"""Rows: what the synth plays on, and which kind of them plays a model fastest where it lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch

from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.state import pick_rows, put_rows
from nsynth_lab.model.trusted_rows import trusted_rows
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

Finish = Callable[[], FloatArray]  # -> audio [due, 512]


class Rows(Protocol):
    """What the synth plays on; `delay_samples` is how much later than its frames the audio comes."""

    delay_samples: int

    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """These rows start anew, each at its seed's place in the noise."""

    def step(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> FloatArray:
        """The next frame of `rows` [due]: streams [due, ...], as `Decoder.step` without frames -> audio [due, 512].

        A row may be due several times, in the order of its frames, unless rows were asked for one by one.
        """


@runtime_checkable
class HalvedRows(Rows, Protocol):
    """Rows whose steps may be taken in two halves."""

    def begin(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> Finish:
        """The first half of `step`, for rows of which each is due once; what it returns is the second."""


class SlowRows:
    """The same for any model on any device, by `Decoder.step` on the rows picked out of one state."""

    def __init__(self, decoder: Decoder, rows: int, *, seed: int = 0) -> None:
        self.decoder, self.seed = decoder, seed
        self.device = next(decoder.parameters()).device
        self.state = decoder.start(rows, device=self.device)
        self.delay_samples = decoder.delay_samples

    @torch.inference_mode()
    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """As `Rows.reset`."""
        for row, seed in zip(rows, seeds, strict=True):
            fresh = self.decoder.start(1, device=self.device, seed=self.seed + seed)
            self.state = put_rows(self.state, torch.tensor([row], device=self.device), fresh)

    @torch.inference_mode()
    def step(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> FloatArray:
        """As `Rows.step`."""
        audio = np.empty((len(rows), HOP_SAMPLES), np.float32)
        for alike, places in by_frames(rows.tolist()):
            due, order = torch.tensor(alike, device=self.device), np.array(places)
            now = [torch.from_numpy(stream[order]).to(self.device) for stream in (timbre, level_db, f0_hz, partials)]
            out, state = self.decoder.step(now[0], now[1], now[2], now[3], pick_rows(self.state, due))
            self.state = put_rows(self.state, due, state)
            audio[order.ravel()] = out.cpu().reshape(-1, HOP_SAMPLES).numpy()
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


def is_compiled(decoder: Decoder) -> bool:
    """Whether it plays in compiled loops (`RowDecoder`): on the CPU, without a band stack."""
    return decoder.bands is None and next(decoder.parameters()).device.type == "cpu"


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
    if is_compiled(decoder):
        from nsynth_lab.model.row_decoder import RowDecoder  # Numba takes a second to import

        return RowDecoder(decoder, rows, seed=seed)
    graphed = trusted_rows(decoder, rows, seed=seed, warn=warn) if one_by_one and device == "cuda" else None
    return graphed or SlowRows(decoder, rows, seed=seed)
