"""Plan: which notes of an instrument to capture, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.audio import ENDINGS
from nsynth_lab.capture.keys import spread
from nsynth_lab.capture.source import About, Key
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import ENDING
from nsynth_lab.naming import checked_name
from nsynth_lab.note import FAMILIES, Note, key_ranges, note_name

MOST_NOTES = 1_000


@dataclass(frozen=True)
class Plan:
    """Which notes to capture and how.

    Attributes:
        name: what the instrument is to be blended by.
        family, licence, attribution: None leaves them to what the source says.
        lowest, highest: MIDI notes; None leaves them to the source.
        step: semitones between notes.
        velocities: MIDI velocities, rising.
        hold_seconds: how long keys are held; notes are heard for `seconds`.
        refine_seconds: so long each note's latents are fitted to it.

    Raises:
        UsageError: a name that is none (see `naming.checked_name`), or a number out of range.
    """

    name: str
    family: str | None = None
    licence: str | None = None
    attribution: str | None = None
    lowest: int | None = None
    highest: int | None = None
    step: int = 6
    velocities: tuple[int, ...] = (50, 100)
    hold_seconds: float = 3.0
    seconds: float = 4.0
    refine_seconds: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", checked_name(self.name))
        if Path(self.name).suffix.lower() in (ENDING, *ENDINGS):
            raise UsageError(f"name '{self.name}' reads as a file of sound; choose another")
        if self.family is not None and self.family not in FAMILIES:
            raise UsageError(f"family '{self.family}' is unknown; use one of {', '.join(FAMILIES)}")
        if not 1 <= self.step <= 48 or not self.velocities:
            raise UsageError("expected a step of 1 to 48 semitones and at least one velocity")
        for velocity in self.velocities:
            Note(0, velocity)
        if not 0.1 <= self.hold_seconds <= self.seconds <= 20.0:
            raise UsageError("expected a hold of at least 0.1 s, no longer than the note, which is 20 s at most")

    def family_of(self, about: About) -> str:
        """What was asked for, or else what the source says.

        Raises:
            UsageError: nobody says.
        """
        family = self.family or about.family
        if not family:
            why = " (program numbers do in bank 0 of a General MIDI font alone)" * (about.kind == "soundfont")
            raise UsageError(f"'{self.name}' tells no family{why}: add --family with one of {', '.join(FAMILIES)}")
        return family

    def keys(self, about: About) -> list[Key]:
        """All notes wanted: from the lowest on those that the source has, at least a step apart.

        Raises:
            UsageError: none, or too many.
        """
        low, high = self.span(about)
        if low > high:
            raise UsageError(f"the lowest note, {note_name(low)}, lies above the highest, {note_name(high)}")
        there = [note for note in about.playable or range(128) if low <= note <= high]
        if not there:
            span = note_name(low) + (f" to {note_name(high)}" if high > low else "")
            raise UsageError(f"no key of it sounds at {span}; those that do: {key_ranges(about.playable)}")
        keys = [Key(note, velocity) for note in spread(there, step=self.step) for velocity in self.velocities]
        if len(keys) > MOST_NOTES:
            raise UsageError(
                f"{len(keys)} notes from {note_name(low)} to {note_name(high)}; expected up to {MOST_NOTES}: "
                "take a larger --step or fewer --velocities"
            )
        return keys

    def unmet(self, about: About) -> str:
        """What of the range that was asked for the source has not, in words; empty where it has all."""
        low, high = self.span(about)
        if not about.playable or (low >= about.playable[0] and high <= about.playable[-1]):
            return ""
        return f"its keys are {key_ranges(about.playable)}: beyond them nothing is captured"

    def span(self, about: About) -> tuple[int, int]:
        """The lowest and the highest note: as asked for, or as the source says."""
        low = about.lowest if self.lowest is None else self.lowest
        return low, about.highest if self.highest is None else self.highest
