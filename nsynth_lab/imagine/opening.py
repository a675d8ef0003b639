"""imagination(...): everything that imagining needs, from a checkpoint and its bank."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from nsynth_lab.imagine.choose import Imagination
from nsynth_lab.imagine.directions import learn_directions
from nsynth_lab.imagine.ear import Ear
from nsynth_lab.imagine.families import Families
from nsynth_lab.imagine.heard_bank import heard_bank
from nsynth_lab.model.bank import Bank, load_bank
from nsynth_lab.model.checkpoint import Checkpoint

Progress = Callable[[int, str, str], AbstractContextManager[Callable[..., None]]]


def imagination(folder: Path, bank: Bank, checkpoint: Checkpoint, *, progress: Progress) -> Imagination:
    """Imagination from the checkpoint in `folder`.

    `bank` may have instruments of the user's own too, which can be parents; what families are like is told by the
    checkpoint's own.

    `progress(total, unit, title)` shows how the bank is listened to, where nobody has yet.

    Raises:
        CheckpointError: there is no classifier or no bank.
        UsageError: no family of the bank has two instruments.
    """
    ear = Ear(checkpoint)
    real = load_bank(folder)
    families = Families(bank, real.entries)
    heard = heard_bank(folder, real, ear, progress=progress)
    return Imagination(families, ear, learn_directions(heard, real))
