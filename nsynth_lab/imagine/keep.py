"""Imagined instruments in the user's bank, with what made them: parents, offset, controls, wishes and seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nsynth_lab.imagine.candidate import SYNTHETIC, bank_of
from nsynth_lab.imagine.choose import Imagined
from nsynth_lab.model.bank import Bank
from nsynth_lab.model.user_bank import keep
from nsynth_lab.note import Instrument
from nsynth_lab.version import __version__

IMAGINED = "imagined"


def keep_imagined(bank: Bank, made: Imagined, name: str, family: str, *, asked: Mapping[str, Any], force: bool) -> Path:
    """Add an imagined instrument to the user's bank; `asked` is what it can be made from again, as JSON values.

    Raises:
        UsageError: an instrument of that name exists and `force` is false.
        CheckpointError: the file cannot be written.
    """
    one = bank_of(bank, made.candidate, Instrument(name.lower(), family, SYNTHETIC))
    recipe = {"source": IMAGINED, **made.candidate.to_dict(), "asked": dict(asked)}
    heard = {"keys": list(made.keys), **asdict(made.recognition), "ratios": list(made.ratios), "changed": made.changed}
    return keep(one, {"recipe": recipe, "heard": heard, "nsynth_lab": __version__}, force=force)
