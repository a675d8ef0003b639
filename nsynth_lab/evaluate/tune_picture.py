"""The picture of two tunes: the pitch and the level of a phrase, and of its translation without its delay."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nsynth_lab.evaluate.metrics.tune import HEARD_DB, Tune, delay_ms
from nsynth_lab.legible import legible
from nsynth_lab.picture import name_notes, new_figure, save_figure
from nsynth_lab.units import FRAME_RATE_HZ

COLOURS = ("#444444", "#d06a1e")


def draw_tunes(path: Path, source: Tune, result: Tune, *, title: str) -> Path:
    """Write the picture; the result's pitch is drawn in the octave of the source.

    Raises:
        MissingError: matplotlib is not installed.
    """
    count = min(len(source.note), len(result.note))
    with np.errstate(invalid="ignore"):
        octaves = 12.0 * np.round(np.nan_to_num(result.note[:count] - source.note[:count]) / 12.0)
    moved = float(np.median(octaves))
    came = result.shifted(-delay_ms(source, result, moved=moved) / 1000.0)
    figure = new_figure(min(22.0, 5.0 + 0.5 * count / FRAME_RATE_HZ), 5.6)
    pitch, level = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for tune, colour, name, down in ((source, COLOURS[0], "source", 0.0), (came, COLOURS[1], "translation", moved)):
        seconds = np.arange(len(tune.note)) / FRAME_RATE_HZ
        pitch.plot(seconds, tune.note - down, color=colour, linewidth=1.0, label=name)
        level.plot(seconds, np.maximum(tune.level_db - tune.loud_db, -HEARD_DB), color=colour, linewidth=0.8)
    name_notes(pitch, classes=(0, 4, 7))
    pitch.grid(axis="y", linewidth=0.3)
    pitch.legend(fontsize=8, loc="upper right")
    level.set_ylabel("level, dB below loud", fontsize=8)
    level.set_xlabel("seconds", fontsize=8)
    figure.suptitle(legible(title), fontsize=11)
    return save_figure(figure, path)
