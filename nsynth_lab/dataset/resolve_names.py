"""resolve_names(recordings, inspections): what file names leave open is decided by the sound of the files.

Which octave has middle C, whether numbers are MIDI's or count a piano's keys, whether the numbers 1, 2, 3 after the
notes are layers or takes: each is decided for all files whose names are built alike, if most of them agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from itertools import pairwise

from nsynth_lab.dataset.name_groups import BY_DEFAULT, NamingScheme
from nsynth_lab.dataset.recordings import Recording, with_velocities
from nsynth_lab.dsp.inspection import AGREE_SEMITONES, Inspection
from nsynth_lab.dsp.pitch_guess import SURE

MIN_VOTES, MIN_AGREEMENT = 3, 0.8
OCTAVE, PIANO_KEYS = 12, 20  # key 1 of a piano is A0, MIDI note 21
LOUDER_DB = 0.5


def resolve_names(
    recordings: list[Recording], inspections: Sequence[Inspection | None], *, by_sound: bool
) -> list[Recording]:
    """The same recordings with the pitches and layers that names and sounds give together.

    With `by_sound`, the pitches of a whole group are shifted by an octave if at least three different notes, and at
    least four fifths of those with a clear pitch, sound there. Organs are excepted: their stops sound octaves away
    from their keys.

    Args:
        recordings: of one data set.
        inspections: what was measured on each; None if its file could not be read.
        by_sound: whether pitches may be shifted; layers are resolved in any case.
    """
    resolved = list(recordings)
    if by_sound:
        for group in _groups(resolved, _by_scheme).values():
            _resolve_pitches(resolved, group, inspections)
        for group in _groups(resolved, lambda recording: recording.scheme.folder).values():
            _resolve_pitches(resolved, [index for index in group if _is_open(resolved[index])], inspections)
    for group in _groups(resolved, _by_scheme).values():
        _resolve_layers(resolved, group, inspections)
    return with_velocities(resolved)


def _groups(recordings: list[Recording], key: Callable[[Recording], Hashable]) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for index, recording in enumerate(recordings):
        if not recording.parsed.nsynth:
            groups.setdefault(key(recording), []).append(index)
    return groups


def _by_scheme(recording: Recording) -> Hashable:
    return recording.scheme


def _is_open(recording: Recording) -> bool:
    """Whether only convention says which octave the name means."""
    return recording.parsed.pitch_by == "number" or recording.scheme.octave.endswith(BY_DEFAULT)


def _resolve_pitches(recordings: list[Recording], group: list[int], inspections: Sequence[Inspection | None]) -> None:
    """Shift the pitches of a group, in place, to where most of its notes sound."""
    votes: list[tuple[int, int]] = []
    for index in group:
        recording, sound = recordings[index], inspections[index]
        if recording.parsed.pitch is None or sound is None or sound.trust < SURE or recording.family == "organ":
            continue
        apart = sound.measured - recording.parsed.pitch
        votes.append((recording.parsed.pitch, round(apart) if abs(apart - round(apart)) <= AGREE_SEMITONES else 0))
    by = {recordings[index].parsed.pitch_by for index in group if recordings[index].parsed.pitch is not None}
    if not votes or len(by) != 1 or not all(_is_open(recordings[index]) for index in group):
        return
    shift, count = Counter(apart for _, apart in votes).most_common(1)[0]
    agreeing = {pitch for pitch, apart in votes if apart == shift}
    allowed = (OCTAVE, -OCTAVE) if by == {"note"} else (OCTAVE, -OCTAVE, PIANO_KEYS)
    if shift not in allowed or len(agreeing) < MIN_VOTES or count < MIN_AGREEMENT * len(votes):
        return
    evidence = f"by their sound ({count} of {len(votes)} notes with a clear pitch)"
    for index in group:
        parsed, scheme = recordings[index].parsed, recordings[index].scheme
        if parsed.pitch is not None and 0 <= parsed.pitch + shift <= 127:
            recordings[index] = replace(
                recordings[index],
                parsed=replace(parsed, pitch=parsed.pitch + shift),
                scheme=_shifted(scheme, shift, evidence, parsed.pitch_by),
            )


def _shifted(scheme: NamingScheme, shift: int, evidence: str, pitch_by: str) -> NamingScheme:
    if pitch_by == "note":
        middle_c = scheme.middle_c - shift // 12
        return replace(scheme, middle_c=middle_c, octave=f"middle C is C{middle_c}, {evidence}")
    if shift == PIANO_KEYS:
        return replace(scheme, octave=f"the numbers count a piano's keys from A0 = 1, {evidence}")
    return replace(scheme, octave=f"the numbers are MIDI's {shift:+d}, {evidence}")


def _resolve_layers(recordings: list[Recording], group: list[int], inspections: Sequence[Inspection | None]) -> None:
    """Read the numbers after the notes as layers if the level rises or falls with them, otherwise as take numbers."""
    numbers = {index: recordings[index].parsed.count or recordings[index].parsed.layer for index in group}
    notes: dict[int, list[tuple[int, float]]] = {}
    for index in group:
        sound, pitch, number = inspections[index], recordings[index].parsed.pitch, numbers[index]
        if sound is not None and not sound.silent and pitch is not None and number is not None:
            notes.setdefault(pitch, []).append((number, sound.level_db))
    steps = [two[1] - one[1] for found in notes.values() for one, two in pairwise(sorted(found)) if two[0] > one[0]]
    rising = sum(step > LOUDER_DB for step in steps)
    falling = sum(step < -LOUDER_DB for step in steps)
    up = len(steps) >= MIN_VOTES and rising >= MIN_AGREEMENT * len(steps)
    down = len(steps) >= MIN_VOTES and falling >= MIN_AGREEMENT * len(steps)
    counted = any(recordings[index].parsed.count for index in group)
    if not (counted or down):
        return
    known = [number for number in numbers.values() if number is not None]
    span = f"{min(known)} to {max(known)}"
    explanation = f"numbers {span}: takes, judged by their levels; no velocities: 100"
    if up or down:
        explanation = f"numbers {span} are layers{', the lowest is the loudest' * down}, judged by their levels"
    for index in group:
        number = numbers[index]
        if number is not None:
            layer = (max(known) + 1 - number if down else number) if up or down else None
            parsed = replace(recordings[index].parsed, layer=layer, count=None)
            scheme = replace(recordings[index].scheme, velocities=explanation)
            recordings[index] = replace(recordings[index], parsed=parsed, scheme=scheme)
