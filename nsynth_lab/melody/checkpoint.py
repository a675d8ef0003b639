"""melody.safetensors: the weights of the writer and the loops, the chords' table, and what they were trained on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.errors import CheckpointError
from nsynth_lab.resources import default_checkpoint
from nsynth_lab.units import FloatArray, Ints

FILE = "melody.safetensors"
FORMAT_VERSION = 1
KEY = "nsynth_lab"
MOST_BYTES = 64 * 2**20
TRAINED_ON = "trained_on"  # digests of the tunes, so that nobody measures the model on what it has learnt


@dataclass(frozen=True)
class MelodyWeights:
    """What the file holds.

    Attributes:
        writer, loops, harmony: arrays by name, in float32.
        trained_on: digests of the tunes that were learnt from or chosen by, in order.
        about: what the header says: how often each metre, mode and upbeat occurs, and where it all comes from.
    """

    writer: dict[str, FloatArray]
    loops: dict[str, FloatArray]
    harmony: dict[str, FloatArray]
    trained_on: Ints
    about: dict[str, Any]


@cache
def melody_weights(folder: Path | None = None) -> MelodyWeights:
    """The weights in a checkpoint folder, the default one if none is given.

    Raises:
        CheckpointError: missing, damaged, or of another version.
    """
    from safetensors import SafetensorError, safe_open

    path = (folder or default_checkpoint()) / FILE
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; a checkpoint that writes tunes holds {FILE}")
    if path.stat().st_size > MOST_BYTES:
        raise CheckpointError(f"{path}: larger than {MOST_BYTES // 2**20} MiB; not a melody model of this program")
    try:
        with safe_open(str(path), framework="numpy") as file:
            about = json.loads((file.metadata() or {})[KEY])
            if about["format_version"] != FORMAT_VERSION:
                raise CheckpointError(f"{path}: of another version; this one reads format {FORMAT_VERSION}")
            parts: dict[str, dict[str, FloatArray]] = {"writer": {}, "loops": {}, "harmony": {}}
            for name in file.keys():  # noqa: SIM118  # it is no dictionary
                part, _, rest = name.partition(".")
                if part in parts:
                    parts[part][rest] = np.asarray(file.get_tensor(name), np.float32)
            trained_on = np.asarray(file.get_tensor(TRAINED_ON), np.int64)
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged, cut short or no melody model ({error}); get it again") from error
    return MelodyWeights(**parts, trained_on=trained_on, about=about)


def write_melody_weights(path: Path, weights: MelodyWeights) -> None:
    """Write them, in float16.

    Raises:
        CheckpointError: the file cannot be written.
    """
    from safetensors.numpy import save

    tensors: dict[str, np.ndarray[Any, Any]] = {
        f"{part}.{name}": np.ascontiguousarray(value, np.float16)
        for part in ("writer", "loops", "harmony")
        for name, value in getattr(weights, part).items()
    }
    tensors[TRAINED_ON] = np.sort(weights.trained_on)
    text = json.dumps({"format_version": FORMAT_VERSION, **weights.about})
    with atomic_write(path, CheckpointError) as beside:
        beside.write_bytes(save(tensors, metadata={KEY: text}))
