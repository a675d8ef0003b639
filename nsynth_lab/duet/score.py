"""Notates a phrase for the melody model: its top line in steps, with metre and key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nsynth_lab.duet.beat import Beat, find_beat
from nsynth_lab.duet.listening import CHORD_SAMPLES
from nsynth_lab.duet.pulse import COMPOUND_TICKS, SIMPLE_TICKS, beat_ticks_of
from nsynth_lab.duet.values import DuetNote, Phrase, Wishes
from nsynth_lab.melody.conditions import bar_ticks_of, metre_number
from nsynth_lab.melody.steps import DURATIONS, GOES_ON, MIDDLE, PITCHES, TICKS, Note
from nsynth_lab.tempo import folded
from nsynth_lab.tune.find.bar_lines import find_metre, find_upbeat
from nsynth_lab.tune.find.key import find_key
from nsynth_lab.tune.key import Key, parse_key
from nsynth_lab.tune.metre import Metre, parse_metre
from nsynth_lab.tune.scale import steps_of_mode
from nsynth_lab.tune.tune import FASTEST_BPM, SLOWEST_BPM
from nsynth_lab.units import SAMPLE_RATE

MOST_BARS = 8
MOST_HEARD = 96  # notes at the end of a long phrase
SHORTEST_REST_TICKS = 12  # between two notes; less is how they are played
HELD = 0.45  # of the time to the next note: a note that lasts longer is written until the next


@dataclass(frozen=True)
class Score:
    """A phrase written down.

    Attributes:
        line: its top line, as it was played.
        beat: that was found.
        metre, key: given or found.
        notes: of the line as the model is told them: duration, pitch, position in the bar, flag.
        begins: where each of these begins, in ticks from a bar line on.
        lowest: MIDI note of pitch 0.
        bars: how long an answer is.
    """

    line: tuple[DuetNote, ...]
    beat: Beat
    metre: Metre
    key: Key
    notes: tuple[Note, ...]
    begins: tuple[int, ...]
    lowest: int
    bars: int

    @property
    def bar_ticks(self) -> int:
        """Length of a bar."""
        return bar_ticks_of(metre_number(self.metre))

    @property
    def scale(self) -> frozenset[int]:
        """Pitch classes above the tonic: of the key, and what else was played."""
        own = {(note.key - self.key.tonic) % 12 for note in self.line}
        return frozenset({*steps_of_mode(self.key.mode), *own})

    @property
    def words(self) -> str:
        """Metre, key and tempo."""
        tempo = "" if self.beat.is_free else f", {60.0 / self.beat.period_seconds:.0f} beats a minute"
        return f"{self.metre.name}, {self.key.name}{tempo}"


def score_of(phrase: Phrase, wishes: Wishes) -> Score:
    """What was played, written down; a phrase has one note at least."""
    line = top_line(phrase.notes)[-MOST_HEARD:]
    onsets = [note.begin / SAMPLE_RATE for note in line]
    asked, bpm = parse_metre(wishes.metre), wished_tempo(wishes, phrase)
    beat = find_beat(
        onsets,
        [note.key for note in line],
        [note.velocity for note in line],
        (line[-1].end - line[-1].begin) / SAMPLE_RATE,
        period_seconds=60.0 / bpm if bpm else 0.0,
        like_seconds=phrase.period_samples / SAMPLE_RATE,
        compound=None if asked is None else beat_ticks_of(asked) == COMPOUND_TICKS,
    )
    begins = beat.ticks.tolist()
    ends = ends_on_paper(line, begins, beat)
    heard = [
        (Fraction(begin - begins[0], TICKS), Fraction(end - begin, TICKS), note.key)
        for begin, end, note in zip(begins, ends, line, strict=True)
    ]
    metre = asked or _metre(heard, beat)
    bar = bar_ticks_of(metre_number(metre))
    upbeat = int(find_upbeat(heard, metre) * TICKS) if len(line) > 1 else 0
    moved = bar - upbeat - begins[0] if upbeat else bar - begins[0]
    begins, ends = [one + moved for one in begins], [one + moved for one in ends]
    shifted = [(at - Fraction(upbeat, TICKS), length, note) for at, length, note in heard]
    key = parse_key(wishes.key) if wishes.key else find_key(shifted, metre.length)
    lowest = _lowest(line, key)
    notes = tuple(
        (_duration(end - begin), _folded(note.key - lowest), begin % bar, GOES_ON)
        for begin, end, note in zip(begins, ends, line, strict=True)
    )
    length = ends[-1] - begins[0]
    return Score(line, beat, metre, key, notes, tuple(begins), lowest, min(max(1, round(length / bar)), MOST_BARS))


def wished_tempo(wishes: Wishes, phrase: Phrase) -> float | None:
    """Beats a minute at which an answer is written: of the clock that is followed, else those wished for, if any.

    A clock counts quarters; where 6/8 or the like is wished for, a beat is a dotted one.

    >>> wished_tempo(Wishes(metre="6/8", tempo_bpm=100.0), Phrase((), clock_bpm=120.0))
    80.0
    """
    if not phrase.clock_bpm:
        return wishes.tempo_bpm
    metre = parse_metre(wishes.metre)
    ticks = SIMPLE_TICKS if metre is None else beat_ticks_of(metre)
    return folded(phrase.clock_bpm * SIMPLE_TICKS / ticks, SLOWEST_BPM, FASTEST_BPM)


def top_line(notes: Sequence[DuetNote]) -> tuple[DuetNote, ...]:
    """The highest of the notes that are struck together, in order."""
    line: list[DuetNote] = []
    for note in notes:
        if line and note.begin - line[-1].begin <= CHORD_SAMPLES:
            if note.key > line[-1].key:
                line[-1] = DuetNote(line[-1].begin, note.end, note.key, note.velocity)
        else:
            line.append(note)
    return tuple(line)


def ends_on_paper(line: Sequence[DuetNote], begins: Sequence[int], beat: Beat) -> list[int]:
    """Where each note ends on paper: with the next one, or, where a rest was meant, as long as it was held."""
    ends = []
    for index, note in enumerate(line):
        held = (note.end - note.begin) / SAMPLE_RATE / beat.period_seconds * beat.beat_ticks
        following = begins[index + 1] - begins[index] if index + 1 < len(begins) else None
        if following is None:
            finest = beat.beat_ticks // 2
            ends.append(begins[index] + max(finest, finest * round(held / finest)))
        elif held >= HELD * following or following - held < SHORTEST_REST_TICKS:
            ends.append(begins[index] + following)
        else:
            ends.append(begins[index] + min(following, max(6, 6 * round(held / 6))))
    return ends


def _metre(heard: Sequence[tuple[Fraction, Fraction, int]], beat: Beat) -> Metre:
    """The likeliest metre with the beat that was found."""
    found = find_metre(heard) if len(heard) > 1 else Metre()
    if beat_ticks_of(found) == beat.beat_ticks:
        return found
    return Metre() if beat.beat_ticks == SIMPLE_TICKS else Metre((6,), 8)


def _lowest(line: Sequence[DuetNote], key: Key) -> int:
    """The tonic from which pitches are counted: the line lies in the middle of them."""
    middle = int(np.median([note.key for note in line]))
    below = middle - MIDDLE
    return below - (below - key.tonic) % 12


def _duration(ticks: int) -> int:
    """The longest of `DURATIONS` that is no longer."""
    return max((place for place, one in enumerate(DURATIONS) if one <= ticks), default=0)


def _folded(pitch: int) -> int:
    while pitch < 0:
        pitch += 12
    while pitch >= PITCHES:
        pitch -= 12
    return pitch
