"""Heard: what a job says of the phrase that it has heard, checked: its process has read a stranger's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from nsynth_lab.errors import UsageError
from nsynth_lab.panel.jobs.answers import number, remarks_of

MOST_NOTES = 4000
LONGEST_SECONDS = 20 * 60.0

NoteRow = tuple[float, float, float, float]


@dataclass(frozen=True)
class HeardSound:
    """What came of a sound.

    Attributes:
        notes: begin and end in seconds, pitch as a MIDI note number with its fraction, A-weighted level in dB.
        peak: amplitude of the sound; 0 where there is none, as in a `.phrase` file.
        remarks: what a player should know of it, a line each.
    """

    notes: tuple[NoteRow, ...]
    peak: float
    remarks: tuple[str, ...]

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Self:
        """What a job has returned.

        Raises:
            UsageError: it is none.
        """
        try:
            notes = tuple(_row(row) for row in result["notes"][:MOST_NOTES])
            return cls(notes, number(result["peak"], 0.0, 1.0), remarks_of(result))
        except (KeyError, ValueError, TypeError) as error:
            raise UsageError("the phrase could not be heard: its process gave no proper answer") from error


def _row(given: Sequence[Any]) -> NoteRow:
    begin, end, pitch, level_db = given
    times = number(begin, 0.0, LONGEST_SECONDS), number(end, 0.0, LONGEST_SECONDS)
    return *times, number(pitch, 0.0, 127.0), number(level_db, -200.0, 100.0)
