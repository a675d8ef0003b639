"""Tunes to measure by: those that the model was kept from, and those that it has learnt from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from nsynth_lab.errors import DatasetError
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.train.melody.collections import Piece, read_collections


@dataclass(frozen=True)
class Sample:
    """A tune as it is measured: written by the model, or by people.

    Attributes:
        draft: its notes.
        metre, mode: places in `METRES` and `MODES`.
    """

    draft: Draft
    metre: int
    mode: int


@dataclass(frozen=True)
class Data:
    """Pieces on both sides, and the samples of each, in the same order."""

    learnt: tuple[Piece, ...]
    kept: tuple[Piece, ...]

    @cached_property
    def learnt_samples(self) -> list[Sample]:
        """Of the pieces that were learnt from."""
        return [_sample_of(piece) for piece in self.learnt]

    @cached_property
    def kept_samples(self) -> list[Sample]:
        """Of the pieces that were kept."""
        return [_sample_of(piece) for piece in self.kept]


def read_data(folder: Path, model: MelodyModel, *, say: Callable[[str], object]) -> Data:
    """The tunes of a folder, and of music21 where that is installed, divided as the model's file says.

    Raises:
        DatasetError: it has none, or none that the model has not seen.
    """
    pieces = read_collections(folder, say=say)
    seen = model.weights.trained_on
    known = [bool(seen[np.searchsorted(seen, one.digest) % max(1, len(seen))] == one.digest) for one in pieces]
    learnt = tuple(one for one, is_known in zip(pieces, known, strict=True) if is_known and one.side == "train")
    kept = tuple(one for one, is_known in zip(pieces, known, strict=True) if not is_known)
    if not kept or not learnt:
        raise DatasetError(
            f"{folder}: expected tunes that the model has learnt from and others; see scripts/train_melody"
        )
    return Data(learnt, kept)


def _sample_of(piece: Piece) -> Sample:
    """A piece as a sample."""
    return Sample(Draft.of(piece.bar_ticks, piece.steps.notes), piece.metre, piece.mode)
