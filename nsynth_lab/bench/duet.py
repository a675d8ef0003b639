"""Duet: how long answers take to write, and what it costs to play them and the player's own notes, as `duet` does.

The model itself writes the phrases to be answered, four bars each, so the benchmark needs no files.
Answers are written in a process of their own there; here their time is taken out of the block in which they are due.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from nsynth_lab.bench.load import Load
from nsynth_lab.bench.work import Advance, Work
from nsynth_lab.duet.answering import answer_to
from nsynth_lab.duet.partner import Partner
from nsynth_lab.duet.sources import AtOnce
from nsynth_lab.duet.values import Answer, DuetNote, Phrase, Wishes, events_of
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.midi.events import EventList, Kind
from nsynth_lab.render.instrument import make_engine
from nsynth_lab.render.live import undisturbed
from nsynth_lab.render.machine import choose_threads
from nsynth_lab.render.with_partner import with_partner
from nsynth_lab.synth.settings import Settings
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

BLOCK_SAMPLES = 256
PHRASES, QUICK_PHRASES = 12, 2
APART_SAMPLES = 14 * SAMPLE_RATE  # from a phrase to the next: there is time for an answer as long as itself
BARS = 4
HEARD = 0.01  # of the answer's peak: where it can be heard


@dataclass(frozen=True)
class Duet:
    """The load while both play, and how long answers take.

    Attributes:
        answers: how many were written.
        answer_ms, slowest_ms: processor time of eight answers of four bars, of which one is played: median, highest.
        first_note_ms: from the decision to the sound of the first note, loose, without the device: highest.
    """

    load: Load
    answers: int
    answer_ms: float
    slowest_ms: float
    first_note_ms: float


class _Written(AtOnce):
    """Writes each answer at once and records how long that took."""

    def __init__(self, model: MelodyModel) -> None:
        super().__init__(model, Wishes())
        self.spent_seconds, self.costs_ms = 0.0, list[float]()

    def take(self, phrase: Phrase) -> Answer:
        """See `AtOnce.take`."""
        begun, busy = time.perf_counter(), time.process_time()
        answer = super().take(phrase)
        self.spent_seconds += time.perf_counter() - begun
        if answer.bars == BARS:
            self.costs_ms.append(1000.0 * (time.process_time() - busy))
        return answer


def progress_steps(work: Work) -> int:
    """Number of steps by which `measure` advances the progress bar."""
    return QUICK_PHRASES if work.quick else PHRASES


def measure(work: Work, advance: Advance) -> Duet:
    """Play the phrases and let the partner answer."""
    model = MelodyModel(work.session.folder)
    phrases = [answer_to(model, Phrase((), turn), Wishes()).notes for turn in range(progress_steps(work))]
    one, two = (make_engine(work.session, [[name]], Settings(), ahead_samples=HOP_SAMPLES) for name in work.names)
    engine = with_partner(one, two)
    choose_threads(engine)
    source = _Written(model)
    partner, queue = Partner(source, loose=True), EventList(events_of(_one_after_another(phrases)))
    shares, played, begun = [], [], list[int]()
    with undisturbed():
        while engine.clock < len(phrases) * APART_SAMPLES:
            began, source.spent_seconds = time.perf_counter(), 0.0
            begin, end = engine.clock, engine.clock + BLOCK_SAMPLES
            events = queue.until(end)
            engine.send(events)
            answered = partner.play(events, begin, end)
            engine.send(answered)
            played.append(np.abs(engine.render(BLOCK_SAMPLES)).max(0))
            seconds = time.perf_counter() - began - source.spent_seconds
            shares.append(seconds * SAMPLE_RATE / BLOCK_SAMPLES)
            if partner.shown.turn > len(begun):
                begun.append(next(event.at_sample for event in answered if event.kind is Kind.NOTE_ON))
                advance()
    costs = source.costs_ms or [float("nan")]
    load = Load.of(np.array(shares), block_samples=BLOCK_SAMPLES, voices=2)
    late = _heard_after(np.concatenate(played), begun)
    return Duet(load, len(begun), float(np.median(costs)), max(costs), late)


def _one_after_another(phrases: list[tuple[DuetNote, ...]]) -> list[DuetNote]:
    return [
        replace(note, begin=note.begin + number * APART_SAMPLES, end=note.end + number * APART_SAMPLES)
        for number, notes in enumerate(phrases)
        for note in notes
    ]


def _heard_after(sound: np.ndarray, begun: list[int]) -> float:
    """The longest time in ms from the start of an answer until it can be heard above the tail of the phrase."""
    late = [0.0]
    for begin in begun:
        tail = float(sound[max(0, begin - SAMPLE_RATE // 100) : begin].max(initial=0.0))
        own = sound[begin : begin + SAMPLE_RATE // 4]
        late.append(1000.0 / SAMPLE_RATE * int(np.argmax(own > max(tail, HEARD * float(own.max(initial=0.0))))))
    return max(late)
