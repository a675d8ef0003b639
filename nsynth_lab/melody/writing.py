"""Writing: drafts are continued note by note, several side by side, each with a random generator of its own.

Along a sketch the writer's log-probabilities and those of the sketch are added, times a weight: a product of experts
(Hinton 2002). So what comes is a melody first, and the sketch second. Where no goal is given, what returns is a little
likelier to go on (`returning`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from nsynth_lab.melody.conditions import (
    ANY_STYLE,
    IS_LAST,
    LAST_NOT_TOLD,
    METRES,
    MODES,
    MOST_BARS_LEFT,
    NOT_LAST,
    NOT_TOLD,
    RARE_MODES,
)
from nsynth_lab.melody.draft import Draft, row
from nsynth_lab.melody.marginals import BY_METRE, Tilt
from nsynth_lab.melody.returning import returning
from nsynth_lab.melody.rules import (
    Allowed,
    Goal,
    can_go_on,
    durations_allowed,
    flag_asked,
    may_end,
    pitches_allowed,
)
from nsynth_lab.melody.sketch import Sketch
from nsynth_lab.melody.steps import DURATIONS, END_OF_SECTION, END_OF_TUNE, GOES_ON, PITCHES, REST, Note
from nsynth_lab.melody.writer import Memory, Writer
from nsynth_lab.tune.scale import SCALES
from nsynth_lab.units import Doubles, FloatArray, Ints

MOST_NOTES = 4096
NUCLEUS = 0.97  # of the probability from which notes are drawn (Holtzman et al. 2020)
RHYTHM_NUCLEUS = 1.0  # of durations: rare ones, such as triplets, are unlikely until a tune has them
PITCH_NUCLEUS = 0.99  # of pitches: with 0.97 leaps of an octave and more came half as often as people write them
USUAL_FREEDOM = 1.0  # beyond it `NUCLEUS` holds for both
LONGEST_BARS, LONGEST_NOTES = 24, 200  # from here on a tune without a goal ends where it can
OVERLONG_BARS, OVERLONG_NOTES, MOST_BARS = 32, 250, 64  # from here on with any bar; and on any note
PHRASE_BARS = 4
ELSEWHERE = 0.45  # how much less likely a tune without a goal ends on another note than the tonic, beside the writer
NEVER = -1e9


@dataclass(frozen=True)
class Recall:
    """A stretch of ticks in which what was written from another tick on returns, as far as whole notes reach."""

    begin: int
    end: int
    source: int

    def note(self, draft: Draft) -> tuple[int, int] | None:
        """The duration and pitch that return where the draft stands; None if nothing does."""
        if not self.begin <= draft.at < self.end:
            return None
        at = draft.at - self.begin + self.source
        found = bisect_left(draft.begins, at)
        if found == len(draft.begins) or draft.begins[found] != at:
            return None
        duration = draft.durations[found]
        return (duration, draft.pitches[found]) if draft.at + DURATIONS[duration] <= self.end else None


@dataclass(frozen=True)
class Asked:
    """What is asked of a tune.

    Attributes:
        metre: its place in `METRES`.
        mode: its place in `MODES`.
        style: a collection's place in `STYLES`, or `ANY_STYLE`.
        goal: where sections end.
        free: how freely notes are drawn: a temperature; 0: always the likeliest.
        weight: of a sketch against the writer.
        recalls: what returns.
        pitches: that are used; all, if there are none (see `compass`).
        tilt: of the writer, where it follows nothing but itself; that of the metre, if there is none.
    """

    metre: int
    mode: int
    style: int = ANY_STYLE
    goal: Goal = field(default_factory=Goal)
    free: float = 1.0
    weight: float = 1.0
    recalls: tuple[Recall, ...] = ()
    pitches: frozenset[int] = frozenset()
    tilt: Tilt | None = None

    @cached_property
    def own_tilt(self) -> Tilt:
        """What is added to the writer's log-probabilities; nothing where its pitches are given."""
        return Tilt() if self.pitches else self.tilt or BY_METRE.get(METRES[self.metre], Tilt())

    @cached_property
    def rest_tilt(self) -> Doubles:
        """The same of each pitch and the rest."""
        tilt = np.zeros(REST + 1)
        tilt[REST] = self.own_tilt.rest
        return tilt

    @cached_property
    def compass(self) -> Allowed:
        """Which pitches are used; a rest always is. In a mode that the writer hardly knows its scale is kept to."""
        name = MODES[self.mode]
        scale = {pitch for pitch in range(PITCHES) if name not in RARE_MODES or pitch % 12 in SCALES[name]}
        return np.array([pitch == REST or pitch in (self.pitches or scale) for pitch in range(REST + 1)])

    def recalled(self, draft: Draft) -> tuple[int, int] | None:
        """The duration and pitch that return where the draft stands; None if nothing does."""
        return next((note for recall in self.recalls if (note := recall.note(draft)) is not None), None)


@dataclass
class Written:
    """A draft, and how surprising each note is that was written or heard, in bits.

    Attributes:
        draft: the draft.
        bits: of each note.
        given: the notes that it begins with.
        done: whether it is finished.
    """

    draft: Draft
    bits: list[float]
    given: Sequence[Note] = ()
    done: bool = False

    @property
    def due(self) -> Note | None:
        """The given note that comes next; None if there is none any more."""
        return self.given[len(self.draft)] if len(self.draft) < len(self.given) else None


def write(
    writer: Writer,
    drafts: Sequence[Draft],
    asked: Asked,
    chances: Sequence[np.random.Generator],
    *,
    memory: Memory | None = None,
    given: Sequence[Sequence[Note]] | None = None,
    sketches: Sequence[Sketch] | None = None,
    stop: Callable[[Draft], bool] = lambda _: False,
    most_notes: int = MOST_NOTES,
) -> list[Written]:
    """Go on with drafts until their goal, their own end, `stop`, or so many notes.

    Args:
        writer: the writer.
        drafts: to go on with; they are changed.
        asked: of all of them.
        chances: of each.
        memory: what the writer has heard of the drafts so far; nothing, if they are empty.
        given: notes that each of them begins with: empty drafts of several lengths go on side by side.
        sketches: that each follows.
        stop: whether a draft is finished, asked after each note.
        most_notes: to write at most.
    """
    memory = memory or writer.begin(len(drafts))
    written = [Written(draft, [], given[place] if given else ()) for place, draft in enumerate(drafts)]
    conditions = np.tile((asked.metre, asked.mode, asked.style), (len(drafts), 1))
    for _ in range(most_notes):
        for one in written:
            if one.due:
                one.draft.wait_until(one.due[2])
            elif not can_go_on(one.draft):
                one.draft.wait_until(0)
        state = writer.hear(memory, [told(one.draft, asked.goal) for one in written], conditions)
        duration = _durations(writer, state, written, asked, chances, sketches)
        pitch = _pitches(writer, state, duration, written, asked, chances, sketches)
        flag = _flags(writer, state, duration, pitch, written, asked, chances)
        for place, one in enumerate(written):
            if one.done:
                continue
            one.draft.add(int(duration[place]), int(pitch[place]), int(flag[place]))
            one.done = one.draft.flags[-1] == END_OF_TUNE or stop(one.draft)
        if all(one.done for one in written):
            break
    return written


def told(draft: Draft, goal: Goal) -> list[int]:
    """What the writer is told before a draft's next note."""
    end = goal.next_end(draft.at)
    if end is None:
        return [*row(draft.context()), NOT_TOLD, LAST_NOT_TOLD]
    left = min(max(1, -(-(end - draft.at) // draft.bar_ticks)), MOST_BARS_LEFT)
    return [*row(draft.context()), left, IS_LAST if end == goal.ends[-1] else NOT_LAST]


def hear(writer: Writer, draft: Draft, asked: Asked, notes: Sequence[Note]) -> tuple[Memory, list[float]]:
    """Let the writer hear notes (duration, pitch, position, flag) that are given; its memory, and the bits of each."""
    memory = writer.begin(1)
    conditions = np.array([(asked.metre, asked.mode, asked.style)])
    bits = []
    for duration, pitch, position, flag in notes:
        draft.wait_until(position)
        state = writer.hear(memory, [told(draft, asked.goal)], conditions)
        one = writer.durations(state)[0, duration]
        two = writer.pitches(state, np.array([duration]))[0, pitch]
        bits.append(float(-(one + two) / np.log(2)))
        draft.add(duration, pitch, flag)
    return memory, bits


def _durations(
    writer: Writer, state: FloatArray, written: Sequence[Written], asked: Asked,
    chances: Sequence[np.random.Generator], sketches: Sequence[Sketch] | None,
) -> Ints:  # fmt: skip
    scores = writer.durations(state)
    chosen = np.zeros(len(written), np.int64)
    for place, one in enumerate(written):
        if one.done:
            continue
        allowed = durations_allowed(one.draft, asked.goal)
        sketch = sketches[place] if sketches else None
        more = asked.weight * sketch.durations(one.draft) if sketch else np.array(asked.own_tilt.durations)
        if not asked.goal.ends:
            more = more + returning(one.draft)[0]
        known = one.due or asked.recalled(one.draft)
        if known:
            chosen[place] = known[0]
        else:
            nucleus = RHYTHM_NUCLEUS if asked.free <= USUAL_FREEDOM else NUCLEUS
            chosen[place] = drawn(scores[place] + more, allowed, asked.free, chances[place], nucleus=nucleus)
        one.bits.append(float(-scores[place, chosen[place]] / np.log(2)))
    return chosen


def _pitches(
    writer: Writer, state: FloatArray, duration: Ints, written: Sequence[Written], asked: Asked,
    chances: Sequence[np.random.Generator], sketches: Sequence[Sketch] | None,
) -> Ints:  # fmt: skip
    scores = writer.pitches(state, duration)
    chosen = np.zeros(len(written), np.int64)
    for place, one in enumerate(written):
        if one.done:
            continue
        sketch = sketches[place] if sketches else None
        more = asked.weight * sketch.pitches(one.draft) if sketch else asked.rest_tilt
        if not asked.goal.ends:
            more = more + returning(one.draft)[1]
        known = one.due or asked.recalled(one.draft)
        allowed = pitches_allowed(one.draft) & asked.compass
        if known:
            chosen[place] = known[1]
        else:
            nucleus = PITCH_NUCLEUS if asked.free <= USUAL_FREEDOM else NUCLEUS
            chosen[place] = drawn(scores[place] + more, allowed, asked.free, chances[place], nucleus=nucleus)
        one.bits[-1] += float(-scores[place, chosen[place]] / np.log(2))
    return chosen


def _flags(
    writer: Writer, state: FloatArray, duration: Ints, pitch: Ints, written: Sequence[Written], asked: Asked,
    chances: Sequence[np.random.Generator],
) -> Ints:  # fmt: skip
    scores = writer.flags(state, duration, pitch)
    chosen = np.full(len(written), GOES_ON)
    for place, one in enumerate(written):
        if one.done:
            continue
        forced = one.due[3] if one.due else flag_asked(one.draft, int(duration[place]), asked.goal)
        if forced is not None:
            chosen[place] = forced
        elif may_end(one.draft, int(duration[place])):
            note = int(duration[place]), int(pitch[place])
            chosen[place] = _flag(scores[place], one.draft, note, asked.free, chances[place])
    return chosen


def _flag(scores: FloatArray, draft: Draft, note: tuple[int, int], free: float, chance: np.random.Generator) -> int:
    """A flag where no goal asks for one: tunes end on the tonic rather than elsewhere, and do end."""
    duration, pitch = note
    known = scores.copy()
    if pitch % 12:
        known[END_OF_TUNE] += np.log(ELSEWHERE)
    flag = drawn(known, np.ones(len(known), bool), free, chance)
    bars = (draft.at - draft.begins[0]) // draft.bar_ticks if draft.begins else 0
    if (bars >= LONGEST_BARS or len(draft) >= LONGEST_NOTES) and (
        flag == END_OF_SECTION or _closes(draft, duration, pitch)
    ):
        return END_OF_TUNE
    return flag


def _closes(draft: Draft, duration: int, pitch: int) -> bool:
    """Whether a tune that runs on may end with a note: on the tonic, with a phrase or at last with any bar."""
    end = draft.at + DURATIONS[duration]
    length = end - draft.begins[0]
    overlong = length >= OVERLONG_BARS * draft.bar_ticks or len(draft) >= OVERLONG_NOTES
    closes = (end - draft.section_start) % ((1 if overlong else PHRASE_BARS) * draft.bar_ticks) == 0
    return closes and (pitch % 12 == 0 or length >= MOST_BARS * draft.bar_ticks)


def drawn(
    scores: FloatArray | Doubles,
    allowed: Allowed,
    free: float,
    chance: np.random.Generator,
    *,
    nucleus: float = NUCLEUS,
) -> int:
    """One of what is allowed, drawn by its log-probability from the likeliest that make up `nucleus` of it."""
    kept = np.where(allowed, scores, NEVER).astype(np.float64)
    if free <= 0:
        return int(kept.argmax())
    shares = np.exp((kept - kept.max()) / free)
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")[: np.count_nonzero(shares)]
    total = shares[order].cumsum()
    order = order[: int(np.searchsorted(total, nucleus)) + 1]
    reached = shares[order].cumsum()
    return int(order[min(int(np.searchsorted(reached, chance.random() * reached[-1], side="right")), len(order) - 1)])
