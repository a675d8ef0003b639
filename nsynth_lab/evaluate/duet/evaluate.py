"""What is measured of the answers to phrases of held-out tunes, and its table with goals."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from nsynth_lab.duet.choice import Line, intervals, is_copy, lengths
from nsynth_lab.duet.partner import Partner
from nsynth_lab.duet.pulse import beat_ticks_of
from nsynth_lab.duet.sources import AtOnce
from nsynth_lab.duet.values import Answer, DuetNote, Phrase, Wishes, events_of
from nsynth_lab.evaluate.duet.player import Played, excerpt, play
from nsynth_lab.evaluate.melody.evaluate import Row
from nsynth_lab.evaluate.melody.held_out import Data, Sample
from nsynth_lab.evaluate.melody.measures import LONG_RUN
from nsynth_lab.melody.conditions import MODES, metre_at
from nsynth_lab.melody.critic import divergence
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.midi.events import Kind
from nsynth_lab.tune.scale import SCALES
from nsynth_lab.units import SAMPLE_RATE

BEYOND = 5
FINE = 8  # parts of a beat in which rhythms are compared: hands are no steadier
BLOCK_SAMPLES, LONGEST_SECONDS = 512, 120
GIVEN_BARS = 4  # of answers whose cost is told
ON_THE_BEAT_SECONDS = 0.010


@dataclass(frozen=True)
class _Answered:
    """A phrase and its answer."""

    played: Played
    notes: tuple[DuetNote, ...]
    fell_in: bool  # whether it had begun in a rest of the phrase; the notes are those after it, if there are any
    bars: int
    written: tuple[DuetNote, ...]  # all of the answer, though the phrase may have gone on and stopped it
    begun: int  # at which sample of the phrase's clock the answer begins
    cpu_seconds: float


class _Timed(AtOnce):
    """Writes each answer at once and records how long that took."""

    seconds, answer = 0.0, Answer(())

    def take(self, phrase: Phrase) -> Answer:
        """See `AtOnce.take`."""
        begun = time.process_time()
        answer = super().take(phrase)
        self.seconds, self.answer = time.process_time() - begun, answer
        return answer


def figures(
    model: MelodyModel, data: Data, *, phrases: int, seed: int, close: float, progress: Callable[..., Any]
) -> dict[str, Any]:
    """All figures; `progress` is `console.progress`."""
    chance = np.random.default_rng((seed, 0))
    found: list[dict[str, float]] = []
    with progress(phrases, "phrases", "answering") as advance:
        while len(found) < phrases:
            at = int(chance.integers(len(data.kept)))
            piece, sample = data.kept[at], data.kept_samples[at]
            tonic = piece.tune.key.tonic
            scale = frozenset((tonic + step) % 12 for step in SCALES[MODES[piece.mode]])
            played = play(sample, chance, lowest=piece.steps.lowest, scale=scale)
            other = data.kept_samples[int(chance.integers(len(data.kept)))]
            if played is None:
                continue
            answered = _answered(model, played, Wishes(close=close, seed=seed))
            found.append(_measured(answered, _random_line(other, played, chance)))
            advance(1)
    return _summed(found)


def _answered(model: MelodyModel, played: Played, wishes: Wishes) -> _Answered:
    """What a partner answers to a phrase."""
    source = _Timed(model, wishes)
    partner = Partner(source, turns=1)
    heard = partner.play(events_of(played.notes), 0, LONGEST_SECONDS * SAMPLE_RATE)
    begun: dict[int, tuple[int, int]] = {}
    notes = []
    for event in heard:
        if event.kind is Kind.NOTE_ON:
            begun[event.number] = (event.at_sample, int(event.value))
        else:
            at, velocity = begun.pop(event.number)
            notes.append(DuetNote(at, event.at_sample, event.number, velocity))
    notes.sort(key=lambda note: note.begin)
    last = played.notes[-1].begin
    after = [note for note in notes if note.begin > last] or notes
    begins, answer = after[0].begin if after else 0, source.answer
    fell_in = bool(notes) and notes[0].begin <= last
    return _Answered(played, tuple(after), fell_in, answer.bars, answer.notes, begins, source.seconds)


def _measured(answered: _Answered, random: Line) -> dict[str, float]:
    played, notes = answered.played, answered.notes
    keys, own = [note.key for note in notes], [note.key for note in played.notes]
    scale = {*played.scale, *(key % 12 for key in own)}
    answer, phrase = _line(notes, played), _line(played.notes, played)
    beats = (answered.begun - played.first_sample) / played.beat_samples
    off = abs(beats - round(beats)) * played.beat_samples / SAMPLE_RATE
    half = abs(2 * beats - round(2 * beats)) / 2 * played.beat_samples / SAMPLE_RATE
    third = abs(3 * beats - round(3 * beats)) / 3 * played.beat_samples / SAMPLE_RATE
    of_intervals, of_rhythm = (
        [divergence(count(one), count(phrase)) for one in (answer, random)] for count in (intervals, lengths)
    )
    runs = [len(list(run)) for _, run in groupby(keys)]
    return {
        "answered": float(bool(notes)),
        "fell_in": float(answered.fell_in),
        "in_scale": float(np.mean([key % 12 in scale for key in keys])),
        "beyond": float(max(0, min(own) - min(keys), max(keys) - max(own))),
        "stuck": float(max(runs) >= LONG_RUN or (len(keys) >= 16 and len(set(keys)) <= 2 < len(set(own)))),
        "copies": float(is_copy(_line(answered.written, played), phrase)),
        "nearer_intervals": float(of_intervals[0] < of_intervals[1]),
        "nearer_rhythm": float(of_rhythm[0] < of_rhythm[1]),
        "on_beat": float(off <= ON_THE_BEAT_SECONDS),
        "on_part": float(min(off, half, third) <= ON_THE_BEAT_SECONDS),
        "louder": abs(
            statistics.fmean(one.velocity for one in notes) - statistics.fmean(one.velocity for one in played.notes)
        ),
        "bars": float(answered.bars),
        "longer": (notes[-1].end - notes[0].begin) / (played.notes[-1].end - played.notes[0].begin),
        "cpu_ms": 1000.0 * answered.cpu_seconds,
    }


def _line(notes: Sequence[DuetNote], played: Played) -> Line:
    """Keys and times to the next note, in eighths of the phrase's own beat."""
    part = played.beat_samples / FINE
    last = [(notes[-1].key, round((notes[-1].end - notes[-1].begin) / part))] if notes else []
    return [(one.key, round((two.begin - one.begin) / part)) for one, two in pairwise(notes)] + last


def _random_line(sample: Sample, played: Played, chance: np.random.Generator) -> Line:
    """As many bars of another tune, at the same tempo."""
    ticks = beat_ticks_of(metre_at(sample.metre))
    _, notes = excerpt(sample, chance, bars=played.bars)
    line = [(one[2], round(FINE * (two[0] - one[0]) / ticks)) for one, two in pairwise(notes)]
    return [*line, *((pitch, round(FINE * length / ticks)) for _, length, pitch in notes[-1:])]


def _summed(found: Sequence[dict[str, float]]) -> dict[str, Any]:
    means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    costs = [one["cpu_ms"] for one in found if one["bars"] == GIVEN_BARS]
    beyond = max(one["beyond"] for one in found)
    return {
        **means, "phrases": len(found), "beyond": beyond, "bars": np.unique([one["bars"] for one in found]).tolist(),
        "cpu_ms_of_four_bars": float(np.median(costs)) if costs else 0.0,
        "highest_cpu_ms_of_four_bars": float(np.percentile(costs, 95)) if costs else 0.0,
        "stuck": sum(one["stuck"] for one in found), "copies": sum(one["copies"] for one in found),
    }  # fmt: skip


def rows(found: dict[str, Any]) -> list[Row]:
    """The table."""

    def share(what: str, name: str, goal: float | None) -> Row:
        value = found[name]
        return Row(what, f">= {goal:g}" if goal else "", f"{value:.3f}", value >= goal if goal else None)

    cost, beyond = found["cpu_ms_of_four_bars"], found["beyond"]
    return [
        share("phrases answered", "answered", 1.0),
        share("phrases into a rest of which it began an answer", "fell_in", None),
        share("first note within 10 ms of the tune's beat", "on_beat", None),
        share("first note within 10 ms of a beat, a half or a third", "on_part", None),
        share("notes in the phrase's scale", "in_scale", 0.98),
        Row("most semitones beyond the phrase's range", f"<= {BEYOND}", f"{beyond:g}", beyond <= BEYOND),
        Row("stuck", "0", f"{found['stuck']:g}", not found["stuck"]),
        Row("copies of the phrase, in any key", "0", f"{found['copies']:g}", not found["copies"]),
        share("intervals nearer to the phrase's than a random tune's", "nearer_intervals", 0.9),
        share("rhythm nearer to the phrase's than a random tune's", "nearer_rhythm", 0.9),
        Row("loudness apart from the player's, in velocity", "", f"{found['louder']:.1f}", None),
        Row(
            "eight answers of four bars, processor time", "<= 250 ms",
            f"{cost:.0f} ms (95 %: {found['highest_cpu_ms_of_four_bars']:.0f})", cost <= 250,
        ),
    ]  # fmt: skip
