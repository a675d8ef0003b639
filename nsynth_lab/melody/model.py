"""The melody model in one place: writer, loops and harmony of a checkpoint, each read when it is first needed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np

from nsynth_lab.errors import CheckpointError
from nsynth_lab.melody.checkpoint import FILE, MelodyWeights, melody_weights
from nsynth_lab.melody.conditions import METRES, MODES
from nsynth_lab.melody.harmony import Harmony
from nsynth_lab.melody.loops import Loops
from nsynth_lab.melody.steps import TICKS
from nsynth_lab.melody.writer import Writer


@dataclass(frozen=True)
class Usual:
    """A kind of tune as it occurs: metre and mode by name, and how long the upbeat is in whole notes."""

    metre: str
    mode: str
    upbeat: Fraction


class MelodyModel:
    """What composes: `MelodyModel()` has the default checkpoint's, `MelodyModel(folder)` another's.

    Attributes:
        weights: as read from the file.

    Raises:
        CheckpointError: `melody.safetensors` is missing, damaged or of another version.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.weights: MelodyWeights = melody_weights(folder)

    @cached_property
    def writer(self) -> Writer:
        """Writes tunes and continues them."""
        return Writer(self.weights.writer)

    @cached_property
    def loops(self) -> Loops:
        """Encodes loops of two bars as latents, and decodes them."""
        return Loops(self.weights.loops)

    @cached_property
    def harmony(self) -> Harmony:
        """Finds chords."""
        return Harmony(self.weights.harmony)

    def usual(self, chance: np.random.Generator, *, metre: str = "", mode: str = "") -> Usual:
        """A kind of tune, drawn as often as it occurs among the tunes that were learnt from.

        Args:
            chance: to draw by.
            metre: only kinds of this metre, as in `METRES`; any, if it is empty.
            mode: likewise.

        Raises:
            CheckpointError: the model's file names no such kind.
        """
        rows = [
            row
            for row in self.weights.about.get("usual", ())
            if metre in ("", METRES[row[0]]) and mode in ("", MODES[row[1]])
        ]
        if not rows:
            raise CheckpointError(f"{FILE} knows no tune{' in ' + metre if metre else ''}{' ' + mode if mode else ''}")
        counts = np.array([row[3] for row in rows], np.float64)
        chosen = rows[int(np.searchsorted(counts.cumsum(), chance.random() * counts.sum(), side="right"))]
        return Usual(METRES[chosen[0]], MODES[chosen[1]], Fraction(int(chosen[2]), TICKS))
