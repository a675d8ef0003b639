"""Spectrograms and figures. The only door to matplotlib, imported on first use."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.audio import check_target
from nsynth_lab.errors import MissingError, UsageError
from nsynth_lab.legible import legible
from nsynth_lab.note import note_name
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray

ENDINGS = (".png", ".svg", ".pdf")  # of the files that `save_figure` writes
WINDOW, HOP, BANDS = 4096, 512, 320
LOWEST_HZ, HIGHEST_HZ = 40.0, 24_000.0
RANGE_DB = 80.0
DPI = 110
WIDER = 1.15  # than letters are designed
MOST_COLUMNS, FRAMES_AT_ONCE = 4_096, 1_024
TICKS_HZ = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)


@dataclass(frozen=True)
class Panel:
    """One spectrogram: a title and `samples` [samples] at `sample_rate` Hz."""

    title: str
    samples: FloatArray
    sample_rate: int = SAMPLE_RATE


def draw_spectrograms(path: str | Path, panels: Sequence[Panel], *, title: str = "", force: bool = False) -> Path:
    """Write spectrograms side by side, with a logarithmic frequency axis and levels relative to the loudest of all.

    Raises:
        UsageError: the target cannot be written.
    """
    path = Path(path)
    check_target(path, force=force)
    return save_figure(_spectrograms(panels, title), path)


def draw_spectrogram_rows(
    path: str | Path, rows: Sequence[Sequence[Panel]], *, title: str = "", force: bool = False
) -> Path:
    """Write spectrograms of about one length in rows, as `draw_spectrograms`; the last of each row on the right.

    Raises:
        UsageError: the target cannot be written.
    """
    path = Path(path)
    check_target(path, force=force)
    images = [[_log_spectrogram_db(panel.samples, panel.sample_rate) for panel in row] for row in rows]
    top = max(float(image.max()) for row in images for image in row)
    columns = max(len(row) for row in rows)
    figure = new_figure(2.0 + 3.2 * columns, 0.8 + 2.7 * len(rows))
    grid = figure.subplots(len(rows), columns, sharey=True, squeeze=False)
    for axes, row, shown in zip(grid, rows, images, strict=True):
        left = columns - len(row)
        for empty in axes[:left]:
            empty.axis("off")
        for place, panel, image in zip(axes[left:], row, shown, strict=True):
            mesh = _show_spectrogram(place, panel, image - top)
        axes[left].tick_params(labelleft=True)
        axes[left].set_yticks([_height(hz) for hz in TICKS_HZ], [f"{hz:,} Hz" for hz in TICKS_HZ])
    figure.colorbar(mesh, ax=grid.ravel().tolist(), label="dB", pad=0.01)
    figure.suptitle(legible(title), fontsize=11)
    return save_figure(figure, path)


def spectrogram_png(panels: Sequence[Panel], *, title: str = "") -> bytes:
    """The bytes of a PNG file with the same picture as `draw_spectrograms`.

    Raises:
        MissingError: matplotlib is not installed.
    """
    out = io.BytesIO()
    _spectrograms(panels, title).savefig(out, format="png", dpi=DPI, metadata={"Software": None})
    return out.getvalue()


def write_png(path: str | Path, png: bytes, *, force: bool = False) -> Path:
    """Write the bytes of a PNG file.

    Raises:
        UsageError: another ending, or the target cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: unknown ending '{path.suffix}'; the picture is a .png")
    check_target(path, force=force)
    with atomic_write(path) as beside:
        beside.write_bytes(png)
    return path


def _spectrograms(panels: Sequence[Panel], title: str) -> Any:
    images = [_log_spectrogram_db(panel.samples, panel.sample_rate) for panel in panels]
    top = max(float(image.max()) for image in images)
    widths = [image.shape[0] for image in images]
    figure = new_figure(min(22.0, 2.5 + 1.6 * len(panels) + 0.006 * sum(widths)), 4.6)
    rows = figure.subplots(1, len(panels), sharey=True, squeeze=False, width_ratios=widths)[0]
    for axes, panel, image in zip(rows, panels, images, strict=True):
        shown = _show_spectrogram(axes, panel, image - top)
    rows[0].set_yticks([_height(hz) for hz in TICKS_HZ], [f"{hz:,} Hz" for hz in TICKS_HZ])
    figure.colorbar(shown, ax=list(rows), label="dB", pad=0.01)
    figure.suptitle(legible(title), fontsize=11)
    return figure


def _show_spectrogram(axes: Any, panel: Panel, level_db: FloatArray) -> Any:
    shown = axes.imshow(
        level_db.T, origin="lower", aspect="auto", cmap="magma", vmin=-RANGE_DB, vmax=0.0,
        extent=(0.0, len(panel.samples) / panel.sample_rate, 0.0, 1.0),
    )  # fmt: skip
    axes.set_title(legible(panel.title), fontsize=9)
    axes.set_xlabel("seconds", fontsize=8)
    axes.tick_params(labelsize=7)
    return shown


def name_notes(axes: Any, *, classes: Sequence[int]) -> None:
    """Label a vertical axis of MIDI note numbers with names, of the notes of these pitch classes that are in view."""
    low, high = (round(edge) for edge in axes.get_ylim())
    ticks = [note for note in range(low, high + 1) if note % 12 in classes]
    axes.set_yticks(ticks, [note_name(note) for note in ticks], fontsize=7)


def new_figure(width_inches: float, height_inches: float) -> Any:
    """An empty matplotlib figure that needs no display.

    Raises:
        MissingError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingError(f"drawing needs matplotlib: pip install matplotlib ({error})") from error

    figure = Figure(figsize=(width_inches, height_inches), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def text_width(text: str, *, size: float, bold: bool = False) -> float:
    """How wide a line of text may be drawn, in points as its `size`: small letters are set wide on pixels."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(weight="bold" if bold else "normal")
    return WIDER * float(TextPath((0, 0), text, size=size, prop=font).get_extents().width)


def save_figure(figure: Any, path: Path) -> Path:
    """Write a figure; the same figure always gives the same bytes."""
    with atomic_write(path) as beside:
        figure.savefig(
            beside,
            format=path.suffix[1:] or "png",
            dpi=DPI,
            metadata={"Software": None} if path.suffix == ".png" else None,
        )
    return path


def _log_spectrogram_db(samples: FloatArray, sample_rate: int) -> FloatArray:
    """Level in dB [columns, bands]: the strongest bin in each of 320 logarithmic bands up to 24 kHz.

    A column is a frame or, of long sounds, the loudest of several: a picture of an hour takes no more memory.
    """
    padded = np.pad(samples, (WINDOW // 2, WINDOW // 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1) * WINDOW / sample_rate
    together = -(-len(windows) // MOST_COLUMNS)
    part = together * max(1, FRAMES_AT_ONCE // together)
    columns = []
    for start in range(0, len(windows), part):
        bands = _bands(windows[start : start + part], edges)
        columns.append(np.maximum.reduceat(bands, np.arange(0, len(bands), together), axis=0))
    return np.asarray(20.0 * np.log10(np.maximum(np.concatenate(columns), 1e-6)), np.float32)


def _bands(windows: FloatArray, edges: Doubles) -> Doubles:
    """Magnitude of the strongest bin between each two `edges`, which are in bins, [frames, bands]."""
    spectrum = np.abs(np.fft.rfft(windows * np.hanning(WINDOW).astype(np.float32), axis=1))
    beyond = int(edges[-1]) + 1 - spectrum.shape[1]  # a lower rate has nothing up there
    spectrum = np.pad(spectrum, ((0, 0), (0, max(0, beyond))))
    first = edges[:-1].round().astype(int)
    bands = np.maximum.reduceat(spectrum[:, : int(edges[-1]) + 1], np.unique(first), axis=1)
    return np.asarray(bands[:, np.searchsorted(np.unique(first), first)])


def _height(hz: float) -> float:
    return float(np.log(hz / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ))
