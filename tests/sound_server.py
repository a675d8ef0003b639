"""`python sound_server.py COMMAND ...`: run a command with a sound server of its own; where there is none, do not."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from servers import pulse


def main(command: list[str]) -> int:
    """The exit code of the command, or 0 where it was not run."""
    try:
        with tempfile.TemporaryDirectory() as folder, pulse(Path(folder)) as environment:
            return subprocess.run(command, env=environment, check=False).returncode
    except pytest.skip.Exception as reason:
        print(f"not run, because there is no sound server here ({reason}): {' '.join(command)}", file=sys.stderr)
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
