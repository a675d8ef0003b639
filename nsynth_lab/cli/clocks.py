"""The option of the clock that is played along with: MIDI clock, or Ableton Link."""

from __future__ import annotations

from typing import Annotated

import typer

from nsynth_lab.cli import completions
from nsynth_lab.errors import UsageError

CLOCKS = ("midi", "link")  # those of `midi.followed_clock`, which is not imported for a help text

ClockOption = Annotated[
    str,
    typer.Option(
        "--clock",
        help="Follow tempo, start and stop: of midi, the clock on MIDI ports, or of link, Ableton Link.",
        autocompletion=completions.words(*CLOCKS),
    ),
]


def check_clock(name: str, *, has_port: bool) -> None:
    """Check that there can be such a clock.

    Raises:
        UsageError: an unknown one, or that of MIDI without a port.
        MissingError: LinkPython is not installed.
    """
    from nsynth_lab.midi import followed_clock

    followed_clock.check_clock(name)
    if name == followed_clock.MIDI and not has_port:
        raise UsageError("--clock midi is heard on a MIDI port; give --midi all, or a part of its name")
