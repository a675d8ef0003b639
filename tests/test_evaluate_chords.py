"""`nsynth-lab evaluate --only chords`: notes that are known beside those that are heard, and chromas compared."""

from __future__ import annotations

import json
from pathlib import Path

import mido
import numpy as np
import pytest
from made_tunes import faded, silence, steady, tone

from nsynth_lab.analysis.basic_pitch import RATE, BasicPitch
from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.errors import MissingError
from nsynth_lab.evaluate.metrics.chroma import chroma_correlation
from nsynth_lab.evaluate.metrics.known_notes import known_notes, match_notes
from nsynth_lab.model.bank import BANK
from nsynth_lab.render import DEFAULT_CHECKPOINT
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

CHORDS = ((48, 55, 64), (50, 57, 65), (43, 59, 62))
SECONDS = 0.8


def song(*, up: int = 0, order: tuple[int, ...] = (0, 1, 2)) -> FloatArray:
    """Three chords of tones that die away."""
    parts = []
    for place in order:
        own = np.sum([tone(steady(note_to_hz(note + up), SECONDS), level=0.1) for note in CHORDS[place]], axis=0)
        parts.append(faded(own * np.exp(-2.0 * np.arange(len(own)) / SAMPLE_RATE).astype(np.float32), seconds=0.004))
    return np.concatenate([silence(0.2), *parts, silence(0.3)])


def slower(sound: FloatArray) -> FloatArray:
    return np.asarray(resample(sound[None], SAMPLE_RATE, RATE)[0], np.float32)


def write_known(path: Path) -> None:
    """Its notes, and a drum."""
    track = mido.MidiTrack([mido.Message("note_on", channel=9, note=36, velocity=90, time=0)])
    for place, chord in enumerate(CHORDS):
        for voice, note in enumerate(chord):
            wait = (0.2 if not place else 0.0) if not voice else 0.0
            track.append(mido.Message("note_on", note=note, velocity=80, time=round(wait * 960)))
        for voice, note in enumerate(chord):
            track.append(mido.Message("note_off", note=note, time=round(SECONDS * 960) if not voice else 0))
    file = mido.MidiFile(ticks_per_beat=480)  # at 120 bpm, 960 ticks a second
    file.tracks.append(track)
    file.save(path)


def test_notes_are_matched_by_key_and_time_once_each(tmp_path: Path) -> None:
    write_known(tmp_path / "song.mid")
    known = known_notes(tmp_path / "song.mid")
    assert sorted(key for key, _ in known) == sorted(note for chord in CHORDS for note in chord)
    assert match_notes(known, known).f1 == 1.0
    late = match_notes(known, [(key, at + 0.06) for key, at in known])
    assert (late.precision, late.recall, late.f1) == (0.0, 0.0, 0.0)
    twice = match_notes(known, [*known, *((key, at + 0.01) for key, at in known)])
    assert (twice.precision, twice.recall) == (0.5, 1.0)
    assert match_notes(known, []).f1 == match_notes([], known).f1 == 0.0


def test_chromas_agree_where_pitch_classes_do() -> None:
    source = slower(song())
    assert chroma_correlation(source, source) == pytest.approx(1.0)
    moved = slower(song(up=14))
    assert chroma_correlation(source, moved, transposed=14) > 0.9
    assert chroma_correlation(source, moved) < 0.5
    assert chroma_correlation(source, slower(song(order=(2, 0, 1)))) < 0.6
    assert chroma_correlation(source, np.zeros_like(source)) == pytest.approx(0.0, abs=0.01)
    assert chroma_correlation(np.zeros_like(source), source) == 0.0


def test_music_with_known_notes_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        BasicPitch()
    except MissingError as error:
        pytest.skip(str(error))
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    folder = tmp_path / "music"
    folder.mkdir()
    write_audio(folder / "song.wav", Audio(song()[None], SAMPLE_RATE))
    write_known(folder / "song.mid")
    write_audio(folder / "silent.wav", Audio(np.zeros((1, SAMPLE_RATE), np.float32), SAMPLE_RATE))
    words = ["--to", "acoustic grand piano", "--figures", str(tmp_path / "figures.json")]
    assert run(["evaluate", "--only", "chords", str(folder), *words]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())["chords"]
    assert figures["recordings"] == 1
    assert figures["left_out"] == ["silent.wav: no notes were heard"]
    assert figures["heard_f1"]["mean"] >= 0.75
    assert figures["heard_recall"]["mean"] >= 0.85
    assert figures["chroma_correlation"]["mean"] >= 0.7
    assert figures["times_real_time"]["mean"] > 0.0
    assert "heard f1" in capsys.readouterr().out
