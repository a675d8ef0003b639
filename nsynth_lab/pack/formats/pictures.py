"""Pictures of a pack, drawn from its sound: the spectrograms of one note at every position, side by side.

The cover of the pack, and the background of the DecentSampler preset. They are drawn one after the other, because
matplotlib is not made for several threads.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.errors import MissingError
from nsynth_lab.pack.formats.decentsampler import HEIGHT, WIDTH
from nsynth_lab.pack.formats.preview import preview_zones
from nsynth_lab.pack.formats.zones import PackMap
from nsynth_lab.picture import new_figure, save_figure
from nsynth_lab.units import FloatArray

ReadClip = Callable[[str], FloatArray]

DOTS_PER_INCH = 110  # as in `save_figure`
COVER_DOTS = 880  # width and height
WINDOW, COLUMNS, BANDS = 4096, 48, 160
LOWEST_HZ, HIGHEST_HZ, RANGE_DB = 60.0, 24_000.0, 60.0
DRAWING = Lock()
DARK, INK = "#101018", "#f4f0e8"


def draw_cover(path: Path, pack: PackMap, read: ReadClip) -> Path:
    """Draw cover.png: a square picture with the pack's title."""
    with DRAWING:
        figure = new_figure(COVER_DOTS / DOTS_PER_INCH, COVER_DOTS / DOTS_PER_INCH)
        _spectra(figure, pack, read)
        figure.text(0.06, 0.07, _short(pack.about.title), color=INK, fontsize=30, weight="bold")
        figure.text(0.06, 0.035, _short(pack.about.author or pack.about.software), color=INK, fontsize=13)
        return save_figure(figure, path)


def draw_background(path: Path, pack: PackMap, read: ReadClip) -> Path:
    """Draw the background of the DecentSampler preset, with room for its knobs."""
    with DRAWING:
        figure = new_figure(WIDTH / DOTS_PER_INCH, HEIGHT / DOTS_PER_INCH)
        _spectra(figure, pack, read)
        figure.text(0.03, 0.88, _short(pack.about.title), color=INK, fontsize=18, weight="bold")
        return save_figure(figure, path)


def prepare_drawing() -> None:
    """Import what draws, which takes a second, while other threads decode; silent where it is not installed."""
    with DRAWING, suppress(MissingError):
        new_figure(1.0, 1.0)


def _short(text: str) -> str:
    """A title cut to fit on the picture, and escaped so that matplotlib does not read it as a formula."""
    cut = text if len(text) <= 34 else f"{text[:33]}…"
    return "".join(letter if letter.isprintable() else " " for letter in cut).replace("$", r"\$")


def _spectra(figure: Any, pack: PackMap, read: ReadClip) -> None:
    image = np.concatenate([_spectrogram_db(read(_note(pack, index)), pack) for index in range(len(pack.layers))])
    figure.set_layout_engine("none")
    figure.set_facecolor(DARK)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.imshow(
        image.T - image.max(), origin="lower", aspect="auto", cmap="magma", vmin=-RANGE_DB, vmax=6.0,
        interpolation="bilinear",
    )  # fmt: skip
    axes.set_axis_off()


def _note(pack: PackMap, index: int) -> str:
    zones = preview_zones(pack.layers[index])
    return zones[len(zones) // 2].file


def _spectrogram_db(samples: FloatArray, pack: PackMap) -> NDArray[np.float64]:
    """Spectrogram in dB [columns, bands] of a whole clip, with logarithmic bands; the strongest bin of each."""
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    starts = np.linspace(0, len(padded) - WINDOW, COLUMNS).astype(int)
    windows = np.stack([padded[start : start + WINDOW] for start in starts]) * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1) * WINDOW / pack.sample_rate
    bins = np.clip(np.round(np.sqrt(edges[:-1] * edges[1:])).astype(int), 0, power.shape[1] - 2)
    return np.asarray(10.0 * np.log10(np.maximum(power[:, bins], power[:, bins + 1]) + 1e-12))
