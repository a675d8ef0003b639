"""Tune -> MusicXML 4.0, score-partwise: one part, repeats and endings as written, accidentals and beams as drawn."""

from __future__ import annotations

import math
from fractions import Fraction
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from nsynth_lab.tune.key import NO_MODE, Key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import COMMON, CUT, Metre
from nsynth_lab.tune.musicxml.measure_writer import MeasureWriter, add
from nsynth_lab.tune.places import places
from nsynth_lab.tune.tune import DOUBLE, FINAL, TWICE, Bar, Tempo, Tune
from nsynth_lab.version import __version__

DOCTYPE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    b'"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
STYLES = {DOUBLE: "light-light", FINAL: "light-heavy", "": ""}
SYMBOLS = {COMMON: "common", CUT: "cut"}
LOW = 57  # a tune whose middle note lies below A3 is written in the bass clef
BEAT_UNITS = {Fraction(1): "whole", Fraction(1, 2): "half", Fraction(1, 4): "quarter", Fraction(1, 8): "eighth"}


def musicxml_bytes(tune: Tune, lines: Lines, *, to_engrave: bool = False) -> bytes:
    """The document; what it cannot hold is added to `lines`.

    With `to_engrave`, chord symbols that come while a note lasts are placed in an invisible voice: verovio ignores
    their offsets and would set them over the beginning of the note.
    """
    root = Element("score-partwise", version="4.0")
    second = tune.second_voice
    voices = [tune, *([second] if second else [])]
    _add_header(root, tune, parts=len(voices))
    for number, voice in enumerate(voices, 1):
        _add_part(SubElement(root, "part", id=f"P{number}"), voice, lines, first=number == 1, to_engrave=to_engrave)
    if tune.part_order:
        lines.add(f"the order of the parts ({tune.part_order}) is a text in MusicXML, which programs do not play")
    ElementTree.indent(root)
    return DOCTYPE + bytes(ElementTree.tostring(root, encoding="utf-8")) + b"\n"


def _add_part(part: Element, tune: Tune, lines: Lines, *, first: bool, to_engrave: bool) -> None:
    """The measures of a voice; the first also shows the tempo and the names of parts."""
    lengths = [note.length for bar in tune.bars for note in bar.notes]
    chords = [chord.at for bar in tune.bars for chord in bar.chords]
    divisions = math.lcm(*((4 * length).denominator for length in (*lengths, *chords)))
    writer = MeasureWriter(tune.key, divisions, lines, to_engrave=to_engrave)
    for index, (bar, place) in enumerate(zip(tune.bars, places(tune), strict=True)):
        implicit = place.offset > 0 and place.opens
        number = str(place.number) if not implicit else f"X{index}" if index else "0"
        measure = SubElement(part, "measure", number=number)
        if implicit:
            measure.set("implicit", "yes")
        before = tune.bars[index - 1] if index else None
        after = tune.bars[index + 1] if index + 1 < len(tune.bars) else None
        _add_left(measure, before, bar)
        _add_attributes(measure, tune, bar, first=index == 0, divisions=divisions)
        if index == 0 and tune.tempo and first:
            _add_tempo(measure, tune.tempo)
        if bar.part and first:
            _add_direction(measure, "rehearsal", bar.part)
        writer.write(measure, bar, place)
        _add_right(measure, bar, after)


def _add_header(root: Element, tune: Tune, *, parts: int) -> None:
    add(SubElement(root, "work"), "work-title", tune.title)
    about = SubElement(root, "identification")
    for letter, text in tune.about:
        if letter == "C":
            add(about, "creator", text).set("type", "composer")
    encoding = SubElement(about, "encoding")
    add(encoding, "software", f"nsynth-lab {__version__}")
    kept = [(letter, text) for letter, text in tune.about if letter != "C"]
    if tune.part_order:
        kept.append(("P", tune.part_order))
    if kept:
        others = SubElement(about, "miscellaneous")
        for letter, text in kept:
            add(others, "miscellaneous-field", text).set("name", letter)
    listed = SubElement(root, "part-list")
    for number in range(1, parts + 1):
        names = SubElement(listed, "score-part", id=f"P{number}")
        add(names, "part-name", "").set("print-object", "no")


def _add_attributes(measure: Element, tune: Tune, bar: Bar, *, first: bool, divisions: int) -> None:
    key = tune.key if first else bar.key
    metre = (bar.metre or tune.metre) if first else bar.metre
    if not (first or key or metre):
        return
    attributes = SubElement(measure, "attributes")
    if first:
        add(attributes, "divisions", str(divisions))
    if key is not None:
        _add_key(attributes, key)
    if metre is not None:
        _add_time(attributes, metre)
    elif first:
        SubElement(SubElement(attributes, "time"), "senza-misura")
    if first:
        notes = sorted(note.pitch.note for one in tune.bars for note in one.notes if note.pitch)
        sign, line = ("F", "4") if notes and notes[len(notes) // 2] < LOW else ("G", "2")
        clef = SubElement(attributes, "clef")
        add(clef, "sign", sign)
        add(clef, "line", line)


def _add_key(attributes: Element, key: Key) -> None:
    element = SubElement(attributes, "key")
    if key.more:
        for letter, alter in key.alterations.items():
            if alter:
                add(element, "key-step", letter)
                add(element, "key-alter", str(alter))
    else:
        add(element, "fifths", str(key.fifths))
        add(element, "mode", key.mode if key.mode != NO_MODE else "none")


def _add_time(attributes: Element, metre: Metre) -> None:
    time = SubElement(attributes, "time")
    if metre.symbol:
        time.set("symbol", SYMBOLS[metre.symbol])
    add(time, "beats", "+".join(map(str, metre.groups)))
    add(time, "beat-type", str(metre.unit))


def _add_tempo(measure: Element, tempo: Tempo) -> None:
    direction = SubElement(measure, "direction", placement="above")
    if tempo.words:
        add(SubElement(direction, "direction-type"), "words", tempo.words)
    dotted = tempo.beat * Fraction(2, 3)
    unit = BEAT_UNITS.get(tempo.beat) or BEAT_UNITS.get(dotted)
    if unit:
        metronome = SubElement(SubElement(direction, "direction-type"), "metronome")
        add(metronome, "beat-unit", unit)
        if tempo.beat not in BEAT_UNITS:
            SubElement(metronome, "beat-unit-dot")
        add(metronome, "per-minute", f"{float(tempo.per_minute):g}")
    elif not tempo.words:
        add(SubElement(direction, "direction-type"), "words", f"{tempo.quarters_bpm:g} quarters a minute")
    SubElement(direction, "sound", tempo=f"{tempo.quarters_bpm:.4f}".rstrip("0").rstrip("."))


def _add_direction(measure: Element, kind: str, text: str) -> None:
    direction = SubElement(measure, "direction", placement="above")
    add(SubElement(direction, "direction-type"), kind, text)


def _new_ending(before: Bar | None, bar: Bar) -> bool:
    """Whether an ending begins with a bar."""
    goes_on = before is not None and before.ending == bar.ending and before.plays == 1 and not before.line
    return bool(bar.ending) and not goes_on


def _add_left(measure: Element, before: Bar | None, bar: Bar) -> None:
    if not (bar.begins_repeat or _new_ending(before, bar)):
        return
    barline = SubElement(measure, "barline", location="left")
    if bar.begins_repeat:
        add(barline, "bar-style", "heavy-light")
    if _new_ending(before, bar):
        numbers = ",".join(map(str, bar.ending))
        add(barline, "ending", f"{numbers}.").attrib.update(number=numbers, type="start")
    if bar.begins_repeat:
        SubElement(barline, "repeat", direction="forward")


def _add_right(measure: Element, bar: Bar, after: Bar | None) -> None:
    ends = bool(bar.ending) and (after is None or not after.ending or _new_ending(bar, after))
    style = STYLES[bar.line] or ("light-heavy" if bar.plays > 1 else "")
    if not (ends or style):
        return
    barline = SubElement(measure, "barline", location="right")
    if style:
        add(barline, "bar-style", style)
    if ends:
        kind = "stop" if bar.plays > 1 else "discontinue"
        SubElement(barline, "ending", number=",".join(map(str, bar.ending)), type=kind)
    if bar.plays > 1:
        repeat = SubElement(barline, "repeat", direction="backward")
        if bar.plays > TWICE:
            repeat.set("times", str(bar.plays))
