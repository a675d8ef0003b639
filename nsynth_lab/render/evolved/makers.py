"""Maker: what makes the members of one kind heard, seen and kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from nsynth_lab.evolve.population import Member, Space

SOUND, PICTURE = ".wav", ".png"


class Maker(Protocol):
    """Makes melodies, instruments or presets from the members of a generation."""

    @property
    def space(self) -> Space:
        """Where the members lie."""

    @property
    def ending(self) -> str:
        """Of the file beside the sound, from which a member can be made again."""

    def write(self, member: Member, file: Path, sound: Path, *, title: str, comment: str) -> None:
        """Write both files; the sound carries the comment."""

    def about(self, member: Member) -> dict[str, Any]:
        """What it is, as JSON values; `words` says the same in a few words."""

    def picture(self, members: Sequence[Member], sounds: Sequence[Path], path: Path, *, title: str) -> None:
        """Draw an overview of a generation; the sounds are those that `write` has written."""

    def place(self, folder: Path, name: str) -> Path | None:
        """The file in which it is kept where none is named; None if it is kept among what is the user's own."""

    def save(self, member: Member, name: str, origin: str, *, output: Path | None, force: bool) -> Path:
        """Keep it among what is the user's own, or in a file; returns the file. `origin` says how it came about."""
