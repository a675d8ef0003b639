"""Memory that is freed is kept, so that the same arrays again cost no page faults; threads are left to torch."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nsynth_lab.process_tuning import NUMPY_POOLS, keep_freed_memory, leave_threads_to_torch

FAULTS = """
import resource, sys
import torch
from nsynth_lab.process_tuning import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
for _ in range(3):
    kept = [torch.ones(1_000_000) for _ in range(4)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    kept = [torch.ones(1_000_000) for _ in range(4)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    mapped = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"}  # left alone, glibc may or may not learn to keep
    command = [sys.executable, "-c", FAULTS, how]
    ran = subprocess.run(command, env=mapped, capture_output=True, text=True, check=True, timeout=120)
    return int(ran.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be told to keep memory")
def test_freed_memory_is_used_again_without_page_faults() -> None:
    assert faults("kept") * 5 < faults("given back")


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()


def test_numpy_has_one_thread_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NUMPY_POOLS[0], "3")
    monkeypatch.delenv(NUMPY_POOLS[1], raising=False)
    leave_threads_to_torch()
    assert [os.environ[pool] for pool in NUMPY_POOLS] == ["3", "1"]


def test_the_command_line_does_not_import_numpy_before_it_has_said_so() -> None:
    watched = (
        "import sys, nsynth_lab.process_tuning as p; p.leave_threads_to_torch = lambda: print('numpy' in sys.modules)"
    )
    command = [
        sys.executable,
        "-c",
        f"{watched}; import nsynth_lab.__main__ as m; sys.argv[1:] = ['--version']; m.main()",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert ran.stdout.startswith("False")
