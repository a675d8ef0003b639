"""A simulated player of some bars of a tune: at its own tempo, swung or straight, and a little out of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.duet.beat import swung
from nsynth_lab.duet.pulse import COMPOUND_TICKS, SIMPLE_TICKS, beat_ticks_of
from nsynth_lab.duet.values import DuetNote
from nsynth_lab.evaluate.melody.held_out import Sample
from nsynth_lab.melody.conditions import metre_at
from nsynth_lab.melody.steps import DURATIONS, REST
from nsynth_lab.units import SAMPLE_RATE, Doubles

BARS = (2, 4, 4, 4, 8)  # as likely as often they stand here
SIMPLE_SECONDS, COMPOUND_SECONDS = (0.3, 0.8), (0.4, 0.85)  # a beat
SWINGS, HELD = (0.5, 0.5, 0.5, 0.6, 0.66), (0.5, 0.8, 0.95)
OFF_SECONDS = 0.01  # standard deviation of a trained player's onsets (Repp 2005)
SOFTEST, LOUDEST, ACCENT = 50, 100, 8
SHORTEST_SAMPLES = SAMPLE_RATE // 40
LEAST_NOTES = 4


@dataclass(frozen=True)
class Played:
    """A phrase as it was played.

    Attributes:
        notes: at samples; the first beat is at `first_sample`.
        line: MIDI note of each and its length in ticks.
        beats: where each is written, in beats from a bar line on [notes].
        beat_samples, first_sample: beats are at `first + n * beat`.
        swing: where the second half of a beat begins.
        scale: pitch classes of the tune's key, 0 is C.
        bars: of the tune.
    """

    notes: tuple[DuetNote, ...]
    line: tuple[tuple[int, int], ...]
    beats: Doubles
    beat_samples: float
    first_sample: int
    swing: float
    scale: frozenset[int]
    bars: int


def excerpt(sample: Sample, chance: np.random.Generator, *, bars: int) -> tuple[int, list[tuple[int, int, int]]]:
    """(bars there are, (tick from a bar line on, length in ticks, pitch) of what sounds in them)."""
    draft = sample.draft
    bar = draft.bar_ticks
    whole = max(1, draft.at // bar - 1)
    bars = min(bars, whole)
    first = bar * (1 + int(chance.integers(0, whole - bars + 1)))
    rows = zip(draft.begins, draft.durations, draft.pitches, strict=True)
    end = first + bars * bar
    return bars, [
        (begin - first, DURATIONS[duration], pitch)
        for begin, duration, pitch in rows
        if first <= begin < end and pitch != REST
    ]


def play(sample: Sample, chance: np.random.Generator, *, lowest: int, scale: frozenset[int]) -> Played | None:
    """Some bars played; None if fewer than four notes are in them."""
    bars, notes = excerpt(sample, chance, bars=int(chance.choice(BARS)))
    ticks = beat_ticks_of(metre_at(sample.metre))
    slow, fast = COMPOUND_SECONDS if ticks == COMPOUND_TICKS else SIMPLE_SECONDS
    beat = float(np.exp(chance.uniform(np.log(slow), np.log(fast)))) * SAMPLE_RATE
    swing = float(chance.choice(SWINGS)) if ticks == SIMPLE_TICKS else SWINGS[0]
    held, loud, first = float(chance.choice(HELD)), int(chance.integers(SOFTEST, LOUDEST)), SAMPLE_RATE // 10
    if len(notes) < LEAST_NOTES:
        return None

    def at(tick: int) -> float:
        return first + beat * swung(tick / ticks, swing)

    struck = []
    for tick, length, pitch in notes:
        off = float(chance.normal(0.0, OFF_SECONDS)) * SAMPLE_RATE
        begin = max(0, round(at(tick) + off))
        end = round(begin + held * (at(tick + length) - at(tick)))
        velocity = loud + ACCENT * (tick % ticks == 0) + int(chance.integers(-4, 5))
        struck.append(DuetNote(begin, max(end, begin + SHORTEST_SAMPLES), lowest + pitch, velocity))
    line = tuple((lowest + pitch, length) for _, length, pitch in notes)
    beats = np.array([tick / ticks for tick, _, _ in notes])
    return Played(tuple(struck), line, beats, beat, first, swing, scale, bars)
