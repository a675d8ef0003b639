"""The clock of another program that is played along with: MIDI clock, or Ableton Link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from nsynth_lab.cli import completions, console
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.midi.ports import Clock
    from nsynth_lab.render.live import Live

MIDI, LINK = CLOCKS = ("midi", "link")

ClockOption = Annotated[
    str,
    typer.Option(
        "--clock",
        help="Follow tempo, start and stop: of midi, the clock on MIDI ports, or of link, Ableton Link.",
        autocompletion=completions.words(*CLOCKS),
    ),
]


class Following(NamedTuple):
    """A clock that is followed: what takes MIDI clock messages, and what gives a line where something is wrong."""

    take: Clock | None = None
    troubles: Callable[[], list[str]] = list


def check_clock(name: str, *, has_port: bool) -> None:
    """Check that there can be such a clock.

    Raises:
        UsageError: an unknown one, or that of MIDI without a port.
        MissingError: LinkPython is not installed.
    """
    if name and name not in CLOCKS:
        raise UsageError(f"clock '{name}'; expected midi or link")
    if name == MIDI and not has_port:
        raise UsageError("--clock midi is heard on a MIDI port; give --midi all, or a part of its name")
    if name == LINK:
        from nsynth_lab.midi.link_clock import check_installed

        check_installed()


@contextmanager
def following(name: str, live: Live) -> Iterator[Following]:
    """The clock of that name, followed while it plays; none if empty."""
    send = live.event_queue.put_at
    if name == LINK:
        from nsynth_lab.midi.link_clock import LinkClock

        with LinkClock(send, bpm=live.engine.player.beats.bpm) as clock:
            console.say("following Ableton Link")
            yield Following(None, clock.troubles)
    elif name == MIDI:
        from nsynth_lab.midi.clock import MidiClock

        heard = MidiClock(send)
        yield Following(heard.take, heard.troubles)
    else:
        yield Following()
