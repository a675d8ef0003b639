"""write_export: the decoder with instruments of a bank inside as a file; check_export: whether a file plays right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.errors import ExportError, UsageError
from nsynth_lab.model.bank import Bank
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.runtime.export.about import About
from nsynth_lab.runtime.export.golden import LARGEST_ERROR_DB, Golden, golden_streams
from nsynth_lab.runtime.export.nn_host import NnHost
from nsynth_lab.runtime.export.nn_tilde import nn_tilde
from nsynth_lab.runtime.export.onnx_file import OPSET, onnx_file
from nsynth_lab.runtime.export.onnx_host import OnnxHost
from nsynth_lab.runtime.export.step import CORNERS, ExportStep
from nsynth_lab.runtime.export.table import bank_table
from nsynth_lab.units import HOP_SAMPLES, FloatArray

NN, ONNX = KINDS = ("nn~", "onnx")
ENDINGS = {NN: ".ts", ONNX: ".onnx"}
MOST_INSTRUMENTS = 32


@dataclass(frozen=True)
class Checked:
    """A file that plays its golden sound, and how far from it, in dB."""

    path: Path
    about: About
    error_db: float


def write_export(path: Path, kind: str, checkpoint: Checkpoint, bank: Bank, names: Sequence[str]) -> Checked:
    """Write a file of `kind` and check it.

    Raises:
        UsageError: an instrument that the bank does not have, or too many of them.
        ExportError: it cannot be written, or does not play its golden sound.
        MissingError: a package that it takes is not installed.
    """
    if not 1 <= len(names) <= MOST_INSTRUMENTS:
        raise UsageError(f"{len(names)} instruments; expected 1 to {MOST_INSTRUMENTS}")
    table = bank_table(bank, names)
    step = ExportStep(checkpoint.model.decoder, table).eval()
    streams = golden_streams()
    needs = f"torch {torch.__version__.partition('+')[0]}" if kind == NN else f"opset {OPSET}"
    about = About(checkpoint.model_id, table.names, table.credits, Golden(streams, played(step, streams)), needs)
    data = nn_tilde(step, about) if kind == NN else onnx_file(step, about)
    with atomic_write(path, ExportError) as beside:
        beside.write_bytes(data)
    return check_export(path)


def check_export(path: Path) -> Checked:
    """Play the golden sound of a file; only of files that you trust.

    Raises:
        ExportError: it is no export, of another version, or does not play its golden sound within -60 dB.
        MissingError: what plays it is not installed.
    """
    if path.suffix.lower() not in ENDINGS.values():
        raise ExportError(f"{path}: expected a .ts or an .onnx file")
    if path.suffix.lower() == ENDINGS[NN]:
        nn = NnHost(path)
        about = nn.about
        sound = nn.play(np.repeat(about.golden.streams, HOP_SAMPLES, axis=1), buffer_samples=HOP_SAMPLES)
    else:
        onnx = OnnxHost(path)
        about = onnx.about
        sound = onnx.play(about.golden.streams)
    error_db = about.golden.error_db(sound)
    if not error_db <= LARGEST_ERROR_DB:
        raise ExportError(
            f"{path}: does not play its golden sound here: it is {error_db:.0f} dB off, expected "
            f"{LARGEST_ERROR_DB:.0f} dB or less; it was made with {about.needs}, by nsynth-lab {about.made_by}"
        )
    return Checked(path, about, error_db)


@torch.no_grad()
def played(step: ExportStep, streams: FloatArray, *, corners: Sequence[int] = ()) -> FloatArray:
    """The sound [2, frames * 512] that `step` makes of streams [4, frames], its instruments at the corners in order."""
    places = torch.tensor(corners or [place % step.instruments for place in range(CORNERS)])
    state, blocks = tuple(step.start(1)), []
    for column in torch.from_numpy(streams).T:
        audio, *after = step(*(one[None] for one in column), places, torch.zeros(1), *state)
        state = tuple(after)
        blocks.append(audio[0].numpy())
    return np.concatenate(blocks, axis=1)
