"""Examines one capability in a process of its own: `python -m nsynth_lab.doctor NAME`.

So a library that fails to load, crashes or hangs becomes a result instead of the end of the examination.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 60.0


class ProbeError(Exception):
    """What is wrong, and what to do about it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.advice = advice


@dataclass(frozen=True)
class ProbeResult:
    """The result of one probe.

    Attributes:
        name: what was examined.
        purpose: what it is needed for.
        needed: whether the main job, blending to a file, needs it.
        works: whether it works.
        detail: what was found, or what went wrong.
        advice: what to do; empty if it works.
    """

    name: str
    purpose: str
    needed: bool
    works: bool
    detail: str
    advice: str = ""


@dataclass(frozen=True)
class Probe:
    """How one capability is examined."""

    name: str
    purpose: str
    needed: bool
    examine: Callable[[], str]
    advice: str


def run_probe(probe: Probe) -> ProbeResult:
    """Examine one capability in a process of its own, and return the result."""
    command = [sys.executable, "-m", "nsynth_lab.doctor", probe.name]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS, check=False
        )
        given: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        given = {"works": False, "detail": f"no answer within {TIMEOUT_SECONDS:.0f} s"}
    except (IndexError, ValueError):
        lines = done.stderr.strip().splitlines()
        reason = lines[-1] if lines else "no message"
        given = {"works": False, "detail": f"ended with code {done.returncode}: {reason}"}
    if not given["works"]:
        given.setdefault("advice", probe.advice)
    return ProbeResult(probe.name, probe.purpose, probe.needed, **given)


def answer(probe: Probe) -> dict[str, Any]:
    """Run a probe in this process; returns arguments for a `ProbeResult`."""
    try:
        return {"works": True, "detail": probe.examine()}
    except ProbeError as problem:
        return {"works": False, "detail": str(problem), "advice": problem.advice}
    except Exception as error:  # whatever a broken library raises is the result
        return {"works": False, "detail": " ".join(f"{type(error).__name__}: {error}".split())}


def system_package(debian: str, elsewhere: str) -> str:
    """How to install a system library on this machine."""
    if shutil.which("apt-get"):
        return f"apt-get install {debian}"
    return (
        f"brew install {elsewhere}" if shutil.which("brew") else f"install {elsewhere} with your system's package tool"
    )
