"""Options that several commands share, said once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from nsynth_lab.errors import UsageError

CheckpointOption = Annotated[
    Path | None, typer.Option("--checkpoint", help="A checkpoint folder; the default one if not given.")
]
DeviceOption = Annotated[str, typer.Option("--device", "--compute", help="Where the model runs: auto, cpu or cuda.")]
ComputeOption = Annotated[str, typer.Option("--compute", help="Where the model runs: auto, cpu or cuda.")]
SeedOption = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of the noise; the same seed gives the same file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
PresetNames = Annotated[list[str] | None, typer.Argument(help="Presets by name, or .toml files; all if not given.")]


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
