"""Options that several commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CheckpointOption = Annotated[
    Path | None, typer.Option("--checkpoint", help="A checkpoint folder; the default one if not given.")
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
SeedOption = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of the noise; the same seed gives the same file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
