"""The plots of a report: load against voices, scaling of offline work, profile of a block."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nsynth_lab.picture import new_figure, save_figure

Figures = dict[str, Any]


def draw_all(folder: Path, figures: Figures) -> list[tuple[str, str]]:
    """Draw the plot of each section that has one; returns (file name, caption)."""
    drawn = []
    for section, (name, shows, draw) in PICTURES.items():
        if section in figures:
            save_figure(draw(figures[section]), folder / name)
            drawn.append((name, shows))
    return drawn


def _streaming(section: Figures) -> Any:
    blocks = sorted({load["block_samples"] for load in section["loads"]})
    figure = new_figure(3.6 * len(blocks) + 1.0, 3.8)
    for axes, block in zip(figure.subplots(1, len(blocks), sharey=True, squeeze=False)[0], blocks, strict=True):
        loads = [load for load in section["loads"] if load["block_samples"] == block]
        voices = [load["voices"] for load in loads]
        for key, label in (("median", "median"), ("p99", "99th percentile"), ("p999", "99.9th")):
            axes.plot(voices, [100 * load[key] for load in loads], marker="o", markersize=3, label=label)
        axes.axhline(100, color="grey", linestyle="--", linewidth=1)
        axes.set_title(f"blocks of {block}", fontsize=10)
        axes.set_xlabel("voices")
        axes.set_ylim(0, 200)
        axes.set_xlim(left=0)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("% of the deadline")
    figure.axes[0].legend(fontsize=8)
    return figure


def _offline(section: Figures) -> Any:
    figure = new_figure(9.0, 3.8)
    ways = (("decode_by_seconds", "seconds", "seconds of one note"), ("decode_by_notes", "notes", "notes in a batch"))
    for axes, (key, across, label) in zip(figure.subplots(1, 2), ways, strict=True):
        rates = section[key]
        took = [rate["notes"] * rate["seconds"] / rate["real_time"]["median"] for rate in rates]
        axes.plot([rate[across] for rate in rates], took, marker="o")
        axes.set_xlabel(label)
        axes.set_ylabel("seconds to decode")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    return figure


def _parts(section: Figures) -> Any:
    figure = new_figure(8.0, 2.6)
    axes = figure.subplots()
    parts = section["parts"][::-1]
    axes.barh([part["kind"] for part in parts], [100 * part["share"] for part in parts])
    axes.set_xlabel(f"% of the time of a block of {section['profiled_block_samples']} samples")
    return figure


PICTURES: dict[str, tuple[str, str, Callable[[Figures], Any]]] = {
    "offline": ("offline.png", "Time to decode whole notes", _offline),
    "streaming": ("streaming.png", "Load of a block by number of voices", _streaming),
    "limit": ("parts.png", "Where the time of a block goes", _parts),
}
