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
from nsynth_lab.midi.events import CHANNELS, Event, Kind
from nsynth_lab.midi.file_warnings import FileWarnings
from nsynth_lab.midi.note_offs import match_note_offs
from nsynth_lab.midi.parse import STATUS, event_of
from nsynth_lab.midi.track import HIGHEST, META, Message, Track, missing_note_offs
from nsynth_lab.units import SAMPLE_RATE

MAX_FILE_BYTES = 8 * 2**20
MAX_SECONDS = 4 * 3600.0
DEFAULT_TEMPO = 500_000  # microseconds per beat
FRAME_RATES = (24, 25, 29, 30)
DATA_ENTRY, RPN_FINE, RPN_COARSE, RPN_MPE = 6, 100, 101, (0, 6)
LOST_END_SECONDS = 0.5  # how long a truncated file's last notes go on, if it does not count in beats; else one beat


@dataclass(frozen=True)
class Song:
    """A MIDI file, ready to be played.

    Attributes:
        events: in order of time.
        end_sample: when the last track ends.
        tracks: how many there are.
        warnings: what is wrong with the file, one line each.
    """

    events: tuple[Event, ...]
    end_sample: int
    tracks: int
    warnings: tuple[str, ...] = ()

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


def read_song(path: str | Path) -> Song:
    """Read a .mid or .rmi file.

    Raises:
        MidiError: it does not exist, is too large, is not a MIDI file, or has no notes.
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
    """The song in a MIDI file's bytes. Unlike `read_song` it accepts a song without notes.

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
    begin_seconds = 0.0
    for piece in [[track] for track in tracks] if header.format == 2 else [tracks]:
        clock = _Clock(header.division, begin_seconds)
        timed = _timed_events(piece, clock, warnings)
        begin_seconds = clock.seconds
        events += match_note_offs(timed, end_sample=round(begin_seconds * SAMPLE_RATE))
    return Song(tuple(events), round(begin_seconds * SAMPLE_RATE), len(tracks), warnings.lines)


class _Clock:
    """Converts ticks to seconds; moves forwards only."""

    def __init__(self, division: int, begin_seconds: float) -> None:
        self.seconds, self.tick = begin_seconds, 0
        self.counts_beats = division > 0
        if self.counts_beats:
            self.tick_seconds = DEFAULT_TEMPO / 1e6 / division
            self.lost_end_ticks = division
        else:  # SMPTE: the high byte is minus the frames per second, the low byte the ticks per frame
            frames, ticks = -(division >> 8), division & 0xFF
            if frames not in FRAME_RATES or not ticks:
                raise MidiError(f"its header's division {division} is none that MIDI has; export it again")
            self.tick_seconds = 1.0 / ((30 / 1.001 if frames == 29 else frames) * ticks)
            self.lost_end_ticks = round(LOST_END_SECONDS / self.tick_seconds)
        self.division = division

    def move(self, tick: int) -> bool:
        """Advance to `tick`; returns False, without moving, if that is beyond the maximum length."""
        seconds = self.seconds + (tick - self.tick) * self.tick_seconds
        if seconds > MAX_SECONDS:
            return False
        self.seconds, self.tick = seconds, tick
        return True

    def set_tempo(self, tempo: int) -> None:
        if self.counts_beats and tempo:
            self.tick_seconds = tempo / 1e6 / self.division


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
            at_sample = round(clock.seconds * SAMPLE_RATE)
            events.append(event_of(kind, status % CHANNELS, (first, second), at_sample=at_sample))
    return events
