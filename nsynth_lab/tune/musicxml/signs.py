"""Signs of MusicXML: keys, metres, tempo, repeats and endings, and the document's texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.abc.bars import HIGHEST_ENDING, MOST_PLAYS
from nsynth_lab.tune.key import MOST_SHARPS, NO_MODE, Key, mode_named, with_fifths
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import Metre, parse_metre
from nsynth_lab.tune.musicxml.measure_reader import Measure
from nsynth_lab.tune.musicxml.tree import int_of, text_of
from nsynth_lab.tune.musicxml.writer import BEAT_UNITS, SYMBOLS
from nsynth_lab.tune.tune import DOUBLE, FINAL, TWICE, Tempo

LONGEST_TEXT, MOST_TEXTS = 2_000, 200
LINES = {"light-light": DOUBLE, "light-heavy": FINAL, "heavy-heavy": FINAL, "heavy-light": ""}
JUMPS = ("dacapo", "dalsegno", "fine", "tocoda")
_SYMBOL_OF = {name: symbol for symbol, name in SYMBOLS.items()}
_UNITS = {name: unit for unit, name in BEAT_UNITS.items()}


def key_of(attributes: Element) -> tuple[Key | None, bool]:
    """(the key that attributes name, whether they name its mode)."""
    element = attributes.find("key")
    if element is None:
        return None, False
    steps = [text.text or "" for text in element.findall("key-step")]
    if steps:
        alters = [int_of(one, ".") for one in element.findall("key-alter")]
        named = zip(steps, alters, strict=False)
        return Key(mode=NO_MODE, more=tuple(sorted((step, alter) for step, alter in named if step in "ABCDEFG"))), True
    fifths = max(-MOST_SHARPS, min(MOST_SHARPS, int_of(element, "fifths")))
    text = text_of(element, "mode")
    mode = mode_named(text) if text else None
    if mode == NO_MODE and fifths:
        mode = None
    key = with_fifths(fifths, mode or "major")
    return (key if abs(key.alter) <= 1 else with_fifths(fifths)), mode is not None


def metre_of(attributes: Element, lines: Lines) -> tuple[Metre | None, bool]:
    """(the metre that attributes name, None for free time; whether they name one)."""
    time = attributes.find("time")
    if time is None:
        return None, False
    if time.find("senza-misura") is not None:
        return None, True
    symbol = _SYMBOL_OF.get(time.get("symbol", ""), "")
    try:
        metre = parse_metre(f"{text_of(time, 'beats').replace(' ', '')}/{text_of(time, 'beat-type')}")
    except TuneError as error:
        lines.add(f"{error}; left out")
        return None, False
    if metre is not None and symbol and metre == Metre(metre.groups, metre.unit):
        plain = parse_metre(symbol)
        metre = plain if plain is not None and plain.length == metre.length else metre
    return metre, True


@dataclass
class Signs:
    """What the bar lines of a measure say."""

    begins_repeat: bool = False
    plays: int = 1
    line: str = ""
    ending: tuple[int, ...] = ()
    ending_stops: bool = False


def signs_of(measure: Measure) -> Signs:
    """The repeats, endings and lines of a measure."""
    signs = Signs()
    for barline in measure.barlines:
        ending, repeat = barline.find("ending"), barline.find("repeat")
        if ending is not None and ending.get("type") == "start":
            numbers = [int(one) for one in re.findall(r"\d{1,3}", ending.get("number", ""))[:HIGHEST_ENDING]]
            signs.ending = tuple(sorted({one for one in numbers if 0 < one <= HIGHEST_ENDING}))
        elif ending is not None:
            signs.ending_stops = True
        if repeat is not None and repeat.get("direction") == "forward":
            signs.begins_repeat = True
        elif repeat is not None:
            times = repeat.get("times", "")
            signs.plays = min(max(int(times), TWICE), MOST_PLAYS) if re.fullmatch(r"\d{1,3}", times) else TWICE
        elif barline.get("location", "right") == "right":
            signs.line = LINES.get(text_of(barline, "bar-style"), "")
    return signs


def tempo_of(measure: Measure) -> Tempo | None:
    """The tempo that a measure's directions name, with the words beside it."""
    for direction in measure.directions:
        words = " ".join(filter(None, (text_of(kind, "words") for kind in direction.findall("direction-type"))))
        metronome = direction.find("direction-type/metronome")
        per_minute = re.fullmatch(r"\d{1,4}(\.\d{1,4})?", text_of(metronome, "per-minute"))
        unit = _UNITS.get(text_of(metronome, "beat-unit"))
        if metronome is not None and per_minute and unit and float(per_minute[0]):
            beat = unit * (2 - Fraction(1, 2 ** min(2, len(metronome.findall("beat-unit-dot")))))
            return Tempo(Fraction(per_minute[0]), beat, words[:LONGEST_TEXT])
        sound = direction if direction.tag == "sound" else direction.find("sound")
        tempo = re.fullmatch(r"\d{1,4}(\.\d{1,6})?", sound.get("tempo", "") if sound is not None else "")
        if tempo and float(tempo[0]):
            return Tempo(Fraction(tempo[0]), words=words[:LONGEST_TEXT])
    return None


def tell_directions(measure: Measure, lines: Lines, *, first: bool) -> str:
    """The rehearsal mark of a measure; what else its directions say, and the tune cannot hold, is told."""
    mark = ""
    for direction in measure.directions:
        sound = direction if direction.tag == "sound" else direction.find("sound")
        if sound is not None and any(sound.get(jump) for jump in JUMPS):
            lines.add("jumps (D.C., D.S., Fine, Coda) are not followed")
        if not first and sound is not None and sound.get("tempo"):
            lines.add("changes of tempo are left out")
        for kind in direction.findall("direction-type"):
            mark = mark or text_of(kind, "rehearsal")[:32]
            if text_of(kind, "words") and not first:
                lines.add("words above the staff are left out")
            if kind.find("dynamics") is not None or kind.find("wedge") is not None:
                lines.add("dynamics are left out")
    return mark


def texts_of(root: Element) -> tuple[str, tuple[tuple[str, str], ...]]:
    """(title, what else the document says about the tune)."""
    title = text_of(root, "work/work-title") or text_of(root, "movement-title")
    about: list[tuple[str, str]] = []
    for creator in root.findall("identification/creator")[:MOST_TEXTS]:
        text = " ".join((creator.text or "").split())
        if text and creator.get("type", "composer") == "composer":
            about.append(("C", text[:LONGEST_TEXT]))
        elif text:
            about.append(("N", f"{creator.get('type')}: {text}"[:LONGEST_TEXT]))
    others = root.findall("identification/miscellaneous/miscellaneous-field")[:MOST_TEXTS]
    named = [(other.get("name", ""), " ".join((other.text or "").split())[:LONGEST_TEXT]) for other in others]
    about += [row for row in named if re.fullmatch("[A-Z]", row[0])]
    return " ".join(title.split())[:LONGEST_TEXT], tuple(about)
