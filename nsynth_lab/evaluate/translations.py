"""What the section `translation` asks of a translator, which is above this room: phrases in, another instrument out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.audio import ENDINGS, read_audio
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.errors import UsageError
from nsynth_lab.units import SAMPLE_RATE, FloatArray

LONGEST_SECONDS = 120.0


class PlayedNote(NamedTuple):
    """One note of a translation: when its key goes down and up, in seconds, and which key it is."""

    begin_seconds: float
    end_seconds: float
    key: int


@dataclass(frozen=True)
class Translation:
    """A phrase as another instrument plays it.

    Attributes:
        samples: [samples] at 48 kHz.
        plain: [samples] the same keys pressed at the same times without following anything.
        notes: what was played.
        transposed: semitones by which the whole phrase was moved.
        lowest, highest: notes of the target; what lies beyond is moved by octaves.
        seconds_taken: to follow the phrase and to play `samples`.
    """

    samples: FloatArray
    plain: FloatArray
    notes: tuple[PlayedNote, ...]
    transposed: float
    lowest: int
    highest: int
    seconds_taken: float


class Translator(Protocol):
    """Translates phrases."""

    def family(self, target: str) -> str:
        """The family of an instrument."""

    def translate(self, phrase: FloatArray, target: str) -> Translation | None:
        """`phrase` [samples] at 48 kHz as the instrument `target` plays it; None where no tone is heard in it."""

    def play_chords(self, notes: Sequence[HeardNote], target: str, samples: int) -> tuple[FloatArray, float]:
        """Notes as `target` plays them, [samples] at 48 kHz, and by how many semitones it moved them all."""


def read_phrase_sound(path: Path) -> FloatArray:
    """A phrase [samples], mono at 48 kHz.

    Raises:
        AudioError: it cannot be read, or is longer than two minutes.
    """
    audio = read_audio(path, max_seconds=LONGEST_SECONDS)
    mono, _ = one_channel(audio.samples, audio.sample_rate)
    return np.asarray(resample(mono[None], audio.sample_rate, SAMPLE_RATE)[0], np.float32)


def phrases_in(paths: Sequence[Path]) -> list[Path]:
    """The sound files among `paths` and in those of them that are folders, sorted by name.

    Raises:
        UsageError: no such file, or a folder without any.
    """
    found: list[Path] = []
    for path in paths:
        own = sorted(one for one in path.iterdir() if one.suffix.lower() in ENDINGS) if path.is_dir() else [path]
        if not own or not path.exists():
            raise UsageError(f"{path}: {'no sound file in this folder' if path.is_dir() else 'no such file or folder'}")
        found += own
    return found
