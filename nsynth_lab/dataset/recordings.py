"""find_takes(folder): a musician's recordings, each with the instrument its folders and name say it is.

recordings/trumpet/C#4.wav            folder = instrument; the family follows from its name
recordings/brass/my horn/C4 ff.wav    a folder named like a family settles the family
recordings/piano/soft/C4.wav          a folder named like a dynamic or a layer says how loud
recordings/brass_acoustic_001-060-100.wav    NSynth's names keep what they say
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from nsynth_lab.dataset.file_names import Named, Reading, read_names
from nsynth_lab.dataset.name_levels import MOST_LAYERS
from nsynth_lab.dataset.name_parts import Part, level_of, parts_of
from nsynth_lab.dataset.notes import UNTOLD_VELOCITY
from nsynth_lab.errors import UsageError
from nsynth_lab.note import FAMILIES, SOURCES

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

    `file` is its path below the folder, what is not UTF-8 in it escaped. `family` is empty where unknown; `velocity` is
    100 where neither a velocity nor a layer is named. `reading` is how its name was read, with those like it.
    """

    path: Path
    file: str
    named: Named
    instrument_name: str
    family: str
    source: str
    number: int = 0
    velocity: int = UNTOLD_VELOCITY
    reading: Reading = field(default_factory=Reading)


def find_takes(
    folder: str | Path,
    *,
    family: str | None = None,
    instrument: str | None = None,
    source: str = "acoustic",
    middle_c: int | None = None,
) -> list[Take]:
    """Every sound file below `folder`, sorted, with instruments numbered within their family and source.

    `middle_c` is the octave number that file names give to middle C; with None they decide (see `file_names`).

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
    named = _named(_sound_files(folder), middle_c)
    takes = [_take(path, folder, family, instrument, source, *named[path]) for path in named]
    if not takes:
        raise UsageError(f"{folder}: no sound file in it ({' '.join(ENDINGS)})")
    return with_velocities(_numbered(takes))


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


def shown(path: str | Path) -> str:
    r"""A path as text that can be printed and written: bytes that are not UTF-8 are escaped.

    >>> shown("Fl\udcf6te_C4.wav"), shown("Flöte_C4.wav")
    ('Fl\\xf6te_C4.wav', 'Flöte_C4.wav')
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _named(paths: list[Path], middle_c: int | None) -> dict[Path, tuple[Named, Reading]]:
    """What each name says, those of one folder read together."""
    folders: dict[Path, list[Path]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(path)
    return {
        path: found
        for inside in folders.values()
        for path, found in zip(
            inside, read_names([shown(path.stem) for path in inside], middle_c=middle_c), strict=True
        )
    }


def _take(
    path: Path,
    folder: Path,
    family: str | None,
    instrument: str | None,
    source: str,
    named: Named,
    reading: Reading,
) -> Take:
    file = Path(shown(path.relative_to(folder)))
    reading = replace(reading, folder="" if len(file.parts) == 1 else str(file.parent))
    if named.nsynth and named.nsynth[0] in FAMILIES:
        whose, how, number = named.nsynth
        name = instrument or f"{whose}_{how}_{number:03d}"
        return Take(path, str(file), named, name, whose, how, number, reading=reading)
    folders = [shown(folder.resolve().name), *file.parts[:-1]]
    if level := _level(folders[-1]):
        folders = folders[:-1] or folders
        named, reading = _with_level(named, reading, level)
    by_folder = [_WORDS[part.lower()] for part in folders if part.lower() in _FAMILY_FOLDERS]
    names = [part for part in folders if part.lower() not in _FAMILY_FOLDERS]
    name = instrument or (names or folders)[-1]
    known = family or (by_folder[-1] if by_folder else "") or guess_family(name)
    return Take(path, str(file), named, name, known, source, reading=reading)


def _level(folder: str) -> Part | None:
    """What a folder says of how loud its notes are, if it is named as a dynamic, a velocity or a layer alone."""
    parts = parts_of(folder)
    if len(parts) != 1 or parts[0].kind not in ("dynamic", "velocity", "layer") or folder.lower() in _WORDS:
        return None
    if parts[0].text.startswith("vl"):  # the first violins
        return None
    return parts[0]


def _with_level(named: Named, reading: Reading, level: Part) -> tuple[Named, Reading]:
    if named.velocity is not None or named.layer is not None:
        return named, reading
    told = replace(reading, velocities=f"by the folder: {level.text}")
    if level.kind == "dynamic":
        return replace(named, velocity=level_of(level.text), count=None), told
    if level.kind == "velocity" and level.number > MOST_LAYERS:
        return replace(named, velocity=min(127, level.number), count=None), told
    return replace(named, layer=max(1, level.number), count=None), told


def _numbered(takes: list[Take]) -> list[Take]:
    """Give each instrument without an NSynth name the next free number of its family and source."""
    taken = {(take.family, take.source, take.number) for take in takes if take.named.nsynth}
    numbers: dict[tuple[str, str, str], int] = {}
    for family, source, name in sorted({whose(take) for take in takes if not take.named.nsynth}):
        free = next(n for n in range(len(takes) + len(taken) + 1) if (family, source, n) not in taken)
        taken.add((family, source, free))
        numbers[family, source, name] = free
    return [take if take.named.nsynth else replace(take, number=numbers[whose(take)]) for take in takes]


def with_velocities(takes: list[Take]) -> list[Take]:
    """The named velocity; else layer k of the n of an instrument's pack becomes k / n of full velocity."""
    layers: dict[tuple[str, ...], int] = {}

    def pack(take: Take) -> tuple[str, ...]:
        return (*whose(take), take.reading.pack)

    for take in takes:
        layers[pack(take)] = max(layers.get(pack(take), 0), take.named.layer or 0)

    def velocity(take: Take) -> int:
        by_layer = max(1, round(127 * take.named.layer / layers[pack(take)])) if take.named.layer else UNTOLD_VELOCITY
        return take.named.velocity or by_layer

    return [replace(take, velocity=velocity(take)) for take in takes]


def whose(take: Take) -> tuple[str, str, str]:
    """The instrument a take is of: family, source, name."""
    return take.family, take.source, take.instrument_name
