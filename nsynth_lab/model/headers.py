"""JSON headers of the files in a checkpoint folder, read without importing torch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nsynth_lab.errors import CheckpointError
from nsynth_lab.latents import PARTIAL_SLOTS, TIMBRE_DIMS
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

# of banks with sounds without a pitch, with stereo ones, with details
FORMAT_VERSION, UNPITCHED_VERSION, WIDTH_VERSION, DETAIL_VERSION = 1, 2, 3, 4
MAX_BYTES = 512 * 2**20
WEIGHTS, BANK = "weights.safetensors", "bank.safetensors"
KEY = "nsynth_lab"
FIXED = {
    "format_version": FORMAT_VERSION,
    "sample_rate": SAMPLE_RATE,
    "hop_samples": HOP_SAMPLES,
    "timbre_dims": TIMBRE_DIMS,
    "partial_slots": PARTIAL_SLOTS,
}


@contextmanager
def opened(path: Path) -> Iterator[tuple[dict[str, Any], Any]]:
    """(the JSON header of a file in a checkpoint folder, the open safetensors file).

    Raises:
        CheckpointError: missing, too large, damaged, not written by this program, or of another format version; also
            for damage found while tensors are read inside the `with`.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; a checkpoint folder holds {WEIGHTS} and {BANK}")
    if path.stat().st_size > MAX_BYTES:
        raise CheckpointError(f"{path}: larger than {MAX_BYTES // 2**20} MiB; not a checkpoint of this program")
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = json.loads((file.metadata() or {})[KEY])
            wrong = {key: header.get(key) for key in FIXED if header.get(key) not in _allowed(key, header)}
            if not wrong:
                yield header, file
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged, cut short or not a checkpoint ({error}); get it again") from error
    if wrong:
        came = ", ".join(f"{key} {value}" for key, value in wrong.items())
        need = ", ".join(f"{key} {FIXED[key]}" for key in wrong)
        raise CheckpointError(f"{path}: made for another version ({came}); this version reads {need}")


def _allowed(key: str, header: dict[str, Any]) -> tuple[int, ...]:
    newer = key == "format_version" and "instruments" in header
    return (FIXED[key], UNPITCHED_VERSION, WIDTH_VERSION, DETAIL_VERSION) if newer else (FIXED[key],)


def read_header(path: Path) -> dict[str, Any]:
    """The JSON header of a file in a checkpoint folder, without reading its tensors.

    Raises:
        CheckpointError: as `opened`.
    """
    with opened(path) as (header, _):
        return header


def model_of(folder: Path) -> str:
    """The model id of a checkpoint folder.

    Raises:
        CheckpointError: as `opened`.
    """
    return str(read_header(folder / WEIGHTS).get("model_id", ""))
