"""Notes outside the key spelled as the chord over them has them: A sharp over F#7 in D, which the key calls B flat.

A note is spelled before its chord is known, by its key (`pitch.spelled`). Once a chord has been found, its thirds say
more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from nsynth_lab.tune.chord_name import Root, chord_spelling, parse_chord
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.pitch import Pitch, written
from nsynth_lab.tune.tune import ChordSymbol, Tune, TuneNote

Notes = tuple[TuneNote, ...]


def spelled_by_chords(tune: Tune, *, first: int = 0) -> Tune:
    r"""The tune with the notes that belong to the chord over them, but not to the key, spelled as the chord's.

    Args:
        tune: with chord symbols; without any it stays as it is.
        first: the first bar that may be changed: those before it somebody has spelled already.

    >>> from nsynth_lab.tune.abc import abc_text, tune_from_abc
    >>> tune = tune_from_abc('X:1\nM:2/4\nL:1/4\nK:D\n"F#7" _B c|"Bm" d2|]')
    >>> abc_text(spelled_by_chords(tune)).splitlines()[4]
    '"F#7"^A2 c2|"Bm"d4|]'
    """
    own = _respelled(tune, [bar.notes for bar in tune.bars], first)
    bars = tuple(replace(bar, notes=notes) for bar, notes in zip(tune.bars, own, strict=True))
    return replace(tune, bars=bars, second=tuple(_respelled(tune, tune.second, first)) if tune.second else ())


def _respelled(tune: Tune, voice: Sequence[Notes], first: int) -> list[Notes]:
    """The notes of a voice, bar by bar. What is tied keeps its spelling."""
    found: list[Notes] = []
    key, chord = tune.key, dict[int, Root]()
    held: Pitch | None = None
    for index, (bar, notes) in enumerate(zip(tune.bars, voice, strict=True)):
        key = bar.key or key
        changed, at, symbols = list[TuneNote](), Fraction(0), list(bar.chords)
        for note in notes:
            while symbols and symbols[0].at <= at:
                chord = _tones(symbols.pop(0))
            pitch = note.pitch
            if pitch is not None and index >= first:
                pitch = held or _of_chord(pitch, key, chord)
            held = pitch if note.tied else None
            changed.append(replace(note, pitch=pitch))
            at += note.length
        if symbols:
            chord = _tones(symbols[-1])
        found.append(tuple(changed))
    return found


def _tones(symbol: ChordSymbol) -> dict[int, Root]:
    chord = parse_chord(symbol.name)
    return chord_spelling(chord) if chord else {}


def _of_chord(pitch: Pitch, key: Key, chord: Mapping[int, Root]) -> Pitch:
    in_key = pitch.alter == key.alterations.get(pitch.letter, 0)
    return pitch if in_key or pitch.note % 12 not in chord else written(pitch.note, *chord[pitch.note % 12])
