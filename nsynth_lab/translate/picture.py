"""The picture of a translation: what was heard, and the notes that are played."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nsynth_lab.analysis.follower import HOP_SECONDS
from nsynth_lab.analysis.phrase import Phrase
from nsynth_lab.analysis.semitone_spectrum import LOWEST, SEMITONES
from nsynth_lab.analysis.transcription import Transcript
from nsynth_lab.audio import check_target
from nsynth_lab.legible import legible
from nsynth_lab.picture import name_notes, new_figure, save_figure
from nsynth_lab.translate.played import Played, pitches_of
from nsynth_lab.units import SAMPLE_RATE

MOST_COLUMNS, SHOWN_DB = 4000, 60.0
NARROW_SEMITONES = 16.0  # with a range so small all white keys are named


def draw_transcript(path: Path, transcript: Transcript, *, title: str, force: bool = False) -> Path:
    """Write the picture of several notes at once: those that were heard, over the spectrum in semitones.

    Raises:
        UsageError: the target cannot be written.
        MissingError: matplotlib is not installed.
    """
    check_target(path, force=force)
    seconds = transcript.seconds
    figure = new_figure(min(22.0, 5.0 + 0.5 * seconds), 5.6)
    axes = figure.subplots()
    rows = transcript.spectrum[:: max(1, len(transcript.spectrum) // MOST_COLUMNS)].astype(np.float32)
    loudest = float(rows.max(initial=-100.0))
    extent = (0.0, seconds, LOWEST - 0.5, LOWEST + SEMITONES - 0.5)
    axes.imshow(
        rows.T, aspect="auto", origin="lower", extent=extent, cmap="Greys", vmin=loudest - SHOWN_DB, vmax=loudest
    )
    for number, note in enumerate(transcript.notes):
        own = {"label": "notes heard"} if number == 0 else {}
        times = (note.begin_sample / SAMPLE_RATE, note.end_sample / SAMPLE_RATE)
        axes.plot(
            times, (note.pitch, note.pitch), color="#d06a1e", linewidth=3.0, alpha=0.7, solid_capstyle="butt", **own
        )
    keys = [note.pitch for note in transcript.notes]
    axes.set_ylim(min(keys, default=40.0) - 6.0, max(keys, default=80.0) + 18.0)
    name_notes(axes, classes=(0, 7))
    axes.set_xlabel("seconds", fontsize=8)
    axes.legend(fontsize=8, loc="upper right")
    figure.suptitle(legible(title), fontsize=11)
    return save_figure(figure, path)


def draw_translation(path: Path, phrase: Phrase, played: Played, *, title: str, force: bool = False) -> Path:
    """Write the picture of a phrase: the pitch that was heard, the pitch that is played, and the level.

    Raises:
        UsageError: the target cannot be written.
        MissingError: matplotlib is not installed.
    """
    check_target(path, force=force)
    figure = new_figure(min(22.0, 5.0 + 0.5 * phrase.seconds), 5.6)
    pitch, level = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    ends = (np.arange(len(phrase.note)) + 1) * HOP_SECONDS
    moved = f", {played.transposed:+g} semitones" if played.transposed else ""
    for number, points in enumerate(pitches_of(played.events, phrase.seconds)):
        own = {"label": "played, a dot where a note begins"} if number == 0 else {}
        pitch.plot(*zip(*points, strict=True), color="#d06a1e", linewidth=4.0, alpha=0.5, **own)
        pitch.plot(*points[0], "o", color="#d06a1e", markersize=5.0)
    pitch.plot(
        ends - phrase.delay_samples / SAMPLE_RATE, phrase.note + played.transposed, color="#333333", linewidth=0.9,
        label=f"heard{moved}",
    )  # fmt: skip
    low, high = pitch.get_ylim()
    name_notes(pitch, classes=(0, 2, 4, 5, 7, 9, 11) if high - low < NARROW_SEMITONES else (0, 4, 7))
    pitch.grid(axis="y", linewidth=0.3)
    pitch.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False)
    level.plot(ends, phrase.level_db, color="#444444", linewidth=0.8)
    level.set_ylabel("level heard, dB(A)", fontsize=8)
    level.set_xlabel("seconds", fontsize=8)
    level.tick_params(labelsize=8)
    figure.suptitle(legible(title), fontsize=11)
    return save_figure(figure, path)
