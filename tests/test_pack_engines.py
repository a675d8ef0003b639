"""Packs in other people's engines: every key sounds, in tune, from the right layer, for as long as it is held."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from pack_reading import Sfizz, cents_off, chunks, fluidsynth, level_db, need_module, need_program, regions

from nsynth_lab.cli import run
from nsynth_lab.units import SAMPLE_RATE, FloatArray

CENTS = 5.0
STEP_DB = -60.0
LAYERS = (40, 110)
KEYS = (0, 21, 48, 53, 54, 60, 66, 67, 72, 100, 127)
WORDS = ("--notes", "C3-C5/12", "--velocities", "40,110", "--positions", "0,0.5,1", "--duration", "1.5")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flute and cello in all formats."""
    folder = tmp_path_factory.mktemp("pack") / "reed"
    assert run(["pack", "flute", "cello", *WORDS, "--name", "Reed", "--licence", "CC0-1.0", "-o", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def manifest(pack: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((pack / "manifest.json").read_text("utf-8"))
    return read


def steps_db(held: FloatArray, start: int, end: int) -> list[float]:
    """Around each return of the loop, the largest distance from what was played around its start at first."""
    around = np.arange(-64, 64)
    first = held[start + around]
    level = float(np.sqrt(np.mean(np.square(held[start:end]))))
    returns = range(end, len(held) - 64, end - start)
    return [20 * np.log10(float(np.abs(held[at + around] - first).max()) / level + 1e-12) for at in returns]


def test_sfizz_plays_every_key_in_tune(pack: Path) -> None:
    need_module("pysfizz")
    for label in ("p000", "p050", "p100"):
        engine = Sfizz(pack / f"Reed_{label}.sfz")
        for key in KEYS if label != "p050" else range(128):
            played = engine.play(key, 110, seconds=1.5)
            assert level_db(played[SAMPLE_RATE // 2 :]) > -50.0, key
            if 24 <= key <= 108:  # below and above, three periods or a partial no longer fit what measures them
                assert abs(cents_off(played, key, begin_seconds=0.5, end_seconds=1.4)) < CENTS, key


def test_sfizz_plays_the_layer_of_the_velocity(pack: Path, manifest: dict[str, Any]) -> None:
    need_module("pysfizz")
    engine = Sfizz(pack / "Reed_p050.sfz")
    clips = {
        clip["zone"]["velocity"]: soundfile.read(pack / clip["file"], dtype="float32")[0]
        for clip in manifest["clips"]
        if clip["zone"]["root"] == 60 and clip["position"] == [0.5]
    }
    levels = {}
    for velocity, layer in ((1, 40), (40, 40), (75, 40), (76, 110), (110, 110), (127, 110)):
        played = engine.play(60, velocity, seconds=1.0)[:SAMPLE_RATE]
        levels[velocity] = level_db(played)
        # sfizz is a sample late
        alike = [float(np.corrcoef(played[1:], clips[one][: SAMPLE_RATE - 1])[0, 1]) for one in LAYERS]
        assert LAYERS[int(np.argmax(alike))] == layer
        assert max(alike) > 0.99999
    natural = level_db(clips[110][:SAMPLE_RATE]) - level_db(clips[40][:SAMPLE_RATE])
    assert levels[110] - levels[40] == pytest.approx(natural, abs=0.2)
    assert list(levels.values()) == sorted(levels.values())


def test_crossfaded_velocity_layers_have_no_jump(pack: Path, tmp_path: Path) -> None:
    need_module("pysfizz")
    folder = tmp_path / "faded"
    words = ["--notes", "C4", "--positions", "0.5", "--velocities", "40,110", "--duration", "1", "--crossfade", "12"]
    assert run(["pack", "flute", "cello", *words, "--formats", "sfz", "--name", "Faded", "-o", str(folder)]) == 0
    levels = {}
    for name, path in (("faded", folder / "Faded_p050.sfz"), ("plain", pack / "Reed_p050.sfz")):
        engine = Sfizz(path)
        levels[name] = [level_db(engine.play(60, velocity, seconds=0.9)) for velocity in (40, 70, 75, 76, 80, 110)]
    assert levels["faded"] == sorted(levels["faded"])
    jumps = {name: heard[3] - heard[2] for name, heard in levels.items()}
    assert jumps["faded"] < 0.5 < jumps["plain"]
    for end in (0, -1):
        assert levels["faded"][end] == pytest.approx(levels["plain"][end], abs=1.5)


def test_held_for_ten_seconds_no_loop_has_a_step(pack: Path, manifest: dict[str, Any]) -> None:
    need_module("pysfizz")
    for record in manifest["clips"]:
        zone = record["zone"]
        if zone["velocity"] == 40 and record["position"] != [0.5]:
            continue
        label = f"p{round(100 * record['position'][0]):03d}"
        played = Sfizz(pack / f"Reed_{label}.sfz").play(zone["root"], zone["velocity"], seconds=10.0)[
            : 10 * SAMPLE_RATE
        ]
        steps = steps_db(played, zone["loop"]["start"], zone["loop"]["end"])
        assert len(steps) >= 7
        assert max(steps) < STEP_DB, record["file"]
        assert record["quality"]["loop_step_db"] < STEP_DB
        early, late = played[SAMPLE_RATE : 5 * SAMPLE_RATE], played[-4 * SAMPLE_RATE :]
        assert level_db(late) == pytest.approx(level_db(early), abs=1.0)


def test_the_mod_wheel_morphs(pack: Path) -> None:
    need_module("pysfizz")
    text = (pack / "Reed_morph.sfz").read_text("utf-8")
    plain = {mark: f"Reed_p{label}.sfz" for mark, label in ((0, "000"), (64, "050"), (127, "100"))}
    for mark, name in plain.items():
        moved = pack / f"at-{mark}.sfz"
        moved.write_text(text.replace("set_cc1=64", f"set_cc1={mark}"), "utf-8")
        morphed = Sfizz(moved).play(60, 100, seconds=1.0)
        alone = Sfizz(pack / name).play(60, 100, seconds=1.0)
        assert level_db(morphed - alone) < level_db(alone) - 60.0


def test_halfway_between_two_positions_nothing_cancels(pack: Path) -> None:
    need_module("pysfizz")
    text = (pack / "Reed_morph.sfz").read_text("utf-8")
    for mark, ends in ((32, ("000", "050")), (96, ("050", "100"))):
        moved = pack / f"at-{mark}.sfz"
        moved.write_text(text.replace("set_cc1=64", f"set_cc1={mark}"), "utf-8")
        for key in (48, 60, 72):
            heard = [
                Sfizz(path).play(key, 110, seconds=3.0) for path in (moved, *(pack / f"Reed_p{e}.sfz" for e in ends))
            ]
            levels = [level_db(sound[SAMPLE_RATE : 3 * SAMPLE_RATE]) for sound in heard]
            assert levels[0] > min(levels[1:]) - 1.5, (mark, key)


def test_fluidsynth_plays_the_soundfont(pack: Path, tmp_path: Path) -> None:
    need_program("fluidsynth")
    font = pack / "Reed.sf2"
    for program in range(3):
        for key in (24, 48, 60, 61, 79, 96):
            played = fluidsynth(font, tmp_path, program=program, key=key, velocity=110, seconds=3.0)
            assert level_db(played[2 * SAMPLE_RATE : 3 * SAMPLE_RATE]) > -60.0
            assert abs(cents_off(played, key, begin_seconds=0.5, end_seconds=2.9)) < CENTS, (program, key)


def test_tinysoundfont_plays_the_layers(pack: Path) -> None:
    need_module("tinysoundfont")
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=SAMPLE_RATE)
    font = synth.sfload(str(pack / "Reed.sf2"))
    for program in range(3):
        synth.program_select(0, font, 0, program)
        for key in range(24, 109, 12):
            levels = []
            for velocity in LAYERS:
                synth.noteon(0, key, velocity)
                played = np.frombuffer(bytes(synth.generate(2 * SAMPLE_RATE)), np.float32)[::2].copy()
                synth.noteoff(0, key)
                synth.generate(4 * SAMPLE_RATE)
                levels.append(level_db(played[SAMPLE_RATE:]))
                assert abs(cents_off(played, key, begin_seconds=0.5, end_seconds=1.9)) < CENTS, (program, key)
            assert 5.0 < levels[1] - levels[0] < 20.0


def test_sf2utils_reads_what_the_soundfont_says(pack: Path, manifest: dict[str, Any]) -> None:
    need_module("sf2utils")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it imports audioop
        from sf2utils.sf2parse import Sf2File

    zones = [clip["zone"] for clip in sorted(manifest["clips"], key=lambda clip: clip["position"])]
    with (pack / "Reed.sf2").open("rb") as file:
        font = Sf2File(file)
        assert font.info.bank_name == "Reed"
        assert font.info.copyright == "CC0-1.0"
        assert [preset.name for preset in font.presets[:-1]] == ["Reed 0", "Reed 0.5", "Reed 1"]
        bags = [bag for instrument in font.instruments[:-1] for bag in instrument.bags if bag.sample is not None]
        assert len(bags) == len(zones)
        for bag, zone in zip(bags, zones, strict=True):
            assert bag.key_range == [zone["low_key"], zone["high_key"]]
            assert bag.velocity_range == [zone["low_velocity"], zone["high_velocity"]]
            assert bag.sample.original_pitch == zone["root"]
            assert (bag.sample.start_loop, bag.sample.end_loop) == (zone["loop"]["start"], zone["loop"]["end"])
            assert bag.sample_loop


def test_polyphone_makes_a_soundfont_of_the_sfz(pack: Path, tmp_path: Path) -> None:
    need_program("polyphone")
    need_program("fluidsynth")
    words = ["polyphone", "-1", "-i", str(pack / "Reed_p050.sfz"), "-d", str(tmp_path), "-o", "made"]
    subprocess.run(
        words, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, capture_output=True, timeout=60, check=True
    )
    for key in (36, 48, 60, 67, 84):
        played = fluidsynth(tmp_path / "made.sf2", tmp_path, program=0, key=key, velocity=110, seconds=3.0)
        assert level_db(played[2 * SAMPLE_RATE : 3 * SAMPLE_RATE]) > -60.0
        assert abs(cents_off(played, key, begin_seconds=0.5, end_seconds=2.9)) < CENTS


def test_libsndfile_reads_the_chunks(pack: Path, manifest: dict[str, Any]) -> None:
    need_program("sndfile-info", "sndfile-programs")
    for record in manifest["clips"][:4]:
        done = subprocess.run(["sndfile-info", str(pack / record["file"])], capture_output=True, text=True, check=True)
        zone = record["zone"]
        told = " ".join(done.stdout.split())
        assert f"Midi Note : {zone['root']}" in told
        assert f"Start : {zone['loop']['start']} End : {zone['loop']['end'] - 1}" in told
        for tag in ("INAM : Reed", "ICOP : CC0-1.0", "ISFT : nsynth_lab"):
            assert tag in told
        assert f"Frames : {zone['samples']}" in told


def test_sfizz_reads_root_and_loop_from_the_wav_alone(pack: Path, manifest: dict[str, Any]) -> None:
    need_module("pysfizz")
    record = next(one for one in manifest["clips"] if one["zone"]["root"] == 60 and one["position"] == [1.0])
    alone = pack / "alone.sfz"
    alone.write_text(f"<region> sample={record['file']} pitch_keycenter=sample\n", "utf-8")
    played = Sfizz(alone).play(64, 100, seconds=4.0)
    assert level_db(played[3 * SAMPLE_RATE : 4 * SAMPLE_RATE]) > -50.0
    assert abs(cents_off(played, 64, begin_seconds=0.5, end_seconds=3.9)) < CENTS


def test_decentsampler_agrees_with_a_schema_and_with_the_sfz(pack: Path, repository: Path) -> None:
    need_module("lxml")
    from lxml import etree

    schema = etree.XMLSchema(etree.parse(repository / "tests" / "decentsampler.xsd"))
    preset = etree.parse(pack / "Reed.dspreset")
    assert schema.validate(preset), schema.error_log
    assert (pack / preset.find("ui").get("bgImage")).is_file()
    groups = preset.findall("groups/group")
    assert [group.get("name") for group in groups] == ["Reed 0", "Reed 0.5", "Reed 1"]
    same = {
        "sample": "path", "lokey": "loNote", "hikey": "hiNote", "lovel": "loVel", "hivel": "hiVel",
        "pitch_keycenter": "rootNote", "loop_start": "loopStart", "loop_end": "loopEnd",
    }  # fmt: skip
    for group, label in zip(groups, ("p000", "p050", "p100"), strict=True):
        plain = regions(pack / f"Reed_{label}.sfz")
        samples = group.findall("sample")
        assert len(plain) == len(samples) == 6
        for region, sample in zip(plain, samples, strict=True):
            assert {mine: region[mine] for mine in same} == {mine: sample.get(theirs) for mine, theirs in same.items()}
            assert (pack / sample.get("path")).is_file()


def test_the_blend_knob_brings_in_one_position_after_the_other(pack: Path) -> None:
    need_module("lxml")
    from lxml import etree

    knob = etree.parse(pack / "Reed.dspreset").find("ui/tab/labeled-knob[@label='Blend']")
    tables = [
        np.array([point.split(",") for point in binding.get("translationTable").split(";")], np.float64)
        for binding in knob.findall("binding")
    ]
    for place in np.linspace(0, 1, 21):
        volumes = [float(np.interp(place, table[:, 0], table[:, 1])) for table in tables]
        assert sum(volumes) == pytest.approx(1.0)
        assert volumes[round(2 * place)] >= 0.5


def test_every_clip_is_what_its_name_and_chunks_say(pack: Path, manifest: dict[str, Any]) -> None:
    files = [record["file"] for record in manifest["clips"]]
    assert sorted(str(path.relative_to(pack)) for path in pack.rglob("Samples/**/*.wav")) == sorted(files)
    for record in manifest["clips"]:
        zone = record["zone"]
        assert f"_{zone['root']:03d}_" in record["file"]
        assert f"_v{zone['velocity']:03d}_rr{zone['take']}.wav" in record["file"]
        found = chunks((pack / record["file"]).read_bytes())
        assert set(found) == {b"fmt ", b"smpl", b"LIST", b"data", b"inst"}
        assert tuple(found[b"inst"][3:]) == tuple(
            zone[key] for key in ("low_key", "high_key", "low_velocity", "high_velocity")
        )
        samples, rate = soundfile.read(pack / record["file"], dtype="float32")
        assert (len(samples), rate) == (zone["samples"], SAMPLE_RATE)
        assert np.abs(samples).max() <= 10 ** (-1 / 20) + 1e-6
        quality = record["quality"]
        assert quality["clicks"] == 0
        assert abs(quality["pitch_cents"]) < 1.0
        begin, end = (zone["loop"][edge] / SAMPLE_RATE for edge in ("start", "end"))
        assert abs(cents_off(samples, zone["root"], begin_seconds=begin, end_seconds=end)) < 2.0
