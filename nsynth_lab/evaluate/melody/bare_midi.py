"""What is found in MIDI files that say nothing but notes: tunes in notation, played, and read again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.melody.conditions import STYLES
from nsynth_lab.midi.events import note_off, note_on
from nsynth_lab.midi.write import BEAT_SECONDS, midi_bytes
from nsynth_lab.train.melody.collections import Piece
from nsynth_lab.tune.files import tune_in
from nsynth_lab.tune.form import form
from nsynth_lab.tune.played import played_length, sounding
from nsynth_lab.tune.tune import Tune
from nsynth_lab.units import SAMPLE_RATE

WHOLE_SAMPLES = 4 * BEAT_SECONDS * SAMPLE_RATE
FROM_MIDI = "cre"  # whose own bar lines and repeats were found


def found_in_midi(pieces: Sequence[Piece], *, advance: Callable[[int], object]) -> dict[str, Any]:
    """Shares of tunes whose metre, length of a bar, upbeat, mode, tonic and form are found.

    The upbeat is also told where the metre is given: without the right one there is none to be right about.
    """
    rows = []
    for piece in pieces:
        if STYLES[piece.style] != FROM_MIDI and piece.tune.metre is not None:
            rows.append(_found(piece.tune))
        advance(1)
    names = rows[0] if rows else {}
    return {"tunes": len(rows), **{name: float(np.mean([row[name] for row in rows])) for name in names}}


def bare_midi(tune: Tune) -> bytes:
    """A MIDI file of a tune as it is played, without metre, key or bar lines."""
    events = []
    for note in sounding(tune):
        begin, end = (round(float(at) * WHOLE_SAMPLES) for at in (note.at, note.at + note.length))
        events += [note_on(note.pitch.note, at_sample=begin), note_off(note.pitch.note, at_sample=end)]
    events.sort(key=lambda event: event.at_sample)
    return midi_bytes(events, end_sample=round(float(played_length(tune)) * WHOLE_SAMPLES))


def _found(tune: Tune) -> dict[str, bool]:
    data = bare_midi(tune)
    try:
        read, told = tune_in(data).tune, tune_in(data, metre=tune.metre).tune
    except NsynthLabError:
        return dict.fromkeys(("metre", "bar", "upbeat", "upbeat_of_metre", "tonic", "mode", "form"), False)
    assert tune.metre is not None
    assert read.metre is not None
    bar = read.metre.length == tune.metre.length
    return {
        "metre": read.metre == tune.metre,
        "bar": bar,
        "upbeat": bar and read.upbeat == tune.upbeat,
        "upbeat_of_metre": told.upbeat == tune.upbeat,
        "tonic": read.key.tonic == tune.key.tonic,
        "mode": read.key.tonic == tune.key.tonic and read.key.mode == tune.key.mode,
        "form": form(read) == form(tune),
    }
