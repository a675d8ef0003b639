"""A file is whole or it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsynth_lab.atomic_file import LONGEST_NAME_BYTES, atomic_write, write_json
from nsynth_lab.errors import AudioError, NsynthLabError


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    path.write_text("old")
    with atomic_write(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
        assert beside.suffix == ".wav"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def write(path: Path, text: str, failure: type[BaseException] | None = None) -> None:
    with atomic_write(path, AudioError) as beside:
        beside.write_text(text)
        if failure is not None:
            raise failure


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_of_an_unfinished_file(tmp_path: Path, failure: type[BaseException]) -> None:
    path = tmp_path / "take.wav"
    path.write_text("old")
    with pytest.raises(failure):
        write(path, "half", failure)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def test_a_refusal_of_the_system_becomes_the_callers_error(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"take\.wav: cannot be written: No such file"):
        write(tmp_path / "missing" / "take.wav", "x")
    with pytest.raises(NsynthLabError, match="cannot be written"):
        write_json(Path("/dev/full/figures.json"), {})


@pytest.mark.parametrize("letter", ["a", "ö", "琵"])
def test_a_file_name_of_maximum_length_is_written(tmp_path: Path, letter: str) -> None:
    stem = letter * ((LONGEST_NAME_BYTES - 4) // len(letter.encode()))
    with atomic_write(tmp_path / f"{stem}.wav") as beside:
        assert len(beside.name.encode()) <= LONGEST_NAME_BYTES
        assert beside.suffix == ".wav"
        beside.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == [f"{stem}.wav"]
