"""Each voice's pitch, envelope and clock, for compiled loops: what hands and wheels make of its next frame."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled import compiled, inlined
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, Ints, db_to_gain, note_to_hz

Flags = NDArray[np.bool_]

FRAME_SECONDS = HOP_SAMPLES / SAMPLE_RATE
FRAME_MS = 1000.0 * FRAME_SECONDS
HELD = -1  # instead of the frame in which it was let go
RELEASED_DB = -60.0  # an envelope's release ends here
SILENT_DB, LEAST_DB = -85.0, -120.0
PRESSURE_DB = 6.0
VIBRATO_HZ = 5.5
LOWEST_HZ, HIGHEST_HZ = 16.0, 14_000.0

_gain, _hz = inlined(db_to_gain), inlined(note_to_hz)


class Voices(NamedTuple):
    """The numbers of each voice, [rows].

    Attributes:
        serial: keys struck before it.
        program, channel, key: what it plays and is played by.
        pitch, aim: note numbers with fractions: where it is, and where a glide takes it.
        glide: note numbers a frame on the way there.
        detune: of this voice in its unison, in semitones.
        sides: [rows, 2] amplitude left and right.
        begin_sample: where its first frame begins.
        next_sample: where its next frame begins; due_sample: how late that may be planned, once it has begun.
        early, not_before: how many samples sooner than need be it is planned, and the earliest that may be.
        turn: in which it takes its steps.
        released_frame: frames before it was let go; `HELD` while something holds it.
        pressure: 0 to 1, of its key alone.
        parted: whether it no longer follows its channel, but keeps what that said last:
        bent, pressed, loud, slid: semitones, 0 to 1, an amplitude, and 0 to 1 or NaN where it never slid.
        gain: amplitude at the end of its last frame; level_db: what it sounds like there.
        envelope_db: at the end of its last frame.
        frames: that were planned.
        fading: its next frame fades out and is its last.
    """

    serial: Ints
    program: Ints
    channel: Ints
    key: Ints
    pitch: Doubles
    aim: Doubles
    glide: Doubles
    detune: Doubles
    sides: Doubles
    begin_sample: Ints
    next_sample: Ints
    due_sample: Ints
    early: Ints
    not_before: Ints
    turn: Ints
    released_frame: Ints
    pressure: Doubles
    parted: Flags
    bent: Doubles
    pressed: Doubles
    loud: Doubles
    slid: Doubles
    gain: Doubles
    level_db: Doubles
    envelope_db: Doubles
    frames: Ints
    fading: Flags


class Knobs(NamedTuple):
    """Settings that all voices share, as in `synth.settings`."""

    attack_ms: float
    decay_ms: float
    sustain_db: float
    release_ms: float
    vibrato_cents: float


class Hands(NamedTuple):
    """What each channel's wheels and controllers say, [channels]: semitones, 0 to 1, and an amplitude.

    `all_bent`, `all_pressed` and `all_loud` are what its zone's manager says, which holds for parted voices too.
    """

    bent: Doubles
    pressed: Doubles
    loud: Doubles
    all_bent: Doubles
    all_pressed: Doubles
    all_loud: Doubles


class Played(NamedTuple):
    """One frame each of some voices, [due].

    Attributes:
        begins: sample at which each begins; first: whether it is the voice's first.
        level_db, f0_hz: as the decoder takes them.
        gains: [due, 2 ends, 2 sides] amplitude at its beginning and its end, left and right.
        last: whether the voice is silent after it.
        fading: whether it is a voice taken away, whose last frame fades in 5 ms.
    """

    begins: Ints
    first: Flags
    level_db: FloatArray
    f0_hz: FloatArray
    gains: FloatArray
    last: Flags
    fading: Flags


@compiled
def due_of(voices: Voices, rows: Ints, turn_end: int, until_sample: int) -> Ints:
    """Those of `rows` whose first frame begins before `until_sample`, or whose next is due before `turn_end`."""
    due, count = np.empty(len(rows), np.int64), 0
    for row in rows:
        begun = voices.frames[row] > 0
        if voices.due_sample[row] < turn_end if begun else voices.next_sample[row] < until_sample:
            due[count] = row
            count += 1
    return due[:count]


@compiled
def advance(
    voices: Voices,
    rows: Ints,
    knobs: Knobs,
    hands: Hands,
    level_db: Doubles,
    f0_cents: Doubles,
    risen: Flags,
    ended: Flags,
) -> Played:
    """The next frames of `rows`, which move on by them.

    `level_db` and `f0_cents` [due] are what their instruments give, `risen` [due] whether their attacks are over and
    silence is their end, `ended` [due] whether they have come to it.
    """
    due = len(rows)
    played = Played(
        np.empty(due, np.int64),
        np.empty(due, np.bool_),
        np.empty(due, np.float32),
        np.empty(due, np.float32),
        np.empty((due, 2, 2), np.float32),
        np.empty(due, np.bool_),
        np.empty(due, np.bool_),
    )
    for d in range(due):
        row = rows[d]
        first = voices.frames[row] == 0
        bent, pressed, loud = _expression(voices, hands, row)
        note = _move_pitch(voices, row) + bent + voices.detune[row]
        wave = math.sin(2.0 * math.pi * VIBRATO_HZ * (voices.frames[row] + 1) * FRAME_SECONDS)
        note += (f0_cents[d] + pressed * knobs.vibrato_cents * wave) / 100.0
        level = level_db[d] + PRESSURE_DB * pressed
        gain = _move_envelope(voices, knobs, row) * loud
        ends = ended[d] or (risen[d] and level < SILENT_DB) or _envelope_ended(voices, knobs, row)
        before = gain if first and knobs.attack_ms <= 0 else voices.gain[row]
        after = before if voices.fading[row] else 0.0 if ends else gain
        for side in range(2):
            played.gains[d, 0, side] = before * voices.sides[row, side]
            played.gains[d, 1, side] = after * voices.sides[row, side]
        played.begins[d], played.first[d] = voices.next_sample[row], first
        played.level_db[d] = level
        played.f0_hz[d] = min(max(_hz(note), LOWEST_HZ), HIGHEST_HZ)
        played.last[d], played.fading[d] = ends or voices.fading[row], voices.fading[row]
        voices.gain[row], voices.level_db[row] = gain, level + _decibels(gain)
        voices.frames[row] += 1
        voices.next_sample[row] += HOP_SAMPLES
        voices.due_sample[row] = max(voices.next_sample[row] - voices.early[row], voices.not_before[row])
    return played


@inlined
def _expression(voices: Voices, hands: Hands, row: int) -> tuple[float, float, float]:
    """Semitones it is bent by, the pressure on it, and the amplitude that its channels give it."""
    channel = voices.channel[row]
    if voices.parted[row]:
        bent, pressed, loud = voices.bent[row], voices.pressed[row], voices.loud[row]
    else:
        bent, pressed, loud = hands.bent[channel], hands.pressed[channel], hands.loud[channel]
    pressed = max(voices.pressure[row], max(pressed, hands.all_pressed[channel]))
    return bent + hands.all_bent[channel], pressed, loud * hands.all_loud[channel]


@inlined
def _move_pitch(voices: Voices, row: int) -> float:
    """Take a frame of the glide; the note number it ends at."""
    glide = voices.glide[row]
    if glide != 0:
        voices.pitch[row] += glide
        if (voices.pitch[row] - voices.aim[row]) * glide >= 0:
            voices.pitch[row], voices.glide[row] = voices.aim[row], 0.0
    pitch: float = voices.pitch[row]
    return pitch


@inlined
def _move_envelope(voices: Voices, knobs: Knobs, row: int) -> float:
    """Take a frame of the envelope; the amplitude it ends at.

    The attack rises in a straight line, decay and release fall evenly in dB. A release shorter than the instrument's
    own cuts it short; one of 0 leaves it alone.
    """
    at_ms = (voices.frames[row] + 1) * FRAME_MS
    if voices.released_frame[row] != HELD and knobs.release_ms > 0:
        voices.envelope_db[row] += RELEASED_DB / max(knobs.release_ms / FRAME_MS, 1.0)
        return _gain(voices.envelope_db[row]) if voices.envelope_db[row] > RELEASED_DB else 0.0
    if at_ms < knobs.attack_ms:
        gain: float = at_ms / knobs.attack_ms
        voices.envelope_db[row] = max(_decibels(gain), RELEASED_DB)
        return gain
    fallen = (at_ms - knobs.attack_ms) / knobs.decay_ms if knobs.decay_ms > 0 else 1.0
    voices.envelope_db[row] = knobs.sustain_db * min(fallen, 1.0)
    sustained: float = _gain(voices.envelope_db[row])
    return sustained


@inlined
def _envelope_ended(voices: Voices, knobs: Knobs, row: int) -> bool:
    released = voices.released_frame[row] != HELD and knobs.release_ms > 0
    return released and bool(voices.envelope_db[row] <= RELEASED_DB)


@inlined
def _decibels(gain: float) -> float:
    return max(20.0 * math.log10(gain), LEAST_DB) if gain > 0 else LEAST_DB
