"""made_pieces(font): chords, tunes, arpeggios and drums played by a SoundFont, whose notes are known.

What the onset network learns from. The instruments are those of General MIDI that have a pitch; two in three of them
sustain. Half of the pieces stand in a room, all are a little out of tune, and drums play along in one of six.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

from nsynth_lab.analysis.basic_pitch import RATE
from nsynth_lab.dataset.fluidsynth import SoundFontPlayer
from nsynth_lab.dataset.font_presets import DRUM_BANK
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.units import SAMPLE_RATE, FloatArray, db_to_gain

SECONDS, TAIL_SECONDS = 8.0, 0.5
SUSTAINED = (*range(16, 23), *range(40, 45), *range(48, 55), *range(56, 76), *range(77, 83), *range(88, 92), 85, 93, 94)
STRUCK = (*range(9), *range(10, 16), *range(24, 31), *range(32, 36), 45, 46, *range(104, 109))
SUSTAINED_SHARE, SECOND_SHARE, ROOM_SHARE, DRUMS_SHARE, ONLY_DRUMS_SHARE = 0.68, 0.25, 0.5, 0.16, 0.3
CHORDS = (
    (0, 4, 7, 12), (0, 3, 7, 12), (0, 7, 12, 16), (0, 5, 9, 14), (0, 4, 10, 14), (0, 7, 15, 19), (0, 9, 16, 21),
    (0, 12, 19, 24), (0, 2, 7, 11), (0, 3, 6, 9), (0, 5, 10, 15),
)  # fmt: skip
DRUMS = (35, 36, 38, 39, 40, 42, 44, 45, 46, 48, 49, 51, 54, 56, 70, 75)
TUNING_CENTS, OCTAVE_SHARE = 12.0, 0.15
LOWEST, HIGHEST = 34, 90


@dataclass(frozen=True)
class KnownNote:
    """A note that is played: when it begins and for how long it is held, in seconds, its key and its velocity."""

    at: float
    held: float
    key: int
    velocity: int


@dataclass(frozen=True, eq=False)
class Piece:
    """A sound [samples] at 22,050 Hz, and its notes."""

    samples: FloatArray
    notes: tuple[KnownNote, ...]


def made_pieces(font: Path, count: int, *, seed: int) -> Iterator[Piece]:
    """So many pieces of 8 s; the same for the same seed."""
    rng = np.random.default_rng(seed)
    with SoundFontPlayer(font) as player:
        for _ in range(count):
            yield _piece(player, rng)


def _piece(player: SoundFontPlayer, rng: Generator) -> Piece:
    total = round((SECONDS + TAIL_SECONDS) * SAMPLE_RATE)
    drums = rng.random() < DRUMS_SHARE
    notes = [] if drums and rng.random() < ONLY_DRUMS_SHARE else _apart(_notes(rng))
    programs = [
        int(rng.choice(SUSTAINED if rng.random() < SUSTAINED_SHARE else STRUCK))
        for _ in range(1 + (rng.random() < SECOND_SHARE))
    ]
    sound = np.zeros(total, np.float32)
    for note in notes:
        seconds = min(note.held + 0.8, SECONDS + 0.4 - note.at)
        program = programs[rng.integers(len(programs))]
        _add(
            sound,
            note.at,
            player.play(program, note.key, velocity=note.velocity, hold_seconds=note.held, seconds=seconds),
        )
    if drums:
        sound += _drums(player, rng, total) * float(max(np.abs(sound).max(), 0.1))
    if rng.random() < ROOM_SHARE:
        sound += _room(sound, rng)
    sound *= db_to_gain(rng.uniform(-22.0, -1.0)) / max(float(np.abs(sound).max()), 1e-3)
    sound += db_to_gain(rng.uniform(-85.0, -55.0)) * rng.standard_normal(total).astype(np.float32)
    return _detuned(sound, notes, 2.0 ** (rng.normal(0.0, TUNING_CENTS) / 1200.0))


def _notes(rng: Generator) -> list[KnownNote]:
    """Notes of one of five kinds of piece: chords twice, a tune over chords, anything at any time, arpeggios."""
    kind, at, found = int(rng.integers(5)), 0.2, list[KnownNote]()
    while at < SECONDS - 0.8:
        chord, low = CHORDS[rng.integers(len(CHORDS))], int(rng.integers(36, 66))
        if kind <= 1:
            held = float(np.exp(rng.uniform(np.log(0.22), np.log(1.6))))
            spread = rng.uniform(0.0, 0.03) * (rng.random() < 0.4)
            for step in rng.choice(chord, min(int(rng.integers(1, 6)), len(chord)), replace=False):
                begin, octave = at + spread * rng.random(), 12 * (rng.random() < OCTAVE_SHARE)
                found.append(_note(rng, begin, held * rng.uniform(0.7, 1.0), low + int(step) + octave))
            at += held + rng.uniform(0.05, 0.5) * (rng.random() < 0.25)
        elif kind == 2:
            length = float(np.exp(rng.uniform(np.log(0.8), np.log(2.5))))
            for step in rng.choice(chord, int(rng.integers(1, 4)), replace=False):
                found.append(_note(rng, at, 0.95 * length, low - 6 + int(step)))
            found += _tune(rng, at, at + length, low + int(rng.integers(8, 20)))
            at += length
        elif kind == 3:
            held = float(np.exp(rng.uniform(np.log(0.3), np.log(2.0))))
            found.append(_note(rng, at, held, low + int(rng.integers(-12, 26))))
            at += 0.03 + float(rng.exponential(held / 2.5))
        else:
            step_seconds, repeats = float(rng.uniform(0.11, 0.3)), rng.random() < 0.4
            steps = [0, 0, 0, 0] if repeats else [int(step) for step in rng.permutation(chord)]
            held = step_seconds * (0.9 if repeats else float(rng.choice((0.9, 0.9, 2.5))))
            found += [_note(rng, at + place * step_seconds, held, low + step) for place, step in enumerate(steps)]
            at += 4 * step_seconds
    return found


def _tune(rng: Generator, begin: float, end: float, key: int) -> list[KnownNote]:
    found, at = list[KnownNote](), begin
    while at < end - 0.1:
        step = float(rng.choice((0.15, 0.2, 0.3, 0.4, 0.6)))
        key += int(rng.integers(-5, 6))
        found.append(_note(rng, at, step * rng.uniform(0.7, 1.0), key))
        at += step
    return found


def _note(rng: Generator, at: float, held: float, key: int) -> KnownNote:
    return KnownNote(at, min(held, SECONDS + 0.3 - at), int(np.clip(key, LOWEST, HIGHEST)), int(rng.integers(50, 120)))


def _apart(notes: list[KnownNote]) -> list[KnownNote]:
    """Without those whose key is still held, that are too short or that begin too near the end."""
    held: dict[int, float] = {}
    kept = []
    for note in sorted(notes, key=lambda one: (one.at, one.key)):
        if note.at >= held.get(note.key, 0.0) + 0.02 and note.held >= 0.08 and note.at < SECONDS - 0.4:
            held[note.key] = note.at + note.held
            kept.append(note)
    return kept


def _drums(player: SoundFontPlayer, rng: Generator, total: int) -> FloatArray:
    """A loop of drums at -14 to 2 dB."""
    sound, at, step = np.zeros(total, np.float32), 0.2, float(rng.uniform(0.12, 0.3))
    while at < SECONDS - 0.5:
        for drum in rng.choice(DRUMS, int(rng.integers(1, 3)), replace=False):
            if rng.random() < 0.7:
                velocity = int(rng.integers(50, 120))
                _add(
                    sound,
                    at,
                    player.play(0, int(drum), velocity=velocity, hold_seconds=0.1, seconds=0.7, bank=DRUM_BANK),
                )
        at += step
    return np.asarray(sound * db_to_gain(rng.uniform(-14.0, 2.0)) / max(float(np.abs(sound).max()), 1e-3), np.float32)


def _room(sound: FloatArray, rng: Generator) -> FloatArray:
    """Reverberation of 0.25 to 1.4 s, at -16 to -5 dB."""
    count = round(rng.uniform(0.25, 1.4) * SAMPLE_RATE)
    impulse = rng.standard_normal(count) * np.exp(-6.9 * np.arange(count) / count)
    impulse *= db_to_gain(rng.uniform(-16.0, -5.0)) / np.sqrt(np.square(impulse).sum())
    size = len(sound) + count
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(impulse, size), size)[: len(sound)].astype(np.float32)


def _detuned(sound: FloatArray, notes: list[KnownNote], factor: float) -> Piece:
    """Read faster by a factor near 1, at the rate of the network."""
    slow = np.asarray(resample(sound[None], SAMPLE_RATE, RATE)[0])
    read = np.interp(np.arange(0.0, len(slow) - 1, factor), np.arange(len(slow)), slow).astype(np.float32)
    return Piece(read, tuple(KnownNote(one.at / factor, one.held / factor, one.key, one.velocity) for one in notes))


def _add(sound: FloatArray, at: float, own: FloatArray) -> None:
    first = round(at * SAMPLE_RATE)
    own = own[: len(sound) - first]
    sound[first : first + len(own)] += own
