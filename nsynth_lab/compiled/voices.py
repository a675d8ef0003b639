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
HELD = -1  # released_frame of a voice that is still held
SILENT_DB = -85.0  # a voice past its attack ends below this level
PRESSURE_DB = 6.0  # added by full pressure
VIBRATO_HZ = 5.5
LOWEST_HZ, HIGHEST_HZ = 16.0, 14_000.0

_gain, _hz = inlined(db_to_gain), inlined(note_to_hz)


class Voices(NamedTuple):
    """The numbers of each voice, [slots].

    Attributes:
        serial: number of keys struck before it.
        program, channel, key: its instruments, and the key that plays it.
        pitch, glide_target: fractional note numbers: the present one, and the end of a glide.
        glide_step: note numbers per frame during a glide.
        detune: within its unison, in semitones.
        pan_gains: [slots, 2] amplitude left and right.
        begin_sample: start of its first frame; next_sample: start of its next one.
        plan_by_sample: latest time to plan its next frame, once it has begun.
        look_ahead: samples by which frames are planned before they begin.
        plan_from_sample: earliest time to plan its second frame.
        update_phase: in which its frames are planned (see `synth.voice_allocator`).
        released_frame: frames before its release; `HELD` while a key or pedal holds it.
        key_pressure: polyphonic aftertouch, 0 to 1.
        detached: whether it no longer follows its channel, but keeps the last controls of it:
        kept_bend, kept_pressure, kept_gain, kept_slide: semitones, 0 to 1, an amplitude, and 0 to 1 (NaN: never moved).
        kept_semitones, kept_level_db, kept_breath_db: where a voice that followed a phrase is kept; NaN if it did not.
        gain, level_db, envelope_db: amplitude, loudness and envelope at the end of its last frame.
        frames: how many have been planned.
        fading: whether its next frame fades out and is its last.
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
    kept_semitones: Doubles
    kept_level_db: Doubles
    kept_breath_db: Doubles
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
    """Wheels and controllers of each channel, [channels]: semitones, 0 to 1, and an amplitude.

    The `manager_` ones are those of the channel's MPE manager, which detached voices follow too.
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
        begins: sample at which the frame begins; first: whether it is the first of its voice.
        level_db, f0_hz: inputs of the decoder.
        gains: [active, 2 ends, 2 sides] amplitude at its beginning and end, left and right.
        last: whether the voice ends with it.
        fading: whether the voice is stolen or silenced, and fades out in 5 ms.
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
    """The next frames of `slots`; advances their pitch, envelope and clock.

    `level_db` and `f0_cents` [active] come from the instruments. `released` [active]: the voice is in its release;
    `risen` [active]: it is past its attack, so that silence ends it; `ended` [active]: its release is over.
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
    """Bend in semitones, pressure and amplitude of a voice from its channel, its zone's manager and its key."""
    channel = voices.channel[slot]
    if voices.detached[slot]:
        bend, pressure, gain = voices.kept_bend[slot], voices.kept_pressure[slot], voices.kept_gain[slot]
    else:
        bend, pressure, gain = channels.bend_semitones[channel], channels.pressure[channel], channels.gain[channel]
    pressure = max(voices.key_pressure[slot], max(pressure, channels.manager_pressure[channel]))
    return bend + channels.manager_bend_semitones[channel], pressure, gain * channels.manager_gain[channel]


@inlined
def _move_pitch(voices: Voices, slot: int) -> float:
    """Advance the glide by a frame; the note number at its end."""
    glide = voices.glide_step[slot]
    if glide != 0:
        voices.pitch[slot] += glide
        if (voices.pitch[slot] - voices.glide_target[slot]) * glide >= 0:
            voices.pitch[slot], voices.glide_step[slot] = voices.glide_target[slot], 0.0
    pitch: float = voices.pitch[slot]
    return pitch


@inlined
def _move_envelope(voices: Voices, controls: GlobalControls, slot: int, released: bool) -> float:
    """Advance the envelope by a frame; the amplitude at its end.

    A release shorter than the instrument's own cuts that short; a release of 0 leaves it alone.
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
    """Whether the envelope of a voice is falling to silence after `frames` frames."""
    if released and controls.release_ms > 0:
        return True
    return controls.sustain_db <= FALL_DB and (frames + 1) * FRAME_MS >= controls.attack_ms
