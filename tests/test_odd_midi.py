"""Odd MIDI files: what the standard says is in them, whatever is wrong with them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from odd_midi import ODD, TWO, Note, Odd, same

from nsynth_lab.midi.events import Kind
from nsynth_lab.midi.song import Song, parse_song
from nsynth_lab.units import FloatArray

FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")


def notes_of(song: Song) -> list[Note]:
    """Each until its note-off, or until its key is struck again, as the synth plays them; none is left hanging."""
    notes: list[Note] = []
    down: dict[tuple[int, int], int] = {}
    for event in song.events:
        key = (event.channel, event.number)
        lifted = event.kind is Kind.CONTROL and event.number == 123
        for ended in [one for one in down if one == key or (lifted and one[0] == event.channel)]:
            if lifted or event.kind in (Kind.NOTE_ON, Kind.NOTE_OFF):
                begin = down.pop(ended)
                notes.append((begin / 48_000, ended[1], (event.at_sample - begin) / 48_000))
        if event.kind is Kind.NOTE_ON:
            down[key] = event.at_sample
    assert not down, "a key is still down at the end"
    return notes


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_an_odd_file_is_played_as_intended(odd: Odd) -> None:
    song = parse_song(odd.data)
    assert same(notes_of(song), odd.notes, seconds=2 / 48_000), notes_of(song)
    assert song.seconds == pytest.approx(odd.seconds, abs=2 / 48_000)
    assert bool(song.warnings) == odd.warns, song.warnings
    pedals = {event.channel: event.value for event in song.events if event.kind is Kind.CONTROL and event.number == 64}
    assert not any(value >= 64 for value in pedals.values()), "a pedal is still down at the end"


# Files of the same two notes that other programs open too, of each kind a few.
OPENED = {
    "timidity": (
        "key of 11 sharps",
        "time signature of two bytes",
        "header counts more tracks",
        "track much shorter by its length",
        "no end-of-track",
        "notes behind the end of the track",
        "RIFF RMID",
        "running status behind system exclusive",
        "tempo changes within a note",
    ),
    "fluidsynth": (
        "key of 11 sharps",
        "SMPTE offset of 255 hours",
        "track much longer by its length",
        "notes behind the end of the track",
        "tempo in the second track",
    ),
}
RATE = 16_000
COMMANDS = {
    "timidity": [
        "timidity",
        "-x",
        "soundfont {font}",
        "-EFreverb=0",
        "-EFchorus=0",
        "-s",
        str(RATE),
        "-Ow1sM",
        "-o",
        "{sound}",
        "{file}",
    ],
    "fluidsynth": ["fluidsynth", "-niq", "-R", "0", "-C", "0", "-r", str(RATE), "-F", "{sound}", "{font}", "{file}"],
}


def played_by(program: str, odd: Odd, folder: Path) -> FloatArray:
    """What another program makes of a file."""
    file, sound = folder / "odd.mid", folder / "odd.wav"
    file.write_bytes(odd.data)
    words = [word.format(file=file, sound=sound, font=FONT) for word in COMMANDS[program]]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    samples, _ = soundfile.read(sound, dtype="float32", always_2d=True)
    return np.asarray(samples[:, 0])


@pytest.mark.parametrize("program", OPENED)
def test_other_programs_hear_the_same_two_notes(program: str, tmp_path: Path) -> None:
    """A file with something odd in it sounds as the file without, and so it is read here."""
    if not (shutil.which(program) and FONT.is_file()):
        pytest.skip(f"needs {program} and {FONT}")
    files = {odd.name: odd for odd in ODD}
    plain = played_by(program, files["as it should be"], tmp_path)
    assert np.abs(plain[int(0.55 * RATE) :]).max() > 0.01, "the program plays nothing"
    for name in OPENED[program]:
        sound = played_by(program, files[name], tmp_path)
        assert files[name].notes == TWO
        assert len(sound) == len(plain), name
        assert np.abs(sound - plain).max() < 1e-3, name
