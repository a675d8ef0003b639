"""Training: steps per second of a short run on synthetic notes, with the model and precision of a real run."""

from __future__ import annotations

import tempfile
import time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from nsynth_lab.bench.synthetic import prepared_notes
from nsynth_lab.bench.timing import Spread
from nsynth_lab.bench.work import Advance, Work
from nsynth_lab.train.initial_model import build_model
from nsynth_lab.train.loop import train
from nsynth_lab.train.options import TrainingProgress, TrainOptions

BATCH = 8
STEPS, QUICK_STEPS = 12, 3
NOTES, NOTE_SECONDS = 8, 2.0


@dataclass(frozen=True)
class Training:
    """Speed of fine-tuning the checkpoint's model.

    Attributes:
        batch: crops per step, of `seconds_a_crop` each.
        steps_per_second: from the intervals between steps, so without the first.
    """

    batch: int
    seconds_a_crop: float
    device: str
    threads: int
    steps_per_second: Spread


def progress_steps(work: Work) -> int:
    """Number of steps by which `measure` advances the progress bar."""
    return QUICK_STEPS if work.quick else STEPS


def measure(work: Work, advance: Advance) -> Training:
    """Train for a moment in a temporary folder."""
    options = TrainOptions(steps=progress_steps(work), batch=BATCH)
    ends: list[float] = []

    def on_step(_: TrainingProgress) -> None:
        ends.append(time.perf_counter())
        advance()

    model = build_model("excitation", deepcopy(work.session.checkpoint.model), seed=0)
    notes = prepared_notes(NOTES, seconds=NOTE_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        train(
            notes, Path(folder), options, model, device=work.device, on_step=on_step, on_save=lambda *_: None,
        )  # fmt: skip
    return Training(
        batch=BATCH,
        seconds_a_crop=round(options.frames * 512 / 48_000, 3),
        device=work.device,
        threads=torch.get_num_threads(),
        steps_per_second=Spread.of([1.0 / one for one in np.diff(ends)]),
    )
