"""A MIDI file's bytes -> the notes of each line in ticks, with metres, keys, tempo and name."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from nsynth_lab.errors import TuneError
from nsynth_lab.midi.chunks import read_header, read_tracks, unwrap
from nsynth_lab.midi.file_warnings import FileWarnings
from nsynth_lab.midi.track import (
    KEY_SIGNATURE,
    LYRIC,
    META,
    NOTE_OFF,
    NOTE_ON,
    TEXT,
    TIME_SIGNATURE,
    TRACK_NAME,
    Meta,
    Track,
)
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import LONGEST_BEATS, SHORTEST_UNIT, Metre

PERCUSSION = 9
MOST_NOTES = 20_000
DEFAULT_TEMPO = 500_000


class MidiNote(NamedTuple):
    """A note from tick `on` to tick `off`."""

    on: int
    off: int
    note: int


@dataclass
class MidiNotes:
    """What a file says.

    Attributes:
        quarter: ticks of a quarter note.
        lines: notes in order of time, by (track, channel), both counted from 1.
        metres: (tick, metre) in order.
        signatures: (tick, sharps, whether minor) in order.
        tempo: microseconds a quarter at the beginning; None if it says nothing.
        tempo_changes: how often the tempo changes after that.
        name: of the first track that has one.
        texts: text events of all tracks.
        lyrics: number of syllables.
    """

    quarter: int
    lines: dict[tuple[int, int], list[MidiNote]] = field(default_factory=dict)
    metres: list[tuple[int, Metre]] = field(default_factory=list)
    signatures: list[tuple[int, int, bool]] = field(default_factory=list)
    tempo: int | None = None
    tempo_changes: int = 0
    name: str = ""
    texts: list[str] = field(default_factory=list)
    lyrics: int = 0


def read_notes(data: bytes, lines: Lines) -> MidiNotes:
    """The notes of a MIDI file; faults of the file and what is left out are added to `lines`.

    Raises:
        MidiError: it is no MIDI file.
        TuneError: it has no notes besides percussion, or too many.
    """
    warnings = FileWarnings()
    data = unwrap(data, warnings)
    header = read_header(data, warnings)
    tracks = read_tracks(data, header.end, warnings)
    for line in warnings.lines:
        lines.add(line)
    if header.format == 2 and len(tracks) > 1:
        lines.add("of the pieces in the file only the first is taken")
        tracks = tracks[:1]
    found = MidiNotes(_quarter(header.division, lines))
    for number, track in enumerate(tracks, 1):
        _add_track(found, number, track, lines)
    found.metres.sort(key=lambda row: row[0])
    found.signatures.sort()
    if not any(found.lines.values()):
        raise TuneError("holds no note besides percussion; expected a melody")
    return found


def _quarter(division: int, lines: Lines) -> int:
    if division > 0:
        return division
    frames, ticks = -(division >> 8), division & 0xFF
    lines.add("counts frames of film, not beats: read as 120 quarters a minute")
    return max(1, frames * ticks // 2)


def _add_track(found: MidiNotes, number: int, track: Track, lines: Lines) -> None:
    held: dict[tuple[int, int], deque[int]] = defaultdict(deque)
    notes: dict[int, list[MidiNote]] = defaultdict(list)
    onsets: dict[int, list[int]] = defaultdict(list)

    def end(channel: int, key: int, tick: int) -> None:
        begun = held[channel, key].popleft()
        if tick > begun:
            notes[channel].append(MidiNote(begun, tick, key))

    for tick, status, first, second in track.messages:
        kind, channel = status >> 4, status & 0xF
        if status == META:
            _add_tempo(found, tick, first)
        elif kind in (NOTE_ON, NOTE_OFF) and channel == PERCUSSION:
            if kind == NOTE_ON and second:
                lines.add("notes of channel 10, percussion, are left out")
        elif kind == NOTE_ON and second:
            held[channel, first].append(tick)
            onsets[channel].append(tick)
        elif kind in (NOTE_ON, NOTE_OFF) and held[channel, first]:
            end(channel, first, tick)
    last = max(track.end_tick, max((message.tick for message in track.messages), default=0) + found.quarter)
    for (channel, key), begun in held.items():
        if begun:
            lines.add("notes that are never ended last until the next one", times=len(begun))
        while begun:
            following = bisect_right(onsets[channel], begun[0])
            end(channel, key, onsets[channel][following] if following < len(onsets[channel]) else last)
    for channel, played in notes.items():
        found.lines[number, channel + 1] = sorted(played)
    if sum(map(len, found.lines.values())) > MOST_NOTES:
        raise TuneError(f"has more than {MOST_NOTES:,} notes; no tune is that long")
    for meta in track.metas:
        _add_meta(found, meta)


def _add_tempo(found: MidiNotes, tick: int, tempo: int) -> None:
    if not tempo:
        return
    if found.tempo is None:
        found.tempo = tempo
    elif tempo != found.tempo and tick:
        found.tempo_changes += 1


def _add_meta(found: MidiNotes, meta: Meta) -> None:
    content = meta.content
    if meta.kind == TIME_SIGNATURE and len(content) >= 2:
        unit = 1 << min(content[1], 7)
        if 0 < content[0] <= LONGEST_BEATS and unit <= SHORTEST_UNIT:
            found.metres.append((meta.tick, Metre((content[0],), unit)))
    elif meta.kind == KEY_SIGNATURE and len(content) >= 2:
        sharps = content[0] - 256 if content[0] > 127 else content[0]
        if abs(sharps) <= 7:
            found.signatures.append((meta.tick, sharps, content[1] == 1))
    elif meta.kind == TRACK_NAME and not found.name:
        found.name = _text(content)
    elif meta.kind == TEXT:
        found.texts.append(_text(content))
    elif meta.kind == LYRIC:
        found.lyrics += 1


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
