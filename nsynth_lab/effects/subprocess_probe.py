"""Runs third-party code in a process of its own, so that a crash or a hang stays there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence


def run_in_subprocess(
    module: str, arguments: Sequence[str], *, timeout_seconds: float, stdin: bytes = b""
) -> tuple[bytes, str]:
    """Run `python -m module arguments`: (what it wrote to stdout, how it failed; empty on success)."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as child:
        try:
            output, _ = child.communicate(stdin, timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            _kill(child)
            output, _ = child.communicate()
            return output, f"hangs: no answer within {timeout_seconds:g} s"
        except BaseException:
            _kill(child)
            raise
    return output, "" if child.returncode == 0 else failure_of(child.returncode)


def failure_of(code: int) -> str:
    """How a process that loads a plugin has ended, in words that follow its name."""
    if code < 0:
        return f"crashes while it is loaded ({signal_name(code)})"
    return f"ends the process that loads it (code {code})"


def signal_name(code: int) -> str:
    """The signal that ended a process, by its exit code."""
    return signal.Signals(-code).name


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and every process it has started."""
    if hasattr(os, "killpg"):
        os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
