"""Metres and keys that are none are wrong requests, whichever command is given them, before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsynth_lab.cli import run


@pytest.mark.parametrize(
    "words",
    [
        ["compose", "-o", "tune.abc"],
        ["loops", "sample", "-o", "loops"],
        ["duet", "flute"],
        ["evolve", "tunes", "--tunes"],
        ["score", "tune.mid", "-o", "tune.svg"],
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize(
    ("option", "text", "says"), [("--metre", "7/0", "expected 1 to 64 above"), ("--key", "Zdor", "expected a tonic")]
)
def test_what_is_none_is_a_wrong_request(
    words: list[str],
    option: str,
    text: str,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([*words, option, text]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert text in said
    assert says in said
    assert not list(tmp_path.iterdir())
