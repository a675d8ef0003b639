"""Source: anything that can be asked for single notes; a module for each kind, from a SoundFont to a recording."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nsynth_lab.units import FloatArray


@dataclass(frozen=True, order=True)
class Key:
    """A note to capture: MIDI number and velocity."""

    note: int
    velocity: int


@dataclass(frozen=True)
class About:
    """What a source says of itself, and what it therefore may become.

    Attributes:
        kind: soundfont, sfz, vst3, folder or recording.
        recipe: plain values that name it exactly; the same recipe makes the same notes.
        name: what it calls itself, empty where it does not.
        family: of NSynth's eleven, empty where it does not tell.
        source: acoustic, electronic or synthetic.
        licence, attribution: of the sound, empty where nobody has said.
        lowest, highest: notes it is meant to be played at.
        playable: all notes that sound, rising; empty where nobody knows.
        pitch_given: somebody has said which note it is, so that it is not left out for sounding like another.
        remarks: what a person should know of it before, a line each.
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

    about: About

    def keys(self, wanted: list[Key]) -> list[Key]:
        """Those of the wanted notes that it has, or its own where it cannot be asked."""

    def play(self, key: Key, *, hold_seconds: float, seconds: float) -> FloatArray:
        """One note from silence, mono at 48 kHz, float32 [samples]; the key goes up after `hold_seconds`.

        Raises:
            NsynthLabError: this note cannot be had.
        """

    def hold_of(self, key: Key, hold_seconds: float) -> float | None:
        """How long the key really is held; None where nobody knows."""

    def close(self) -> None:
        """Give back what it holds."""


def file_hash(path: Path) -> str:
    """Short hash of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
