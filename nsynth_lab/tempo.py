"""Beats a minute: the range that is understood, and times in beats that an effect cannot reach."""

from __future__ import annotations

from nsynth_lab.errors import UsageError

DEFAULT_BPM = 120.0  # where nothing says another; a MIDI file without a tempo has it too
LOWEST_BPM, HIGHEST_BPM = 10.0, 999.0


def check_bpm(bpm: float, *, what: str = "--tempo") -> float:
    """`bpm`, if it is a tempo.

    Raises:
        UsageError: it is out of range, or no number.

    >>> check_bpm(90.0)
    90.0
    """
    if not LOWEST_BPM <= bpm <= HIGHEST_BPM:
        raise UsageError(f"{what} {bpm:g}; expected {LOWEST_BPM:g} to {HIGHEST_BPM:g} beats a minute")
    return bpm


def beats_to_seconds(beats: float, bpm: float) -> float:
    """Length of so many beats.

    >>> beats_to_seconds(0.75, 90.0)
    0.5
    """
    return beats * 60.0 / bpm


def folded(value: float, low: float, high: float) -> float:
    """`value` halved or doubled until it lies between `low` and `high`: a time that stays in rhythm.

    `high` is at least twice `low`.

    >>> folded(8.0, 0.001, 5.0), folded(0.375, 0.001, 5.0)
    (4.0, 0.375)
    """
    while value > high:
        value /= 2.0
    while value < low:
        value *= 2.0
    return value
