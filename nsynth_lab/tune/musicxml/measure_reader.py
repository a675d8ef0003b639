"""A MusicXML measure -> its events at their times: notes by staff and voice, chord symbols, signs."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from nsynth_lab.tune.chord_name import NAME_OF, ChordName
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.marks import BY_ELEMENT
from nsynth_lab.tune.musicxml.tree import int_of, text_of
from nsynth_lab.tune.pitch import HIGHEST_OCTAVE, LETTERS, Pitch
from nsynth_lab.tune.tune import HELD

MOST_DIVISIONS, LONGEST = 1_000_000, 64  # parts of a quarter, and whole notes
LONGEST_CHORD, LONGEST_SYLLABLE = 32, 64
Voice = tuple[int, str]  # staff and voice


@dataclass(frozen=True)
class Event:
    """A note or rest at its time, in whole notes from the measure's beginning."""

    at: Fraction
    length: Fraction
    pitch: Pitch | None
    tied: bool = False
    graces: tuple[Pitch, ...] = ()
    marks: tuple[str, ...] = ()
    lyric: str = ""
    slur_begins: int = 0
    slur_ends: int = 0


@dataclass
class Measure:
    """What a measure holds."""

    number: str
    events: dict[Voice, list[Event]] = field(default_factory=dict)
    chords: list[tuple[Fraction, str]] = field(default_factory=list)
    length: Fraction = Fraction(0)
    attributes: list[Element] = field(default_factory=list)
    barlines: list[Element] = field(default_factory=list)
    directions: list[Element] = field(default_factory=list)


class MeasureReader:
    """Reads the measures of a part in order: how many divisions a quarter has holds until it changes."""

    def __init__(self, lines: Lines) -> None:
        self._lines, self._divisions = lines, 1
        self._graces: list[Pitch] = []

    def read(self, element: Element) -> Measure:
        """The events of a measure."""
        measure = Measure(element.get("number", ""))
        at = begun = Fraction(0)
        for child in element:
            if child.tag == "note":
                begun, at = self._note(child, measure, begun, at)
            elif child.tag == "backup":
                at = max(Fraction(0), at - self._time(child))
            elif child.tag == "forward":
                at += self._time(child)
            elif child.tag == "attributes":
                self._divisions = min(max(int_of(child, "divisions", self._divisions), 1), MOST_DIVISIONS)
                measure.attributes.append(child)
            elif child.tag == "harmony":
                offset = Fraction(int_of(child, "offset"), 4 * self._divisions)
                measure.chords.append((max(Fraction(0), at + offset), chord_name(child)))
            elif child.tag == "barline":
                measure.barlines.append(child)
            elif child.tag in ("direction", "sound"):
                measure.directions.append(child)
            measure.length = max(measure.length, at)
        return measure

    def _time(self, element: Element) -> Fraction:
        duration = max(0, int_of(element, "duration"))
        return min(Fraction(duration, 4 * self._divisions), Fraction(LONGEST))

    def _note(self, note: Element, measure: Measure, begun: Fraction, at: Fraction) -> tuple[Fraction, Fraction]:
        """Add a note; returns when it began, for the notes of its chord, and when the next begins."""
        pitch = _pitch(note)
        if note.find("grace") is not None:
            self._graces += [pitch] if pitch else []
            return begun, at
        if note.find("cue") is not None:
            self._lines.add("cue notes are left out")
            return begun, at + self._time(note)
        if pitch is None and note.find("rest") is None:
            self._lines.add("notes without a pitch are rests")
        begin = begun if note.find("chord") is not None else at
        length = self._time(note)
        if length:
            tied = any(tie.get("type") == "start" for tie in note.findall("tie"))
            voice = (int_of(note, "staff", 1), text_of(note, "voice") or "1")
            graces = tuple(self._graces) if pitch else ()
            slurs = [slur.get("type") for slur in note.findall("notations/slur")] if pitch else []
            event = Event(
                begin, length, pitch, tied, graces, self._marks(note), self._lyric(note) if pitch else "",
                slurs.count("start"), slurs.count("stop"),
            )  # fmt: skip
            measure.events.setdefault(voice, []).append(event)
            self._graces = [] if pitch else self._graces
        return begin, max(at, begin + length)

    def _marks(self, note: Element) -> tuple[str, ...]:
        found: list[str] = []
        for notations in note.findall("notations"):
            for child in notations.iter():
                if child.tag in BY_ELEMENT:
                    found.append(BY_ELEMENT[child.tag])
                elif child.tag in ("glissando", "slide"):
                    self._lines.add(f"{child.tag}s are left out")
        return tuple(dict.fromkeys(found))

    def _lyric(self, note: Element) -> str:
        """What is sung to a note in the first verse."""
        lyrics = note.findall("lyric")
        if len(lyrics) > 1:
            self._lines.add("further verses of lyrics are left out")
        if not lyrics:
            return ""
        text = " ".join("".join(one.text or "" for one in lyrics[0].findall("text")).split())[:LONGEST_SYLLABLE]
        if not text:
            return HELD if lyrics[0].find("extend") is not None else ""
        return f"{text}-" if text_of(lyrics[0], "syllabic") in ("begin", "middle") else text


def _pitch(note: Element) -> Pitch | None:
    element = note.find("pitch")
    if element is None:
        return None
    letter, octave = text_of(element, "step").upper(), int_of(element, "octave", 4)
    alter = int_of(element, "alter")
    if letter not in LETTERS or len(letter) != 1 or not 0 <= octave < HIGHEST_OCTAVE or abs(alter) > 2:
        return None
    return Pitch(letter, alter, octave)


def chord_name(harmony: Element) -> str:
    """The name of a chord symbol; what its kind does not say, such as added notes, follows in brackets."""
    letter, kind = text_of(harmony, "root/root-step").upper(), text_of(harmony, "kind")
    if kind == "none" or letter not in LETTERS or len(letter) != 1:
        return "N.C."
    element = harmony.find("kind")
    written = (element.get("text") or "") if element is not None else ""
    name = NAME_OF.get(kind, written)
    bass = text_of(harmony, "bass/bass-step").upper()
    below = (bass, _alter(harmony, "bass/bass-alter")) if len(bass) == 1 and bass in LETTERS else None
    chord = ChordName((letter, _alter(harmony, "root/root-alter")), name, below)
    more = "".join(f"({_degree(degree)})" for degree in harmony.findall("degree"))
    if not more:
        return chord.name[:LONGEST_CHORD]
    return f"{ChordName(chord.root, name).name}{more}{chord.name[len(ChordName(chord.root, name).name) :]}"[
        :LONGEST_CHORD
    ]


def _alter(harmony: Element, path: str) -> int:
    return max(-2, min(2, int_of(harmony, path)))


def _degree(degree: Element) -> str:
    sign = {-1: "b", 1: "#"}.get(int_of(degree, "degree-alter"), "")
    kind = text_of(degree, "degree-type")
    word = "no" if kind == "subtract" else "add" if kind == "add" and not sign else ""
    return f"{word}{sign}{int_of(degree, 'degree-value')}"
