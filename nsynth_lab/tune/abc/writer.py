"""Tune -> ABC.

By the standard an accidental holds in every octave, in many programs in its own alone. Wherever these differ it is
written again, so that both read the same.

Source: the ABC standard 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from nsynth_lab.tune.abc.fields import SIGNS, key_text, tempo_text
from nsynth_lab.tune.abc.texts import field_text
from nsynth_lab.tune.abc.words import words_line
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.marks import MARKS
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.pitch import Pitch
from nsynth_lab.tune.places import Place, places
from nsynth_lab.tune.tune import DOUBLE, FINAL, Bar, ChordSymbol, Tune, TuneNote
from nsynth_lab.tune.tuplets import Tuplet, tuplets

UNIT = Fraction(1, 8)
BARS_A_LINE = 4
LARGEST_TUPLET = 9
BEAMED = Fraction(1, 4)  # notes shorter than this are joined within a beat
LINES = {DOUBLE: "||", FINAL: "|]", "": "|"}
_MARKS = {mark.name: mark.letter or f"!{mark.name}!" for mark in MARKS}


def abc_text(tune: Tune, *, number: int = 1) -> str:
    """The tune as ABC, with an empty line at its end."""
    metre = (tune.metre.symbol or tune.metre.name) if tune.metre else "none"
    fields = [
        ("X", str(number)), ("T", tune.title), *tune.about, ("M", metre), ("L", f"1/{UNIT.denominator}"),
        ("Q", tempo_text(tune.tempo) if tune.tempo else ""), ("P", tune.part_order), ("K", key_text(tune.key)),
    ]  # fmt: skip
    header = [f"{letter}:{field_text(text)}" for letter, text in fields if text]
    if (second := tune.second_voice) is None:
        return "\n".join([*header, *_body(tune), "", ""])
    return "\n".join([*header, "V:1", *_body(tune), "V:2", *_body(second), "", ""])


def _body(tune: Tune) -> Iterator[str]:
    """The lines of the music: a new one every four bars, and wherever a section or part begins."""
    writer = _BarWriter(tune.key)
    tune = tune.with_bars(_with_ends_of_endings(tune.bars))
    line, bars, before, sung = "", 0, None, list[TuneNote]()
    for bar, place in zip(tune.bars, places(tune), strict=True):
        begins_section = place.opens and not bar.ending and bar.metre is None and bars > 1
        if line and (bar.part or bars >= BARS_A_LINE or begins_section):
            yield line.rstrip()
            yield from filter(None, [words_line(sung)])
            line, bars, sung = "", 0, []
        if bar.part:
            yield f"P:{field_text(bar.part)}"
        begins = "|:" if bar.begins_repeat else ""
        if begins and line:  # |: is a bar line too, in place of a plain one
            line = line[:-1] if before and before.plays == 1 and not before.line else f"{line} "
        line += begins + _ending(before, bar) + writer.bar(bar, place) + _closing(bar)
        sung += split_at_chords(bar)
        bars += 1
        before = bar
    if line:
        yield line
        yield from filter(None, [words_line(sung)])


def _ending(before: Bar | None, bar: Bar) -> str:
    """The beginning of an ending, such as [1."""
    goes_on = before is not None and before.ending == bar.ending and before.plays == 1 and not before.line
    if not bar.ending:
        return ""
    return "" if goes_on and not bar.begins_repeat else f"[{','.join(map(str, bar.ending))} "


def _with_ends_of_endings(bars: tuple[Bar, ...]) -> tuple[Bar, ...]:
    """The bars with a double line wherever an ending ends without a sign: in ABC nothing else would end it."""
    ended = []
    for bar, after in zip(bars, [*bars[1:], Bar()], strict=True):
        plain = bar.plays == 1 and not bar.line and not after.begins_repeat
        ended.append(replace(bar, line=DOUBLE) if bar.ending and not after.ending and plain else bar)
    return tuple(ended)


def _closing(bar: Bar) -> str:
    repeat = f"{':' * (bar.plays - 1)}|" if bar.plays > 1 else ""
    return f"{repeat} {LINES[bar.line]}" if repeat and bar.line else repeat or LINES[bar.line]


class _BarWriter:
    """Writes bars; knows the signature and the accidentals of the bar."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._by_letter: dict[str, int] = {}
        self._by_octave: dict[tuple[str, int], int] = {}

    def bar(self, bar: Bar, place: Place) -> str:
        fields = ""
        if bar.key is not None:
            self._key = bar.key
            fields += f"[K:{key_text(bar.key)}]"
        if bar.metre is not None:
            fields += f"[M:{bar.metre.symbol or bar.metre.name}]"
        self._by_letter, self._by_octave = {}, {}
        notes = split_at_chords(bar)
        text, at = fields, Fraction(0)
        for note, tuplet in zip(notes, tuplets([note.length for note in notes]), strict=True):
            if at and not self._joined(note, at, place, tuplet):
                text += " "
            text += (
                "(" * note.slur_begins + self._chords(bar, at, note) + self._note(note, tuplet) + ")" * note.slur_ends
            )
            at += note.length
        return text

    def _joined(self, note: TuneNote, at: Fraction, place: Place, tuplet: Tuplet | None) -> bool:
        """Whether a note is beamed to the one before it."""
        if tuplet and tuplet.place:
            return True
        return note.length < BEAMED and not begins_beat(place.metre, place.offset + at)

    def _chords(self, bar: Bar, at: Fraction, note: TuneNote) -> str:
        graces = "".join(self._pitch(pitch) for pitch in note.graces)
        names = "".join(f'"{_chord_text(chord)}"' for chord in bar.chords if chord.at == at)
        return (f"{{{graces}}}" if graces else "") + names

    def _note(self, note: TuneNote, tuplet: Tuplet | None) -> str:
        length, begin = note.length, ""
        if tuplet and tuplet.p <= LARGEST_TUPLET:
            length /= tuplet.ratio
            if not tuplet.place:
                begin = f"({tuplet.p}:{tuplet.q}:{tuplet.notes}"
                begin = "(3" if (tuplet.p, tuplet.q, tuplet.notes) == (3, 2, 3) else begin
        marks = "".join(_MARKS[mark] for mark in note.marks)
        name = "z" if note.pitch is None else self._pitch(note.pitch)
        return f"{begin}{marks}{name}{_length_text(length)}{'-' * note.tied}"

    def _pitch(self, pitch: Pitch) -> str:
        """A pitch, with its accidental unless every reader would know it."""
        letter, octave = pitch.letter, pitch.octave
        signature = self._key.alterations.get(letter, 0)
        by_octave = self._by_octave.get((letter, octave), signature)
        sign = ""
        if pitch.alter != by_octave or pitch.alter != self._by_letter.get(letter, by_octave):
            sign = SIGNS[pitch.alter]
            self._by_letter[letter] = self._by_octave[letter, octave] = pitch.alter
        if octave > 4:
            return sign + letter.lower() + "'" * (octave - 5)
        return sign + letter + "," * (4 - octave)


def begins_beat(metre: Metre | None, at: Fraction) -> bool:
    """Whether a beat begins at a place in the bar; in free time at every quarter."""
    beats = metre.beats if metre else (BEAMED,)
    at %= sum(beats, Fraction(0))
    begins = Fraction(0)
    for beat in beats:
        if begins == at:
            return True
        begins += beat
    return False


def split_at_chords(bar: Bar) -> list[TuneNote]:
    """The bar's notes, each tied to a second part where a chord symbol stands within it: there ABC has no place."""
    notes, at = [], Fraction(0)
    for note in bar.notes:
        end = at + note.length
        for chord_at in sorted({chord.at for chord in bar.chords if at < chord.at < end}):
            first, note = note.split(chord_at - at)
            notes.append(first)
            at = chord_at
        notes.append(note)
        at = end
    return notes


def _length_text(length: Fraction) -> str:
    times = length / UNIT
    above = "" if times.numerator == 1 and times.denominator > 1 else str(times.numerator)
    return "" if times == 1 else above + (f"/{times.denominator}" if times.denominator > 1 else "")


def _chord_text(chord: ChordSymbol) -> str:
    return chord.name.replace('"', "'")
