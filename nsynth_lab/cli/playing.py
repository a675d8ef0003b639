"""The options of playing, which `play` and `render` share: what sounds, and how the synth is set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from nsynth_lab.cli import completions
from nsynth_lab.cli.bundles import Command, bundled
from nsynth_lab.cli.options import PathOption, PositionOption, PresetOption, SourcesArgument, TrackOption, WeightsOption

if TYPE_CHECKING:
    from nsynth_lab.render.play_request import PlayRequest


class PlayingCommand(TyperCommand):
    """A command whose help lists what `--set`, `--cc` and `--learn` take, from the synth's own table."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The table is read when help is asked for, and not by every other command."""
        from nsynth_lab.synth.parameter_words import listing

        rows = "\n".join(f"- `{name}` {span}: {about}" for name, span, about in listing())
        self.epilog = f"**What `--set`, `--cc` and `--learn` take**\n\n{rows}"
        if any(one.name == "osc" for one in self.params):
            self.epilog += f"\n\n{_osc_help()}"
        super().format_help(ctx, formatter)


def _osc_help() -> str:
    from nsynth_lab.osc.addresses import listing

    rows = "\n".join(f"- `{address}` {takes}: {about}" for address, takes, about in listing())
    return (
        "**What `--osc` takes**\n\nA number for each of these parameters, as `/nsynth/NAME`, and for each that "
        "`nsynth-lab preset show` lists of a preset, with slashes for its points; and these:\n\n" + rows
    )


LearnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--learn",
        help="A parameter that the next controller moved will move from then on.",
        autocompletion=completions.parameters,
    ),
]
VoicesOption = Annotated[int | None, typer.Option(help="How many notes may sound at once.", show_default="16")]
SongVoicesOption = Annotated[
    int | None, typer.Option(help="How many notes may sound at once.", show_default="as many as there are")
]
TempoOption = Annotated[
    float | None,
    typer.Option(
        "--tempo",
        help="Quarter notes a minute: of a MIDI file, and of LFOs, paths and delays in beats.",
        show_default="the file's, or the preset's",
    ),
]
A4Option = Annotated[float, typer.Option("--a4", help="Hz of A4.")]
KeymapOption = Annotated[
    Path | None, typer.Option("--keymap", help="A Scala keyboard mapping, .kbm, for the Scala scale.")
]
# name: its option and its default; the names are those of `render.play_request.parse_play`
PLAYING: dict[str, tuple[Any, Any]] = {
    "sources": (SourcesArgument, None),
    "preset": (PresetOption, ""),
    "position": (PositionOption, None),
    "weights": (WeightsOption, None),
    "path": (PathOption, None),
    "track": (TrackOption, None),
    "voices": (VoicesOption, None),
    "mode": (Annotated[str, typer.Option(help="poly, mono or legato.")], "poly"),
    "unison": (Annotated[int, typer.Option(help="Voices a key.")], 1),
    "mpe": (Annotated[bool, typer.Option("--mpe", help="Channels 2 to 16 each carry one note (MPE).")], False),
    "a4": (A4Option, 440.0),
    "scale": (Annotated[Path | None, typer.Option(help="A Scala scale, .scl.")], None),
    "keymap": (KeymapOption, None),
    "sets": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--set",
                help="A parameter and its value, such as release_seconds=0.3; see below. May be given again.",
                autocompletion=completions.settings,
            ),
        ],
        None,
    ),
    "controllers": (
        Annotated[
            list[str] | None,
            typer.Option("--cc", help="A controller and what it moves, such as 21=volume_db; 1=x if not given."),
        ],
        None,
    ),
    "programs": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--program-change", help="What a program change brings, as 'oboe,marimba'; several times for 2, 3, ..."
            ),
        ],
        None,
    ),
    "channels": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--part",
                help="Instruments or a preset of a MIDI channel, such as 2=cello, 3=oboe,flute, 4-6=glass-cello.",
            ),
        ],
        None,
    ),
    "block": (Annotated[int, typer.Option(help="Samples a block: 64, 128, 256, 512 or 1024.")], 256),
}


def playing(**options: Any) -> Callable[[Command], Command]:
    """Gives a command the options of playing where it has `asked`, and hands them over as one `PlayRequest`.

    `options` are of the same names and take the place of those of the table, or come after them.
    """
    return bundled("asked", PLAYING | {name: (option, None) for name, option in options.items()}, _asked)


def _asked(**words: Any) -> PlayRequest:
    from nsynth_lab.render.play_request import parse_play

    return parse_play(**words)
