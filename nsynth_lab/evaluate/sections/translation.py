"""`translation`: phrases that somebody hummed, whistled, sang or played, translated into other instruments.

All metrics of `tune.agreement` between the phrase and its translation, and:

target_named         the share of the notes of 0.6 s and more in which the classifier names the family of the target,
                     once each has been brought into tune and to one pitch (see `metrics.in_tune`)
plain_target_named   the same where the target plays these keys without following: what could be reached
source_named         the share in which it names what it names in the source, above the share in plain notes
mixture_residual     the part of the result that no mixture of the source and the plain notes explains, as in `blends`
times_real_time      seconds of the phrase for a second of work; it depends on the machine and what else that does

`world` has the same figures for the vocoder WORLD with the mean envelope of the target's notes.

Of other systems only speed and latency are published in the same units, on machines and sounds of their own: RAVE
20 x real time on a laptop's processor (Caillon and Esling 2021, arXiv 2111.05011), its redesign BRAVE less than 10 ms
with 3 ms of jitter (Caspe and others 2025, arXiv 2503.11562). Both change the timbre of a signal and know no notes. Of
DDSP-VST (Magenta 2022), which is nearest to what is done here, we know of no published figures.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nsynth_lab.audio import file_hash
from nsynth_lab.errors import CheckpointError, NsynthLabError
from nsynth_lab.evaluate.cells import Cell, CellFolder, spectra_of
from nsynth_lab.evaluate.metrics.goals import Goal, with_goals
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.metrics.tune import Tune, agreement
from nsynth_lab.evaluate.peers import world
from nsynth_lab.evaluate.sections.compared_phrase import Source, cuts, moves, read_source, residual_of, tunes_of
from nsynth_lab.evaluate.sections.section import Advance, EvaluationSetup, Section
from nsynth_lab.evaluate.translations import Translation
from nsynth_lab.model.classifier import CLASSIFIER, Classifier, load_classifier
from nsynth_lab.note import FAMILIES
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz
from nsynth_lab.version import __version__

GOALS = {
    "within_20_cents": Goal(0.95),
    "octave_errors": Goal(0.01, most=True),
    "onset_f1": Goal(0.9),
    "level_correlation": Goal(0.9),
    "rests_db": Goal(-50.0, most=True),
    "target_named": Goal(0.85),
    "source_named": Goal(0.1, most=True),
    "times_real_time": Goal(10.0),
}
USUAL = (
    "acoustic bass", "trumpet", "flute", "acoustic guitar, nylon", "acoustic grand piano", "marimba", "church organ",
    "clarinet", "cello", "choir aahs",
)  # fmt: skip
MOST_EXAMPLES = 12
WORLD_SAMPLES = 10 * SAMPLE_RATE  # of the target's notes, for their mean envelope


@dataclass(frozen=True)
class Example:
    """The translation of a phrase that follows it worst."""

    phrase: str
    target: str
    within_20_cents: float
    source: FloatArray
    result: FloatArray
    tunes: tuple[Tune, Tune]


class TranslationSection(Section):
    """Every phrase into every target."""

    name: ClassVar[str] = "translation"
    uses_notes: ClassVar[bool] = False

    def __init__(self, setup: EvaluationSetup, classifier: Path = CLASSIFIER) -> None:
        super().__init__(setup)
        known = () if setup.bank is None else setup.bank.entries
        self.targets = list(setup.targets) or [name for name in USUAL if name in known] or _one_of_each(setup)
        self.figures = {"": MetricValues(), "world": MetricValues()}
        self.by_phrase = {"": MetricValues(), "world": MetricValues()}
        self._worst: dict[Path, tuple[float, str]] = {}
        self._cells = CellFolder(setup.cells)
        self._classifier: Classifier | None = None
        self._source: tuple[Path, Source] | None = None
        self._world: tuple[Path, world.WorldFeatures] | None = None
        with suppress(CheckpointError):  # without it its figures are left out
            self._classifier, _ = load_classifier(classifier)

    @classmethod
    def applies(cls, setup: EvaluationSetup) -> bool:
        """Where there are phrases."""
        return bool(setup.phrases)

    def steps(self) -> int:
        """One for every phrase and target."""
        return len(self.setup.phrases) * len(self.targets)

    def finish(self, advance: Advance) -> dict[str, Any]:
        """The figures; phrases that cannot be read or have no tone are left out, with a line that says why."""
        left_out: list[str] = []
        for path in self.setup.phrases:
            try:
                for target in self.targets:
                    self._add_cell(path, target)
                    advance(1)
            except NsynthLabError as error:
                left_out.append(f"{path.name}: {error}")
        found: dict[str, Any] = {"phrases": len(self.setup.phrases) - len(left_out), "targets": self.targets}
        found |= with_goals(self._summary(""), GOALS)
        if world.is_installed():
            found["world"] = with_goals(self._summary("world"), GOALS)
        return {**found, "left_out": left_out}

    def _summary(self, which: str) -> dict[str, dict[str, Any]]:
        summary, phrases = self.figures[which].summary(), self.by_phrase[which].summary()
        return {name: {**one, "by_phrase": phrases[name]["by_family"]} for name, one in summary.items()}

    @property
    def examples(self) -> list[Example]:
        """The translation that follows worst, of each of the first phrases; it is made once more."""
        return [self._example(path, target) for path, (_, target) in list(self._worst.items())[:MOST_EXAMPLES]]

    def _add_cell(self, path: Path, target: str) -> None:
        made_from = self._made_from(path, target)
        cell = self._cells.kept(path, target, made_from)
        if cell is None:
            cell = self._measured(path, target)
            self._cells.keep(path, target, made_from, cell)
        for which, metrics in (("", cell.metrics), ("world", cell.world)):
            named = cell.named(which or "own", self._classifier) if metrics and self._classifier is not None else {}
            self.figures[which].add({**metrics, **named}, cell.family)
            self.by_phrase[which].add({**metrics, **named}, path.stem)
        worst = min(self._worst.get(path, (2.0, "")), (cell.metrics["within_20_cents"] or 0.0, target))
        self._worst[path] = worst

    def _made_from(self, path: Path, target: str) -> dict[str, Any]:
        """What a cell depends on, beside the program itself."""
        return {
            "version": __version__,
            "model": self.setup.checkpoint.model_id,
            "phrase": file_hash(path),
            "target": target,
            "world": world.is_installed(),
            "tune_of_world": target == self.targets[0],
        }

    def _measured(self, path: Path, target: str) -> Cell:
        source, translation, family = self._translated(path, target)
        moved = moves(source.tune, translation)
        heard, tune = tunes_of(translation.samples, source, moved)
        metrics = {
            **agreement(heard, tune, moved=moved),
            "mixture_residual": residual_of(translation.samples, source, translation),
            "times_real_time": len(source.samples) / SAMPLE_RATE / max(translation.seconds_taken, 1e-9),
        }
        notes = translation.notes
        spectra = {
            "own": spectra_of(cuts(translation.samples, notes, tune.note)),
            "plain": spectra_of(cuts(translation.plain, notes)),
            "source": spectra_of(cuts(source.samples, notes, source.tune.note)),
        }
        by_world: dict[str, float | None] = {}
        if world.is_installed():
            by_world, samples = self._by_world(path, source, translation, first=target == self.targets[0])
            shifted = source.tune.note + translation.transposed
            spectra["world"] = spectra_of(cuts(samples, notes, shifted))
        return Cell(family, metrics, by_world, spectra)

    def _translated(self, path: Path, target: str) -> tuple[Source, Translation, str]:
        """A phrase, its translation, and the target's family."""
        assert self.setup.translator is not None
        if self._source is None or self._source[0] != path:
            self._source = path, read_source(path)
        source = self._source[1]
        translation = self.setup.translator.translate(source.samples, target)
        if translation is None:
            raise NsynthLabError("no tone was heard")
        return source, translation, self.setup.translator.family(target)

    def _by_world(
        self, path: Path, source: Source, translation: Translation, *, first: bool
    ) -> tuple[dict[str, float | None], FloatArray]:
        """Its figures and its sound; those of the tune hardly depend on the target: only for the `first`."""
        if self._world is None or self._world[0] != path:
            low, high = note_to_hz(source.lowest), note_to_hz(source.highest)
            self._world = path, world.analyse_tune(source.samples, lowest_hz=low, highest_hz=high)
        low, high = (note_to_hz(float(note)) for note in (translation.lowest - 12, translation.highest + 12))
        target = world.analyse_tune(translation.plain[:WORLD_SAMPLES], lowest_hz=low, highest_hz=high)
        swapped = world.with_envelope(self._world[1], target, semitones=translation.transposed)
        samples = world.synthesise(swapped, len(source.samples))
        moved = np.full(len(source.tune.note), translation.transposed)
        tune = agreement(*tunes_of(samples, source, moved), moved=moved) if first else {}
        return {**tune, "mixture_residual": residual_of(samples, source, translation)}, samples

    def _example(self, path: Path, target: str) -> Example:
        source, translation, _ = self._translated(path, target)
        tunes = tunes_of(translation.samples, source, moves(source.tune, translation))
        return Example(source.name, target, self._worst[path][0], source.samples, translation.samples, tunes)


def _one_of_each(setup: EvaluationSetup) -> list[str]:
    """The first instrument of each family of the bank."""
    entries = [] if setup.bank is None else [entry.instrument for entry in setup.bank.entries.values()]
    firsts = {instrument.family: instrument.name for instrument in reversed(entries)}
    return [firsts[family] for family in FAMILIES if family in firsts]
