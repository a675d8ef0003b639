"""Headers of a checkpoint's files, read without torch: which model they are of, and which instruments they name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nsynth_lab.errors import CheckpointError

MAX_BYTES = 512 * 2**20
WEIGHTS, BANK = "weights.safetensors", "bank.safetensors"
KEY = "nsynth_lab"


def read_header(path: Path) -> dict[str, Any]:
    """The JSON header of a checkpoint's file; its tensors are not looked at.

    Raises:
        CheckpointError: missing, too large, or none of ours.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; a checkpoint folder holds {WEIGHTS} and {BANK}")
    if path.stat().st_size > MAX_BYTES:
        raise CheckpointError(f"{path}: larger than {MAX_BYTES // 2**20} MiB; not a checkpoint of this program")
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = json.loads((file.metadata() or {})[KEY])
    except (SafetensorError, KeyError, ValueError, TypeError, OSError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged, cut short or not a checkpoint ({error}); get it again") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{path}: damaged, cut short or not a checkpoint (its header is no object); get it again")
    return header


def model_of(folder: Path) -> str:
    """The id of a checkpoint folder's model.

    Raises:
        CheckpointError: as `read_header`.
    """
    return str(read_header(folder / WEIGHTS).get("model_id", ""))
