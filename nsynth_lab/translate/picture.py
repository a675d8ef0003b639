"""The picture of a translation: the pitch that was heard, the notes that were played, and the level."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nsynth_lab.analysis.follower import HOP_SECONDS
from nsynth_lab.analysis.phrase import Phrase
from nsynth_lab.audio import check_target
from nsynth_lab.legible import legible
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.note import note_name
from nsynth_lab.picture import new_figure, save_figure
from nsynth_lab.units import SAMPLE_RATE


def draw_translation(path: Path, phrase: Phrase, events: Sequence[Event], *, title: str, force: bool = False) -> Path:
    """Write the picture.

    Raises:
        UsageError: the target cannot be written.
        MissingError: matplotlib is not installed.
    """
    check_target(path, force=force)
    figure = new_figure(min(22.0, 5.0 + 0.5 * phrase.seconds), 5.6)
    pitch, level = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    ends = (np.arange(len(phrase.note)) + 1) * HOP_SECONDS
    pitch.plot(ends - phrase.delay_samples / SAMPLE_RATE, phrase.note, color="#444444", linewidth=1.0, label="heard")
    for number, (begin, end, key) in enumerate(_notes(events, phrase.seconds)):
        own = {"label": "keys played"} if number == 0 else {}
        pitch.plot((begin, end), (key, key), color="#d06a1e", linewidth=5.0, alpha=0.45, solid_capstyle="butt", **own)
    low, high = (round(edge) for edge in pitch.get_ylim())
    ticks = [key for key in range(low, high + 1) if key % 12 in (0, 4, 7)]
    pitch.set_yticks(ticks, [note_name(key) for key in ticks], fontsize=7)
    pitch.grid(axis="y", linewidth=0.3)
    pitch.legend(fontsize=8, loc="upper right")
    level.plot(ends, phrase.level_db, color="#444444", linewidth=0.8)
    level.set_ylabel("level, dB(A)", fontsize=8)
    level.set_xlabel("seconds", fontsize=8)
    figure.suptitle(legible(title), fontsize=11)
    return save_figure(figure, path)


def _notes(events: Sequence[Event], seconds: float) -> list[tuple[float, float, int]]:
    """Begin and end in seconds, and the key, of each note."""
    open_notes: dict[tuple[int, int], float] = {}
    found = []
    for event in events:
        place = (event.channel, event.number)
        if event.kind is Kind.NOTE_ON:
            open_notes[place] = event.at_sample / SAMPLE_RATE
        elif event.kind is Kind.NOTE_OFF and place in open_notes:
            found.append((open_notes.pop(place), event.at_sample / SAMPLE_RATE, event.number))
    return found + [(begin, seconds, key) for (_, key), begin in open_notes.items()]
