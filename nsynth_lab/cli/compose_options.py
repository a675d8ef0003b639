"""The options of `nsynth-lab compose`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsynth_lab.cli import completions
from nsynth_lab.cli.options import FREE

DEFAULT_METRE, DEFAULT_KEY, DEFAULT_FORM = "4/4", "D", "AABB"
MOST_TUNES = 1_000

InstrumentsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="For a sound file: one or two instruments that play it.",
        metavar="[A [B]]",
        show_default=False,
        autocompletion=completions.instruments,
    ),
]
OutputOption = Annotated[
    Path,
    typer.Option("--output", "-o", help="Where to write: .abc, .mid, .musicxml, .svg, .pdf, .png, .wav or .flac."),
]
MetreOption = Annotated[
    str,
    typer.Option(
        "--metre",
        help="The metre, such as 6/8; any: drawn at random, common ones more often.",
        show_default=DEFAULT_METRE,
    ),
]
KeyOption = Annotated[
    str,
    typer.Option(
        "--key",
        help="The key, such as Edor or 'Bb major'; any: a mode drawn at random, common ones more often.",
        show_default=DEFAULT_KEY,
    ),
]
FormOption = Annotated[
    str,
    typer.Option(
        "--form",
        help="Sections in playing order: AABB, ABAC; A' is A with a different ending.",
        show_default=DEFAULT_FORM,
    ),
]
BarsOption = Annotated[
    int | None,
    typer.Option("--bars", help="Bars in each section; with --begin, bars to add.", show_default="8; 16 with --begin"),
]
UpbeatOption = Annotated[
    str, typer.Option("--upbeat", help="Length of the upbeat, such as 1/8; any: drawn from those usual in the metre.")
]
CountOption = Annotated[int, typer.Option("--count", min=1, max=MOST_TUNES, help="How many tunes.")]
FreeOption = Annotated[float | None, FREE]
StyleOption = Annotated[
    str,
    typer.Option("--style", help="Write in the style of one collection: see the model card; any: no particular one."),
]
BeginOption = Annotated[
    Path | None,
    typer.Option("--begin", help="Continue this tune: .abc, .mid, .musicxml, or a recording of one that is hummed."),
]
BetweenOption = Annotated[
    tuple[Path, Path] | None, typer.Option("--between", help="Write a tune that lies between two.", metavar="A B")
]
PositionOption = Annotated[
    str | None,
    typer.Option("--position", help="0 is the first tune of --between, 1 the second.", show_default="0.5"),
]
ChordsOption = Annotated[bool, typer.Option("--chords", help="Add chord symbols.")]
OwnSoundOption = Annotated[
    bool,
    typer.Option(
        "--own-sound", help="With --begin and a recording: play the continuation with the recording's own sound."
    ),
]
SecondOption = Annotated[bool, typer.Option("--second", help="Add a second voice under the tune, led by its chords.")]
AlongOption = Annotated[
    str, typer.Option("--along", help="The blend of A and B by section, A:0,B:0.7, or over time, 0:0,1:0.7.")
]
FollowOption = Annotated[
    str,
    typer.Option(
        "--follow", help="What the blend follows: tension (how surprising the model finds each note) or pitch."
    ),
]
