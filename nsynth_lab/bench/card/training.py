"""Training on a graphics card: steps per second, and gradients summed by NCCL."""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from nsynth_lab.bench.synthetic import prepared_notes
from nsynth_lab.render import Session
from nsynth_lab.train.initial_model import build_model
from nsynth_lab.train.loop import train
from nsynth_lab.train.options import TrainOptions

NOTES, NOTE_SECONDS = 8, 2.0
RUNS = (("cuda", 8, 20.0), ("cuda", 64, 40.0), ("cpu", 8, 10.0))  # device, crops a step, seconds
BRIEF = (("cpu", 1, 0.0),)
SUMMED, SUMS = 10_000_000, 10  # about as many numbers as a model has gradients


class _TimeIsUp(Exception):  # noqa: N818  (no error)
    """The run has been measured for long enough."""


def measure(compute: str, *, brief: bool) -> dict[str, Any]:
    """Steps per second of short runs, and milliseconds of a sum over all processes, of which there is one."""
    session = Session(device="cpu", user_instruments=False)
    runs = [_run(session, *options) for options in (BRIEF if brief else RUNS)]
    return {"runs": runs, **_sum(compute, SUMS if brief else SUMMED)}


def _run(session: Session, device: str, batch: int, seconds: float) -> dict[str, Any]:
    ends: list[float] = []

    def on_step(_: object) -> None:
        if device == "cuda":
            torch.cuda.synchronize()
        ends.append(time.perf_counter())
        if len(ends) > 1 and ends[-1] - ends[0] > seconds:
            raise _TimeIsUp

    model = build_model("excitation", deepcopy(session.checkpoint.model), seed=0)
    notes, options = prepared_notes(NOTES, seconds=NOTE_SECONDS), TrainOptions(batch=batch)
    with tempfile.TemporaryDirectory() as folder, suppress(_TimeIsUp):
        train(notes, Path(folder), options, model, device=device, on_step=on_step, on_save=lambda *_: None)
    rate = (len(ends) - 1) / (ends[-1] - ends[0])
    return {"device": device, "batch": batch, "threads": torch.get_num_threads(), "steps_per_second": rate}


def _sum(compute: str, count: int) -> dict[str, Any]:
    """Connect as processes of a run do, and sum as they do after each step."""
    backend = "nccl" if compute == "cuda" else "gloo"
    with tempfile.TemporaryDirectory() as folder:
        distributed.init_process_group(backend, init_method=f"file://{folder}/meeting", rank=0, world_size=1)
        gradients = torch.ones(count, device=compute)
        distributed.all_reduce(gradients)
        begun = time.perf_counter()
        for _ in range(SUMS):
            distributed.all_reduce(gradients)
        unchanged = bool((gradients == 1.0).all())  # also waits for the card
        took = time.perf_counter() - begun
        distributed.barrier()
        distributed.destroy_process_group()
    return {"backend": backend, "sum_ms": 1e3 * took / SUMS, "sum_is_right": unchanged}
