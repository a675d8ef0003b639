"""Transcription: a recording in which several notes sound at once becomes the notes, with their levels and bends.

    blocks at 22,050 Hz --> BasicPitch --> NotePicker --> note_choice -----------> HeardNote
                        --> KeyLevels (a spectrum in semitones) --------^ levels

Source of the network and of the thresholds: Bittner and others, A Lightweight Instrument-Agnostic Model for Polyphonic
Note Transcription and Multipitch Estimation (ICASSP 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.analysis.basic_pitch import FRAME_SAMPLES, RATE, BasicPitch
from nsynth_lab.analysis.follower import DEFAULT_GATE_DB, HOP
from nsynth_lab.analysis.heard_note import HeardNote, sounding_samples
from nsynth_lab.analysis.key_levels import KeyLevels
from nsynth_lab.analysis.note_choice import chosen
from nsynth_lab.analysis.note_picker import NotePicker, Picked
from nsynth_lab.analysis.phrase import MAX_SECONDS
from nsynth_lab.errors import PhraseError
from nsynth_lab.units import SAMPLE_RATE, FloatArray, db_to_gain

SAMPLES_A_FRAME = FRAME_SAMPLES * SAMPLE_RATE / RATE  # at 48 kHz
BENDS_SEMITONES = 0.3  # smaller movements come from the network, not from the player
SMOOTHED_FRAMES = 7
LATE_SECONDS, LATE_BELOW = 0.09, 0.78  # the softer a beginning, the later it is heard
MOST_EARLY, MOST_LATE = -0.012, 0.06


@dataclass(frozen=True, eq=False)
class Transcript:
    """What was heard in a recording.

    Attributes:
        notes: in order of their beginnings.
        samples: its length at 48 kHz.
        spectrum: [rows, semitones] level in dB, 22 rows a second, from MIDI note 20 up; see `key_levels`.
    """

    notes: Sequence[HeardNote]
    samples: int
    spectrum: FloatArray

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.samples / SAMPLE_RATE

    @property
    def sounding_seconds(self) -> float:
        """How long any note sounds."""
        return sounding_samples(self.notes) / SAMPLE_RATE


def transcribe(
    blocks: Iterable[FloatArray],
    *,
    gate_db: float = DEFAULT_GATE_DB,
    advance: Callable[[int], object] = lambda _: None,
) -> Transcript:
    """Transcribe mono blocks [samples] at 22,050 Hz; `advance` is called with samples at 48 kHz.

    Blocks that stay below an amplitude of `gate_db` are taken for silence.

    Raises:
        MissingError: the network is not installed.
        PhraseError: longer than four hours.
    """
    levels, picker, come = KeyLevels(), NotePicker(), 0
    open_gate = db_to_gain(gate_db)

    def listened() -> Iterator[FloatArray]:
        nonlocal come
        for block in blocks:
            come += len(block)
            if come > MAX_SECONDS * RATE:
                raise PhraseError(f"longer than {MAX_SECONDS / 3600:g} hours; cut it into parts")
            gated = block if np.abs(block).max(initial=0.0) > open_gate else np.zeros_like(block)
            levels.hear(gated)
            advance(round(len(block) * SAMPLE_RATE / RATE))
            yield gated

    picked = [note for piece in BasicPitch().activations(listened()) for note in picker.hear(piece)]
    picked = sorted([*picked, *picker.end()], key=lambda note: (note.begin, note.key))
    levels.end()
    return Transcript(_heard(picked, levels), round(come * SAMPLE_RATE / RATE), levels.rows)


def _heard(picked: Sequence[Picked], levels: KeyLevels) -> list[HeardNote]:
    found = levels.of([(note.key, note.begin, note.end) for note in picked])
    return [_note(note, level) for note, level in chosen(picked, found)]


def _note(note: Picked, level_db: float) -> HeardNote:
    late = min(max(LATE_SECONDS * (LATE_BELOW - note.struck), MOST_EARLY), MOST_LATE)
    begin = max(round(note.begin * SAMPLES_A_FRAME - late * SAMPLE_RATE), 0)
    end = max(round(note.end * SAMPLES_A_FRAME), begin + HOP)
    smooth = _median(note.bend)
    bends = float(np.ptp(np.percentile(smooth, (10, 90)))) > BENDS_SEMITONES
    times = np.arange(begin, end, HOP) / SAMPLES_A_FRAME - note.begin  # frames
    bend = np.interp(times, np.arange(len(smooth)), smooth) if bends else np.zeros(len(times))
    return HeardNote(begin, end, float(note.key), level_db, np.asarray(bend, np.float32))


def _median(values: FloatArray) -> FloatArray:
    padded = np.pad(values, SMOOTHED_FRAMES // 2, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, SMOOTHED_FRAMES), axis=1).astype(np.float32)
