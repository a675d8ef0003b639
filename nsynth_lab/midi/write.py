"""Write a MIDI file: the notes of an event list, with their bends. Source: Standard MIDI Files 1.0 (RP-001).

What follows a phrase (`Kind.PITCH`) becomes the bend of its note's channel with a range of 48 semitones, as MPE has it;
its level becomes expression, controller 11, relative to the loudest.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from nsynth_lab.midi.events import BEND_STEPS, CHANNELS, Event, Kind
from nsynth_lab.units import SAMPLE_RATE

TICKS_PER_BEAT = 960
BEAT_SECONDS = 0.5  # 120 beats a minute
BEND_SEMITONES = 48.0
MOST_TICKS = (1 << 28) - 1
EXPRESSION, FULL = 11, 127


def midi_bytes(events: Iterable[Event], *, end_sample: int) -> bytes:
    """A MIDI file of type 0 at 120 beats a minute.

    Args:
        events: in order of their samples at 48 kHz; they are gone through three times, so they must be no iterator.
        end_sample: where the track ends.
    """
    loudest_db = max((event.value for event in events if event.kind is Kind.LEVEL), default=0.0)
    bent = any(event.kind is Kind.PITCH for event in events)
    track, tick = bytearray(_tempo() + (_zone() if bent else b"")), 0
    sent: dict[tuple[int, int], bytes] = {}
    for event in events:
        for message in _messages(event, loudest_db):
            place = (message[0], message[1] if message[0] >> 4 == 0xB else -1)
            if message[0] >> 4 in (0xB, 0xE) and sent.get(place) == message:
                continue
            sent[place] = message
            now = _tick(event.at_sample)
            track += _length(max(now - tick, 0)) + message
            tick = max(now, tick)
    track += _length(max(_tick(end_sample) - tick, 0)) + b"\xff\x2f\x00"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_PER_BEAT)
    return head + b"MTrk" + struct.pack(">I", len(track)) + bytes(track)


def _tick(sample: int) -> int:
    return round(sample / SAMPLE_RATE / BEAT_SECONDS * TICKS_PER_BEAT)


def _tempo() -> bytes:
    return b"\x00\xff\x51\x03" + round(BEAT_SECONDS * 1e6).to_bytes(3, "big")


def _zone() -> bytes:
    """The MPE zone of all channels, and its bend range."""
    out = b""
    for controller, value in ((101, 0), (100, 6), (6, CHANNELS - 1)):
        out += bytes((0, 0xB0, controller, value))
    for channel in range(1, CHANNELS):
        for controller, value in ((101, 0), (100, 0), (6, round(BEND_SEMITONES))):
            out += bytes((0, 0xB0 | channel, controller, value))
    return out


def _messages(event: Event, loudest_db: float) -> list[bytes]:
    channel = event.channel
    match event.kind:
        case Kind.NOTE_ON:
            return [bytes((0x90 | channel, event.number, int(event.value)))]
        case Kind.NOTE_OFF:
            return [bytes((0x80 | channel, event.number, int(event.value)))]
        case Kind.PITCH:
            steps = round(event.value / BEND_SEMITONES * BEND_STEPS) + BEND_STEPS
            steps = min(max(steps, 0), 2 * BEND_STEPS - 1)
            return [bytes((0xE0 | channel, steps & 0x7F, steps >> 7))]
        case Kind.LEVEL:
            gain = 10.0 ** ((event.value - loudest_db) / 40.0)  # a receiver squares it
            return [bytes((0xB0 | channel, EXPRESSION, round(FULL * min(gain, 1.0))))]
        case _:
            return []


def _length(value: int) -> bytes:
    """A variable-length quantity."""
    value = min(value, MOST_TICKS)
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | (value & 0x7F))
    return bytes(reversed(out))
