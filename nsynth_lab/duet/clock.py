"""Clock: a clock of another program that a partner keeps to, from the first beat that it tells."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from nsynth_lab.duet.values import Answer, DuetNote, Phrase
from nsynth_lab.midi.beat_clock import BeatClock
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.units import SAMPLE_RATE

EXACT = 1e-6  # beats: a beat at this very sample is the next one


class Clock:
    """Beats of the player's clock; until one is told there is none, and `bpm` is 0."""

    def __init__(self) -> None:
        self._beats = BeatClock()
        self._is_followed, self._runs = False, False

    @property
    def bpm(self) -> float:
        """Quarter notes a minute; 0 where no clock is followed."""
        return self._beats.bpm if self._is_followed else 0.0

    def stops(self, event: Event) -> bool:
        """Whether a `RUN` event is the one by which the song stops."""
        ran, self._runs = self._runs, bool(event.value)
        return ran and not self._runs

    def take(self, event: Event, notes: Iterable[DuetNote]) -> list[DuetNote]:
        """A `TEMPO` or `BEAT` event; notes to come go with it, so that they stay on their beats.

        Tempi alone, such as those of a file, move nothing.
        """
        notes, before = list(notes), self._is_followed
        passed = self._beats.passed(np.array([[one.begin, one.end] for one in notes], np.int64).reshape(-1, 2))
        self._beats.take(event)
        self._is_followed |= event.kind is Kind.BEAT
        if not before:
            return notes
        moved = np.rint(self._beats.sample_at(passed)).astype(np.int64)
        return [replace(one, begin=int(at), end=int(end)) for one, (at, end) in zip(notes, moved, strict=True)]

    def in_time(self, answer: Answer, phrase: Phrase, now: int) -> tuple[Answer, float]:
        """An answer to a phrase at the tempo of this moment, and where its next beat is, in samples from now on."""
        if not self._is_followed or not answer.period_samples > 0:
            return answer, float(now)
        quarter = 60.0 * SAMPLE_RATE / self._beats.bpm
        quarters = answer.period_samples * phrase.clock_bpm / (60.0 * SAMPLE_RATE) if phrase.clock_bpm else 1.0
        scale = quarters * quarter / answer.period_samples
        scaled = replace(
            answer,
            notes=tuple(
                replace(one, begin=round(one.begin * scale), end=round(one.end * scale)) for one in answer.notes
            ),
            period_samples=answer.period_samples * scale,
            bar_samples=answer.bar_samples * scale,
        )
        at = float(self._beats.song(now)) / quarters
        return scaled, now + (math.ceil(at - EXACT) - at) * quarters * quarter
