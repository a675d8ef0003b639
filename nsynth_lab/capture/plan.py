"""CapturePlan: which notes of an instrument to capture, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.audio import ENDINGS
from nsynth_lab.capture.source import KeyVelocity, SourceInfo
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import ENDING
from nsynth_lab.naming import checked_name
from nsynth_lab.note import INSTRUMENT_FAMILIES, UNPITCHED_FAMILIES, Note, key_ranges, note_name

MAX_NOTES = 1_000


@dataclass(frozen=True)
class CapturePlan:
    """Which notes to capture, and how.

    Attributes:
        name: of the new instrument.
        family, licence, attribution: None takes those of the source.
        lowest, highest: MIDI notes; None takes those of the source.
        step: semitones between notes.
        velocities: MIDI velocities, rising.
        hold_seconds: how long keys are held.
        seconds: length of the recorded notes.
        refine_seconds: how long each note's latents are refined by gradient descent.
        track: how far a drum or a noise follows the keys, 0 to 1.

    Raises:
        UsageError: an unusable name (see `naming.checked_name`), or a number out of range.
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
    track: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", checked_name(self.name))
        if Path(self.name).suffix.lower() in (ENDING, *ENDINGS):
            raise UsageError(f"name '{self.name}' looks like the name of a sound file; choose another")
        if self.family is not None and self.family not in INSTRUMENT_FAMILIES:
            raise UsageError(f"family '{self.family}' is unknown; use one of {', '.join(INSTRUMENT_FAMILIES)}")
        if not 1 <= self.step <= 48 or not self.velocities:
            raise UsageError("expected a step of 1 to 48 semitones and at least one velocity")
        for velocity in self.velocities:
            Note(0, velocity)
        if not 0.1 <= self.hold_seconds <= self.seconds <= 30.0:
            raise UsageError("expected a hold of at least 0.1 s, no longer than the note, which is 30 s at most")

    def family_of(self, info: SourceInfo) -> str:
        """The plan's family, or else the source's.

        Raises:
            UsageError: neither is known, or an instrument with a pitch is asked for and a recording has none.
        """
        if self.family not in (None, *UNPITCHED_FAMILIES) and info.family in UNPITCHED_FAMILIES:
            raise UsageError(
                f"the recording has no clear pitch; say which note it is with --source-note, or capture it as "
                f"--family {info.family}"
            )
        family = self.family or info.family
        if not family:
            why = " (its program number says nothing: the font is not General MIDI, or the bank is not 0)"
            why *= info.kind == "soundfont"
            raise UsageError(
                f"the family of '{self.name}' is unknown{why}: add --family, one of {', '.join(INSTRUMENT_FAMILIES)}"
            )
        return family

    def keys(self, info: SourceInfo) -> list[KeyVelocity]:
        """All notes to capture: those that the source has in the plan's range, at least a step apart.

        Raises:
            UsageError: none, or too many.
        """
        low, high = self.span(info)
        if low > high:
            raise UsageError(f"the lowest note, {note_name(low)}, is above the highest, {note_name(high)}")
        available = [note for note in info.playable or range(128) if low <= note <= high]
        if not available:
            span = note_name(low) + (f" to {note_name(high)}" if high > low else "")
            raise UsageError(f"none of its keys sounds at {span}; those that do: {key_ranges(info.playable)}")
        notes = spread(available, step=self.step)
        keys = [KeyVelocity(note, velocity) for note in notes for velocity in self.velocities]
        if len(keys) > MAX_NOTES:
            raise UsageError(
                f"{len(keys)} notes from {note_name(low)} to {note_name(high)}; expected up to {MAX_NOTES}: "
                "use a larger --step or fewer --velocities"
            )
        return keys

    def outside_range(self, info: SourceInfo) -> str:
        """A remark if the plan's range exceeds the source's keys; empty if it does not."""
        low, high = self.span(info)
        if not info.playable or (low >= info.playable[0] and high <= info.playable[-1]):
            return ""
        return f"its keys are {key_ranges(info.playable)}; nothing is captured beyond them"

    def span(self, info: SourceInfo) -> tuple[int, int]:
        """The lowest and the highest note: the plan's, or else the source's."""
        low = info.lowest if self.lowest is None else self.lowest
        return low, info.highest if self.highest is None else self.highest


def spread(keys: Sequence[int], *, step: int) -> list[int]:
    """The first of the rising `keys`, and then each that is at least `step` semitones above the one chosen before.

    >>> spread([36, 37, 38, 39, 40, 47], step=4)
    [36, 40, 47]
    """
    chosen: list[int] = []
    for key in keys:
        if not chosen or key - chosen[-1] >= step:
            chosen.append(key)
    return chosen
