"""find_recordings(folder): the sound files of a folder, each with the instrument that its path and name state.

recordings/trumpet/C#4.wav                  a folder names the instrument; the family follows from that name
recordings/brass/my horn/C4 ff.wav          a folder named after a family states the family
recordings/piano/soft/C4.wav                a folder named after a dynamic or a layer states the velocity
recordings/brass_acoustic_001-060-100.wav   NSynth's own names are used as they are
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from nsynth_lab.dataset.file_names import read_names
from nsynth_lab.dataset.labels import FAMILY_FOLDERS, FAMILY_OF_WORD, guess_family
from nsynth_lab.dataset.name_groups import NamingScheme, ParsedName
from nsynth_lab.dataset.name_levels import MAX_LAYERS
from nsynth_lab.dataset.name_tokens import NameToken, dynamic_velocity, tokenize_name
from nsynth_lab.dataset.notes import DEFAULT_VELOCITY
from nsynth_lab.errors import UsageError
from nsynth_lab.legible import encodable
from nsynth_lab.note import FAMILIES, SOURCES

ENDINGS = (".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3")
MAX_FILES = 100_000


@dataclass(frozen=True)
class Recording:
    """One sound file and what its path says about it.

    Attributes:
        path: of the file.
        file: its path below the folder, with bytes that are not UTF-8 escaped.
        parsed: what its name says.
        instrument_name, family, source: of the instrument; `family` is empty if unknown.
        number: of the instrument within its family and source.
        velocity: 100 if neither a velocity nor a layer is stated.
        scheme: how its name was read, together with the names built alike.
    """

    path: Path
    file: str
    parsed: ParsedName
    instrument_name: str
    family: str
    source: str
    number: int = 0
    velocity: int = DEFAULT_VELOCITY
    scheme: NamingScheme = field(default_factory=NamingScheme)

    @property
    def instrument(self) -> tuple[str, str, str]:
        """The instrument's identity: family, source and name."""
        return self.family, self.source, self.instrument_name


def find_recordings(
    folder: str | Path,
    *,
    family: str | None = None,
    instrument: str | None = None,
    source: str = "acoustic",
    middle_c: int | None = None,
) -> list[Recording]:
    """Every sound file below `folder`, sorted, with instruments numbered within their family and source.

    `family`, `instrument` and `source` apply to all files; without them the folders' names decide. `middle_c` is the
    octave number that the file names give to middle C; with None the names decide (see `file_names`).

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
    parsed = _parse_all(_sound_files(folder), middle_c)
    recordings = [_recording(path, folder, family, instrument, source, *parsed[path]) for path in parsed]
    if not recordings:
        raise UsageError(f"{folder}: no sound file in it ({' '.join(ENDINGS)})")
    return with_velocities(_numbered(recordings))


def _sound_files(folder: Path) -> list[Path]:
    def found() -> Iterator[Path]:
        for here, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from (Path(here, name) for name in sorted(files) if not name.startswith("."))

    paths = [path for path in found() if path.suffix.lower() in ENDINGS]
    if len(paths) > MAX_FILES:
        raise UsageError(f"{folder}: {len(paths)} sound files; at most {MAX_FILES} are imported at once")
    return paths


def _parse_all(paths: list[Path], middle_c: int | None) -> dict[Path, tuple[ParsedName, NamingScheme]]:
    """What each file name says; the names of one folder are read together."""
    folders: dict[Path, list[Path]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(path)
    found: dict[Path, tuple[ParsedName, NamingScheme]] = {}
    for inside in folders.values():
        stems = [encodable(path.stem) for path in inside]
        found.update(zip(inside, read_names(stems, middle_c=middle_c), strict=True))
    return found


def _recording(
    path: Path,
    folder: Path,
    family: str | None,
    instrument: str | None,
    source: str,
    parsed: ParsedName,
    scheme: NamingScheme,
) -> Recording:
    file = Path(encodable(str(path.relative_to(folder))))
    scheme = replace(scheme, folder="" if len(file.parts) == 1 else str(file.parent))
    if parsed.nsynth and parsed.nsynth[0] in FAMILIES:
        stated_family, stated_source, number = parsed.nsynth
        name = instrument or f"{stated_family}_{stated_source}_{number:03d}"
        return Recording(path, str(file), parsed, name, stated_family, stated_source, number, scheme=scheme)
    folders = [encodable(folder.resolve().name), *file.parts[:-1]]
    if level := _level(folders[-1]):
        folders = folders[:-1] or folders
        parsed, scheme = _with_level(parsed, scheme, level)
    by_folder = [FAMILY_OF_WORD[part.lower()] for part in folders if part.lower() in FAMILY_FOLDERS]
    names = [part for part in folders if part.lower() not in FAMILY_FOLDERS]
    name = instrument or (names or folders)[-1]
    known = family or (by_folder[-1] if by_folder else "") or guess_family(name)
    return Recording(path, str(file), parsed, name, known, source, scheme=scheme)


def _level(folder: str) -> NameToken | None:
    """The velocity, dynamic or layer that a folder's name states, if it states nothing else."""
    tokens = tokenize_name(folder)
    if len(tokens) != 1 or tokens[0].kind not in ("dynamic", "velocity", "layer") or folder.lower() in FAMILY_OF_WORD:
        return None
    if tokens[0].text.startswith("vl"):  # vl1 is the first violins
        return None
    return tokens[0]


def _with_level(parsed: ParsedName, scheme: NamingScheme, level: NameToken) -> tuple[ParsedName, NamingScheme]:
    """Apply a folder's velocity, dynamic or layer to a file whose name states none."""
    if parsed.velocity is not None or parsed.layer is not None:
        return parsed, scheme
    scheme = replace(scheme, velocities=f"by the folder: {level.text}")
    if level.kind == "dynamic":
        return replace(parsed, velocity=dynamic_velocity(level.text), count=None), scheme
    if level.kind == "velocity" and level.number > MAX_LAYERS:
        return replace(parsed, velocity=min(127, level.number), count=None), scheme
    return replace(parsed, layer=max(1, level.number), count=None), scheme


def _numbered(recordings: list[Recording]) -> list[Recording]:
    """Give each instrument without an NSynth name the next free number of its family and source."""
    used = {(one.family, one.source, one.number) for one in recordings if one.parsed.nsynth}
    numbers: dict[tuple[str, str, str], int] = {}
    for family, source, name in sorted({one.instrument for one in recordings if not one.parsed.nsynth}):
        free = next(n for n in range(len(recordings) + len(used) + 1) if (family, source, n) not in used)
        used.add((family, source, free))
        numbers[family, source, name] = free
    return [one if one.parsed.nsynth else replace(one, number=numbers[one.instrument]) for one in recordings]


def with_velocities(recordings: list[Recording]) -> list[Recording]:
    """The recordings with velocities: the stated one, else 127 * k / n for layer k of an instrument's n layers."""
    layers: dict[tuple[str, ...], int] = {}

    def pack(one: Recording) -> tuple[str, ...]:
        return (*one.instrument, one.scheme.pack)

    for one in recordings:
        layers[pack(one)] = max(layers.get(pack(one), 0), one.parsed.layer or 0)

    def velocity(one: Recording) -> int:
        layer = one.parsed.layer
        by_layer = max(1, round(127 * layer / layers[pack(one)])) if layer else DEFAULT_VELOCITY
        return one.parsed.velocity or by_layer

    return [replace(one, velocity=velocity(one)) for one in recordings]
