"""What both have played as a MIDI file, on separate channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nsynth_lab.duet.partner import CHANNEL
from nsynth_lab.midi.events import CHANNELS, Event, Kind
from nsynth_lab.midi.write import midi_bytes
from nsynth_lab.units import SAMPLE_RATE

KEPT = (Kind.NOTE_ON, Kind.NOTE_OFF, Kind.PITCH, Kind.LEVEL)
LAST_NOTES_SAMPLES = SAMPLE_RATE // 2


def take_bytes(events: Iterable[Event]) -> bytes:
    """The file's bytes: sample 0 is its beginning; the partner has the first channel, after 1, that is free."""
    kept = [event for event in events if event.kind in KEPT]
    used = {event.channel for event in kept}
    free = next((channel for channel in (*range(1, CHANNELS), 0) if channel not in used), CHANNELS - 1)
    moved = [replace(event, channel=free) if event.channel == CHANNEL else event for event in kept]
    moved.sort(key=lambda event: event.at_sample)
    return midi_bytes(moved, end_sample=(moved[-1].at_sample if moved else 0) + LAST_NOTES_SAMPLES)
