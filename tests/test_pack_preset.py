"""Packs of presets: a clip is the note that the preset plays, its loop closes, and the manifest needs no preset."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from pack_reading import Sfizz, cents_off, everything, fluidsynth, level_db, need_module, need_program, regions

from nsynth_lab.cli import run
from nsynth_lab.note import Note
from nsynth_lab.pack.quality import count_clicks
from nsynth_lab.patch import Blend, Envelope, Lfo, Macro, Move, Patch, Route, Slot, Tuning, Voice, write_preset
from nsynth_lab.render import Session
from nsynth_lab.render.preset import PhraseNote, hold_within, play_patch
from nsynth_lab.units import SAMPLE_RATE, FloatArray

SECONDS = 3.0
SMALL = ("--notes", "C3,C5", "--velocities", "60,120", "--duration", "3", "--checkpoint", "model")
PAD = Patch(
    "My Pad",
    Blend(
        ("flute", "cello"),
        position=(0.4,),
        timbre=(0.9,),
        lfos=(Lfo("pitch_cents", 5.0, 8.0), Lfo("level_db", 0.7, 3.0), Lfo("partials", 0.4, 0.3)),
    ),
    envelope=Envelope(attack_seconds=0.1, decay_seconds=0.2, sustain=0.7, release_seconds=0.4),
    effects=(Slot("highpass", parameters={"cutoff_hz": 60.0}), Slot("reverb", mix=0.3, parameters={"room_size": 0.3})),
)
STRUCK = replace(PAD, name="Struck", blend=Blend(("piano", "piano")), envelope=Envelope())
WIDE = replace(
    PAD, name="Wide", effects=(Slot("chorus", parameters={"rate_hz": 0.7, "depth": 0.1}),), voice=Voice(unison=3)
)
PLAIN = replace(PAD, name="Plain", effects=(), envelope=Envelope(), blend=Blend(("flute", "cello")))


@pytest.fixture(autouse=True)
def _folder(beside_model: Path) -> None:
    for patch in (PAD, STRUCK, WIDE, PLAIN):
        write_preset(beside_model / f"{patch.name.split()[-1].lower()}.toml", patch)


def made(preset: str, *words: str, folder: str = "out") -> dict[str, Any]:
    assert run(["pack", "--preset", preset, *SMALL, *words, "-o", folder]) == 0
    manifest: dict[str, Any] = json.loads(Path(folder, "manifest.json").read_text("utf-8"))
    return manifest


def clip_of(record: dict[str, Any], folder: str = "out") -> FloatArray:
    """[2, samples] at the level it has in a sampler."""
    samples = soundfile.read(Path(folder, record["file"]), dtype="float32", always_2d=True)[0].T
    return np.broadcast_to(samples * 10 ** (record["zone"]["volume_db"] / 20), (2, samples.shape[1]))


def played(patch: Patch, record: dict[str, Any], *, seed: int = 0) -> FloatArray:
    """The same note of `blend --preset`."""
    note = Note(record["zone"]["root"], record["zone"]["velocity"])
    phrase = [PhraseNote(note, 0.0, hold_within(patch, SECONDS))]
    return play_patch(Session("model", seed=seed), patch, phrase).audio.samples


def brought_in_tune(patch: Patch, clip: FloatArray, note: FloatArray, root: int) -> Patch:
    """`patch` tuned by the whole cents that `clip` was, beside the `note` that it plays by itself."""
    clip_cents, note_cents = (
        cents_off(sound.mean(axis=0), root, begin_seconds=0.05, end_seconds=0.28) for sound in (clip, note)
    )
    assert abs(clip_cents - note_cents) < 20.0
    return replace(patch, tuning=Tuning(a4_hz=440.0 * 2 ** (round(clip_cents - note_cents) / 1200)))


def same_db(one: FloatArray, other: FloatArray, *, seconds: float) -> float:
    """How far one is from the other at their beginnings, relative to it."""
    until = round(seconds * SAMPLE_RATE)
    return level_db(one[:, :until] - other[:, :until]) - level_db(other[:, :until])


# --- the laws ---


def test_until_its_loop_runs_a_clip_is_the_note_that_the_preset_plays_in_tune() -> None:
    manifest = made("pad.toml", "--seed", "4")
    for record in manifest["clips"]:
        assert record["quality"]["loop"] == "looped"
        clip = clip_of(record)
        tuned = brought_in_tune(PAD, clip, played(PAD, record, seed=4), record["zone"]["root"])
        note = played(tuned, record, seed=4)
        assert same_db(clip, note, seconds=0.3) < -80.0  # -94: attack and decay are over then
        held = slice(SAMPLE_RATE // 2, round(hold_within(PAD, SECONDS) * SAMPLE_RATE))
        level = level_db(note[:, held])
        assert level_db(clip[:, held]) == pytest.approx(level, abs=1.0)  # 0.96: another stretch of its motion


def test_a_decaying_note_is_the_presets_note_to_the_end_of_its_tail() -> None:
    for record in made("struck.toml", "--formats", "sfz")["clips"]:
        assert record["quality"]["loop"] == "dies away"
        clip = clip_of(record)
        note = played(brought_in_tune(STRUCK, clip, played(STRUCK, record), record["zone"]["root"]), record)
        assert clip.shape[1] >= SECONDS * SAMPLE_RATE
        assert np.abs(note[:, clip.shape[1] :]).max(initial=0.0) < 1e-4
        assert same_db(clip, note, seconds=clip.shape[1] / SAMPLE_RATE - 0.02) < -45.0


def test_each_position_is_a_place_between_the_corners() -> None:
    manifest = made("pad.toml", "--positions", "0,0.5,1", "--formats", "sfz", "--velocities", "100")
    for record in manifest["clips"]:
        (place,) = record["position"]
        if place == 0.5:  # the others share its pitch
            clip, there = clip_of(record), PAD.at((place,))
            tuned = brought_in_tune(there, clip, played(there, record), record["zone"]["root"])
            assert same_db(clip, played(tuned, record), seconds=0.3) < -60.0
    assert len(list(Path("out").glob("*_morph.sfz"))) == 1


@pytest.mark.parametrize("preset", ["pad", "wide", "plain"])
def test_loops_close_without_a_click(preset: str) -> None:
    manifest = made(f"{preset}.toml", "--formats", "sfz")
    looped = [record for record in manifest["clips"] if record["zone"]["loop"]]
    assert len(looped) == 4
    for record in looped:
        samples = soundfile.read(Path("out", record["file"]), dtype="float32", always_2d=True)[0].T
        start, end = record["zone"]["loop"]["start"], record["zone"]["loop"]["end"]
        turns = np.concatenate([samples[:, :end], *[samples[:, start:end]] * 2], axis=1)
        assert max(count_clicks(channel) for channel in turns) == 0
        assert record["quality"]["clicks"] == 0
        assert record["quality"]["loop_step_db"] < -60.0
    if preset == "plain":
        assert {record["zone"]["channels"] for record in manifest["clips"]} == {1}


def test_an_effect_that_never_repeats_leaves_no_loop_and_the_report_says_so() -> None:
    rates = (0.137, 0.211, 0.329)
    swings = tuple(Slot("chorus", label=f"{r}"[2:], mix=1.0, parameters={"rate_hz": r, "depth": 1.0}) for r in rates)
    write_preset("odd.toml", replace(PAD, effects=swings))
    manifest = made("odd.toml", "--formats", "sfz", "--notes", "C5", "--velocities", "100")
    assert [record["quality"]["loop"] for record in manifest["clips"]] == ["effects do not repeat"]
    assert "effects do not repeat" in Path("out/README.md").read_text("utf-8")
    assert regions(next(Path("out").glob("*.sfz")))[0]["loop_mode"] == "no_loop"


def test_a_tail_makes_the_release_longer() -> None:
    dry = made("plain.toml", "--formats", "sfz", folder="dry")["clips"][0]["zone"]["release_seconds"]
    write_preset("hall.toml", replace(PLAIN, effects=(Slot("reverb", mix=0.5, parameters={"room_size": 0.9}),)))
    hall = made("hall.toml", "--formats", "sfz", folder="hall")["clips"][0]["zone"]["release_seconds"]
    assert hall > dry + 0.5


def test_a_presets_tuning_is_the_packs() -> None:
    write_preset("low.toml", replace(PLAIN, tuning=Tuning(a4_hz=432.0, transpose=-12)))
    words = ["--notes", "C4,C5", "--velocities", "100", "--duration", "3", "--formats", "sfz"]
    assert run(["pack", "--preset", "low.toml", *words, "-o", "out"]) == 0
    for record in json.loads(Path("out/manifest.json").read_text("utf-8"))["clips"]:
        assert abs(record["quality"]["pitch_cents"]) < 3.0
        mono = clip_of(record).mean(axis=0)
        low = cents_off(mono, record["zone"]["root"] - 12, begin_seconds=0.5, end_seconds=2.0)
        assert low == pytest.approx(1200 * np.log2(432 / 440), abs=2.0)


def test_the_readme_describes_the_preset_and_nothing_else() -> None:
    whole = replace(
        PAD, description="soft and wide", author="Me", tuning=Tuning(a4_hz=432.0),
        voice=Voice("legato", glide_seconds=0.1), effects=(*PAD.effects, Slot("chorus", bypass=True)),
        macros=(Macro("Air", 0.5, (Move("effects.reverb.mix", 0.0, 0.5),)),), midi=(Route(1, "macros.Air"),),
    )  # fmt: skip
    write_preset("whole.toml", whole)
    made("whole.toml")
    text = " ".join(Path("out/README.md").read_text("utf-8").split())
    for told in ("Soft and wide, by Me.", "flute and cello, blended at 0.4", "pitch_cents by 8 cents at 5 Hz",
                 "attack 0.1 s, decay 0.2 s, sustain 0.7, release 0.4 s", "A4 at 432 Hz",
                 "highpass (mix 1, cutoff_hz 60); reverb (mix 0.25, room_size 0.3)",
                 "its legato mode with a glide of 0.1 s", "macros, which stay at their values (Air)",
                 "CC 1: macros.Air", "chorus, which is bypassed", "one position, 2 notes from C3 to C5",
                 "Keys C-1 to G9", "knobs for attack and release"):  # fmt: skip
        assert told in text, told
    for other in ("morph", "position, program", "knobs for blend", "round robin"):
        assert other not in text, other


# --- made again ---


def test_the_manifest_makes_the_pack_again_without_the_preset() -> None:
    manifest = made("pad.toml", "--round-robin", "2", "--seed", "3", "--positions", "0.2,0.6")
    assert manifest["recipe"]["preset"] == Path("pad.toml").read_text("utf-8")
    assert Path("out/preset.toml").read_bytes() == Path("pad.toml").read_bytes()
    Path("pad.toml").unlink()
    assert run(["pack", "--from", "out/manifest.json", "-o", "again", "--checkpoint", "model"]) == 0
    assert everything(Path("again")) == everything(Path("out"))


def killed_when(words: list[str], there: Callable[[], bool]) -> None:
    with subprocess.Popen([sys.executable, "-m", "nsynth_lab", *words], stderr=subprocess.DEVNULL) as process:
        while not there():
            assert process.poll() is None, "it was over before it could be killed"
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=60) != 0


def test_a_killed_and_resumed_pack_is_the_same() -> None:
    words = ["pack", "--preset", "pad.toml", "--notes", "C3-C5/3", "--velocities", "60,120", "--duration", "1",
             "--formats", "sfz,sf2", "--checkpoint", "model"]  # fmt: skip
    assert run([*words, "-o", "whole"]) == 0
    killed_when([*words, "-o", "out"], lambda: len(list(Path("out/.unfinished/clips").glob("*.json"))) > 9)
    assert run([*words, "-o", "out", "--resume"]) == 0
    assert everything(Path("out")) == everything(Path("whole"))


def test_workers_make_no_difference() -> None:
    need_module("ray")
    words = ["pack", "--preset", "pad.toml", *SMALL, "--formats", "wav"]
    assert run([*words, "-o", "whole"]) == 0
    done = subprocess.run(
        [sys.executable, "-m", "nsynth_lab", *words, "-o", "out", "--cluster", "ray://local"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert everything(Path("out")) == everything(Path("whole"))


def test_a_dry_run_makes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["pack", "--preset", "pad.toml", *SMALL, "-o", "out"]
    assert run([*words, "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert not Path("out").exists()
    assert run(words) == 0
    size = sum(len(content) for content in everything(Path("out")).values())
    assert told["clips"] == 4
    assert 0.5 * size < told["disk_bytes"] < 2.0 * size + 5e6


# --- in other people's engines ---


def test_sfizz_and_fluidsynth_play_it_in_tune(tmp_path: Path) -> None:
    need_module("pysfizz")
    words = ["--notes", "C3-C5/12", "--velocities", "100", "--duration", "2.5", "--name", "Sax"]
    assert run(["pack", "--preset", "late-saxophone", *words, "-o", "out"]) == 0
    records = {clip["zone"]["root"]: clip for clip in json.loads(Path("out/manifest.json").read_text("utf-8"))["clips"]}
    assert {record["zone"]["channels"] for record in records.values()} == {2}
    engine = Sfizz(next(Path("out").glob("Sax_p*.sfz")))
    for key in (36, 48, 53, 60, 66, 72, 79):
        sound = engine.play(key, 100, seconds=10.0)[: 10 * SAMPLE_RATE]
        assert level_db(sound[9 * SAMPLE_RATE :]) > -60.0
        assert abs(cents_off(sound, key, begin_seconds=0.5, end_seconds=9.9)) < 5.0, key
        assert count_clicks(sound) == 0
    need_program("fluidsynth")
    for key in (48, 60, 72):
        sound = fluidsynth(Path("out/Sax.sf2"), tmp_path, program=0, key=key, velocity=100, seconds=8.0)
        assert level_db(sound[7 * SAMPLE_RATE : 8 * SAMPLE_RATE]) > -60.0
        assert abs(cents_off(sound, key, begin_seconds=0.5, end_seconds=7.9)) < 5.0, key


# --- refused ---


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("flute", "cello", "--preset", "pad.toml"), "leave the sources out"),
        (("--preset", "pad.toml", "--from", "x.json"), "leave them out"),
        (("--preset", "pad.toml", "--positions", "0,0;1,1"), "2 numbers"),
        (("--preset", "pad.toml", "--positions", "2"), "outside 0 to 1"),
        (("--preset", "no such preset"), "neither a preset nor"),
        (("--preset", "hall.toml"), "convolution"),
    ],
)
def test_impossible_requests_are_refused(words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_preset("hall.toml", replace(PAD, effects=(Slot("convolution", impulse="hall.wav"),)))
    assert run(["pack", *words, *SMALL, "-o", "out"]) == 2
    assert says in capsys.readouterr().err
    assert not Path("out").exists()
