"""Tune -> a standard MIDI file of format 0: one track, as it is played, with metre, key, tempo and title.

An upbeat, and whatever does not fill a bar, gets a time signature of its own, as notation programs write it; so a
reader finds every bar line. Source: Standard MIDI Files 1.0 (RP-001).
"""

from __future__ import annotations

import math
from fractions import Fraction

from nsynth_lab.midi.chunks import HEADER, TRACK
from nsynth_lab.midi.track import (
    END_OF_TRACK,
    KEY_SIGNATURE,
    META,
    NOTE_OFF,
    NOTE_ON,
    SET_TEMPO,
    TEXT,
    TIME_SIGNATURE,
    TRACK_NAME,
)
from nsynth_lab.tune.abc.fields import key_text
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import SHORTEST_UNIT, Metre
from nsynth_lab.tune.played import played_bars, played_length, sounding
from nsynth_lab.tune.tune import Tempo, Tune

QUARTER, FINEST = 480, 32_767  # ticks of a quarter: as usual, and at most
VELOCITY, LOUDER, RELEASE = 90, 104, 64
SECOND = 1  # channel of the second voice
CLOCKS, THIRTY_SECONDS = 24, 8  # MIDI clocks a click, and 32nds a quarter
DEFAULT = Tempo()
KEY_TEXT, UPBEAT_TEXT = "K: ", "I: upbeat "  # what MIDI itself cannot say

Event = tuple[int, int, bytes]  # tick, order among those of one tick, bytes


def midi_bytes(tune: Tune, lines: Lines) -> bytes:
    """The file's bytes; what MIDI cannot hold is added to `lines`."""
    first, below = sounding(tune), tune.second_voice
    second = sounding(below) if below else []
    notes = [*first, *second]
    quarter = _ticks_of_a_quarter([part for note in notes for part in (note.at, note.length)], lines)
    events: list[Event] = [(0, 0, _meta(TRACK_NAME, tune.title.encode())), (0, 1, _tempo(tune.tempo or DEFAULT))]
    events += [(0, 2, _meta(TEXT, f"{letter}: {text}".encode())) for letter, text in tune.about]
    events += [(0, 2, _meta(TEXT, f"{KEY_TEXT}{key_text(tune.key)}".encode()))]
    events += [(0, 2, _meta(TEXT, f"{UPBEAT_TEXT}{tune.upbeat}".encode()))] if tune.metre else []
    events += _signs(tune, quarter)
    accented = {bar for bar, one in enumerate(tune.bars) if any("accent" in note.marks for note in one.notes)}
    for channel, note in [*((0, one) for one in first), *((SECOND, one) for one in second)]:
        on, off = (round(4 * quarter * time) for time in (note.at, note.at + note.length))
        velocity = LOUDER if note.bar in accented else VELOCITY
        events.append((on, 6, bytes([NOTE_ON << 4 | channel, note.pitch.note, velocity])))
        events.append((max(off, on + 1), 4, bytes([NOTE_OFF << 4 | channel, note.pitch.note, RELEASE])))
    end = round(4 * quarter * played_length(tune))
    events.append((max(end, max(tick for tick, *_ in events)), 9, _meta(END_OF_TRACK, b"")))
    _tell_losses(tune, lines)
    header = HEADER + (6).to_bytes(4, "big") + b"".join(value.to_bytes(2, "big") for value in (0, 1, quarter))
    track = _track(sorted(events))
    return header + TRACK + len(track).to_bytes(4, "big") + track


def _ticks_of_a_quarter(times: list[Fraction], lines: Lines) -> int:
    """A resolution in which every time is a whole number of ticks, if there is one."""
    quarter = QUARTER
    for denominator in {(4 * time).denominator for time in times}:
        quarter = math.lcm(quarter, denominator)
        if quarter > FINEST:
            lines.add("rhythms finer than MIDI's ticks are rounded to them")
            return FINEST // QUARTER * QUARTER
    return quarter


def _signs(tune: Tune, quarter: int) -> list[Event]:
    """Time and key signatures at the bars where they change, as the tune is played."""
    order = played_bars(tune)
    metres, keys = _in_force(tune)
    signs: list[Event] = []
    at, filled, metre_now, key_now = Fraction(0), Fraction(0), None, None
    for place, index in enumerate(order):
        tick, metre, length = round(4 * quarter * at), metres[index], tune.bars[index].length
        following = tune.bars[order[place + 1]].length if place + 1 < len(order) else Fraction(0)
        if metre is not None and not filled:
            completed = length + following == metre.length
            is_last = place + 1 == len(order)
            written = metre if length == metre.length or completed or is_last else _of_length(length, metre)
            if written != metre_now:
                signs.append((tick, 3, _time_signature(written)))
            metre_now = written
        if keys[index] != key_now:
            key_now = keys[index]
            signs.append((tick, 3, _key_signature(key_now)))
        whole = metre_now.length if metre_now else length
        filled = (filled + length) % whole if filled + length <= whole else Fraction(0)
        at += length
    return signs


def _in_force(tune: Tune) -> tuple[list[Metre | None], list[Key]]:
    metres: list[Metre | None] = []
    keys: list[Key] = []
    metre, key = tune.metre, tune.key
    for bar in tune.bars:
        metre, key = bar.metre or metre, bar.key or key
        metres.append(metre)
        keys.append(key)
    return metres, keys


def _of_length(length: Fraction, metre: Metre) -> Metre:
    """A metre whose bar has a length; the metre in force if none has, as with the rest of a tuplet."""
    unit = max(length.denominator, metre.unit)
    if unit > SHORTEST_UNIT or unit & (unit - 1):
        return metre
    return Metre((int(length * unit),), unit)


def _time_signature(metre: Metre) -> bytes:
    above = min(sum(metre.groups), 255)
    return _meta(TIME_SIGNATURE, bytes([above, metre.unit.bit_length() - 1, CLOCKS, THIRTY_SECONDS]))


def _key_signature(key: Key) -> bytes:
    return _meta(KEY_SIGNATURE, bytes([key.fifths % 256, key.mode == "minor"]))


def _tempo(tempo: Tempo) -> bytes:
    return _meta(SET_TEMPO, min(round(60e6 / tempo.quarters_bpm), 0xFFFFFF).to_bytes(3, "big"))


def _meta(kind: int, content: bytes) -> bytes:
    return bytes([META, kind]) + _number(len(content)) + content


def _number(value: int) -> bytes:
    """A variable-length quantity."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def _track(events: list[Event]) -> bytes:
    parts, before = [], 0
    for tick, _, content in events:
        parts += [_number(tick - before), content]
        before = tick
    return b"".join(parts)


def _tell_losses(tune: Tune, lines: Lines) -> None:
    notes = [note for bar in tune.bars for note in bar.notes]
    if any(bar.chords for bar in tune.bars):
        lines.add("MIDI has no chord symbols: they are left out")
    if any(note.graces for note in notes):
        lines.add("grace notes are left out")
    if any(note.lyric or note.slur_begins for note in notes):
        lines.add("lyrics and slurs are left out")
    if any(mark != "accent" for note in notes for mark in note.marks):
        lines.add("MIDI has no marks such as staccato or trill: they are left out")
    if any(bar.plays > 1 or bar.ending for bar in tune.bars):
        lines.add("MIDI has no repeat signs: repeats are written out")
