"""Presets played: how a patch moves over a note, and the commands that list, check, make and hear presets.

With a tiny model where the sound does not matter, with the one that comes with the repository where it does.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_model import tiny_checkpoint

from nsynth_lab.blend.modulation import Moments, lfo_wave
from nsynth_lab.cli import run
from nsynth_lab.model.bank import BANK
from nsynth_lab.note import Note
from nsynth_lab.patch import Blend, Envelope, Lfo, Macro, Move, Patch, Slot, Tuning, Voice, read_preset, write_preset
from nsynth_lab.patch.library import FACTORY
from nsynth_lab.patch.schema import schema_page
from nsynth_lab.render import DEFAULT_CHECKPOINT, Session
from nsynth_lab.render.levelling import TARGET_LUFS, measure_level, phrase_for
from nsynth_lab.render.patch_note import NoteVoice, patch_note
from nsynth_lab.render.preset import PhraseNote, patch_sources, play_patch
from nsynth_lab.units import FRAME_RATE_HZ

PATCH = Patch("made", Blend(("flute", "cello")), envelope=Envelope(release_seconds=0.1))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def session(model: Path) -> Session:
    return Session(model)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("shape", ["sine", "triangle", "saw", "square", "random"])
def test_oscillations_stay_within_one_and_come_again(shape: str) -> None:
    moments = Moments.steady(np.arange(1000) / 100)
    wave = lfo_wave(Lfo(rate_hz=0.5, shape=shape, phase=0.25), moments, seed=3)
    assert np.abs(wave).max() <= 1.0
    assert np.ptp(wave) > 0.8
    assert np.array_equal(wave, lfo_wave(Lfo(rate_hz=0.5, shape=shape, phase=0.25), moments, seed=3))
    if shape != "random":
        assert wave[:800] == pytest.approx(wave[200:], abs=1e-6)


def voice_of(session: Session, patch: Patch, note: Note, *, hold_seconds: float) -> NoteVoice:
    return patch_note(patch_sources(session, patch), patch, note, hold_seconds=hold_seconds).voices[0]


def test_without_a_release_of_its_own_a_note_ends_as_its_instruments_do(session: Session) -> None:
    alone = replace(PATCH, envelope=Envelope(), blend=Blend(("flute", "cello"), position=(0.0,)))
    latents = voice_of(session, alone, Note(69), hold_seconds=1.0).latents
    assert latents.release_frame == pytest.approx(FRAME_RATE_HZ, abs=2)
    assert latents.frames - latents.release_frame == pytest.approx(25, abs=3), "as the flute's was made"
    assert latents.loudness_db[-1] < latents.loudness_db.max() - 50


def test_tuning_and_movements_stand_in_the_streams(session: Session) -> None:
    plain = voice_of(session, PATCH, Note(69), hold_seconds=0.5).latents
    tuned = replace(PATCH, tuning=Tuning(a4_hz=432.0, transpose=-12))
    moved = voice_of(session, tuned, Note(69), hold_seconds=0.5).latents
    assert moved.note == 57
    assert moved.f0_cents - plain.f0_cents == pytest.approx(-31.77, abs=0.01)
    wide = replace(PATCH, blend=replace(PATCH.blend, lfos=(Lfo("pitch_cents", 4.0, 50.0), Lfo("level_db", 4.0, 6.0))))
    swung = voice_of(session, wide, Note(69), hold_seconds=0.5)
    assert np.abs(swung.latents.f0_cents - plain.f0_cents).max() == pytest.approx(50.0, abs=1.0)
    assert np.abs(swung.latents.loudness_db - plain.loudness_db).max() == pytest.approx(6.0, abs=0.2)
    assert swung.plain.loudness_db == pytest.approx(plain.loudness_db, abs=1e-4)


def test_the_same_phrase_gives_the_same_samples(session: Session) -> None:
    patch = replace(PATCH, effects=(Slot("chorus"), Slot("reverb")), voice=Voice(unison=3))
    phrase = phrase_for(patch, session.bank)[:2]
    first, second = (play_patch(session, patch, phrase).audio.samples for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1]), "a unison stands wide"


def test_a_macro_is_heard(session: Session) -> None:
    macro = Macro("Loud", 0.0, (Move("level_db", -30.0, 0.0),))
    quiet = play_patch(session, replace(PATCH, macros=(macro,)), [PhraseNote(Note(69), 0.0, 0.3)])
    loud = play_patch(session, replace(PATCH, macros=(replace(macro, value=1.0),)), [PhraseNote(Note(69), 0.0, 0.3)])
    assert loud.audio.peak == pytest.approx(quiet.audio.peak * 10**1.5, rel=0.01)


def test_new_check_and_fix_make_a_preset_of_the_right_level(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--checkpoint", str(model)]
    assert run(["preset", "new", "My Pad", "flute", "cello", "-o", "pad.toml", *where]) == 0
    assert run(["preset", "new", "My Pad", "flute", "cello", "-o", "pad.toml", *where]) == 2
    assert run(["preset", "check", "pad.toml", *where]) == 0
    assert run(["preset", "check", "pad.toml", "--level", "--fix", *where]) == 0
    assert measure_level(Session(model), read_preset("pad.toml")).lufs == pytest.approx(TARGET_LUFS, abs=0.1)
    assert run(["preset", "check", "pad.toml", "--level", *where]) == 0
    assert "right" in capsys.readouterr().out
    write_preset("pad.toml", replace(read_preset("pad.toml"), level_db=-40.0), force=True)
    assert run(["preset", "check", "pad.toml", "--level", *where]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "LUFS, expected -20 within 0.5" in told
    assert "(--fix writes it)" in told
    Path("bad.toml").write_text('version = 1\nname = "x"\n[blend]\ncorners = ["flute", "kazoo"]\n')
    capsys.readouterr()
    assert run(["preset", "check", "bad.toml", "pad.toml", "--json", *where]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert "'kazoo' is neither an instrument" in rows[0]["error"]
    assert rows[1]["error"] == ""


def test_a_new_preset_is_kept_among_ones_own(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preset", "new", "My Ünison: Päd!", "flute", "cello", "--checkpoint", str(model)]) == 0
    assert Path("home/presets/my-unison-pad-efae384de4.toml").is_file()
    capsys.readouterr()
    assert run(["preset", "list", "--json"]) == 0
    assert "My Ünison: Päd!" in [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert run(["preset", "show", "my-unison-pad-efae384de4"]) == 0
    assert "macros.Morph" in capsys.readouterr().out


def test_presets_by_chance_come_again(model: Path) -> None:
    for name in ("a", "b"):
        assert run(["preset", "random", "--seed", "4", "-o", f"{name}.toml", "--checkpoint", str(model)]) == 0
    assert Path("a.toml").read_bytes() == Path("b.toml").read_bytes()
    assert run(["preset", "check", "a.toml", "--level", "--checkpoint", str(model)]) == 0
    Path("many").mkdir()
    assert run(["preset", "random", "--count", "3", "-o", "many", "--checkpoint", str(model)]) == 0
    assert len(list(Path("many").glob("*.toml"))) == 3


def test_the_reference_of_preset_files_is_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preset", "keys"]) == 0
    assert schema_page() in capsys.readouterr().out


def test_a_page_to_listen_to(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_preset("one.toml", replace(PATCH, name="<b>One</b>"))
    write_preset("two.toml", replace(PATCH, blend=Blend(("flute", "kazoo"))))
    words = ["preset", "render", "one.toml", "two.toml", "-o", "page", "--checkpoint", str(model)]
    assert run([*words, "--json"]) == 0
    rows = {row["preset"]: row for row in json.loads(capsys.readouterr().out)["presets"]}
    assert "kazoo" in rows["two"]["notes"][0]
    page = Path("page/index.html").read_text(encoding="utf-8")
    assert "<b>One" not in page
    assert "&lt;b&gt;One" in page
    for name in ("one.flac", "sheet-01.png"):
        assert name in page
        assert (Path("page") / name).stat().st_size > 1000
    assert run(words) == 2
    assert run([*words, "--force"]) == 0
    Path("other").mkdir()
    Path("other/thing").write_text("mine")
    assert run(["preset", "render", "one.toml", "-o", "other", "--force", "--checkpoint", str(model)]) == 2


def test_blend_takes_a_preset(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_preset("one.toml", replace(PATCH, effects=(Slot("reverb"),)))
    where = ["--checkpoint", str(model), "--preset", "one.toml", "--duration", "0.5"]
    assert run(["blend", *where, "--note", "C5", "-o", "a.wav", "--plot", "a.png", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    samples, rate = soundfile.read("a.wav")
    assert rate == 48_000
    assert samples.shape[1] == 2
    assert report["peak"] == pytest.approx(np.abs(samples).max(), abs=1e-4)
    assert Path("a.png").is_file()
    assert run(["blend", *where, "-o", "a.wav", "--position", "1"]) == 2, "it is there already"
    assert run(["blend", *where, "-o", "b.wav", "--position", "1"]) == 0
    for wrong in (["flute", "cello"], ["--steps", "3"], ["--curve", "0:0,1:1"]):
        assert run(["blend", *wrong, *where, "-o", "c.wav"]) == 2
    assert run(["blend", "--position", "0.1,0.2", *where, "-o", "c.wav"]) == 2
    assert not Path("c.wav").exists()
    assert run(["blend", "--preset", "nobody", "-o", "c.wav"]) == 2
    assert "preset list" in capsys.readouterr().err


@pytest.mark.skipif(not (DEFAULT_CHECKPOINT / BANK).is_file(), reason="no checkpoint")
def test_the_factorys_presets_name_instruments_that_are_there() -> None:
    assert run(["preset", "check"]) == 0


@pytest.mark.skipif(not (DEFAULT_CHECKPOINT / BANK).is_file(), reason="no checkpoint")
@pytest.mark.parametrize("name", ["copper-root", "frozen-carillon", "slow-weather"])
def test_factory_presets_are_equally_loud_and_none_clips(name: str) -> None:
    level = measure_level(Session(user_instruments=False), read_preset(FACTORY / f"{name}.toml"))
    assert level.lufs == pytest.approx(TARGET_LUFS, abs=0.5), "run `preset check --level --fix` for a new checkpoint"
    assert level.peak_db < 0.0
    assert not level.sound.troubles
