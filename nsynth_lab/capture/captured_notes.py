"""The first half of a capture: every note played once and kept as a file, so that it can be interrupted.

WORK/capture.json      the recipe: what is captured and how
WORK/060-100.wav       one note, 32-bit float
WORK/060-100.txt       why there is none
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.capture.source import Key, Source
from nsynth_lab.dsp.pitch_guess import SURE, measure_note
from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.folders import cache_folder
from nsynth_lab.legible import encodable
from nsynth_lab.note import note_name
from nsynth_lab.units import SAMPLE_RATE, FloatArray, gain_to_db

SILENT_DB = -60.0
AGREE_SEMITONES = 0.7
RECIPE = "capture.json"


@dataclass(frozen=True)
class Take:
    """One note as it was played: `samples` [samples] at 48 kHz, or why it is left out."""

    key: Key
    samples: FloatArray | None
    left_out: str = ""


class WorkFolder:
    """Where an unfinished capture is kept.

    Raises:
        UsageError: another or an interrupted capture of that name is there, and neither `resume` nor `force` is given.
    """

    def __init__(self, slug: str, recipe: dict[str, Any], *, resume: bool, force: bool) -> None:
        self.path = cache_folder() / "captures" / slug
        held = _recipe_in(self.path)
        if force or held is None:
            shutil.rmtree(self.path, ignore_errors=True)
        elif not resume:
            raise UsageError(f"a capture of that name was interrupted ({self.path}); go on with --resume, or --force")
        elif held != json.loads(json.dumps(recipe)):
            raise UsageError(
                "the interrupted capture of that name was of something else, or in another way; use --force"
            )
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / RECIPE).write_text(json.dumps(recipe), encoding="utf-8")

    def take(self, source: Source, key: Key, *, hold_seconds: float, seconds: float) -> Take:
        """One note: as it was kept, or played now and kept."""
        stem = self.path / f"{key.note:03d}-{key.velocity:03d}"
        sound, word = stem.with_suffix(".wav"), stem.with_suffix(".txt")
        if sound.is_file():
            return Take(key, read_audio(sound).mono())
        if word.is_file():
            return Take(key, None, word.read_text(encoding="utf-8"))
        take = _play(source, key, hold_seconds=hold_seconds, seconds=seconds)
        if take.samples is None:
            word.write_text(encodable(take.left_out), encoding="utf-8")
        else:
            write_audio(sound, Audio(take.samples[None]), subtype="FLOAT", force=True)
        return take

    def clear(self) -> None:
        """It is done."""
        shutil.rmtree(self.path, ignore_errors=True)


def play_all(
    source: Source,
    keys: list[Key],
    work: WorkFolder,
    *,
    hold_seconds: float,
    seconds: float,
    advance: Callable[[], None],
) -> list[Take]:
    """Every note, heard and checked: silent ones are left out, and those that do not sound their key.

    An instrument that sounds whole octaves away from its keys throughout is taken at what it sounds.
    """
    takes = []
    for key in keys:
        takes.append(work.take(source, key, hold_seconds=hold_seconds, seconds=seconds))
        advance()
    return takes if source.about.pitch_given else checked_pitch(takes)


def checked_pitch(takes: list[Take]) -> list[Take]:
    """Takes moved to the octave that most of them sound in; those that still sound another note are left out."""
    heard = {take.key: measure_note(take.samples, SAMPLE_RATE) for take in takes if take.samples is not None}
    sure = sorted(note - key.note for key, (note, trust) in heard.items() if trust >= SURE)
    octaves = 12 * round(sure[len(sure) // 2] / 12) if sure else 0
    return [_at_pitch(take, octaves, *heard[take.key]) if take.samples is not None else take for take in takes]


def _at_pitch(take: Take, octaves: int, note: float, trust: float) -> Take:
    number = take.key.note + octaves
    if not 0 <= number <= 127:
        return Take(take.key, None, f"sounds {octaves} semitones away, outside MIDI's range")
    if trust >= SURE and abs(note - number) > AGREE_SEMITONES:
        return Take(
            take.key, None, f"sounds like {note_name(round(min(127.0, max(0.0, note))))}, not {note_name(number)}"
        )
    return Take(Key(number, take.key.velocity), take.samples)


def _play(source: Source, key: Key, *, hold_seconds: float, seconds: float) -> Take:
    try:
        samples = source.play(key, hold_seconds=hold_seconds, seconds=seconds)
    except NsynthLabError as error:
        return Take(key, None, str(error))
    peak_db = gain_to_db(float(abs(samples).max(initial=0.0)))
    if peak_db < SILENT_DB:
        return Take(key, None, f"silent: peak {peak_db:.0f} dBFS")
    return Take(key, samples)


def _recipe_in(folder: Path) -> Any:
    try:
        return json.loads((folder / RECIPE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
