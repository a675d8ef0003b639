"""What starts a command: nothing large is imported that it does not need. torch is for what encodes and trains."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import mido
import pytest
from test_train import pluck

from nsynth_lab.audio import write_audio
from nsynth_lab.cli import run
from nsynth_lab.compiled import CACHE_FOLDER

PRESET = """
version = 1
name = "made"
[blend]
corners = ["flute", "cello"]
[envelope]
release_seconds = 0.1
"""


def imported(*words: str, code: int = 0) -> set[str]:
    """The large packages that a command has imported at its end, where all that it needs is compiled."""
    process = [sys.executable, str(Path(__file__).with_name("start_process.py")), *words]
    here = set(Path().iterdir())
    while True:
        before = compiled_loops()
        done = subprocess.run(process, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
        assert done.returncode == code, done.stderr
        if compiled_loops() == before:
            return set(done.stdout.splitlines()[-1].split())
        for made in set(Path().iterdir()) - here:  # it compiled, which takes more: once again
            shutil.rmtree(made) if made.is_dir() else made.unlink()


def compiled_loops() -> set[Path]:
    """Numba's cached machine code."""
    return set(CACHE_FOLDER.rglob("*.nbc"))


@pytest.mark.usefixtures("beside_model")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--help", 0),
        ("blend --help", 0),
        ("blend flute cello -o wrong.xyz", 2),
        ("blend flute nosuch -o a.wav --checkpoint model", 2),
        ("instruments --checkpoint model", 0),
        ("preset list", 0),
        ("blend flute cello -o a.wav --checkpoint model", 0),
        ("blend flute cello piano --position 0.2,0.7 --rate 44100 --bits 16 -o a.flac --checkpoint model", 0),
        ("blend flute cello --even --steps 3 --duration 0.5 -o series.wav --checkpoint model", 0),
    ],
)
def test_one_note_of_instruments_needs_nothing_large(line: str, code: int) -> None:
    assert imported(*line.split(), code=code) == set()


@pytest.mark.usefixtures("beside_model")
@pytest.mark.parametrize(
    "line",
    [
        "play flute cello --duration 0.3 --latency high --checkpoint model",
        "render song.mid flute cello -o song.wav --rate 44100 --checkpoint model",
        "pack flute cello --notes C4,E4 --velocities 100 --duration 1 --rate 44100 -o pack --checkpoint model",
        "preset render made.toml -o page --checkpoint model",
    ],
)
def test_what_plays_and_packs_instruments_needs_no_torch(line: str) -> None:
    song = mido.MidiFile()
    notes = [mido.Message(kind, note=69, time=time) for kind, time in (("note_on", 0), ("note_off", 240))]
    song.tracks.append(mido.MidiTrack(notes))
    song.save("song.mid")
    Path("made.toml").write_text(PRESET)
    made = imported(*line.split())
    assert made.isdisjoint({"torch", "torchaudio", "librosa"})
    if not line.startswith("pack"):  # compiled loops bring it if they use NumPy's sums and sorts: 0.2 s
        assert "scipy.linalg" not in made


@pytest.mark.usefixtures("beside_model")
def test_a_recording_needs_torch_only_when_it_is_encoded() -> None:
    write_audio("bell.wav", pluck(72, seconds=0.3))
    line = ["blend", "bell.wav", "cello", "--checkpoint", "model"]
    assert run([*line, "-o", "first.wav"]) == 0
    assert imported(*line, "-o", "second.wav") == set()
    assert Path("first.wav").read_bytes() == Path("second.wav").read_bytes()


def test_what_plays_on_after_a_command_needs_no_torch() -> None:
    """The panel's server, what paints beside it, the process of a job, and the engine of the plugin."""
    modules = ("panel.server", "panel.pictures.work", "panel.jobs.child", "plugin.process")
    script = f"import sys; import {', '.join(f'nsynth_lab.{one}' for one in modules)}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout == "False\n"
