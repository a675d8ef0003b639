"""Rendering SoundFonts into data sets, with the real synthesizer and a real font."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.audio import read_audio
from nsynth_lab.dataset.fluidsynth import SoundFontPlayer, library_version
from nsynth_lab.dataset.font_file import read_font_info
from nsynth_lab.dataset.font_instruments import PresetSelection, parse_programs, select_instruments
from nsynth_lab.dataset.from_soundfont import render_soundfont
from nsynth_lab.dataset.general_midi import PROGRAMS
from nsynth_lab.dataset.notes import read_dataset
from nsynth_lab.dataset.soundfont_notes import RenderSettings, cut_tail
from nsynth_lab.dsp.offset import remove_dc
from nsynth_lab.dsp.pitch_guess import measure_note
from nsynth_lab.errors import DatasetError, MissingError, UsageError
from nsynth_lab.note import FAMILIES, SOURCES
from nsynth_lab.units import SAMPLE_RATE, FloatArray

FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")


@pytest.fixture(scope="module")
def font() -> Path:
    if not FONT.is_file():
        pytest.skip(f"no {FONT} (Debian: fluid-soundfont-gm)")
    try:
        library_version()
    except MissingError as error:
        pytest.skip(str(error))
    return FONT


@pytest.fixture(scope="module")
def player(font: Path) -> SoundFontPlayer:
    return SoundFontPlayer(font)


def play(player: SoundFontPlayer, program: int, note: int, velocity: int = 100) -> FloatArray:
    return player.play(program, note, velocity=velocity, hold_seconds=1.0, seconds=1.5)


def test_the_table_holds_the_pitched_programs() -> None:
    assert len(PROGRAMS) == 110
    assert not PROGRAMS.keys() & {55, 113, *range(115, 128)}
    for program in PROGRAMS.values():
        assert program.family in FAMILIES
        assert program.source in SOURCES
        assert 21 <= program.low < program.high <= 108
        assert program.name == program.name.lower()
    assert len({program.name for program in PROGRAMS.values()}) == 110
    assert {PROGRAMS[p].family for p in (47, 108, 112, 114)} == {"mallet"}
    assert {PROGRAMS[p].family for p in (52, 53, 54, 91)} == {"vocal"}


def test_the_notes_of_two_fonts_interleave(font: Path) -> None:
    rows, missing = select_instruments(font, PresetSelection())
    assert missing == ()
    assert [row.number for row in rows] == sorted(PROGRAMS)
    for row in rows:
        one, other = row.notes(step=4), row.notes(step=4, offset=2)
        assert not set(one) & set(other)
        assert all(row.keys[0] <= note <= row.keys[-1] for note in one + other)
    (timpani,), _ = select_instruments(font, PresetSelection("47"))
    assert timpani.notes(step=4) == [40, 44, 48, 52, 56]
    assert timpani.notes(step=100, offset=99) == [47]


@pytest.mark.parametrize("text", ["", "5-", "a", "1,,2", "0-200", "-1", "7-3", "0-99999999999", "1.5", "1:", "99999:1"])
def test_programs_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_programs(text)


@pytest.mark.parametrize("text", ["119", "55", "40,9:0"])
def test_programs_without_pitch_or_preset_are_refused(font: Path, text: str) -> None:
    with pytest.raises(UsageError):
        select_instruments(font, PresetSelection(text))


@pytest.mark.parametrize("program", [0, 12, 24, 40, 56, 65, 73, 81])
def test_instruments_sound_in_tune_and_louder_when_struck_harder(player: SoundFontPlayer, program: int) -> None:
    soft, loud = (play(player, program, 64, velocity) for velocity in (40, 120))
    assert measure_note(loud, SAMPLE_RATE)[0] == pytest.approx(64, abs=0.25)
    assert np.abs(loud).max() > 3 * np.abs(soft).max()


def test_a_note_does_not_depend_on_the_one_before(player: SoundFontPlayer) -> None:
    first = play(player, 3, 40)
    play(player, 95, 80, 127)
    player.play(0, 30, velocity=127, hold_seconds=0.3217, seconds=0.3333)
    assert np.array_equal(play(player, 3, 40), first)


def test_a_program_the_font_lacks_is_said(player: SoundFontPlayer) -> None:
    assert player.select(0)
    assert not player.select(9999)


def test_dc_goes_and_the_lowest_note_stays() -> None:
    at = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    low = np.sin(2 * np.pi * 28 * at)
    clean = remove_dc(np.asarray(low + 0.4, np.float32), sample_rate=SAMPLE_RATE)[SAMPLE_RATE:]
    assert abs(float(clean.mean())) < 1e-4
    assert 20 * np.log10(np.abs(clean).max()) == pytest.approx(0, abs=0.2)


def test_a_tail_ends_80_db_down_or_is_faded() -> None:
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    quick = np.asarray(np.exp(-at * 40), np.float32)  # -80 dB after 0.23 s
    held = SAMPLE_RATE // 10
    assert len(cut_tail(quick, held_samples=held, fade_samples=960)) == pytest.approx(0.2303 * SAMPLE_RATE, abs=2)
    assert len(cut_tail(quick, held_samples=SAMPLE_RATE // 2, fade_samples=960)) == SAMPLE_RATE // 2
    slow = cut_tail(np.asarray(np.exp(-at), np.float32), held_samples=held, fade_samples=960)
    assert len(slow) == SAMPLE_RATE
    assert slow[-1] == 0
    assert slow[-961] == pytest.approx(np.exp(-0.98), rel=1e-3)


@pytest.mark.parametrize(
    "options",
    [
        {"velocities": ()},
        {"velocities": (0,)},
        {"velocities": (128,)},
        {"hold_seconds": (5.0,)},
        {"hold_seconds": (float("nan"),)},
        {"step": 0},
        {"series": 7},
        {"ending": "mp3"},
        {"sample_rate": 10**9},
    ],
)
def test_a_rendering_that_cannot_be_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        RenderSettings(**options)  # type: ignore[arg-type]


def test_a_font_becomes_a_data_set(font: Path, tmp_path: Path) -> None:
    instruments, _ = select_instruments(font, PresetSelection("13,43,73"))
    rendering = RenderSettings(step=12, velocities=(50, 127), hold_seconds=(1.0, 0.5), series=1)
    done: list[int] = []
    result = render_soundfont(font, tmp_path / "set", instruments, rendering, jobs=1, advance=done.append)
    records = read_dataset(tmp_path / "set")
    assert result.notes == len(records)
    assert result.silent == ("string_acoustic_171-060-050", "string_acoustic_171-060-127"), (
        "this contrabass ends below C4"
    )
    assert sum(done) == len(records) + len(result.silent)
    assert {record.instrument_name for record in records} == {"xylophone", "contrabass", "flute"}
    assert {(record.velocity, record.hold_seconds) for record in records} == {(50, 1.0), (127, 0.5)}
    assert {record.licence for record in records} == {read_font_info(font).terms} == {"Licensed under the MIT License."}
    for record in records:
        audio = read_audio(record.path)
        assert audio.sample_rate == record.sample_rate == SAMPLE_RATE
        assert record.hold_seconds is not None
        assert record.hold_seconds <= audio.seconds <= 4.0
        assert measure_note(audio.mono(), SAMPLE_RATE)[0] == pytest.approx(record.pitch, abs=0.35)
    recipe = json.loads((tmp_path / "set" / "recipe.json").read_text())
    assert [one["program"] for one in recipe["instruments"]] == [13, 43, 73]
    assert {"sha256", "fluidsynth", "version"} <= recipe.keys()
    assert not list((tmp_path / "set").rglob(".*")), "nothing half-written"


RUN = "import sys; from nsynth_lab.cli.dataset import app; app(sys.argv[1:])"


def test_an_interrupted_rendering_is_carried_on_to_the_same_bytes(font: Path, tmp_path: Path) -> None:
    options = [
        "--programs",
        "0-2,73",
        "--step",
        "12",
        "--velocities",
        "100",
        "--holds",
        "2",
        "-j",
        "1",
        "--format",
        "wav",
    ]
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    command = [sys.executable, "-c", RUN, "soundfont", str(font), *options, "-o"]
    begun = subprocess.Popen([*command, str(broken)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (broken / "parts" / "000.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    begun.send_signal(signal.SIGINT)
    _, said = begun.communicate(timeout=30)
    assert begun.returncode == 130, said
    assert "Traceback" not in said
    assert not (broken / "examples.json").exists()
    assert not list(broken.rglob(".*")), "nothing half-written"
    subprocess.run([*command, str(broken), "--resume"], check=True, capture_output=True)
    subprocess.run([*command, str(whole)], check=True, capture_output=True)
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(broken) for path in broken.rglob("*") if path.is_file())
    assert all((whole / file).read_bytes() == (broken / file).read_bytes() for file in files)


def _junk(folder: Path) -> dict[str, Path]:
    body = random.Random(1).randbytes(100_000)
    head = b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"sfbk"
    contents = {
        "empty": b"",
        "text": b"hello",
        "random": body,
        "cut": head + body[:100],
        "wave": b"RIFF\x24\0\0\0WAVEfmt " + bytes(28),
        "shell": head + body,
        "list": head + b"LIST\xff\xff\xff\xffINFO" + b"INAM\xff\xff\xff\x7f" + body[20:],
    }
    for name, content in contents.items():
        (folder / f"{name}.sf2").write_bytes(content)
    return {name: folder / f"{name}.sf2" for name in contents} | {"absent": folder / "absent.sf2", "folder": folder}


@pytest.mark.parametrize("kind", ["empty", "text", "random", "cut", "wave", "shell", "list", "absent", "folder"])
def test_a_junk_font_is_one_line_and_touches_nothing(font: Path, tmp_path: Path, kind: str) -> None:
    instruments, _ = select_instruments(font, PresetSelection("0"))
    with pytest.raises(DatasetError) as caught:
        render_soundfont(_junk(tmp_path)[kind], tmp_path / "out", instruments, RenderSettings(), jobs=1)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
