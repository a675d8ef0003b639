"""The parts of a run, and how they are run: each in a process of its own, since an error on a card spoils a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

LAST_CHARACTERS = 2000


@dataclass(frozen=True)
class Part:
    """A part: the module whose `measure(compute, brief)` returns its figures; it is stopped after `limit_seconds`."""

    module: str
    limit_seconds: float

    def measure(self, compute: str, *, brief: bool) -> dict[str, Any]:
        """The figures of this part, as JSON values."""
        measure: Callable[..., dict[str, Any]] = import_module(f"nsynth_lab.bench.card.{self.module}").measure
        return measure(compute, brief=brief)


PARTS = {
    "tests": Part("gpu_tests", 90.0),
    "voices": Part("voices", 150.0),
    "pack": Part("packs", 90.0),
    "training": Part("training", 130.0),
}


def run(name: str, compute: str, *, brief: bool) -> dict[str, Any]:
    """Run a part; its figures, or `failed` with what it said last, and `took_seconds`."""
    command = [sys.executable, "-m", "nsynth_lab.bench.card", "--part", name, "--compute", compute]
    begun = time.perf_counter()
    with subprocess.Popen(
        [*command, *(["--dry-run"] if brief else [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, said = process.communicate(timeout=PARTS[name].limit_seconds)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            out, said = "", f"stopped after {PARTS[name].limit_seconds:g} s"
    lines = out.splitlines()
    figures = (
        json.loads(lines[-1]) if process.returncode == 0 and lines else {"failed": said.strip()[-LAST_CHARACTERS:]}
    )
    return {**figures, "took_seconds": round(time.perf_counter() - begun, 1)}
