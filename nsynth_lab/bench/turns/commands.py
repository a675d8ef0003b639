"""The commands that are timed, as a musician types them, and the state of the caches that each finds."""

from __future__ import annotations

import struct
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nsynth_lab.units import Doubles

RATE = 48_000
SOUND, SONG, TUNE, CLIPS = "recording.wav", "song.mid", "tune.wav", 24
TUNE_SECONDS, TUNE_NOTES = 20, (60, 62, 64, 67, 65, 64, 62, 59)


@dataclass(frozen=True)
class Command:
    """A command line.

    Attributes:
        name: what it is called in the table.
        arguments: behind `nsynth-lab`, run in a folder that holds a recording and a MIDI file.
        exit_code: with which it ends.
        to_first_sound: whether the clock stops at the first sound from the device instead of at the end.
        fresh: folders of caches that are empty when it starts: `compiled` for machine code, `own` for all else.
        is_slow: whether it takes so long that fewer turns must do.
    """

    name: str
    arguments: tuple[str, ...]
    exit_code: int = 0
    to_first_sound: bool = False
    fresh: tuple[str, ...] = ()
    is_slow: bool = False


_BLEND = ("--note", "C4", "--duration", "2", "-o", "blend.wav", "--force")
_PLAY = ("play", "flute", "cello", "--file", SONG)
_SONG_OF = ("flute", "cello", "-o", "song.wav", "--force")
_TRANSLATE = ("translate", TUNE, "--to", "cello", "-o", "translated.wav", "--force")
_PACK = ("--positions", "0,0.5,1", "--notes", "C3-E5/4", "--velocities", "100", "--duration", "2")

COMMANDS = (
    Command("--help", ("--help",)),
    Command("usage error", ("blend", "flute", "cello", "--nonsense"), exit_code=2),
    Command("blend of names", ("blend", "flute", "cello", *_BLEND)),
    Command("blend of a recording, first time", ("blend", SOUND, "cello", *_BLEND), fresh=("own",)),
    Command("blend of a recording, second time", ("blend", SOUND, "cello", *_BLEND)),
    Command("encode of 2 s", ("encode", SOUND, "--source-note", "C4", "-o", "note.latents", "--force")),
    Command("play to the first sound", _PLAY, to_first_sound=True),
    Command("play to the first sound, not compiled", _PLAY, to_first_sound=True, fresh=("compiled",), is_slow=True),
    Command("render of a note of 2 s", ("render", SONG, *_SONG_OF)),
    Command(f"translate of {TUNE_SECONDS} s", _TRANSLATE),
    Command(f"pack of {CLIPS} clips", ("pack", "flute", "cello", *_PACK, "--force", "-o", "pack")),
)


def prepare(folder: Path) -> None:
    """Write the recording, a plucked C4 of 2 s, the song, one note from the first moment on, and the tune."""
    at = np.arange(2 * RATE) / RATE
    _write(folder / SOUND, 0.2 * _tone(261.63, at) * np.exp(-1.5 * at))
    track = b"\x00\x90\x3c\x64" + b"\x8f\x00\x80\x3c\x40" + b"\x00\xff\x2f\x00"  # key down, 1,920 ticks, key up, end
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480)
    (folder / SONG).write_bytes(head + b"MTrk" + struct.pack(">I", len(track)) + track)
    at = np.arange(TUNE_SECONDS * RATE // len(TUNE_NOTES)) / RATE
    swell = np.sin(np.pi * at / at[-1]) ** 0.3
    vibrato = 0.004 * np.sin(2 * np.pi * 5.0 * at) / 5.0
    tones = [_tone(440.0 * 2.0 ** ((note - 69) / 12.0), at + vibrato) * swell for note in TUNE_NOTES]
    _write(folder / TUNE, 0.1 * np.concatenate(tones))


def _tone(hz: float, at: Doubles) -> Doubles:
    """A tone of 24 partials at the seconds `at`."""
    return np.asarray(sum(np.cos(2 * np.pi * hz * order * at + order) / order for order in range(1, 25)))


def _write(path: Path, sound: Doubles) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((32_767 * sound).astype("<i2").tobytes())


def chosen(words: Sequence[str]) -> tuple[Command, ...]:
    """The commands whose names contain one of the words; all without any."""
    return tuple(one for one in COMMANDS if not words or any(word in one.name for word in words))
