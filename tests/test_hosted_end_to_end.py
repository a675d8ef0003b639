"""Real plugins from end to end: a VST3 instrument captured, blended, played and packed; VST3 effects in a live chain.

The instrument is built by `scripts/build-kars`, the effects are Debian's `zam-plugins`, the device is PulseAudio's.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
from live_takes import RecordProperty, Take, furthest, whole_take
from pack_reading import Sfizz, cents_off, level_db, need_module
from servers import RECORD, running

from nsynth_lab.audio import read_audio
from nsynth_lab.cli import run
from nsynth_lab.effects import scan
from nsynth_lab.model.bank import BANK
from nsynth_lab.patch import Blend, Envelope, Layer, Patch, Slot, write_preset
from nsynth_lab.render import DEFAULT_CHECKPOINT
from nsynth_lab.units import FloatArray, db_to_gain

KARS = Path(__file__).resolve().parent.parent / "build" / "vst3" / "Kars.vst3"
ZAM = Path("/usr/lib/vst3")
STEREO, MONO = "ZamCompX2", "ZamDelay"
CHAIN = Patch(
    "Hosted",
    Blend(("reed organ", "square lead")),
    envelope=Envelope(release_seconds=0.2),
    effects=(
        Slot(plugin=STEREO, parameters={"threshold": -30.0, "ratio": 4.0}),
        Slot("chorus", mix=0.3),
        Slot(plugin=MONO, mix=0.4, parameters={"time": 180.0, "dry_wet": 1.0}),
        Slot("reverb", mix=0.2),
    ),
)

pytestmark = pytest.mark.skipif(
    not (DEFAULT_CHECKPOINT / BANK).is_file(), reason=f"no checkpoint in {DEFAULT_CHECKPOINT}"
)
needs_zam = pytest.mark.skipif(not (ZAM / f"{MONO}.vst3").exists(), reason="zam-plugins is not installed (Debian)")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def song(path: str, *, notes: tuple[int, ...] = (60, 64, 67, 72, 57, 69)) -> None:
    """Half a second each."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    for note in notes:
        track.append(mido.Message("note_on", note=note, velocity=100, time=60))
        track.append(mido.Message("note_off", note=note, velocity=64, time=420))
    file.save(path)


@pytest.mark.alone
@pytest.mark.skipif(not KARS.exists(), reason="no VST3 instrument was built (scripts/build-kars)")
def test_an_instrument_plugin_is_captured_blended_played_and_packed(
    capfd: pytest.CaptureFixture[str], pulse_server: dict[str, str], record_property: RecordProperty
) -> None:
    words = ["--low", "C3", "--high", "C5", "--step", "12", "--velocities", "100", "--hold", "1.5", "--duration", "2"]
    assert run(["capture", str(KARS), "--name", "my kars", "--family", "string", *words, "--json"]) == 0
    report = json.loads(capfd.readouterr().out)
    assert [one["note"] for one in report["notes"]] == ["C3", "C4", "C5"]
    assert all(one["error_db"] < 3.0 for one in report["notes"])
    assert run(["bank", "show", "my kars"]) == 0
    assert "C4" in capfd.readouterr().out
    assert run(["blend", "my kars", "flute", "--note", "C4", "-o", "half.wav", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert abs(1200 * np.log2(told["f0_hz"] / told["asked_f0_hz"])) < 20.0  # it is itself flat by up to 30
    assert 0.01 < np.abs(played_as_rendered(["my kars", "flute"], pulse_server, record_property)).max() < 1.0
    words = ["--notes", "C3-C5/12", "--velocities", "100", "--positions", "0,0.5", "--duration", "2", "--name", "Kars"]
    assert run(["pack", "my kars", "flute", *words, "-o", "pack"]) == 0
    manifest = json.loads(Path("pack/manifest.json").read_text("utf-8"))
    assert [source["name"] for source in manifest["sources"]] == ["my kars", "flute"]
    assert sum(clip["quality"]["clicks"] for clip in manifest["clips"]) == 0
    need_module("pysfizz")
    sound = Sfizz(Path("pack/Kars_p050.sfz")).play(60, 100, seconds=1.5)
    assert level_db(sound) > -50.0
    assert abs(cents_off(sound, 60, begin_seconds=0.2, end_seconds=1.2)) < 5.0


@needs_zam
def test_a_preset_with_plugins_is_packed_the_same_from_its_manifest() -> None:
    scan([ZAM / f"{name}.vst3" for name in (STEREO, MONO)])
    write_preset("hosted.toml", CHAIN)
    words = ["--notes", "C4,C5", "--velocities", "100", "--duration", "2", "--formats", "sfz"]
    assert run(["pack", "--preset", "hosted.toml", *words, "-o", "pack"]) == 0
    manifest = json.loads(Path("pack/manifest.json").read_text("utf-8"))
    assert [plugin["name"] for plugin in manifest["plugins"]] == [STEREO, MONO]
    assert all("troubles" not in clip and clip["quality"]["clicks"] == 0 for clip in manifest["clips"])
    Path("hosted.toml").unlink()
    assert run(["pack", "--from", "pack/manifest.json", "-o", "again"]) == 0
    for clip in manifest["clips"]:
        assert Path("again", clip["file"]).read_bytes() == Path("pack", clip["file"]).read_bytes()
    manifest["plugins"][0]["sha256"] = "0" * 64
    Path("other.json").write_text(json.dumps(manifest))
    assert run(["pack", "--from", "other.json", "-o", "third"]) == 2


@pytest.mark.alone
@needs_zam
def test_plugins_in_a_live_chain_sound_as_they_do_offline_and_without_a_gap(
    pulse_server: dict[str, str], record_property: RecordProperty
) -> None:
    scan([ZAM / f"{name}.vst3" for name in (STEREO, MONO)])
    write_preset("hosted.toml", CHAIN)
    live = played_as_rendered(["--preset", "hosted.toml"], pulse_server, record_property)
    assert not np.array_equal(live[0], live[1])


@pytest.mark.alone
@needs_zam
@pytest.mark.skipif(not KARS.exists(), reason="no VST3 instrument was built (scripts/build-kars)")
def test_a_hosted_instrument_beside_the_blend_sounds_live_as_it_does_offline(
    pulse_server: dict[str, str], record_property: RecordProperty
) -> None:
    scan([KARS, ZAM / f"{STEREO}.vst3"])
    write_preset("layered.toml", replace(CHAIN, effects=CHAIN.effects[:2], layers=(Layer("Kars", low_key=60),)))
    played_as_rendered(["--preset", "layered.toml"], pulse_server, record_property, least_db=-90.0)


def played_as_rendered(
    what: list[str], environment: dict[str, str], record_property: RecordProperty, *, least_db: float = -80.0
) -> FloatArray:
    """What `play --file` makes [2, samples]: what `render` makes, and what is heard on the device."""
    song("song.mid")
    assert run(["render", "song.mid", *what, "-o", "offline.wav"]) == 0
    offline = read_audio("offline.wav").samples

    def play(number: int) -> Take[None]:
        taken = played(what, environment, f"{number}")
        if not taken.in_time:
            return taken
        apart = [furthest(*pair, least_seconds=3.0) for pair in zip(taken.made, offline, strict=True)]
        assert max(apart) < db_to_gain(least_db), "what is played is not what is rendered"
        return taken

    return whole_take(play, record_property).made


def played(what: list[str], environment: dict[str, str], name: str) -> Take[None]:
    """The song played on the device."""
    take, raw = Path(f"{name}.wav"), Path(f"{name}.raw")
    command = [sys.executable, "-m", "nsynth_lab", "play", "--file", "song.mid", *what]
    with running(list(RECORD), environment, raw):
        done = subprocess.run(
            [*command, "--latency", "high", "--record", str(take)],
            env={**environment, "NSYNTH_LAB_HOME": os.environ["NSYNTH_LAB_HOME"]},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not re.search("bypassed|too late|crashed", done.stdout + done.stderr)
    found = re.search(r"underruns (\d+).*voices stolen (\d+)", done.stdout)
    assert found, done.stdout
    heard = np.fromfile(raw, np.float32).reshape(-1, 2).T
    return Take(None, read_audio(take).samples, heard, int(found[1]), int(found[2]))
