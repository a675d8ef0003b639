"""Options that several commands share, said once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from nsynth_lab.cli import completions
from nsynth_lab.errors import UsageError

CheckpointOption = Annotated[
    Path | None, typer.Option("--checkpoint", help="A checkpoint folder; the default one if not given.")
]
ComputeOption = Annotated[
    str,
    typer.Option(
        "--compute",
        help="Where the model runs: auto, cpu or cuda.",
        autocompletion=completions.words("auto", "cpu", "cuda"),
    ),
]
TrackOption = Annotated[
    float | None,
    typer.Option(
        "--track", min=0, max=1, help="Drums and noises: 0 leaves them at their own pitch, 1 follows the keys."
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="The same seed gives the same result.")]
FREE = typer.Option(
    "--free", help="Temperature: 0 always takes the likeliest note, 1 follows the model's probabilities; at most 2."
)
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace or remove what is there, without asking.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Resume what was interrupted.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be made; write nothing.")]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, help="Processes that share the work.", show_default="one for each processor"),
]
RoundsOption = Annotated[
    int,
    typer.Option("--rounds", min=0, max=1000, help="More rounds of fitting; 8 lower the error by 0.05 dB."),
]
DetailOption = Annotated[
    bool,
    typer.Option(
        "--detail/--no-detail", help="Measure by how many dB partials and noise differ from the recording, and say so."
    ),
]
RateOption = Annotated[int, typer.Option("--rate", help="Sample rate of what is written, in Hz.")]
BitsOption = Annotated[
    str,
    typer.Option(
        "--bits",
        help="Bits of a sample: 16 (dithered), 24 or 32f.",
        show_default="24",
        autocompletion=completions.words("16", "24", "32f"),
    ),
]
ChannelsOption = Annotated[
    str,
    typer.Option(
        "--channels",
        help="Channels of what is written: mono or stereo.",
        show_default="as it comes",
        autocompletion=completions.words("mono", "stereo"),
    ),
]
QualityOption = Annotated[
    float | None, typer.Option("--quality", help="Quality of .ogg and .mp3, from 0 (small) to 10 (best).")
]
ListenOption = Annotated[bool, typer.Option("--listen", help="Play the result through the default audio output.")]
MidiChannelsOption = Annotated[
    str,
    typer.Option(
        "--midi-channels", help="Channels of the file to play, such as 1,3-5.", show_default="all but 10, percussion"
    ),
]
SoundOption = Annotated[
    Path,
    typer.Option("--output", "-o", help="Where to write the sound; the ending is the format, and - is stdout, as WAV."),
]
OnlyOption = Annotated[str, typer.Option("--only", help="Only these sections, separated by commas.")]
FiguresOption = Annotated[Path | None, typer.Option("--figures", help="Also write the figures into this .json file.")]
PlotOption = Annotated[Path | None, typer.Option("--plot", help="Also draw a picture into this .png, .svg or .pdf.")]
ReportOption = Annotated[Path | None, typer.Option("--report", help="Also write a page into this folder.")]
SourceNoteOption = Annotated[
    str,
    typer.Option("--source-note", help="Which note a recording is (A4, 69, or none: a drum); measured if not given."),
]
SourceVelocityOption = Annotated[
    int, typer.Option("--source-velocity", help="How hard a recording was played, 1 to 127.")
]
StateOption = Annotated[Path | None, typer.Option("--state", help="A .vstpreset, or a plugin's own state in a file.")]
PluginSetOption = Annotated[
    list[str] | None, typer.Option("--set", help="A parameter and its value, such as time=250; may be given again.")
]
SourcesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="One to eight instruments by name, sound files or .latents files.",
        metavar="A [B ...]",
        show_default=False,
        autocompletion=completions.instruments,
    ),
]
PresetOption = Annotated[
    str,
    typer.Option(
        "--preset",
        help="Instead of A B: a preset by name, or a .toml file, with its effects.",
        autocompletion=completions.presets,
    ),
]
PositionOption = Annotated[
    str | None,
    typer.Option(
        help="0 is A, 1 is B. Three (A and B above, C below) and four (C and D below) take x,y, such as 0.2,0.7.",
        show_default="the middle",
    ),
]
WeightsOption = Annotated[
    str | None,
    typer.Option(
        help="Instead of a position: the share of each source, such as 0.5,0.3,0.2. Five to eight need it.",
        show_default="equal",
    ),
]
PathOption = Annotated[
    str | None,
    typer.Option(
        help="How timbre moves between sources: linear, or spherical, which keeps its strength in between.",
        show_default="linear",
    ),
]
NoteOption = Annotated[str, typer.Option("--note", help="The note to sound: A4, C#4, Bb3 or a MIDI number.")]
VelocityOption = Annotated[int, typer.Option("--velocity", help="How hard, 1 to 127.")]
PresetNames = Annotated[
    list[str] | None,
    typer.Argument(help="Presets by name, or .toml files; all if not given.", autocompletion=completions.presets),
]


PresetName = Annotated[str, typer.Argument(help="A preset, or a .toml file.", autocompletion=completions.presets)]
OwnName = Annotated[str, typer.Argument(help="One of your instruments.", autocompletion=completions.own_instruments)]
PluginName = Annotated[
    str, typer.Argument(help="A plugin that was scanned, or its .vst3 file.", autocompletion=completions.plugins)
]


def is_stdout(path: Path) -> bool:
    """Whether a sound file's name stands for stdout."""
    from nsynth_lab.sound_format import STDOUT  # with numpy, which a help text does not wait for

    return path == STDOUT


def preset_paths(names: list[str] | None) -> list[Path]:
    """The files of presets by name; all there are if none is named."""
    from nsynth_lab.patch.library import preset_file, preset_files

    return [preset_file(name) for name in names] if names else preset_files()


def parse_settings(texts: Sequence[str] | None) -> dict[str, float | bool | str]:
    """A plugin's parameters from the command line: numbers, true and false, else texts.

    Raises:
        UsageError: one that is not `parameter=value`.

    >>> parse_settings(["time=250", "sync=true", "mode=Wide"])
    {'time': 250.0, 'sync': True, 'mode': 'Wide'}
    """
    found: dict[str, float | bool | str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--set '{text}'; expected parameter=value")
        if value.lower() in ("true", "false"):
            found[name] = value.lower() == "true"
            continue
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = value
    return found
