"""pieces: what the jobs of tunes have left, as what can be played.

It has come out of a process that may have read a stranger's file, so it is checked like one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nsynth_lab.errors import MidiError, TuneError
from nsynth_lab.midi.events import Event, Kind, note_off, note_on
from nsynth_lab.midi.song import parse_song
from nsynth_lab.panel.hands import PAGES
from nsynth_lab.panel.played_notes import Piece
from nsynth_lab.units import SAMPLE_RATE

PALETTE = "palette.json"
STEPS = 9  # loops along a side
CHANNEL = PAGES  # wheels and pedals act on tunes as on keys; the other channels belong to ports and phrases
VELOCITY = 90
MOST_BYTES = 4 << 20
MOST_CELLS, MOST_NOTES, LONGEST_SECONDS = 20, 200, 120.0
SHORTEST_STEP = 0.01  # seconds


@dataclass(frozen=True)
class PalettePieces:
    """The loops of a palette.

    Attributes:
        cells: in rows, all equally long.
        bar_samples, slot_samples: how often the melody may change.
    """

    cells: tuple[tuple[Piece, ...], ...]
    bar_samples: int
    slot_samples: int


def tune_piece(path: Path) -> Piece:
    """A tune that a job has written as a MIDI file.

    Raises:
        MidiError: there is none, or it cannot be read.
    """
    if path.stat().st_size > MOST_BYTES:
        raise MidiError("the tune is too long to be played here")
    song = parse_song(path.read_bytes())
    events = [replace(event, channel=CHANNEL) for event in song.events if event.kind in (Kind.NOTE_ON, Kind.NOTE_OFF)]
    return Piece(tuple(events), song.end_sample)


def palette_pieces(path: Path) -> PalettePieces:
    """The palette that a job has written.

    Raises:
        TuneError: it is none.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError
        page = json.loads(path.read_text(encoding="utf-8"))
        length = _within(page["length"], LONGEST_SECONDS)
        bar, slot = (_within(page[name], length) for name in ("bar", "slot"))
        rows = tuple(tuple(_cell(cell, length) for cell in row) for row in page["cells"][:MOST_CELLS])
        if not rows or any(len(row) != len(rows[0]) for row in rows) or not 0 < len(rows[0]) <= MOST_CELLS:
            raise ValueError
        if min(bar, slot) < SHORTEST_STEP:
            raise ValueError
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise TuneError("the palette cannot be read; lay it out again") from error
    return PalettePieces(rows, round(bar * SAMPLE_RATE), round(slot * SAMPLE_RATE))


def _cell(notes: Any, length: float) -> Piece:
    events: list[Event] = []
    for at, lasts, key in notes[:MOST_NOTES]:
        begin, end = _within(at, length), _within(at + lasts, length)
        if not isinstance(key, int) or not 0 <= key <= 127:
            raise ValueError
        events.append(note_on(key, VELOCITY, at_sample=round(begin * SAMPLE_RATE), channel=CHANNEL))
        events.append(note_off(key, at_sample=round(end * SAMPLE_RATE), channel=CHANNEL))
    events.sort(key=lambda event: (event.at_sample, event.kind is Kind.NOTE_ON))
    return Piece(tuple(events), round(length * SAMPLE_RATE))


def _within(value: Any, most: float) -> float:
    """A number from 0 to `most`, give or take rounding."""
    if not isinstance(value, (int, float)) or not -1e-6 <= value <= most + 1e-6:
        raise ValueError
    return min(max(float(value), 0.0), most)
