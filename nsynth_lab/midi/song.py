"""A standard MIDI file -> events at sample times: formats 0, 1 and 2, tempo maps, SMPTE time.

    bytes -> chunks (wrappers, header, lengths) -> track (messages at ticks) -> here (seconds) -> note_offs

In formats 0 and 1 all tracks share one tempo map; the tracks of format 2 are separate pieces, played one after the
other. Files come from strangers: size, number of events and length are bounded first, and of a damaged file whatever
is intact is played, with a warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from nsynth_lab.errors import MidiError
from nsynth_lab.midi.chunks import read_header, read_tracks, unwrap
from nsynth_lab.midi.events import CHANNELS, Event, Kind, beat, tempo
from nsynth_lab.midi.file_warnings import FileWarnings
from nsynth_lab.midi.note_offs import match_note_offs
from nsynth_lab.midi.parse import STATUS, event_of
from nsynth_lab.midi.track import HIGHEST, META, Message, Track, missing_note_offs
from nsynth_lab.tempo import DEFAULT_BPM, beats_to_seconds
from nsynth_lab.units import SAMPLE_RATE

MAX_FILE_BYTES = 8 * 2**20
MAX_SECONDS = 4 * 3600.0
MICROSECONDS = 60e6  # in a minute
FRAME_RATES = (24, 25, 29, 30)
DATA_ENTRY, RPN_FINE, RPN_COARSE, RPN_MPE = 6, 100, 101, (0, 6)
LOST_END_SECONDS = 0.5  # how long a truncated file's last notes go on, if it does not count in beats; else one beat


@dataclass(frozen=True)
class Song:
    """A MIDI file, ready to be played.

    Attributes:
        events: in order of time.
        tempi: the tempo and its changes, and where beats are counted from; none if it counts no beats.
        end_sample: when the last track ends.
        tracks: how many there are.
        warnings: what is wrong with the file, one line each.
    """

    events: tuple[Event, ...]
    end_sample: int
    tracks: int
    warnings: tuple[str, ...] = ()
    tempi: tuple[Event, ...] = ()

    @cached_property
    def timed(self) -> tuple[Event, ...]:
        """What an engine is sent: events and tempi in order of time, a tempo before what is played at it."""
        return tuple(sorted((*self.tempi, *self.events), key=lambda event: event.at_sample))

    @property
    def notes(self) -> int:
        """Number of notes."""
        return sum(self.channels.values())

    @cached_property
    def channels(self) -> dict[int, int]:
        """Number of notes on each channel, 0 to 15, that has any."""
        counts = Counter(event.channel for event in self.events if event.kind is Kind.NOTE_ON)
        return dict(sorted(counts.items()))

    @property
    def is_mpe(self) -> bool:
        """Whether it sets up an MPE zone (registered parameter 6)."""
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
        """The same song with the events of some channels only; its length stays."""
        return replace(self, events=tuple(event for event in self.events if event.channel in channels))


def read_song(path: str | Path, *, bpm: float | None = None) -> Song:
    """Read a .mid or .rmi file, at the tempo `bpm` instead of its own if one is given.

    Raises:
        MidiError: it does not exist, is too large, is not a MIDI file, or has no notes.
    """
    path = Path(path)
    if path.is_dir() or not path.exists():
        raise MidiError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}; expected a MIDI file (.mid)")
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise MidiError(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB; not a MIDI file to be played")
        song = parse_song(path.read_bytes(), bpm=bpm)
    except MidiError as error:
        raise MidiError(f"{path}: {error}") from error
    except OSError as error:
        raise MidiError(f"{path}: cannot be read: {error.strerror}") from error
    if not song.notes:
        why = f" ({'; '.join(song.warnings)})" if song.warnings else ""
        raise MidiError(f"{path}: holds no note{why}; there is nothing to play")
    return song


def parse_song(data: bytes, *, bpm: float | None = None) -> Song:
    """The song in a MIDI file's bytes. Unlike `read_song` it accepts a song without notes.

    `bpm` takes the place of all its tempi. A file that counts in frames of film keeps its pace, and has this tempo.

    Raises:
        MidiError: not a MIDI file, or its time division is invalid.
    """
    warnings = FileWarnings()
    data = unwrap(data, warnings)
    header = read_header(data, warnings)
    tracks = read_tracks(data, header.end, warnings)
    if len(tracks) != header.tracks:
        warnings.add(f"{header.tracks} tracks by its header, {len(tracks)} in the file")
    events: list[Event] = []
    tempi: list[Event] = []
    begin_seconds = 0.0
    for piece in [[track] for track in tracks] if header.format == 2 else [tracks]:
        clock = _Clock(header.division, begin_seconds, bpm)
        timed = _timed_events(piece, clock, warnings)
        begin_seconds = clock.seconds
        events += match_note_offs(timed, end_sample=round(begin_seconds * SAMPLE_RATE))
        tempi += clock.tempi
    return Song(tuple(events), round(begin_seconds * SAMPLE_RATE), len(tracks), warnings.lines, tuple(tempi))


class _Clock:
    """Converts ticks to seconds, at the tempo `bpm` if one is given; moves forwards only. `tempi` as in `Song`."""

    def __init__(self, division: int, begin_seconds: float, bpm: float | None) -> None:
        self.seconds, self.tick = begin_seconds, 0
        self.counts_beats, self.is_steady = division > 0, bpm is not None
        begin, now = bpm or DEFAULT_BPM, self.sample
        has_tempo = self.counts_beats or self.is_steady
        self.tempi = [tempo(begin, at_sample=now), beat(0.0, at_sample=now)] if has_tempo else []
        if self.counts_beats:
            self.tick_seconds = beats_to_seconds(1.0, begin) / division
            self.lost_end_ticks = division
        else:  # SMPTE: the high byte is minus the frames per second, the low byte the ticks per frame
            frames, ticks = -(division >> 8), division & 0xFF
            if frames not in FRAME_RATES or not ticks:
                raise MidiError(f"its header's division {division} is none that MIDI has; export it again")
            self.tick_seconds = 1.0 / ((30 / 1.001 if frames == 29 else frames) * ticks)
            self.lost_end_ticks = round(LOST_END_SECONDS / self.tick_seconds)
        self.division = division

    @property
    def sample(self) -> int:
        """The sample at which it stands."""
        return round(self.seconds * SAMPLE_RATE)

    def move(self, tick: int) -> bool:
        """Advance to `tick`; returns False, without moving, if that is beyond the maximum length."""
        seconds = self.seconds + (tick - self.tick) * self.tick_seconds
        if seconds > MAX_SECONDS:
            return False
        self.seconds, self.tick = seconds, tick
        return True

    def set_tempo(self, microseconds: int) -> None:
        """A beat takes so long from here on."""
        if self.counts_beats and microseconds and not self.is_steady:
            self.tick_seconds = microseconds / 1e6 / self.division
            self.tempi.append(tempo(MICROSECONDS / microseconds, at_sample=self.sample))


def _timed_events(tracks: Sequence[Track], clock: _Clock, warnings: FileWarnings) -> list[Event]:
    """The tracks' events in order of time; leaves the clock at the end of the longest track."""
    messages = [message for track in tracks for message in track.messages]
    ends = [track.end_tick for track in tracks]
    for track in tracks:
        if track.broken and (missing := missing_note_offs(track.messages)):
            continues = track.end_tick > track.messages[-1].tick
            ends.append(track.end_tick + (0 if continues else clock.lost_end_ticks))
            messages += [message._replace(tick=ends[-1]) for message in missing]
    messages.sort(key=lambda message: message.tick)  # stable: at the same tick, earlier tracks come first
    events = []
    for tick, status, first, second in [*messages, Message(max(ends, default=0), META, 0, 0)]:
        if not clock.move(tick):
            warnings.add(f"what comes after {MAX_SECONDS / 3600:.0f} hours is left out")
            break
        if status == META:
            clock.set_tempo(first)
        else:
            kind, _ = STATUS[status >> 4]
            events.append(event_of(kind, status % CHANNELS, (first, second), at_sample=clock.sample))
    return events
