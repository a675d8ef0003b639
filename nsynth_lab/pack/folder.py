"""What a folder contains: no pack, a complete pack, an unfinished one or something else; and which files it has lost.

Folders may come from strangers: files are read up to a maximum size, and paths that lead out of the folder are ignored.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nsynth_lab.errors import PackError, UsageError
from nsynth_lab.legible import encodable_in

UNFINISHED, PLAN, MODEL, CLIPS, MANIFEST = ".unfinished", "plan.json", "model.txt", "clips", "manifest.json"
RESULTS = ("documents", "clips")  # keys of a manifest that the plan does not have
MAX_BYTES, LONGEST_PATH = 256 * 2**20, 4096


def recipe_file(folder: Path) -> Path:
    """The file with the recipe of the pack in `folder`, complete or not.

    Raises:
        UsageError: it contains no pack.
    """
    found = inspect_folder(folder)
    if found not in ("unfinished", "pack"):
        raise UsageError(f"{folder}: holds no pack to resume; name the instruments or the preset to make one")
    return folder / UNFINISHED / PLAN if found == "unfinished" else folder / MANIFEST


def model_of(folder: Path) -> Path | None:
    """The folder of the checkpoint with which the unfinished pack in `folder` was started; None if unknown."""
    path = folder / UNFINISHED / MODEL
    if not path.is_file() or path.stat().st_size > LONGEST_PATH:
        return None
    return Path(os.fsdecode(path.read_bytes()))


def matches_plan(folder: Path, plan: Mapping[str, Any]) -> bool:
    """Whether the pack in `folder`, complete or not, was made from `plan`."""
    found = read_json(recipe_file(folder))
    return bool({key: found[key] for key in found if key not in RESULTS} == json.loads(json_bytes(plan)))


def lost_files(folder: Path) -> tuple[list[str], list[str]]:
    """(clips, other files) of the complete pack in `folder` that are missing or differ from its manifest.

    Raises:
        PackError: the manifest cannot be read.
    """
    manifest = read_json(folder / MANIFEST)
    documents, files = manifest.get("documents"), manifest.get("files")
    others = documents if isinstance(documents, dict) else {}
    clips = {str(record["file"]): record.get("sha256") for record in records_of(folder)}
    known = {*clips, *others, MANIFEST}
    unknown = [file for file in files if isinstance(file, str) and file not in known] if isinstance(files, list) else []
    return [*_changed(folder, clips), *unknown], _changed(folder, others)


def check_folder(folder: Path, *, resume: bool, force: bool) -> str:
    """Refuse before the work if the folder cannot be used; returns what it contains, as `inspect_folder`.

    Raises:
        UsageError: the folder contains something else; the message says what.
        PackError: its manifest cannot be read.
    """
    found = inspect_folder(folder)
    if found == "other":
        raise UsageError(f"{folder}: is not empty and holds no pack; choose an empty or a new folder")
    if found == "pack" and not resume and not force:
        raise UsageError(
            f"{folder}: holds a pack already; choose another folder, add --force to replace it, or --resume to make "
            "the files it has lost again"
        )
    if found == "unfinished" and not resume and not force:
        raise UsageError(f"{folder}: holds an unfinished pack; add --resume to resume it, or --force to start over")
    return found


def inspect_folder(folder: Path) -> str:
    """What `folder` contains: "nothing", "unfinished", "pack" or "other".

    Raises:
        UsageError: it is a file, or its parent folder does not exist.
        PackError: its manifest cannot be read.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; expected a folder for the pack")
    if not folder.exists():
        if not folder.absolute().parent.is_dir():
            raise UsageError(f"{folder}: the folder {folder.absolute().parent} does not exist; make it first")
        return "nothing"
    if (folder / UNFINISHED / PLAN).is_file():
        return "unfinished"
    if (folder / MANIFEST).is_file():
        return "pack" if "nsynth_lab" in read_json(folder / MANIFEST) else "other"
    return "other" if any(path.name != UNFINISHED for path in folder.iterdir()) else "nothing"


def read_json(path: Path) -> dict[str, Any]:
    """Read a manifest, a plan or a record: a JSON object of at most 256 MiB.

    Raises:
        PackError: missing, too large, or not a JSON object; the message says what to do.
    """
    advice = "restore that file, or make the pack again in a new folder"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PackError(f"{path}: larger than {MAX_BYTES // 2**20} MiB; not a manifest of a pack")
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise PackError(f"{path}: cannot be read as a manifest: {error}; {advice}") from error
    if not isinstance(value, dict):
        raise PackError(f"{path}: cannot be read as a manifest: expected a JSON object; {advice}")
    return value


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """Readable JSON; the same value always gives the same bytes."""
    return (json.dumps(encodable_in(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def sha256(path: Path) -> str:
    """Hash of a file; empty if it does not exist."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def records_of(folder: Path) -> list[dict[str, Any]]:
    """The records of a complete pack's clips."""
    records = read_json(folder / MANIFEST).get("clips")
    return [one for one in records if isinstance(one, dict) and "file" in one] if isinstance(records, list) else []


def _changed(folder: Path, hashes: Mapping[str, Any]) -> list[str]:
    """The files that do not have these hashes."""
    return [file for file, digest in hashes.items() if digest != sha256(next(within(folder, [file]), folder))]


def within(folder: Path, files: Sequence[object]) -> Iterator[Path]:
    """The paths of those `files` that are inside `folder`, whatever a manifest claims."""
    root = folder.resolve()
    for file in files:
        if isinstance(file, str) and (root / file).resolve().is_relative_to(root) and file:
            yield folder / file
