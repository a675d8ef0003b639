"""Encoding: what a job does with a sound that somebody has sent, in a process that may die of it.

    file --> first 30 s at 48 kHz --> onset to end --> latents --> decoded again --> how far it is from the original
                                            original.wav   zone.latents  reconstruction.wav

As `capture` encodes a recording: a stereo one stays stereo, and the error is that of its mono sound. The original is
kept as it was encoded, to be encoded again as another note.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nsynth_lab.audio import Audio, read_audio, read_clip, write_audio
from nsynth_lab.capture.source import LONGEST_RECORDING_SECONDS, file_hash
from nsynth_lab.dsp.envelope import dies_away
from nsynth_lab.dsp.inspection import doubts_of, inspect_recording
from nsynth_lab.dsp.offset import middle, to_sides, without_offset
from nsynth_lab.dsp.pitch_guess import CLEAR, SURE, clear_note, measure_note
from nsynth_lab.dsp.width_renderer import widened
from nsynth_lab.errors import AudioError
from nsynth_lab.latents import Latents, write_latents
from nsynth_lab.note import DRUM, NOISE, Note, note_name
from nsynth_lab.units import SAMPLE_RATE, FloatArray
from nsynth_lab.wording import quality_of_error

if TYPE_CHECKING:
    from nsynth_lab.model.codec import Cut

ORIGINAL, RECONSTRUCTION, ZONE = "original.wav", "reconstruction.wav", "zone.latents"
VELOCITY = 100
SHAPE_POINTS = 160  # of a drawn waveform
DECAYING, SUSTAINED = "mallet", "vocal"
STEPS_BESIDE_ROUNDS = 4  # reading, measuring, decoding, comparing; each is as long as a round or so

Tell = Callable[[float, float, str], None]


def encode_file(
    _folder: Path, tell: Tell, *, file: str, again: bool, into: str, checkpoint: str, note: int | None = None
) -> dict[str, Any]:
    """Encode a sound; leaves the three files in the folder `into`, and says what a page is to show.

    Args:
        tell: progress: done, of how much, what is being done.
        file: the sound, or an `ORIGINAL`,
        again: if it has been encoded before.
        into: a folder.
        checkpoint: folder of the model.
        note: MIDI number; measured if not given.

    Raises:
        AudioError: no sound file that can be read; too short; silent.
    """
    from nsynth_lab.dsp.measure import measure
    from nsynth_lab.model.checkpoint import load_checkpoint
    from nsynth_lab.model.codec import UNPITCHED_NOTE, encode_note, encode_unpitched
    from nsynth_lab.model.config import ROUNDS

    total, there = ROUNDS + STEPS_BESIDE_ROUNDS, Path(into)
    tell(0, total, "reading")
    part, remarks = _original(Path(file)) if again else _recorded(Path(file))
    samples = part.mono
    tell(1, total, "measuring")
    measured, trust = measure_note(samples, SAMPLE_RATE)
    heard = clear_note(samples, SAMPLE_RATE) if note is None else note
    number = UNPITCHED_NOTE if heard is None else heard
    model = load_checkpoint(Path(checkpoint), device="cpu")
    total, done = STEPS_BESIDE_ROUNDS + (0 if heard is None else ROUNDS), 2

    def advance() -> None:
        nonlocal done
        done += 1
        tell(done, total, "encoding")

    tell(done, total, "encoding")
    played = Note(number, VELOCITY)
    if heard is None:
        zone = encode_unpitched(samples, model.model_id, note=played)
    else:
        streams = measure(samples, note=number)
        zone = encode_note(samples, streams, model, note=played, rounds=ROUNDS, advance=advance)
    zone = replace(zone, width=part.width())
    decoded = _decoded(zone, model, len(samples))
    tell(total - 1, total, "comparing")
    error_db = _error_db(decoded, samples)
    write_audio(there / ORIGINAL, Audio(part.sides), subtype="FLOAT")
    write_audio(there / RECONSTRUCTION, Audio(widened(decoded, zone.width)), subtype="FLOAT")
    write_latents(there / ZONE, zone)
    return {
        "note": number,
        "measured": round(measured, 2),
        "pitch": _pitch(measured, trust, number, given=note is not None),
        "error_db": error_db,
        "quality": quality_of_error(error_db, has_pitch=zone.unpitched is None),
        "seconds": round(len(samples) / SAMPLE_RATE, 3),
        "remarks": list(remarks),
        "hash": file_hash(Path(file)),
        "family": _family(zone),
        "original": _shape(samples),
        "reconstruction": _shape(decoded),
    }


def _original(path: Path) -> tuple[Cut, tuple[str, ...]]:
    """An `ORIGINAL` as it was encoded before, and no remarks."""
    from nsynth_lab.model.codec import Cut

    sides = read_audio(path).samples
    return Cut(middle(sides), sides, 0), ()


def _recorded(path: Path) -> tuple[Cut, tuple[str, ...]]:
    """(the part that is encoded, as `capture` takes it: at most 0 dBFS; what a player should know)."""
    from nsynth_lab.dsp.recording_resampling import resample_recording
    from nsynth_lab.model.codec import cut_sides

    try:
        clip = read_clip(path, max_seconds=LONGEST_RECORDING_SECONDS + 1)
    except AudioError as error:  # without the name that the file has here
        raise AudioError(str(error).removeprefix(f"{path}: ")) from error
    remarks = (
        [f"only its first {LONGEST_RECORDING_SECONDS:g} s are used"] if clip.seconds > LONGEST_RECORDING_SECONDS else []
    )
    first = clip.samples[:, : round(LONGEST_RECORDING_SECONDS * clip.sample_rate)]
    sides = resample_recording(to_sides(without_offset(first, clip.sample_rate)), clip.sample_rate)
    part = cut_sides(sides / np.float32(max(1.0, float(np.abs(middle(sides)).max()))))
    found = inspect_recording(Audio(first, clip.sample_rate), max_seconds=LONGEST_RECORDING_SECONDS)
    return part, (*remarks, *found.remarks, *doubts_of(found))


def _pitch(measured: float, trust: float, number: int, *, given: bool) -> str:
    """What a player should know of the pitch; empty if it is clear."""
    heard = note_name(min(127, max(0, round(measured))))
    if given:
        return "" if trust < SURE or round(measured) == number else f"sounds like {heard}"
    if trust < CLEAR:
        return "no clear pitch: taken as a drum or a noise"
    return "" if trust >= SURE else f"unclear pitch: most like {heard}"


def _decoded(zone: Latents, model: Any, samples: int) -> FloatArray:
    from nsynth_lab.runtime.clips import decode

    sound = np.concatenate(list(decode(zone, model)))[:samples]
    return np.asarray(np.pad(sound, (0, samples - len(sound))), np.float32)


def _error_db(decoded: FloatArray, original: FloatArray) -> float:
    from nsynth_lab.evaluate.metrics.distances import mel_error_db

    return round(mel_error_db(decoded, original), 3)


def _family(zone: Latents) -> str:
    """A first guess, which the player may change: whether it has a pitch, and is held or dies away."""
    families = (DECAYING, SUSTAINED) if zone.has_tone else (DRUM, NOISE)
    return families[not dies_away(zone.loudness_db)]


def _shape(samples: FloatArray) -> list[float]:
    """The highest amplitude in each of as many parts as are drawn."""
    edges = np.linspace(0, len(samples), SHAPE_POINTS, endpoint=False).astype(int)
    return [round(float(peak), 3) for peak in np.maximum.reduceat(np.abs(samples), edges)]
