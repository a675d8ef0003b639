"""`nsynth-lab pack` as a command: begun, killed, resumed, made again, and refused. A tiny model is enough for that."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from pack_reading import everything, level_db, need_module, regions

from nsynth_lab.cli import run

USAGE, FAILED = 2, 1
SMALL = ("--notes", "C3,C5", "--velocities", "60,120", "--positions", "0,1", "--duration", "1")
MODEL = ("--checkpoint", "model")


pytestmark = pytest.mark.usefixtures("beside_model")


def made(*words: str, sources: tuple[str, ...] = ("flute", "cello")) -> dict[str, Any]:
    """Make a pack in `out` and return its manifest."""
    assert run(["pack", *sources, *SMALL, *MODEL, "-o", "out", *words]) == 0
    manifest: dict[str, Any] = json.loads(Path("out/manifest.json").read_text("utf-8"))
    return manifest


Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run a pack that must fail with `code`; returns the one line it says."""

    def refused(*words: str, code: int = USAGE) -> str:
        capsys.readouterr()
        assert run(["pack", *words, *MODEL]) == code
        told = capsys.readouterr()
        lines = [line for line in told.err.splitlines() if not line.startswith("decoding: ")]
        assert len(lines) == 1, told.err
        assert "defect" not in lines[0]
        assert lines[0].startswith("error: ")
        return lines[0]

    return refused


# --- what is made ---


def test_a_pack_is_complete_and_its_manifest_lists_all_files() -> None:
    manifest = made()
    assert sorted(everything(Path("out"))) == sorted(manifest["files"])
    assert not Path("out/.unfinished").exists()
    assert len(manifest["clips"]) == 8
    assert manifest["model"]
    assert {source["licence"] for source in manifest["sources"]} == {"CC0-1.0"}
    assert "CC0-1.0" in Path("out/LICENCE.txt").read_text("utf-8")
    assert "flute" in Path("out/README.md").read_text("utf-8")
    assert Path("out/report.html").read_text("utf-8").count("<tr>") > 8
    assert "above 20 kHz" in Path("out/report.html").read_text("utf-8")
    assert all(-140.0 <= clip["quality"]["above_20khz_db"] < -60.0 for clip in manifest["clips"])
    sound, _ = soundfile.read("out/preview.flac")
    assert 0.01 < np.abs(sound).max() <= 1.0


def test_the_same_command_and_the_manifest_make_the_same_pack() -> None:
    made("--round-robin", "2", "--seed", "3")
    assert run(["pack", "--from", "out/manifest.json", "-o", "again", *MODEL]) == 0
    assert everything(Path("again")) == everything(Path("out"))


def test_another_seed_makes_another_pack() -> None:
    first = made("--seed", "1")
    second = made("--seed", "2", "--force")
    assert all(one["sha256"] != other["sha256"] for one, other in zip(first["clips"], second["clips"], strict=True))


@pytest.mark.parametrize(("rate", "bits"), [(44_100, 16), (48_000, 16), (44_100, 24)])
def test_rate_and_bits(rate: int, bits: int) -> None:
    manifest = made("--rate", str(rate), "--bits", str(bits), "--duration", "2")
    for record in manifest["clips"]:
        info = soundfile.info(Path("out") / record["file"])
        assert (info.samplerate, info.subtype) == (rate, f"PCM_{bits}")
        assert info.frames == record["zone"]["samples"]
        loop, quality = record["zone"]["loop"], record["quality"]
        if loop:
            samples = soundfile.read(Path("out") / record["file"])[0]
            around = np.arange(-20, 20)
            step = np.abs(samples[loop["end"] + around] - samples[loop["start"] + around]).max()
            assert step < 10 ** (level_db(samples) / 20) * 1e-3 + 2.1 / 2**bits
        assert quality["clicks"] == 0
    assert any(record["zone"]["loop"] for record in manifest["clips"])


def test_flac_clips_hold_the_same_samples() -> None:
    plain = made()
    shutil.move("out", "plain")
    flac = made("--flac", "--formats", "sfz,decentsampler")
    for one, other in zip(plain["clips"], flac["clips"], strict=True):
        first, second = soundfile.read(f"plain/{one['file']}")[0], soundfile.read(f"out/{other['file']}")[0]
        np.testing.assert_array_equal(first, second)
        assert other["file"].endswith(".flac")
    assert regions(next(Path("out").glob("*_p000.sfz")))[0]["loop_end"]


def test_decaying_notes_are_not_looped_and_the_report_says_so() -> None:
    manifest = made("--duration", "2", sources=("flute", "piano"))
    words = {tuple(record["position"]): record["quality"]["loop"] for record in manifest["clips"]}
    assert words == {(0.0,): "looped", (1.0,): "dies away"}
    assert "dies away" in Path("out/README.md").read_text("utf-8")
    assert {region["loop_mode"] for region in regions(next(Path("out").glob("*_p100.sfz")))} == {"no_loop"}
    assert {record["quality"]["loop"] for record in made("--no-loop", "--force")["clips"]} == {"not asked for"}


def test_round_robins_differ_and_are_equally_loud() -> None:
    manifest = made("--round-robin", "3", "--duration", "2")
    zones: dict[tuple[Any, ...], list[str]] = {}
    for record in manifest["clips"]:
        zone = record["zone"]
        zones.setdefault((*record["position"], zone["root"], zone["velocity"]), []).append(record["file"])
    for files in zones.values():
        takes = [soundfile.read(Path("out") / file)[0] for file in files]
        levels = [level_db(take) for take in takes]
        assert max(levels) - min(levels) < 0.5
        for one, other in ((0, 1), (0, 2), (1, 2)):
            assert abs(float(np.corrcoef(takes[one], takes[other])[0, 1])) < 0.999
    assert {region["seq_length"] for region in regions(next(Path("out").glob("*_p000.sfz")))} == {"3"}


def test_four_corners_have_a_knob_each_and_no_morph() -> None:
    assert run(["pack", "flute", "cello", "piano", "flute", "--notes", "C4", "--velocities", "90", "--duration", "1",
                *MODEL, "-o", "out"]) == 0  # fmt: skip
    assert len(list(Path("out").glob("*.sfz"))) == 5
    assert not list(Path("out").glob("*_morph.sfz"))
    assert next(Path("out").glob("*.dspreset")).read_text("utf-8").count("<labeled-knob") == 7


def test_a_dry_run_says_how_much_and_makes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pack", "flute", "cello", *SMALL, *MODEL, "-o", "out", "--formats", "all", "--dry-run", "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert not Path("out").exists()
    size = sum(len(content) for content in everything_made("--formats", "all").values())
    assert told["left_out"] == ["OP-XY presets have no velocity layers: of each note velocity 120 alone is written"]
    assert told["left_out"][0] in said.err
    assert told["clips"] == 8
    assert told["sound_seconds"] == pytest.approx(8.0, rel=0.01)
    assert told["work_seconds"] > 0
    assert size < told["disk_bytes"] < size + 5e6


def everything_made(*words: str) -> dict[str, bytes]:
    made(*words)
    return everything(Path("out"))


# --- interrupted and resumed ---


def killed_when(words: list[str], there: Callable[[], bool], sent: signal.Signals) -> None:
    """Run the command in a process of its own and end it as soon as `there` is true."""
    with subprocess.Popen([sys.executable, "-m", "nsynth_lab", *words], stderr=subprocess.DEVNULL) as process:
        while not there():
            assert process.poll() is None, "it was over before it could be killed"
            time.sleep(0.002)
        process.send_signal(sent)
        assert process.wait(timeout=60) != 0


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_killed_at_three_moments_and_resumed_it_is_the_same_pack() -> None:
    words = ["pack", "flute", "cello", "--notes", "C3-C5/3", "--velocities", "60,120", "--positions", "0,1",
             "--duration", "1", "--round-robin", "2", *MODEL]  # fmt: skip
    assert run([*words, "-o", "whole"]) == 0

    def clips() -> int:
        return len(list(Path("out/.unfinished/clips").glob("*.json")))

    killed_when([*words, "-o", "out"], lambda: clips() > 5, signal.SIGKILL)
    left = clips()
    assert run([*words, "-o", "out"]) == USAGE  # it is not begun anew without being asked
    killed_when([*words, "-o", "out", "--resume"], lambda: clips() > max(36, left), signal.SIGINT)
    killed_when([*words, "-o", "out", "--resume"], lambda: bool(list(Path("out").glob("*.sf2"))), signal.SIGKILL)
    half = next(Path("out/Samples").rglob("*.wav"))
    half.write_bytes(half.read_bytes()[:1000])  # a clip that something else cut short is made again
    assert run([*words, "-o", "out", "--resume"]) == 0
    assert everything(Path("out")) == everything(Path("whole"))


def test_resume_in_a_new_folder_starts_a_pack() -> None:
    made("--resume")


# --- over Ray ---


def children(pid: int) -> list[int]:
    """Workers of Ray that come from this process and are at work."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes()
            parents = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if words.startswith(b"ray::finish_batch"):
            found.append((int(path.name), int(parents[1])))
    return [worker for worker, parent in found if descends(parent, pid)]


def descends(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="workers are looked for in /proc")
def test_over_ray_with_a_worker_killed_it_is_the_same_pack() -> None:
    need_module("ray")
    words = ["pack", "flute", "cello", "--notes", "C3-C5/2", "--velocities", "60,120", "--positions", "0,1",
             "--duration", "3", "--formats", "wav", *MODEL]  # fmt: skip
    assert run([*words, "-o", "whole"]) == 0
    command = [sys.executable, "-m", "nsynth_lab", *words, "-o", "out", "--cluster", "ray://local"]
    environment = {**os.environ, "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while not (at_work := children(process.pid)):
            assert process.poll() is None, "it was over before a worker could be killed"
            time.sleep(0.002)
        os.kill(at_work[0], signal.SIGKILL)
        _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told.decode()
    assert everything(Path("out")) == everything(Path("whole"))


def test_without_a_cluster_it_says_so(refused: Refused) -> None:
    need_module("ray")
    assert "expected ray://HOST:PORT" in refused("flute", "cello", *SMALL, "-o", "out", "--cluster", "two")


# --- refused ---


def test_a_folder_that_holds_something_else(refused: Refused) -> None:
    Path("out").mkdir()
    Path("out/letter.txt").write_text("mine")
    for extra in ((), ("--force",), ("--resume",)):
        assert "holds no pack" in refused("flute", "cello", *SMALL, "-o", "out", *extra)
    assert everything(Path("out")) == {"letter.txt": b"mine"}
    assert "is a file" in refused("flute", "cello", *SMALL, "-o", "model/weights.safetensors")
    assert "does not exist" in refused("flute", "cello", *SMALL, "-o", "no/such/folder")


def test_force_replaces_a_pack_and_keeps_other_files(refused: Refused) -> None:
    first = made()
    Path("out/my notes.txt").write_text("mine")
    assert "holds a pack already" in refused("flute", "cello", *SMALL, "-o", "out")
    second = made("--force", "--positions", "0.5", "--name", "Other")
    assert sorted(everything(Path("out"))) == sorted([*second["files"], "my notes.txt"])
    assert not set(first["files"]) - {"manifest.json"} & set(second["files"]) - {
        "README.md", "LICENCE.txt", "preview.flac", "cover.png", "report.html", "Images/background.png",
    }  # fmt: skip


def test_a_manifest_cannot_make_force_reach_outside() -> None:
    made()
    Path("precious").write_text("mine")
    manifest = json.loads(Path("out/manifest.json").read_text("utf-8"))
    manifest["files"] += ["../precious", str(Path("precious").absolute()), 7]
    Path("out/manifest.json").write_text(json.dumps(manifest))
    made("--force")
    assert Path("precious").read_text() == "mine"


def test_a_recording_that_cannot_be_used_is_refused_before_there_is_a_folder(refused: Refused) -> None:
    soundfile.write("nothing.wav", np.zeros(48_000), 48_000)
    assert "nothing.wav" in refused("flute", "nothing.wav", *SMALL, "-o", "out", code=FAILED)
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("flute", "cello", "--notes", ""), "no notes"),
        (("flute", "cello", "--notes", "C4-"), "not a note"),
        (("flute", "cello", "--notes", "C6-C2/3"), "lower note first"),
        (("flute", "cello", "--notes", "C2-C6/0"), "step of 1 or more"),
        (("flute", "cello", "--velocities", ""), "no velocities"),
        (("flute", "cello", "--velocities", "0"), "velocity 0"),
        (("flute", "cello", "--velocities", "40,loud"), "whole numbers"),
        (("flute", "cello", "--velocities", "40,40"), "given twice"),
        (("flute", "cello", "--positions", ""), "no positions"),
        (("flute", "cello", "--positions", "0,2"), "outside 0 to 1"),
        (("flute", "cello", "--positions", "0.5,0.501"), "apart"),
        (("flute", "cello", "--formats", "kontakt"), "expected one of sfz, sf2"),
        (("flute", "cello", "--formats", "all,sfz"), "or all alone"),
        (("flute", "cello", "--formats", "all", "--notes", "C2-C6/2", "--dry-run"), "holds 24 notes, the pack has 25"),
        (("flute", "cello", "--formats", "mpc", "--round-robin", "2", "--notes", "C2-C6"), "the pack needs 147"),
        (("flute", "cello", "--formats", "wav", "--flac"), "take wav out"),
        (("flute", "cello", "--rate", "22050"), "48000"),
        (("flute", "cello", "--bits", "32"), "one of 16, 24"),
        (("flute", "cello", "--round-robin", "0"), "round robins"),
        (("flute", "cello", "--crossfade", "21"), "crossfade 21"),
        (("flute", "cello", "--duration", "0.01"), "duration"),
        (("flute", "cello", "--duration", "nan"), "duration"),
        (("flute", "cello", "--notes", "0-127", "--velocities", ",".join(map(str, range(1, 128))), "--round-robin",
          "16"), "at most 100,000"),
        ((), "a blend takes 1 to 8"),
        (("flute", "celllo"), "did you mean"),
        (("flute", "cello", "--name", "two\nlines"), "one line"),
        (("--from", "none.json"), "none.json"),
        (("flute", "cello", "--from", "none.json"), "leave them out"),
    ],
)  # fmt: skip
def test_requests_that_cannot_be_met(words: tuple[str, ...], says: str, refused: Refused) -> None:
    code = FAILED if words[:1] == ("--from",) else USAGE
    assert says in refused(*words, "-o", "out", code=code)
    assert not Path("out").exists()


def test_invalid_manifests_are_refused(refused: Refused) -> None:
    made()
    good = json.loads(Path("out/manifest.json").read_text("utf-8"))
    recipe = good["recipe"]
    bad: dict[str, Any] = {
        "text": "hello",
        "list": [],
        "another": {"format": 9},
        "lacking": {**good, "recipe": {"sources": ["flute", "cello"]}},
        "odd": {**good, "recipe": {**recipe, "notes": ["C4"]}},
        "model": {**good, "model": "000000000000"},
        "source": {**good, "sources": []},
    }
    for name, content in bad.items():
        Path(f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content))
        code = FAILED if name in ("text", "list", "another") else USAGE
        refused("--from", f"{name}.json", "-o", "again", code=code)
        assert not Path("again").exists()


def test_names_with_slashes_and_umlauts_stay_within_the_folder() -> None:
    manifest = made("--name", "../Größe/<Ü&b>", "--author", 'Jörg "J" <j@x>', "--formats", "sfz,sf2,decentsampler,wav")
    assert all(file.isascii() and ".." not in file and " " not in file for file in manifest["files"])
    assert not Path("Größe").exists()
    assert "../Größe/<Ü&b>" in Path("out/README.md").read_text("utf-8")
    assert "<Ü&b>" not in Path("out/report.html").read_text("utf-8")
    assert b"Gr\xc3\xb6\xc3\x9fe" in (Path("out") / manifest["clips"][0]["file"]).read_bytes()


def test_many_clips_are_warned_of_with_an_estimate_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--notes", "0-124", "--velocities", ",".join(map(str, range(5, 125, 3))), "--positions", "0,1"]
    assert run(["pack", "flute", "cello", *words, *MODEL, "--duration", "0.25", "-o", "out", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("10,000 clips, 41.7 minutes of sound, about ")
    monkeypatch.setattr("nsynth_lab.pack.estimate.MANY_CLIPS", 8)
    made()
    assert capsys.readouterr().err.startswith("warning: 8 clips, 0.1 minutes of sound, about ")


# --- a full disk ---


@pytest.fixture
def little_disk() -> Iterator[Path]:
    """A disk of 2 MiB."""
    folder = Path("disk")
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("a small disk can be made by root on Linux only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_one_line_and_the_rest_can_be_resumed(
    little_disk: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("flute", "cello", "--notes", "C3-C5/3", "--velocities", "90", "--positions", "0,1", "--formats", "sfz,wav",
             "--duration", "1")  # fmt: skip
    assert "are free there" in refused(*words, "-o", "disk/out", code=FAILED)
    assert not list(little_disk.iterdir())
    monkeypatch.setattr("nsynth_lab.pack.estimate.check_room", lambda *_: None)  # the room goes while it works
    assert "the disk is full" in refused(*words, "-o", "disk/out", code=FAILED)
    files = everything(little_disk / "out")
    clips = [name for name in files if name.endswith(".wav")]
    assert 3 < len(clips) < 18
    assert all(len(files[name]) == len(files[clips[0]]) for name in clips)
    subprocess.run(["mount", "-o", "remount,size=64m", str(little_disk)], check=True)
    assert run(["pack", *words, *MODEL, "-o", "disk/out", "--resume"]) == 0
    assert run(["pack", *words, *MODEL, "-o", "whole"]) == 0
    assert everything(little_disk / "out") == everything(Path("whole"))
