"""The run on a graphics card, tried on the processor: every part comes to its end, and what fails is told in a row."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from nsynth_lab.bench.card import __main__ as card
from nsynth_lab.bench.card.page import table
from nsynth_lab.bench.card.parts import PARTS, Part, run


def test_a_dry_run_comes_to_its_end(repository: Path, tmp_path: Path) -> None:
    """The script itself, but for the pack and the training, which have tests of their own."""
    target = tmp_path / "card.json"
    command = [str(repository / "scripts" / "on_gpu"), "--dry-run", "--only", "tests,voices", "--figures", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(target.read_text())
    assert figures["dry_run"]
    assert figures["tests"]["counts"]["tests collected"] >= 8
    assert figures["voices"]["steps"][0]["ms"] > 0
    assert "| a step of 1 voices |" in done.stdout


@pytest.mark.parametrize("name", ["pack", "training"])
def test_a_part_measures(name: str) -> None:
    figures = PARTS[name].measure("cpu", brief=True)
    assert not card.is_failure(figures)
    shown = table({"card": "none", name: figures})
    assert "2 clips, cpu" in shown if name == "pack" else "one process" in shown


def test_a_part_that_fails_is_a_row_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(PARTS, "tests", Part("gpu_tests", 0.0))
    assert "stopped after 0 s" in run("tests", "cpu", brief=True)["failed"]
    target = tmp_path / "card.json"
    assert card.main(["--dry-run", "--only", "tests", "--figures", str(target)]) == 1
    assert "| tests | failed: stopped after 0 s |" in table(json.loads(target.read_text()))


@pytest.mark.parametrize(("words", "told"), [(["--only", "dance"], "expected some of tests"), ([], "no graphics card")])
def test_what_cannot_be_run_is_one_line(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    if not words and torch.cuda.is_available():
        pytest.skip("there is a graphics card")
    assert card.main(words) == 2
    assert told in capsys.readouterr().err
