"""The picture of tones: each wave, their sum, the spectrum with the partials that meet, and the whole sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.audio import check_target
from nsynth_lab.legible import legible
from nsynth_lab.picture import new_figure, save_figure
from nsynth_lab.tones.asked import Tones
from nsynth_lab.tones.facts import WEAKEST_DB, Pair, Partials
from nsynth_lab.units import SAMPLE_RATE, FloatArray

COLOURS = ("#2f6db5", "#d06a1e", "#3a8f4d", "#a03b8a", "#8a6d1d", "#2a9aa0", "#b5384a", "#5b5bb0")
DARK = "#333333"
PERIODS, LONGEST_WINDOW_SECONDS = 6.0, 0.1
FROM_SECONDS, CREST_SECONDS = 0.3, 0.5  # where the waves are looked at, if they last so long: after the attack
TICKS, FEW_TICKS, FEW = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0), (1.0, 2.0, 5.0), 12
MOST_POINTS = 4_000


def draw_tones(
    path: Path,
    asked: Tones,
    sounds: Sequence[FloatArray],
    total: FloatArray,
    partials: Sequence[Partials],
    told: Sequence[Pair],
    *,
    title: str,
    force: bool = False,
) -> Path:
    """Write the picture of tones, each [channels, samples], and of their sum, likewise.

    Raises:
        UsageError: the target cannot be written.
        MissingError: matplotlib is not installed.
    """
    check_target(path, force=force)
    count = len(asked.tones)
    rows = count + asked.is_chord
    figure = new_figure(13.0, max(5.0, 1.2 + 0.75 * rows))
    left, right = figure.subfigures(1, 2, width_ratios=(1.0, 1.15))
    _draw_waves(left, asked, sounds)
    spectrum, whole = right.subplots(2, 1, height_ratios=(2, 1))
    _draw_spectrum(spectrum, asked, partials, told)
    _draw_whole(whole, asked, total)
    figure.suptitle(legible(title), fontsize=11)
    return save_figure(figure, path)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _draw_waves(figure: Any, asked: Tones, sounds: Sequence[FloatArray]) -> None:
    """A few periods of each tone, and of their sum where they sound together."""
    lowest = min(tone.hz for tone in asked.tones)
    length = max(2, round(min(PERIODS / lowest, LONGEST_WINDOW_SECONDS, asked.seconds) * SAMPLE_RATE))
    heard = [sound.mean(axis=0) for sound in sounds]
    first = _crest(heard, length) if asked.is_chord else _settled(heard, length)
    waves = [wave[first : first + length] for wave in heard]
    shown = [
        (tone.name, _colour(number), wave) for number, (tone, wave) in enumerate(zip(asked.tones, waves, strict=True))
    ]
    if asked.is_chord:
        shown.append(("sum", DARK, np.asarray(np.sum(waves, axis=0), np.float32)))
    top = max(float(np.abs(wave).max(initial=0.0)) for wave in waves) or 1.0
    rows = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, colour, wave) in zip(rows, shown, strict=True):
        axes.plot(1000.0 * np.arange(len(wave)) / SAMPLE_RATE, wave, color=colour, linewidth=1.1)
        reach = 1.1 * (float(np.abs(wave).max()) if name == "sum" else top)
        axes.set_ylim(-reach, reach)
        axes.set_yticks([])
        axes.set_ylabel(legible(name), rotation=0, ha="right", va="center", fontsize=9, color=colour)
        axes.axhline(0.0, color="0.8", linewidth=0.5, zorder=0)
    rows[-1].set_xlabel("milliseconds", fontsize=8)
    rows[-1].tick_params(labelsize=7)


def _settled(heard: Sequence[FloatArray], length: int) -> int:
    """A sample after the attack, or in the middle of short tones."""
    shortest = min(len(wave) for wave in heard)
    return round(min(FROM_SECONDS * SAMPLE_RATE, max(0, 0.5 * (shortest - length))))


def _crest(heard: Sequence[FloatArray], length: int) -> int:
    """The highest crest of the sum soon after the attack: there the waves are in step."""
    first = _settled(heard, length)
    until = min(first + round(CREST_SECONDS * SAMPLE_RATE), min(len(wave) for wave in heard) - length)
    total = np.sum([wave[first : max(first + 1, until)] for wave in heard], axis=0)
    return first + int(total.argmax())


def _draw_spectrum(axes: Any, asked: Tones, partials: Sequence[Partials], told: Sequence[Pair]) -> None:
    """A line for each partial, those that meet marked with how fast they beat."""
    for number, (tone, own) in enumerate(zip(asked.tones, partials, strict=True)):
        level_db = 20.0 * np.log10(own.level)
        axes.vlines(own.hz, -WEAKEST_DB, level_db, color=_colour(number), linewidth=1.6, label=legible(tone.name))
    meetings = [meeting for pair in told for meeting in pair.meetings] if asked.is_chord else []
    for meeting in meetings:
        axes.plot(meeting.hz, meeting.depth_db, "o", color=DARK, markersize=9, fillstyle="none", markeredgewidth=0.9)
    placed: list[float] = []
    for meeting in sorted(meetings, key=lambda one: -one.depth_db):  # words where there is room for them
        place = float(np.log2(meeting.hz))
        if all(abs(place - other) > 0.25 for other in placed):
            placed.append(place)
            axes.annotate(
                f"{meeting.beats_hz:.1f} Hz", (meeting.hz, meeting.depth_db), (0, 8), textcoords="offset points",
                ha="center", fontsize=7,
            )  # fmt: skip
    every = np.concatenate([own.hz for own in partials])
    axes.set_xscale("log")
    axes.set_xlim(0.8 * every.min(), 1.25 * every.max())
    ticks = _ticks(TICKS, *axes.get_xlim())
    if len(ticks) > FEW:
        ticks = _ticks(FEW_TICKS, *axes.get_xlim())
    axes.set_xticks(ticks, [f"{hz:g}" for hz in ticks], fontsize=7)
    axes.minorticks_off()
    axes.set_ylim(-WEAKEST_DB, 6.0)
    axes.set_ylabel("dB", fontsize=8)
    axes.set_xlabel("Hz; rings: partials that meet, and how fast they beat" if meetings else "Hz", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, loc="upper right", ncols=1 + len(asked.tones) // 9)


def _ticks(steps: Sequence[float], low_hz: float, high_hz: float) -> list[float]:
    """The steps of each decade that lie within the axis."""
    return [ten * step for ten in (10.0, 100.0, 1_000.0, 10_000.0) for step in steps if low_hz <= ten * step <= high_hz]


def _draw_whole(axes: Any, asked: Tones, total: FloatArray) -> None:
    """The highest and lowest value of each moment: beats are seen as swelling."""
    mono = total.mean(axis=0)
    step = max(1, len(mono) // MOST_POINTS)
    parts = mono[: len(mono) // step * step].reshape(-1, step)
    seconds = np.arange(len(parts)) * step / SAMPLE_RATE
    axes.fill_between(seconds, parts.min(axis=1), parts.max(axis=1), color=DARK, linewidth=0.4)
    for number, tone in enumerate(asked.tones if not asked.is_chord else ()):
        axes.axvline(tone.begins, color=_colour(number), linewidth=1.2)
    axes.set_yticks([])
    axes.set_xlabel("seconds", fontsize=8)
    axes.set_title("the sum, as it is heard", fontsize=8)
    axes.tick_params(labelsize=7)
