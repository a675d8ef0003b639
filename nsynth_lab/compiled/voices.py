"""Each voice's pitch, envelope and clock, in compiled loops: its next frame from wheels, pedals and pressure."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled import compiled, inlined
from nsynth_lab.compiled.envelope import FALL_DB, FRAME_MS, decibels, held_gain, released_db
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, Ints, db_to_gain, note_to_hz

Flags = NDArray[np.bool_]

FRAME_SECONDS = HOP_SAMPLES / SAMPLE_RATE
HELD = -1  # instead of the frame in which it was let go
SILENT_DB = -85.0
PRESSURE_DB = 6.0
VIBRATO_HZ = 5.5
LOWEST_HZ, HIGHEST_HZ = 16.0, 14_000.0

_gain, _hz = inlined(db_to_gain), inlined(note_to_hz)


class Voices(NamedTuple):
    """The numbers of each voice, [slots].

    Attributes:
        serial: keys struck before it.
        program, channel, key: what it plays and is played by.
        pitch, glide_target: note numbers with fractions: where it is, and where a glide takes it.
        glide_step: note numbers a frame on the way there.
        detune: of this voice in its unison, in semitones.
        pan_gains: [slots, 2] amplitude left and right.
        begin_sample: where its first frame begins; next_sample: where its next one does.
        plan_by_sample: how late its next frame may be planned, once it has begun.
        look_ahead: samples by which its frames are planned early.
        plan_from_sample: the earliest that its second frame may be planned.
        update_phase: in which it takes its steps.
        released_frame: frames before it was let go; `HELD` while something holds it.
        key_pressure: 0 to 1, of its key alone.
        detached: whether it no longer follows its channel, but keeps the controls that this had last:
        kept_bend, kept_pressure, kept_gain, kept_slide: semitones, 0 to 1, an amplitude, and 0 to 1 (NaN: never moved).
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
    glide_target: Doubles
    glide_step: Doubles
    detune: Doubles
    pan_gains: Doubles
    begin_sample: Ints
    next_sample: Ints
    plan_by_sample: Ints
    look_ahead: Ints
    plan_from_sample: Ints
    update_phase: Ints
    released_frame: Ints
    key_pressure: Doubles
    detached: Flags
    kept_bend: Doubles
    kept_pressure: Doubles
    kept_gain: Doubles
    kept_slide: Doubles
    gain: Doubles
    level_db: Doubles
    envelope_db: Doubles
    frames: Ints
    fading: Flags


class GlobalControls(NamedTuple):
    """Settings that all voices share, as in `synth.settings`."""

    attack_ms: float
    decay_ms: float
    sustain_db: float
    release_ms: float
    vibrato_cents: float


class ChannelControls(NamedTuple):
    """What each channel's wheels and controllers say, [channels]: semitones, 0 to 1, and an amplitude.

    The `manager_` ones are what its zone's manager says, which holds for detached voices too.
    """

    bend_semitones: Doubles
    pressure: Doubles
    gain: Doubles
    manager_bend_semitones: Doubles
    manager_pressure: Doubles
    manager_gain: Doubles


class FrameControls(NamedTuple):
    """One frame each of some voices, [active].

    Attributes:
        begins: sample at which each begins; first: whether it is the voice's first.
        level_db, f0_hz: as the decoder takes them.
        gains: [active, 2 ends, 2 sides] amplitude at its beginning and its end, left and right.
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
def active_slots(voices: Voices, slots: Ints, phase_end: int, until_sample: int) -> Ints:
    """Those of `slots` whose first frame begins before `until_sample`, or whose next one is due before `phase_end`."""
    active, count = np.empty(len(slots), np.int64), 0
    for slot in slots:
        begun = voices.frames[slot] > 0
        if voices.plan_by_sample[slot] < phase_end if begun else voices.next_sample[slot] < until_sample:
            active[count] = slot
            count += 1
    return active[:count]


@compiled
def advance(
    voices: Voices,
    slots: Ints,
    global_controls: GlobalControls,
    channels: ChannelControls,
    level_db: Doubles,
    f0_cents: Doubles,
    released: Flags,
    risen: Flags,
    ended: Flags,
) -> FrameControls:
    """The next frames of `slots`, which move on by them.

    `level_db` and `f0_cents` [active] are what their instruments give; `released` [active] is whether a voice is in its
    release, `risen` [active] whether it is past its attack, so that silence ends it, `ended` [active] whether its
    release is over.
    """
    count = len(slots)
    frame = FrameControls(
        np.empty(count, np.int64),
        np.empty(count, np.bool_),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty((count, 2, 2), np.float32),
        np.empty(count, np.bool_),
        np.empty(count, np.bool_),
    )
    for d in range(count):
        slot = slots[d]
        first = voices.frames[slot] == 0
        bend, pressure, channel_gain = _expression(voices, channels, slot)
        note = _move_pitch(voices, slot) + bend + voices.detune[slot]
        wave = math.sin(2.0 * math.pi * VIBRATO_HZ * (voices.frames[slot] + 1) * FRAME_SECONDS)
        note += (f0_cents[d] + pressure * global_controls.vibrato_cents * wave) / 100.0
        level = level_db[d] + PRESSURE_DB * pressure
        gain = _move_envelope(voices, global_controls, slot, released[d]) * channel_gain
        faded = _fades(global_controls, voices.frames[slot], released[d]) and voices.envelope_db[slot] <= FALL_DB
        ends = ended[d] or (risen[d] and level < SILENT_DB) or faded
        before = gain if first and global_controls.attack_ms <= 0 else voices.gain[slot]
        after = before if voices.fading[slot] else 0.0 if ends else gain
        for side in range(2):
            frame.gains[d, 0, side] = before * voices.pan_gains[slot, side]
            frame.gains[d, 1, side] = after * voices.pan_gains[slot, side]
        frame.begins[d], frame.first[d] = voices.next_sample[slot], first
        frame.level_db[d] = level
        frame.f0_hz[d] = min(max(_hz(note), LOWEST_HZ), HIGHEST_HZ)
        frame.last[d], frame.fading[d] = ends or voices.fading[slot], voices.fading[slot]
        voices.gain[slot], voices.level_db[slot] = gain, level + decibels(gain)
        voices.frames[slot] += 1
        voices.next_sample[slot] += HOP_SAMPLES
        voices.plan_by_sample[slot] = max(
            voices.next_sample[slot] - voices.look_ahead[slot], voices.plan_from_sample[slot]
        )
    return frame


@inlined
def _expression(voices: Voices, channels: ChannelControls, slot: int) -> tuple[float, float, float]:
    """Semitones it is bent by, the pressure on it, and the amplitude that its channels give it."""
    channel = voices.channel[slot]
    if voices.detached[slot]:
        bend, pressure, gain = voices.kept_bend[slot], voices.kept_pressure[slot], voices.kept_gain[slot]
    else:
        bend, pressure, gain = channels.bend_semitones[channel], channels.pressure[channel], channels.gain[channel]
    pressure = max(voices.key_pressure[slot], max(pressure, channels.manager_pressure[channel]))
    return bend + channels.manager_bend_semitones[channel], pressure, gain * channels.manager_gain[channel]


@inlined
def _move_pitch(voices: Voices, slot: int) -> float:
    """Take a frame of the glide; the note number it ends at."""
    glide = voices.glide_step[slot]
    if glide != 0:
        voices.pitch[slot] += glide
        if (voices.pitch[slot] - voices.glide_target[slot]) * glide >= 0:
            voices.pitch[slot], voices.glide_step[slot] = voices.glide_target[slot], 0.0
    pitch: float = voices.pitch[slot]
    return pitch


@inlined
def _move_envelope(voices: Voices, controls: GlobalControls, slot: int, released: bool) -> float:
    """Take a frame of the envelope; the amplitude it ends at.

    A release shorter than the instrument's own cuts it short; one of 0 leaves it alone.
    """
    if released and controls.release_ms > 0:
        voices.envelope_db[slot] = released_db(voices.envelope_db[slot], controls.release_ms)
        return _gain(voices.envelope_db[slot]) if voices.envelope_db[slot] > FALL_DB else 0.0
    at_ms = (voices.frames[slot] + 1) * FRAME_MS
    gain: float = held_gain(at_ms, controls.attack_ms, controls.decay_ms, controls.sustain_db)
    voices.envelope_db[slot] = max(decibels(gain), FALL_DB)
    return gain


@inlined
def _fades(controls: GlobalControls, frames: int, released: bool) -> bool:
    """Whether the envelope of a voice that has played so many `frames` is on its way to silence."""
    if released and controls.release_ms > 0:
        return True
    return controls.sustain_db <= FALL_DB and (frames + 1) * FRAME_MS >= controls.attack_ms
