"""Ticks -> exact note values: each beginning and end is moved to the simplest place close to it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.midi.notes import MidiNote

SIMPLEST_FIRST = (1, 2, 4, 3, 8, 6, 5, 16, 12, 7, 9)  # parts of a quarter
NEAR = 1 / 60  # of a quarter: what is this close was meant so
USUAL = (1, 2, 4, 3, 8, 6)
EXACT = 1  # tick: some programs begin notes a tick late
CLEAN = 0.85  # share of beginnings close to the grid from which a file was written, not played
PLAIN_PARTS = (4, 3)  # what a beat that was played is divided into
SHORTEST_REST = Fraction(1, 8)  # of a quarter; in between notes are meant to follow each other
HELD = 0.6  # a played note that lasts this share of the time to the next one is meant to last until it

Quarters = tuple[Fraction, Fraction, int]  # beginning, end, note


def on_the_grid(notes: Sequence[MidiNote], quarter: int, lines: Lines) -> list[Quarters]:
    """Beginnings, ends (in quarters) and notes."""
    begins = [_near(note.on, quarter) for note in notes]
    meant = [_is_meant(note.on, quarter) for note in notes]
    written = sum(meant) >= CLEAN * len(meant)
    if written:
        pairs = zip(begins, notes, strict=True)
        onsets = [_snapped(note.on, quarter, 24) if begin is None else begin for begin, note in pairs]
    else:
        share = 1 - sum(meant) / len(meant)
        lines.add(f"played freely: {share:.0%} of its notes are beside the grid and were moved to it")
        onsets = _played_beats(notes, quarter)
    found: list[Quarters] = []
    for index, (note, onset) in enumerate(zip(notes, onsets, strict=True)):
        following = onsets[index + 1] if index + 1 < len(onsets) else None
        if following is not None and following <= onset:
            continue  # too close together to be told apart
        found.append((onset, _end(note, onset, following, quarter, written=written), note.note))
    if len(found) < len(notes):
        lines.add("notes too short for the grid are left out", times=len(notes) - len(found))
    return found


def _is_meant(tick: int, quarter: int) -> bool:
    """Whether a tick is at a place of the grid, or close to one of its usual places."""
    close = max(NEAR * quarter, EXACT)
    return any(
        abs(tick - round(tick * parts / quarter) * quarter / parts) <= (close if parts in USUAL else EXACT)
        for parts in SIMPLEST_FIRST
    )


def _near(tick: int, quarter: int) -> Fraction | None:
    """The simplest place at a tick, or else close to it, in quarters; None if none is."""
    for near in (EXACT, max(NEAR * quarter, EXACT)):
        for parts in SIMPLEST_FIRST:
            place = round(tick * parts / quarter)
            if abs(tick - place * quarter / parts) <= near:
                return Fraction(place, parts)
    return None


def _snapped(tick: int, quarter: int, parts: int) -> Fraction:
    return Fraction(round(tick * parts / quarter), parts)


def _played_beats(notes: Sequence[MidiNote], quarter: int) -> list[Fraction]:
    """Beginnings of notes that were played: each beat in four or in three, whichever it is closer to."""
    parts_of: dict[int, int] = {}
    by_beat: dict[int, list[int]] = {}
    for note in notes:
        by_beat.setdefault(note.on // quarter, []).append(note.on)
    for beat, ticks in by_beat.items():
        errors = [
            (sum(abs(tick - round(tick * parts / quarter) * quarter / parts) for tick in ticks) * weight, parts)
            for parts, weight in zip(PLAIN_PARTS, (1.0, 1.2), strict=True)
        ]
        parts_of[beat] = min(errors)[1]
    return [_snapped(note.on, quarter, parts_of[note.on // quarter]) for note in notes]


def _end(note: MidiNote, onset: Fraction, following: Fraction | None, quarter: int, *, written: bool) -> Fraction:
    end = _near(note.off, quarter) if written else None
    if end is None:
        end = _snapped(note.off, quarter, 8)
    if end <= onset:
        end = onset + Fraction(1, 8)
    if following is None:
        return end
    lasts = Fraction(note.off, quarter) - onset
    if following - end < SHORTEST_REST or (not written and lasts >= HELD * (following - onset)):
        return following
    return min(end, following)
