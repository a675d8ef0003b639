"""`nsynth-lab compose`: tunes are as they are asked for, go on from what is given, the same for the same seed."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.capture import own_sound
from nsynth_lab.cli import run
from nsynth_lab.cli.tune_given import Hummed
from nsynth_lab.dsp import inspection
from nsynth_lab.melody.composing import Wish, compose
from nsynth_lab.melody.continuing import go_on
from nsynth_lab.melody.form_asked import parse_form
from nsynth_lab.melody.hearing import heard
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.surprise import along_form, following, surprises
from nsynth_lab.tune.abc import abc_text, tune_from_abc
from nsynth_lab.tune.files import read_tune
from nsynth_lab.tune.find.key import find_key
from nsynth_lab.tune.form import form
from nsynth_lab.tune.key import Key, parse_key
from nsynth_lab.tune.metre import parse_metre
from nsynth_lab.tune.places import bar_faults
from nsynth_lab.tune.played import played_bars, sounding
from nsynth_lab.tune.scale import SCALES
from nsynth_lab.tune.tune import Tune

START = "X:1\nT:Mine\nM:6/8\nL:1/8\nK:Edor\nB|EFE E2F|GFE d2B|AFA dAF|E3 E2|\n"
MARCH = "X:1\nM:4/4\nL:1/8\nK:D\nA2|d2f2 e2d2|c2A2 A2Bc|d2d2 c2B2|A6 A2|d2f2 e2d2|c2A2 AGFG|A2B2 c2e2|d6|]\n"
HUMMED_JIG = "X:1\nM:6/8\nL:1/8\nK:G\nD|G2B d2B|c2A F2D|G2B dBG|A3 D2D|G2B d2B|c2A F2D|GBd cAF|G3 G2|]\n"
OTHER = "X:1\nM:6/8\nL:1/8\nK:G\n|:gfg dBG|AGA Bcd|gfg dBG|AFD G3:|\n"


@pytest.fixture(scope="module")
def model() -> MelodyModel:
    return MelodyModel()


def composed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run(["compose", *arguments, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = run(["compose", *arguments])
    told = capsys.readouterr().err.strip()
    assert "Traceback" not in told
    return code, told


@pytest.mark.parametrize(
    ("metre", "key", "wanted", "upbeat"),
    [
        ("6/8", "Edor", "AABB", "1/8"),
        ("4/4", "Bb", "ABAC", ""),
        ("3/4", "F#m", "AABA'", "1/4"),
        ("9/8", "Amix", "AB", ""),
    ],
)
def test_a_tune_has_the_metre_key_and_form_that_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], metre: str, key: str, wanted: str, upbeat: str
) -> None:
    path = tmp_path / "tune.abc"
    more = ["--upbeat", upbeat] if upbeat else []
    composed(capsys, "-o", str(path), "--metre", metre, "--key", key, "--form", wanted, *more)
    tune = read_tune(path).tune
    assert tune.metre == parse_metre(metre)
    assert tune.key == parse_key(key)
    assert form(tune) == wanted or "'" in wanted
    assert bar_faults(tune) == ()
    assert len(played_bars(tune)) == 8 * len(parse_form(wanted).letters) + (
        len(parse_form(wanted).letters) if upbeat else 0
    )
    assert tune.notes > 30


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_tune(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, seed in (("a", "4"), ("b", "4"), ("c", "5")):
        composed(capsys, "-o", str(tmp_path / f"{name}.mid"), "--seed", seed)
    one, again, other = ((tmp_path / f"{name}.mid").read_bytes() for name in "abc")
    assert one == again
    assert one != other


@pytest.mark.parametrize("mode", ["phrygian", "lydian", "locrian"])
def test_modes_that_few_tunes_are_in_are_kept_to_their_scales(model: MelodyModel, mode: str) -> None:
    wish = Wish(key=parse_key(f"D {mode}"), form=parse_form("A"))
    tune = compose(model.writer, wish, seed=1)[0].tune
    assert {(note.pitch.note - 2) % 12 for note in sounding(tune)} <= set(SCALES[mode])


def test_five_tunes_are_one_book_or_five_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    composed(capsys, "-o", str(tmp_path / "book.abc"), "--count", "5", "--bars", "4")
    book = (tmp_path / "book.abc").read_text()
    assert [line for line in book.splitlines() if line.startswith("X:")] == [f"X:{at}" for at in range(1, 6)]
    assert len({read_tune(tmp_path / "book.abc", number=str(at)).tune.bars for at in range(1, 6)}) == 5
    composed(capsys, "-o", str(tmp_path / "t.mid"), "--count", "2", "--bars", "4", "--metre", "any", "--key", "any")
    assert {path.name for path in tmp_path.glob("t*.mid")} == {"t-1.mid", "t-2.mid"}


def test_a_tune_that_goes_on_begins_as_it_was_given(model: MelodyModel) -> None:
    start = tune_from_abc(START)
    found = go_on(model.writer, start, bars=16, seed=1).tunes[0].tune
    assert found.bars[:4] == start.bars[:4]
    assert found.bars[4].notes[:2] == start.bars[4].notes  # the open bar is filled
    assert found.bars[4].length == parse_metre("6/8").length  # type: ignore[union-attr]
    assert bar_faults(found) == ()
    assert len(found.bars) == len(start.bars) + 16
    assert found.title == "Mine"


def test_nothing_gets_stuck_on_one_note_when_it_goes_on_from_one(model: MelodyModel) -> None:
    start = tune_from_abc("X:1\nM:4/4\nL:1/8\nK:C\n" + "CCCC CCCC|" * 8)
    for free in (0.0, 1.0):
        found = go_on(model.writer, start, bars=16, seed=0, free=free).tunes[0].tune
        bars = [tuple(note.pitch for note in bar.notes) for bar in found.bars[8:]]
        assert len(set(bars[-8:])) > 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("X:1\nM:4/4\nL:1/8\nK:C\nC2 E2 G2\n", ""),
        ("X:1\nM:3/4\nL:1/4\nK:none\nC E G|(5c/d/e/f/g/ z|[M:4/4]c E G c'''|\n", "metre changes"),
        ("X:1\nM:4/4\nL:1/8\nK:C\nCDEF GABc|[K:G]BAGF EDCB,|\n", "key changes"),
        ("X:1\nM:4/4\nL:1/8\nK:C\nC5 C5 C5|\n", ""),
    ],
)
def test_odd_beginnings_are_heard_and_told(model: MelodyModel, text: str, said: str) -> None:
    start = tune_from_abc(text)
    found = go_on(model.writer, start, bars=4, seed=0)
    assert found.tunes[0].tune.notes > start.notes
    assert said in " ".join(found.lines)
    assert tune_from_abc(abc_text(found.tunes[0].tune)).notes == found.tunes[0].tune.notes


def test_a_key_is_found_with_bars_counted_from_behind_the_upbeat() -> None:
    tune = tune_from_abc("X:1\nM:2/4\nL:1/8\nK:none\nA|cdDA|EABE|ADcD|B3|]\n")
    notes = [(one.at, one.length, one.pitch.note) for one in sounding(tune)]
    assert find_key(notes, Fraction(1, 2)) == Key("A", 0, "minor")  # with the upbeat as a whole bar
    assert heard(tune).key == Key("G")


def test_long_beginnings_are_heard_at_their_end(model: MelodyModel) -> None:
    start = tune_from_abc("X:1\nM:4/4\nL:1/8\nK:D\n" + "\n".join(["DEFG ABcd|dcBA GFED|"] * 312))
    assert start.notes == 4992
    assert go_on(model.writer, start, bars=4, seed=0).tunes[0].tune.notes > start.notes


def test_between_two_tunes_the_ends_are_these_themselves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.abc").write_text(START.replace("E2|\n", "E3|]\n"))
    (tmp_path / "b.abc").write_text(OTHER)
    a, b = tmp_path / "a.abc", tmp_path / "b.abc"
    bars = []
    for position in ("0", "0.3", "0.7", "1"):
        composed(capsys, "--between", str(a), str(b), "--position", position, "-o", str(tmp_path / "x.abc"), "--force")
        bars.append(read_tune(tmp_path / "x.abc").tune.bars)
        assert bar_faults(read_tune(tmp_path / "x.abc").tune) == ()
    assert bars[0] == read_tune(a).tune.bars
    assert bars[3] == read_tune(b).tune.bars
    assert bars[1] not in (bars[0], bars[2])


def test_chords_stand_over_a_tune_and_belong_to_its_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    composed(capsys, "-o", str(tmp_path / "c.musicxml"), "--key", "G", "--chords")
    tune = read_tune(tmp_path / "c.musicxml").tune
    names = [chord.name for bar in tune.bars for chord in bar.chords]
    assert len(names) >= 8
    assert sum(name.rstrip("7") in ("G", "C", "D", "Em", "Am", "Bm") for name in names) > 0.8 * len(names)


def test_the_blend_goes_by_sections_time_or_surprise(model: MelodyModel) -> None:
    tune = compose(model.writer, Wish(key=Key("G")), seed=2)[0].tune
    moments = along_form(tune, "A:0,B:0.7")
    assert [(float(one.at), one.position) for one in moments] == [(0.0, 0.0), (16.0, 0.7)]
    middle = [one.position for one in along_form(tune, "0:0,0.5:1,1:0") if one.at == 16]
    assert middle == [pytest.approx(1.0, abs=0.02)]
    tension = following(model.writer, tune, "tension")
    assert [one.at for one in tension] == [note.at for note in sounding(tune)]
    assert min(one.position for one in tension) == 0
    assert max(one.position for one in tension) == 1
    bits = np.array(surprises(model.writer, tune))
    assert np.corrcoef(bits, [one.position for one in tension])[0, 1] > 0.7


def test_surprise_is_where_a_tune_does_what_it_has_not_done() -> None:
    model = MelodyModel()
    plain = "X:1\nM:4/4\nL:1/8\nK:D\n" + "d2fd Adfd|efgf edcd|" * 3
    strange = tune_from_abc(plain + "d2fd Adfd|efgf e_e=c'd|")
    bits = surprises(model.writer, strange)
    assert max(bits[-3:]) > 5 + np.median(bits)


def test_it_sounds_when_instruments_are_named(beside_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from nsynth_lab.audio import read_audio
    from nsynth_lab.melody.checkpoint import FILE
    from nsynth_lab.resources import default_checkpoint

    (beside_model / "model" / FILE).write_bytes((default_checkpoint() / FILE).read_bytes())
    from nsynth_lab.model.banks import known_names

    names = sorted(known_names(Path("model")))[:2]
    composed(
        capsys, *names, "--checkpoint", "model", "--along", "A:0,B:1", "--bars", "1", "--form", "AB", "-o", "t.wav"
    )
    sound = read_audio(Path("t.wav"))
    assert sound.samples.shape[1] > 3.9 * sound.sample_rate  # two bars of 4/4 at 120 beats
    assert np.abs(sound.samples).max() > 0.01


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--metre", "7/8", "-o", "x.abc"], "7/8"),
        (["--metre", "x", "-o", "x.abc"], "expected one such as"),
        (["--key", "H", "-o", "x.abc"], "'H'"),
        (["--form", "aabb", "-o", "x.abc"], "letters of sections"),
        (["--form", "A'B", "-o", "x.abc"], "must come before"),
        (["--bars", "0", "-o", "x.abc"], "expected 1 to"),
        (["--free", "3", "-o", "x.abc"], "expected 0"),
        (["--upbeat", "5/4", "-o", "x.abc"], "less than a bar"),
        (["--style", "pop", "-o", "x.abc"], "unknown"),
        (["-o", "x.xyz"], "unknown ending"),
        (["-o", "x.wav"], "name what plays it"),
        (["flute", "-o", "x.abc"], "is silent"),
        (["flute", "--along", "A:0", "-o", "x.wav"], "two instruments"),
        (["--begin", "no.abc", "-o", "x.abc"], "no such file"),
        (["--begin", "empty.abc", "-o", "x.abc"], "empty"),
        (["--begin", "rests.abc", "-o", "x.abc"], "no notes"),
        (["--begin", "a.abc", "--between", "a.abc", "b.abc", "-o", "x.abc"], "choose one"),
        (["--begin", "a.abc", "--form", "AB", "-o", "x.abc"], "does not go with"),
        (["--between", "a.abc", "b.abc", "--position", "2", "-o", "x.abc"], "--position 2"),
        (["--between", "a.abc", "waltz.abc", "-o", "x.abc"], "metres 6/8 and 9/8: there is no tune between them"),
        (["--position", "0.5", "-o", "x.abc"], "two tunes"),
        (["--checkpoint", "nowhere", "-o", "x.abc"], "no such file"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.abc").write_text("")
    Path("rests.abc").write_text("X:1\nM:4/4\nL:1/8\nK:C\nz8|\n")
    Path("a.abc").write_text(START)
    Path("b.abc").write_text(OTHER)
    Path("waltz.abc").write_text("X:1\nM:9/8\nL:1/8\nK:C\nCEG cGE CDE|\n")
    code, line = refused(capsys, *arguments)
    assert code in (1, 2)
    assert told in line
    assert not list(Path().glob("x.*"))


def test_composing_does_not_import_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from nsynth_lab.cli import run; "
        f"code = run(['compose', '-o', {str(tmp_path / 'x.abc')!r}, '--bars', '2', '--chords']); "
        "assert code == 0 and 'torch' not in sys.modules and 'numba' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_damaged_model_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "melody.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    code, line = refused(capsys, "-o", str(tmp_path / "x.abc"), "--checkpoint", str(tmp_path))
    assert code == 1
    assert "melody.safetensors: damaged" in line


def test_what_is_drawn_is_drawn_as_it_occurs(model: MelodyModel) -> None:
    chance = np.random.default_rng(1)
    kinds = [model.usual(chance) for _ in range(400)]
    assert len({kind.mode for kind in kinds}) >= 4
    assert {kind.metre for kind in kinds} >= {"4/4", "6/8", "2/4", "3/4"}
    assert all(model.usual(chance, metre="9/8").metre == "9/8" for _ in range(5))


def test_tunes_are_values(model: MelodyModel) -> None:
    tune = compose(model.writer, Wish(bars=2), seed=0)[0].tune
    assert isinstance(tune, Tune)
    assert tune == compose(model.writer, Wish(bars=2), seed=0)[0].tune


def test_a_section_with_a_dash_begins_like_the_other_and_ends_otherwise(model: MelodyModel) -> None:
    varied = 0
    for seed in range(4):
        tune = compose(model.writer, Wish(key=Key("G", 0, "minor"), form=parse_form("AA'")), seed=seed)[0].tune
        first, second = ([bar.notes for bar in tune.bars[at : at + 8]] for at in (0, 8))
        assert first[:6] == second[:6]
        varied += first != second
    assert varied >= 3


def test_a_tune_in_free_time_goes_on_in_the_metre_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "free.abc").write_text("X:1\nM:none\nL:1/4\nK:none\nC E G c3 B A|G E D2 C\n")
    begin = ["--begin", str(tmp_path / "free.abc"), "-o", str(tmp_path / "x.abc"), "--bars", "4"]
    code, told = refused(capsys, *begin)
    assert code == 1
    assert "--metre" in told
    composed(capsys, *begin, "--metre", "4/4", "--key", "C")
    tune = read_tune(tmp_path / "x.abc").tune
    assert bar_faults(tune) == ()
    assert [note.pitch.note for note in sounding(tune)][:10] == [60, 64, 67, 72, 71, 69, 67, 64, 62, 60]


@pytest.mark.parametrize("bpm", [100, 144])
@pytest.mark.parametrize("text", [MARCH, HUMMED_JIG], ids=["march", "jig"])
def test_what_is_hummed_is_written_on_the_beat_that_is_heard_in_it(text: str, bpm: int) -> None:
    """A MIDI file's 120 quarters a minute are nobody's who hums."""
    tune = tune_from_abc(text)
    chance, seconds, notes = np.random.default_rng(1), 240 / bpm, []
    for note in sounding(tune):
        begin = 1.0 + float(note.at) * seconds + chance.normal(0.0, 0.015)
        end = begin + 0.8 * float(note.length) * seconds
        notes.append(HeardNote(round(begin * 48_000), round(end * 48_000), note.pitch.note, -20.0))
    found = Hummed(Path("hum.wav"), notes, 0.0).tune()
    assert [(one.at, one.pitch.note) for one in sounding(found)] == [(one.at, one.pitch.note) for one in sounding(tune)]
    assert found.tempo is not None
    assert abs(found.tempo.quarters_bpm / bpm - 1) < 0.02


def test_what_is_hummed_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from made_tunes import faded, silence, steady, tone

    from nsynth_lab.audio import Audio, write_audio
    from nsynth_lab.units import note_to_hz

    pitches = (62, 66, 69, 74, 69, 66, 62, 62)
    sung = [faded(tone(steady(note_to_hz(note + 0.3), 0.42))) for note in pitches]  # nobody hums to a tuning fork
    sound = np.concatenate([part for one in sung for part in (one, silence(0.08))])
    write_audio(tmp_path / "hum.wav", Audio(sound[None], 48_000))
    composed(capsys, "--begin", str(tmp_path / "hum.wav"), "--bars", "4", "-o", str(tmp_path / "x.abc"))
    tune = read_tune(tmp_path / "x.abc").tune
    assert [note.pitch.note for note in sounding(tune)][:7] == [62, 66, 69, 74, 69, 66, 62]
    assert tune.notes > 12


def test_a_recording_goes_on_in_its_own_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from made_tunes import faded, silence, steady, tone
    from playing import spectrum_peak_hz

    from nsynth_lab.audio import Audio, read_audio, write_audio
    from nsynth_lab.units import note_to_hz

    monkeypatch.setattr(own_sound, "ROUNDS", 2)
    pitches = (62, 69, 62, 69, 62, 62, 69, 62)
    sung = [faded(tone(steady(note_to_hz(note + 0.3), 0.42))) for note in pitches]
    sound = np.concatenate([part for one in sung for part in (one, silence(0.08))])
    write_audio(tmp_path / "hum.wav", Audio(sound[None], 48_000))
    begin = ["--begin", str(tmp_path / "hum.wav"), "--metre", "4/4", "--key", "D", "--bars", "1", "--free", "0"]
    composed(capsys, *begin, "-o", str(tmp_path / "on.abc"))
    written = read_tune(tmp_path / "on.abc").tune
    assert written.tempo is not None
    assert written.tempo.quarters_bpm == pytest.approx(120, rel=0.02)  # as it was hummed
    monkeypatch.setattr(inspection, "warnings_of", lambda *_, **__: ("note and sound disagree: given D4",))
    assert run(["compose", *begin, "--own-sound", "-o", str(tmp_path / "on.wav")]) == 0
    assert "disagree" not in capsys.readouterr().err, "nobody gave a note"
    assert run(["recipe", str(tmp_path / "on.wav")]) == 0
    assert "nsynth-lab compose" in (line := capsys.readouterr().out)
    assert "--own-sound" in line
    heard = read_audio(tmp_path / "on.wav").samples
    begins = 4 * 48_000  # two bars of 4/4
    assert np.abs(heard[0, : begins - 48_000] - sound[: begins - 48_000]).max() < 1e-4
    more = [note for note in sounding(written) if note.at >= 2]
    assert more
    longest = max(more, key=lambda note: note.length)
    at, end = (int(time * 2 * 48_000) for time in (longest.at, longest.at + longest.length))
    found = spectrum_peak_hz(heard[0, at + 4_000 : end])
    harmonic = found / note_to_hz(longest.pitch.note + 0.3)
    assert 1200 * abs(np.log2(harmonic / max(1, round(harmonic)))) < 25  # cents, in the tuning of whoever hums
    level = np.sqrt(np.mean(heard[0, at:end] ** 2)) / np.sqrt(np.mean(sung[0] ** 2))
    assert 0.4 < level < 2.5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--own-sound", "-o", "x.wav"], "from a recording"),
        (["--begin", "a.abc", "--own-sound", "-o", "x.wav"], "from a recording"),
        (["flute", "--begin", "hum.wav", "--own-sound", "-o", "x.wav"], "leave out flute"),
        (["--begin", "hum.wav", "--own-sound", "-o", "x.abc"], "is silent"),
    ],
)
def test_own_sound_needs_a_recording_and_a_sound_file(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    code, line = refused(capsys, *arguments)
    assert (code, told in line) == (2, True), line
