"""Which tones are asked for: notes, frequencies or a scale, in a tuning, together or one after the other."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.errors import UsageError
from nsynth_lab.note import note_name, parse_note
from nsynth_lab.synth.scala import read_scale
from nsynth_lab.synth.tuning import A4_HZ, HIGHEST_HZ, LOWEST_HZ, MIDDLE_C, Tuning, checked_a4
from nsynth_lab.tune.scale import parse_scale
from nsynth_lab.units import cents_to_ratio, hz_to_note, note_to_hz
from nsynth_lab.wording import quoted

MOST_TONES = 24
CHORD_SECONDS, STEP_SECONDS = 3.0, 0.6
SHORTEST_SECONDS, LONGEST_SECONDS = 0.05, 60.0
SCALA = ".scl"
_HERTZ = re.compile(r"(\d{1,5}(?:\.\d{1,6})?)\s*hz", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone.

    Attributes:
        name: as a musician writes it, such as Bb3; with its deviation in cents where it is no note.
        hz: its frequency.
        begins: when, in seconds.
    """

    name: str
    hz: float
    begins: float = 0.0

    @property
    def key(self) -> int:
        """The MIDI note nearest to it."""
        return min(127, max(0, round(hz_to_note(self.hz))))


@dataclass(frozen=True)
class Tones:
    """Tones, how long each lasts in seconds, and what they are together: a chord, or the name of a scale."""

    tones: tuple[Tone, ...]
    seconds: float
    title: str

    @property
    def is_chord(self) -> bool:
        """Whether all sound together."""
        return all(tone.begins == 0.0 for tone in self.tones)

    @property
    def total_seconds(self) -> float:
        """Until the last ends."""
        return self.tones[-1].begins + self.seconds


def asked_tones(
    words: Sequence[str],
    *,
    scale: str,
    tuning: Tuning,
    a4_hz: float = A4_HZ,
    spread_seconds: float | None = None,
    seconds: float | None = None,
) -> Tones:
    """The tones as typed.

    Args:
        words: notes (C4, Bb3, 61) and frequencies (443Hz).
        scale: instead of them a scale by name, such as D dorian, or a Scala file, whose steps begin at middle C.
        tuning: what the notes are in Hz.
        a4_hz: concert pitch, from which the steps of a Scala file are counted.
        spread_seconds: from one to the next; if not given 0 for notes and 0.6 for a scale.
        seconds: how long each lasts; if not given 3, or until the next begins.

    Raises:
        UsageError: none or too many of them, no note, a note that the tuning does not have, times out of range.
        MidiError: a Scala file that cannot be read.
    """
    if bool(words) == bool(scale):
        raise UsageError("name the notes, such as C4 E4 G4, or a --scale, such as 'D dorian'; one of the two")
    named = _scale(scale, tuning, a4_hz) if scale else [_tone(word, tuning) for word in words]
    if len(named) > MOST_TONES:
        raise UsageError(f"{len(named)} tones; expected 1 to {MOST_TONES}")
    spread = (STEP_SECONDS if scale else 0.0) if spread_seconds is None else spread_seconds
    lasting = (spread or CHORD_SECONDS) if seconds is None else seconds
    for name, value, low in (("spread", spread, 0.0), ("duration", lasting, SHORTEST_SECONDS)):
        if not (math.isfinite(value) and low <= value <= LONGEST_SECONDS):
            raise UsageError(f"--{name} {value:g}; expected {low:g} to {LONGEST_SECONDS:g} seconds")
    tones = tuple(Tone(name, hz, place * spread) for place, (name, hz) in enumerate(named))
    return Tones(tones, lasting, _title(scale) if scale else " ".join(tone.name for tone in tones))


def _title(scale: str) -> str:
    return Path(scale).name if scale.lower().endswith(SCALA) else parse_scale(scale).name


def _tone(word: str, tuning: Tuning) -> tuple[str, float]:
    if found := _HERTZ.fullmatch(word.strip()):
        hz = float(found[1])
        if not LOWEST_HZ <= hz <= HIGHEST_HZ:
            raise UsageError(f"{word}; expected {LOWEST_HZ:g} to {HIGHEST_HZ:g} Hz")
        return f"{hz:g}Hz", hz
    try:
        key = parse_note(word)
    except UsageError as error:
        raise UsageError(f"{error}, or a frequency such as 443Hz") from error
    plain = word.strip()
    return (note_name(key) if plain.isdigit() else plain[:1].upper() + plain[1:]), _hz(key, tuning)


def _hz(key: int, tuning: Tuning) -> float:
    if not tuning.sounds(key):
        raise UsageError(f"{note_name(key)} is silent in this tuning; choose keys that its map has")
    return tuning.hz(key)


def _scale(text: str, tuning: Tuning, a4_hz: float) -> list[tuple[str, float]]:
    """(name, Hz) of each note of a scale."""
    if not text.lower().endswith(SCALA):
        return [(str(pitch), _hz(pitch.note, tuning)) for pitch in parse_scale(text).pitches()]
    steps = read_scale(text).cents
    lowest_hz = note_to_hz(float(MIDDLE_C)) * checked_a4(a4_hz) / A4_HZ
    found = []
    for cents in (0.0, *steps[:MOST_TONES]):
        hz = lowest_hz * cents_to_ratio(cents)
        if not LOWEST_HZ <= hz <= HIGHEST_HZ:
            raise UsageError(f"{quoted(text)}: a step at {hz:,.1f} Hz; expected {LOWEST_HZ:g} to {HIGHEST_HZ:g} Hz")
        found.append((_near(hz * A4_HZ / a4_hz), hz))
    return found


def _near(hz: float) -> str:
    """The nearest note and the deviation from it, such as E4-14c."""
    note = hz_to_note(hz)
    cents = round(100.0 * (note - round(note)))
    return note_name(round(note)) + (f"{cents:+d}c" if cents else "")
