"""The song of `render` and `play --file`: read, its faults told, and the channels that are to be heard."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from nsynth_lab import messages
from nsynth_lab.errors import MidiError
from nsynth_lab.midi.channel_list import channel_list
from nsynth_lab.midi.events import CHANNELS
from nsynth_lab.midi.song import Song, parse_song, read_song
from nsynth_lab.render.play_request import PlayRequest
from nsynth_lab.tune.files import read_tune
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.midi import midi_bytes
from nsynth_lab.wording import counted

TUNES = (".abc", ".musicxml", ".xml", ".mxl")
PERCUSSION = 9  # General MIDI Level 1: channel 10, which players count from 1


def song_to_play(path: str | Path, asked: PlayRequest, *, channels: str = "") -> Song:
    """The file's song on the channels that are asked for; channels left out by default are reported.

    Args:
        path: the file.
        asked: what plays it. Channels that have an instrument of their own are asked for; without sources or a preset
            only these are played.
        channels: as typed; if empty, all but percussion, which General MIDI has on channel 10. In MPE that is one
            like the others.

    Raises:
        UsageError: invalid channels.
        MidiError: it cannot be read, or nothing is left to play.
        TuneError: it is a tune that cannot be read.
    """
    chosen, named = channel_list(channels) if channels else None, asked.named()
    song = _song_of(Path(path), asked.tempo)
    for line in song.warnings:
        messages.emit(f"warning: {path}: {line}")
    played = set(range(CHANNELS)) if chosen is None else set(chosen)
    if chosen is None and not (asked.mpe or song.is_mpe or PERCUSSION in named):
        played.discard(PERCUSSION)
    if not asked.plays_all:
        played &= set(named)
    left = song.only(played)
    silent = [channel for channel in song.channels if channel not in played]
    if not left.notes:
        raise MidiError(f"{path}: {_nothing(song, silent)}")
    if chosen is None and silent:
        messages.emit(_left_out(song, silent))
    return left


def _song_of(path: Path, bpm: float | None) -> Song:
    """A MIDI file's song; that of a tune in ABC or MusicXML as it is played, with its repeats."""
    if path.suffix.lower() not in TUNES:
        return read_song(path, bpm=bpm)
    read = read_tune(path)
    lines = Lines()
    song = parse_song(midi_bytes(read.tune, lines), bpm=bpm)
    for line in (*read.lines, *lines.all):
        messages.emit(f"{path}: {line}")
    return song


def _nothing(song: Song, silent: Collection[int]) -> str:
    if list(silent) == [PERCUSSION]:
        return (
            "all its notes are on channel 10, percussion in General MIDI; add --midi-channels 10 to play them as notes"
        )
    return f"no note on these channels; it has notes on {spoken(song.channels)}"


def _left_out(song: Song, silent: list[int]) -> str:
    if silent == [PERCUSSION]:
        notes = song.channels[PERCUSSION]
        count = counted(notes, "note")
        return f"left out: channel 10, percussion in General MIDI, {count}; --midi-channels 1-16 plays it as notes"
    return f"left out: channels without an instrument, {spoken(silent)}; --part {silent[0] + 1}=NAME gives one"


def spoken(channels: Iterable[int]) -> str:
    """Channels as musicians count them.

    >>> spoken([0, 1, 9])
    '1, 2, 10'
    """
    return ", ".join(str(channel + 1) for channel in channels)
