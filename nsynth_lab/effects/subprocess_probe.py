"""Third-party code run in a process of its own, so that what crashes or hangs takes nothing with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence


def run_apart(
    module: str, arguments: Sequence[str], *, timeout_seconds: float, given: bytes = b""
) -> tuple[bytes, str]:
    """Run `python -m module arguments`, `given` on its standard input: (what it said, how it ended if not well)."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as child:
        try:
            said, _ = child.communicate(given, timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            _kill(child)
            said, _ = child.communicate()
            return said, f"hangs: no answer within {timeout_seconds:g} s"
        except BaseException:
            _kill(child)
            raise
    return said, "" if child.returncode == 0 else _how_it_ended(child.returncode)


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"crashes while it is loaded ({signal.Signals(-code).name})"
    return f"ends the process that loads it (code {code})"


def _kill(child: subprocess.Popen[bytes]) -> None:
    """The child and whatever it has started."""
    if hasattr(os, "killpg"):
        os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
