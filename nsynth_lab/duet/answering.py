"""Answers a phrase: the melody model continues it eight times, and a critic chooses one.

It is as long as the phrase in whole bars, at most eight; it keeps to the phrase's scale, and to its range within five
semitones. How close it keeps to what was played is the weight of a sketch: of the phrase's own bars, as latents of
loops decoded again, which the writer follows. The same phrase and wishes give the same answer.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from nsynth_lab.duet.choice import Judged, Line, best_of, judged, line_of, varied
from nsynth_lab.duet.performance import Manner, manner_of, performed, within
from nsynth_lab.duet.pulse import beat_ticks_of
from nsynth_lab.duet.score import Score, score_of, wished_tempo
from nsynth_lab.duet.values import Answer, Phrase, Wishes
from nsynth_lab.melody.conditions import bar_ticks_of, metre_number, mode_number
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.notation import lowest_tonic
from nsynth_lab.melody.rules import Goal
from nsynth_lab.melody.sketch import Sketch
from nsynth_lab.melody.slots import BARS, slots_of
from nsynth_lab.melody.steps import PITCHES, REST, bar_line_from
from nsynth_lab.melody.writing import Asked, Written, hear, write
from nsynth_lab.tune.key import parse_key
from nsynth_lab.tune.metre import Metre, parse_metre
from nsynth_lab.tune.scale import steps_of_mode
from nsynth_lab.units import SAMPLE_RATE

CANDIDATES = 8
BEYOND = 5  # semitones
STRICT = 2.0  # weight of the sketch where the answer is to be as close as can be
ATTEMPTS, FREER = 3, 0.25  # if every candidate copies, others are written more freely by this
OPENING_BARS, OPENING_BPM = 4, 108.0
OPENING_KEYS = ("D", "G", "A", "C", "Em", "Am", "Edor", "Dmix")
Hurry = Callable[[], bool]


class GivenUp(Exception):  # noqa: N818  # nothing has gone wrong
    """Raised when the answer is no longer needed, because the phrase went on."""


def answer_to(model: MelodyModel, phrase: Phrase, wishes: Wishes, *, given_up: Hurry = lambda: False) -> Answer:
    """An answer; without any note to answer, an opening.

    Args:
        model: what writes.
        phrase: what was played.
        wishes: how answers are to be.
        given_up: asked after each note; the work ends as soon as it says so.

    Raises:
        GivenUp: it said so.
    """
    if not phrase.notes:
        return _opening(model, phrase, wishes)
    score = score_of(phrase, wishes)
    asked = Asked(metre_number(score.metre), mode_number(score.key.mode), free=wishes.free, pitches=_pitches(score))
    heard = Draft(score.bar_ticks, position=score.notes[0][2])
    memory, _ = hear(model.writer, heard, asked, score.notes)
    start = bar_line_from(heard.at, heard.bar_ticks)
    end = start + score.bars * heard.bar_ticks
    sketch = _sketch(model, heard, start, score.bars, asked) if wishes.close else None

    def candidates(attempt: int) -> list[Written]:
        drafts = [_after(heard, score, start) for _ in range(CANDIDATES)]
        chances = [np.random.default_rng((wishes.seed, phrase.turn, attempt, one)) for one in range(CANDIDATES)]
        follows = sketch if attempt == 0 else None
        own = replace(asked, goal=Goal((end,)), free=wishes.free + attempt * FREER, weight=STRICT * wishes.close)

        def stop(_: Draft) -> bool:
            if given_up():
                raise GivenUp
            return False

        sketches = [follows] * CANDIDATES if follows else None
        return write(
            model.writer, drafts, own, chances, memory=memory.repeated(CANDIDATES), sketches=sketches, stop=stop
        )

    written = _best(candidates, line_of(heard), first=len(heard), close=wishes.close, pitches=asked.pitches)
    if written is None:
        return Answer(())
    louder = statistics.fmean(note.velocity for note in score.line)
    notes = performed(written.draft, manner_of(score), start=start, lowest=score.lowest, velocity=louder)
    beat = score.beat
    return Answer(
        within(notes, wishes.lowest, wishes.highest),
        math.nan if beat.is_free else beat.first_seconds * SAMPLE_RATE,
        beat.period_seconds * SAMPLE_RATE,
        score.bars,
        score.words,
        math.nan if beat.is_free else score.bar_ticks / beat.beat_ticks * beat.period_seconds * SAMPLE_RATE,
    )


def _after(heard: Draft, score: Score, start: int) -> Draft:
    """The phrase again, to be continued."""
    draft = Draft.of(heard.bar_ticks, score.notes)
    draft.wait_until_tick(start)
    return draft


def _best(
    candidates: Callable[[int], Sequence[Written]], phrase: Line, *, first: int, close: float, pitches: Collection[int]
) -> Written | None:
    """The candidate that suits best; if all copy the phrase, others are written, and at last some notes are changed."""
    tried: list[Written] = []
    found: list[Judged] = []
    for attempt in range(ATTEMPTS):
        for one in candidates(attempt):
            line = line_of(one.draft, first=first)
            if line:
                tried.append(one)
                found.append(judged(line, phrase, bits=float(np.mean(one.bits)), close=close))
        if any(not one.copies for one in found):
            break
    if not found:
        return None
    best = best_of(found)
    if found[best].copies:
        _vary(tried[best].draft, phrase, first=first, pitches=pitches)
    return tried[best]


def _vary(draft: Draft, phrase: Line, *, first: int, pitches: Collection[int]) -> None:
    """Change notes of an answer until it is no copy of the phrase."""
    sung = [at for at in range(first, len(draft)) if draft.pitches[at] != REST]
    for at, (pitch, _) in zip(sung, varied(line_of(draft, first=first), phrase, pitches), strict=True):
        draft.pitches[at] = pitch


def _pitches(score: Score) -> frozenset[int]:
    """What the answer may use: the phrase's scale, within five semitones of its range."""
    keys = [note.key - score.lowest for note in score.line]
    low, high = max(0, min(keys) - BEYOND), min(PITCHES - 1, max(keys) + BEYOND)
    return frozenset(pitch for pitch in range(low, high + 1) if pitch % 12 in score.scale)


def _sketch(model: MelodyModel, heard: Draft, start: int, bars: int, asked: Asked) -> Sketch | None:
    """The phrase's bars, two by two, as the answer's; an answer of one bar has the phrase's last."""
    ticks = heard.bar_ticks
    first = start - max(bars, BARS) * ticks
    slots = [slots_of(heard, max(ticks, first + at * ticks))[0] for at in range(0, bars, BARS)]
    latents = model.loops.encode(np.stack(slots), metre=asked.metre, mode=asked.mode)
    decoded = model.loops.decode(latents, metre=asked.metre, mode=asked.mode)
    whole = np.concatenate(list(decoded))
    return Sketch(start, whole[-len(whole) // len(slots) * bars // BARS :] if bars < BARS else whole)


def _opening(model: MelodyModel, phrase: Phrase, wishes: Wishes) -> Answer:
    """What the partner begins with."""
    chance = np.random.default_rng((wishes.seed, phrase.turn))
    key = parse_key(wishes.key or OPENING_KEYS[int(chance.integers(len(OPENING_KEYS)))])
    metre = parse_metre(wishes.metre) or Metre()
    number = metre_number(metre)
    bar = bar_ticks_of(number)
    scale = steps_of_mode(key.mode)
    pitches = frozenset(pitch for pitch in range(PITCHES) if pitch % 12 in scale)
    asked = Asked(
        number, mode_number(key.mode), goal=Goal((bar + OPENING_BARS * bar,)), free=wishes.free, pitches=pitches
    )
    chances = [np.random.default_rng((wishes.seed, phrase.turn, one)) for one in range(CANDIDATES)]
    written = write(model.writer, [Draft(bar) for _ in chances], asked, chances)
    best = min(written, key=lambda one: abs(float(np.mean(one.bits)) - 2.0) + 10.0 * (not line_of(one.draft)))
    bpm = wished_tempo(wishes, phrase) or OPENING_BPM
    manner = Manner(60.0 / bpm, beat_ticks_of(metre))
    notes = performed(best.draft, manner, start=bar, lowest=lowest_tonic(key) + 12)
    words = f"{metre.name}, {key.name}, {bpm:.0f} beats a minute"
    return Answer(
        within(notes, wishes.lowest, wishes.highest),
        period_samples=manner.period_seconds * SAMPLE_RATE,
        bars=OPENING_BARS,
        heard=words,
        bar_samples=bar / manner.beat_ticks * manner.period_seconds * SAMPLE_RATE,
    )
