"""The writer measured: bits a note, tunes written and continued, and beside them tunes by people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nsynth_lab.evaluate.melody.held_out import Data, Sample
from nsynth_lab.evaluate.melody.measures import (
    HISTOGRAMS,
    LONG_RUN,
    Copies,
    alike,
    histograms,
    is_stuck,
    longest_run,
    summary,
)
from nsynth_lab.evaluate.melody.ngram import NGram, long_and_short
from nsynth_lab.melody.conditions import ANY_STYLE, LAST_NOT_TOLD, METRES, MODES, NOT_TOLD, bar_ticks_of
from nsynth_lab.melody.critic import divergence
from nsynth_lab.melody.draft import Draft, rows
from nsynth_lab.melody.model import MelodyModel, Usual
from nsynth_lab.melody.steps import BARS_AGO, DURATIONS, TICKS, Note, bar_line_from
from nsynth_lab.melody.writer import Writer
from nsynth_lab.melody.writing import Asked, write
from nsynth_lab.train.melody.collections import Piece
from nsynth_lab.units import Doubles

Advance = Callable[[int], object]
TOGETHER = 64  # tunes that are heard or written side by side
MOST_NOTES = 320
TEMPERATURES = (0.0, 0.5, 1.0, 1.5)
GIVEN_BARS, LEAST_BARS = 8, 15
KINDS = 500
FULL = 1.0  # freedom at which everything but getting stuck is measured


def bits(model: MelodyModel, data: Data, long: NGram, advance: Advance) -> dict[str, Any]:
    """Bits a note of tunes held out: of the writer, and of n-grams."""
    ordered = sorted(data.kept, key=lambda piece: len(piece.steps.pitch))
    totals, count = np.zeros(2), 0
    for begin in range(0, len(ordered), TOGETHER):
        group = ordered[begin : begin + TOGETHER]
        totals += _heard_bits(model.writer, group)
        count += sum(len(piece.steps.pitch) for piece in group)
        advance(len(group))
    alone, together = long_and_short(long, data.kept_samples)
    duration, pitch = totals / count
    return {
        "writer": float(duration + pitch), "of_durations": float(duration), "of_pitches": float(pitch),
        "ngram": alone, "ngram_with_tune": together, "tunes": len(data.kept), "notes": count,
    }  # fmt: skip


def _heard_bits(writer: Writer, pieces: Sequence[Piece]) -> Doubles:
    """Sums of the bits of durations and of pitches; styles and forms are not told."""
    told = [np.pad(rows(one.steps, one.bar_ticks), ((0, 0), (0, 2))) for one in pieces]
    for one in told:
        one[:, -2:] = NOT_TOLD, LAST_NOT_TOLD
    longest = max(len(one) for one in told)
    conditions = np.array([(one.metre, one.mode, ANY_STYLE) for one in pieces])
    memory, total = writer.begin(len(pieces)), np.zeros(2)
    for at in range(longest):
        places = [min(at, len(one) - 1) for one in told]
        state = writer.hear(memory, [one[place] for one, place in zip(told, places, strict=True)], conditions)
        duration, pitch = (
            np.array([int(row[place]) for row, place in zip(notes, places, strict=True)])
            for notes in ([one.steps.duration for one in pieces], [one.steps.pitch for one in pieces])
        )
        there = np.array([at < len(one) for one in told])
        each = np.arange(len(pieces))
        total[0] -= writer.durations(state)[each, duration][there].sum() / np.log(2)
        total[1] -= writer.pitches(state, duration)[each, pitch][there].sum() / np.log(2)
    return total


def written(model: MelodyModel, *, tunes: int, seed: int, advance: Advance) -> dict[float, list[Sample]]:
    """Tunes of kinds as they occur, for each of `TEMPERATURES`; the greedy ones of each kind once."""
    chance = np.random.default_rng((seed, 1))
    drawn = [model.usual(chance) for _ in range(tunes)]
    found = {}
    for free in TEMPERATURES:
        found[free] = _free(model.writer, list(dict.fromkeys(drawn)) if free == 0 else drawn, free, seed, advance)
        advance(len(drawn) - len(found[free]))
    return found


def _free(writer: Writer, drawn: Sequence[Usual], free: float, seed: int, advance: Advance) -> list[Sample]:
    found: dict[int, Sample] = {}
    kinds = Counter((kind.metre, kind.mode) for kind in drawn)
    for metre_name, mode_name in kinds:
        metre, mode = METRES.index(metre_name), MODES.index(mode_name)
        own = [at for at, kind in enumerate(drawn) if (kind.metre, kind.mode) == (metre_name, mode_name)]
        for begin in range(0, len(own), TOGETHER):
            group = own[begin : begin + TOGETHER]
            bar = bar_ticks_of(metre)
            drafts = [Draft(bar, position=(bar - int(drawn[at].upbeat * TICKS)) % bar) for at in group]
            chances = [np.random.default_rng((seed, at)) for at in group]
            for at, one in zip(
                group, write(writer, drafts, Asked(metre, mode, free=free), chances, most_notes=MOST_NOTES), strict=True
            ):
                found[at] = Sample(one.draft, metre, mode)
            advance(len(group))
    return [found[at] for at in range(len(drawn))]


def repetition(samples: dict[float, list[Sample]], people: Sequence[Sample]) -> dict[str, Any]:
    """How much is repeated, and how tunes end: written by chance, and by people."""
    free = samples[FULL]
    found: dict[str, Any] = {
        "written": summary(free),
        "people": summary(people),
        "stuck": {f"{one:g}": sum(is_stuck(sample.draft) for sample in group) for one, group in samples.items()},
        "long_runs": {
            f"{one:g}": float(np.mean([longest_run(sample.draft) >= LONG_RUN for sample in group]))
            for one, group in samples.items()
        },
    }
    for name, group in (("written", free), ("people", people)):
        found[name]["alike"] = dict(
            zip(map(str, BARS_AGO), map(float, np.nanmean([alike(one.draft) for one in group], 0)), strict=True)
        )
    return found


def continued(model: MelodyModel, data: Data, *, tunes: int, seed: int, advance: Advance) -> dict[str, Any]:
    """Held-out tunes gone on with after eight bars, at each of `TEMPERATURES`; greedily, each once."""
    pieces = [
        piece
        for piece, sample in zip(data.kept, data.kept_samples, strict=True)
        if sample.draft.begins[-1] // piece.bar_ticks > LEAST_BARS
    ]
    chosen = [pieces[at % len(pieces)] for at in range(tunes)]
    found: dict[str, Any] = {"tunes": len(chosen), "stuck": {}, "long_runs": {}}
    for free in TEMPERATURES:
        own = chosen if free else pieces[: len(chosen)]
        gone_on = _gone_on(model.writer, own, free, seed, advance)
        advance(len(chosen) - len(own))
        stuck = sum(is_stuck(draft, first=draft.begins[first] if first < len(draft) else 0) for draft, first in gone_on)
        long = sum(longest_run(draft, first=first) >= LONG_RUN for draft, first in gone_on)
        found["stuck"][f"{free:g}"], found["long_runs"][f"{free:g}"] = stuck, long / len(own)
    return found


def _gone_on(
    writer: Writer, pieces: Sequence[Piece], free: float, seed: int, advance: Advance
) -> list[tuple[Draft, int]]:
    """(tunes whose first eight bars are given and the others written, number of notes given)."""
    given = [first_bars(piece, GIVEN_BARS) for piece in pieces]
    kinds = sorted({(piece.metre, piece.mode) for piece in pieces})
    found: dict[int, tuple[Draft, int]] = {}
    for metre, mode in kinds:
        own = [at for at, piece in enumerate(pieces) if (piece.metre, piece.mode) == (metre, mode)]
        own.sort(key=lambda at: len(given[at]))
        for begin in range(0, len(own), TOGETHER):
            group = own[begin : begin + TOGETHER]
            drafts = [Draft(pieces[at].bar_ticks, position=given[at][0][2]) for at in group]
            chances = [np.random.default_rng((seed, at)) for at in group]
            most = len(given[group[-1]]) + MOST_NOTES
            asked = Asked(metre, mode, free=free)
            write(writer, drafts, asked, chances, given=[given[at] for at in group], most_notes=most)
            found.update({at: (draft, len(given[at])) for at, draft in zip(group, drafts, strict=True)})
            advance(len(group))
    return [found[at] for at in range(len(pieces))]


def first_bars(piece: Piece, bars: int) -> list[Note]:
    """The notes that begin before so many whole bars are over."""
    first = piece.steps.notes[0][2]
    end = bar_line_from(first, piece.bar_ticks) + bars * piece.bar_ticks
    given, at = list[Note](), first
    for note in piece.steps.notes:
        duration, _, position, _ = note
        at += (position - at) % piece.bar_ticks
        if at >= end:
            break
        given.append(note)
        at += DURATIONS[duration]
    return given


def likeness(samples: Sequence[Sample], data: Data, *, seed: int) -> dict[str, Any]:
    """Divergences from the tunes that were learnt from, and those of as many tunes held out."""
    learnt, people = histograms(data.learnt_samples), data.kept_samples
    chance = np.random.default_rng((seed, 2))
    count = min(len(samples), len(people))
    equal = [people[at] for at in chance.choice(len(people), count, replace=False)]
    ours, theirs = histograms(samples[:count]), histograms(equal)
    return {
        name: {"written": divergence(learnt[name], ours[name]), "people": divergence(learnt[name], theirs[name])}
        for name in HISTOGRAMS
    }


def copies(samples: Sequence[Sample], data: Data) -> dict[str, Any]:
    """The longest runs in common with tunes that were learnt from; the same of tunes held out."""
    known = Copies([one.draft for one in data.learnt_samples])
    found = {}
    for name, group in (("written", samples), ("people", data.kept_samples)):
        longest = np.array([known.longest(one.draft) for one in group])
        new = float(np.nanmean([known.new(one.draft) for one in group]))
        found[name] = {
            "median": float(np.median(longest)), "of_nine_in_ten": float(np.quantile(longest, 0.9)),
            "longest": int(longest.max()), "new_runs_of_12": new,
        }  # fmt: skip
    return found


def kinds(model: MelodyModel, data: Data, *, seed: int) -> dict[str, Any]:
    """Metres and modes of 500 tunes that ask for nothing."""
    chance = np.random.default_rng((seed, 3))
    drawn = [model.usual(chance) for _ in range(KINDS)]
    metres = divergence(Counter(kind.metre for kind in drawn), Counter(METRES[one.metre] for one in data.learnt))
    modes = divergence(Counter(kind.mode for kind in drawn), Counter(MODES[one.mode] for one in data.learnt))
    return {"metre": metres, "mode": modes, "modes": sorted({kind.mode for kind in drawn})}
