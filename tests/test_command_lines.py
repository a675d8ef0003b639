"""Every command line that the READMEs and the help texts show is run: as it stands, but shorter, on a small model.

`SHORTER` says what is made short, `AS_FAR` what needs something that is not here and how far it goes then, `NOT_HERE`
what is not run at all and why. A line that is in none of them and does not end well fails the test.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
from command_lines import NoPorts, in_the_help, in_the_readmes, make_inputs, shortened, takes
from sound_card import no_sound_card
from tiny_model import tiny_config

from nsynth_lab.analysis.basic_pitch import BasicPitch
from nsynth_lab.cli import run
from nsynth_lab.errors import MissingError
from nsynth_lab.evaluate import ablation
from nsynth_lab.model.bank import BANK
from nsynth_lab.render import DEFAULT_CHECKPOINT

pytestmark = pytest.mark.patient  # a minute and a half

MODEL = "tiny-model"
FONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
KARS = Path(__file__).resolve().parent.parent / "build" / "vst3" / "Kars.vst3"


def has(*packages: str) -> bool:
    return all(importlib.util.find_spec(name) for name in packages)


def hears_chords() -> bool:
    try:
        BasicPitch()
    except MissingError:
        return False
    return True


_CLIPS = ("--notes", "C4", "--velocities", "100", "--duration", "0.3")
_CAPTURE = ("--low", "C4", "--high", "C4", "--velocities", "100", "--hold", "0.5", "--duration", "0.6")
_TRAIN = ("--steps", "1", "--batch", "1", "--jobs", "1")
_FONT = ("--programs", "42,73", "--step", "24", "--velocities", "100", "--holds", "0.5", "--max-duration", "0.6",
         "--jobs", "1")  # fmt: skip
SHORTER: dict[str, Sequence[str]] = {  # the longest beginning that fits counts; "" adds an argument
    "blend": ("--duration", "0.3"),
    "blend flute cello --curve": ("--curve", "0:0,0.2:1", "--duration", "0.3"),
    "blend glockenspiel": ("--curve", "0:0,0.2:1", "--duration", "0.3"),
    "encode": ("--rounds", "1"),
    "encode odd-bell": ("--rounds", "1", "--refine", "1"),
    "encode strange-bell": ("--rounds", "1", "--refine", "1"),
    "decode": ("--duration", "0.3"),
    "play": ("--duration", "0.2", "--latency", "high"),
    "duet": ("--duration", "0.2", "--latency", "high"),
    "loops play": ("--duration", "0.2", "--latency", "high"),
    "duet flute --file": (),
    "pack": _CLIPS,
    "pack flute cello -o": (*_CLIPS, "--positions", "0,1"),
    "pack my-kalimba": (*_CLIPS, "--positions", "0,1"),
    "pack my-voice": (*_CLIPS, "--positions", "0,1"),
    "pack --from": (),
    "pack --resume": (),
    "preset render": ("", "glass-cello"),
    "preset check": (),
    "preset remove": ("", "--force"),
    "capture": (),
    "capture FONT": _CAPTURE,
    "capture FluidR3": _CAPTURE,
    "capture piano.sfz": _CAPTURE,
    "dataset soundfont": _FONT,
    "dataset soundfont piano": (*_FONT[2:], "--programs", "0"),
    "train": _TRAIN,
    "train notes/horn -o runs/horn --resume": ("--steps", "2", *_TRAIN[2:]),
    "train notes/ -o runs/mine --steps 800": ("--steps", "2", *_TRAIN[2:]),
    "evaluate": ("--limit", "2", "--pairs", "2", "--rounds", "1", "", "--all"),
    "evaluate --only translation": ("--to", "flute"),
    "evolve my-tunes --tunes": ("--bars", "2"),
    "imagine": ("--count", "1"),
    "imagine --family reed --like oboe": ("--count", "2"),
    "ablate": ("--steps", "1", "--batch", "1", "--jobs", "1", "--limit", "1"),
    "bank build": ("--jobs", "1", "--spacing", "12"),
    "bank build --from": ("--jobs", "1", "--from-checkpoint", "few-model", "--rounds", "0"),
    "bank detail": ("--jobs", "1"),
    "bank reencode": ("--from-checkpoint", "few-model", "--rounds", "1"),
    "bench": ("", "--quick", "--only", "machine"),
    "plugins scan": ("", "no-plugins"),
}
NO_PLUGIN = "needs a plugin; tests/test_plugins.py and tests/test_capture.py run them where one is built"
NO_GPU = "needs an NVIDIA GPU"
NO_ONNX = "needs the package onnx; tests/test_export.py runs it where that is installed"
NO_JACK = "needs a JACK server; tests/test_jack.py plays through one where that is installed"
NO_OSC = "needs the extra osc; tests/test_osc.py runs it where that is installed"
NO_NETWORK = "needs the extra transcribe; tests/test_transcribe.py runs it where that is installed"
AS_FAR: dict[
    str, tuple[str, bool, str, int]
] = {  # why, whether it is missing here, what is said then, and the exit code
    "capture SomeSynth.vst3": (NO_PLUGIN, True, "SomeSynth", 1),
    "capture Kars.vst3": (NO_PLUGIN, True, "Kars", 1),
    "plugins scan": (NO_PLUGIN, True, "no .vst3 file was found|no such folder", 2),
    "plugins scan ~/my-plugins": (NO_PLUGIN, True, "no such folder", 1),
    "plugins state": (NO_PLUGIN, True, "ZamDelay", 1),
    "plugins show": (NO_PLUGIN, True, "ZamDelay", 1),
    "translate band.wav": (NO_NETWORK, not hears_chords(), "pip install --no-deps basic-pitch", 1),
    "evaluate --only chords": (NO_NETWORK, not hears_chords(), "pip install --no-deps basic-pitch", 1),
    "export flute cello -o blend.onnx": (NO_ONNX, not has("onnx", "onnxruntime"), "onnx", 1),
    "play flute --part 2=cello --part 3=glass-cello --midi all --jack": (
        NO_JACK,
        True,
        "no JACK server answers|needs JACK-Client",
        1,
    ),
    "play --preset glass-cello --osc": (NO_OSC, not has("pythonosc"), "needs python-osc", 1),
    "bench --compute cuda": (NO_GPU, not torch.cuda.is_available(), "no CUDA device", 2),
}
NOT_HERE = {
    "scripts/demo": "installs; it is made of blends as these",
    "scripts/test": "this is it",
    ". .venv/bin/activate": "a shell's",
    "doctor": "tests/test_cli.py runs it; its probes take ten processes",
    "panel": "tests/test_panel_server.py runs it; it plays until Ctrl-C",
    "evolve my-reeds": "tests/test_evolve.py breeds instruments; of a tiny model's none is recognised",
    "plugin build": "tests/test_plugin.py builds it",
    "plugin use": "tests/test_plugin.py puts a preset on a track",
    "plugin panel": "tests/test_plugin_panel.py opens it on a track",
    "plugin install": "tests/test_plugin.py installs it, elsewhere than in the user's folders",
    "torchrun": "tests/test_parallel.py trains in several processes",
}
FIRST = {  # what a line takes for granted and the lines before it could not make here
    'blend "my synth"': ["capture", "my-samples", "--name", "my synth", "--family", "string"],
    'blend "my strings"': ["capture", "my-samples", "--name", "my strings", "--family", "string"],
    "bank export": ["capture", "my-samples", "--name", "my strings", "--family", "string"],
    "bank import": ["bank", "remove", "my strings"],
    "preset check my-pad": ["preset", "new", "My Pad", "flute", "choir aahs", "-o", "my-pad.toml"],
}
FONTS = ("dataset soundfont", "capture FONT", "capture FluidR3", "notes/gm")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that holds what the lines name, with an output that nobody hears and a keyboard that nobody touches."""
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VISUAL", "true")  # an editor that changes nothing
    monkeypatch.setitem(sys.modules, "sounddevice", no_sound_card())
    monkeypatch.setattr("nsynth_lab.midi.ports.Ports", NoPorts)
    monkeypatch.setattr("nsynth_lab.priority.raise_audio_thread", lambda: None)
    monkeypatch.setattr(ablation, "EXPERIMENTS", ablation.EXPERIMENTS[:2])  # of eight trainings
    monkeypatch.setattr(ablation, "ModelConfig", tiny_config)
    monkeypatch.setattr("nsynth_lab.imagine.choose.CANDIDATES", 2)  # of twenty
    Path("no-plugins").mkdir()
    make_inputs(FONT if FONT.is_file() else None)


def fitting(line: str, table: Mapping[str, object]) -> str | None:
    """The longest beginning in the table that fits a line."""
    begun = [one for one in table if line.removeprefix("nsynth-lab ").startswith(one)]
    return max(begun, key=len) if begun else None


def out_of_the_way(words: Sequence[str]) -> None:
    """What another line has written under the name that this one writes to."""
    for option in {"-o", "--figures", "--report", "--plot", "--record"} & set(words) if "--resume" not in words else ():
        path = Path(words[words.index(option) + 1])
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def how_it_ends(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Nothing if a line ends as it should, else what it said."""
    if fitting(line, NOT_HERE) or (not FONT.is_file() and any(word in line for word in FONTS)):
        return ""
    beginning = fitting(line, SHORTER)
    words = shortened(line, {beginning: SHORTER[beginning]} if beginning else {}, checkpoint=MODEL)
    out_of_the_way(words)
    if first := fitting(line, FIRST):
        assert run([*FIRST[first], *(("--checkpoint", MODEL) if takes(FIRST[first], "--checkpoint") else ())]) == 0
    capsys.readouterr()
    code = run(words)
    said = capsys.readouterr().err
    limit = fitting(line, AS_FAR)
    if limit and AS_FAR[limit][1]:
        well = code == AS_FAR[limit][3] and re.search(AS_FAR[limit][2], said) and "defect" not in said
    else:
        well = code == 0
    return "" if well else f"{line}\n  as {' '.join(words)}\n  ended with {code}: {said.strip()[-600:]}"


def all_run(lines: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    troubles = [how_it_ends(line, capsys) for line in lines]
    assert not any(troubles), "\n".join(filter(None, troubles))


def test_every_command_of_the_readmes_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """In its order: later ones take up what earlier ones have made."""
    lines = in_the_readmes()
    assert len(lines) > 15
    all_run(lines, capsys)


def test_every_example_of_the_help_runs(capsys: pytest.CaptureFixture[str]) -> None:
    lines = in_the_help()
    assert len(lines) > 45
    all_run(lines, capsys)
