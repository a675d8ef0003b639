"""The options of `translate` that no other command has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsynth_lab.cli import completions

SourceArgument = Annotated[
    Path, typer.Argument(help="A sound file: humming, whistling, singing, any tune; or a .phrase.", metavar="SOUND")
]
ToOption = Annotated[
    str,
    typer.Option(
        "--to",
        help="What plays it: one to four instruments, such as flute,cello, or a preset.",
        autocompletion=completions.presets_and_instruments,
    ),
]
MidiFileOption = Annotated[Path | None, typer.Option("--midi-file", help="Also write the notes into this .mid file.")]
AsNotesOption = Annotated[
    bool,
    typer.Option(
        "--as-notes",
        help="Play notes with the target's own attack, sustain and release; --follow 0 leaves out their bends.",
    ),
]
PolyphonicOption = Annotated[
    bool, typer.Option("--polyphonic", help="Several notes at once: chords, a song; played as notes.")
]
ResidualOption = Annotated[
    float | None,
    typer.Option(help="With --polyphonic: also keep what is not notes, such as drums, so many dB louder or softer."),
]
DelayOption = Annotated[
    float | None,
    typer.Option(
        help="Milliseconds by which the result comes after the source; 0 lays it over the source.",
        show_default="0; 45 for a .phrase that was heard live",
    ),
]
PhraseOption = Annotated[
    Path | None, typer.Option("--phrase", help="Also write what was heard into this .phrase, to be played again.")
]
