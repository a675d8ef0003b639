from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.cli import console


def test_json_takes_paths_and_numpy_and_letters(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json({"path": Path("a/b"), "peak": np.float32(0.5), "hz": np.array([1.0, 2.0]), "name": "flûte"})
    out = capsys.readouterr().out
    assert "flûte" in out
    assert json.loads(out) == {"path": str(Path("a/b")), "peak": 0.5, "hz": [1.0, 2.0], "name": "flûte"}


def test_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        console.print_json({"peak": float("nan")})


def test_results_and_messages_take_separate_ways(capsys: pytest.CaptureFixture[str]) -> None:
    long = "out/" + "very-long-name-" * 40 + "[a].wav"
    console.show(long)
    console.say("wrote it [really]")
    heard = capsys.readouterr()
    assert heard.out == long + "\n"
    assert heard.err == "wrote it [really]\n"


def test_progress_without_a_terminal_is_plain_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1_000, 4))
    monkeypatch.setattr("nsynth_lab.cli.console.time.monotonic", lambda: float(next(clock)))
    with console.progress(6, "notes", "rendering") as advance:
        for _ in range(6):
            advance()
    lines = capsys.readouterr().err.splitlines()
    assert 2 <= len(lines) < 6
    assert all(line.startswith("rendering: ") for line in lines)
    assert lines[-1].startswith("rendering: 6/6 notes")


def test_progress_of_unknown_length(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress(None, "steps") as advance:
        advance(5)
    assert capsys.readouterr().err.startswith("5 steps")


def test_progress_in_seconds_of_sound_counts_no_tail(capsys: pytest.CaptureFixture[str]) -> None:
    """A sound of 2 s whose notes sound on for half as long: no more than 2 s are done."""
    with console.sound_progress(2.0, "playing") as advance:
        for _ in range(30):
            advance(4_800)
    assert capsys.readouterr().err.splitlines()[-1].startswith("playing: 2/2 s")


def test_progress_in_seconds_of_a_sound_of_unknown_length(capsys: pytest.CaptureFixture[str]) -> None:
    with console.sound_progress(None, "listening") as advance:
        for _ in range(30):
            advance(4_800)
    assert capsys.readouterr().err.startswith("listening: 3 s")
