"""How many steps of a training last so many seconds of one processor, whatever else it has to do."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from nsynth_lab.atomic_file import write_json
from nsynth_lab.train.melody.run import Plan

PACED = 6, 30  # steps of two short runs: what they differ by is timed, since reading the tunes is no step
Trained = TypeVar("Trained")
Say = Callable[[str], object]


def trained_for(
    name: str, train: Callable[[Plan], Trained], *, seconds: float, rate: float, folder: Path, say: Say
) -> Trained:
    """What `train` returns after as many steps as last so many seconds of a processor; interrupted, it is resumed.

    Args:
        name: of what is trained; the state lies in files of that name.
        train: trains by a plan.
        seconds: of the processor, not of the clock.
        rate: the learning rate.
        folder: for the state, and for how many steps there are to be.
        say: takes lines of progress.
    """
    stem = f"{name}-{seconds:g}"
    kept = folder / f"{stem}.json"
    if not kept.is_file():
        say(f"{name}: finding its pace")
        few, more = (_seconds(train, steps, rate) for steps in PACED)
        pace = max((more - few) / (PACED[1] - PACED[0]), 1e-6)
        write_json(kept, {"steps": max(1, round(seconds / pace))})
    steps = int(json.loads(kept.read_text(encoding="utf-8"))["steps"])
    return train(Plan(steps, rate, folder / f"{stem}.safetensors", lambda line: say(f"{name}: {line}")))


def _seconds(train: Callable[[Plan], Trained], steps: int, rate: float) -> float:
    """Of the processor, for a run of so many steps with all that belongs to it."""
    with tempfile.TemporaryDirectory() as apart:
        begun = time.process_time()
        train(Plan(steps, rate, Path(apart) / "paced.safetensors", lambda _: None))
        return time.process_time() - begun
