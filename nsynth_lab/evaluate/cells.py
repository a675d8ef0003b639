"""Cells of the table `translation`: what is measured of one phrase, translated into one instrument.

A table of ten phrases and ten instruments takes an hour. With a folder for its cells it may be interrupted: what is in
the folder is not measured again. A cell holds the figures, and of each long note what the classifier listens to, so
that another classifier names the notes of a whole table within seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.folders import make_folder
from nsynth_lab.model.classifier import Classifier, classifier_input, named_families
from nsynth_lab.naming import file_stem
from nsynth_lab.units import FloatArray

SOUNDS = ("own", "plain", "source", "world")
DAMAGED = (SafetensorError, KeyError, ValueError, TypeError, OSError, RecursionError)
KEY, MOST_BYTES = "nsynth_lab_cell", 64 * 2**20
Spectra = NDArray[np.float16]
"""Inputs of the classifier, [notes, 40, 256]."""

Metrics = Mapping[str, float | None]


@dataclass(frozen=True)
class Cell:
    """One phrase as one instrument plays it.

    Attributes:
        family: of the instrument.
        metrics: figures of the translation, all but those of the classifier.
        world: the same of the vocoder WORLD; empty if it was not measured.
        spectra: the long notes of the translation (`own`), of the same keys played without following (`plain`), of
            the phrase itself (`source`) and of WORLD's (`world`).
    """

    family: str
    metrics: Metrics
    world: Metrics
    spectra: Mapping[str, Spectra]

    def named(self, which: str, classifier: Classifier) -> dict[str, float | None]:
        """How often the classifier names the target's family, and the source's, in the notes of `own` or `world`."""
        own, plain, source = (named_families(self.spectra[name], classifier) for name in (which, "plain", "source"))
        others = [place for place, name in enumerate(source) if name != self.family]
        as_source, anyway = (
            float(np.mean([names[place] == source[place] for place in others])) if others else None
            for names in (own, plain)
        )
        return {
            "target_named": float(np.mean([name == self.family for name in own])) if own else None,
            "plain_target_named": float(np.mean([name == self.family for name in plain])) if plain else None,
            "source_named": None if as_source is None or anyway is None else max(0.0, as_source - anyway),
        }


def spectra_of(notes: Sequence[FloatArray]) -> Spectra:
    """What the classifier is given of `notes`, each [samples] at 48 kHz."""
    spectra = [classifier_input(note).astype(np.float16) for note in notes]
    return np.stack(spectra) if spectra else np.zeros((0, 1, 1), np.float16)


class CellFolder:
    """Cells kept in a folder, each with what it was made from; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def kept(self, phrase: Path, target: str, made_from: Mapping[str, Any]) -> Cell | None:
        """The cell, if it is there, whole, and made from the same."""
        path = self._path(phrase, target)
        if path is None or not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        with suppress(*DAMAGED), safe_open(str(path), framework="numpy") as file:
            header = json.loads((file.metadata() or {})[KEY])
            if header["made_from"] == dict(made_from):
                spectra = {name: file.get_tensor(name) for name in SOUNDS if name in file.keys()}  # noqa: SIM118
                return Cell(str(header["family"]), dict(header["metrics"]), dict(header["world"]), spectra)
        return None

    def keep(self, phrase: Path, target: str, made_from: Mapping[str, Any], cell: Cell) -> None:
        """Write the cell, whole or not at all.

        Raises:
            NsynthLabError: the folder cannot be made or written to.
        """
        path = self._path(phrase, target)
        if path is None:
            return
        header = {"made_from": dict(made_from), "family": cell.family}
        header |= {"metrics": dict(cell.metrics), "world": dict(cell.world)}
        make_folder(path.parent, NsynthLabError)
        with atomic_write(path) as temporary:
            temporary.write_bytes(save(dict(cell.spectra), metadata={KEY: json.dumps(header)}))

    def _path(self, phrase: Path, target: str) -> Path | None:
        if self._folder is None:
            return None
        stem = file_stem(f"{phrase.stem} {target}", instead="cell")
        return self._folder / f"{stem}.safetensors"
