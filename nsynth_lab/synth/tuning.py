"""Tuning: keys to Hz, from A4, or from a scale and which key plays which of its steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nsynth_lab.errors import MidiError, UsageError
from nsynth_lab.units import cents_to_ratio, note_to_hz

A4, A4_HZ, MIDDLE_C = 69, 440.0, 60
LOWEST_A4_HZ, HIGHEST_A4_HZ = 220.0, 880.0
LOWEST_HZ, HIGHEST_HZ = 8.0, 14_000.0  # range of the decoder
MAX_CENTS = 20_000.0


@dataclass(frozen=True)
class Scale:
    """A scale: cents of each step above its first note, of which the last is the period (mostly an octave)."""

    name: str
    cents: tuple[float, ...]


@dataclass(frozen=True)
class Keys:
    """A keyboard mapping: which key plays which step of a scale.

    Attributes:
        size: keys after which the pattern repeats; 0 for one key a step, in order.
        low, high: keys that sound.
        middle: the key that plays step 0.
        reference: the key whose frequency is given.
        reference_hz: that frequency.
        octave: the step by which the pattern repeats.
        steps: [size] step of each key from `middle` up; None for a key that is silent.
    """

    size: int = 0
    low: int = 0
    high: int = 127
    middle: int = MIDDLE_C
    reference: int = A4
    reference_hz: float = A4_HZ
    octave: int = 0
    steps: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Tuning:
    """Hz of each key, [128]; None for one that is silent.

    >>> round(EQUAL.hz(60), 3), round(equal(442.0).hz(69), 1)
    (261.626, 442.0)
    """

    table_hz: tuple[float | None, ...]

    def hz(self, key: int) -> float:
        """Hz of a key that sounds; of a silent one, its neighbour's in equal temperament."""
        return self.table_hz[key] or note_to_hz(float(key))

    def sounds(self, key: int) -> bool:
        """Whether the key has a pitch."""
        return self.table_hz[key] is not None


def equal(a4_hz: float = A4_HZ) -> Tuning:
    """Twelve equal steps with A4 at `a4_hz`.

    Raises:
        UsageError: `a4_hz` is out of range.
    """
    return Tuning(tuple(note_to_hz(float(key)) * checked_a4(a4_hz) / A4_HZ for key in range(128)))


def checked_a4(a4_hz: float) -> float:
    """`a4_hz`, if it is 220 to 880 Hz.

    Raises:
        UsageError: it is out of range.
    """
    if not LOWEST_A4_HZ <= a4_hz <= HIGHEST_A4_HZ:
        raise UsageError(f"A4 at {a4_hz:g} Hz; expected {LOWEST_A4_HZ:g} to {HIGHEST_A4_HZ:g}")
    return a4_hz


def tuned(scale: Scale, keys: Keys) -> Tuning:
    """The tuning of a scale on a keyboard; keys beyond 8 Hz to 14 kHz are silent."""
    reference = _cents(scale, keys, keys.reference)
    if reference is None:
        raise MidiError(f"the key whose frequency is given ({keys.reference}) plays no step; name one that does")
    table: list[float | None] = []
    for key in range(128):
        cents = _cents(scale, keys, key) if keys.low <= key <= keys.high else None
        away = math.inf if cents is None else cents - reference
        hz = keys.reference_hz * cents_to_ratio(away) if abs(away) <= MAX_CENTS else 0.0
        table.append(hz if LOWEST_HZ <= hz <= HIGHEST_HZ else None)
    return Tuning(tuple(table))


def _cents(scale: Scale, keys: Keys, key: int) -> float | None:
    """Cents of `key` above the key that plays step 0."""
    away = key - keys.middle
    if not keys.size:
        return _step_cents(scale, away)
    period, place = divmod(away, keys.size)
    step = keys.steps[place] if place < len(keys.steps) else None
    return None if step is None else _step_cents(scale, step + period * keys.octave)


def _step_cents(scale: Scale, step: int) -> float:
    period, place = divmod(step, len(scale.cents))
    return period * scale.cents[-1] + (scale.cents[place - 1] if place else 0.0)


EQUAL = equal()
