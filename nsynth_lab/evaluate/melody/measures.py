"""What is counted in tunes: repetition, form, scales, ends, and how much is copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from nsynth_lab.evaluate.melody.held_out import Sample
from nsynth_lab.melody.conditions import MODES
from nsynth_lab.melody.critic import bar_contents, heard_before
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.steps import BARS_AGO, DURATIONS, END_OF_TUNE, REST
from nsynth_lab.tune.scale import SCALES
from nsynth_lab.units import Ints

LAST_BARS, MOST_STUCK = 8, 2
LONG_RUN = 8  # notes of one pitch
SLOT = 6  # ticks
RUNS = (6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 48, 64)
NEW_RUN = 12
HISTOGRAMS = ("pitch", "interval", "duration", "onset")
_FACTOR = np.uint64(6364136223846793005)


def is_stuck(draft: Draft, *, first: int = 0) -> bool:
    """Whether the last eight bars hold at most two different ones; bars before tick `first` do not count."""
    contents = bar_contents(draft)
    numbers = sorted({begin // draft.bar_ticks for begin in draft.begins})
    later = [one for number, one in zip(numbers, contents, strict=True) if (number + 1) * draft.bar_ticks > first]
    last = later[-LAST_BARS - 1 : -1] if len(later) > LAST_BARS else later[-LAST_BARS:]
    return len(last) == LAST_BARS and len(set(last)) <= MOST_STUCK


def longest_run(draft: Draft, *, first: int = 0) -> int:
    """Notes of one pitch in a row."""
    best = run = 0
    before = -1
    for pitch in draft.pitches[first:]:
        if pitch == REST:
            continue
        run = run + 1 if pitch == before else 1
        best, before = max(best, run), pitch
    return best


def sounding(draft: Draft) -> Ints:
    """The pitch that sounds in every sixteenth from the first note on; -1 in silence."""
    first = draft.begins[0]
    end = draft.begins[-1] + DURATIONS[draft.durations[-1]]
    found = np.full(max(1, (end - first) // SLOT), -1)
    for begin, duration, pitch in zip(draft.begins, draft.durations, draft.pitches, strict=True):
        one, two = -(-(begin - first) // SLOT), -(-(begin + DURATIONS[duration] - first) // SLOT)
        found[one:two] = pitch
    return found


def alike(draft: Draft) -> list[float]:
    """Share of sixteenths whose pitch sounded 1, 2, 4, 8 and 16 bars ago too; NaN in shorter tunes."""
    sound = sounding(draft)
    slots = draft.bar_ticks // SLOT
    return [
        float(np.mean(sound[bars * slots :] == sound[: -bars * slots])) if len(sound) > (bars + 1) * slots else np.nan
        for bars in BARS_AGO
    ]


def in_scale(sample: Sample) -> float:
    """Share of the notes that lie in the scale of the tune's mode."""
    name = MODES[sample.mode]
    scale = set(SCALES[name])
    if name == "minor":
        scale |= {9, 11}
    sung = [pitch for pitch in sample.draft.pitches if pitch != REST]
    return float(np.mean([pitch % 12 in scale for pitch in sung]))


def ends_on_tonic(draft: Draft) -> bool:
    """Whether the last note is the tonic."""
    return [pitch for pitch in draft.pitches if pitch != REST][-1] % 12 == 0


def over_bar_lines(draft: Draft, *, first: int = 0) -> float:
    """Share of notes that go over a bar line and are not whole bars."""
    bar = draft.bar_ticks
    return float(
        np.mean(
            [
                begin % bar + DURATIONS[duration] > bar and bool(begin % bar or DURATIONS[duration] % bar)
                for begin, duration in zip(draft.begins[first:], draft.durations[first:], strict=True)
            ]
        )
    )


def ended(draft: Draft) -> bool:
    """Whether the writer has ended the tune."""
    return draft.flags[-1] == END_OF_TUNE


def histograms(samples: Sequence[Sample]) -> dict[str, Counter[Hashable]]:
    """How often each pitch, interval, duration, and onset in the bar occurs."""
    found: dict[str, Counter[Hashable]] = {name: Counter() for name in HISTOGRAMS}
    for sample in samples:
        draft = sample.draft
        found["pitch"].update(draft.pitches)
        found["interval"].update(
            after - before for before, after in zip(draft.pitches[:-1], draft.pitches[1:], strict=True)
        )
        found["duration"].update(draft.durations)
        found["onset"].update((sample.metre, begin % draft.bar_ticks) for begin in draft.begins)
    return found


class Copies:
    """Runs of notes, as intervals and durations, that tunes have in common with those that were learnt from."""

    def __init__(self, learnt: Sequence[Draft]) -> None:
        self._known = {
            run: np.unique(np.concatenate([_hashes(_moves(draft), run) for draft in learnt])) for run in RUNS
        }

    def longest(self, draft: Draft) -> int:
        """The longest of `RUNS` that is shared; 0 if none is."""
        best = 0
        for run in RUNS:
            if not self._shared(draft, run).any():
                break
            best = run
        return best

    def new(self, draft: Draft) -> float:
        """Share of the runs of `NEW_RUN` notes that no learnt tune has; NaN if it is shorter."""
        shared = self._shared(draft, NEW_RUN)
        return float(1 - shared.mean()) if len(shared) else np.nan

    def _shared(self, draft: Draft, run: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        hashes, known = _hashes(_moves(draft), run), self._known[run]
        found: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = (
            known[np.minimum(np.searchsorted(known, hashes), len(known) - 1)] == hashes
        )
        return found


def _moves(draft: Draft) -> Ints:
    """Interval to each note and its duration, as one number."""
    intervals = np.diff(np.array(draft.pitches))
    return np.asarray((intervals + 64) * len(DURATIONS) + np.array(draft.durations[1:]), np.int64)


def _hashes(moves: Ints, run: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    count = len(moves) - run + 1
    found = np.zeros(max(0, count), np.uint64)
    with np.errstate(over="ignore"):
        for at in range(run if count > 0 else 0):
            found = found * _FACTOR + moves[at : at + count].astype(np.uint64) + np.uint64(1)
    return found


def summary(samples: Sequence[Sample], *, first_notes: Sequence[int] | None = None) -> dict[str, float]:
    """Means over tunes; of what is given before note `first_notes` only repetition counts."""
    firsts = first_notes or [0] * len(samples)
    drafts = [one.draft for one in samples]
    ticks = [draft.begins[first] if first else 0 for draft, first in zip(drafts, firsts, strict=True)]
    return {
        "tunes": len(samples),
        "notes": float(np.mean([len(one) for one in drafts])),
        "stuck": sum(is_stuck(draft, first=tick) for draft, tick in zip(drafts, ticks, strict=True)),
        "long_runs": float(
            np.mean([longest_run(draft, first=first) >= LONG_RUN for draft, first in zip(drafts, firsts, strict=True)])
        ),
        "heard_before": float(np.mean([heard_before(draft) for draft in drafts])),
        "over_bar_lines": float(
            np.mean([over_bar_lines(draft, first=first) for draft, first in zip(drafts, firsts, strict=True)])
        ),
        "in_scale": float(np.mean([in_scale(one) for one in samples])),
        "ends_on_tonic": float(np.mean([ends_on_tonic(draft) for draft in drafts])),
        "ended": float(np.mean([ended(draft) for draft in drafts])),
    }
