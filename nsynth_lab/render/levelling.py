"""Presets at equal loudness: play a short phrase, measure it, and find the level that meets the target."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nsynth_lab.dsp.programme_loudness import programme_loudness
from nsynth_lab.effects.chain import CEILING_DB
from nsynth_lab.model.bank import Bank
from nsynth_lab.note import Note
from nsynth_lab.patch import Patch
from nsynth_lab.render.preset import PatchSound, PhraseNote, play_patch
from nsynth_lab.render.session import Session
from nsynth_lab.units import gain_to_db

STEP_SECONDS = 0.5
MELODY = (0, 7, 4, 12)
CHORD = (0, 7, 16)
LOWEST, HIGHEST = 36, 84
TARGET_LUFS = -20.0
WITHIN_LU = 0.5
HEADROOM_DB = 40.0  # the phrase is measured this much quieter, so that the limiter does nothing


@dataclass(frozen=True)
class Level:
    """The measured loudness of a patch.

    Attributes:
        lufs: loudness of the phrase before the limiter.
        peak_db: peak in dBFS before the limiter; what is above 0 the limiter must remove.
        wanted_db: the `level_db` that meets the target, within the range of a patch.
        sound: the phrase, 40 dB quieter.
    """

    lufs: float
    peak_db: float
    wanted_db: float
    sound: PatchSound

    @property
    def is_right(self) -> bool:
        """Whether it meets the target within 0.5 LU and the limiter does nothing."""
        return not what_is_wrong(self.lufs, self.peak_db)


def what_is_wrong(lufs: float, peak_db: float) -> str:
    """What is wrong with a phrase of this loudness and peak, as text; empty if nothing is."""
    if abs(lufs - TARGET_LUFS) > WITHIN_LU:
        return f"{lufs:.1f} LUFS, expected {TARGET_LUFS:g} within {WITHIN_LU:g}"
    if peak_db > CEILING_DB:
        return f"its peak of {peak_db:.1f} dBFS is the limiter's to take away, expected {CEILING_DB:g} or less"
    return ""


def measure_level(session: Session, patch: Patch) -> Level:
    """Play the phrase of a patch and measure its loudness.

    Raises:
        UsageError, PatchError, PluginError: as `play_patch`.
    """
    patch = patch.with_macros_applied()
    quiet = replace(patch, level_db=max(-60.0, patch.level_db - HEADROOM_DB))
    sound = play_patch(session, quiet, phrase_for(patch, session.bank))
    lowered = patch.level_db - quiet.level_db
    lufs = programme_loudness(sound.audio.samples * 10 ** (lowered / 20))
    wanted = min(36.0, max(-60.0, patch.level_db + TARGET_LUFS - lufs))
    return Level(lufs, gain_to_db(sound.audio.peak) + lowered, round(wanted, 2), sound)


def phrase_for(patch: Patch, bank: Bank) -> list[PhraseNote]:
    """Four notes of rising velocity, then a chord (a single long note in mono and legato): 5 s."""
    root = _root(patch, bank)
    notes = [
        PhraseNote(Note(root + step, 70 + 15 * index), index * STEP_SECONDS, 0.9 * STEP_SECONDS)
        for index, step in enumerate(MELODY)
    ]
    chord = CHORD if patch.voice.mode == "poly" else CHORD[:1]
    start = len(MELODY) * STEP_SECONDS
    return notes + [PhraseNote(Note(root + step, 100), start, 2.0) for step in chord]


def _root(patch: Patch, bank: Bank) -> int:
    """The C nearest below the centre of the range that the corners share, as they sound."""
    lows, highs = [], []
    for name in patch.blend.corners:
        notes = [bank.notes[index].number for index in bank.find(name).zones]
        lows.append(min(notes))
        highs.append(max(notes))
    middle = (max(lows) + min(highs)) / 2 - patch.tuning.transpose - 6
    return min(HIGHEST, max(LOWEST, 12 * round(middle / 12)))
