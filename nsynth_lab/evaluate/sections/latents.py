"""`latents`: what timbre says about pitch, velocity and family, from each note's mean over its sounding frames.

pitch_probe_semitones        error of a linear probe (see `probes`) that predicts the pitch; pitch_blind_semitones is
                             that of a baseline without timbre. They are equal if timbre is independent of pitch
velocity_probe, _blind       the same for velocity, 1 to 127
family_probe_accuracy        1 if the probe predicts the family, else 0; family_blind_accuracy for the commonest family
effective_dimension          participation ratio (sum v)^2 / sum v^2 of the variances v along the principal axes
same_instrument_distance     distance to the instrument's notes at other pitches, divided by that to other instruments'
                             notes: 0 if an instrument is one point, 1 if it is scattered like all others
neighbour_family_accuracy    1 if the nearest instrument is of the same family, else 0
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
from nsynth_lab.evaluate.metrics.probes import probe
from nsynth_lab.evaluate.metrics.summary import MetricValues, rounded
from nsynth_lab.evaluate.sections.section import Advance, DecodedNote, EvaluationSetup, Section

MIN_INSTRUMENTS, MIN_NOTES = 10, 48  # with fewer, sixteen dimensions fit by accident

Float64 = NDArray[np.float64]


class LatentsSection(Section):
    """Statistics of the mean timbre of all notes."""

    name: ClassVar[str] = "latents"

    def __init__(self, setup: EvaluationSetup) -> None:
        super().__init__(setup)
        self.records: list[NoteRecord] = []
        self.means: list[Float64] = []

    def add_note(self, note: DecodedNote, advance: Advance) -> None:  # noqa: ARG002  (nothing is decoded)
        """See `Section.add_note`."""
        latents = note.latents
        self.means.append(latents.timbre[sounding(latents.loudness_db)].mean(axis=0, dtype=np.float64))
        self.records.append(note.record)

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002
        """The figures; none for fewer than 48 notes or ten instruments."""
        instruments = {_instrument(record) for record in self.records}
        if len(instruments) < MIN_INSTRUMENTS or len(self.records) < MIN_NOTES:
            return {}
        return describe_space(np.stack(self.means), self.records)


def describe_space(means: Float64, records: list[NoteRecord]) -> dict[str, Any]:
    """The figures of notes whose mean timbre is `means` [notes, dims]."""
    figures = MetricValues()
    instruments = [_instrument(record) for record in records]
    families = [record.family for record in records]
    rows: list[dict[str, float | None]] = [{} for _ in records]
    for name, unit, values in (
        ("pitch", "_semitones", [record.pitch for record in records]),
        ("velocity", "", [record.velocity for record in records]),
    ):
        if len(set(values)) > 1:
            target = np.array(values, np.float64)[:, None]
            for kind, predicted in zip(("probe", "blind"), probe(means, target, instruments), strict=True):
                _fill(rows, f"{name}_{kind}{unit}", np.abs(predicted - target)[:, 0])
    names = sorted(set(families))
    one_hot = np.array([[family == name for name in names] for family in families], np.float64)
    for kind, predicted in zip(("probe", "blind"), probe(means, one_hot, instruments), strict=True):
        _fill(rows, f"family_{kind}_accuracy", predicted.argmax(axis=1) == one_hot.argmax(axis=1))
    _fill(rows, "same_instrument_distance", relative_scatter(means, instruments, [record.pitch for record in records]))
    for row, family in zip(rows, families, strict=True):
        figures.add(row, family)
    return {
        "effective_dimension": {"mean": rounded(effective_dimension(means))},
        **figures.summary(),
        **_neighbours(means, instruments, families),
    }


def effective_dimension(points: Float64) -> float:
    """The number of dimensions that `points` [n, dims] effectively use, from 1 to dims."""
    variances = np.linalg.eigvalsh(np.cov(points.T))
    return float(variances.sum() ** 2 / max(np.square(variances).sum(), 1e-30))


def relative_scatter(points: Float64, groups: list[str], pitches: list[int]) -> Float64:
    """Mean distance of each point to its group at other pitches, divided by that to other groups, [n].

    `points` is [n, dims]. NaN if the group has no other pitch.
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
    figures = MetricValues()
    for name, other in nearest.items():
        figures.add({"neighbour_family_accuracy": float(family[name] == family[other])}, family[name])
    return {**figures.summary(), "nearest": nearest}


def _fill(rows: list[dict[str, float | None]], name: str, values: NDArray[Any]) -> None:
    for row, value in zip(rows, values, strict=True):
        row[name] = None if np.isnan(value) else float(value)


def _instrument(record: NoteRecord) -> str:
    return f"{record.dataset}/{record.instrument_str}"
