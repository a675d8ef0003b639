"""Banks and the models that they belong to, recognised by their headers alone: quick, and without torch."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from nsynth_lab.errors import CheckpointError, MissingError, UsageError
from nsynth_lab.folders import data_folder
from nsynth_lab.model.headers import BANK, model_of, read_header
from nsynth_lab.naming import folded

DEFAULT_CHECKPOINT = Path(__file__).resolve().parents[2] / "checkpoints" / "default"
MOST_LOOKED_AT = 10_000
OWN = "bank"  # the folder of the user's own instruments


def find_name(name: str, known: Sequence[str], *, elsewhere: Callable[[str], str]) -> str:
    """The instrument of that name; a word or part of a name will do where only one instrument has it.

    `elsewhere(name)` may have more to say of one that is not there.

    Raises:
        UsageError: none or several; the closest names are offered.
    """
    wanted = folded(name)
    plain = {folded(one): one for one in known}
    if wanted in plain:
        return plain[wanted]
    with_word = [one for one in plain if wanted and f" {wanted} " in f" {one} "]
    holding = [one for one in plain if wanted and wanted in one]
    for found in (with_word, holding):
        if len(found) == 1:
            return plain[found[0]]
    if told := elsewhere(name):
        raise UsageError(told)
    close = with_word[:6] or holding[:6] or difflib.get_close_matches(wanted, list(plain), n=4, cutoff=0.4)
    names = ", ".join(plain[one] for one in close)
    hint = f"did you mean {names}?" if close else "see `nsynth-lab instruments`"
    raise UsageError(f"'{name}' is neither an instrument of the bank nor a file; {hint}")


def check_bank(folder: Path) -> None:
    """Whether a checkpoint folder has a bank, and one of its own model.

    Raises:
        CheckpointError: it has not, and what makes one.
    """
    model = model_of(folder)
    if not (folder / BANK).is_file():
        raise CheckpointError(f"{folder}: has no bank, so no instrument has a name there; {_build(folder)}")
    if (other := str(read_header(folder / BANK).get("model_id", ""))) != model:
        raise CheckpointError(
            f"{folder}: its bank was encoded by model {other}, its weights are {model}; {_build(folder)}, or with "
            f"--force from notes: `nsynth-lab bank build NOTES --checkpoint {shlex.quote(str(folder))} --force`"
        )


def where_else(name: str, *, folder: Path) -> str:
    """What to say of an instrument that the bank in `folder` has not: another model has it, and how this one gets it.

    Empty where no other has it either.
    """
    wanted = folded(name)
    if not wanted:
        return ""
    try:
        model, usual = model_of(folder), model_of(DEFAULT_CHECKPOINT)
    except CheckpointError:
        return ""
    _, other = owned_names().get(wanted, ("", model))
    if other != model:
        source = "`" if other == usual else f" --from-checkpoint FOLDER`, the checkpoint of model {other}"
        return (
            f"'{name}' is your own, captured with model {other}, and {folder} is model {model}; encode it for that: "
            f"`nsynth-lab bank reencode {shlex.quote(name)} --checkpoint {shlex.quote(str(folder))}{source}"
        )
    if model != usual and wanted in map(folded, bank_names(DEFAULT_CHECKPOINT)):
        return f"'{name}' is an instrument of the default checkpoint and not of {folder}; {_build(folder)}"
    return ""


def bank_names(folder: Path) -> list[str]:
    """The instruments that a checkpoint's bank names.

    Raises:
        CheckpointError: it has none that can be read.
    """
    return _names(read_header(folder / BANK))


def known_names(folder: Path) -> list[str]:
    """What a checkpoint's instruments are called, the user's own that belong to it with them.

    Raises:
        CheckpointError: it has none that can be read.
    """
    model = model_of(folder)
    return [*bank_names(folder), *(name for name, other in owned_names().values() if other == model)]


def owned_names() -> dict[str, tuple[str, str]]:
    """Names of the user's own instruments and the models that they were captured with, by their folded names."""
    try:
        folder = data_folder() / OWN
    except MissingError:  # a bare training box
        return {}
    found = {}
    for path in sorted(folder.glob("*.safetensors"))[:MOST_LOOKED_AT] if folder.is_dir() else ():
        with suppress(CheckpointError):
            header = read_header(path)
            for name in _names(header):
                found[folded(name)] = (name, str(header.get("model_id", "")))
    return found


def check_owned(name: str) -> None:
    """Refuse a name that none of the user's own instruments has, reading headers only; damaged files are skipped.

    Raises:
        UsageError: there is none of that name.
    """
    known = owned_names()
    files = list((data_folder() / OWN).glob("*.safetensors"))[:MOST_LOOKED_AT]
    if folded(name) not in known and len(known) == len(files):
        there = ", ".join([one for one, _ in known.values()][:12]) or "there are none"
        raise UsageError(f"'{name}' is not one of your instruments; {there} (`nsynth-lab bank list`)")


def _names(header: dict[str, Any]) -> list[str]:
    named = header.get("instruments")
    rows = named[:MOST_LOOKED_AT] if isinstance(named, list) else []
    return [str(row.get("name")) for row in rows if isinstance(row, dict)]


def _build(folder: Path) -> str:
    command = f"nsynth-lab bank build --from-checkpoint default --checkpoint {shlex.quote(str(folder))}"
    return f"encode that of the default checkpoint for it: `{command}`"
