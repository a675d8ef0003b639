"""The picture of a translation: the pitch that was heard, the notes that were played, and the level."""

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
from nsynth_lab.translate.played import Played, notes_of
from nsynth_lab.units import SAMPLE_RATE

MOST_COLUMNS, SHOWN_DB = 4000, 60.0


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
    """Write the picture of a phrase: its pitch, where it is played, with the keys that are pressed; and its level.

    Raises:
        UsageError: the target cannot be written.
        MissingError: matplotlib is not installed.
    """
    check_target(path, force=force)
    figure = new_figure(min(22.0, 5.0 + 0.5 * phrase.seconds), 5.6)
    pitch, level = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    ends = (np.arange(len(phrase.note)) + 1) * HOP_SECONDS
    moved = f", {played.transposed:+g} semitones" if played.transposed else ""
    pitch.plot(
        ends - phrase.delay_samples / SAMPLE_RATE, phrase.note + played.transposed, color="#444444", linewidth=1.0,
        label=f"heard{moved}",
    )  # fmt: skip
    for number, (begin, end, key) in enumerate(notes_of(played.events, phrase.seconds)):
        own = {"label": "keys played"} if number == 0 else {}
        pitch.plot((begin, end), (key, key), color="#d06a1e", linewidth=5.0, alpha=0.45, solid_capstyle="butt", **own)
    name_notes(pitch, classes=(0, 4, 7))
    pitch.grid(axis="y", linewidth=0.3)
    pitch.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False)
    level.plot(ends, phrase.level_db, color="#444444", linewidth=0.8)
    level.set_ylabel("level heard, dB(A)", fontsize=8)
    level.set_xlabel("seconds", fontsize=8)
    level.tick_params(labelsize=8)
    figure.suptitle(legible(title), fontsize=11)
    return save_figure(figure, path)
