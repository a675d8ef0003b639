"""The options of following a tune, which `translate` and `--input` share: how it is heard and how it is played."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import console
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.cli.stage import Stage
    from nsynth_lab.render.play_request import PlayRequest
    from nsynth_lab.render.session import Session
    from nsynth_lab.sinks.device_input import DeviceInput
    from nsynth_lab.translate.live_notes import LiveNotes
    from nsynth_lab.translate.rules import Rules

InputOption = Annotated[
    str,
    typer.Option(
        "--input",
        help="Play what is sung or played into an audio input, by a part of its name, or default; see below.",
    ),
]
MakeupOption = Annotated[
    float | None,
    typer.Option(help="With --input: dB added to the level of what comes in.", show_default="as much as it needs"),
]
LookAheadOption = Annotated[
    float,
    typer.Option(
        help="With --input: milliseconds that are waited for what comes next, 0 to 107; low notes are then struck once "
        "and octaves are sure. It adds to the latency."
    ),
]
TransposeOption = Annotated[float, typer.Option(help="Semitones up, or down if negative.")]
FollowOption = Annotated[
    float, typer.Option(help="How closely pitch and level follow the source: 1 exactly, 0 not within a note.")
]
SnapOption = Annotated[
    str, typer.Option(help="Where notes may stand: chromatic, a scale such as d-minor, or c,d,eb,g.", show_default="")
]
GateOption = Annotated[float, typer.Option(help="Peak level in dB of full scale below which nothing is heard.")]
DynamicsOption = Annotated[float, typer.Option(help="How much of the source's dynamics is kept; 0 none, 1 all.")]
ExpressionOption = Annotated[
    float, typer.Option(help="How much of the source's breath goes into the target's noise; 0 none, 1 all.")
]
OctavesOption = Annotated[
    bool,
    typer.Option(
        "--octaves/--no-octaves", help="Whether a phrase that lies outside the target's range is moved by octaves."
    ),
]

OF_INPUT = ("transpose", "follow", "snap", "gate", "dynamics", "expression", "octaves", "makeup", "look_ahead")
MOST_AHEAD_MS = 107.0
DEFAULT_INPUT = "default"  # in the place of a name


@dataclass(frozen=True)
class Input:
    """An audio input that is followed.

    Attributes:
        name: a part of its name, or `DEFAULT_INPUT`.
        rules: how its tune is played; how high or low it will go is not known yet.
        gate_db: peak level below which nothing is heard.
        makeup_db: added to its level; None: as much as it needs.
        octaves: whether its tune is moved by octaves into the range of what plays.
        look_ahead_hops: how many hops of the follower it is heard later.
    """

    name: str
    rules: Rules
    gate_db: float
    makeup_db: float | None
    octaves: bool
    look_ahead_hops: int

    def player(self, asked: PlayRequest) -> PlayRequest:
        """The request to play, set up for notes that bend and swell."""
        return replace(asked, mpe=True, follow=self.rules.follow)

    @contextmanager
    def opened(self, session: Session, asked: PlayRequest, stage: Stage, *, hint: str) -> Iterator[LiveNotes]:
        """The notes heard while the input is open; reports its name and `hint`."""
        from nsynth_lab.translate.live_notes import LiveNotes

        rules = _suited(self.rules, session, asked, octaves=self.octaves)
        with _source(self.name, block=stage.block, latency=stage.latency) as source:
            notes = LiveNotes(
                source,
                rules,
                block_samples=stage.block,
                gate_db=self.gate_db,
                makeup_db=self.makeup_db,
                look_ahead_hops=self.look_ahead_hops,
            )
            console.say(f"listening to {source.called}; {hint}")
            yield notes


def input_asked(
    context: typer.Context,
    name: str,
    *,
    transpose: float,
    follow: float,
    snap: str,
    gate: float,
    dynamics: float,
    expression: float,
    octaves: bool,
    makeup: float | None,
    look_ahead: float = 0.0,
) -> Input | None:
    """The requested input, from the options of a command, or None.

    Raises:
        UsageError: a number out of its range, an unknown scale, or such an option without an input.
    """
    if not name:
        given = [option for option in OF_INPUT if _is_typed(context, option)]
        if given:
            raise UsageError(f"--{given[0].replace('_', '-')} goes with --input, which is not given")
        return None
    from nsynth_lab.analysis.follower import HOP_SECONDS
    from nsynth_lab.translate.rules import Rules, parse_snap

    if not 0.0 <= look_ahead <= MOST_AHEAD_MS:
        raise UsageError(f"--look-ahead {look_ahead:g}; expected 0 to {MOST_AHEAD_MS:g} ms")
    classes = parse_snap(snap) if snap else ()
    rules = Rules(transpose, follow, classes, dynamics, keeps_octaves=True, expression=expression)
    return Input(name, rules, gate, makeup, octaves, round(look_ahead / (1000.0 * HOP_SECONDS)))


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _suited(rules: Rules, session: Session, asked: PlayRequest, *, octaves: bool) -> Rules:
    """The rules fitted to the target: whether its notes are struck, and with `octaves` its range."""
    from nsynth_lab.render.target_range import target_is_struck, target_range

    low, high = target_range(session, asked) if octaves else (rules.lowest, rules.highest)
    return replace(rules, lowest=low, highest=high, struck=target_is_struck(session, asked))


def _source(name: str, *, block: int, latency: str) -> DeviceInput:
    """The audio input of that name, not opened yet."""
    from nsynth_lab.priority import raise_audio_thread
    from nsynth_lab.sinks.device_input import DeviceInput

    device = "" if name == DEFAULT_INPUT else name
    return DeviceInput(device, block_samples=block, latency=latency, begin=raise_audio_thread)
