"""A bar -> the notes of a MusicXML measure: values, tuplets, ties, accidentals, beams, marks and chord symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from nsynth_lab.tune.chord_name import KIND_OF, Degree, Root, parse_chord
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.marks import MARKS
from nsynth_lab.tune.musicxml.values import Value, beams, values_of
from nsynth_lab.tune.pitch import Pitch
from nsynth_lab.tune.places import Place
from nsynth_lab.tune.tune import HELD, Bar, ChordSymbol, TuneNote
from nsynth_lab.tune.tuplets import Tuplet, tuplets

ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
MOST_SLURS = 16  # open at once
FIFTH = 5  # a step up to it is changed by a sign; one beyond it is added
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
    last: bool
    beams: Sequence[str] = ()


class MeasureWriter:
    """Writes measure after measure; knows the key, and what is tied over the bar line."""

    def __init__(self, key: Key, divisions: int, lines: Lines, *, to_engrave: bool = False) -> None:
        self._to_engrave = to_engrave
        self._key, self._divisions, self._lines = key, divisions, lines
        self._tied_from: Pitch | None = None
        self._held: dict[tuple[str, int], int] = {}
        self._slurs: list[int] = []  # numbers of those that are open
        self._in_word = False

    def write(self, measure: Element, bar: Bar, place: Place) -> None:
        """Add the notes of a bar to its measure."""
        self._key = bar.key or self._key
        self._held = {}
        parts = self._parts(bar)
        _beam(parts, place)
        chords = list(bar.chords)
        late: list[ChordSymbol] = []
        for part in parts:
            while chords and chords[0].at < part.at + part.length:
                chord = chords.pop(0)
                if self._to_engrave and chord.at > part.at:
                    late.append(chord)
                else:
                    self._add_chord(measure, chord, chord.at - part.at)
            for grace in part.note.graces if part.first else ():
                self._add_grace(measure, grace, alone=len(part.note.graces) == 1)
            self._add_note(measure, part)
        if late:
            self._add_unseen(measure, late, bar.length)

    def _add_unseen(self, measure: Element, chords: Sequence[ChordSymbol], length: Fraction) -> None:
        """A second voice of invisible rests, with the chord symbols over them."""
        add(SubElement(measure, "backup"), "duration", str(int(length * 4 * self._divisions)))
        begins = [Fraction(0), *(chord.at for chord in chords)]
        ends = [*begins[1:], length]
        for begin, end, chord in zip(begins, ends, [None, *chords], strict=True):
            if chord:
                self._add_chord(measure, chord, Fraction(0))
            for value in values_of(end - begin) if end > begin else ():
                rest = SubElement(measure, "note", {"print-object": "no"})
                SubElement(rest, "rest")
                add(rest, "duration", str(int(value.length * 4 * self._divisions)))
                add(rest, "voice", "2")
                add(rest, "type", value.type)
                for _ in range(value.dots):
                    SubElement(rest, "dot")

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
                parts.append(_Part(note, value, at, length, tuplet, from_tie, to_tie, place == 0, last))
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
        if part.first and note.lyric:
            self._add_lyric(element, note.lyric)

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
        self._add_slurs(notations, part)
        marks = [_MARKS[name] for name in part.note.marks] if part.first else []
        for group in GROUPS:
            inside = [mark for mark in marks if mark.group == group]
            parent = SubElement(notations, group) if group and inside else notations
            for mark in inside:
                SubElement(parent, mark.element)
        if len(notations):
            element.append(notations)

    def _add_slurs(self, notations: Element, part: _Part) -> None:
        """Slurs that end with the note's last value, and those that begin with its first."""
        for _ in range(part.note.slur_ends if part.last else 0):
            SubElement(notations, "slur", type="stop", number=str(self._slurs.pop() if self._slurs else 1))
        for _ in range(part.note.slur_begins if part.first else 0):
            self._slurs.append(next(number for number in range(1, MOST_SLURS + 1) if number not in self._slurs))
            SubElement(notations, "slur", type="start", number=str(self._slurs[-1]))

    def _add_lyric(self, element: Element, lyric: str) -> None:
        added = SubElement(element, "lyric", number="1")
        if lyric == HELD:
            SubElement(added, "extend", type="continue")
            return
        goes_on = lyric.endswith("-") and len(lyric) > 1
        kinds = {(False, False): "single", (False, True): "begin", (True, True): "middle", (True, False): "end"}
        add(added, "syllabic", kinds[self._in_word, goes_on])
        add(added, "text", lyric[:-1] if goes_on else lyric)
        self._in_word = goes_on

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
        for degree in parsed.degrees:
            _add_degree(harmony, degree)
        if offset:
            add(harmony, "offset", str(int(offset * 4 * self._divisions)))


def _add_root(harmony: Element, name: str, root: Root) -> None:
    element = SubElement(harmony, name)
    add(element, f"{name}-step", root[0])
    if root[1]:
        add(element, f"{name}-alter", str(root[1]))


def _add_degree(harmony: Element, degree: Degree) -> None:
    element = SubElement(harmony, "degree")
    add(element, "degree-value", str(degree.step))
    add(element, "degree-alter", str(degree.alter))
    usual = "add" if degree.alter and degree.step > FIFTH else "alter"
    add(element, "degree-type", {"no": "subtract", "add": "add"}.get(degree.word, usual))


def _add_pitch(element: Element, pitch: Pitch) -> None:
    inside = SubElement(element, "pitch")
    add(inside, "step", pitch.letter)
    if pitch.alter:
        add(inside, "alter", str(pitch.alter))
    add(inside, "octave", str(pitch.octave))


def _beam(parts: list[_Part], place: Place) -> None:
    """Join what is shorter than a quarter within a beat; a tuplet belongs to the beat in which it begins."""
    group: list[_Part] = []
    beat = before = -1
    for part in [*parts, None]:
        if part is not None and not (part.tuplet and part.tuplet.place):
            beat = _beat(part, place)
        joins = part is not None and part.note.pitch is not None and part.value.flags > 0
        if group and (not joins or beat != before):
            if len(group) > 1:
                for one, does in zip(group, beams([one.value.flags for one in group]), strict=True):
                    one.beams = does
            group = []
        if part is not None and joins:
            group.append(part)
        before = beat


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
