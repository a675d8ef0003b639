"""VoiceBatch: what the synth plays on. It decodes one frame of many voices in one step.

A voice has a *slot*: the batch keeps its state there from one frame to the next. The *active* slots of a step are those
that have a frame in it; the others stand still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

from nsynth_lab.units import FloatArray, Ints


class FrameStreams(NamedTuple):
    """What a frame of each active slot is to sound like, as in `Decoder.step`, without its axis of frames.

    Where several frames are given at once, as to `NumbaBatch.frames`, each has that axis after the first.

    Attributes:
        timbre: [active, 16]
        level_db, f0_hz: [active]
        partials: [active, 128]
        noise_gain: [active], or None for 1 everywhere.
        detail: [active, 129] offsets of levels (see `nsynth_lab.detail`), or None where nobody has any.
    """

    timbre: FloatArray
    level_db: FloatArray
    f0_hz: FloatArray
    partials: FloatArray
    noise_gain: FloatArray | None = None
    detail: FloatArray | None = None

    def at(self, places: Ints | slice | tuple[Ints | slice, slice]) -> FrameStreams:
        """Those of some of the slots, by their places among the active ones, and of some frames of each."""
        return self.each(lambda stream: stream[places])

    def each(self, change: Callable[[FloatArray], FloatArray]) -> FrameStreams:
        """Each of them changed in the same way."""
        streams = change(self.timbre), change(self.level_db), change(self.f0_hz), change(self.partials)
        return FrameStreams(*streams, *(None if one is None else change(one) for one in (self.noise_gain, self.detail)))


class VoiceBatch(Protocol):
    """One frame of any of its slots at a step."""

    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        """Start new voices in `slots`. The seed of each says where in the noise table it begins."""

    def step(self, slots: Ints, streams: FrameStreams) -> FloatArray:
        """The next frame of each of `slots` [active]: audio [active, 512].

        A slot may come several times, its frames in order, unless the batch was chosen for a frame at a time.
        """


Begun = TypeVar("Begun")


@runtime_checkable
class TwoPhase(VoiceBatch, Protocol[Begun]):
    """A batch whose step can be split between two blocks: `step` is `excite(controls(...))`."""

    def controls(self, slots: Ints, streams: FrameStreams) -> Begun:
        """First phase, for `slots`, each of them once: run the control net, or give the step to the device."""

    def excite(self, driven: Begun) -> FloatArray:
        """Second phase: the partials and the noise that these controls ask for, audio [active, 512]."""


def by_frames(slots: Sequence[int], *, most: int = 1 << 30) -> Iterator[tuple[list[int], list[list[int]]]]:
    """Group `slots` by how many frames each has, at most `most`; with each group the indices of its frames in `slots`.

    >>> list(by_frames([5, 3, 5, 4, 3, 5], most=2))
    [([4], [[3]]), ([5, 3], [[0, 2], [1, 4]]), ([5], [[5]])]
    """
    where: dict[int, list[int]] = {}
    for place, slot in enumerate(slots):
        where.setdefault(slot, []).append(place)
    while where:
        first = {slot: places[:most] for slot, places in where.items()}
        for frames in sorted({len(places) for places in first.values()}):
            alike = {slot: places for slot, places in first.items() if len(places) == frames}
            yield list(alike), list(alike.values())
        where = {slot: places[most:] for slot, places in where.items() if len(places) > most}
