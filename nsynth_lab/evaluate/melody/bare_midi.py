"""What is found in MIDI files that say nothing but notes: tunes in notation, played, and read again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nsynth_lab.melody.conditions import METRES, STYLES, metre_number
from nsynth_lab.midi.events import note_off, note_on
from nsynth_lab.midi.write import BEAT_SECONDS, midi_bytes
from nsynth_lab.train.melody.collections import Piece
from nsynth_lab.tune.files import tune_in
from nsynth_lab.tune.find.bar_lines import BarFinder
from nsynth_lab.tune.form import form
from nsynth_lab.tune.played import played_length, sounding
from nsynth_lab.tune.tune import Tune
from nsynth_lab.units import SAMPLE_RATE

WHOLE_SAMPLES = 4 * BEAT_SECONDS * SAMPLE_RATE
MOST_TUNES = 200  # half a second each
FROM_MIDI = "cre"  # whose own bar lines and repeats were found


def told_in_notation(pieces: Sequence[Piece], *, seed: int) -> list[Piece]:
    """The pieces whose bar lines people have drawn; of many, `MOST_TUNES` drawn at random."""
    told = [one for one in pieces if STYLES[one.style] != FROM_MIDI and one.tune.metre is not None]
    chosen = np.random.default_rng((seed, 4)).permutation(len(told))[:MOST_TUNES]
    return [told[at] for at in sorted(chosen.tolist())]


def found_in_midi(pieces: Sequence[Piece], finder: BarFinder, *, advance: Callable[[int], object]) -> dict[str, Any]:
    """Shares of tunes whose metre, upbeat, tonic, mode and form are found.

    Metres that sound alike count as one, as the model has them. The upbeat is counted where the metre is given too:
    without the right one there is none to be right about. The form is counted where a section is played twice in a row:
    nothing else can be heard of it.
    """
    rows = []
    for piece in pieces:
        rows.append(_found(piece.tune, metre_number(piece.tune.metre), finder))
        advance(1)
    names = rows[0] if rows else {}
    return {"tunes": len(rows), **{name: float(np.nanmean([row[name] for row in rows])) for name in names}}


def bare_midi(tune: Tune) -> bytes:
    """A MIDI file of a tune as it is played, without metre, key or bar lines."""
    events = []
    for note in sounding(tune):
        begin, end = (round(float(at) * WHOLE_SAMPLES) for at in (note.at, note.at + note.length))
        events += [note_on(note.pitch.note, at_sample=begin), note_off(note.pitch.note, at_sample=end)]
    events.sort(key=lambda event: event.at_sample)
    return midi_bytes(events, end_sample=round(float(played_length(tune)) * WHOLE_SAMPLES))


def _found(tune: Tune, metre: int, finder: BarFinder) -> dict[str, float]:
    data = bare_midi(tune)
    read, told = (tune_in(data, metre=known, finder=finder).tune for known in (None, tune.metre))
    number = metre_number(read.metre)
    duple = [METRES.index(name) for name in ("2/4", "4/4")]
    played = form(tune)
    return {
        "metre": number == metre,
        "metre_but_for_halves": number == metre or (number in duple and metre in duple),
        "upbeat": number == metre and read.upbeat == tune.upbeat,
        "upbeat_of_metre": told.upbeat == tune.upbeat,
        "tonic": read.key.tonic == tune.key.tonic,
        "mode": read.key.tonic == tune.key.tonic and read.key.mode == tune.key.mode,
        "form": form(read) == played if any(one == two for one, two in pairwise(played)) else math.nan,
    }
