"""A bar -> the notes of a MusicXML measure: values, tuplets, ties, accidentals, beams, marks and chord symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from nsynth_lab.tune.chord_name import KIND_OF, Root, parse_chord
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.marks import MARKS
from nsynth_lab.tune.musicxml.values import Value, beams, values_of
from nsynth_lab.tune.pitch import Pitch
from nsynth_lab.tune.places import Place
from nsynth_lab.tune.tune import Bar, ChordSymbol, TuneNote
from nsynth_lab.tune.tuplets import Tuplet, tuplets

ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_MARKS = {mark.name: mark for mark in MARKS}
GROUPS = ("ornaments", "technical", "articulations", "")  # in the order of MusicXML's schema


def add(parent: Element, name: str, text: str) -> Element:
    """A new child with a text."""
    child = SubElement(parent, name)
    child.text = "".join(letter for letter in text if letter.isprintable())
    return child


@dataclass
class _Part:
    """A note value as it is drawn: a note, or one of several that are tied together."""

    note: TuneNote
    value: Value
    at: Fraction
    length: Fraction
    tuplet: Tuplet | None
    from_tie: bool
    to_tie: bool
    first: bool
    beams: Sequence[str] = ()


class MeasureWriter:
    """Writes measure after measure; knows the key, and what is tied over the bar line."""

    def __init__(self, key: Key, divisions: int, lines: Lines) -> None:
        self._key, self._divisions, self._lines = key, divisions, lines
        self._tied_from: Pitch | None = None
        self._held: dict[tuple[str, int], int] = {}

    def write(self, measure: Element, bar: Bar, place: Place) -> None:
        """Add the notes of a bar to its measure."""
        self._key = bar.key or self._key
        self._held = {}
        parts = self._parts(bar)
        _beam(parts, place)
        chords = list(bar.chords)
        for part in parts:
            while chords and chords[0].at < part.at + part.length:
                chord = chords.pop(0)
                self._add_chord(measure, chord, chord.at - part.at)
            for grace in part.note.graces if part.first else ():
                self._add_grace(measure, grace, alone=len(part.note.graces) == 1)
            self._add_note(measure, part)

    def _parts(self, bar: Bar) -> list[_Part]:
        parts: list[_Part] = []
        at, tied = Fraction(0), self._tied_from is not None
        for note, tuplet in zip(bar.notes, tuplets([note.length for note in bar.notes]), strict=True):
            ratio = tuplet.ratio if tuplet else Fraction(1)
            values = values_of(note.length / ratio)
            for place, value in enumerate(values):
                last = place == len(values) - 1
                length = value.length * ratio
                to_tie = note.pitch is not None and (note.tied if last else True)
                from_tie = note.pitch is not None and (tied if place == 0 else True)
                parts.append(_Part(note, value, at, length, tuplet, from_tie, to_tie, place == 0))
                at += length
            tied = note.tied
        return parts

    def _add_note(self, measure: Element, part: _Part) -> None:
        element, note = SubElement(measure, "note"), part.note
        if note.pitch is None:
            SubElement(element, "rest")
        else:
            _add_pitch(element, note.pitch)
        add(element, "duration", str(int(part.length * 4 * self._divisions)))
        for kind in [*["stop"] * part.from_tie, *["start"] * part.to_tie]:
            SubElement(element, "tie", type=kind)
        add(element, "voice", "1")
        add(element, "type", part.value.type)
        for _ in range(part.value.dots):
            SubElement(element, "dot")
        if note.pitch is not None:
            self._add_accidental(element, note.pitch, is_tied=part.from_tie)
            self._tied_from = note.pitch if part.to_tie else None
        if part.tuplet:
            ratio = SubElement(element, "time-modification")
            add(ratio, "actual-notes", str(part.tuplet.p))
            add(ratio, "normal-notes", str(part.tuplet.q))
        for level, does in enumerate(part.beams, 1):
            add(element, "beam", does).set("number", str(level))
        self._add_notations(element, part)

    def _add_accidental(self, element: Element, pitch: Pitch, *, is_tied: bool) -> None:
        """A sign, unless the signature, the bar or a tie says it already."""
        place = (pitch.letter, pitch.octave)
        known = self._held.get(place, self._key.alterations.get(pitch.letter, 0))
        if pitch.alter != known and not is_tied:
            self._held[place] = pitch.alter
            add(element, "accidental", ACCIDENTALS[pitch.alter])

    def _add_notations(self, element: Element, part: _Part) -> None:
        notations = Element("notations")
        for kind in [*["stop"] * part.from_tie, *["start"] * part.to_tie]:
            SubElement(notations, "tied", type=kind)
        if part.tuplet and part.tuplet.notes > 1:
            if part.tuplet.place == 0 and part.first:
                SubElement(notations, "tuplet", type="start", number="1")
            if part.tuplet.place == part.tuplet.notes - 1 and part.at + part.length == self._end_of(part):
                SubElement(notations, "tuplet", type="stop", number="1")
        marks = [_MARKS[name] for name in part.note.marks] if part.first else []
        for group in GROUPS:
            inside = [mark for mark in marks if mark.group == group]
            parent = SubElement(notations, group) if group and inside else notations
            for mark in inside:
                SubElement(parent, mark.element)
        if len(notations):
            element.append(notations)

    def _end_of(self, part: _Part) -> Fraction:
        """Where the last value of the part's note ends."""
        values = values_of(part.note.length / part.tuplet.ratio) if part.tuplet else [part.value]
        return part.at + part.length if part.value == values[-1] else Fraction(-1)

    def _add_grace(self, measure: Element, pitch: Pitch, *, alone: bool) -> None:
        element = SubElement(measure, "note")
        SubElement(element, "grace").attrib.update({"slash": "yes"} if alone else {})
        _add_pitch(element, pitch)
        add(element, "voice", "1")
        add(element, "type", "eighth" if alone else "16th")
        self._add_accidental(element, pitch, is_tied=False)

    def _add_chord(self, measure: Element, chord: ChordSymbol, offset: Fraction) -> None:
        parsed = parse_chord(chord.name)
        if parsed is None:
            self._lines.add("chord symbols that cannot be taken apart are written as words")
            direction = SubElement(measure, "direction", placement="above")
            add(SubElement(direction, "direction-type"), "words", chord.name)
            return
        harmony = SubElement(measure, "harmony")
        _add_root(harmony, "root", parsed.root)
        add(harmony, "kind", KIND_OF[parsed.kind]).set("text", parsed.kind)
        if parsed.bass:
            _add_root(harmony, "bass", parsed.bass)
        if offset:
            add(harmony, "offset", str(int(offset * 4 * self._divisions)))


def _add_root(harmony: Element, name: str, root: Root) -> None:
    element = SubElement(harmony, name)
    add(element, f"{name}-step", root[0])
    if root[1]:
        add(element, f"{name}-alter", str(root[1]))


def _add_pitch(element: Element, pitch: Pitch) -> None:
    inside = SubElement(element, "pitch")
    add(inside, "step", pitch.letter)
    if pitch.alter:
        add(inside, "alter", str(pitch.alter))
    add(inside, "octave", str(pitch.octave))


def _beam(parts: list[_Part], place: Place) -> None:
    """Join what is shorter than a quarter within a beat, and within a tuplet."""
    group: list[_Part] = []
    for part in [*parts, None]:
        joins = part is not None and part.note.pitch is not None and part.value.flags > 0
        if group and (part is None or not joins or _beat(part, place) != _beat(group[-1], place)):
            if len(group) > 1:
                for one, does in zip(group, beams([one.value.flags for one in group]), strict=True):
                    one.beams = does
            group = []
        if part is not None and joins:
            group.append(part)


def _beat(part: _Part, place: Place) -> int:
    """Which beat a note begins in; in free time, which quarter."""
    beats = place.metre.beats if place.metre else (Fraction(1, 4),)
    at = place.offset + part.at
    rounds, at = divmod(at, sum(beats, Fraction(0)))
    for number, beat in enumerate(beats):
        if at < beat:
            return int(rounds) * len(beats) + number
        at -= beat
    return -1
