"""MIDI files as strangers write them, byte by byte, and what the standard says is in them.

Each row: the bytes, the notes (when, key, how long, in seconds), the length in seconds, and whether something is wrong
with the file that its player should hear of. 71 of the 92 are played so by TiMidity 2.14, FluidSynth 2.3 or pretty_midi
0.2; the rest they refuse, break off or leave hanging, or play at another pace (frames a second) or all at once (format
2), against the standard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Note = tuple[float, int, float]  # when, key, how long

END = b"\x00\xff\x2f\x00"
TWO: tuple[Note, ...] = ((0.0, 60, 0.5), (0.5, 64, 0.5))


@dataclass(frozen=True)
class Odd:
    """A file and what is in it."""

    name: str
    data: bytes
    notes: tuple[Note, ...] = TWO
    seconds: float = 1.0
    warns: bool = False


def number(value: int) -> bytes:
    """A variable-length quantity.

    >>> number(480).hex()
    '8360'
    """
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def head(kind: int = 0, tracks: int = 1, division: int = 480, *, length: int = 6, more: bytes = b"") -> bytes:
    fields = (kind.to_bytes(2, "big"), tracks.to_bytes(2, "big"), (division & 0xFFFF).to_bytes(2, "big"))
    return b"MThd" + length.to_bytes(4, "big") + b"".join(fields) + more


def track(*events: bytes, end: bytes = END, longer: int = 0, after: bytes = b"") -> bytes:
    """A track chunk whose length is wrong by `longer`, with bytes `after` its end-of-track that its length counts."""
    body = b"".join(events) + end + after
    return b"MTrk" + (len(body) + longer).to_bytes(4, "big") + body


def on(key: int, wait: int = 0, *, velocity: int = 100, channel: int = 0) -> bytes:
    return number(wait) + bytes([0x90 | channel, key, velocity])


def off(key: int, wait: int = 0, *, channel: int = 0) -> bytes:
    return number(wait) + bytes([0x80 | channel, key, 64])


def note(key: int, ticks: int = 480, wait: int = 0, *, channel: int = 0) -> bytes:
    return on(key, wait, channel=channel) + off(key, ticks, channel=channel)


def control(which: int, value: int, wait: int = 0, *, channel: int = 0) -> bytes:
    return number(wait) + bytes([0xB0 | channel, which, value])


def meta(kind: int, content: bytes = b"", wait: int = 0) -> bytes:
    return number(wait) + bytes([0xFF, kind]) + number(len(content)) + content


def tempo(beat: int, wait: int = 0) -> bytes:
    """Microseconds a beat."""
    return meta(0x51, beat.to_bytes(3, "big"), wait)


MELODY = note(60) + note(64)
PLAIN = head() + track(MELODY)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(name + len(part).to_bytes(4, "little") + part + b"\0" * (len(part) % 2) for name, part in chunks)
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"RMID" + body


def with_meta(name: str, kind: int, content: bytes) -> Odd:
    return Odd(name, head() + track(meta(kind, content), MELODY))


METAS = (
    with_meta("key of 11 sharps", 0x59, b"\x0b\xff"),
    with_meta("key signature without a byte", 0x59, b""),
    with_meta("key signature of mode 2", 0x59, b"\x00\x02"),
    with_meta("key signature of three bytes", 0x59, b"\x00\x00\x00"),
    with_meta("time signature of two bytes", 0x58, b"\x04\x02"),
    with_meta("time signature with a denominator of 2 to the 255", 0x58, b"\x04\xff\x18\x08"),
    with_meta("SMPTE offset of 255 hours", 0x54, b"\xff\xff\xff\xff\xff"),
    with_meta("SMPTE offset without a byte", 0x54, b""),
    with_meta("channel prefix 99", 0x20, b"\x63"),
    with_meta("channel prefix without a byte", 0x20, b""),
    with_meta("port prefix of three bytes", 0x21, b"\x01\x02\x03"),
    with_meta("sequence number of one byte", 0x00, b"\x01"),
    with_meta("unknown meta event", 0x7E, b"abc"),
    with_meta("meta event of type 128 and more", 0xF5, b"abc"),
    with_meta("text in no encoding", 0x01, bytes(range(128, 256))),
    with_meta("title with the bytes of a track", 0x03, b"MTrk\x00\x00\x00\x04" + END),
    with_meta("sequencer's own data of 300 bytes", 0x7F, bytes(300)),
    Odd("tempo of two bytes is none", head() + track(meta(0x51, b"\x01\x02"), MELODY)),
    Odd(
        "tempo of four bytes is its first three",
        head() + track(meta(0x51, b"\x0f\x42\x40\x00"), MELODY),
        ((0.0, 60, 1.0), (1.0, 64, 1.0)),
        2.0,
    ),
    Odd("tempo 0 is none", head() + track(tempo(0), MELODY)),
)

LENGTHS = (
    Odd("header counts more tracks", head(1, 3) + track(MELODY), warns=True),
    Odd("header counts fewer tracks", head(1, 1) + track(note(60)) + track(note(64, wait=480)), warns=True),
    Odd("header counts no track", head(0, 0) + track(MELODY), warns=True),
    Odd("track much longer by its length", head() + track(MELODY, longer=5000), warns=True),
    Odd("track one byte shorter by its length", head() + track(MELODY, longer=-1), warns=True),
    Odd("track much shorter by its length", head() + track(MELODY, longer=-14), warns=True),
    Odd("track of length 0 by its length", head() + track(MELODY, longer=-len(MELODY + END)), warns=True),
    Odd(
        "first of two tracks too long by its length",
        head(1, 2) + track(note(60), longer=9) + track(note(64, wait=480)),
        warns=True,
    ),
    Odd(
        "first of two tracks too short by its length",
        head(1, 2) + track(note(60), longer=-5) + track(note(64, wait=480)),
        warns=True,
    ),
    Odd(
        "length reaches over the next track",
        head(1, 2) + track(note(60), longer=26) + track(note(64, wait=480)),
        warns=True,
    ),
    Odd("cut within the last note-off", PLAIN[:-6], warns=True),
    Odd("cut before the last note-off: a beat", PLAIN[:-9], warns=True),
    Odd("cut within the second note-on", PLAIN[:-11], TWO[:1], 0.5, warns=True),
    Odd(
        "first track whole, second cut",
        (head(1, 2) + track(note(60)) + track(note(64, wait=480), note(67), note(69)))[:-14],
        (*TWO, (1.0, 67, 0.5)),
        1.5,
        warns=True,
    ),
    Odd("no end-of-track", head() + track(MELODY, end=b"")),
    Odd("notes behind the end of the track", head() + track(MELODY, after=note(72)), warns=True),
    Odd("end-of-track that has a length", head() + track(MELODY, end=b"\x00\xff\x2f\x01\x00")),
    Odd("end-of-track a second later", head() + track(MELODY, end=number(960) + END[1:]), seconds=2.0),
    Odd("header of ten bytes", head(length=10, more=b"\x01\x02\x03\x04") + track(MELODY)),
    Odd("header that says it has no length", head(length=0) + track(MELODY)),
    Odd("foreign chunk between header and track", head() + b"XFIH\x00\x00\x00\x04abcd" + track(MELODY)),
    Odd("foreign chunk between tracks", head(1, 2) + track(note(60)) + b"XFKM\0\0\0\3abc" + track(note(64, wait=480))),
    Odd(
        "track padded to an even number of bytes",
        head(1, 2) + track(note(60) + b"\0\xff\1\0") + b"\0" + track(note(64, wait=480)),
    ),
    Odd("junk behind the last track", PLAIN + b"\x1a" * 70),
    Odd("tracks without an event", head(1, 3) + track() + track(MELODY) + track()),
)

WRAPPERS = (
    Odd("RIFF RMID", riff((b"data", PLAIN))),
    Odd("RIFF RMID with a list before", riff((b"LIST", b"INFOINAM\x04\0\0\0abc\0"), (b"data", PLAIN + b"\0"))),
    Odd("RIFF RMID with samples behind", riff((b"data", PLAIN), (b"RIFF", b"DLS " + bytes(64)))),
    Odd("MacBinary", bytes([0, 8]) + b"song.mid" + bytes(55) + b"Midi" + bytes(59) + PLAIN),
    Odd("17 bytes before the header", b"HTTP/1.0 200 OK\r\n" + PLAIN, warns=True),
    Odd("two files in one", PLAIN + PLAIN, warns=True),
)

EVENTS = (
    Odd(
        "running status", head() + track(on(60), number(480) + b"\x3c\x00", b"\x00\x40\x64", number(480) + b"\x40\x00")
    ),
    Odd(
        "running status behind a meta event",
        head() + track(on(60), meta(1, b"a"), number(480) + b"\x3c\x00", b"\x00\x40\x64", number(480) + b"\x40\x00"),
    ),
    Odd(
        "running status behind system exclusive",
        head() + track(on(60), b"\0\xf0\3\x7e\x7f\xf7", number(480) + b"\x3c\x00", note(64)),
    ),
    Odd(
        "system exclusive in packets",
        head() + track(b"\0\xf0\3\x43\x12\0\x0a\xf7\3\x43\x12\0\x0a\xf7\2\0\xf7", MELODY),
        seconds=1.0 + 20 / 960,
        notes=((20 / 960, 60, 0.5), (0.5 + 20 / 960, 64, 0.5)),
    ),
    Odd("escape with a note-on in it", head() + track(b"\0\xf7\3\x90\x48\x64", MELODY)),
    Odd(
        "song position and clock, which files should not have",
        head() + track(b"\0\xf2\1\2", b"\0\xf8", b"\0\xf6", MELODY),
    ),
    Odd("a time of six bytes", head() + track(on(60), b"\x80\x80\x80\x80\x83\x60\x80\x3c\x40", note(64))),
    Odd(
        "a time below zero",
        head() + track(on(60), off(60, 480), b"\x8f\xff\xff\xff\x7f\x90\x40\x64", off(64, 480)),
        warns=True,
    ),
    Odd(
        "a time of days: what comes later is left out",
        head() + track(MELODY, b"\xff\xff\xff\x7f\x90\x48\x64"),
        warns=True,
    ),
    Odd("end-of-track days later", head() + track(MELODY, end=b"\xff\xff\xff\x7f\xff\x2f\x00"), warns=True),
    Odd("velocity above 127", head() + track(number(0) + b"\x90\x3c\xc8", off(60, 480), note(64)), warns=True),
    Odd("data bytes before any status", head() + track(b"\x00\x3c\x40", MELODY), warns=True),
    Odd(
        "programs, pressure, bends and controllers",
        head() + track(b"\0\xc0\x05\0\xd0\x40\0\xe0\0\x40\0\xa0\x3c\x10\0\xb0\x07\x64", MELODY),
    ),
)

HELD = (
    Odd("last key still down", head() + track(note(60), on(64), meta(1, b"x", 480))),
    Odd("pedal still down", head() + track(control(64, 127), MELODY)),
    Odd(
        "all keys still down", head() + track(on(60), on(64, 480), meta(1, b"x", 480)), ((0.0, 60, 1.0), (0.5, 64, 0.5))
    ),
    Odd(
        "note-off behind the next note-on of the same tick",
        head() + track(on(60), on(60, 480), off(60), off(60, 480)),
        ((0.0, 60, 0.5), (0.5, 60, 0.5)),
    ),
    Odd(
        "note-off in a later track than the next note-on",
        head(1, 2) + track(on(60), on(60, 480), end=END) + track(off(60, 480), off(60, 480)),
        ((0.0, 60, 0.5), (0.5, 60, 0.5)),
    ),
    Odd(
        "key struck again while down, two note-offs",
        head() + track(on(60), on(60, 480), off(60, 240), off(60, 240)),
        ((0.0, 60, 0.5), (0.5, 60, 0.5)),
    ),
    Odd(
        "key struck again while down, one note-off",
        head() + track(on(60), on(60, 480), off(60, 240), note(64, 240)),
        ((0.0, 60, 0.5), (0.5, 60, 0.25), (0.75, 64, 0.25)),
    ),
    Odd(
        "two parts hold one key",
        head(1, 2) + track(note(60, 960)) + track(note(60, 240, 480)),
        ((0.0, 60, 0.5), (0.5, 60, 0.5)),
    ),
    Odd("a note of no length", head() + track(note(60, 0), note(64, 480, 480)), ((0.0, 60, 0.0), (0.5, 64, 0.5))),
    Odd("note-offs of keys that are up", head() + track(off(60), off(61), MELODY, off(64))),
    Odd(
        "all notes off in place of note-offs",
        head() + track(on(60), control(123, 0, 480), on(64), off(64, 480), control(123, 0)),
        TWO,
    ),
    Odd(
        "the same key on two channels",
        head() + track(on(60), on(60, 240, channel=1), off(60, 240), off(60, 480, channel=1)),
        ((0.0, 60, 0.5), (0.25, 60, 0.75)),
    ),
)

TIMES = (
    Odd("96 ticks a beat, 60 beats a minute", head(division=96) + track(tempo(1_000_000), note(60, 48), note(64, 48))),
    Odd("one tick a beat", head(division=1) + track(note(60, 1), note(64, 1))),
    Odd("32,767 ticks a beat", head(division=32767) + track(note(60, 32767), note(64, 32767))),
    Odd("tempo changes within a note", head() + track(on(60), tempo(250_000, 240), off(60, 480), note(64, 960))),
    Odd("tempo in the second track", head(1, 2) + track(note(60), note(64, 960)) + track(tempo(250_000, 480))),
    Odd("a beat of a microsecond, then as usual", head() + track(tempo(1), tempo(500_000, 1), MELODY)),
    Odd(
        "a beat of 16.8 s",
        head() + track(tempo(0xFFFFFF), on(60), off(60, 14), on(64), off(64, 14)),
        ((0.0, 60, 0.489335), (0.489335, 64, 0.489335)),
        0.97867,
    ),
    Odd("25 frames of 40 ticks", head(division=(-25 << 8) | 40) + track(note(60, 500), note(64, 500))),
    Odd("24 frames of 80 ticks", head(division=(-24 << 8) | 80) + track(note(60, 960), note(64, 960))),
    Odd(
        "29.97 frames of 100 ticks",
        head(division=(-29 << 8) | 100) + track(note(60, 1500), note(64, 1500)),
        ((0.0, 60, 0.5005), (0.5005, 64, 0.5005)),
        1.001,
    ),
    Odd("format 0 with two tracks", head(0, 2) + track(note(60)) + track(note(64, wait=480))),
    Odd("format 1 with one track", head(1, 1) + track(MELODY)),
    Odd("format 2: one piece after the other", head(2, 2) + track(tempo(250_000), note(60, 960)) + track(note(64))),
    Odd("format 7 is read as 1", head(7, 2) + track(note(60)) + track(note(64, wait=480)), warns=True),
    Odd("tracks in which the later comes first", head(1, 2) + track(note(64, wait=480)) + track(note(60))),
)

ODD: tuple[Odd, ...] = (Odd("as it should be", PLAIN), *METAS, *LENGTHS, *WRAPPERS, *EVENTS, *HELD, *TIMES)


def same(found: Sequence[Note], expected: Sequence[Note], *, seconds: float) -> bool:
    """Whether all notes are there and no others, within `seconds`."""
    return len(found) == len(expected) and all(
        one[1] == other[1] and abs(one[0] - other[0]) <= seconds and abs(one[2] - other[2]) <= seconds
        for one, other in zip(sorted(found), sorted(expected), strict=True)
    )
