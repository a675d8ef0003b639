"""find_takes(folder): a musician's recordings, each with the instrument its folders and name say it is.

recordings/trumpet/C#4.wav            folder = instrument; the family follows from its name
recordings/brass/my horn/C4 ff.wav    a folder named like a family settles the family
recordings/brass_acoustic_001-060-100.wav    NSynth's names keep what they say
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nsynth_lab.errors import UsageError
from nsynth_lab.note import FAMILIES, SOURCES
from nsynth_lab.train.file_names import MIDDLE_C, Named, read_name
from nsynth_lab.train.notes import UNTOLD_VELOCITY

ENDINGS = (".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3")
MAX_FILES = 100_000
_FAMILY_WORDS = """
bass: bass basses 808
brass: trumpet trumpets trombone trombones tuba horn horns cornet flugelhorn euphonium
flute: flutes piccolo recorder ocarina shakuhachi whistle panpipe panpipes quena
guitar: guitars banjo sitar koto shamisen ukulele mandolin lute oud
keyboard: keyboards keys piano pianos harpsichord clavinet clavichord rhodes wurlitzer
mallet: mallets vibraphone marimba xylophone glockenspiel celesta kalimba bells bell chimes timpani dulcimer
organ: organs hammond harmonium
reed: reeds sax saxophone saxes clarinet oboe bassoon accordion harmonica bagpipe bagpipes shanai duduk bandoneon
string: strings violin violins viola violas cello cellos contrabass fiddle harp erhu
synth_lead: synth lead pad saw square
vocal: vocals voice voices choir singer aahs oohs
"""


@dataclass(frozen=True)
class Take:
    """One sound file and what is known of it before it is heard.

    `family` is empty where unknown; `velocity` is 100 where neither a velocity nor a layer is named.
    """

    path: Path
    file: str
    named: Named
    instrument_name: str
    family: str
    source: str
    number: int = 0
    velocity: int = UNTOLD_VELOCITY


def find_takes(
    folder: str | Path,
    *,
    family: str | None = None,
    instrument: str | None = None,
    source: str = "acoustic",
    middle_c: int = MIDDLE_C,
) -> list[Take]:
    """Every sound file below `folder`, sorted, with instruments numbered within their family and source.

    Raises:
        UsageError: no such folder, no sound file in it, or an unknown family or source.
    """
    folder = Path(folder)
    if family is not None and family not in FAMILIES:
        raise UsageError(f"family '{family}' is unknown; use one of {', '.join(FAMILIES)}")
    if source not in SOURCES:
        raise UsageError(f"source '{source}' is unknown; use one of {', '.join(SOURCES)}")
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; expected one with recordings of single notes")
    takes = [_take(path, folder, family, instrument, source, middle_c) for path in _sound_files(folder)]
    if not takes:
        raise UsageError(f"{folder}: no sound file in it ({' '.join(ENDINGS)})")
    return _with_velocities(_numbered(takes))


def guess_family(name: str) -> str:
    """The family of an instrument from the words of its name, the last that says one; empty where none does.

    >>> guess_family("My old Trumpet"), guess_family("bass clarinet"), guess_family("thing")
    ('brass', 'reed', '')
    """
    if "bass guitar" in name.lower():
        return "bass"
    words = [word for word in re.findall(r"[a-z0-9]+", name.lower()) if word in _WORDS]
    found = {_WORDS[word] for word in words}
    if len(found) > 1:  # an adjective before its noun: bass clarinet, flute organ
        found = {_WORDS[words[-1]]}
    return found.pop() if found else ""


def _words() -> dict[str, str]:
    rows = (line.split(": ") for line in _FAMILY_WORDS.strip().splitlines())
    return {word: family for family, words in rows for word in (family, *words.split())}


_WORDS = _words()
_FAMILY_FOLDERS = {word for word in _WORDS if word in FAMILIES or word.removesuffix("s") in FAMILIES}


def _sound_files(folder: Path) -> list[Path]:
    def found() -> Iterator[Path]:
        for here, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from (Path(here, name) for name in sorted(files) if not name.startswith("."))

    paths = [path for path in found() if path.suffix.lower() in ENDINGS]
    if len(paths) > MAX_FILES:
        raise UsageError(f"{folder}: {len(paths)} sound files; at most {MAX_FILES} are imported at once")
    return paths


def _take(path: Path, folder: Path, family: str | None, instrument: str | None, source: str, middle_c: int) -> Take:
    file = path.relative_to(folder)
    named = read_name(path.stem, middle_c=middle_c)
    if named.nsynth and named.nsynth[0] in FAMILIES:
        whose, how, number = named.nsynth
        name = instrument or f"{whose}_{how}_{number:03d}"
        return Take(path, str(file), named, name, whose, how, number)
    folders = [folder.resolve().name, *file.parts[:-1]]
    by_folder = [_WORDS[part.lower()] for part in folders if part.lower() in _FAMILY_FOLDERS]
    names = [part for part in folders if part.lower() not in _FAMILY_FOLDERS]
    name = instrument or (names or folders)[-1]
    known = family or (by_folder[-1] if by_folder else "") or guess_family(name)
    return Take(path, str(file), named, name, known, source)


def _numbered(takes: list[Take]) -> list[Take]:
    """Give each instrument without an NSynth name the next free number of its family and source."""
    taken = {(take.family, take.source, take.number) for take in takes if take.named.nsynth}
    numbers: dict[tuple[str, str, str], int] = {}
    for family, source, name in sorted({_whose(take) for take in takes if not take.named.nsynth}):
        free = next(n for n in range(len(takes) + len(taken) + 1) if (family, source, n) not in taken)
        taken.add((family, source, free))
        numbers[family, source, name] = free
    return [take if take.named.nsynth else replace(take, number=numbers[_whose(take)]) for take in takes]


def _with_velocities(takes: list[Take]) -> list[Take]:
    """The named velocity; else layer k of an instrument's n becomes k / n of full velocity."""
    layers: dict[tuple[str, str, str], int] = {}
    for take in takes:
        layers[_whose(take)] = max(layers.get(_whose(take), 0), take.named.layer or 0)

    def velocity(take: Take) -> int:
        by_layer = round(127 * take.named.layer / layers[_whose(take)]) if take.named.layer else UNTOLD_VELOCITY
        return take.named.velocity or by_layer

    return [replace(take, velocity=velocity(take)) for take in takes]


def _whose(take: Take) -> tuple[str, str, str]:
    return take.family, take.source, take.instrument_name
