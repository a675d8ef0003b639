"""`nsynth-lab tones`: what sounds, what is told of it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsynth_lab.audio import read_audio
from nsynth_lab.cli import run
from nsynth_lab.dsp.roughness import own_roughness, roughness
from nsynth_lab.synth.tuning import EQUAL
from nsynth_lab.tones.asked import Tone, asked_tones
from nsynth_lab.tones.facts import measured_partials, pairs
from nsynth_lab.tones.ratios import nearest_ratio, together
from nsynth_lab.tune.find.key_weights import BY_MODE
from nsynth_lab.tune.scale import SCALES, parse_scale
from nsynth_lab.units import SAMPLE_RATE, FloatArray, cents_to_ratio, ratio_to_cents

JUST = "just\n12\n16/15\n9/8\n6/5\n5/4\n4/3\n45/32\n3/2\n8/5\n5/3\n9/5\n15/8\n2/1\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("just.scl").write_text(JUST)


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert run(["tones", *words, "-o", "out.wav", "--json", "--force"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def sound(*partials: tuple[float, float], seconds: float = 1.5) -> FloatArray:
    """Sines of (Hz, amplitude)."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.asarray(sum(level * np.sin(2 * np.pi * hz * at) for hz, level in partials), np.float32)


def test_a_chord_of_sines_sounds_as_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    chord = told(capsys, "C4", "E4", "G4")
    assert [tone["hz"] for tone in chord["tones"]] == pytest.approx([261.626, 329.628, 391.995], abs=1e-3)
    assert chord["numbers"] == [4, 5, 6]
    third, fifth, upper = chord["intervals"]
    assert [one["nearest"] for one in (third, fifth, upper)] == ["5:4", "3:2", "6:5"]
    assert [one["error_cents"] for one in (third, fifth, upper)] == pytest.approx([13.686, -1.955, -15.641], abs=1e-3)
    assert fifth["ratio"] == pytest.approx(2 ** (7 / 12))
    assert not any(one["meetings"] for one in chord["intervals"])
    assert chord["roughness"] == pytest.approx(sum(one["roughness"] for one in chord["intervals"]))
    audio = read_audio("out.wav")
    assert audio.seconds == pytest.approx(3.0)
    spectrum = np.abs(np.fft.rfft(audio.samples[0, : 2 * SAMPLE_RATE] * np.hanning(2 * SAMPLE_RATE))) / (
        SAMPLE_RATE / 2
    )
    peaks = [spectrum[round(2 * hz) - 2 : round(2 * hz) + 3].max() for hz in (261.626, 329.628, 391.995)]
    assert peaks == pytest.approx([0.25] * 3, rel=0.16)  # the loss between two bins of the window
    assert np.sort(spectrum)[-30:].min() < 1e-3  # and nothing else


def test_two_sines_beat_as_often_as_they_are_apart(capsys: pytest.CaptureFixture[str]) -> None:
    (pair,) = told(capsys, "440Hz", "443 hz")["intervals"]
    (meeting,) = pair["meetings"]
    assert (meeting["partials"], meeting["hz"], meeting["beats_hz"]) == ([1, 1], 441.5, pytest.approx(3.0))
    swelling = np.abs(read_audio("out.wav").samples[0]).reshape(-1, 480).max(axis=1)
    times = np.fft.rfft(swelling[20:270] - swelling[20:270].mean())  # 2.5 s
    assert abs(np.abs(times[1:20]).argmax() + 1 - 3 * 2.5) <= 0.5


def test_in_just_intonation_ratios_are_exact_and_organs_do_not_beat(capsys: pytest.CaptureFixture[str]) -> None:
    chord = told(capsys, "C4", "E4", "G4", "--tuning", "just.scl")
    assert [one["error_cents"] for one in chord["intervals"]] == pytest.approx([0.0] * 3, abs=1e-6)
    assert told(capsys, "A4", "--a4", "442")["tones"][0]["hz"] == pytest.approx(442.0)


def test_a_scale_comes_one_note_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    scale = told(capsys, "--scale", "D dorian", "--spread", "0.25")
    assert [tone["name"] for tone in scale["tones"]] == ["D4", "E4", "F4", "G4", "A4", "B4", "C5", "D5"]
    assert [tone["begins_seconds"] for tone in scale["tones"]] == [0.25 * place for place in range(8)]
    assert [one["cents"] for one in scale["intervals"]] == pytest.approx([200, 300, 500, 700, 900, 1000, 1200])
    assert scale["roughness"] is None
    audio = read_audio("out.wav")
    assert audio.seconds == pytest.approx(2.0)
    part = audio.samples[0, round(0.75 * SAMPLE_RATE) : round(1.0 * SAMPLE_RATE)]
    assert 4 * np.abs(np.fft.rfft(part, SAMPLE_RATE)).argmax() == pytest.approx(4 * 392, abs=4)


def test_the_steps_of_a_scala_file_are_played_from_middle_c(capsys: pytest.CaptureFixture[str]) -> None:
    scale = told(capsys, "--scale", "just.scl")
    assert len(scale["tones"]) == 13
    assert scale["tones"][0]["hz"] == pytest.approx(261.6256, abs=1e-3)
    assert [one["nearest"] for one in scale["intervals"]][3:7] == ["5:4", "4:3", "7:5", "3:2"]
    assert scale["tones"][4]["name"] == "E4-14c"


def test_roughness_is_plomp_and_levelt_s() -> None:
    """Most where two sines are about a quarter of a critical band apart, wherever they are."""
    one = np.ones(1)
    for low_hz in (110.0, 440.0, 1760.0):
        apart = np.arange(0.5, 400.0, 0.5)
        rough = [roughness(one * low_hz, one, one * (low_hz + more), one) for more in apart]
        band_hz = 25.0 + 75.0 * (1.0 + 1.4 * (low_hz / 1000.0) ** 2) ** 0.69  # Zwicker and Terhardt 1980
        assert max(rough) == pytest.approx(1.0, abs=1e-3)
        assert 0.15 < apart[int(np.argmax(rough))] / band_hz < 0.35
    assert roughness(one * 440, 0.1 * one, one * 466, one) == pytest.approx(
        0.1 * roughness(one * 440, one, one * 466, one)
    )
    both = np.array([440.0, 466.0])
    assert own_roughness(both, np.ones(2)) == pytest.approx(roughness(one * 440, one, one * 466, one))


def test_a_fifth_of_full_sounds_is_smoother_than_its_neighbours() -> None:
    """Sethares's law: with six partials, the dissonance curve has its valleys at 5:4, 4:3, 3:2, 5:3 and 2:1."""
    numbers, level = np.arange(1.0, 7.0), 0.88 ** np.arange(6.0)
    cents = np.arange(200.0, 1230.0)
    tone_hz = 500.0 * numbers
    curve = np.array([roughness(tone_hz, level, cents_to_ratio(float(one)) * tone_hz, level) for one in cents])
    valleys = [cents[at] for at in range(1, len(cents) - 1) if curve[at] < curve[at - 1] and curve[at] < curve[at + 1]]
    for ratio in (5 / 4, 4 / 3, 3 / 2, 5 / 3, 2.0):
        assert min(abs(valley - ratio_to_cents(ratio)) for valley in valleys) < 2.0


def test_partials_of_a_recording_are_measured() -> None:
    struck = sound((220.4, 0.3), (441.5, 0.1), (880.0, 0.02), (1102.0, 0.0005))
    found = measured_partials(Tone("A3", 220.0), struck, 1.5)
    assert found.numbers == (1, 2, 4)
    assert found.hz == pytest.approx([220.4, 441.5, 880.0], abs=0.05)
    assert 20 * np.log10(found.level) == pytest.approx([0.0, -9.54, -23.52], abs=0.5)
    asked = asked_tones(["A3", "E4"], scale="", tuning=EQUAL)
    other = measured_partials(asked.tones[1], sound((329.6, 0.2), (659.3, 0.1)), 1.5)
    third = measured_partials(asked.tones[0], sound((220.0, 0.2), (660.8, 0.2)), 1.5)
    (pair,) = pairs(asked, [third, other])
    (meeting,) = pair.meetings
    assert (meeting.first, meeting.second) == (3, 2)
    assert meeting.beats_hz == pytest.approx(1.5, abs=0.05)
    assert meeting.depth_db == pytest.approx(-6.0, abs=0.6)


def test_silence_has_the_partial_of_a_sine() -> None:
    assert measured_partials(Tone("A3", 220.0), np.zeros(9000, np.float32), 0.1).numbers == (1,)


@pytest.mark.usefixtures("beside_model")
def test_an_instrument_plays_the_tones_in_the_tuning(capsys: pytest.CaptureFixture[str]) -> None:
    Path("just.scl").write_text(JUST)
    more = ("--with", "flute,cello", "--position", "0.3", "--checkpoint", "model", "--duration", "1")
    equal, just = (told(capsys, "C4", "E4", *tuning, *more) for tuning in ((), ("--tuning", "just.scl")))
    assert read_audio("out.wav").seconds >= 1.0
    for before, after, hz in zip(equal["tones"], just["tones"], (264.0, 330.0), strict=True):
        assert after["hz"] == pytest.approx(hz)
        first, second = (tone["partials"][0] for tone in (before, after))
        assert first["number"] == second["number"] == 1
        assert second["hz"] / first["hz"] == pytest.approx(hz / before["hz"], abs=1e-3)  # with their own mistuning
        assert abs(ratio_to_cents(second["hz"] / hz)) < 30.0
        assert len(after["partials"]) > 1


def test_the_table_is_for_a_person_and_the_picture_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tones", "C4", "G4", "-o", "fifth.flac", "--plot", "fifth.svg"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("C4 - G4", "3:2", "-2.0 cents"))
    assert said.splitlines()[-2:] == ["fifth.flac", "fifth.svg"]
    drawn = Path("fifth.svg").read_text()
    assert "<!-- milliseconds -->" in drawn
    assert "<!-- C4 -->" in drawn
    assert run(["tones", "C4", "G4", "-o", "fifth.flac"]) == 2  # not without --force


def test_the_file_tells_how_it_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tones", "C4", "Eb4", "-o", "first.wav", "--duration", "0.5"]) == 0
    assert run(["recipe", "first.wav", "-o", "second.wav"]) == 0
    capsys.readouterr()
    assert np.array_equal(read_audio("first.wav").samples, read_audio("second.wav").samples)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "name the notes"),
        (["C4", "--scale", "D dorian"], "one of the two"),
        (["H4"], "or a frequency such as 443Hz"),
        (["2Hz"], "expected 8 to 14000 Hz"),
        (["--scale", "D dorain"], "did you mean dorian"),
        (["--scale", "none.scl"], "none.scl"),
        (["C4", "--position", "0.5"], "give --with too"),
        (["C4", "--keymap", "x.kbm"], "give --tuning too"),
        (["C4", "--duration", "0"], "expected 0.05 to 60 seconds"),
        (["C4", "--spread", "nan"], "expected 0 to 60 seconds"),
        (["C4"] * 25, "25 tones"),
        (["C4", "--with", "nosuchthing"], "nosuchthing"),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_line(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tones", *words, "-o", "x.wav"]) in (1, 2)
    said = capsys.readouterr().err
    assert says in said
    assert "defect" not in said
    assert not Path("x.wav").exists()


def test_a_tuning_s_silent_keys_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("white.kbm").write_text("12\n0\n127\n60\n69\n440.0\n7\n0\nx\n1\nx\n2\n3\nx\n4\nx\n5\nx\n6\n")
    Path("seven.scl").write_text("seven\n7\n9/8\n5/4\n4/3\n3/2\n5/3\n15/8\n2\n")
    assert run(["tones", "C#4", "--tuning", "seven.scl", "--keymap", "white.kbm", "-o", "x.wav"]) == 2
    assert "C#4 is silent in this tuning" in capsys.readouterr().err


def test_ratios_are_small_and_near() -> None:
    for steps, ratio in enumerate(
        ("1", "16/15", "9/8", "6/5", "5/4", "4/3", "7/5", "3/2", "8/5", "5/3", "16/9", "15/8")
    ):
        assert str(nearest_ratio(2 ** (steps / 12))) == ratio
    assert together([1.0, 1.25, 1.5, 1.75]) == (4, 5, 6, 7)


def test_modes_and_scales_have_one_table() -> None:
    """By which keys are found, notes are snapped and scales are played."""
    from nsynth_lab.translate.rules import parse_snap

    assert set(BY_MODE) <= set(SCALES)
    assert parse_snap("eb-harmonic-minor") == parse_scale("Eb harmonic minor").classes == (2, 3, 5, 6, 8, 10, 11)
    assert SCALES["lydian"] == (0, 2, 4, 6, 7, 9, 11)
    assert [str(pitch) for pitch in parse_scale("F# minor").pitches()][:3] == ["F#4", "G#4", "A4"]
