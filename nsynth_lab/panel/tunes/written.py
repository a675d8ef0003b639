"""written: a tune as pages show it, and the files that a player takes away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from nsynth_lab.errors import MissingError, TuneError
from nsynth_lab.naming import file_stem
from nsynth_lab.tune.engrave import engraved
from nsynth_lab.tune.files import write_tune
from nsynth_lab.tune.form import form
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.musicxml import musicxml_bytes
from nsynth_lab.tune.places import places
from nsynth_lab.tune.played import played_bars, sounding
from nsynth_lab.tune.tune import Tempo, Tune

TUNE = "tune.json"  # what a page shows of it
SHEETS = "sheet-{}.svg"  # engraved, so many pixels wide
WIDTHS = (340, 560, 840, 1200)
PICTURE = ".svg"
TAKEN = (".abc", ".mid", ".musicxml", PICTURE)
MOST_NOTES, MOST_SECONDS = 20_000, 4 * 3600
Written = list[tuple[str, Fraction, Fraction]]  # id in the sheet, where in the bar, and length, in whole notes


def seconds_of_whole(tune: Tune) -> float:
    """How long a whole note lasts at the tune's own tempo."""
    return 240.0 / (tune.tempo or Tempo()).quarters_bpm


def write(tune: Tune, folder: Path, *, instead: str, lines: Sequence[str] = ()) -> dict[str, Any]:
    """Write all that pages and players want of a tune into a folder; returns what is to be said of it.

    A tune without a title gets the one that stands `instead`.

    Raises:
        TuneError: it is too long, or has no note.
    """
    title = tune.title or instead
    tune = replace(tune, title=title)
    page = shown(tune)
    if not page["notes"]:
        raise TuneError("it has no note: there is nothing to play")
    stem = file_stem(title[:60], instead="tune")
    told = {ending: write_tune(tune, folder / f"{stem}{ending}") for ending in TAKEN}
    page["written"], page["widths"] = _engrave(tune, folder)
    (folder / TUNE).write_text(json.dumps(page), encoding="utf-8")
    return {
        "title": title,
        "stem": stem,
        "key": tune.key.name,
        "metre": tune.metre.name if tune.metre else "free",
        "form": form(tune),
        "bars": len(page["bars"]),
        "notes": len(page["notes"]),
        "seconds": page["length"],
        "bpm": page["bpm"],
        "is_engraved": bool(page["widths"]),
        "troubles": list(dict.fromkeys((*lines, *told[PICTURE])))[:20],  # each format has its own losses, as everywhere
    }


def shown(tune: Tune) -> dict[str, Any]:
    """A tune as it sounds, in seconds at its own tempo: `notes` [at, length, key] and `bars` [at, number of the bar].

    Notes of a second voice have a 1 besides.

    Raises:
        TuneError: it is longer than anybody listens.
    """
    whole, order = seconds_of_whole(tune), played_bars(tune)
    parts = [sounding(voice) for voice in (tune, tune.second_voice) if voice is not None]
    count = sum(map(len, parts))
    at, bars = Fraction(0), []
    for index in order:
        bars.append([float(at) * whole, index])
        at += tune.bars[index].length
    if count > MOST_NOTES or float(at) * whole > MOST_SECONDS:
        raise TuneError(f"it plays {count:,} notes in {float(at) * whole / 60:.0f} minutes; no tune is that long")
    beat = tune.metre.beats[0] if tune.metre else Fraction(1, 4)
    return {
        "length": float(at) * whole,
        "bpm": 60.0 / (float(beat) * whole),
        "beat": str(beat),
        "notes": [
            [float(note.at) * whole, float(note.length) * whole, note.pitch.note, *[1] * (voice > 0)]
            for voice, part in enumerate(parts)
            for note in part
        ],
        "bars": bars,
        "numbers": [place.number for place in places(tune)],
    }


def _engrave(tune: Tune, folder: Path) -> tuple[list[list[list[Any]]], list[int]]:
    """Sheets for screens; what is written in each bar, as [id, at, length] in seconds; and how wide the sheets are."""
    musicxml, bars = with_ids(musicxml_bytes(tune, Lines(), to_engrave=True))
    try:
        for width in WIDTHS:
            (document,) = engraved(musicxml, on_pages=False, to_screen_pixels=width)
            (folder / SHEETS.format(width)).write_text(document, encoding="utf-8")
    except (MissingError, TuneError):  # the roll is shown, and `write_tune` has said so
        return [], []
    whole = seconds_of_whole(tune)
    rows = [[[name, float(at) * whole, float(length) * whole] for name, at, length in bar] for bar in bars]
    return rows, list(WIDTHS)


def with_ids(musicxml: bytes) -> tuple[bytes, list[Written]]:
    """A document of `musicxml_bytes` whose notes have ids, which the engraver keeps, and what stands in each bar."""
    root = ElementTree.fromstring(musicxml)
    bars: list[Written] = [[] for _ in root.findall("part[1]/measure")]
    for voice, part in enumerate(root.iter("part")):
        divisions = 4 * int(part.findtext(".//divisions") or 1)
        for number, (measure, bar) in enumerate(zip(part.iter("measure"), bars, strict=True)):
            bar += _written(measure, f"v{voice}m{number}", divisions)
    return ElementTree.tostring(root, encoding="utf-8"), bars


def _written(measure: ElementTree.Element, prefix: str, divisions: int) -> Written:
    """The notes of a measure, which get ids that begin like that."""
    at, found = 0, Written()
    for place, element in enumerate(measure):
        if element.tag == "backup":  # what follows carries chord symbols, and is not seen
            break
        if element.tag != "note" or element.find("grace") is not None:
            continue
        length = int(element.findtext("duration") or 0)
        if element.find("pitch") is not None:
            element.set("id", name := f"{prefix}n{place}")
            found.append((name, Fraction(at, divisions), Fraction(length, divisions)))
        at += length
    return found
