"""How many steps of a training last so many seconds of one processor, whatever else it has to do."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from safetensors.torch import load_file

from nsynth_lab.atomic_file import write_json
from nsynth_lab.train.melody.run import SECONDS, Plan

PACED = 16  # steps that are timed
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
        write_json(kept, {"steps": max(1, round(seconds / _pace(train, rate)))})
    steps = int(json.loads(kept.read_text(encoding="utf-8"))["steps"])
    return train(Plan(steps, rate, folder / f"{stem}.safetensors", lambda line: say(f"{name}: {line}")))


def _pace(train: Callable[[Plan], object], rate: float) -> float:
    """Seconds of the processor that a step takes; reading the tunes is none."""
    with tempfile.TemporaryDirectory() as apart:
        state = Path(apart) / "paced.safetensors"
        train(Plan(PACED, rate, state, lambda _: None))
        return max(float(load_file(state)[SECONDS]), 1e-6) / PACED
