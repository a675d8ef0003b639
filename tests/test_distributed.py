"""Several processes train as one: torchrun starts two on the CPU, and what comes of it is what one process makes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from test_train import write_notes
from tiny_model import tiny_model

from nsynth_lab.cli import run
from nsynth_lab.model.checkpoint import load_checkpoint, save_weights
from nsynth_lab.model.headers import WEIGHTS
from nsynth_lab.train import loop
from nsynth_lab.train.distributed import SINGLE_PROCESS, ProcessGroup
from nsynth_lab.train.run_state import FILE, saved_step

# Which precision is faster is measured, and may turn out otherwise from one run to the next.
DRIVER = """
import sys
from pathlib import Path
from nsynth_lab.cli import console, run
from nsynth_lab.train import loop
loop.bf16_is_faster = lambda _: False
console.SECONDS_BETWEEN_LINES = 0.0
code = run(["train", *sys.argv[1:]])
# Threads of the process group that live on may abort Python while it closes down.
names = [path.read_text() for path in Path("/proc/self/task").glob("*/comm")]
assert not any("gloo" in name for name in names), names
sys.exit(code)
"""
WORDS = ("set", "--base", "base", "--batch", "4", "--learning-rate", "1e-3", "--swap", "0.5", "--augment", "0.5")
QUIET = ("--jobs", "1", "--compute", "cpu")
WARNINGS = {"PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}  # of TensorBoard and torchrun


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with notes, a tiny checkpoint, and what to start."""
    folder = tmp_path_factory.mktemp("place")
    write_notes(folder / "set")
    save_weights(folder / "base", tiny_model(seed=8), about={})
    (folder / "driver.py").write_text(DRIVER)
    return folder


def start(place: Path, *words: str) -> subprocess.Popen[str]:
    torchrun = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone")
    script = [sys.executable, *torchrun, "driver.py", *words]
    env = {**os.environ, **WARNINGS, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    return subprocess.Popen(
        script, cwd=place, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def done(place: Path, *words: str) -> tuple[int, str, str]:
    with start(place, *words) as process:
        out, err = process.communicate(timeout=500)
    return process.returncode, out, err


def assert_alike(place: Path, one: str, other: str) -> None:
    """Moments of the optimizers and weights are the same but for rounding.

    Adam's first steps are as large for a gradient that is nearly nothing as for any, and what is nearly nothing is all
    rounding: so weights are compared by how far they moved together, and gradients by the moments.
    """
    first, second = (load_file(str(place / run / FILE)) for run in (one, other))
    base = load_file(str(place / "base" / WEIGHTS))
    assert first.keys() == second.keys()
    moved = missed = 0.0
    for name, value in first.items():
        apart = float((second[name] - value).norm())
        if name.startswith("model."):
            moved += float((value - base[name.removeprefix("model.")].float()).norm()) ** 2
            missed += apart**2
        elif "exp_avg" in name or "momentum" in name:
            assert apart < 2e-3 * float(value.norm()) + 1e-6, name
        else:
            assert apart < 2e-3 * float(value.norm()) + 1e-3, name
    assert moved > 0
    assert missed < 1e-4 * moved  # a hundredth of the way


@pytest.mark.patient
def test_two_processes_train_like_one(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (*WORDS, *QUIET, "--decorrelate", "1", "--steps", "4")
    monkeypatch.chdir(place)
    monkeypatch.setattr(loop, "bf16_is_faster", lambda _: False)
    assert run(["train", *words, "-o", "one"]) == 0
    code, out, err = done(place, *words, "-o", "two")
    assert code == 0, err
    assert out == "two: trained to step 4\n"
    assert err.count("training: 4/4") == 1 or err.count("training: 4/4") == 2, err  # one process speaks
    assert_alike(place, "one", "two")
    assert load_checkpoint(place / "two").header["steps"] == 4
    assert {path.name for path in (place / "two").iterdir()} == {path.name for path in (place / "one").iterdir()}


@pytest.mark.patient
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_two_processes_are_interrupted_and_go_on(place: Path) -> None:
    with start(place, *WORDS, *QUIET, "-o", "cut", "--steps", "100000") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if re.match(r"training: [2-9]/", line):
                os.killpg(process.pid, signal.SIGINT)
                break
        _, rest = process.communicate(timeout=120)
    assert rest.count("interrupted\n") == 1, rest
    assert "unexpected" not in rest
    step = saved_step(place / "cut")
    assert step >= 2
    code, out, err = done(place, *WORDS, *QUIET, "-o", "cut", "--steps", str(step + 1), "--resume")
    assert code == 0, err
    assert out == f"cut: trained to step {step + 1}\n"


def test_a_batch_that_cannot_be_shared(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both processes that torchrun would start find that out, and the first one says it."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank, times in (("1", 0), ("0", 1)):
        monkeypatch.setenv("RANK", rank)
        assert run(["train", *WORDS, *QUIET, "--batch", "3", "-o", "odd"]) == 2
        assert capsys.readouterr().err.count("--batch 3 cannot be shared by 2 processes") == times


def test_alone_nothing_is_shared() -> None:
    value = torch.ones(3)
    assert SINGLE_PROCESS.all_sum(value) is value
    assert SINGLE_PROCESS.is_leader
    assert SINGLE_PROCESS.rows(8) == slice(0, 8)
    assert [ProcessGroup(rank, 4).rows(8) for rank in (0, 3)] == [slice(0, 2), slice(6, 8)]
