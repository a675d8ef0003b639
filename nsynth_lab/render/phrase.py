"""The short phrase that presets are heard and levelled with, in the range of their instruments."""

from __future__ import annotations

from nsynth_lab.model.bank import Bank
from nsynth_lab.note import Note
from nsynth_lab.patch import Patch
from nsynth_lab.render.preset import PhraseNote

STEP_SECONDS = 0.5
MELODY = (0, 7, 4, 12)
CHORD = (0, 7, 16)
LOWEST, HIGHEST = 36, 84


def phrase_for(patch: Patch, bank: Bank) -> list[PhraseNote]:
    """Four notes of different strength, then a chord, or a long note where the patch plays one voice: 5 s."""
    root = _root(patch, bank)
    notes = [
        PhraseNote(Note(root + step, 70 + 15 * index), index * STEP_SECONDS, 0.9 * STEP_SECONDS)
        for index, step in enumerate(MELODY)
    ]
    chord = CHORD if patch.voice.mode == "poly" else CHORD[:1]
    start = len(MELODY) * STEP_SECONDS
    return notes + [PhraseNote(Note(root + step, 100), start, 2.0) for step in chord]


def _root(patch: Patch, bank: Bank) -> int:
    """A C at or below the middle of the range that the corners have in common, as they sound."""
    lows, highs = [], []
    for name in patch.blend.corners:
        notes = [bank.zones[index].note for index in bank.find(name).zones]
        lows.append(min(notes))
        highs.append(max(notes))
    middle = (max(lows) + min(highs)) / 2 - patch.tuning.transpose - 6
    return min(HIGHEST, max(LOWEST, 12 * round(middle / 12)))
