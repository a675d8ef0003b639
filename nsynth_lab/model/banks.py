"""Instrument names and model ids of banks, read from the files' headers alone: fast, and without importing torch."""

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
from nsynth_lab.resources import default_checkpoint

DEFAULT_CHECKPOINT = default_checkpoint()
MAX_ENTRIES = 10_000
USER_FOLDER = "bank"  # of the user's own instruments


def find_name(name: str, known: Sequence[str], *, hint: Callable[[str], str]) -> str:
    """The one of the `known` names that `name` means; part of a name is enough if it occurs in only one.

    `hint(name)` may explain why a name is missing; if it returns an empty string, the closest names are suggested.

    Raises:
        UsageError: no name or several match.
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
    if reason := hint(name):
        raise UsageError(reason)
    close = with_word[:6] or holding[:6] or difflib.get_close_matches(wanted, list(plain), n=4, cutoff=0.4)
    names = ", ".join(plain[one] for one in close)
    advice = f"did you mean {names}?" if close else "see `nsynth-lab instruments`"
    raise UsageError(f"'{name}' is neither an instrument of the bank nor a file; {advice}")


def check_bank(folder: Path) -> None:
    """Check that a checkpoint folder has a bank encoded by its own model.

    Raises:
        CheckpointError: it has none, or another model's; the message gives the command that makes one.
    """
    model = model_of(folder)
    if not (folder / BANK).is_file():
        raise CheckpointError(f"{folder}: has no bank, so there are no instruments to name; {_build(folder)}")
    if (other := str(read_header(folder / BANK).get("model_id", ""))) != model:
        raise CheckpointError(
            f"{folder}: its bank was encoded by model {other}, but its weights are model {model}; {_build(folder)}, or "
            f"build it from notes: `nsynth-lab bank build NOTES --checkpoint {shlex.quote(str(folder))} --force`"
        )


def other_model_hint(name: str, *, folder: Path) -> str:
    """For an instrument missing from the bank in `folder`: which other model has it, and the command that adds it here.

    An empty string if no other model has it either.
    """
    wanted = folded(name)
    if not wanted:
        return ""
    try:
        model, usual = model_of(folder), model_of(DEFAULT_CHECKPOINT)
    except CheckpointError:
        return ""
    _, other = user_instrument_names().get(wanted, ("", model))
    if other != model:
        source = "`" if other == usual else f" --from-checkpoint FOLDER`, the checkpoint of model {other}"
        return (
            f"'{name}' is your own, captured with model {other}, but {folder} is model {model}; encode it anew: "
            f"`nsynth-lab bank reencode {shlex.quote(name)} --checkpoint {shlex.quote(str(folder))}{source}"
        )
    if model != usual and wanted in map(folded, bank_names(DEFAULT_CHECKPOINT)):
        return f"'{name}' is an instrument of the default checkpoint but not of {folder}; {_build(folder)}"
    return ""


def bank_names(folder: Path) -> list[str]:
    """Names of the instruments in a checkpoint's bank.

    Raises:
        CheckpointError: there is no readable bank.
    """
    return _names(read_header(folder / BANK))


def known_names(folder: Path) -> list[str]:
    """Names of a checkpoint's instruments, including the user's own that its model encoded.

    Raises:
        CheckpointError: there is no readable bank.
    """
    model = model_of(folder)
    return [*bank_names(folder), *(name for name, other in user_instrument_names().values() if other == model)]


def user_instrument_names() -> dict[str, tuple[str, str]]:
    """{folded name: (name, id of the model that encoded it)} of the user's instruments; damaged files are skipped."""
    try:
        folder = data_folder() / USER_FOLDER
    except MissingError:  # platformdirs is not installed on a machine that only trains
        return {}
    found = {}
    for path in sorted(folder.glob("*.safetensors"))[:MAX_ENTRIES] if folder.is_dir() else ():
        with suppress(CheckpointError):
            header = read_header(path)
            for name in _names(header):
                found[folded(name)] = (name, str(header.get("model_id", "")))
    return found


def check_user_instrument(name: str) -> None:
    """Refuse a name that none of the user's instruments has, from headers alone.

    If some files are damaged it refuses nothing, because one of them may be the instrument.

    Raises:
        UsageError: there is none of that name.
    """
    known = user_instrument_names()
    files = list((data_folder() / USER_FOLDER).glob("*.safetensors"))[:MAX_ENTRIES]
    if folded(name) not in known and len(known) == len(files):
        names = ", ".join([one for one, _ in known.values()][:12])
        yours = f"yours are {names}" if names else "you have none yet"
        raise UsageError(f"'{name}' is not one of your instruments; {yours} (`nsynth-lab bank list`)")


def _names(header: dict[str, Any]) -> list[str]:
    named = header.get("instruments")
    rows = named[:MAX_ENTRIES] if isinstance(named, list) else []
    return [str(row.get("name")) for row in rows if isinstance(row, dict)]


def _build(folder: Path) -> str:
    command = f"nsynth-lab bank build --from-checkpoint default --checkpoint {shlex.quote(str(folder))}"
    return f"encode the default checkpoint's instruments for it: `{command}`"
