"""The tests that need a graphics card: those marked `gpu`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
LAST_LINES = 40


def measure(_compute: str, *, brief: bool) -> dict[str, Any]:
    """How many tests had which outcome, and the last lines of what failed; `brief` only collects them."""
    # warnings of other versions of the libraries say nothing about the card
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "gpu",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "filterwarnings=default",
    ]
    command += [*(["--collect-only"] if brief else []), *_files()]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    lines = ran.stdout.strip().splitlines()
    counts = re.findall(r"(\d+)(?:/\d+)? (passed|failed|skipped|error|tests collected)", lines[-1] if lines else "")
    return {
        "counts": {word: int(count) for count, word in counts},
        "failures": (lines + ran.stderr.splitlines())[-LAST_LINES:] if ran.returncode else [],
    }


def _files() -> list[str]:
    """The files with such tests: the others need packages that the machine with the card may lack."""
    return [str(path) for path in sorted((REPOSITORY / "tests").glob("test_*.py")) if "mark.gpu" in path.read_text()]
