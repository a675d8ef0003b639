"""FileSource: a single recording as a source; its note is given or measured."""

from __future__ import annotations

from pathlib import Path

from nsynth_lab import messages
from nsynth_lab.audio import read_clip
from nsynth_lab.capture.source import LONGEST_RECORDING_SECONDS, KeyVelocity, SourceInfo, file_hash
from nsynth_lab.dsp.envelope import dies_away
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.offset import middle, to_sides, without_offset
from nsynth_lab.dsp.pitch_guess import CLEAR, measure_note
from nsynth_lab.dsp.recording_resampling import resample_recording
from nsynth_lab.legible import encodable
from nsynth_lab.model.codec import UNPITCHED_NOTE
from nsynth_lab.note import DRUM, NOISE, UNPITCHED, Note, note_name
from nsynth_lab.units import SAMPLE_RATE, FloatArray

AGREE_SEMITONES = 0.7


class FileSource:
    """A `Source` with one note.

    Args:
        path: of the sound file.
        note: MIDI note number, or `note.UNPITCHED`; None measures the pitch. Without a clear one the sound is taken as
            a drum or a noise.
        velocity: 1..127.

    Raises:
        AudioError: the file cannot be read, is silent or too short.
        UsageError: the velocity is out of range.
    """

    def __init__(self, path: Path, *, note: int | None = None, velocity: int = 100) -> None:
        Note(0, velocity)  # raises if the velocity is out of range
        clip = read_clip(path, max_seconds=LONGEST_RECORDING_SECONDS)
        sides = to_sides(without_offset(clip.samples, clip.sample_rate))
        self._sides = resample_recording(sides, clip.sample_rate)
        mono = middle(self._sides)
        pitched = _note(path, mono, note)
        number = UNPITCHED_NOTE if pitched is None else pitched
        self._key = KeyVelocity(number, velocity)
        self.info = SourceInfo(
            kind="recording",
            recipe={"file": encodable(path.name), "hash": file_hash(path), "note": number, "velocity": velocity},
            name=encodable(path.stem),
            family="" if pitched is not None else DRUM if dies_away(loudness_db(mono)) else NOISE,
            source="acoustic",
            lowest=number,
            highest=number,
            pitch_given=note is not None,
        )

    def keys(self, wanted: list[KeyVelocity]) -> list[KeyVelocity]:  # noqa: ARG002  (only this exists)
        """The one note."""
        return [self._key]

    def play(self, key: KeyVelocity, *, hold_seconds: float, seconds: float) -> FloatArray:  # noqa: ARG002
        """The recording, at most `seconds` of it."""
        return self._sides[:, : round(seconds * SAMPLE_RATE)]

    def actual_hold(self, hold_seconds: float) -> float | None:  # noqa: ARG002
        """None: unknown for recordings."""
        return None

    def close(self) -> None:
        """Nothing to free."""


def _note(path: Path, samples: FloatArray, given: int | None) -> int | None:
    """The note of a recording, None for none; warns if the given note is not the one that sounds."""
    if given == UNPITCHED:
        return None
    measured, trust = measure_note(samples, SAMPLE_RATE)
    is_sure = trust >= CLEAR and 0 <= round(measured) <= 127
    if given is None and not is_sure:
        return None
    if given is not None and is_sure and abs(measured - given) > AGREE_SEMITONES:
        messages.emit(f"warning: {path}: sounds like {note_name(round(measured))}, not {note_name(given)}")
    return round(measured) if given is None else given
