"""SFZ instruments: which keys are notes, which are keyswitches, and what is missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from made_font import tone

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.capture import CapturePlan, KeyVelocity
from nsynth_lab.capture.sfz import SfzSource
from nsynth_lab.capture.sfz_map import SfzMap, read_map
from nsynth_lab.capture.sfz_text import read_regions
from nsynth_lab.cli import run
from nsynth_lab.dsp.pitch_guess import measure_note
from nsynth_lab.errors import AudioError, UsageError
from nsynth_lab.units import SAMPLE_RATE

needs_sfizz = pytest.mark.skipif(importlib.util.find_spec("pysfizz") is None, reason="pysfizz is not installed")
SWITCHED = """
<global> sw_lokey=24 sw_hikey=29 {default}
<group> sw_last=24 sw_label=Sustain
<region> sample=low.wav lokey={low} hikey=72 pitch_keycenter=60
<group> sw_last=25
<region> sample=high.wav lokey={low} hikey=72 pitch_keycenter=60
"""


@pytest.fixture(autouse=True)
def _samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_audio(Path("low.wav"), Audio(tone(60)[None]))
    write_audio(Path("high.wav"), Audio(tone(67)[None]))


def made(text: str, *, keyswitch: int | None = None) -> SfzMap:
    Path("i.sfz").write_text(text)
    return read_map(Path("i.sfz"), keyswitch=keyswitch)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("<region> sample=low.wav key=60", [60]),
        ("<region> sample=low.wav lokey=c4 hikey=D4", [60, 61, 62]),
        ("<control> note_offset=-12\n<region> sample=low.wav key=60", [48]),
        ("<global> lokey=60 <group> hikey=61 <region> sample=low.wav <region> key=70 sample=high.wav", [60, 61, 70]),
        ("<group> key=60 <region> sample=low.wav\n<group>\n<region> sample=low.wav lokey=70 hikey=70", [60, 70]),
        ("/* <region> sample=low.wav key=1 */ <region> sample=low.wav key=60 // key=2", [60]),
        ("#define $S low\n#define $SH high\n<region> sample=$S.wav key=60 <region> sample=$SH.wav key=62", [60, 62]),
        ('#include "more.txt"', [64]),
        ("<control> default_path=sub/\n<region> sample=in it.wav key=60", [60]),
        ("<region> sample=sub\\IN IT.WAV key=60", [60]),
        ("<region> sample=*sine key=60", [60]),
        ("<region> sample=low.wav key=60 trigger=release <region> sample=low.wav key=62", [62]),
        ("<region> sample=low.wav key=60 locc1=64 <region> sample=low.wav key=62 locc7=64", [62]),
        ("<control> set_cc1=100\n<region> sample=low.wav key=60 locc1=64", [60]),
        ("<region> sample=low.wav lokey=-1 hikey=-1 on_locc64=127 <region> sample=low.wav key=62 end=-1 "
         "<region> sample=low.wav key=64 sw_previous=60 <region> sample=low.wav key=65", [65]),
    ],
)  # fmt: skip
def test_the_keys_that_sound_by_themselves(text: str, keys: list[int]) -> None:
    Path("sub").mkdir()
    Path("sub/in it.wav").write_bytes(Path("low.wav").read_bytes())
    Path("more.txt").write_text("<region> sample=low.wav key=64")
    assert list(made(text).keys) == keys


@pytest.mark.parametrize("low", [48, 0])
def test_keyswitches_are_no_notes_and_are_told(low: int) -> None:
    found = made(SWITCHED.format(default="sw_default=25", low=low))
    assert found.switches == tuple(range(24, 30))
    assert (found.switch, found.is_default) == (25, True)
    assert set(found.keys) == set(range(low, 73)) - set(range(24, 30))
    assert made(SWITCHED.format(default="", low=low)).remarks() == [
        "C1 to F1: keyswitches; the articulation is that of C1 ('Sustain'), choose another with --keyswitch"
    ]
    with pytest.raises(UsageError, match="it has no keyswitch D1; it has C1 to C#1"):
        made(SWITCHED.format(default="", low=low), keyswitch=26)


def test_a_range_of_keyswitches_that_leaves_no_note_is_not_meant() -> None:
    text = SWITCHED.format(default="", low=20).replace("sw_lokey=24 sw_hikey=29", "sw_lokey=0 sw_hikey=127")
    assert set(made(text).keys) == set(range(20, 73)) - {24, 25}


@needs_sfizz
@pytest.mark.parametrize(
    ("default", "keyswitch", "sounds"),
    [("", None, 60), ("", 25, 67), ("sw_default=25", None, 67), ("sw_default=25", 24, 60)],
)
def test_the_articulation_that_is_told_is_the_one_that_sounds(default: str, keyswitch: int | None, sounds: int) -> None:
    Path("i.sfz").write_text(SWITCHED.format(default=default, low=48))
    source = SfzSource(Path("i.sfz"), keyswitch=keyswitch)
    assert (source.info.lowest, source.info.highest) == (48, 72)
    for note in (60, 64):
        sound = source.play(KeyVelocity(note, 100), hold_seconds=0.3, seconds=0.5)
        assert measure_note(sound.mean(axis=0), SAMPLE_RATE)[0] == pytest.approx(sounds + note - 60, abs=0.1)


@needs_sfizz
def test_missing_samples_are_told_and_the_rest_is_captured() -> None:
    Path("i.sfz").write_text(
        "<region> sample=gone/a.wav lokey=36 hikey=47\n<region> sample=low.wav lokey=48 hikey=59 pitch_keycenter=60\n"
        "<region> sample=b.wav lokey=60 hikey=71 hivel=64\n"
        "<region> sample=low.wav lokey=60 hikey=71 lovel=65 pitch_keycenter=60\n"
    )
    source = SfzSource(Path("i.sfz"))
    assert source.info.remarks == (
        "2 of 3 samples are missing, such as gone/a.wav; left out: C2 to B2; without some velocities: C4 to B4",
    )
    assert CapturePlan("x", velocities=(50,)).keys(source.info) == [
        KeyVelocity(48, 50),
        KeyVelocity(54, 50),
        KeyVelocity(60, 50),
        KeyVelocity(66, 50),
    ]
    with pytest.raises(AudioError, match="the sample is missing at velocity 50"):
        source.play(KeyVelocity(60, 50), hold_seconds=0.1, seconds=0.2)
    assert abs(source.play(KeyVelocity(60, 80), hold_seconds=0.1, seconds=0.2)).max() > 0.01
    assert CapturePlan("x", lowest=50, highest=60).outside_range(source.info) == ""
    assert (
        CapturePlan("x", lowest=40).outside_range(source.info)
        == "its keys are C3 to B4; nothing is captured beyond them"
    )
    with pytest.raises(UsageError, match="none of its keys sounds at C2; those that do: C3 to B4"):
        CapturePlan("x", lowest=36, highest=36).keys(source.info)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<region> sample=a.wav key=60\n<region> sample=b.wav key=62", "all its 2 samples are missing, such as a.wav"),
        ("", "it has no <region>"),
        ("\0\1junk", "it has no <region>"),
        ("<region> " * 100, "none of its keys plays a sound|sfizz cannot load it"),
        ("<region> sample=low.wav key=60 trigger=release", "none of its keys plays a sound"),
        ('#include "i.sfz"\n<region> sample=low.wav key=60', "endlessly"),
        (f"<region> sample={'x' * 5000}.wav key=60", "samples are missing"),
        ("<region> sample=low.wav key=60\n" * 100_001, "more than 100,000 regions"),
    ],
    ids=range(8),
)  # fmt: skip
@needs_sfizz
def test_what_cannot_be_captured_is_one_line(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("i.sfz").write_text(text)
    for _ in range(2):  # nothing is left behind that would speak of an interruption
        assert run(["capture", "i.sfz", "--name", "x", "--family", "organ"]) == 2
        error = capsys.readouterr().err.strip()
        assert "\n" not in error
        assert any(word in error for word in said.split("|")), error


def test_macros_that_grow_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsynth_lab.capture.sfz_text.MAX_BYTES", 2**20)
    Path("i.sfz").write_text(f"#define $A {'x' * 100_000}\n" + "<region> sample=$A$A$A$A\n" * 200)
    with pytest.raises(UsageError, match="larger than the 1 MiB"):
        read_regions(Path("i.sfz"))
