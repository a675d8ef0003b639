"""Tools of Node that look at the panel's page: fetched when they are first needed, by `scripts/node_tools`."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "node_tools"
SECONDS = 180.0


def node_tool(path: str) -> Path:
    """A file of the tools; skips, and says why, where they are not and cannot be fetched."""
    return _folder() / path


@functools.cache
def _folder() -> Path:
    for program in ("node", "npm", "bash"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install nodejs npm")
    done = subprocess.run([str(SCRIPT)], capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        pytest.skip(f"npm could not fetch what looks at the page: {done.stderr.strip()[-300:]}")
    return Path(done.stdout.strip())
