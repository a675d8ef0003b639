"""Turns notes that were heard into events for the engine or for a MIDI file.

Each note is played with the attack, sustain and release of its instrument. While it is held it has a MIDI channel of
its own (MPE), for its level and its bends. Where more notes sound at once than there are channels, some share one and
are not bent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.midi.events import CHANNELS, Event, Kind, note_off, note_on
from nsynth_lab.synth.followed import LAG_SAMPLES, velocity_at
from nsynth_lab.translate.rules import Rules

SHARED = 0  # channel
LOUD_PERCENTILE = 90.0
HEARD_BEND = 0.02  # semitones


def note_events(notes: Sequence[HeardNote], rules: Rules) -> list[Event]:
    """Events for the engine, in order of time.

    `rules.follow` says how much of each note's bends and tuning is kept; at 0 every note stands on its key. Bends are
    sent early, because the engine reads them late (see `synth.followed`).
    """
    return _events(notes, rules, lead_samples=LAG_SAMPLES)


def midi_events(notes: Sequence[HeardNote], rules: Rules) -> list[Event]:
    """Events for a MIDI file: loudness is in the velocities alone.

    If none is bent they are all on one channel, for programs that know no MPE and play drums on channel 10.
    """
    events = [event for event in _events(notes, rules, lead_samples=0) if event.kind is not Kind.LEVEL]
    known = [event for event in events if not math.isnan(event.value)]
    if any(event.kind is Kind.PITCH and abs(event.value) > HEARD_BEND for event in known):
        return known
    return [replace(event, channel=SHARED) for event in known if event.kind is not Kind.PITCH]


def loud_db_of(notes: Sequence[HeardNote]) -> float:
    """The level in dB that the loudest tenth of the notes reaches; there must be at least one note."""
    return float(np.percentile([note.level_db for note in notes], LOUD_PERCENTILE))


def tuning_of(notes: Sequence[HeardNote]) -> float:
    """How sharp all notes together are, -0.5 to 0.5 semitones: unaccompanied singers are rarely at A = 440 Hz."""
    angles = 2.0 * math.pi * np.array([note.pitch for note in notes])
    weights = np.array([note.samples for note in notes], np.float64)
    mean = complex((weights * np.cos(angles)).sum(), (weights * np.sin(angles)).sum())
    return math.atan2(mean.imag, mean.real) / (2.0 * math.pi)


def _events(notes: Sequence[HeardNote], rules: Rules, *, lead_samples: int) -> list[Event]:
    events: list[Event] = []
    free_from = [0] * CHANNELS
    tuning = tuning_of(notes) if notes else 0.0
    for note in notes:
        key, offset = _key(note, rules, tuning)
        channel = _free_channel(free_from, note.begin_sample - LAG_SAMPLES)
        free_from[channel] = max(free_from[channel], note.end_sample)
        level_db = rules.played_db(note.level_db)
        begin = note.begin_sample
        events += [_level(math.nan, begin, channel), _level(level_db, begin, channel)]
        if rules.follow and channel != SHARED:
            events += _bends(note, rules.follow, offset, channel, lead_samples)
        events.append(note_on(key, round(velocity_at(level_db)), at_sample=begin, channel=channel))
        events.append(note_off(key, at_sample=note.end_sample, channel=channel))
    return sorted(events, key=lambda event: (event.at_sample, event.kind is not Kind.NOTE_OFF))


def _key(note: HeardNote, rules: Rules, tuning: float) -> tuple[int, float]:
    """The key, and how far above it the note rests, which is 0 where it was moved onto a scale."""
    placed = rules.in_range(note.pitch + rules.transpose)
    key = rules.key(placed - tuning)
    return key, 0.0 if rules.snap else placed - key


def _free_channel(free_from: Sequence[int], sample: int) -> int:
    """The member channel that has been free for longest, or the shared one."""
    channel = min(range(1, CHANNELS), key=lambda one: free_from[one])
    return channel if free_from[channel] <= max(sample, 0) else SHARED


def _bends(note: HeardNote, follow: float, offset: float, channel: int, lead_samples: int) -> list[Event]:
    points = note.bends() or [(note.begin_sample, 0.0)]
    if not np.ptp([bend for _, bend in points]):  # an engine keeps a value
        points = points[:1]
    first = max(points[0][0] - lead_samples, 0)
    values = [(max(sample - lead_samples, 0), follow * (offset + bend)) for sample, bend in points]
    return [_pitch(math.nan, first, channel), *(_pitch(value, sample, channel) for sample, value in values)]


def _pitch(value: float, sample: int, channel: int) -> Event:
    return Event(Kind.PITCH, channel, 0, value, sample)


def _level(value: float, sample: int, channel: int) -> Event:
    return Event(Kind.LEVEL, channel, 0, value, sample)
