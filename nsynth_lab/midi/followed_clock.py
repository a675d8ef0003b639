"""The clock of another program that is followed while it plays: MIDI clock, or Ableton Link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.clock import MidiClock
from nsynth_lab.midi.events import Event
from nsynth_lab.midi.ports import Clock
from nsynth_lab.tempo import DEFAULT_BPM

MIDI, LINK = CLOCKS = ("midi", "link")

Send = Callable[[float, Sequence[Event]], object]


class Following(NamedTuple):
    """A clock that is followed.

    Attributes:
        take: takes MIDI clock messages; None where none are wanted.
        troubles: gives a line where something is wrong.
        is_heard: whether another program sends it at present.
    """

    take: Clock | None = None
    troubles: Callable[[], list[str]] = list
    is_heard: Callable[[], bool] = bool


def check_clock(name: str) -> None:
    """Check that there can be such a clock; an empty name is none.

    Raises:
        UsageError: an unknown one.
        MissingError: LinkPython is not installed.
    """
    if name and name not in CLOCKS:
        raise UsageError(f"clock '{name}'; expected midi or link")
    if name == LINK:
        from nsynth_lab.midi.link_clock import check_installed

        check_installed()


@contextmanager
def following(name: str, send: Send, *, bpm: float = DEFAULT_BPM) -> Iterator[Following]:
    """The clock of that name, followed while this is a context; none if empty.

    `send(seconds, events)` is told of tempo, beat, start and stop. A Link session that begins with us has the tempo
    `bpm`.
    """
    if name == LINK:
        from nsynth_lab.midi.link_clock import LinkClock

        with LinkClock(send, bpm=bpm) as link:
            yield Following(None, link.troubles, lambda: link.peers > 0)
    elif name == MIDI:
        clock = MidiClock(send)
        yield Following(clock.take, clock.troubles, lambda: clock.is_heard)
    else:
        yield Following()
