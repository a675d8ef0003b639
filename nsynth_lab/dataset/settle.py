"""settle(takes, heard): what the names of a folder leave open, its sounds decide together.

Which octave has middle C, whether numbers are MIDI's or count a piano's keys, whether the numbers 1, 2, 3 behind the
notes are layers or takes: each is decided for all files whose names are built alike, by most of them, or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from itertools import pairwise

from nsynth_lab.dataset.file_names import Reading
from nsynth_lab.dataset.recordings import Take, with_velocities
from nsynth_lab.dsp.inspection import AGREE_SEMITONES, Inspection
from nsynth_lab.dsp.pitch_guess import SURE

LEAST_VOTES, MOST = 3, 0.8
OCTAVE, PIANO_KEYS = 12, 20  # key 1 of a piano is A0, MIDI note 21
LOUDER_DB = 0.5

_Pair = tuple[Take, Inspection | None]


def settle(takes: list[Take], heard: Sequence[Inspection | None], *, by_sound: bool) -> list[Take]:
    """The same takes; `by_sound` lets what was heard move whole groups of pitches. None was not heard.

    A group moves by an octave if three of its notes or more, and four fifths of those that are clearly heard, sound
    there. Organs do not: their stops sound octaves away from their keys.
    """
    moved = list(takes)
    if by_sound:
        for group in _groups(moved, _alike).values():
            _move(moved, group, heard)
        for group in _groups(moved, lambda take: take.reading.folder).values():
            _move(moved, [index for index in group if _is_open(moved[index])], heard)
    for group in _groups(moved, _alike).values():
        _order(moved, group, heard)
    return with_velocities(moved)


def _groups(takes: list[Take], key: Callable[[Take], Hashable]) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for index, take in enumerate(takes):
        if not take.named.nsynth:
            groups.setdefault(key(take), []).append(index)
    return groups


def _alike(take: Take) -> Hashable:
    return take.reading


def _is_open(take: Take) -> bool:
    """Whether nothing but custom says which octave its name means."""
    return take.named.pitch_by == "number" or take.reading.octave.endswith("as usual")


def _move(takes: list[Take], group: list[int], heard: Sequence[Inspection | None]) -> None:
    votes: list[tuple[int, int]] = []
    for index in group:
        take, sound = takes[index], heard[index]
        if take.named.pitch is None or sound is None or sound.trust < SURE or take.family == "organ":
            continue
        apart = sound.measured - take.named.pitch
        votes.append((take.named.pitch, round(apart) if abs(apart - round(apart)) <= AGREE_SEMITONES else 0))
    by = {takes[index].named.pitch_by for index in group if takes[index].named.pitch is not None}
    if not votes or len(by) != 1 or not all(_is_open(takes[index]) for index in group):
        return
    shift, count = Counter(apart for _, apart in votes).most_common(1)[0]
    agreeing = {pitch for pitch, apart in votes if apart == shift}
    allowed = (OCTAVE, -OCTAVE) if by == {"note"} else (OCTAVE, -OCTAVE, PIANO_KEYS)
    if shift not in allowed or len(agreeing) < LEAST_VOTES or count < MOST * len(votes):
        return
    told = f"by their sound ({count} of {len(votes)} notes that are clearly heard)"
    for index in group:
        named, reading = takes[index].named, takes[index].reading
        if named.pitch is not None and 0 <= named.pitch + shift <= 127:
            takes[index] = replace(
                takes[index],
                named=replace(named, pitch=named.pitch + shift),
                reading=_told(reading, shift, told, named.pitch_by),
            )


def _told(reading: Reading, shift: int, told: str, pitch_by: str) -> Reading:
    if pitch_by == "note":
        middle_c = reading.middle_c - shift // 12
        return replace(reading, middle_c=middle_c, octave=f"middle C is C{middle_c}, {told}")
    if shift == PIANO_KEYS:
        return replace(reading, octave=f"the numbers count a piano's keys from A0 = 1, {told}")
    return replace(reading, octave=f"the numbers are MIDI's {shift:+d}, {told}")


def _order(takes: list[Take], group: list[int], heard: Sequence[Inspection | None]) -> None:
    """Numbers behind the notes are layers where the sound gets louder with them, or fainter; else takes."""
    numbers = {index: takes[index].named.count or takes[index].named.layer for index in group}
    notes: dict[int, list[tuple[int, float]]] = {}
    for index in group:
        sound, pitch, number = heard[index], takes[index].named.pitch, numbers[index]
        if sound is not None and not sound.silent and pitch is not None and number is not None:
            notes.setdefault(pitch, []).append((number, sound.level_db))
    steps = [two[1] - one[1] for found in notes.values() for one, two in pairwise(sorted(found)) if two[0] > one[0]]
    rising = sum(step > LOUDER_DB for step in steps)
    falling = sum(step < -LOUDER_DB for step in steps)
    up = len(steps) >= LEAST_VOTES and rising >= MOST * len(steps)
    down = len(steps) >= LEAST_VOTES and falling >= MOST * len(steps)
    counted = any(takes[index].named.count for index in group)
    if not (counted or down):
        return
    known = [number for number in numbers.values() if number is not None]
    span = f"{min(known)} to {max(known)}"
    told = f"numbers {span}: takes, as far as their levels tell; no velocities: 100"
    if up or down:
        told = f"numbers {span} are layers, {'the lowest the loudest, ' * down}by their levels"
    for index in group:
        number = numbers[index]
        if number is not None:
            layer = (max(known) + 1 - number if down else number) if up or down else None
            named = replace(takes[index].named, layer=layer, count=None)
            takes[index] = replace(takes[index], named=named, reading=replace(takes[index].reading, velocities=told))
