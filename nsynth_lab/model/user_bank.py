"""The user's own instruments: one small bank file each, in the user's data folder.

DATA/bank/NAME.safetensors      the format of a checkpoint's bank, with one instrument; its header also says what it
                                was captured from and how well each note was reconstructed

An instrument's name is the one in the header; the file name is its nearest form in plain letters (see `naming`).
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
from nsynth_lab.folders import data_folder, make_folder
from nsynth_lab.legible import is_hidden
from nsynth_lab.model.bank import Bank, BankEntry, merged, read_bank_file, write_bank_file
from nsynth_lab.model.banks import DEFAULT_CHECKPOINT, bank_names
from nsynth_lab.model.headers import model_of
from nsynth_lab.naming import digest_stem, file_stem, folded

ENDING = ".safetensors"
CAPTURE = "capture"
MAX_INSTRUMENTS = 2_000
MAX_NAME_CHARACTERS = 200
INSTEAD = "instrument"  # as file name if the name has no plain letters


@dataclass(frozen=True)
class UserInstrument:
    """One of the user's own instruments.

    Attributes:
        path: its file.
        bank: a bank with only this instrument.
        capture: what it was captured from and the outcome of each note, as JSON values; empty if unknown.
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
        """The name by which it is blended."""
        return self.entry.instrument.name


def bank_folder() -> Path:
    """The folder of the user's own instruments; it may not exist yet."""
    return data_folder() / "bank"


def user_instrument_files() -> list[Path]:
    """The files of the user's own instruments; empty if platformdirs, which finds their folder, is not installed."""
    try:
        folder = bank_folder()
    except MissingError:  # on a machine that only trains
        return []
    return sorted(folder.glob(f"*{ENDING}"))[:MAX_INSTRUMENTS] if folder.is_dir() else []


def read_user_instrument(path: Path) -> UserInstrument:
    """Read one instrument's file.

    Raises:
        CheckpointError: damaged, of another format version, or it does not hold exactly one instrument.
    """
    bank, header = read_bank_file(path)
    if len(bank.entries) != 1:
        raise CheckpointError(f"{path}: holds {len(bank.entries)} instruments; expected one, as `capture` writes it")
    (name,) = bank.entries
    if not folded(name) or len(name) > MAX_NAME_CHARACTERS or any(map(is_hidden, name)):
        raise CheckpointError(
            f"{path}: its instrument's name must be printable text of at most {MAX_NAME_CHARACTERS} characters"
        )
    capture = header.get(CAPTURE)
    return UserInstrument(path, bank, capture if isinstance(capture, dict) else {})


def find_user_instrument(name: str) -> UserInstrument:
    """One of the user's instruments, by name.

    Raises:
        UsageError: there is none of that name.
        CheckpointError: its file is damaged.
    """
    path = user_instrument_path(name)
    if not path.is_file():
        names = ", ".join(_known_names(12))
        yours = f"yours are {names}" if names else "you have none yet"
        raise UsageError(f"'{name}' is not one of your instruments; {yours} (`nsynth-lab bank list`)")
    return read_user_instrument(path)


def user_instrument_path(name: str) -> Path:
    """The file of the instrument of that name; if there is none, a free path for a new one.

    A damaged file is taken for the instrument that its file name says.

    Raises:
        UsageError: every possible file name is used by another instrument.
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
    raise UsageError(f"{path}: the file name for '{name}' is used by another instrument; rename one of the two")


def _old_stem(name: str) -> str:
    """The file name stem of versions that kept only Latin letters and digits."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:100]


def _name_in(path: Path, *, default: str) -> str:
    """The folded name of the instrument in a file; `default` if the file is damaged."""
    try:
        return folded(read_user_instrument(path).name)
    except CheckpointError:
        return default


def _known_names(most: int) -> list[str]:
    names = []
    for path in user_instrument_files()[:most]:
        try:
            names.append(read_user_instrument(path).name)
        except CheckpointError:
            names.append(path.stem)
    return names


def keep(bank: Bank, capture: dict[str, Any], *, force: bool) -> Path:
    """Save a bank of one instrument among the user's own; returns its path.

    Raises:
        UsageError: an instrument of that name exists and `force` is false.
        CheckpointError: the file cannot be written.
    """
    path = user_instrument_path(next(iter(bank.entries)))
    make_folder(path.parent, CheckpointError)
    check_target(path, force=force)
    return write_bank_file(path, bank, about={CAPTURE: capture})


def import_file(source: Path, *, force: bool) -> UserInstrument:
    """Add an exported instrument to the user's own, after the whole file has been checked.

    Raises:
        CheckpointError: damaged, or not an instrument.
        UsageError: an instrument of that name exists, here or in the default checkpoint, and `force` is false.
    """
    owned = read_user_instrument(source)
    if not force and _hides_another(owned):
        raise UsageError(
            f"{source}: the default checkpoint also has an instrument '{owned.name}'; --force uses this one instead, "
            "until `nsynth-lab bank remove`"
        )
    keep(owned.bank, owned.capture, force=force)
    return find_user_instrument(owned.name)


def _hides_another(owned: UserInstrument) -> bool:
    """Whether it would hide an instrument of the same name in the default checkpoint."""
    with suppress(CheckpointError):
        if owned.bank.model_id == model_of(DEFAULT_CHECKPOINT):
            return folded(owned.name) in map(folded, bank_names(DEFAULT_CHECKPOINT))
    return False


def export_file(name: str, target: Path, *, force: bool) -> Path:
    """Copy the file of one of the user's instruments to `target`; returns `target`.

    Raises:
        UsageError: there is no such instrument, or `target` exists and `force` is false.
    """
    owned = find_user_instrument(name)
    check_target(target, force=force)
    with atomic_write(target, CheckpointError) as temporary:
        shutil.copyfile(owned.path, temporary)
    return target


def with_user_instruments(bank: Bank) -> Bank:
    """A checkpoint's bank plus the user's instruments that its model encoded; damaged files are skipped."""
    found = []
    for path in user_instrument_files():
        try:
            owned = read_user_instrument(path)
        except CheckpointError:
            continue
        if owned.bank.model_id == bank.model_id:
            found.append(owned.bank)
    return merged(bank, found) if found else bank
