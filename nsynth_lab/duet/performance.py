"""Performs an answer with the player's loudness, articulation and swing."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from nsynth_lab.duet.beat import swung
from nsynth_lab.duet.score import Score
from nsynth_lab.duet.values import DuetNote
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.steps import DURATIONS, REST
from nsynth_lab.units import SAMPLE_RATE

LONGEST_SECONDS, SHORTEST_SECONDS = 4.0, 0.03
LEAST_HELD, MOST_HELD, USUAL_HELD = 0.08, 1.0, 0.9  # of the time to the next note
SOFTEST, LOUDEST, USUAL_VELOCITY = 1, 127, 88
FIRST, ON_BEAT, BETWEEN = range(3)  # of a bar; where accents are


@dataclass(frozen=True)
class Manner:
    """How somebody plays.

    Attributes:
        period_seconds: of a beat.
        beat_ticks: of a beat on paper.
        swing: where the second half of a beat begins.
        held: how long notes sound, of the time to the next one.
        velocities: on the first beat of a bar, on the others, and between them.
    """

    period_seconds: float
    beat_ticks: int
    swing: float = 0.5
    held: float = USUAL_HELD
    velocities: tuple[float, float, float] = (USUAL_VELOCITY + 4.0, float(USUAL_VELOCITY), USUAL_VELOCITY - 4.0)

    def second(self, tick: int) -> float:
        """When a tick is played, from a beat on."""
        return swung(tick / self.beat_ticks, self.swing) * self.period_seconds


def manner_of(score: Score) -> Manner:
    """How a phrase is played."""
    beat = score.beat
    return Manner(beat.period_seconds, beat.beat_ticks, beat.swing, _held(score), _velocities(score))


def _held(score: Score) -> float:
    """The median, over notes that are followed within two beats."""
    near = 2 * score.beat.period_seconds * SAMPLE_RATE
    shares = [
        (note.end - note.begin) / (after.begin - note.begin)
        for note, after in zip(score.line, score.line[1:], strict=False)
        if 0 < after.begin - note.begin <= near
    ]
    return min(max(statistics.median(shares), LEAST_HELD), MOST_HELD) if shares else USUAL_HELD


def _velocities(score: Score) -> tuple[float, float, float]:
    """Means by place; where nothing was played, that of all."""
    found: tuple[list[int], list[int], list[int]] = ([], [], [])
    for note, begin in zip(score.line, score.begins, strict=True):
        found[_place(begin, score.bar_ticks, score.beat.beat_ticks)].append(note.velocity)
    usual = statistics.fmean(note.velocity for note in score.line)
    first, on_beat, between = (statistics.fmean(one) if one else usual for one in found)
    return first, on_beat, between


def _place(tick: int, bar_ticks: int, beat_ticks: int) -> int:
    if tick % bar_ticks == 0:
        return FIRST
    return ON_BEAT if tick % bar_ticks % beat_ticks == 0 else BETWEEN


def performed(
    draft: Draft, manner: Manner, *, start: int, lowest: int, velocity: float | None = None
) -> tuple[DuetNote, ...]:
    """The notes of a draft from tick `start` on, which is sample 0.

    Args:
        draft: written.
        manner: of playing.
        start: a bar line.
        lowest: MIDI note of pitch 0.
        velocity: that the notes have in the mean; as the manner has it, if not given.
    """
    notes = [
        (begin - start, DURATIONS[duration], lowest + pitch)
        for begin, duration, pitch in zip(draft.begins, draft.durations, draft.pitches, strict=True)
        if begin >= start and pitch != REST
    ]
    if not notes:
        return ()
    hit = [manner.velocities[_place(at, draft.bar_ticks, manner.beat_ticks)] for at, _, _ in notes]
    louder = 0.0 if velocity is None else velocity - statistics.fmean(hit)
    return tuple(_played(note, manner, one + louder) for note, one in zip(notes, hit, strict=True))


def _played(note: tuple[int, int, int], manner: Manner, velocity: float) -> DuetNote:
    at, length, key = note
    begin = manner.second(at)
    seconds = min(max((manner.second(at + length) - begin) * manner.held, SHORTEST_SECONDS), LONGEST_SECONDS)
    first, last = round(begin * SAMPLE_RATE), round((begin + seconds) * SAMPLE_RATE)
    return DuetNote(first, max(last, first + 1), key, round(min(max(velocity, SOFTEST), LOUDEST)))


def within(notes: Sequence[DuetNote], lowest: int, highest: int) -> tuple[DuetNote, ...]:
    """The notes moved by octaves, all by as many, so that as few as possible lie beyond a range."""

    def beyond(octaves: int) -> tuple[int, int]:
        keys = [note.key + 12 * octaves for note in notes]
        return sum(not max(lowest, 0) <= key <= min(highest, 127) for key in keys), abs(octaves)

    moved = 12 * min(range(-5, 6), key=beyond)
    return tuple(
        DuetNote(one.begin, one.end, one.key + moved, one.velocity) for one in notes if 0 <= one.key + moved <= 127
    )
