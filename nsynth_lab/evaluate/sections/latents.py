"""`latents`: what timbre knows, seen through the mean timbre of each note over its sounding frames.

pitch_probe_semitones        how far a linear probe (see `probes`) misses a note's pitch; pitch_blind_semitones is how
                             far a guess misses that sees nothing. Timbre that is free of pitch leaves them equal
velocity_probe, _blind       the same for velocity, 1 to 127
family_probe_accuracy        1 where the probe names the family, else 0; family_blind_accuracy by the commonest family
effective_dimension          participation ratio (sum v)^2 / sum v^2 of the variances v along the principal axes
same_instrument_distance     from a note to its instrument's notes at other pitches, over that to other instruments'
                             notes: 0 where an instrument is one point, 1 where it is scattered like all the others
neighbour_family_accuracy    1 where the nearest instrument is of the same family, else 0
nearest                      instrument -> the nearest other instrument

Source: the pitch probe is that of Engel et al. 2017 (NSynth), section 4.2; the participation ratio, Gao et al. 2017, A
theory of multineuronal dimensionality, dynamics and measurement.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.evaluate.metrics.attack_decay import sounding
from nsynth_lab.evaluate.metrics.probes import read_off
from nsynth_lab.evaluate.metrics.summary import Figures, rounded
from nsynth_lab.evaluate.sections.section import Advance, Section, Twin, Work

FEWEST_INSTRUMENTS, FEWEST_NOTES = 10, 48  # fewer fit sixteen numbers by chance

Float64 = NDArray[np.float64]


class TimbreSpace(Section):
    """Collects the mean timbre of each note."""

    name: ClassVar[str] = "latents"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.records: list[NoteRecord] = []
        self.means: list[Float64] = []

    def see(self, twin: Twin, advance: Advance) -> None:  # noqa: ARG002  (nothing is decoded)
        """One note."""
        latents = twin.latents
        self.means.append(latents.timbre[sounding(latents.loudness_db)].mean(axis=0, dtype=np.float64))
        self.records.append(twin.record)

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002
        """Its figures; none from fewer than 48 notes or ten instruments."""
        instruments = {_instrument(record) for record in self.records}
        if len(instruments) < FEWEST_INSTRUMENTS or len(self.records) < FEWEST_NOTES:
            return {}
        return describe_space(np.stack(self.means), self.records)


def describe_space(means: Float64, records: list[NoteRecord]) -> dict[str, Any]:
    """The figures of notes whose mean timbre is `means` [notes, dims]."""
    figures = Figures()
    instruments = [_instrument(record) for record in records]
    families = [record.family for record in records]
    rows: list[dict[str, float | None]] = [{} for _ in records]
    for name, unit, values in (
        ("pitch", "_semitones", [record.pitch for record in records]),
        ("velocity", "", [record.velocity for record in records]),
    ):
        if len(set(values)) > 1:
            target = np.array(values, np.float64)[:, None]
            for way, told in zip(("probe", "blind"), read_off(means, target, instruments), strict=True):
                _fill(rows, f"{name}_{way}{unit}", np.abs(told - target)[:, 0])
    names = sorted(set(families))
    one_hot = np.array([[family == name for name in names] for family in families], np.float64)
    for way, told in zip(("probe", "blind"), read_off(means, one_hot, instruments), strict=True):
        _fill(rows, f"family_{way}_accuracy", told.argmax(axis=1) == one_hot.argmax(axis=1))
    _fill(rows, "same_instrument_distance", scatter(means, instruments, [record.pitch for record in records]))
    for row, family in zip(rows, families, strict=True):
        figures.add(row, family)
    return {
        "effective_dimension": {"mean": rounded(effective_dimension(means))},
        **figures.summary(),
        **_neighbours(means, instruments, families),
    }


def effective_dimension(points: Float64) -> float:
    """How many directions `points` [n, dims] really use, from 1 to dims."""
    variances = np.linalg.eigvalsh(np.cov(points.T))
    return float(variances.sum() ** 2 / max(np.square(variances).sum(), 1e-30))


def scatter(points: Float64, groups: list[str], pitches: list[int]) -> Float64:
    """Mean distance of each of `points` [n, dims] to its group's at other pitches over that to other groups', [n].

    NaN where the group has no other pitch.
    """
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    place, pitch = np.unique(groups, return_inverse=True)[1], np.array(pitches)
    same = place[:, None] == place
    own, other = same & (pitch[:, None] != pitch), ~same
    with np.errstate(invalid="ignore"):
        return np.asarray(
            ((distances * own).sum(axis=1) / own.sum(axis=1)) / ((distances * other).sum(axis=1) / other.sum(axis=1))
        )


def _neighbours(means: Float64, instruments: list[str], families: list[str]) -> dict[str, Any]:
    names, place = np.unique(instruments, return_inverse=True)
    centres = np.stack([means[place == number].mean(axis=0) for number in range(len(names))])
    family = dict(zip(instruments, families, strict=True))
    distances = np.linalg.norm(centres[:, None] - centres, axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = {str(name): str(names[row.argmin()]) for name, row in zip(names, distances, strict=True)}
    figures = Figures()
    for name, other in nearest.items():
        figures.add({"neighbour_family_accuracy": float(family[name] == family[other])}, family[name])
    return {**figures.summary(), "nearest": nearest}


def _fill(rows: list[dict[str, float | None]], name: str, values: NDArray[Any]) -> None:
    for row, value in zip(rows, values, strict=True):
        row[name] = None if np.isnan(value) else float(value)


def _instrument(record: NoteRecord) -> str:
    return f"{record.dataset}/{record.instrument_str}"
