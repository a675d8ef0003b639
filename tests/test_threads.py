"""As many threads as the process may use: its processors, its control group's share, OMP_NUM_THREADS, the last word."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
import torch
from tiny_model import tiny_checkpoint

from nsynth_lab import threads
from nsynth_lab.model.checkpoint import load_checkpoint
from nsynth_lab.model.codec import on_one_thread
from nsynth_lab.threads import granted, limited_to, set_thread_count, thread_count, usable_processors


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_chosen", None)


def test_what_was_set_last_goes_for_torch_too(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert thread_count() == 5
    try:
        set_thread_count(3)
        assert (thread_count(), torch.get_num_threads()) == (3, 3)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("value", "count"), [("4", 4), ("3,2", 3), ("", None), ("0", None), ("two", None), ("-1", None)]
)
def test_the_variable_counts_if_it_is_a_number(monkeypatch: pytest.MonkeyPatch, value: str, count: int | None) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert thread_count() == (count or usable_processors())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux confines a process to processors")
def test_a_process_confined_to_one_processor_uses_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "OWN_GROUPS", Path("/nowhere"))
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usable_processors.__wrapped__() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert usable_processors.__wrapped__() == len(allowed)


def grouped(folder: Path, lines: str, files: dict[str, str]) -> float:
    """`granted` in made-up control groups."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "own").write_text(lines)
    return granted(folder / "own", folder)


def test_a_control_groups_share_of_time_is_a_number_of_processors(tmp_path: Path) -> None:
    assert grouped(tmp_path / "a", "0::/\n", {"cpu.max": "150000 100000\n"}) == 1.5
    assert grouped(tmp_path / "b", "0::/x\n", {"x/cpu.max": "max 100000\n"}) == math.inf
    two = {"x/cpu.max": "400000 100000", "x/y/cpu.max": "max 100000", "z/cpu.max": "10000 100000"}
    assert grouped(tmp_path / "c", "0::/x/y\n", two) == 4.0  # the group above limits too, the one beside does not
    assert grouped(tmp_path / "d", "0::/outside/of/it\n", {"cpu.max": "200000 100000"}) == 2.0
    old = {"cpu,cpuacct/x/cpu.cfs_quota_us": "50000\n", "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n"}
    assert grouped(tmp_path / "e", "4:memory:/x\n3:cpu,cpuacct:/x\n", old) == 0.5
    unlimited = {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}
    assert grouped(tmp_path / "f", "1:cpu:/\n", unlimited) == math.inf
    assert grouped(tmp_path / "g", "nonsense\n0::/\n", {"cpu.max": "much\n"}) == math.inf
    assert granted(tmp_path / "missing", tmp_path) == math.inf


def test_part_of_a_processor_counts_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpu.max").write_text("20000 100000")
    (tmp_path / "own").write_text("0::/")
    monkeypatch.setattr(threads, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(threads, "GROUPS", tmp_path)
    assert usable_processors.__wrapped__() == 1


def test_an_encoding_stays_on_one_thread_when_the_model_is_made_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    before = torch.get_num_threads()
    checkpoint = load_checkpoint(tiny_checkpoint(tmp_path))
    with on_one_thread():
        assert checkpoint.model.encoder is not None
        assert (thread_count(), torch.get_num_threads()) == (1, 1)
    assert (thread_count(), torch.get_num_threads()) == (3, before)


def test_a_limit_ends_with_its_context(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    try:
        with limited_to(2):
            assert (thread_count(), torch.get_num_threads()) == (2, 2)
        assert (thread_count(), torch.get_num_threads()) == (4, 4)
    finally:
        torch.set_num_threads(before)
