"""MIDI files and bytes: all that the standard allows is read, and anything else is one clear line."""

from __future__ import annotations

import contextlib
import io
import random
from pathlib import Path
from typing import Any

import mido
import pytest

from nsynth_lab.errors import MidiError
from nsynth_lab.midi.events import Kind, note_on
from nsynth_lab.midi.parse import Parser
from nsynth_lab.midi.song import MAX_FILE_BYTES, Song, parse_song, read_song

SECOND = 48_000


def file_of(*tracks: list[Any], kind: int = 1, ticks: int = 480) -> bytes:
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def tone(note: int, *, after: int = 0, length: int = 480, channel: int = 0) -> list[Any]:
    return [
        mido.Message("note_on", note=note, velocity=100, time=after, channel=channel),
        mido.Message("note_off", note=note, velocity=10, time=length, channel=channel),
    ]


def times(song: Song) -> list[tuple[int, str, int]]:
    return [(event.number, event.kind.value, event.at_sample) for event in song.events]


def raw(division: int, track: bytes, *, kind: int = 0) -> bytes:
    """A file of one track, byte by byte."""
    head = b"MThd" + (6).to_bytes(4, "big") + kind.to_bytes(2, "big") + (1).to_bytes(2, "big")
    return head + (division & 0xFFFF).to_bytes(2, "big") + b"MTrk" + len(track).to_bytes(4, "big") + track


def test_type_1_shares_one_tempo_map() -> None:
    """Two beats at 120 a minute, then two at 60: the second track's note begins at 1 s and lasts 2 s."""
    tempo = [mido.MetaMessage("set_tempo", tempo=1_000_000, time=960)]
    song = parse_song(file_of(tempo, tone(60, after=960, length=960, channel=3)))
    assert times(song) == [(60, "note_on", SECOND), (60, "note_off", 3 * SECOND)]
    assert song.events[0].channel == 3
    assert song.events[1].value == 10
    assert song.tracks == 2
    assert song.seconds == 3.0


def test_type_2_plays_its_tracks_one_after_the_other_each_with_its_own_tempo() -> None:
    first = [mido.MetaMessage("set_tempo", tempo=1_000_000, time=0), *tone(60)]
    song = parse_song(file_of(first, tone(62), kind=2))
    assert times(song) == [
        (60, "note_on", 0),
        (60, "note_off", SECOND),
        (62, "note_on", SECOND),
        (62, "note_off", SECOND + SECOND // 2),
    ]


def test_empty_tracks_and_a_file_without_notes() -> None:
    assert parse_song(file_of([], tone(60), [])).notes == 1
    assert parse_song(file_of([], [])).notes == 0


def test_running_status_and_silent_note_ons() -> None:
    track = bytes([0, 0x90, 60, 100, 0x60, 64, 100, 0x60, 60, 0, 0, 64, 0, 0, 0xFF, 0x2F, 0])
    song = parse_song(raw(96, track))
    assert [(event.kind, event.number) for event in song.events] == [
        (Kind.NOTE_ON, 60),
        (Kind.NOTE_ON, 64),
        (Kind.NOTE_OFF, 60),
        (Kind.NOTE_OFF, 64),
    ]
    assert song.events[2].at_sample == SECOND


@pytest.mark.parametrize(("frames", "seconds"), [(25, 1.0), (30, 25 / 30), (29, 25 * 1.001 / 30), (24, 25 / 24)])
def test_smpte_time_instead_of_beats(frames: int, seconds: float) -> None:
    track = bytes([0x87, 0x68, 0x90, 60, 100, 0, 0xFF, 0x2F, 0])  # 1000 ticks of 40 a frame: 25 frames
    song = parse_song(raw((-frames << 8) | 40, track))
    assert song.events[0].at_sample == pytest.approx(seconds * SECOND, abs=1)


def test_a_tempo_change_in_one_track_applies_to_all() -> None:
    late = [mido.MetaMessage("set_tempo", tempo=250_000, time=480)]
    song = parse_song(file_of(tone(60, length=960), late))
    assert song.events[-1].at_sample == SECOND // 2 + SECOND // 4


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a MIDI file"),
        (b"RIFF" + bytes(40), "not a MIDI file"),
        (file_of(tone(60))[:12], "breaks off in its header"),
        (raw(0, b"\x00\xff\x2f\x00"), "division"),
        (raw(-5 << 8, b"\x00\xff\x2f\x00"), "division"),
    ],
)
def test_a_file_that_is_not_midi_is_reported(data: bytes, says: str) -> None:
    with pytest.raises(MidiError, match=says) as caught:
        parse_song(data)
    assert "\n" not in str(caught.value)


def test_random_bytes_never_crash_the_parser() -> None:
    """Whatever the bytes, the answer is a song or a `MidiError`."""
    rng, songs = random.Random(1), list[Song]()
    good = file_of(tone(60), tone(62))
    for _ in range(300):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with contextlib.suppress(MidiError):
            songs.append(parse_song(bytes(data)))
    assert 100 < len(songs) < 300
    for event in (event for song in songs for event in song.events):
        assert 0 <= event.channel < 16
        assert 0 <= event.number < 128
        assert event.at_sample >= 0


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    large = tmp_path / "large.mid"
    large.write_bytes(bytes(MAX_FILE_BYTES + 1))
    silent = tmp_path / "silent.mid"
    silent.write_bytes(file_of([]))
    for path, says in (
        (tmp_path / "none.mid", "no such file"),
        (tmp_path, "is a folder"),
        (large, "larger than"),
        (silent, "no note"),
    ):
        with pytest.raises(MidiError, match=says):
            read_song(path)


def test_midi_files_of_other_programs_are_read(shared_data: Path) -> None:
    """As many notes as mido's own player counts, ending when it does."""
    paths = sorted((shared_data / "tunes" / "MIDI").glob("*.mid"))[:40]
    assert len(paths) > 5
    for path in paths:
        song, file = read_song(path), mido.MidiFile(path, clip=True)
        assert song.notes == sum(message.type == "note_on" and message.velocity > 0 for message in file)
        assert song.seconds == pytest.approx(file.length, abs=0.001)


@pytest.mark.parametrize(
    "message",
    [
        mido.Message("note_on", channel=5, note=7, velocity=9),
        mido.Message("note_off", channel=5, note=7, velocity=9),
        mido.Message("polytouch", channel=5, note=7, value=9),
        mido.Message("control_change", channel=5, control=7, value=9),
        mido.Message("program_change", channel=5, program=7),
        mido.Message("aftertouch", channel=5, value=9),
        mido.Message("pitchwheel", channel=5, pitch=-7),
    ],
    ids=lambda message: str(message.type),
)
def test_every_message_is_read_as_mido_writes_it(message: Any) -> None:
    """From a wire and from a file."""
    wire = Parser().feed(bytes(message.bytes()), at_sample=0)
    song = parse_song(file_of([mido.Message("note_on", channel=5, note=7), message]))
    assert song.events[1] == wire[0]
    fields = [name for name in ("note", "control", "program") if hasattr(message, name)]
    assert wire[0].number == (getattr(message, fields[0]) if fields else 0)
    values = [name for name in ("velocity", "value", "pitch") if hasattr(message, name)]
    assert wire[0].value == (getattr(message, values[0]) if values else 0)
    assert wire[0].channel == 5


def test_a_parser_waits_for_incomplete_messages_and_skips_garbage() -> None:
    parser = Parser()
    assert parser.feed(b"\x90\x3c") == []
    assert parser.feed(b"\xf8\x40") == [note_on(60, 64)]
    expected = [note_on(64, 65), note_on(61, 1, channel=1)]
    assert parser.feed(b"\x40\x41\xf0\x01\x02\xf7\x91\x3d\x01") == expected


def test_the_next_note_is_right_after_a_storm_of_bytes() -> None:
    rng = random.Random(2)
    parser = Parser()
    for _ in range(100):
        parser.feed(bytes(rng.randrange(256) for _ in range(1000)))
    parser.feed(b"\xf0" + bytes(70_000))
    assert parser.feed(b"\x90\x45\x50")[-1] == note_on(69, 80)
