"""process: the parent's side of a job's process. `Process` starts it, reads what it tells, and ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.panel.jobs.child import GRACE_SECONDS, LONGEST_ANSWER, Tell
from nsynth_lab.panel.jobs.limits import Limits

CHILD = "nsynth_lab.panel.jobs.child"
DEBUG = "NSYNTH_LAB_DEBUG"  # shows what a job's process prints


class Process:
    """A process that does one piece of work; `result` waits for it, `end` ends it from any thread."""

    def __init__(self, work: str, folder: Path, arguments: Mapping[str, Any], limits: Limits) -> None:
        self._ending, self._has_ended = threading.Lock(), False
        self._child = subprocess.Popen(
            [sys.executable, "-m", CHILD, work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get(DEBUG) else subprocess.DEVNULL,
            start_new_session=True,
        )
        asked = {"folder": str(folder), "arguments": dict(arguments), "limits": limits.to_dict()}
        with suppress(OSError):  # it has ended already, which `result` says
            self._stdin.write(json.dumps(asked).encode() + b"\n")
            self._stdin.flush()

    def result(self, tell: Tell) -> dict[str, Any]:
        """Pass on what it tells, and return what it has made, once it has ended with all that it has begun.

        Raises:
            NsynthLabError: it failed, or its process ended before it had an answer; in a line why.
        """
        answer: dict[str, Any] = {}
        try:
            while line := self._stdout.readline(LONGEST_ANSWER + 2):
                answer = _parsed(line)
                match answer:
                    case {"tell": [int() | float() as done, int() | float() as total, str() as says]}:
                        tell(float(done), float(total), says)
                    case _:
                        break
        finally:
            self.end()
        if isinstance(result := answer.get("result"), dict):
            return result
        raise NsynthLabError(str(answer.get("failed") or _why(self._child.returncode)))

    def end(self) -> None:
        """End it and all that it has begun: first asked, then forced."""
        with self._ending:
            if self._has_ended:  # its number may be another process's by now
                return
            self._has_ended = True
            if self._child.poll() is None:
                self._signal("SIGTERM")
                with suppress(subprocess.TimeoutExpired):
                    self._child.wait(GRACE_SECONDS)
            self._signal("SIGKILL")
            self._child.wait()
            with suppress(OSError):
                self._stdin.close()

    def close(self) -> None:
        """Let go of its pipes; after `result`."""
        self._stdout.close()

    @property
    def _stdin(self) -> Any:
        return self._child.stdin

    @property
    def _stdout(self) -> Any:
        return self._child.stdout

    def _signal(self, name: str) -> None:
        with suppress(OSError):  # it is gone
            if os.name == "posix":
                os.killpg(self._child.pid, getattr(signal, name))  # its session is its own
            else:
                self._child.kill()


def _parsed(line: bytes) -> dict[str, Any]:
    """What a line holds; nothing of one that is damaged, as when the process ended within it, or has no finite numbers.

    The process may have read a stranger's file, so it is not trusted.
    """
    try:
        answer = json.loads(line)
        json.dumps(answer, allow_nan=False)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _why(code: int | None) -> str:
    """Why a process ended that left no answer."""
    if code is None or code >= 0:
        return f"its process ended without an answer (code {code})"
    if -code == getattr(signal, "SIGXCPU", 0):
        return "it took more of the processor's time than a job may"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"its process ended by {name}; it may have taken more memory than there is"
