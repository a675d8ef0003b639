"""Which presets of a SoundFont become instruments of a data set, under which names, families and numbers.

Of a General MIDI font bank 0 gives General MIDI's instruments: its names, families and playing ranges. All other
presets keep their own name and range, and somebody has to say their family.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nsynth_lab.dataset.font_presets import DRUM_BANK, Preset, is_general_midi, named, nearest, read_presets
from nsynth_lab.dataset.general_midi import PROGRAMS
from nsynth_lab.dataset.played_range import usual_range
from nsynth_lab.errors import UsageError
from nsynth_lab.note import FAMILIES, SOURCES

HIGHEST_BANK, HIGHEST_PROGRAM = 16_383, 127
_ITEM = re.compile(r"(?:(\d{1,5}):)?(\d{1,3})(?:-(\d{1,3}))?")

Number = tuple[int, int]  # bank, program


@dataclass(frozen=True)
class FontInstrument:
    """A preset to render.

    Attributes:
        bank, program: of the preset.
        name, family, source: of the instrument.
        number: tells it from all others of the font: bank 0's programs, then the presets of other banks from 128 on.
        keys: MIDI notes that it may be played at, rising.
        preset: what the font calls it, empty where it has none.
    """

    bank: int
    program: int
    name: str
    family: str
    source: str
    number: int
    keys: tuple[int, ...]
    preset: str = ""

    def notes(self, *, step: int, offset: int = 0) -> list[int]:
        """The keys that lie on the grid offset + k * step; the middle one where none does."""
        notes = [key for key in self.keys if (key - offset) % step == 0]
        return notes or [self.keys[(len(self.keys) - 1) // 2]]


@dataclass(frozen=True)
class Choice:
    """What was asked for of a SoundFont.

    Attributes:
        programs: such as "0-7,40,8:5" (bank 8, program 5), or "all".
        families: "string" for all, "40=string" or "8:0-3=string" for some.
        source: of what General MIDI does not know.
        general_midi: that it is such a font, whatever its presets are called; else their names tell.

    Raises:
        UsageError: not of these forms.
    """

    programs: str = "all"
    families: tuple[str, ...] = ()
    source: str = "acoustic"
    general_midi: bool = False
    wanted: tuple[Number, ...] = field(init=False)
    family_of: dict[Number | None, str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise UsageError(f"source '{self.source}' is unknown; use one of {', '.join(SOURCES)}")
        object.__setattr__(self, "wanted", parse_programs(self.programs))
        object.__setattr__(self, "family_of", _families(self.families))


def parse_programs(text: str) -> tuple[Number, ...]:
    """Banks and programs of a list such as "0-7,40,8:5", in rising order; none for "all".

    Raises:
        UsageError: not such a list.

    >>> parse_programs("40,0-1,8:5")
    ((0, 0), (0, 1), (0, 40), (8, 5))
    """
    chosen: set[Number] = set()
    for item in [] if text.strip() == "all" else text.split(","):
        match = _ITEM.fullmatch(item.strip())
        if match is None:
            raise UsageError(f"programs '{text}': expected numbers and ranges such as 0-7,40 or 8:5 (bank 8), or all")
        bank, first, last = int(match[1] or 0), int(match[2]), int(match[3] or match[2])
        if not first <= last <= HIGHEST_PROGRAM or bank > HIGHEST_BANK:
            raise UsageError(
                f"programs '{item.strip()}': programs are 0 to {HIGHEST_PROGRAM}, a range from the lower to the higher "
                f"one, banks 0 to {HIGHEST_BANK}"
            )
        chosen.update((bank, program) for program in range(first, last + 1))
    return tuple(sorted(chosen))


def choose_instruments(font: str | Path, choice: Choice) -> tuple[tuple[FontInstrument, ...], tuple[int, ...]]:
    """What is to be rendered, and the programs that a General MIDI font should have and has not.

    Raises:
        DatasetError: not a SoundFont, or a damaged one.
        UsageError: it has no such preset, or nobody says the family of one.
    """
    presets = read_presets(font)
    usable = {(one.bank, one.program): one for one in presets if one.keys}
    if not usable:
        raise UsageError(f"{font}: none of its {len(presets)} presets maps a key to a sample: nothing to render")
    known = {(0, program) for program in PROGRAMS} if choice.general_midi or is_general_midi(presets) else set()
    if missing := [number for number in choice.wanted if number not in usable]:
        bank, program = missing[0]
        near = nearest(list(usable.values()), bank=bank, program=program)
        raise UsageError(f"{font}: has no program {program} in bank {bank}; it has {near}")
    numbers = choice.wanted or tuple(sorted(known & usable.keys()))
    numbers = numbers or tuple(number for number in usable if number[0] != DRUM_BANK)
    if not numbers:
        raise UsageError(f"{font}: has drum kits alone: {named(list(usable.values()))}; name them with --programs")
    rows = [_row(usable[number], choice, known) for number in numbers]
    if nameless := [usable[number] for number, row in zip(numbers, rows, strict=True) if not row.family]:
        at = f"{nameless[0].bank}:" * bool(nameless[0].bank) + str(nameless[0].program)
        raise UsageError(
            f"{font}: nothing tells the family of {named(nameless)}: add --family string for all, or --family "
            f"{at}=string for one; families: {', '.join(FAMILIES)}"
        )
    lacking = () if choice.wanted else tuple(program for _, program in sorted(known - usable.keys()))
    return tuple(_told_apart(_numbered(rows, list(usable)))), lacking


def _row(preset: Preset, choice: Choice, known: set[Number]) -> FontInstrument:
    number = (preset.bank, preset.program)
    family = choice.family_of.get(number) or choice.family_of.get(None, "")
    if number in known:
        row = PROGRAMS[preset.program]
        keys = tuple(range(row.low, row.high + 1))
        return FontInstrument(*number, row.name, family or row.family, row.source, 0, keys, preset.name)
    low, high = usual_range(preset.keys)
    keys = tuple(key for key in preset.keys if low <= key <= high)
    return FontInstrument(*number, preset.name, family, choice.source, 0, keys, preset.name)


def _numbered(rows: Sequence[FontInstrument], all_there: Sequence[Number]) -> list[FontInstrument]:
    """Numbers that depend on the font alone, not on what is chosen of it."""
    others = {number: HIGHEST_PROGRAM + 1 + place for place, number in enumerate(n for n in all_there if n[0])}
    return [replace(row, number=others.get((row.bank, row.program), row.program)) for row in rows]


def _told_apart(rows: Sequence[FontInstrument]) -> list[FontInstrument]:
    """Presets of the same name get their numbers after it."""
    count = Counter(row.name.lower() for row in rows)
    return [
        row if count[row.name.lower()] == 1 else replace(row, name=f"{row.name} {row.bank}:{row.program}")
        for row in rows
    ]


def _families(texts: Sequence[str]) -> dict[Number | None, str]:
    """Of banks and programs; under None that of all others."""
    found: dict[Number | None, str] = {}
    for text in texts:
        programs, equals, family = text.rpartition("=")
        if family.strip() not in FAMILIES:
            raise UsageError(f"family '{family}' is unknown; use one of {', '.join(FAMILIES)}")
        for number in parse_programs(programs) if equals else (None,):
            found[number] = family.strip()
    return found
