"""Of the lines of a MIDI file the melody: the highest line, and of what sounds together in it the highest note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.midi.notes import MidiNote
from nsynth_lab.wording import counted

ENOUGH = 0.3  # a line with fewer notes than this share of the busiest one's is no melody
TOGETHER = 1 / 12  # of a quarter: what begins within it begins at once


def top_line(found: Mapping[tuple[int, int], Sequence[MidiNote]], quarter: int, lines: Lines) -> list[MidiNote]:
    """The melody's notes, one after the other; what is dropped is added to `lines`."""
    most = max(len(notes) for notes in found.values())
    busy = {place: notes for place, notes in found.items() if len(notes) >= ENOUGH * most}
    place = max(busy, key=lambda place: sum(note.note for note in busy[place]) / len(busy[place]))
    others = sum(len(notes) for other, notes in found.items() if other != place)
    if others:
        lines.add(
            f"track {place[0]}, channel {place[1]}, is taken, the highest line of {len(found)}; "
            f"{counted(others, 'note')} of others are left out"
        )
    line = _one_at_a_time(found[place], round(TOGETHER * quarter))
    dropped = len(found[place]) - len(line)
    if dropped:
        lines.add(f"the top line is taken; {counted(dropped, 'note')} below it are left out")
    return line


def _one_at_a_time(notes: Sequence[MidiNote], together: int) -> list[MidiNote]:
    line: list[MidiNote] = []
    for note in notes:
        if not line:
            line.append(note)
            continue
        before = line[-1]
        if note.on - before.on <= together:  # at once: the higher one, from the earlier beginning
            if note.note > before.note:
                line[-1] = MidiNote(before.on, note.off, note.note)
            continue
        accompanies = note.note < before.note and before.off - note.on > (note.off - note.on) // 2
        if accompanies:
            continue
        line[-1] = MidiNote(before.on, min(before.off, note.on), before.note)
        line.append(note)
    return line
