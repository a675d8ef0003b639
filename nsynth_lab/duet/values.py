"""The values of a duet: notes at samples, phrases, wishes and answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import Event, Kind, note_off, note_on
from nsynth_lab.tune.tune import FASTEST_BPM, SLOWEST_BPM

FREEST = 2.0


@dataclass(frozen=True, slots=True)
class DuetNote:
    """A note from sample `begin` to sample `end`.

    Attributes:
        begin, end: samples; of a phrase from its first note on, of an answer from its first beat on.
        key: MIDI note number.
        velocity: 1 to 127.
    """

    begin: int
    end: int
    key: int
    velocity: int


def events_of(notes: Iterable[DuetNote]) -> list[Event]:
    """The notes as events in order of time; at the same sample, note-offs come first."""
    pairs = [
        (note_on(one.key, one.velocity, at_sample=one.begin), note_off(one.key, at_sample=one.end)) for one in notes
    ]
    events = [event for pair in pairs for event in pair]
    return sorted(events, key=lambda event: (event.at_sample, event.kind is Kind.NOTE_ON))


@dataclass(frozen=True, slots=True)
class Phrase:
    """What was played, in order of its beginnings, and which turn it is.

    Attributes:
        notes: from sample 0 on; none asks for an opening.
        turn: from 0.
        period_samples: a beat of the answer before, near which the beat is looked for; 0 if there was none.
        clock_bpm: quarter notes a minute of a clock that is followed; 0 if none is.
    """

    notes: tuple[DuetNote, ...]
    turn: int = 0
    period_samples: float = 0.0
    clock_bpm: float = 0.0


@dataclass(frozen=True)
class Wishes:
    """What is asked of the answers.

    Attributes:
        close: how near to what was played, 0 to 1.
        free: how freely notes are drawn, 0 to 2: a temperature.
        seed: the same seed gives the same answers.
        tempo_bpm: beats a minute; None finds them in what is played.
        metre, key: by name, such as 6/8 and Edor; empty finds them.
        lowest, highest: MIDI notes between which the answer is moved by octaves.

    Raises:
        UsageError: a value that cannot be used.
        TuneError: a metre or key that is none.
    """

    close: float = 0.3
    free: float = 1.0
    seed: int = 0
    tempo_bpm: float | None = None
    metre: str = ""
    key: str = ""
    lowest: int = 0
    highest: int = 127

    def __post_init__(self) -> None:
        from nsynth_lab.melody.conditions import metre_number
        from nsynth_lab.tune.key import parse_key
        from nsynth_lab.tune.metre import parse_metre

        for name, value, low, high in (
            ("--close", self.close, 0.0, 1.0),
            ("--free", self.free, 0.0, FREEST),
            ("--tempo", 60.0 if self.tempo_bpm is None else self.tempo_bpm, SLOWEST_BPM, FASTEST_BPM),
        ):
            if not (math.isfinite(value) and low <= value <= high):
                raise UsageError(f"{name} {value:g}; expected {low:g} to {high:g}")
        if self.metre:
            metre_number(parse_metre(self.metre))
        parse_key(self.key)


@dataclass(frozen=True)
class Answer:
    """An answer, ready to be played.

    Attributes:
        notes: from its first beat on.
        first_beat_samples: a beat of the phrase, from its first note on; NaN where it has no beat to wait for.
        period_samples: from beat to beat.
        bars: how long it is.
        heard: what was found: metre, key and tempo in words.
        bar_samples: from bar line to bar line, of which its beginning is one; NaN without a beat.
    """

    notes: tuple[DuetNote, ...]
    first_beat_samples: float = math.nan
    period_samples: float = math.nan
    bars: int = 0
    heard: str = ""
    bar_samples: float = math.nan

    @property
    def has_beat(self) -> bool:
        """Whether there is a beat to wait for."""
        return math.isfinite(self.first_beat_samples) and self.period_samples > 0


def phrase_to_json(phrase: Phrase) -> dict[str, Any]:
    """As JSON values."""
    return {**asdict(phrase), "notes": _rows(phrase.notes)}


def phrase_from_json(values: dict[str, Any]) -> Phrase:
    """The inverse."""
    return Phrase(**{**values, "notes": _notes(values["notes"])})


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """As JSON values."""
    return {**asdict(answer), "notes": _rows(answer.notes)}


def answer_from_json(values: dict[str, Any]) -> Answer:
    """The inverse."""
    return Answer(**{**values, "notes": _notes(values["notes"])})


def _rows(notes: Sequence[DuetNote]) -> list[list[int]]:
    return [[note.begin, note.end, note.key, note.velocity] for note in notes]


def _notes(rows: Sequence[Sequence[int]]) -> tuple[DuetNote, ...]:
    return tuple(DuetNote(*row) for row in rows)


@dataclass(frozen=True)
class Shown:
    """A snapshot of a duet for display.

    Attributes:
        turn: answers begun so far.
        doing: listens, answers, thinks, or plays along.
        coming: MIDI notes that the partner is going to play, in order.
        heard: of the phrase that is answered; empty before any.
        late: answers that were not written in time for the beat on which they should have begun.
    """

    turn: int = 0
    doing: str = "listens"
    coming: tuple[int, ...] = ()
    heard: str = ""
    late: int = 0
