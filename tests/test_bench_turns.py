"""Two versions in turns: each runs with its own interpreter, and the first sound is that of the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nsynth_lab.bench.pretended.sounddevice import FIRST_SOUND
from nsynth_lab.bench.spinner import beside
from nsynth_lab.bench.turns.__main__ import main
from nsynth_lab.bench.turns.child import DEVICE, Version
from nsynth_lab.bench.turns.commands import SONG, SOUND, Command, prepare
from nsynth_lab.dsp.pitch_guess import measure_note
from nsynth_lab.midi.song import read_song

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="checkouts with .venv/bin")

PLAYED = """
import sys, time
import numpy as np
from nsynth_lab.sinks.device import DeviceSink

with DeviceSink(block_samples=256) as sink:
    for number in range(400):
        sink.write(np.full((2, 256), float(number >= 150), np.float32))
sys.exit("the first sound did not end the process")
"""


def checkout(folder: Path, line: str) -> Path:
    """A checkout whose interpreter is a shell script."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{line}\n")
    python.chmod(0o755)
    return folder


def test_each_version_runs_with_its_own_interpreter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = checkout(tmp_path / "old", "sleep 0.4; echo 'import time: 1 | 1 | torch' >&2")
    new = checkout(tmp_path / "new", f'exec "{sys.executable}" "$@"')
    figures = tmp_path / "figures.json"
    asked = [str(old), str(new), "--turns", "1", "--busy", "0", "--only", "help", "--json", str(figures)]
    assert main(asked) == 0
    (one,) = json.loads(figures.read_text())["compared"]
    assert one["command"] == "--help"
    assert one["old_wall"]["median"] > 0.4 > one["old_cpu"]["median"]  # it slept
    assert one["new_cpu"]["median"] > 0.05
    assert one["wall_ratio"]["median"] == pytest.approx(one["new_wall"]["median"] / one["old_wall"]["median"])
    assert one["old_imports"] == ["torch"]
    assert "torch" not in one["new_imports"]
    assert "| --help | alone |" in capsys.readouterr().out


def test_what_cannot_be_compared_is_told_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = str(tmp_path)
    assert main([bare, bare]) == 1
    assert "no .venv/bin/python; run scripts/setup there" in capsys.readouterr().err
    assert main([bare, bare, "--only", "sing"]) == 2
    assert "no such command" in capsys.readouterr().err
    assert main([bare, bare, "--busy", "some"]) == 2
    broken = str(checkout(tmp_path / "broken", "echo torch is missing >&2; exit 3"))
    assert main([broken, broken, "--only", "pack", "--turns", "1"]) == 1
    assert "pack of 24 clips: ended with code 3: torch is missing" in capsys.readouterr().err


def test_a_first_time_finds_empty_caches(tmp_path: Path) -> None:
    only_if_fresh = 'mkdir -p "$NSYNTH_LAB_HOME" && cd "$NSYNTH_LAB_HOME" && test ! -e kept && touch kept'
    version = Version("old", checkout(tmp_path / "tree", only_if_fresh), tmp_path / "work")
    version.run(Command("first", (), fresh=("own",)))
    version.run(Command("first again", (), fresh=("own",)))
    version.run(Command("second", (), exit_code=1))


def test_the_recording_is_a_c4_and_the_song_begins_at_once(tmp_path: Path) -> None:
    from nsynth_lab.audio import read_audio

    prepare(tmp_path)
    sound = read_audio(tmp_path / SOUND)
    assert measure_note(sound.mono(), sound.sample_rate)[0] == pytest.approx(60.0, abs=0.05)
    song = read_song(tmp_path / SONG)
    assert song.events[0].at_sample == 0


def test_the_first_sound_is_when_the_device_hears_it(tmp_path: Path) -> None:
    first = tmp_path / "first"
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", PLAYED], env={**os.environ, "PYTHONPATH": str(DEVICE), FIRST_SOUND: str(first)},
        check=True, timeout=60,
    )  # fmt: skip
    assert begun + 150 * 256 / 48_000 - 0.1 < float(first.read_text()) < time.monotonic()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts processes in /proc")
def test_busy_processes_are_busy_and_end() -> None:
    def children() -> set[str]:
        return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())

    before = children()
    with beside(2):
        spinning = children() - before
        assert len(spinning) == 2
        time.sleep(0.2)
        assert all(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "R" for pid in spinning)
    assert children() == before
