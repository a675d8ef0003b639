"""Outcome: what a job says of the recording that it has encoded, checked: its process has read a stranger's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from nsynth_lab.errors import UsageError
from nsynth_lab.note import FAMILIES
from nsynth_lab.panel.jobs.answers import line, number, remarks_of

MOST_POINTS = 400


@dataclass(frozen=True)
class Outcome:
    """What came of a recording.

    Attributes:
        note: MIDI number that it was encoded as.
        measured: fractional MIDI number that it sounds like.
        pitch: what is doubtful of it, in a line; empty if nothing is.
        error_db: mel error of the reconstruction, in dB; quality: the same in a word.
        seconds: of the part that was encoded.
        family: a first guess.
        remarks: what is wrong with the recording, a line each.
        original, reconstruction: the highest amplitude in each of as many parts as are drawn.
        hash: of the file (see `capture.source.file_hash`).
    """

    note: int
    measured: float
    pitch: str
    error_db: float
    quality: str
    seconds: float
    family: str
    remarks: tuple[str, ...]
    original: tuple[float, ...]
    reconstruction: tuple[float, ...]
    hash: str

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Self:
        """The outcome that a job has returned.

        Raises:
            UsageError: it is none.
        """
        try:
            made = cls(
                note=int(result["note"]),
                measured=number(result["measured"]),
                pitch=line(result["pitch"]),
                error_db=number(result["error_db"]),
                quality=line(result["quality"]),
                seconds=number(result["seconds"]),
                family=line(result["family"]),
                remarks=remarks_of(result),
                original=tuple(map(number, result["original"][:MOST_POINTS])),
                reconstruction=tuple(map(number, result["reconstruction"][:MOST_POINTS])),
                hash=line(result["hash"]),
            )
        except (KeyError, ValueError, TypeError) as error:
            raise UsageError("the sound could not be encoded: its process gave no proper answer") from error
        if made.family not in FAMILIES or not 0 <= made.note <= 127:
            raise UsageError("the sound could not be encoded: its process gave no proper answer")
        return made
