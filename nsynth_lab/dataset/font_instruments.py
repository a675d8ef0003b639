"""Which presets of a SoundFont become instruments of a data set, with which names, families and numbers.

In a General MIDI font, the presets of bank 0 get General MIDI's names, families and playing ranges. All other presets
keep their own names and ranges, and the user has to name their family.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nsynth_lab.dataset.font_presets import (
    DRUM_BANK,
    FontPreset,
    is_general_midi,
    list_presets,
    list_similar,
    read_presets,
)
from nsynth_lab.dataset.general_midi import PROGRAMS, playing_range
from nsynth_lab.errors import UsageError
from nsynth_lab.note import FAMILIES, SOURCES

HIGHEST_BANK, HIGHEST_PROGRAM = 16_383, 127
_ITEM = re.compile(r"(?:(\d{1,5}):)?(\d{1,3})(?:-(\d{1,3}))?")

Number = tuple[int, int]  # bank, program


@dataclass(frozen=True)
class FontInstrument:
    """A preset to render as an instrument.

    Attributes:
        bank, program: of the preset.
        name, family, source: of the instrument.
        number: unique within the font: the program number in bank 0, from 128 on for presets of other banks.
        keys: MIDI notes that it may be played at, rising.
        preset: the preset's name in the font; may be empty.
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
        """The keys on the grid offset + k * step, or the middle key if there is none on it."""
        notes = [key for key in self.keys if (key - offset) % step == 0]
        return notes or [self.keys[(len(self.keys) - 1) // 2]]


@dataclass(frozen=True)
class PresetSelection:
    """Which presets of a SoundFont to render, and what they are.

    Attributes:
        programs: such as "0-7,40,8:5" (8:5 is bank 8, program 5), or "all".
        families: "string" for all presets, "40=string" or "8:0-3=string" for some.
        source: of presets that are not General MIDI's.
        general_midi: treat the font as General MIDI whatever its presets are called; otherwise their names decide.

    Raises:
        UsageError: a text that is not of these forms.
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
    """The (bank, program) pairs of a list such as "0-7,40,8:5", in rising order; none for "all".

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


def select_instruments(
    font: str | Path, selection: PresetSelection
) -> tuple[tuple[FontInstrument, ...], tuple[int, ...]]:
    """The instruments to render, and the programs that are missing from a General MIDI font.

    Raises:
        DatasetError: not a SoundFont, or a damaged one.
        UsageError: the font has no such preset, or the family of a preset is not known.
    """
    presets = read_presets(font)
    usable = {(one.bank, one.program): one for one in presets if one.keys}
    if not usable:
        raise UsageError(f"{font}: none of its {len(presets)} presets maps a key to a sample: nothing to render")
    known = {(0, program) for program in PROGRAMS} if selection.general_midi or is_general_midi(presets) else set()
    if absent := [number for number in selection.wanted if number not in usable]:
        bank, program = absent[0]
        near = list_similar(list(usable.values()), bank=bank, program=program)
        raise UsageError(f"{font}: has no program {program} in bank {bank}; it has {near}")
    numbers = selection.wanted or tuple(sorted(known & usable.keys()))
    numbers = numbers or tuple(number for number in usable if number[0] != DRUM_BANK)
    if not numbers:
        raise UsageError(f"{font}: has only drum kits: {list_presets(list(usable.values()))}; choose with --programs")
    chosen = [_instrument(usable[number], selection, known) for number in numbers]
    if without_family := [usable[number] for number, one in zip(numbers, chosen, strict=True) if not one.family]:
        first = without_family[0]
        at = f"{first.bank}:" * bool(first.bank) + str(first.program)
        raise UsageError(
            f"{font}: the family of {list_presets(without_family)} is not known: add --family string for all, or "
            f"--family {at}=string for one; families: {', '.join(FAMILIES)}"
        )
    missing = () if selection.wanted else tuple(program for _, program in sorted(known - usable.keys()))
    return tuple(_with_unique_names(_numbered(chosen, list(usable)))), missing


def _instrument(preset: FontPreset, selection: PresetSelection, known: set[Number]) -> FontInstrument:
    number = (preset.bank, preset.program)
    family = selection.family_of.get(number) or selection.family_of.get(None, "")
    if number in known:
        program = PROGRAMS[preset.program]
        keys = tuple(range(program.low, program.high + 1))
        return FontInstrument(*number, program.name, family or program.family, program.source, 0, keys, preset.name)
    low, high = playing_range(preset.keys)
    keys = tuple(key for key in preset.keys if low <= key <= high)
    return FontInstrument(*number, preset.name, family, selection.source, 0, keys, preset.name)


def _numbered(instruments: Sequence[FontInstrument], available: Sequence[Number]) -> list[FontInstrument]:
    """Give each its number, which depends on the font alone and not on which of its presets are selected."""
    others = {number: HIGHEST_PROGRAM + 1 + place for place, number in enumerate(n for n in available if n[0])}
    return [replace(one, number=others.get((one.bank, one.program), one.program)) for one in instruments]


def _with_unique_names(instruments: Sequence[FontInstrument]) -> list[FontInstrument]:
    """Append bank and program to names that several presets share."""
    count = Counter(one.name.lower() for one in instruments)
    return [
        one if count[one.name.lower()] == 1 else replace(one, name=f"{one.name} {one.bank}:{one.program}")
        for one in instruments
    ]


def _families(texts: Sequence[str]) -> dict[Number | None, str]:
    """The family of each preset that is named; under None, the family of all others."""
    found: dict[Number | None, str] = {}
    for text in texts:
        programs, equals, family = text.rpartition("=")
        if family.strip() not in FAMILIES:
            raise UsageError(f"family '{family}' is unknown; use one of {', '.join(FAMILIES)}")
        for number in parse_programs(programs) if equals else (None,):
            found[number] = family.strip()
    return found
