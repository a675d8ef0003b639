"""Source: an instrument that plays single notes. One module for each kind, from a SoundFont to a recording."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nsynth_lab.note import key_ranges, runs
from nsynth_lab.units import FloatArray

MIN_KEYS = 12
LONGEST_RECORDING_SECONDS = 30.0  # of a single recording; what is longer is cut off


@dataclass(frozen=True, order=True)
class KeyVelocity:
    """A note to capture: MIDI note number and velocity."""

    note: int
    velocity: int


@dataclass(frozen=True)
class SourceInfo:
    """What is known about an instrument before it plays.

    Attributes:
        kind: soundfont, sfz, vst3, folder or recording.
        recipe: plain values that identify it exactly; the same recipe gives the same notes.
        name: its own name; empty if it has none.
        family: one of `note.INSTRUMENT_FAMILIES`; empty if unknown.
        source: acoustic, electronic or synthetic.
        licence, attribution: of the sound; empty if unknown.
        lowest, highest: the range in which it is meant to be played.
        playable: all notes that sound, rising; empty if unknown.
        pitch_given: whether the user has named the note, so that it is used whatever its measured pitch is.
        remarks: messages for the user, one line each.
    """

    kind: str
    recipe: dict[str, Any]
    name: str = ""
    family: str = ""
    source: str = "synthetic"
    licence: str = ""
    attribution: str = ""
    lowest: int = 24
    highest: int = 96
    playable: tuple[int, ...] = ()
    pitch_given: bool = False
    remarks: tuple[str, ...] = ()


class Source(Protocol):
    """Plays single notes into arrays."""

    info: SourceInfo

    def keys(self, wanted: list[KeyVelocity]) -> list[KeyVelocity]:
        """The notes to play: `wanted`, or those that the source has if it cannot play any other."""

    def play(self, key: KeyVelocity, *, hold_seconds: float, seconds: float) -> FloatArray:
        """One note from silence at 48 kHz, float32 [1 or 2, samples]; the key is released after `hold_seconds`.

        Raises:
            NsynthLabError: this note cannot be played.
        """

    def actual_hold(self, hold_seconds: float) -> float | None:
        """How long keys are really held if `hold_seconds` is requested; None if unknown."""

    def close(self) -> None:
        """Free its resources."""


def key_remarks(keys: Sequence[int], *, lowest: int, highest: int) -> list[str]:
    """Remarks on an instrument's sounding `keys`: if there are few, and if some are apart from the playing range."""
    remarks = []
    if len(keys) < MIN_KEYS:
        remarks.append(f"only {len(keys)} of its keys {'sounds' if len(keys) == 1 else 'sound'}: {key_ranges(keys)}")
    apart = [key for run in runs(keys) if run[-1] < lowest or run[0] > highest for key in run]
    if apart and len(keys) > MIN_KEYS:
        remarks.append(
            f"{key_ranges(apart)} {'is' if len(apart) == 1 else 'are'} apart from its other notes, like keyswitches, "
            "and left out; use --low and --high to include them"
        )
    return remarks


def file_hash(path: Path) -> str:
    """A short hash of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
