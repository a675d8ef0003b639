"""`nsynth-lab evaluate --only translation`: what it says of a tune and its translation, by sounds that are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_tunes import faded, silence, steady, tone
from numpy.typing import NDArray
from safetensors import safe_open

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.errors import AudioError
from nsynth_lab.evaluate.cells import KEY, CellFolder
from nsynth_lab.evaluate.metrics.in_tune import in_tune
from nsynth_lab.evaluate.metrics.tune import Tune, agreement, delay_ms, f1, has_clear_notes, onsets, rests_of
from nsynth_lab.evaluate.sections.compared_phrase import moves
from nsynth_lab.evaluate.translations import PlayedNote, Translation
from nsynth_lab.model.bank import BANK
from nsynth_lab.render import DEFAULT_CHECKPOINT
from nsynth_lab.units import FRAME_RATE_HZ, SAMPLE_RATE, FloatArray, note_to_hz

QUIET_DB = -95.0


def tune(*notes: tuple[float, float, float]) -> Tune:
    """Notes (pitch, seconds, level in dB); NaN for a rest."""
    pitches: list[float] = []
    levels: list[float] = []
    for pitch, seconds, level_db in notes:
        frames = round(seconds * FRAME_RATE_HZ)
        pitches += [pitch] * frames
        levels += [level_db] * frames
    return Tune(np.array(pitches), np.array(levels, np.float32))


REST = (np.nan, 0.6, QUIET_DB)
MELODY = tune(REST, (60.0, 0.4, -20.0), (64.0, 0.4, -18.0), REST, (67.0, 0.4, -22.0), (65.0, 0.4, -20.0), REST)


def test_a_perfect_translation_is_perfect_whatever_its_delay_and_transposition() -> None:
    came = Tune(MELODY.note - 12.0, MELODY.level_db + 6.0).shifted(0.045)
    found = agreement(MELODY, came, moved=-12.0)
    assert found["within_20_cents"] == 1.0
    assert found["octave_errors"] == 0.0
    assert found["onset_f1"] == 1.0
    assert found["delay_ms"] == pytest.approx(45.0, abs=11.0)  # a frame, where nothing moves
    assert found["level_correlation"] is not None
    assert found["level_correlation"] > 0.99
    assert found["rests_db"] is not None
    assert found["rests_db"] < -70.0


def test_each_fault_shows_in_its_own_figure() -> None:
    octave = MELODY.note.copy()
    octave[60:95] += 12.0
    found = agreement(MELODY, Tune(octave, MELODY.level_db))
    assert found["octave_errors"] == pytest.approx(35 / np.sum(~np.isnan(MELODY.note)), abs=0.01)
    humming = agreement(MELODY, Tune(MELODY.note, np.maximum(MELODY.level_db, -60.0)))
    assert humming["rests_db"] == pytest.approx(-41.0, abs=2.0)
    sharp = agreement(MELODY, Tune(MELODY.note + 0.3, MELODY.level_db))
    assert sharp["within_20_cents"] == 0.0
    late = tune(REST, (60.0, 0.6, -20.0), (64.0, 0.2, -18.0), REST, (67.0, 0.4, -22.0), (65.0, 0.4, -20.0), REST)
    assert agreement(MELODY, late)["onset_f1"] == 0.75
    backwards = agreement(MELODY, Tune(MELODY.note, np.where(np.isnan(MELODY.note), -20.0, -40.0).astype(np.float32)))
    assert backwards["level_correlation"] is not None
    assert backwards["level_correlation"] < -0.9


def test_a_delay_is_found_to_the_millisecond_in_a_glide() -> None:
    glide = Tune(60.0 + 6.0 * np.sin(np.arange(400) / 30.0), np.full(400, -20.0, np.float32))
    assert delay_ms(glide, glide.shifted(0.033)) == pytest.approx(33, abs=1)


def test_notes_begin_at_tones_steps_and_strikes_but_not_in_glides() -> None:
    assert onsets(MELODY) == pytest.approx([0.6, 1.0, 2.0, 2.4], abs=0.02)
    slide = Tune(np.concatenate([np.full(50, 60.0), np.linspace(60, 67, 60), np.full(50, 67.0)]), np.full(160, -20.0))
    assert len(onsets(slide)) == 1
    struck = tune((60.0, 0.5, -20.0), (60.0, 0.05, -32.0), (60.0, 0.5, -20.0))
    assert onsets(struck) == pytest.approx([0.0, 0.55], abs=0.03)


def test_the_pitch_of_the_lowest_string_of_a_bass_is_known() -> None:
    """C sharp below the piano, 17.6 Hz, as bass lines have it."""
    pytest.importorskip("librosa")
    found = Tune.of(faded(tone(steady(17.6, 0.8), partials=12))).note
    assert np.nanmedian(found) == pytest.approx(69.0 + 12.0 * np.log2(17.6 / 440.0), abs=0.1)


def test_speech_has_no_clear_notes() -> None:
    wobble = 60.0 + 5.0 * np.sin(np.arange(600) / 4.0)
    assert not has_clear_notes(Tune(wobble, np.full(600, -20.0, np.float32)))
    assert has_clear_notes(MELODY)


def test_a_rest_begins_when_releases_are_over_and_not_before_the_first_note() -> None:
    rests = rests_of(MELODY)
    assert not rests[: round(0.6 * FRAME_RATE_HZ)].any()
    assert np.flatnonzero(rests)[0] / FRAME_RATE_HZ == pytest.approx(1.4 + 0.3, abs=0.02)


@pytest.mark.parametrize(
    ("wanted", "came", "expected"),
    [([1.0, 2.0], [1.04, 1.96], 1.0), ([1.0], [1.06], 0.0), ([1.0, 1.04], [1.02], 2 / 3), ([], [1.0], 0.0)],
)
def test_onsets_match_once_within_50_ms(wanted: list[float], came: list[float], expected: float) -> None:
    """The figures are mir_eval's."""
    assert f1(wanted, came) == pytest.approx(expected)


def test_only_notes_beyond_the_range_are_moved_by_octaves() -> None:
    source = tune((60.0, 0.5, -20.0), (80.0, 0.5, -20.0), (60.0, 0.5, -20.0))
    notes = (PlayedNote(0.05, 0.5, 60), PlayedNote(0.55, 1.0, 68), PlayedNote(1.05, 1.5, 72))
    nothing = np.zeros(1, np.float32)
    moved: NDArray[np.float64] = moves(source, Translation(nothing, nothing, notes, 0.0, 48, 72, 1.0))
    assert [moved[20], moved[70], moved[120]] == [0.0, -12.0, 0.0], "the last is an octave error, and stays one"


def test_a_note_is_brought_into_tune_and_to_one_pitch() -> None:
    """A tone 30 cents sharp with vibrato, from the middle of a recording: every partial stands on A3 afterwards."""
    seconds = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    pitch = 57.3 + 0.4 * np.sin(2 * np.pi * 5.0 * seconds)
    sound, begin = tone(note_to_hz(pitch), partials=5), 20_000
    note = pitch[:: round(SAMPLE_RATE / FRAME_RATE_HZ)].copy()
    note[60:64] = np.nan
    note[80] += 12.0
    came = in_tune(sound[begin : begin + 48_000], note, begin_sample=begin)
    assert len(came) / 48_000 == pytest.approx(2 ** (0.3 / 12), abs=0.003)
    middle = came[4_000 : 40_960 + 4_000] * np.hanning(40_960)
    power = np.square(np.abs(np.fft.rfft(middle)))
    hz = np.fft.rfftfreq(len(middle), 1.0 / SAMPLE_RATE)
    near = np.abs(hz - 220.0 * np.rint(hz / 220.0)) < 6.0
    assert power[near].sum() / power.sum() > 0.99
    np.testing.assert_array_equal(in_tune(sound, np.full(200, np.nan)), sound)


def sung() -> FloatArray:
    """Four notes, the last of them below what a trumpet has."""
    parts = [silence(0.1)]
    for note in (62.0, 65.0, 69.0):
        parts += [faded(tone(steady(note_to_hz(note), 0.35))), silence(0.1)]
    return np.concatenate([*parts, silence(0.4)])


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder with a tune and its report, and the figures."""
    pytest.importorskip("librosa")
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    folder = tmp_path_factory.mktemp("evaluated")
    (folder / "tunes").mkdir()
    write_audio(folder / "tunes" / "sung.wav", Audio(sung()[None], SAMPLE_RATE))
    write_audio(folder / "tunes" / "still.wav", Audio(np.zeros((1, SAMPLE_RATE), np.float32), SAMPLE_RATE))
    words = ["--to", "trumpet", "--figures", str(folder / "figures.json"), "--report", str(folder / "report")]
    words += ["--cells", str(folder / "cells")]
    assert run(["evaluate", "--only", "translation", str(folder / "tunes"), *words]) == 0
    return folder, json.loads((folder / "figures.json").read_text())["translation"]


def test_a_sung_tune_is_followed_and_the_trumpet_is_heard(evaluated: tuple[Path, dict[str, Any]]) -> None:
    _, found = evaluated
    assert found["phrases"] == 1
    assert found["targets"] == ["trumpet"]
    for metric in ("within_20_cents", "octave_errors", "onset_f1"):
        assert found[metric]["reached"], f"{metric}: {found[metric]}"
    assert found["within_20_cents"]["goal"] == "at least 0.95"
    assert found["within_20_cents"]["by_phrase"].keys() == {"sung"}
    assert -25.0 < found["delay_ms"]["mean"] < 25.0
    assert 0.2 < found["mixture_residual"]["mean"] < 1.0
    assert found["left_out"] == ["still.wav: no tone was heard"]


def test_cells_that_are_kept_are_not_measured_again(
    evaluated: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same figures from the folder alone; a damaged cell, and one of another phrase, are none."""
    folder, found = evaluated
    (kept,) = (folder / "cells").iterdir()
    asked: list[str] = []

    def refused(*given: object) -> Translation:
        asked.append(str(given[-1]))
        raise AudioError("measured again")

    monkeypatch.setattr("nsynth_lab.cli.translator.Translator.translate", refused)
    words = ["evaluate", "--only", "translation", str(folder / "tunes" / "sung.wav"), "--to", "trumpet"]
    words += ["--figures", str(folder / "again.json"), "--cells", str(folder / "cells")]
    assert run(words) == 0
    again = json.loads((folder / "again.json").read_text())["translation"]
    assert again == {**found, "left_out": []}
    assert not asked
    with safe_open(str(kept), framework="numpy") as file:
        made_from = json.loads(file.metadata()[KEY])["made_from"]
    cells, sung_file, whole = CellFolder(folder / "cells"), Path("sung.wav"), kept.read_bytes()
    assert cells.kept(sung_file, "trumpet", made_from) is not None
    assert cells.kept(sung_file, "trumpet", {**made_from, "model": "another"}) is None
    for broken in (whole[:200], b"x", b""):
        kept.write_bytes(broken)
        assert cells.kept(sung_file, "trumpet", made_from) is None
    kept.write_bytes(whole)


def test_the_report_lets_one_see_and_hear_it(evaluated: tuple[Path, dict[str, Any]]) -> None:
    folder, found = evaluated
    text = (folder / "report" / "index.html").read_text(encoding="utf-8")
    assert f"{found['within_20_cents']['mean']:.2f}" in text
    assert "at least 0.95: reached" in text
    assert "sung, trumpet" in text
    for name in ("sounds/tune-1-source.flac", "sounds/tune-1-translated.flac", "pictures/tune-1.png"):
        assert f'"{name}"' in text
        assert (folder / "report" / name).stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["nowhere"], 2, "no such file or folder"),
        (["empty"], 2, "no sound file"),
        (["notes"], 2, "takes recorded tunes"),
        (["empty/../tune.wav", "--to", "celo"], 2, "cello"),
    ],
)
def test_refusals(
    words: list[str],
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("notes").mkdir()
    Path("notes", "examples.json").write_text("{}")
    write_audio(Path("tune.wav"), Audio(sung()[None], SAMPLE_RATE))
    assert run(["evaluate", "--only", "translation", *words]) == code
    assert says in capsys.readouterr().err
    assert run(["evaluate", "--only", "unpitched", "tune.wav", "--cells", "cells"]) == 2
    assert "--cells keeps what is measured of notes and translations" in capsys.readouterr().err
    assert not Path("cells").exists()
