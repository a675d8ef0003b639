"""The song of `render` and `play --file`: read, its faults told, and the channels that are to be heard."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import console
from nsynth_lab.errors import MidiError, UsageError

if TYPE_CHECKING:
    from nsynth_lab.midi.song import Song

CHANNELS = 16
PERCUSSION = 9  # General MIDI Level 1: channel 10, which players count from 1

ChannelsOption = Annotated[
    str, typer.Option(help="Channels of the file to play, as 1,3-5.", show_default="all but 10, percussion")
]


def channel_list(text: str) -> tuple[int, ...]:
    """Channels as musicians write them, from 1, as they are counted in messages, from 0.

    Raises:
        UsageError: something else.

    >>> channel_list("1,3-5")
    (0, 2, 3, 4)
    """
    channels: set[int] = set()
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        ends = [int(word) for word in (first, last if dash else first) if word.isascii() and word.isdigit()]
        if len(ends) < 2 or not 1 <= ends[0] <= ends[1] <= CHANNELS:
            raise UsageError(f"channels '{text}'; expected numbers from 1 to {CHANNELS}, as 1,3-5")
        channels.update(range(ends[0] - 1, ends[1]))
    return tuple(sorted(channels))


def song_to_play(path: Path, *, channels: str, named: Collection[int], others: bool, mpe: bool) -> Song:
    """The file's song on the channels that are asked for; what is left out unasked is told.

    Args:
        path: the file.
        channels: as typed; if empty, all but percussion, which General MIDI has on channel 10. In MPE that is one
            like the others.
        named: channels that have an instrument of their own, and so are asked for.
        others: whether channels that have none are played.
        mpe: whether notes have their channels to themselves.

    Raises:
        UsageError: channels that are none.
        MidiError: it cannot be read, or nothing is left to play.
    """
    from nsynth_lab.midi.song import read_song

    asked = channel_list(channels) if channels else None
    song = read_song(path)
    for line in song.warnings:
        console.say(f"warning: {path}: {line}")
    played = set(range(CHANNELS)) if asked is None else set(asked)
    if asked is None and not (mpe or song.is_mpe or PERCUSSION in named):
        played.discard(PERCUSSION)
    if not others:
        played &= set(named)
    left = song.only(played)
    silent = [channel for channel in song.channels if channel not in played]
    if not left.notes:
        raise MidiError(f"{path}: {_nothing(song, silent)}")
    if asked is None and silent:
        console.say(_left_out(song, silent))
    return left


def _nothing(song: Song, silent: Collection[int]) -> str:
    if list(silent) == [PERCUSSION]:
        return "all its notes are on channel 10, percussion in General MIDI; add --channels 10 to play them as notes"
    return f"no note on these channels; it has notes on {spoken(song.channels)}"


def _left_out(song: Song, silent: list[int]) -> str:
    if silent == [PERCUSSION]:
        notes = song.channels[PERCUSSION]
        count = f"{notes} note{'s' * (notes != 1)}"
        return f"left out: channel 10, percussion in General MIDI, {count}; --channels 1-16 plays it as notes"
    return f"left out: channels without an instrument, {spoken(silent)}; --channel {silent[0] + 1}=NAME gives one"


def spoken(channels: Iterable[int]) -> str:
    """Channels as musicians count them.

    >>> spoken([0, 1, 9])
    '1, 2, 10'
    """
    return ", ".join(str(channel + 1) for channel in channels)
