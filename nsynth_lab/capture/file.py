"""A single recording as a source: one note, which somebody names or which is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nsynth_lab import messages
from nsynth_lab.audio import read_clip
from nsynth_lab.capture.source import About, Key, file_hash
from nsynth_lab.dataset.recordings import shown
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.dsp.pitch_guess import measure_note
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.errors import UsageError
from nsynth_lab.model.codec import LEAST_CONFIDENCE
from nsynth_lab.note import note_name
from nsynth_lab.units import SAMPLE_RATE, FloatArray

LONGEST_SECONDS = 20.0
AGREE_SEMITONES = 0.7


class FileSource:
    """A `Source` of one note: `note` if it is given, a MIDI number, else the pitch that is heard; and `velocity`.

    Raises:
        AudioError: the file cannot be read, is silent or too short.
        UsageError: no note is given and no pitch can be heard.
    """

    def __init__(self, path: Path, *, note: int | None = None, velocity: int = 100) -> None:
        clip = read_clip(path, max_seconds=LONGEST_SECONDS)
        mono, _ = one_channel(clip.samples, clip.sample_rate)
        self._samples = np.asarray(resample(mono[None], clip.sample_rate)[0], np.float32)
        number = _note(path, self._samples, note)
        self._key = Key(number, velocity)
        self.about = About(
            kind="recording",
            recipe={"file": shown(path.name), "hash": file_hash(path), "note": number, "velocity": velocity},
            name=shown(path.stem),
            source="acoustic",
            lowest=number,
            highest=number,
            pitch_given=note is not None,
        )

    def keys(self, wanted: list[Key]) -> list[Key]:  # noqa: ARG002 there is only the one
        """The one note that it is."""
        return [self._key]

    def play(self, key: Key, *, hold_seconds: float, seconds: float) -> FloatArray:  # noqa: ARG002 it is as it is
        """The recording, at most `seconds` of it."""
        return self._samples[: round(seconds * SAMPLE_RATE)]

    def hold_of(self, key: Key, hold_seconds: float) -> float | None:  # noqa: ARG002 nobody has said
        """Nobody knows."""
        return None

    def close(self) -> None:
        """Give back what it holds."""


def _note(path: Path, samples: FloatArray, given: int | None) -> int:
    """The note of a recording, and a warning where the one given is not what sounds."""
    heard, trust = measure_note(samples, SAMPLE_RATE)
    is_sure = trust >= LEAST_CONFIDENCE and 0 <= round(heard) <= 127
    if given is None and not is_sure:
        raise UsageError(f"{path}: has no clear pitch; say which note it is with --source-note")
    if given is not None and is_sure and abs(heard - given) > AGREE_SEMITONES:
        messages.emit(f"warning: {path}: sounds like {note_name(round(heard))}, not {note_name(given)}")
    return round(heard) if given is None else given
