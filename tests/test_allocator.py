"""Memory that is freed is kept: the same arrays again cost no page faults."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nsynth_lab.allocator import keep_freed_memory

FAULTS = """
import resource, sys
import torch
from nsynth_lab.allocator import keep_freed_memory
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


def test_other_systems_go_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
