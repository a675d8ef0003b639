"""A standard MIDI file to events at sample times: types 0, 1 and 2, tempo maps, frames per second.

In types 0 and 1 all tracks share one tempo map; the tracks of type 2 are pieces of their own, played one after the
other. A file is a stranger's: its size, its events and its length are bounded before anything is made of them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab.errors import MidiError
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.midi.table import from_message, load_mido
from nsynth_lab.units import SAMPLE_RATE

MAX_FILE_BYTES = 8 * 2**20
MAX_SECONDS = 4 * 3600.0
DEFAULT_TEMPO = 500_000  # microseconds a beat
FRAME_RATES = (24, 25, 29, 30)


@dataclass(frozen=True)
class Song:
    """Events in order of time, and when the last track ends."""

    events: tuple[Event, ...]
    end_sample: int
    tracks: int

    @property
    def notes(self) -> int:
        """How many keys go down."""
        return sum(event.kind is Kind.NOTE_ON for event in self.events)

    @property
    def seconds(self) -> float:
        """Length."""
        return self.end_sample / SAMPLE_RATE


def read_song(path: str | Path) -> Song:
    """Read a .mid file.

    Raises:
        MidiError: missing, too large, not a MIDI file, damaged, or without a note.
    """
    path = Path(path)
    if path.is_dir() or not path.exists():
        raise MidiError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}; expected a MIDI file (.mid)")
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise MidiError(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB; not a MIDI file to be played")
        song = parse_song(path.read_bytes())
    except MidiError as error:
        raise MidiError(f"{path}: {error}") from error
    except OSError as error:
        raise MidiError(f"{path}: cannot be read: {error.strerror}") from error
    if not song.notes:
        raise MidiError(f"{path}: holds no note; there is nothing to play")
    return song


def parse_song(data: bytes) -> Song:
    """A MIDI file's bytes to a song; as `read_song`, and a song without notes is a song.

    Raises:
        MidiError: not a MIDI file, damaged, or longer than 4 hours.
    """
    mido = load_mido()
    try:
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    except Exception as error:  # mido raises whatever its parsing stumbles over
        raise MidiError(
            f"not a MIDI file, or damaged ({_word(error)}); export it again as a standard MIDI file"
        ) from error
    if file.type not in (0, 1, 2):
        raise MidiError(f"MIDI file of type {file.type}; expected 0, 1 or 2")
    tracks = [list(_timed(track)) for track in file.tracks]
    pieces = [[track] for track in tracks] if file.type == 2 else [tracks]
    events: list[Event] = []
    begin = 0.0
    for piece in pieces:
        begin = _play(piece, _Clock(file.ticks_per_beat), begin, events)
    events.sort(key=lambda event: event.at_sample)
    return Song(tuple(events), round(begin * SAMPLE_RATE), len(tracks))


class _Clock:
    """Ticks to seconds, forwards only."""

    def __init__(self, division: int) -> None:
        self.seconds, self.tick = 0.0, 0
        self.beat = division > 0
        if self.beat:
            self.tick_seconds = DEFAULT_TEMPO / 1e6 / division
        else:  # the high byte is minus the frames a second, the low one ticks a frame
            frames, ticks = -(division >> 8), division & 0xFF
            if frames not in FRAME_RATES or not ticks:
                raise MidiError(f"its header's division {division} is none that MIDI has; export it again")
            self.tick_seconds = 1.0 / ((30 / 1.001 if frames == 29 else frames) * ticks)
        self.division = division

    def at(self, tick: int) -> float:
        self.seconds += (tick - self.tick) * self.tick_seconds
        self.tick = tick
        if self.seconds > MAX_SECONDS:
            raise MidiError(f"longer than {MAX_SECONDS / 3600:.0f} hours; cut it into shorter files")
        return self.seconds

    def set_tempo(self, tempo: int) -> None:
        if self.beat:
            self.tick_seconds = tempo / 1e6 / self.division


def _play(tracks: list[list[tuple[int, Any]]], clock: _Clock, begin: float, events: list[Event]) -> float:
    """Append the tracks' events; returns when the last of them ends."""
    merged = sorted((item for track in tracks for item in track), key=lambda item: item[0])
    for tick, message in merged:
        seconds = begin + clock.at(tick)
        if message.type == "set_tempo":
            clock.set_tempo(message.tempo)
        elif (event := from_message(message, at_sample=round(seconds * SAMPLE_RATE))) is not None:
            events.append(event)
    return begin + clock.seconds


def _timed(track: Any) -> Iterator[tuple[int, Any]]:
    tick = 0
    for message in track:
        tick += message.time
        yield tick, message


def _word(error: Exception) -> str:
    return str(error) or type(error).__name__
