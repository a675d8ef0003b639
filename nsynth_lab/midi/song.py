"""A standard MIDI file to events at sample times: formats 0, 1 and 2, tempo maps, frames per second.

    bytes -> chunks (what wraps them, header, lengths) -> track (messages at ticks) -> here (seconds) -> fingering

In formats 0 and 1 all tracks share one tempo map; the tracks of format 2 are pieces of their own, played one after the
other. A file is a stranger's: its size, its events and its length are bounded before anything is made of them, and
what is damaged gives what is there and a warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from nsynth_lab.errors import MidiError
from nsynth_lab.midi.chunks import read_header, read_tracks, unwrapped
from nsynth_lab.midi.events import CHANNELS, Event, Kind
from nsynth_lab.midi.fingering import fingered
from nsynth_lab.midi.parse import STATUS, event_of
from nsynth_lab.midi.tolerance import Warnings
from nsynth_lab.midi.track import HIGHEST, META, Message, Track, unended
from nsynth_lab.units import SAMPLE_RATE

MAX_FILE_BYTES = 8 * 2**20
MAX_SECONDS = 4 * 3600.0
DEFAULT_TEMPO = 500_000  # microseconds a beat
FRAME_RATES = (24, 25, 29, 30)
DATA_ENTRY, RPN_FINE, RPN_COARSE, RPN_MPE = 6, 100, 101, (0, 6)
LOST_END_SECONDS = 0.5  # after which notes end that a damaged file leaves off with: a beat, where it counts in beats


@dataclass(frozen=True)
class Song:
    """Events in order of time, and when the last track ends; what was wrong with the file, a line each."""

    events: tuple[Event, ...]
    end_sample: int
    tracks: int
    warnings: tuple[str, ...] = ()

    @property
    def notes(self) -> int:
        """How many keys go down."""
        return sum(self.channels.values())

    @cached_property
    def channels(self) -> dict[int, int]:
        """Channels that have notes, 0 to 15, and how many."""
        counts = Counter(event.channel for event in self.events if event.kind is Kind.NOTE_ON)
        return dict(sorted(counts.items()))

    @property
    def is_mpe(self) -> bool:
        """Whether it makes its channels an MPE zone, by registered parameter 6."""
        numbers: dict[int, tuple[int, int]] = {}
        for event in self.events:
            if event.kind is Kind.CONTROL:
                coarse, fine = numbers.get(event.channel, (HIGHEST, HIGHEST))
                if event.number == RPN_COARSE:
                    coarse = int(event.value)
                elif event.number == RPN_FINE:
                    fine = int(event.value)
                elif event.number == DATA_ENTRY and (coarse, fine) == RPN_MPE and event.value:
                    return True
                numbers[event.channel] = coarse, fine
        return False

    @property
    def seconds(self) -> float:
        """Length."""
        return self.end_sample / SAMPLE_RATE

    def only(self, channels: Collection[int]) -> Song:
        """What is played on some of the channels, as long as before."""
        return replace(self, events=tuple(event for event in self.events if event.channel in channels))


def read_song(path: str | Path) -> Song:
    """Read a .mid or .rmi file.

    Raises:
        MidiError: missing, too large, not a MIDI file, or without a note that could be played.
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
        why = f" ({'; '.join(song.warnings)})" if song.warnings else ""
        raise MidiError(f"{path}: holds no note{why}; there is nothing to play")
    return song


def parse_song(data: bytes) -> Song:
    """A MIDI file's bytes to a song; as `read_song`, and a song without notes is a song.

    Raises:
        MidiError: not a MIDI file, or one without a measure of time.
    """
    warnings = Warnings()
    data = unwrapped(data, warnings)
    header = read_header(data, warnings)
    tracks = read_tracks(data, header.end, warnings)
    if len(tracks) != header.tracks:
        warnings.add(f"{header.tracks} tracks by its header, {len(tracks)} in the file")
    events: list[Event] = []
    begin_seconds = 0.0
    for piece in [[track] for track in tracks] if header.format == 2 else [tracks]:
        clock = _Clock(header.division, begin_seconds)
        played = _play(piece, clock, warnings)
        begin_seconds = clock.seconds
        events += fingered(played, end_sample=round(begin_seconds * SAMPLE_RATE))
    return Song(tuple(events), round(begin_seconds * SAMPLE_RATE), len(tracks), warnings.told)


class _Clock:
    """Ticks to seconds, forwards only."""

    def __init__(self, division: int, begin_seconds: float) -> None:
        self.seconds, self.tick = begin_seconds, 0
        self.beat = division > 0
        if self.beat:
            self.tick_seconds = DEFAULT_TEMPO / 1e6 / division
            self.lost_end_ticks = division
        else:  # the high byte is minus the frames a second, the low one ticks a frame
            frames, ticks = -(division >> 8), division & 0xFF
            if frames not in FRAME_RATES or not ticks:
                raise MidiError(f"its header's division {division} is none that MIDI has; export it again")
            self.tick_seconds = 1.0 / ((30 / 1.001 if frames == 29 else frames) * ticks)
            self.lost_end_ticks = round(LOST_END_SECONDS / self.tick_seconds)
        self.division = division

    def move(self, tick: int) -> bool:
        """Go on to `tick`; False, and it stays, where that is too late for a song."""
        seconds = self.seconds + (tick - self.tick) * self.tick_seconds
        if seconds > MAX_SECONDS:
            return False
        self.seconds, self.tick = seconds, tick
        return True

    def set_tempo(self, tempo: int) -> None:
        if self.beat and tempo:
            self.tick_seconds = tempo / 1e6 / self.division


def _play(tracks: Sequence[Track], clock: _Clock, warnings: Warnings) -> list[Event]:
    """The tracks' events; the clock then stands where the last of them ends."""
    messages = [message for track in tracks for message in track.messages]
    ends = [track.end_tick for track in tracks]
    for track in tracks:
        if track.broken and (lost := unended(track.messages)):
            goes_on = track.end_tick > track.messages[-1].tick
            ends.append(track.end_tick + (0 if goes_on else clock.lost_end_ticks))
            messages += [message._replace(tick=ends[-1]) for message in lost]
    messages.sort(key=lambda message: message.tick)  # stable: at the same tick the first track comes first
    events = []
    for tick, status, first, second in [*messages, Message(max(ends, default=0), META, 0, 0)]:
        if not clock.move(tick):
            warnings.add(f"what comes after {MAX_SECONDS / 3600:.0f} hours is left out")
            break
        if status == META:
            clock.set_tempo(first)
        else:
            kind, _ = STATUS[status >> 4]
            at_sample = round(clock.seconds * SAMPLE_RATE)
            events.append(event_of(kind, status % CHANNELS, (first, second), at_sample=at_sample))
    return events
