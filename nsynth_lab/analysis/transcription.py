"""Transcription: a recording in which several notes sound at once becomes the notes, with their levels and bends.

    blocks at 22,050 Hz --> BasicPitch ------------> NoteTracker --> HeardNote
                        --> SemitoneSpectrum (fine) --^              ^ levels
                        --> KeyLevels (a coarser one) ---------------+

Basic Pitch (Bittner and others, ICASSP 2022) says how surely each key sounds and begins. A small network of our own
reads this beside the spectrum: it tells strikes from partials and beats, and how early a note that swells was struck.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.analysis.basic_pitch import FRAME_SAMPLES, RATE, BasicPitch
from nsynth_lab.analysis.follower import DEFAULT_GATE_DB, HOP
from nsynth_lab.analysis.heard_note import HeardNote, sounding_samples
from nsynth_lab.analysis.key_levels import KeyLevels
from nsynth_lab.analysis.note_tracker import NoteTracker, Tracked
from nsynth_lab.analysis.phrase import MAX_SECONDS
from nsynth_lab.analysis.semitone_spectrum import SemitoneSpectrum
from nsynth_lab.errors import PhraseError
from nsynth_lab.units import SAMPLE_RATE, FloatArray, db_to_gain

SAMPLES_A_FRAME = FRAME_SAMPLES * SAMPLE_RATE / RATE  # at 48 kHz
BENDS_SEMITONES = 0.3  # smaller movements come from the network, not from the player
SMOOTHED_FRAMES = 7
WINDOW, FFT = 2048, 4096  # of the fine spectrum, a row a frame
FAINT_DB = 42.0  # below the loudest notes


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
        CheckpointError: the weights of the small network are damaged.
        PhraseError: longer than four hours.
    """
    levels, spectrum, tracker = KeyLevels(), SemitoneSpectrum(WINDOW, FRAME_SAMPLES, fft_samples=FFT), NoteTracker()
    come, open_gate, rows = 0, db_to_gain(gate_db), list[FloatArray]()

    def listened() -> Iterator[FloatArray]:
        nonlocal come
        for block in blocks:
            come += len(block)
            if come > MAX_SECONDS * RATE:
                raise PhraseError(f"longer than {MAX_SECONDS / 3600:g} hours; cut it into parts")
            gated = block if np.abs(block).max(initial=0.0) > open_gate else np.zeros_like(block)
            levels.hear(gated)
            rows.append(spectrum.hear(gated))
            advance(round(len(block) * SAMPLE_RATE / RATE))
            yield gated
        levels.end()
        rows.append(spectrum.end())

    found: list[Tracked] = []
    for piece in BasicPitch().activations(listened()):
        known = np.concatenate(rows)
        found += tracker.hear(piece, known[: len(piece.sounding)])
        rows[:] = [known[len(piece.sounding) :]]
    found = sorted([*found, *tracker.end()], key=lambda note: (note.begin, note.key))
    return Transcript(_heard(found, levels), round(come * SAMPLE_RATE / RATE), levels.rows)


def _heard(found: Sequence[Tracked], levels: KeyLevels) -> list[HeardNote]:
    """The notes that are not too faint, each over before its key is struck again."""
    if not found:
        return []
    heard_db = levels.of([(note.key, int(note.begin), int(note.end)) for note in found])
    least_db = float(np.percentile(heard_db, 95)) - FAINT_DB
    notes: list[HeardNote] = []
    next_begins: dict[int, float] = {}
    for note, level_db in zip(reversed(found), reversed(heard_db), strict=True):
        if level_db > least_db:
            notes.append(_note(note, min(note.end, next_begins.get(note.key, note.end)), level_db))
            next_begins[note.key] = note.begin
    return notes[::-1]


def _note(note: Tracked, end_frame: float, level_db: float) -> HeardNote:
    begin = round(note.begin * SAMPLES_A_FRAME)
    end = max(round(end_frame * SAMPLES_A_FRAME), begin + HOP)
    smooth = _median(note.bend)
    bends = float(np.ptp(np.percentile(smooth, (10, 90)))) > BENDS_SEMITONES
    times = np.arange(begin, end, HOP) / SAMPLES_A_FRAME - note.bend_from  # frames
    bend = np.interp(times, np.arange(len(smooth)), smooth) if bends else np.zeros(len(times))
    return HeardNote(begin, end, float(note.key), level_db, np.asarray(bend, np.float32))


def _median(values: FloatArray) -> FloatArray:
    padded = np.pad(values, SMOOTHED_FRAMES // 2, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, SMOOTHED_FRAMES), axis=1).astype(np.float32)
