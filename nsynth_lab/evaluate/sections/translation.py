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
with 3 ms of jitter (Caspe and others 2025, arXiv 2503.11562). Both change the timbre of a signal and know no notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nsynth_lab.errors import CheckpointError, NsynthLabError
from nsynth_lab.evaluate.metrics.goals import Goal, with_goals
from nsynth_lab.evaluate.metrics.in_tune import in_tune
from nsynth_lab.evaluate.metrics.mixture import spectral_residual
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.metrics.tune import Tune, agreement
from nsynth_lab.evaluate.metrics.yin_pitch import LOWEST_NOTE, pyin_window
from nsynth_lab.evaluate.peers import world
from nsynth_lab.evaluate.sections.section import Advance, EvaluationSetup, Section
from nsynth_lab.evaluate.translations import PlayedNote, Translation, read_phrase_sound
from nsynth_lab.model.classifier import CLASSIFIER, Classifier, classify, load_classifier
from nsynth_lab.note import FAMILIES
from nsynth_lab.units import FRAME_RATE_HZ, HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, note_to_hz

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
MOST_LOST = 0.5  # of the tones, when they are looked for in shorter windows
BEYOND_SEMITONES = 13.0  # an octave to either side, so that octave errors are seen
# The first classifier knew no short notes: of ten instruments, three keys each, played plainly, it named 27 % after
# 0.2 s, 30 % after 0.3 s, 47 % after 0.45 s and 93 % after 0.7 s. The present one is no better at 0.7 s.
SHORTEST_SECONDS, TAIL_SECONDS = 0.6, 0.25
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


@dataclass(frozen=True)
class _Source:
    name: str
    samples: FloatArray
    tune: Tune
    lowest: float
    highest: float
    coarser: dict[int, Tune] = field(default_factory=dict)

    def through(self, window: int) -> Tune:
        """Its tune, seen through windows of at least so many samples.

        A low target needs long windows, which see less of a glide: its source is looked at through the same.
        """
        if window <= pyin_window(self.lowest):
            return self.tune
        if window not in self.coarser:
            self.coarser[window] = Tune.of(self.samples, lowest=self.lowest, highest=self.highest, least_window=window)
        return self.coarser[window]


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
        self.examples: list[Example] = []
        self._classifier: Classifier | None = None
        self._world: tuple[str, world.WorldFeatures] | None = None
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
                source = _source(path)
                for target in self.targets:
                    self._translate(source, target)
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

    def _translate(self, source: _Source, target: str) -> None:
        assert self.setup.translator is not None
        translation = self.setup.translator.translate(source.samples, target)
        if translation is None:
            raise NsynthLabError("no tone was heard")
        family = self.setup.translator.family(target)
        moved = moves(source.tune, translation)
        heard, tune = _tunes(translation.samples, source, moved)
        metrics = {
            **agreement(heard, tune, moved=moved),
            **self._named(translation.samples, tune.note, source, translation, family),
            "mixture_residual": _residual(translation.samples, source, translation),
            "times_real_time": len(source.samples) / SAMPLE_RATE / max(translation.seconds_taken, 1e-9),
        }
        self._add("", metrics, source.name, family)
        self._keep(Example(source.name, target, metrics["within_20_cents"] or 0.0, source.samples,
                           translation.samples, (heard, tune)))  # fmt: skip
        if world.is_installed():
            self._add("world", self._by_world(source, translation, family), source.name, family)

    def _by_world(self, source: _Source, translation: Translation, family: str) -> dict[str, float | None]:
        """Its figures; those of the tune, which hardly depend on the target, only for the first."""
        first = self._world is None or self._world[0] != source.name
        if self._world is None or first:
            low, high = note_to_hz(source.lowest), note_to_hz(source.highest)
            self._world = source.name, world.analyse_tune(source.samples, lowest_hz=low, highest_hz=high)
        low, high = (note_to_hz(float(note)) for note in (translation.lowest - 12, translation.highest + 12))
        target = world.analyse_tune(translation.plain[:WORLD_SAMPLES], lowest_hz=low, highest_hz=high)
        swapped = world.with_envelope(self._world[1], target, semitones=translation.transposed)
        samples = world.synthesise(swapped, len(source.samples))
        moved = np.full(len(source.tune.note), translation.transposed)
        return {
            **(agreement(*_tunes(samples, source, moved), moved=moved) if first else {}),
            **self._named(samples, source.tune.note + moved, source, translation, family),
            "mixture_residual": _residual(samples, source, translation),
        }

    def _add(self, which: str, metrics: dict[str, float | None], phrase: str, family: str) -> None:
        self.figures[which].add(metrics, family)
        self.by_phrase[which].add(metrics, phrase)

    def _keep(self, example: Example) -> None:
        last = self.examples[-1] if self.examples else None
        if last is None or last.phrase != example.phrase:
            if len(self.examples) < MOST_EXAMPLES:
                self.examples.append(example)
        elif example.within_20_cents < last.within_20_cents:
            self.examples[-1] = example

    def _named(
        self,
        samples: FloatArray,
        note: Doubles,
        source: _Source,
        translation: Translation,
        family: str,
    ) -> dict[str, float | None]:
        if self._classifier is None:
            return {}
        own, plain, before = (
            [classify(cut, self._classifier)[0] for cut in cuts(sound, translation.notes, pitch)]
            for sound, pitch in ((samples, note), (translation.plain, None), (source.samples, source.tune.note))
        )  # fmt: skip
        other = [place for place, name in enumerate(before) if name != family]
        as_source, anyway = (
            float(np.mean([names[place] == before[place] for place in other])) if other else None
            for names in (own, plain)
        )
        return {
            "target_named": float(np.mean([name == family for name in own])) if own else None,
            "plain_target_named": float(np.mean([name == family for name in plain])) if plain else None,
            "source_named": None if as_source is None or anyway is None else max(0.0, as_source - anyway),
        }


def moves(source: Tune, translation: Translation) -> Doubles:
    """By how many semitones each frame of the source is moved, on purpose: as a whole, and notes beyond the range."""
    moved = np.full(len(source.note), translation.transposed)
    for note in translation.notes:
        frame = max(0, round(note.begin_seconds * FRAME_RATE_HZ))
        pitches = source.note[frame : frame + 10] + translation.transposed
        if np.isnan(pitches).all():
            continue
        pitch = float(np.nanmedian(pitches))
        inside = translation.lowest + 0.5 <= pitch <= translation.highest - 0.5
        moved[frame:] = translation.transposed + (0.0 if inside else 12.0 * round((note.key - pitch) / 12.0))
    return moved


def _one_of_each(setup: EvaluationSetup) -> list[str]:
    """The first instrument of each family of the bank."""
    entries = [] if setup.bank is None else [entry.instrument for entry in setup.bank.entries.values()]
    firsts = {instrument.family: instrument.name for instrument in reversed(entries)}
    return [firsts[family] for family in FAMILIES if family in firsts]


def _source(path: Path) -> _Source:
    """A phrase and its tune: tracked coarsely, and then, where its notes are high, with shorter windows.

    Raises:
        NsynthLabError: it cannot be read, or there is no tone in it.
    """
    samples = read_phrase_sound(path)
    tune = Tune.of(samples)
    if np.isnan(tune.note).all():
        raise NsynthLabError("no tone was heard")
    low, high = _searched(tune)
    if pyin_window(low) < pyin_window(LOWEST_NOTE):
        finer = Tune.of(samples, lowest=low, highest=high)
        tune = finer if finer.tones > MOST_LOST * tune.tones else tune
    return _Source(path.stem, samples, tune, low, high)


def _searched(tune: Tune, moved: Doubles | float = 0.0) -> tuple[float, float]:
    """Between which notes a sound is looked at that plays this tune."""
    low, high = tune.bounds(moved=moved)
    return low - BEYOND_SEMITONES, high + BEYOND_SEMITONES


def _tunes(samples: FloatArray, source: _Source, moved: Doubles) -> tuple[Tune, Tune]:
    """The tunes of the source and of a sound that plays it, both seen through the same windows."""
    low, high = _searched(source.tune, moved)
    window = max(pyin_window(low), pyin_window(source.lowest))
    return source.through(window), Tune.of(samples, lowest=low, highest=high, least_window=window)


def _residual(samples: FloatArray, source: _Source, translation: Translation) -> float:
    count = min(len(samples), len(source.samples), len(translation.plain)) // HOP_SAMPLES * HOP_SAMPLES
    return spectral_residual(samples[:count], (source.samples[:count], translation.plain[:count]))


def cuts(samples: FloatArray, notes: Sequence[PlayedNote], pitch: Doubles | None = None) -> list[FloatArray]:
    """The sound of each note that is long enough, without the next; in tune if its `pitch` [frames] is given."""
    nexts = [*(note.begin_seconds for note in notes[1:]), np.inf]
    found = []
    for note, following in zip(notes, nexts, strict=True):
        if note.end_seconds - note.begin_seconds >= SHORTEST_SECONDS:
            end = min(note.end_seconds + TAIL_SECONDS, following)
            begin = max(0, round(note.begin_seconds * SAMPLE_RATE))
            cut = samples[begin : round(end * SAMPLE_RATE)]
            found.append(cut if pitch is None else in_tune(cut, pitch, begin_sample=begin))
    return found
