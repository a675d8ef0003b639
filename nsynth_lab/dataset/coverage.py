"""plot_coverage(records, path): draws which pitches each instrument of a data set has, sorted by family."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab import picture
from nsynth_lab.audio import check_target
from nsynth_lab.dataset.check import count_instruments
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import DatasetError, UsageError
from nsynth_lab.note import FAMILIES, note_name

ROW_INCHES, MAX_INCHES = 0.14, 60.0
_COLOURS = {
    "bass": (0.12, 0.47, 0.71),
    "brass": (0.85, 0.65, 0.13),
    "flute": (1.0, 0.5, 0.05),
    "guitar": (0.55, 0.34, 0.29),
    "keyboard": (0.17, 0.63, 0.17),
    "mallet": (0.45, 0.75, 0.35),
    "organ": (0.84, 0.15, 0.16),
    "reed": (0.93, 0.45, 0.55),
    "string": (0.58, 0.4, 0.74),
    "synth_lead": (0.1, 0.7, 0.75),
    "vocal": (0.5, 0.5, 0.5),
}
MAX_NAMED_ROWS = 400  # more instruments than that are drawn without their names


def plot_coverage(records: Sequence[NoteRecord], path: str | Path, *, title: str = "", force: bool = False) -> Path:
    """Draw one row per instrument and one column per pitch; the more velocities a pitch has, the darker its cell.

    Raises:
        UsageError: an ending other than .png, .svg or .pdf, or the file exists and `force` is not given.
        MissingError: matplotlib is not installed.
        DatasetError: nothing to draw, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in picture.ENDINGS:
        raise UsageError(f"{path}: unknown ending '{path.suffix}'; use one of {' '.join(picture.ENDINGS)}")
    check_target(path, force=force)
    if not records:
        raise DatasetError("no usable note to draw")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")  # names in scripts that the plot's font lacks
            return picture.save_figure(_draw(list(records), title), path)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be written: {error}") from error


def _draw(records: list[NoteRecord], title: str) -> Any:  # matplotlib's Figure
    rows = sorted(count_instruments(records), key=lambda row: (FAMILIES.index(row.family), row.instrument_str))
    row_of = {row.instrument_str: index for index, row in enumerate(rows)}
    velocities = np.zeros((len(rows), 128))
    for instrument, pitch, _ in {(note.instrument_str, note.pitch, note.velocity) for note in records}:
        velocities[row_of[instrument], pitch] += 1
    height = min(1.6 + ROW_INCHES * len(rows), MAX_INCHES)
    figure = picture.new_figure(12.0, height)
    axes = figure.add_subplot()
    colours = np.array([_COLOURS[row.family] for row in rows])
    share = (velocities / velocities.max()) ** 0.5  # so that a single velocity stays visible beside five
    cells = 1 - share[..., None] * (1 - colours[:, None])
    axes.imshow(cells, aspect="auto", interpolation="nearest", extent=(-0.5, 127.5, len(rows) - 0.5, -0.5))
    _label(axes, rows, title)
    return figure


def _label(axes: Any, rows: list[Any], title: str) -> None:
    axes.set_xticks(range(0, 128, 12), [note_name(note) for note in range(0, 128, 12)])
    axes.set_xlim(8.5, 120.5)
    axes.set_xlabel("pitch")
    axes.grid(axis="x", alpha=0.3)
    few = len(rows) <= MAX_NAMED_ROWS
    axes.set_yticks(
        range(len(rows)) if few else [],
        [f"{row.instrument_name[:40]}" for row in rows] if few else [],
        fontsize=6,
        parse_math=False,
    )
    for family in sorted({row.family for row in rows}, key=FAMILIES.index):
        inside = [index for index, row in enumerate(rows) if row.family == family]
        axes.axhline(inside[-1] + 0.5, color="black", linewidth=0.4)
        axes.annotate(
            family, (1.005, (inside[0] + inside[-1]) / 2), xycoords=("axes fraction", "data"), va="center", fontsize=8
        )
    axes.set_title(title or f"{len(rows)} instruments; darker: more velocities", fontsize=10, parse_math=False)
