"""The user's own instruments: one small bank file each, in the user's folder, of the model that encoded it.

DATA/bank/NAME.safetensors      as a checkpoint's bank, with one instrument in it; its header also tells where it
                                was captured from, and how well each note was reconstructed

The name that counts is the one in the file; that of the file says the same as far as plain letters can (`naming`).
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.audio import check_target
from nsynth_lab.errors import CheckpointError, MissingError, UsageError
from nsynth_lab.folders import data_folder
from nsynth_lab.legible import is_hidden
from nsynth_lab.model.bank import Bank, BankEntry, joined, read_bank_file, write_bank_file
from nsynth_lab.model.banks import DEFAULT_CHECKPOINT, bank_names
from nsynth_lab.model.headers import model_of
from nsynth_lab.naming import digest_stem, file_stem, folded

ENDING = ".safetensors"
CAPTURE = "capture"
MAX_INSTRUMENTS = 2_000
LONGEST_NAME = 200
INSTEAD = "instrument"


@dataclass(frozen=True)
class Owned:
    """One instrument of the user's.

    Attributes:
        path: its file.
        bank: with this instrument alone.
        capture: where it came from and what became of each note; empty values where nothing is known.
    """

    path: Path
    bank: Bank
    capture: dict[str, Any]

    @property
    def entry(self) -> BankEntry:
        """Its name, family, zones, licence and attribution."""
        return next(iter(self.bank.entries.values()))

    @property
    def name(self) -> str:
        """What it is blended by."""
        return self.entry.instrument.name


def bank_folder() -> Path:
    """Where they lie; it need not be there yet."""
    return data_folder() / "bank"


def owned_files() -> list[Path]:
    """All files of the user's bank; none where there is nothing to look them up with."""
    try:
        folder = bank_folder()
    except MissingError:  # a bare training box
        return []
    return sorted(folder.glob(f"*{ENDING}"))[:MAX_INSTRUMENTS] if folder.is_dir() else []


def read_owned(path: Path) -> Owned:
    """Read one instrument's file.

    Raises:
        CheckpointError: damaged, of another version, or not one instrument.
    """
    bank, header = read_bank_file(path)
    if len(bank.entries) != 1:
        raise CheckpointError(f"{path}: holds {len(bank.entries)} instruments; expected one that `capture` has made")
    if not all(folded(name) and len(name) <= LONGEST_NAME and not any(map(is_hidden, name)) for name in bank.entries):
        raise CheckpointError(
            f"{path}: the name of its instrument is not plain text of up to {LONGEST_NAME} characters"
        )
    held = header.get(CAPTURE)
    return Owned(path, bank, held if isinstance(held, dict) else {})


def find_owned(name: str) -> Owned:
    """One of the user's instruments, by name.

    Raises:
        UsageError: there is none of that name.
        CheckpointError: its file cannot be used.
    """
    path = owned_path(name)
    if not path.is_file():
        known = ", ".join(_known_names(12)) or "there are none"
        raise UsageError(f"'{name}' is not one of your instruments; {known} (`nsynth-lab bank list`)")
    return read_owned(path)


def owned_path(name: str) -> Path:
    """Where the instrument of that name lies; else where it would, which is where no other one does.

    A damaged file counts as what its name says.

    Raises:
        UsageError: others are in its place.
    """
    wanted, folder = folded(name), bank_folder()
    stems = (file_stem(name, instead=INSTEAD), digest_stem(name, instead=INSTEAD))
    for stem in (*stems, _old_stem(name)):
        path = folder / f"{stem}{ENDING}"
        if path.is_file() and _name_in(path, default=wanted if stem == stems[0] else "") == wanted:
            return path
    for stem in stems:
        if not (path := folder / f"{stem}{ENDING}").exists():
            return path
    raise UsageError(f"{path}: another instrument lies where '{name}' would; rename one of the two")


def _old_stem(name: str) -> str:
    """What the file was called before names of every script were kept apart."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:100]


def _name_in(path: Path, *, default: str) -> str:
    """The name of the instrument in a file, folded; of a damaged one, `default`."""
    try:
        return folded(read_owned(path).name)
    except CheckpointError:
        return default


def _known_names(most: int) -> list[str]:
    names = []
    for path in owned_files()[:most]:
        try:
            names.append(read_owned(path).name)
        except CheckpointError:
            names.append(path.stem)
    return names


def keep(bank: Bank, capture: dict[str, Any], *, force: bool) -> Path:
    """Write a bank of one instrument into the user's.

    Raises:
        UsageError: there is one of that name and no `force`.
        CheckpointError: it cannot be written.
    """
    path = owned_path(next(iter(bank.entries)))
    path.parent.mkdir(parents=True, exist_ok=True)
    check_target(path, force=force)
    return write_bank_file(path, bank, about={CAPTURE: capture})


def import_file(source: Path, *, force: bool) -> Owned:
    """Take in a file that somebody has exported, once it has been read whole.

    Raises:
        CheckpointError: damaged, or no instrument.
        UsageError: there is one of that name, here or in the default checkpoint, and no `force`.
    """
    owned = read_owned(source)
    if not force and _hides_another(owned):
        raise UsageError(
            f"{source}: holds '{owned.name}', and so does the default checkpoint; --force puts this one in its place "
            "(until `nsynth-lab bank remove`)"
        )
    keep(owned.bank, owned.capture, force=force)
    return find_owned(owned.name)


def _hides_another(owned: Owned) -> bool:
    """Whether the default checkpoint has an instrument of that name, which would no longer be heard."""
    with suppress(CheckpointError):
        if owned.bank.model_id == model_of(DEFAULT_CHECKPOINT):
            return folded(owned.name) in map(folded, bank_names(DEFAULT_CHECKPOINT))
    return False


def export_file(name: str, target: Path, *, force: bool) -> Path:
    """Copy an instrument's file to somewhere else.

    Raises:
        UsageError: no such instrument, or the target cannot be written.
    """
    owned = find_owned(name)
    check_target(target, force=force)
    with atomic_write(target, CheckpointError) as beside:
        shutil.copyfile(owned.path, beside)
    return target


def with_owned(bank: Bank) -> Bank:
    """A checkpoint's bank and those of the user's instruments that its model encoded; damaged files are left out."""
    found = []
    for path in owned_files():
        try:
            owned = read_owned(path)
        except CheckpointError:
            continue
        if owned.bank.model_id == bank.model_id:
            found.append(owned.bank)
    return joined(bank, found) if found else bank
