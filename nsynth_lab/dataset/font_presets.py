"""The presets of a SoundFont: bank, program, name, and which keys and velocities each maps to a sample.

The rules are FluidSynth's: a key sounds if it is in the range of a zone of the preset and of a zone of the instrument
which that zone refers to, and if the sample exists. The ranges of global zones are ignored.

Source: SoundFont Technical Specification 2.04, sections 7 and 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dataset.font_file import Table, read_tables
from nsynth_lab.dataset.general_midi import resembles_general_midi
from nsynth_lab.dataset.labels import clean
from nsynth_lab.errors import UsageError
from nsynth_lab.note import key_ranges

KEY_RANGE, VELOCITY_RANGE, INSTRUMENT, SAMPLE_ID = 43, 44, 41, 53
IN_ROM = 0x8000
DRUM_BANK = 128
MAX_LISTED = 8

KeyMap = NDArray[np.bool_]  # [128 keys, 128 velocities]


@dataclass(frozen=True)
class FontPreset:
    """One preset; `mapped` [128, 128] says for every key and velocity whether a sample is mapped to it."""

    bank: int
    program: int
    name: str
    mapped: KeyMap = field(repr=False, compare=False)

    @property
    def keys(self) -> tuple[int, ...]:
        """The MIDI notes that sound at some velocity, rising."""
        return tuple(int(key) for key in np.flatnonzero(self.mapped.any(axis=1)))

    @property
    def velocities(self) -> tuple[int, int] | None:
        """The lowest and the highest velocity that sound at some key; None if nothing sounds."""
        sounding = np.flatnonzero(self.mapped[:, 1:].any(axis=0)) + 1
        return (int(sounding[0]), int(sounding[-1])) if len(sounding) else None

    @property
    def label(self) -> str:
        """For display: bank, program and name, such as `0:40 'Violin'`."""
        return f"{self.bank}:{self.program} '{self.name}'"


def read_presets(font: str | Path) -> tuple[FontPreset, ...]:
    """All presets, sorted by bank and program; of several with the same numbers only the first can be selected.

    Raises:
        DatasetError: not a SoundFont, or a damaged one.
    """
    tables, sample_bytes = read_tables(font)
    samples = tables["shdr"][:-1]
    exists = (samples["kind"] & IN_ROM == 0) & (samples["start"] < samples["end"]) & (samples["start"] < sample_bytes)
    instruments = [
        np.packbits(_key_map(zones, [None] * len(exists), exists, SAMPLE_ID))
        for zones in _zones(tables["inst"], tables["ibag"], tables["igen"])
    ]
    exists = np.ones(len(instruments), np.bool_)  # of a preset's targets, the instruments
    found: dict[tuple[int, int], FontPreset] = {}
    rows = zip(tables["phdr"], _zones(tables["phdr"], tables["pbag"], tables["pgen"]), strict=False)
    for row, zones in rows:
        bank, program = int(row["bank"]), int(row["program"])
        mapped = _key_map(zones, instruments, exists, INSTRUMENT)
        found.setdefault((bank, program), FontPreset(bank, program, _name(row["name"], program), mapped))
    return tuple(found[number] for number in sorted(found))


def is_general_midi(presets: Sequence[FontPreset]) -> bool:
    """Whether bank 0 follows General MIDI's program numbers, judged by the presets' names."""
    return resembles_general_midi({one.program: one.name for one in presets if one.bank == 0})


def find_preset(font: Path, presets: Sequence[FontPreset], *, bank: int | None, program: int | None) -> FontPreset:
    """The one preset that matches bank and program (None matches any) and has samples.

    Raises:
        UsageError: no preset matches, or several do; the message lists them.
    """
    usable = [one for one in presets if one.keys]
    if not usable:
        raise UsageError(f"{font}: none of its {len(presets)} presets maps a key to a sample; there is nothing to play")
    chosen = [one for one in usable if bank in (None, one.bank) and program in (None, one.program)]
    if bank is None and len(chosen) > 1:
        chosen = [one for one in chosen if one.bank == 0 and program is not None] or chosen
    if len(chosen) == 1:
        return chosen[0]
    words = f"program {program}" if program is not None else "preset"
    words += f" in bank {bank}" if bank is not None else ""
    if not chosen:
        raise UsageError(f"{font}: has no {words}; it has {list_similar(usable, bank=bank, program=program)}")
    options = ["--bank"] * (bank is None) + ["--program"] * (program is None)
    raise UsageError(f"{font}: which preset? It has {list_presets(chosen)}; choose with {' and '.join(options)}")


def list_similar(presets: Sequence[FontPreset], *, bank: int | None, program: int | None) -> str:
    """The presets of the same program, else of the same bank, else all, as text for a message."""
    similar = [one for one in presets if one.program == program]
    return list_presets(similar or [one for one in presets if one.bank == bank] or presets)


def list_presets(presets: Sequence[FontPreset]) -> str:
    """The first few presets (bank:program and name) as text for a message."""
    more = f" and {len(presets) - MAX_LISTED} more (--list)" if len(presets) > MAX_LISTED else ""
    return ", ".join(one.label for one in presets[:MAX_LISTED]) + more


def preset_row(preset: FontPreset) -> dict[str, Any]:
    """One preset as plain values, for a table or JSON."""
    softest, hardest = preset.velocities or (None, None)
    return {
        "bank": preset.bank,
        "program": preset.program,
        "name": preset.name,
        "keys": key_ranges(preset.keys),
        "softest": softest,
        "hardest": hardest,
    }


class _Zone(NamedTuple):
    keys: slice
    velocities: slice
    kind: int
    target: int


def _zones(owners: Table, bags: Table, generators: Table) -> Iterator[list[_Zone]]:
    """For every preset or instrument except the terminal record: its zones that refer to something."""
    starts, bag_starts = owners["bag"].tolist(), bags["generator"].tolist()
    rows = list(zip(*(generators[name].tolist() for name in ("kind", "low", "high")), strict=True))
    for first, last in pairwise(starts):
        spans = (rows[bag_starts[bag] : bag_starts[bag + 1]] for bag in range(first, last))
        yield [zone for span in spans if (zone := _zone(span)) is not None]


def _zone(rows: Sequence[tuple[int, int, int]]) -> _Zone | None:
    """Read one zone: a key range counts only as the first generator, a velocity range only as the first or second."""
    keys = velocities = slice(0, 128)
    for place, (kind, low, high) in enumerate(rows):
        if kind == KEY_RANGE and place == 0:
            keys = slice(low, min(high, 127) + 1)
        elif kind == VELOCITY_RANGE and (place == 0 or (place == 1 and rows[0][0] == KEY_RANGE)):
            velocities = slice(low, min(high, 127) + 1)
        elif kind in (INSTRUMENT, SAMPLE_ID):
            return _Zone(keys, velocities, kind, low | high << 8)
    return None


def _key_map(zones: Sequence[_Zone], of_targets: Sequence[Any], exists: NDArray[np.bool_], kind: int) -> KeyMap:
    """Where any of the zones leads to a sample; a target whose key map is None in `of_targets` sounds everywhere."""
    mapped = np.zeros((128, 128), np.bool_)
    for zone in zones:
        if zone.kind != kind or zone.target >= len(exists) or not exists[zone.target]:
            continue
        place = (zone.keys, zone.velocities)
        packed = of_targets[zone.target]
        mapped[place] |= True if packed is None else np.unpackbits(packed).reshape(128, 128).astype(bool)[place]
    return mapped


def _name(raw: bytes, program: int) -> str:
    """A preset's name as text, from UTF-8 or Latin-1; its program number if the name is empty."""
    cut = raw.split(b"\0")[0]
    try:
        text = cut.decode("utf-8")
    except UnicodeDecodeError:
        text = cut.decode("latin-1")
    return clean(text).strip() or f"program {program}"
