"""Phrases: those of this session; any thread may call it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.analysis.follower import DEFAULT_GATE_DB
from nsynth_lab.analysis.heard_note import sounding_samples
from nsynth_lab.analysis.phrase import ENDING, Phrase, read_phrase
from nsynth_lab.errors import UsageError
from nsynth_lab.panel.jobs.limits import GIB, Limits
from nsynth_lab.panel.jobs.sent import SentSounds
from nsynth_lab.panel.messages.shown import Phrases as Shown
from nsynth_lab.panel.produce.songs import title_of
from nsynth_lab.panel.translation.heard import HeardSound
from nsynth_lab.panel.translation.hearing import PHRASE, REST, SOURCE, SPECTROGRAM
from nsynth_lab.panel.translation.note_file import NOTES, read_notes
from nsynth_lab.panel.translation.score import Notes
from nsynth_lab.units import SAMPLE_RATE
from nsynth_lab.wording import quoted

if TYPE_CHECKING:
    from nsynth_lab.panel.jobs.jobs import Jobs

KIND, WORK = "phrase", "nsynth_lab.panel.translation.hearing:hear_file"
LIMITS = Limits(memory_bytes=3 * GIB, processor_seconds=1800, file_bytes=256 << 20)
MOST, MOST_AT_ONCE = 16, 4


@dataclass(frozen=True, eq=False)
class Kept:
    """A phrase that has been heard: what it is called, what came of it, and where its files are.

    `rest` is what is left of its sound without its notes, where several were heard at once.
    """

    title: str
    phrase: Phrase
    notes: Notes
    heard: HeardSound
    folder: Path
    sound: NDArray[np.int16] | None
    rest: NDArray[np.int16] | None = None

    def row(self) -> dict[str, Any]:
        """What pages are told of it."""
        pitches = [pitch for _, _, pitch, _ in self.heard.notes]
        several = self.notes.several
        sounding = self.phrase.sounding_seconds if several is None else sounding_samples(several) / SAMPLE_RATE
        return {
            "title": self.title,
            "seconds": round(self.phrase.seconds, 3),
            "tone_seconds": round(sounding, 3),
            "notes": len(pitches),
            "several": several is not None,
            "lowest": round(min(pitches)) if pitches else -1,
            "highest": round(max(pitches)) if pitches else -1,
            "has_sound": self.sound is not None,
            "remarks": list(self.heard.remarks),
        }

    def spectrogram(self) -> bytes:
        """As `spectrogram.NoteSpectrogram` has it; nothing where there is no sound."""
        path = self.folder / SPECTROGRAM
        return path.read_bytes() if self.sound is not None and path.is_file() else b""


@dataclass(frozen=True)
class _Begun:
    """A sound that is being listened to."""

    job: str
    folder: Path
    several: bool


class Phrases(SentSounds[_Begun, Kept]):
    """Those of this session: `begin` has one heard. They end with `jobs`, whose folder holds their files.

    Attributes:
        gate_db: peak level below which nothing is heard, of those that are begun from now on.
        several: whether several notes at once are heard in them.
    """

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs, kind=KIND, most=MOST, most_at_once=MOST_AT_ONCE, works="being listened to")
        self.gate_db, self.several = DEFAULT_GATE_DB, False

    def begin(self, sound: Path, *, file_name: str) -> str:
        """Have a sound heard; returns what the phrase is called in messages.

        Args:
            sound: in a folder of `new_folder`.
            file_name: what the player calls it.

        Raises:
            UsageError: as `check_room`.
        """
        with self._lock:
            self.check_room()
            name, title = secrets.token_hex(8), title_of(file_name, instead="phrase")
            several = self.several and sound.suffix.lower() != ENDING
            asked = {"file": str(sound), "into": str(sound.parent), "title": title, "gate_db": self.gate_db}
            job = self._jobs.start(
                KIND,
                title,
                WORK,
                {**asked, "several": several},
                about={"phrase": name},
                then=partial(self._heard, name, title, sound),
                limits=LIMITS,
                brief=True,
            )
            self._begun[name] = _Begun(job, sound.parent, several)
        return name

    def remove(self, name: str) -> None:
        """Remove one, or have it heard no further.

        Raises:
            UsageError: there is none of that name.
        """
        with self._lock:
            begun, kept = self._begun.pop(name, None), self._ready.pop(name, None)
            if begun is not None:
                self._forget_job(begun.job)
            found = begun or kept or self.of(name)
        shutil.rmtree(found.folder, ignore_errors=True)
        self._tell()

    def of(self, name: str) -> Kept:
        """One that has been heard.

        Raises:
            UsageError: there is none of that name.
        """
        with self._lock:
            if (found := self._ready.get(name)) is None:
                raise UsageError(f"no phrase {quoted(name)}: it has been removed")
            return found

    def shown(self) -> Shown:
        """All that have been heard, oldest first."""
        with self._lock:
            return Shown({name: one.row() for name, one in self._ready.items()})

    def _heard(self, name: str, title: str, file: Path, result: Mapping[str, Any]) -> None:
        """The job is done. On a thread of its own."""
        heard, folder = HeardSound.of(result), file.parent
        phrase = read_phrase(folder / PHRASE)
        sound, rest = _sound(folder / SOURCE, phrase), _sound(folder / REST, phrase)
        with self._lock:
            begun = self._begun.get(name)
        several = read_notes(folder / NOTES) if begun is not None and begun.several else None
        file.unlink(missing_ok=True)
        with self._lock:
            if self._begun.pop(name, None) is None:  # it was removed
                return
            self._ready[name] = Kept(title, phrase, Notes(phrase, several), heard, folder, sound, rest)
        self._tell()


def _sound(path: Path, phrase: Phrase) -> NDArray[np.int16] | None:
    """[samples] of the sound that a phrase was heard in; None where there is none, or not so much of it."""
    if not path.is_file() or path.stat().st_size // 2 < phrase.samples:
        return None
    return np.memmap(path, "<i2", "r", shape=(path.stat().st_size // 2,))
