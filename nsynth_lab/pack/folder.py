"""What a folder holds of a pack: nothing, a pack, one that is not finished, or something else; and what it has lost.

A folder may come from anyone: files are read up to a bounded size, and names that lead out of it are not followed.
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
MADE = ("documents", "clips")  # what a manifest has beside the plan
MAX_BYTES, LONGEST_PATH = 256 * 2**20, 4096


def recipe_file(folder: Path) -> Path:
    """The file that says what the pack in `folder` is to be, whole or not.

    Raises:
        UsageError: it holds no pack.
    """
    found = look_into(folder)
    if found not in ("unfinished", "pack"):
        raise UsageError(f"{folder}: holds no pack to go on with; say of what to make one")
    return folder / UNFINISHED / PLAN if found == "unfinished" else folder / MANIFEST


def model_of(folder: Path) -> Path | None:
    """The folder of the checkpoint with which the unfinished pack in `folder` was begun."""
    path = folder / UNFINISHED / MODEL
    if not path.is_file() or path.stat().st_size > LONGEST_PATH:
        return None
    return Path(os.fsdecode(path.read_bytes()))


def is_of(folder: Path, plan: Mapping[str, Any]) -> bool:
    """Whether the pack in `folder`, whole or not, is that of `plan`."""
    found = read_json(recipe_file(folder))
    return bool({key: found[key] for key in found if key not in MADE} == json.loads(json_bytes(plan)))


def lost(folder: Path) -> tuple[list[str], list[str]]:
    """Clips and other files of the whole pack in `folder` that are missing, or are not what its manifest says.

    Raises:
        PackError: the manifest cannot be read.
    """
    manifest = read_json(folder / MANIFEST)
    documents, files = manifest.get("documents"), manifest.get("files")
    others = documents if isinstance(documents, dict) else {}
    clips = {str(record["file"]): record.get("sha256") for record in records_of(folder)}
    told = {*clips, *others, MANIFEST}
    untold = [file for file in files if isinstance(file, str) and file not in told] if isinstance(files, list) else []
    return [*_changed(folder, clips), *untold], _changed(folder, others)


def check_folder(folder: Path, *, resume: bool, force: bool) -> str:
    """Refuse before the work what is in the way in any case; returns what `folder` holds, as `look_into`.

    Raises:
        UsageError: the folder holds something else; what is in the way is told.
    """
    found = look_into(folder)
    if found == "stranger":
        raise UsageError(f"{folder}: is not empty and holds no pack; choose an empty or a new folder")
    if found == "pack" and not resume and not force:
        raise UsageError(
            f"{folder}: holds a pack already; choose another folder, add --force to replace it, or --resume to make "
            "again what it has lost"
        )
    if found == "unfinished" and not resume and not force:
        raise UsageError(f"{folder}: holds an unfinished pack; add --resume to go on, or --force to begin anew")
    return found


def look_into(folder: Path) -> str:
    """What `folder` holds: "nothing", "unfinished", "pack" or "stranger".

    Raises:
        UsageError: it is a file, or lies in a folder that does not exist.
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
        return "pack" if "nsynth_lab" in read_json(folder / MANIFEST) else "stranger"
    return "stranger" if any(path.name != UNFINISHED for path in folder.iterdir()) else "nothing"


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of bounded size.

    Raises:
        PackError: missing, too large, or not such a file.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PackError(f"{path}: larger than {MAX_BYTES // 2**20} MiB; not a manifest of a pack")
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise PackError(f"{path}: cannot be read as a manifest: {error}") from error
    if not isinstance(value, dict):
        raise PackError(f"{path}: cannot be read as a manifest: expected a JSON object")
    return value


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """JSON for people and programs, the same bytes for the same value."""
    return (json.dumps(encodable_in(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def sha256(path: Path) -> str:
    """Hash of a file; empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def records_of(folder: Path) -> list[dict[str, Any]]:
    """Of the clips of a whole pack."""
    records = read_json(folder / MANIFEST).get("clips")
    return [one for one in records if isinstance(one, dict) and "file" in one] if isinstance(records, list) else []


def _changed(folder: Path, hashes: Mapping[str, Any]) -> list[str]:
    """Those of these files that do not have these hashes."""
    return [file for file, digest in hashes.items() if digest != sha256(next(within(folder, [file]), folder))]


def within(folder: Path, files: Sequence[object]) -> Iterator[Path]:
    """Those of `files` that are names within `folder`, whatever a manifest claims."""
    root = folder.resolve()
    for file in files:
        if isinstance(file, str) and (root / file).resolve().is_relative_to(root) and file:
            yield folder / file
