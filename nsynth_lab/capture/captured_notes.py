"""CapturedNote: the first half of a capture: every note is played once and kept, so that it can be interrupted.

WORK/capture.json      the recipe: what is captured, and how
WORK/060-100.wav       one note, 32-bit float
WORK/060-100.txt       why that note was left out
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.capture.source import KeyVelocity, Source
from nsynth_lab.dsp.offset import middle
from nsynth_lab.dsp.pitch_guess import SURE, measure_note
from nsynth_lab.effects.stable_notes import SILENT_DB
from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.folders import cache_folder, make_folder
from nsynth_lab.legible import encodable
from nsynth_lab.note import note_name
from nsynth_lab.units import SAMPLE_RATE, FloatArray, gain_to_db

AGREE_SEMITONES = 0.7
RECIPE = "capture.json"


@dataclass(frozen=True)
class CapturedNote:
    """One note as it was played: `sides` [1 or 2, samples] at 48 kHz, or the reason why it is left out."""

    key: KeyVelocity
    sides: FloatArray | None
    left_out: str = ""


class WorkFolder:
    """The folder that keeps the notes of an unfinished capture.

    Args:
        slug: the instrument's name as a file name.
        recipe: plain values that identify the capture.
        resume: continue an interrupted capture of the same recipe.
        force: discard an interrupted capture.

    Raises:
        UsageError: an interrupted capture of that name exists, and neither `resume` nor `force` applies.
    """

    def __init__(self, slug: str, recipe: dict[str, Any], *, resume: bool, force: bool) -> None:
        self.path = cache_folder() / "captures" / slug
        before = _recipe_in(self.path)
        if force or before is None:
            shutil.rmtree(self.path, ignore_errors=True)
        elif not resume:
            raise UsageError(
                f"a capture of that name was interrupted ({self.path}); continue it with --resume, or start again with "
                "--force"
            )
        elif before != json.loads(json.dumps(recipe)):
            raise UsageError(
                "the interrupted capture of that name was of another source or with other options; start again with "
                "--force"
            )
        make_folder(self.path, NsynthLabError)
        (self.path / RECIPE).write_text(json.dumps(recipe), encoding="utf-8")

    def note(self, source: Source, key: KeyVelocity, *, hold_seconds: float, seconds: float) -> CapturedNote:
        """One note: the kept one, or played now and kept."""
        stem = self.path / f"{key.note:03d}-{key.velocity:03d}"
        sound, reason = stem.with_suffix(".wav"), stem.with_suffix(".txt")
        if sound.is_file():
            return CapturedNote(key, read_audio(sound).samples)
        if reason.is_file():
            return CapturedNote(key, None, reason.read_text(encoding="utf-8"))
        note = _play(source, key, hold_seconds=hold_seconds, seconds=seconds)
        if note.sides is None:
            reason.write_text(encodable(note.left_out), encoding="utf-8")
        else:
            write_audio(sound, Audio(note.sides), subtype="FLOAT", force=True)
        return note

    def clear(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.path, ignore_errors=True)


def play_notes(
    source: Source,
    keys: list[KeyVelocity],
    work: WorkFolder,
    *,
    hold_seconds: float,
    seconds: float,
    has_pitch: bool = True,
    advance: Callable[[], None],
) -> list[CapturedNote]:
    """Play and check every note; silent ones and, with `has_pitch`, those of another pitch than their key are left out.

    If an instrument sounds whole octaves away from its keys throughout, the sounding notes are used.
    """
    notes = []
    for key in keys:
        notes.append(work.note(source, key, hold_seconds=hold_seconds, seconds=seconds))
        advance()
    return check_pitches(notes) if has_pitch and not source.info.pitch_given else notes


def check_pitches(notes: list[CapturedNote]) -> list[CapturedNote]:
    """The notes moved to the octave that most of them sound in; those that still sound another note are left out."""
    measured = {note.key: measure_note(middle(note.sides), SAMPLE_RATE) for note in notes if note.sides is not None}
    sure = sorted(pitch - key.note for key, (pitch, trust) in measured.items() if trust >= SURE)
    octaves = 12 * round(sure[len(sure) // 2] / 12) if sure else 0
    return [_check_pitch(note, octaves, *measured[note.key]) if note.sides is not None else note for note in notes]


def _check_pitch(note: CapturedNote, octaves: int, pitch: float, trust: float) -> CapturedNote:
    number = note.key.note + octaves
    if not 0 <= number <= 127:
        return CapturedNote(note.key, None, f"sounds {octaves} semitones away, outside MIDI's range")
    if trust >= SURE and abs(pitch - number) > AGREE_SEMITONES:
        sounds = note_name(round(min(127.0, max(0.0, pitch))))
        return CapturedNote(note.key, None, f"sounds like {sounds}, not {note_name(number)}")
    return CapturedNote(KeyVelocity(number, note.key.velocity), note.sides)


def _play(source: Source, key: KeyVelocity, *, hold_seconds: float, seconds: float) -> CapturedNote:
    try:
        sides = source.play(key, hold_seconds=hold_seconds, seconds=seconds)
    except NsynthLabError as error:
        return CapturedNote(key, None, str(error))
    peak_db = gain_to_db(float(abs(sides).max(initial=0.0)))
    if peak_db < SILENT_DB:
        return CapturedNote(key, None, f"silent: peak {peak_db:.0f} dBFS")
    return CapturedNote(key, sides)


def _recipe_in(folder: Path) -> Any:
    try:
        return json.loads((folder / RECIPE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
