"""A tune played as notes: where they begin, how loud they are, how they bend, and what a MIDI file says of them."""

from __future__ import annotations

import io
import math
from itertools import pairwise
from pathlib import Path

import mido
import numpy as np
import pytest
from made_tunes import faded, silence, steady, tone
from playing import Heard as Asked
from playing import small_engine

from nsynth_lab.analysis.follower import HOP
from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.analysis.phrase import Phrase, follow
from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.midi.events import CHANNELS, Event, Kind
from nsynth_lab.midi.write import midi_bytes
from nsynth_lab.model.bank import BANK
from nsynth_lab.render import DEFAULT_CHECKPOINT
from nsynth_lab.render.song import blocks_of
from nsynth_lab.synth.settings import Settings
from nsynth_lab.translate.heard_notes import heard_notes
from nsynth_lab.translate.note_events import midi_events, note_events, tuning_of
from nsynth_lab.translate.note_path import note_runs, strikes
from nsynth_lab.translate.played import play_notes
from nsynth_lab.translate.rules import Rules
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, note_to_hz

HOPS_A_SECOND = SAMPLE_RATE / HOP
RNG = np.random.default_rng(3)


def hops(seconds: float) -> int:
    return round(seconds * HOPS_A_SECOND)


def pitches(*parts: tuple[float, float]) -> FloatArray:
    """A pitch [hops] of parts (MIDI note, seconds)."""
    return np.concatenate([np.full(hops(seconds), note, np.float32) for note, seconds in parts])


def runs(note: FloatArray, level_db: FloatArray | None = None) -> list[tuple[float, float]]:
    """Begin and end of each note in seconds."""
    level = np.full(len(note), -20.0, np.float32) if level_db is None else level_db
    return [(begin / HOPS_A_SECOND, end / HOPS_A_SECOND) for begin, end in note_runs(note, level)]


def test_a_step_is_two_notes_and_vibrato_is_one() -> None:
    found = runs(pitches((60.0, 0.3), (61.0, 0.3), (59.0, 0.3)))
    np.testing.assert_allclose(found, [(0.0, 0.3), (0.3, 0.6), (0.6, 0.9)], atol=0.012)
    wide = 60.0 + 0.7 * np.sin(2 * np.pi * 5.5 * np.arange(hops(1.2)) / HOPS_A_SECOND)
    assert len(runs(wide.astype(np.float32))) == 1


@pytest.mark.parametrize("seconds", [1 / 16, 0.09])
def test_each_note_of_a_trill_and_of_a_fast_run_is_heard_and_no_swing_of_a_wide_vibrato(seconds: float) -> None:
    trill = pitches((69.0, 0.3), *[(note, seconds) for note in (71.0, 69.0, 71.0, 69.0, 71.0)], (69.0, 0.3))
    assert len(runs(trill)) == 7
    scale = pitches(*[(float(note), seconds) for note in (60, 62, 64, 65, 67, 69, 71, 72)])
    assert len(runs(scale)) == 8
    for semitones in (0.5, 1.0):
        wide = 60.0 + semitones * np.sin(2 * np.pi * 5.5 * np.arange(hops(1.2)) / HOPS_A_SECOND)
        assert len(runs(wide.astype(np.float32))) == 1


def test_a_scoop_belongs_to_its_note_and_an_octave_taken_wrongly_to_none() -> None:
    for seconds in (0.08, 0.18):
        scoop = np.concatenate([np.linspace(57.0, 60.0, hops(seconds), dtype=np.float32), pitches((60.0, 0.4))])
        assert len(runs(scoop)) == 1
    wrong = pitches((60.0, 0.3), (48.0, 0.02), (60.0, 0.3))
    assert len(runs(wrong)) == 1


def test_a_short_gap_is_bridged_and_a_longer_one_is_not() -> None:
    gap = math.nan
    assert len(runs(pitches((60.0, 0.3), (gap, 0.03), (60.0, 0.3)))) == 1
    assert len(runs(pitches((60.0, 0.3), (gap, 0.1), (60.0, 0.3)))) == 2
    assert runs(pitches((gap, 0.3))) == []


def test_a_note_is_struck_again_where_its_level_comes_back_sharply() -> None:
    note = pitches((60.0, 0.8))
    level = np.full(len(note), -20.0, np.float32)
    level[hops(0.4) - 5 : hops(0.4)] -= 9.0
    (first, again) = runs(note, level)
    assert again[0] == first[1] == pytest.approx(0.4, abs=0.03)
    swell = (-35.0 + 15.0 * np.sin(np.pi * np.arange(len(note)) / len(note))).astype(np.float32)
    assert len(runs(note, swell)) == 1


def test_a_flutter_is_no_row_of_strikes_and_repeated_notes_are_one() -> None:
    """A level that swings 20 times a second, and notes that are struck and die away 3, 10 and 14 times a second."""
    seconds = np.arange(hops(1.0)) / HOPS_A_SECOND
    wave = (-25.0 + 7.0 * np.sin(2 * np.pi * 20.0 * seconds)).astype(np.float32)
    assert len(strikes(wave)) <= 2
    for rate in (3, 10, 14):
        struck = (-20.0 - 15.0 * ((rate * seconds) % 1.0)).astype(np.float32)
        assert len(strikes(struck)) == rate - 1, "the first has no rise before it"


def a_tune() -> tuple[FloatArray, list[tuple[float, float]]]:
    """Detached, repeated and tied notes with vibrato and breath noise; and when each begins, and its note."""
    detached, tied = ((57, 0.3), (57, 0.25), (60, 0.25)), ((62, 0.25), (64, 0.3), (59, 0.3))
    parts: list[FloatArray] = [silence(0.1)]
    begins: list[tuple[float, float]] = []
    for note, seconds in detached:
        begins.append((sum(map(len, parts)) / SAMPLE_RATE, note))
        parts += [faded(tone(steady(note_to_hz(note), seconds))), silence(0.06)]
    at = sum(map(len, parts)) / SAMPLE_RATE
    for note, seconds in tied:
        begins.append((at, note))
        at += seconds
    semitones = np.concatenate([np.full(round(seconds * SAMPLE_RATE), note) for note, seconds in tied])
    vibrato = 0.35 * np.sin(2 * np.pi * 5.5 * np.arange(len(semitones)) / SAMPLE_RATE)
    parts += [faded(tone(440.0 * 2.0 ** ((semitones + vibrato - 69.0) / 12.0))), silence(0.2)]
    sound = np.concatenate(parts)
    noise = 0.002 * RNG.standard_normal(len(sound))
    return np.asarray(sound + noise, np.float32), begins


def test_every_note_of_a_tune_begins_where_it_does() -> None:
    sound, begins = a_tune()
    notes = heard_notes(follow([sound]))
    assert [round(note.pitch) for note in notes] == [note for _, note in begins]
    late = [note.begin_sample / SAMPLE_RATE - at for note, (at, _) in zip(notes, begins, strict=True)]
    assert np.abs(late).max() < 0.03
    assert all(one.end_sample <= other.begin_sample for one, other in pairwise(notes))


def test_a_bend_is_what_was_sung() -> None:
    glide = np.concatenate([np.full(14_400, 57.0), np.linspace(57.0, 57.6, 12_000), np.full(14_400, 57.6)])
    (note,) = heard_notes(follow([silence(0.1), faded(tone(440.0 * 2.0 ** ((glide - 69.0) / 12.0))), silence(0.1)]))
    sung = [
        (at, note.pitch + bend)
        for at, bend in note.bends()
        if 0.02 < (at - 4800) / SAMPLE_RATE < len(glide) / SAMPLE_RATE - 0.05
    ]
    error = [heard - glide[at - 4800] for at, heard in sung]
    assert np.percentile(np.abs(error), 95) < 0.12


def a_note(pitch: float, begin: float, end: float, *, level_db: float = -20.0, bend: float = 0.0) -> HeardNote:
    """A note that glides up by `bend` semitones."""
    first, last = round(begin * SAMPLE_RATE), round(end * SAMPLE_RATE)
    steps = np.linspace(0.0, bend, (last - first) // HOP).astype(np.float32)
    return HeardNote(first, last, pitch, level_db, steps)


def test_what_is_played_bends_in_time_and_is_as_loud_as_it_was() -> None:
    engine = small_engine(Settings(mpe=True, follow=0.0))
    asked = Asked(engine)
    notes = [a_note(57.0, 0.1, 0.7, level_db=-27.0, bend=2.0)]
    list(blocks_of(engine, note_events(notes, Rules()), end_sample=SAMPLE_RATE))
    played = np.array([pitch for _, _, pitch in asked.pitch])
    levels = np.array([level for _, _, level in asked.level])
    begin = 0.1 * SAMPLE_RATE
    ends = begin + np.arange(1, len(played) + 1) * HOP_SAMPLES
    inside = ends < 0.65 * SAMPLE_RATE
    np.testing.assert_allclose(played[inside], 57.0 + 2.0 * (ends[inside] - begin) / (0.6 * SAMPLE_RATE), atol=0.03)
    assert levels[inside].max() == pytest.approx(-27.0, abs=1.0)


def test_without_bends_notes_stand_on_their_keys_of_one_tuning() -> None:
    flat = [a_note(60.0 + step - 0.38, 0.5 * place, 0.5 * place + 0.4) for place, step in enumerate((0, 2, 4, 5))]
    assert tuning_of(flat) == pytest.approx(-0.38, abs=0.01)
    played = play_notes(flat, Rules(follow=0.0), octaves=True)
    assert [event.number for event in played.events if event.kind is Kind.NOTE_ON] == [60, 62, 64, 65]
    assert not any(event.kind is Kind.PITCH for event in played.events)
    kept = play_notes(flat, Rules(), octaves=True)
    bends = [event.value for event in kept.events if event.kind is Kind.PITCH and not math.isnan(event.value)]
    np.testing.assert_allclose(bends, -0.38, atol=1e-5)


def test_louder_notes_are_struck_harder_as_far_as_dynamics_are_kept() -> None:
    notes = [a_note(60.0, 0.0, 0.4, level_db=-30.0), a_note(60.0, 0.5, 0.9, level_db=-18.0)]

    def velocities(dynamics: float) -> list[float]:
        events = play_notes(notes, Rules(dynamics=dynamics), octaves=True).events
        return [event.value for event in events if event.kind is Kind.NOTE_ON]

    soft, hard = velocities(1.0)
    assert hard - soft == pytest.approx(24, abs=1)
    assert len(set(velocities(0.0))) == 1


def test_more_notes_at_once_than_channels_still_sound() -> None:
    many = [a_note(40.0 + place, 0.1 + 0.001 * place, 1.0) for place in range(20)]
    events = note_events(many, Rules())
    struck = [event for event in events if event.kind is Kind.NOTE_ON]
    assert len(struck) == 20
    assert len({event.channel for event in struck}) == CHANNELS
    assert [event.at_sample for event in events] == sorted(event.at_sample for event in events)


def read(data: bytes) -> list[tuple[float, int, int]]:
    """When, in seconds, which key and on which channel a note is struck, as somebody else reads it."""
    at, found = 0.0, []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        at += message.time
        if message.type == "note_on":
            found.append((at, message.note, message.channel))
    return found


def test_the_midi_file_has_the_same_notes() -> None:
    notes = [a_note(60.2, 0.1, 0.4, bend=0.5), a_note(64.0, 0.5, 0.9)]
    for rules in (Rules(), Rules(follow=0.0)):
        events: list[Event] = midi_events(notes, rules)
        data = midi_bytes(events, end_sample=SAMPLE_RATE)
        came = read(data)
        assert [key for _, key, _ in came] == [60, 64]
        np.testing.assert_allclose([at for at, _, _ in came], [0.1, 0.5], atol=0.001)
        assert (b"\xe1" in data) == bool(rules.follow), "a bend of the first note's channel"
    assert {channel for _, _, channel in came} == {0}


def test_a_tune_comes_back_from_a_cello_note_by_note(tmp_path: Path) -> None:
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    sound, begins = a_tune()
    write_audio(tmp_path / "hum.wav", Audio(sound[None], SAMPLE_RATE))
    words = ["--to", "cello", "--as-notes", "--follow", "0", "--midi-file", str(tmp_path / "out.mid")]
    assert run(["translate", str(tmp_path / "hum.wav"), *words, "-o", str(tmp_path / "out.wav")]) == 0
    written = read((tmp_path / "out.mid").read_bytes())
    assert [key for _, key, _ in written] == [note for _, note in begins]
    heard = heard_notes(follow([read_audio(tmp_path / "out.wav").mono()]))
    for at, key in [begins[0], *begins[2:]]:  # releases fill gaps, and hide the begin of what follows
        near = [note for note in heard if abs(note.begin_sample / SAMPLE_RATE - at) < 0.15]
        assert any(abs(note.pitch - key) < 0.25 for note in near), f"{key} at {at:.2f} s"


def test_what_is_too_short_for_notes_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from nsynth_lab.analysis.phrase import write_phrase

    note = np.array([math.nan, 60.0, 60.0, math.nan], np.float32)
    other = np.ones(4, np.float32)
    write_phrase(tmp_path / "blip.phrase", Phrase(note, other, other, other))
    words = [
        "translate",
        str(tmp_path / "blip.phrase"),
        "--to",
        "cello",
        "--as-notes",
        "-o",
        str(tmp_path / "never.wav"),
    ]
    assert run(words) == 1
    assert "leave out --as-notes" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "never.wav").exists()
