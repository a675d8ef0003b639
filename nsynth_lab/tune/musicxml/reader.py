"""MusicXML bytes -> Tune: the first part that has notes, in it the busiest voice, of its chords the highest note."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from xml.etree.ElementTree import Element

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.find.key import find_key
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.musicxml.container import document
from nsynth_lab.tune.musicxml.measure_reader import Event, Measure, MeasureReader, Voice
from nsynth_lab.tune.musicxml.signs import key_of, metre_of, signs_of, tell_directions, tempo_of, texts_of
from nsynth_lab.tune.musicxml.tree import parse_tree
from nsynth_lab.tune.played import sounding
from nsynth_lab.tune.slurs import with_true_slurs
from nsynth_lab.tune.ties import with_true_ties
from nsynth_lab.tune.tune import Bar, ChordSymbol, Tune, TuneNote
from nsynth_lab.wording import counted, quoted

MOST_MEASURES = 8_000
MOST_SPREAD = 4  # chord symbols in one place


def read_musicxml(data: bytes, lines: Lines) -> Tune:
    """The melody of a MusicXML file, plain or compressed; what is left out or found is added to `lines`.

    Raises:
        TuneError: it is none, is damaged, or has no notes.
    """
    root = parse_tree(document(data))
    if root.tag != "score-partwise":
        other = "a score in the order of time (score-timewise)" if root.tag == "score-timewise" else quoted(root.tag)
        raise TuneError(f"{other}; expected a MusicXML score-partwise, which notation programs export")
    measures, voice = _melody(root, lines)
    reader = _BarReader(voice, lines)
    for measure in measures:
        reader.add(measure)
    title, about = texts_of(root)
    order = next((text for letter, text in about if letter == "P"), "")
    bars = with_true_slurs(with_true_ties(tuple(reader.bars), lines), lines)
    tune = Tune(
        bars, reader.key or Key(), reader.metre, title, tempo_of(measures[0]),
        tuple(row for row in about if row[0] != "P"), order,
    )  # fmt: skip
    if not tune.notes:
        raise TuneError("has no notes; expected a melody")
    return tune if reader.mode_named else _with_found_key(tune, lines)


def _melody(root: Element, lines: Lines) -> tuple[list[Measure], Voice]:
    """(the measures of the part that is taken, the voice that is taken)."""
    taken: tuple[list[Measure], Voice] | None = None
    left = 0
    for part in root.findall("part"):
        if len(part) > MOST_MEASURES:
            raise TuneError(f"has more than {MOST_MEASURES:,} bars; no tune is that long")
        reader = MeasureReader(lines if taken is None else Lines())
        measures = [reader.read(element) for element in part.findall("measure")]
        lengths: dict[Voice, Fraction] = defaultdict(Fraction)
        for measure in measures:
            for voice, events in measure.events.items():
                lengths[voice] += sum(event.length for event in events if event.pitch)
        notes = sum(event.pitch is not None for one in measures for events in one.events.values() for event in events)
        if taken is None and notes:
            staff = min(place for (place, _), length in lengths.items() if length)
            voice = max((one for one in lengths if one[0] == staff), key=lambda one: (lengths[one], one[1]))
            taken = measures, voice
        elif notes:
            left += notes
    if taken is None:
        raise TuneError("has no notes; expected a melody")
    if left:
        lines.add(f"the first part is taken; {counted(left, 'note')} of others are left out")
    return taken


class _BarReader:
    """Turns measures into bars; what holds from measure to measure is kept here."""

    def __init__(self, voice: Voice, lines: Lines) -> None:
        self.bars: list[Bar] = []
        self.key: Key | None = None
        self.metre: Metre | None = None
        self.mode_named = False
        self._voice, self._lines = voice, lines
        self._now: tuple[Key | None, Metre | None] = (None, None)
        self._ending: tuple[int, ...] = ()

    def add(self, measure: Measure) -> None:
        """The next measure."""
        key, metre = self._attributes(measure)
        signs = signs_of(measure)
        part = tell_directions(measure, self._lines, first=not self.bars)
        self._ending = signs.ending or self._ending
        notes = self._notes(measure)
        if notes:
            length = sum((note.length for note in notes), Fraction(0))
            chords = _spread(measure.chords, notes, length)
            line = signs.line if signs.plays == 1 else ""
            bar = Bar(notes, chords, signs.begins_repeat, signs.plays, self._ending, line, key, metre, part)
            self.bars.append(bar)
        if signs.ending_stops:
            self._ending = ()

    def _attributes(self, measure: Measure) -> tuple[Key | None, Metre | None]:
        """(the key, the metre) where they change after the beginning."""
        changed_key: Key | None = None
        changed_metre: Metre | None = None
        for attributes in measure.attributes:
            key, named = key_of(attributes)
            metre, is_metre = metre_of(attributes, self._lines)
            if attributes.find("transpose") is not None:
                self._lines.add("the part is for a transposing instrument: the pitches are as written")
            if not self.bars:
                self.key, self.mode_named = (key, named) if key else (self.key, self.mode_named)
                self.metre = metre if is_metre else self.metre
            else:
                changed_key = key if key and key != self._now[0] else changed_key
                changed_metre = metre if metre and metre != self._now[1] else changed_metre
            self._now = (key or self._now[0], metre if is_metre else self._now[1])
        return changed_key, changed_metre

    def _notes(self, measure: Measure) -> tuple[TuneNote, ...]:
        """The notes of the voice that is taken, with rests where it is silent."""
        others = sum(
            event.pitch is not None
            for voice, events in measure.events.items()
            for event in events
            if voice != self._voice
        )
        if others:
            self._lines.add("one voice is taken; notes of others are left out", times=others)
        notes: list[TuneNote] = []
        at = Fraction(0)
        for event in _top_line(measure.events.get(self._voice, []), self._lines):
            if event.at > at:
                notes.append(TuneNote(event.at - at))
            slurs = event.slur_begins, event.slur_ends
            notes.append(
                TuneNote(event.length, event.pitch, event.tied, event.graces, event.marks, event.lyric, *slurs)
            )
            at = event.at + event.length
        if at < measure.length:
            notes.append(TuneNote(measure.length - at))
        return tuple(notes)


def _top_line(events: Sequence[Event], lines: Lines) -> list[Event]:
    """One event after the other: of those that begin at once the highest, cut where the next begins."""
    line: list[Event] = []
    for event in sorted(events, key=lambda event: (event.at, -(event.pitch.note if event.pitch else -1))):
        before = line[-1] if line else None
        if before is not None and event.at == before.at:
            if event.pitch:
                lines.add("of notes that sound together only the highest is taken")
            continue
        if before is not None and event.at < before.at + before.length:
            line[-1] = replace(before, length=event.at - before.at, tied=False)
        line.append(event)
    return line


def _with_found_key(tune: Tune, lines: Lines) -> Tune:
    """The tune with the mode and tonic that its notes speak for: the file names the signature only."""
    notes = [(note.at - tune.upbeat, note.length, note.pitch.note) for note in sounding(tune)]
    key = find_key(notes, tune.metre.length if tune.metre else None, signature=tune.key.fifths)
    lines.add(f"key found: {key.name}; the file names a signature only")
    return Tune(tune.bars, key, tune.metre, tune.title, tune.tempo, tune.about, tune.part_order)


def _spread(
    chords: Sequence[tuple[Fraction, str]], notes: Sequence[TuneNote], length: Fraction
) -> tuple[ChordSymbol, ...]:
    """A bar's chord symbols in order; up to four in one place share the time until the next note or chord evenly.

    Many programs write the chords of a long note one after the other before it, without saying when each begins.
    """
    named: defaultdict[Fraction, list[str]] = defaultdict(list)
    for at, name in chords:
        if at < length:
            named[at].append(name)
    borders = sorted({*accumulate((note.length for note in notes), initial=Fraction(0)), *named, length})
    found: list[ChordSymbol] = []
    for at, names in sorted(named.items()):
        until = borders[bisect_right(borders, at)]
        share = (until - at) / len(names) if len(names) <= MOST_SPREAD else Fraction(0)
        found += [ChordSymbol(at + share * place, name) for place, name in enumerate(names)]
    return tuple(found)
