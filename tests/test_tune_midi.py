"""MIDI files of tunes: what is written is read, and what a file does not say is found and said."""

from __future__ import annotations

import csv
import io
import random
from fractions import Fraction
from pathlib import Path

import mido
import pytest
from odd_midi import ODD, head, meta, note, off, on, track
from tunes import ALL, JIG, REEL, again, heard, made_tune, tune_of

from nsynth_lab.errors import MidiError, TuneError
from nsynth_lab.midi.song import parse_song
from nsynth_lab.tune.abc import decoded, read_text, tunes_of
from nsynth_lab.tune.find.bar_lines import find_metre, find_upbeat
from nsynth_lab.tune.find.key import find_key
from nsynth_lab.tune.form import form
from nsynth_lab.tune.key import Key, parse_key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.midi import midi_bytes, read_midi
from nsynth_lab.tune.tune import FINAL, Tune


def read(data: bytes) -> tuple[Tune, str]:
    """The tune, and what its reader says."""
    lines = Lines()
    tune = read_midi(data, lines)
    return tune, "; ".join(lines.all)


def written(tune: Tune) -> bytes:
    return midi_bytes(tune, Lines())


def by_mido(data: bytes) -> list[tuple[Fraction, Fraction, int]]:
    """The notes as another library reads them."""
    file = mido.MidiFile(file=io.BytesIO(data))
    at, begun, found = 0, {}, []
    for message in file.tracks[0]:
        at += message.time
        if message.type == "note_on":
            begun[message.note] = at
        elif message.type == "note_off":
            on_at = begun.pop(message.note)
            whole = 4 * file.ticks_per_beat
            found.append((Fraction(on_at, whole), Fraction(at - on_at, whole), message.note))
    return sorted(found)


@pytest.mark.parametrize("text", ALL)
def test_a_tune_written_sounds_the_same_when_it_is_read(text: str) -> None:
    tune = tune_of(text)
    back, _ = read(written(tune))
    assert heard(back) == heard(tune)
    assert (back.key, back.title, back.upbeat) == (tune.key, tune.title, tune.upbeat)
    assert by_mido(written(tune)) == heard(tune)
    assert parse_song(written(tune)).notes == len(heard(tune))


def test_tunes_made_by_chance_sound_the_same() -> None:
    for seed in range(30):
        tune = made_tune(seed)
        assert by_mido(written(tune)) == heard(tune), seed


def test_repeats_and_endings_are_found() -> None:
    back, says = read(written(tune_of(JIG)))
    assert form(back) == "AABB"
    assert [bar.ending for bar in back.bars if bar.ending] == [(1,), (2,)]
    assert "form found: AABB" in says
    assert again(back) == back


def test_what_midi_cannot_hold_is_told() -> None:
    lines = Lines()
    midi_bytes(tune_of(JIG), lines)
    assert [line.split(":")[0] for line in lines.all] == [
        "MIDI has no chord symbols",
        "grace notes are left out",
        "MIDI has no marks such as staccato or trill",
        "MIDI has no repeat signs",
    ]


def test_metre_upbeat_and_key_are_found_where_the_file_says_nothing() -> None:
    notes = heard(tune_of(JIG.replace("(3EFG (3ABc", "EFGA")))
    ticks = b"".join(note(number, int(length * 1920)) for _, length, number in notes)
    tune, says = read(head() + track(ticks))
    assert (tune.metre, tune.upbeat) == (Metre((6,), 8), Fraction(1, 8))
    assert tune.key.name in ("E dorian", "E minor")  # both C and C sharp are there
    assert tune.bars[-1].plays == 2  # which is an end; without a repeat a final line is one
    once, _ = read(head() + track(b"".join(note(60 + step, 480) for step in (0, 2, 4, 5, 7, 9, 11, 12))))
    assert [bar.line for bar in once.bars] == [""] * (len(once.bars) - 1) + [FINAL]
    assert "no metre in the file: 6/8 found" in says
    assert "from the notes: the file has no signature" in says


def test_what_the_user_says_goes_before_what_is_found() -> None:
    data = head() + track(*(note(60 + step, 480) for step in (0, 2, 4, 5, 7, 9, 11, 12)))
    lines = Lines()
    tune = read_midi(data, lines, metre=Metre((2,), 4), key=parse_key("F lydian"))
    assert (tune.metre, tune.key) == (Metre((2,), 4), Key("F", 0, "lydian"))


def test_the_top_line_is_taken_and_what_is_dropped_is_counted() -> None:
    chords = b"".join(on(60) + on(64) + on(67 + step) + off(60, 480) + off(64) + off(67 + step) for step in range(8))
    tune, says = read(head() + track(chords))
    assert [number for *_, number in heard(tune)] == list(range(67, 75))
    assert "the top line is taken; 16 notes below it are left out" in says
    melody = track(*(note(72 + step, 480) for step in (0, 2, 4, 5)))
    bass = track(*(note(40, 960, channel=1) for _ in range(2)))
    tune, says = read(head(1, 2) + melody + bass)
    assert [number for *_, number in heard(tune)] == [72, 74, 76, 77]
    assert "track 1, channel 1, is taken, the highest line of 2; 2 notes of others are left out" in says


def test_notes_that_are_never_ended_last_until_the_next_one() -> None:
    played = b"".join(on(60 + step % 3, 0 if step == 0 else 240) for step in range(12))
    tune, says = read(head() + track(played))
    assert tune.notes == 12
    assert "notes that are never ended last until the next one (12 times)" in says


def test_notes_played_late_and_cut_short_are_moved_to_the_grid() -> None:
    by = random.Random(1)
    late = [by.randrange(0, 3) for _ in range(16)]
    events = [
        on(60 + step % 5, late[step]) + off(60 + step % 5, 200) + number_of(40 - late[step]) for step in range(16)
    ]
    tune, _ = read(head() + track(*events))
    assert {length for _, length, _ in heard(tune)[:-1]} == {Fraction(1, 8)}


def number_of(ticks: int) -> bytes:
    """Time that passes: a text event of no letters after it."""
    return meta(0x01, b"", ticks)


def test_free_rhythm_is_said() -> None:
    by = random.Random(3)
    events = [note(60 + step % 7, by.randrange(150, 500), by.randrange(0, 40)) for step in range(60)]
    _, says = read(head() + track(*events))
    assert "played freely" in says


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_odd_files_give_a_tune(odd: object) -> None:
    data = odd.data  # type: ignore[attr-defined]
    tune, _ = read(data)
    assert tune.notes
    assert again(tune).notes == tune.notes


@pytest.mark.parametrize("data", [b"", b"MThd", b"not midi at all", head() + track()])
def test_what_holds_no_melody_is_refused(data: bytes) -> None:
    with pytest.raises((MidiError, TuneError), match=r"\w"):
        read(data)


def test_percussion_alone_is_no_melody() -> None:
    with pytest.raises(TuneError, match="besides percussion"):
        read(head() + track(note(36, channel=9)))


def test_damaged_bytes_never_crash() -> None:
    by = random.Random(5)
    whole = written(tune_of(REEL))
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(by.randrange(1, 8)):
            data[by.randrange(len(data))] = by.randrange(256)
        try:
            tune, _ = read(bytes(data[: by.randrange(20, len(data) + 1)]))
        except (MidiError, TuneError):
            continue
        assert tune.notes


def test_keys_of_a_collection_are_those_that_experts_heard(shared_data: Path) -> None:
    """Agreement with the tonics of 1,195 Irish tunes: with the files' signatures, and from their notes alone."""
    rows = list(csv.reader((shared_data / "tunes" / "roots.csv").read_text(encoding="utf-8").splitlines()))
    roots = {row[0]: int(row[1]) for row in rows[1:] if len(row) > 1 and row[1]}
    told = alone = 0
    files = sorted((shared_data / "tunes" / "MIDI").glob("*.mid"))[::24]
    for path in files:
        tune, _ = read(path.read_bytes())
        notes = [(at - tune.upbeat, length, number) for at, length, number in heard(tune)]
        assert tune.metre is not None
        told += tune.key.tonic == roots[path.stem]
        alone += find_key(notes, tune.metre.length).tonic == roots[path.stem]
        assert again(tune) == tune, path.stem
    assert told >= 0.97 * len(files)
    assert alone >= 0.8 * len(files)


def test_upbeats_and_metres_of_a_collection_are_found(shared_data: Path) -> None:
    right = metres = count = 0
    for path in sorted((shared_data / "tunes" / "nottingham").glob("*.abc")):
        for text in tunes_of(decoded(path.read_bytes()))[::20]:
            tune = read_text(text, Lines())
            if tune.metre is None or any(bar.metre for bar in tune.bars) or heard(tune)[0][0]:
                continue
            count += 1
            right += find_upbeat(heard(tune), tune.metre) == tune.upbeat
            found = find_metre(heard(tune))
            metres += found.name == tune.metre.name or {found.name, tune.metre.name} <= {"2/2", "2/4", "4/4"}
            back, _ = read(written(tune))
            assert heard(back) == heard(tune), (path.name, text.number)
    assert count > 40
    assert right >= 0.8 * count
    assert metres >= 0.75 * count
