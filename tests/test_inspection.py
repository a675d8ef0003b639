"""What is heard of a recording: its offset, its channels, how many notes; and that every command says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_model import tiny_checkpoint

from nsynth_lab.audio import Audio
from nsynth_lab.cli import run
from nsynth_lab.dsp.inspection import doubts_of, inspect_recording
from nsynth_lab.dsp.offset import one_channel, without_offset
from nsynth_lab.dsp.recording import trim
from nsynth_lab.latents import read_latents
from nsynth_lab.model.codec import cut
from nsynth_lab.units import FloatArray, note_to_hz

RATE = 22_050
SOUND = slice(RATE // 2, RATE // 2 + RATE)


def tone(note: float, *, seconds: float = 1.0, level: float = 0.5, fall_db: float = 20.0) -> FloatArray:
    at = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * k * note_to_hz(note) * at) / k**1.5 for k in range(1, 6))
    ends = np.minimum(1.0, np.minimum(at / 0.005, (seconds - at) / 0.02))
    return np.asarray(level / 1.9 * ends * wave * 10 ** (-fall_db / 20 * at), np.float32)


def silence(seconds: float) -> FloatArray:
    return np.zeros(round(seconds * RATE), np.float32)


def between_silences(sound: FloatArray) -> FloatArray:
    return np.concatenate([silence(0.5), sound, silence(0.5)])


def in_a_row(notes: list[float], *, seconds: float, gap: float) -> FloatArray:
    return np.concatenate([part for note in notes for part in (tone(note, seconds=seconds), silence(gap))])


def heard_doubts(samples: FloatArray) -> list[str]:
    heard = inspect_recording(Audio(np.atleast_2d(samples), RATE), max_seconds=30)
    return [doubt.partition(":")[0] for doubt in doubts_of(heard)]


CLEAN = between_silences(tone(60))
AT = np.arange(len(CLEAN)) / RATE
OFFSETS = {
    "0.1 %": CLEAN + 0.001,
    "0.5 %": CLEAN + 0.005,
    "10 %": CLEAN + 0.1,
    "below": CLEAN - 0.3,
    "eight bits": np.round((CLEAN + 0.5 / 128) * 128) / 128,
    "without silence": np.concatenate([tone(60), tone(60)]) + 0.05,
    "wandering": CLEAN + 0.05 * np.sin(2 * np.pi * 0.7 * AT),
}


@pytest.mark.parametrize("kind", [kind for kind in OFFSETS if kind != "without silence"])
def test_a_recording_with_a_dc_offset_is_trimmed_like_a_clean_one(kind: str) -> None:
    mono, _ = one_channel(np.asarray(OFFSETS[kind], np.float32)[None], RATE)
    clean, came = (trim(samples, RATE, max_seconds=8.0) for samples in (CLEAN, mono))
    assert came.start_seconds == pytest.approx(clean.start_seconds, abs=0.03 if kind == "wandering" else 0.011)
    if kind != "eight bits":  # whose rounding is heard longer than the note
        assert came.end_seconds == pytest.approx(clean.end_seconds, abs=0.02)
    assert came.background_db < -40
    parts = [cut(Audio(np.asarray(samples, np.float32)[None], RATE)) for samples in (CLEAN, mono)]
    assert len(parts[0].mono) == len(parts[1].mono)


def test_only_the_dc_offset_is_removed() -> None:
    """-100 dB is left where there is silence to tell it, -60 where there is none; a clean recording is not touched."""
    for kind in ("0.1 %", "0.5 %", "10 %", "below"):
        still = without_offset(np.asarray(OFFSETS[kind], np.float32)[None], RATE)[0]
        assert np.abs(still - CLEAN).max() < 1e-5, kind
    still = without_offset(np.asarray(OFFSETS["without silence"], np.float32)[None], RATE)[0]
    assert abs(float((still - np.concatenate([tone(60), tone(60)])).mean())) < 1e-3
    both = np.stack([CLEAN + 0.1, CLEAN - 0.02]).astype(np.float32)
    assert np.abs(without_offset(both, RATE) - CLEAN).max() < 1e-5
    for clean in (CLEAN[None], tone(28)[None], np.random.default_rng(0).standard_normal((1, RATE)).astype(np.float32)):
        assert without_offset(clean, RATE) is clean


def test_channels_that_cancel_are_recognized() -> None:
    sound = tone(60)
    for other in (-sound, np.asarray(-0.9 * sound, np.float32)):
        mono, told = one_channel(np.stack([sound, other]), RATE)
        assert np.array_equal(mono, sound)
        assert told == ("its channels cancel each other: the polarity of one of them is reversed",)
    for other in (sound, silence(1.0), tone(67)):
        mono, told = one_channel(np.stack([sound, other]), RATE)
        assert mono == pytest.approx((sound + other) / 2, abs=1e-6)
        assert told == ()


@pytest.mark.parametrize("gap", [0.0, 0.2])
@pytest.mark.parametrize("seconds", [0.4, 0.8])
def test_notes_that_follow_each_other_are_counted(seconds: float, gap: float) -> None:
    samples = in_a_row([60, 64, 67, 71], seconds=seconds, gap=gap)
    heard = inspect_recording(Audio(samples[None], RATE), max_seconds=30)
    assert heard.notes == (60, 64, 67, 71)
    assert heard_doubts(samples) == ["several notes"]


def test_one_note_is_one_note() -> None:
    """Struck once, with vibrato, swelling, in an octave with itself; four times the same is four sounds."""
    at = np.arange(2 * RATE) / RATE
    vibrato = 0.5 * np.sin(2 * np.pi * np.cumsum(440 * 2 ** (0.4 * np.sin(2 * np.pi * 5.5 * at) / 12)) / RATE)
    swell = tone(60, seconds=2.0, fall_db=-20, level=0.05)
    for sound in (tone(60), tone(28, seconds=3.0), vibrato, swell, tone(48) + tone(60)):
        assert heard_doubts(np.asarray(sound, np.float32)) == []
    assert heard_doubts(in_a_row([60, 60, 60, 60], seconds=0.5, gap=0.3)) == ["several sounds"]


WARNED = {
    "four notes": (in_a_row([60, 64, 67, 71], seconds=0.5, gap=0.1), "60", "several notes: C4, E4, G4, B4"),
    "another note": (tone(60), "A4", "note and sound disagree: given A4 (69), sounds like C4 (60.0)"),
    "another octave": (tone(60), "C3", "octave: given C3, sounds 1 octave higher"),
    "clipped": (np.clip(6 * tone(60), -1, 1), "60", "clipped: its tops are cut off at full scale"),
    "long": (np.concatenate([tone(60), silence(30)]), "60", "of which the first 30 s are used"),
    "an offset": (between_silences(tone(60)) + 0.1, "60", "constant offset: 10.0 % of full scale, taken off"),
    "two sides": (np.stack([tone(60), -tone(60)]), "60", "its channels cancel each other"),
    "noise": (0.1 * np.random.default_rng(0).standard_normal(RATE), "60", "no clear pitch: given C4"),
}


@pytest.mark.parametrize("kind", WARNED)
def test_encode_warns_where_a_data_set_would_leave_out(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when the encoding is looked up."""
    samples, note, says = WARNED[kind]
    monkeypatch.chdir(tmp_path)
    tiny_checkpoint(tmp_path)
    soundfile.write("mine.wav", np.atleast_2d(samples).T, RATE, subtype="FLOAT")
    for _ in range(2):
        command = [
            "encode",
            "mine.wav",
            "--source-note",
            note,
            "-o",
            "mine.latents",
            "--checkpoint",
            ".",
            "--rounds",
            "0",
        ]
        assert run([*command, "--force"]) == 0
        told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: mine.wav: ")]
        assert len(told) == 1, told
        assert says in told[0]


def test_blend_warns_too_but_not_about_a_good_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    tiny_checkpoint(tmp_path)
    soundfile.write("four.wav", WARNED["four notes"][0], RATE)
    soundfile.write("good.wav", tone(60), RATE)
    for file, warnings in (("four.wav", 1), ("good.wav", 0)):
        words = ["blend", file, "flute", "-o", "out.wav", "--duration", "0.3", "--checkpoint", ".", "--force"]
        assert run(words) == 0
        assert capsys.readouterr().err.count("warning: ") == warnings


def test_silence_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    tiny_checkpoint(tmp_path)
    for offset in (0.0, 0.3):
        soundfile.write("mine.wav", silence(1.0) + offset, RATE)
        assert run(["encode", "mine.wav", "--source-note", "60", "-o", "mine.latents", "--checkpoint", "."]) == 1
        assert "silent throughout" in capsys.readouterr().err
        assert not Path("mine.latents").exists()


def test_an_offset_does_not_lengthen_what_is_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tiny_checkpoint(tmp_path)
    frames = []
    quiet = 0.05 * CLEAN  # so that digital silence is less than 80 dB below
    for name, samples in (("clean", CLEAN), ("offset", CLEAN + 0.1), ("quiet", quiet + 0.1)):
        soundfile.write(f"{name}.wav", samples, RATE)
        words = ["encode", f"{name}.wav", "-o", f"{name}.latents", "--checkpoint", ".", "--rounds", "0"]
        assert run(words) == 0
        frames.append(read_latents(Path(f"{name}.latents")).frames)
    assert frames == [frames[0]] * 3
    assert frames[0] == pytest.approx(94, abs=3)
