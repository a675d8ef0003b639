"""VoiceBatch: what the synth plays on, one frame of many voices at a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from nsynth_lab.units import FloatArray, Ints

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
