"""The process of a job whose work stands in this file: what such work may do, and how it may fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nsynth_lab.errors import AudioError
from nsynth_lab.panel.jobs import child

Tell = Callable[[float, float, str], None]


def count(folder: Path, tell: Tell, *, to: int) -> dict[str, Any]:
    """Counts, and leaves files: at the top, below it, hidden, and links that lead out."""
    for number in range(to):
        tell(number, to, f"counting, {number}")
    print("this goes nowhere")
    (folder / "count.txt").write_text(str(to))
    (folder / ".half").write_text("half")
    (folder / "deep").mkdir()
    (folder / "deep" / "näher, #1?.wav").write_text("RIFF")
    (folder / "link.txt").symlink_to("/etc/passwd")
    (folder / "away").symlink_to("/etc")
    tell(to, to, "counted")
    return {"counted": to, "nice": os.nice(0), "process": os.getpid()}


def refuse(_: Path, tell: Tell) -> dict[str, Any]:
    tell(1, 2, "trying")
    raise AudioError("song.wav: not a sound file;\nexpected WAV")


def fail(_: Path, tell: Tell) -> dict[str, Any]:
    del tell
    raise ZeroDivisionError("by nothing")


def crash(_: Path, tell: Tell) -> dict[str, Any]:
    tell(1, 2, "about to")
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}


def swell(_: Path, tell: Tell) -> dict[str, Any]:
    del tell
    kept = [bytearray(1 << 24) for _ in range(1 << 12)]
    return {"kept": len(kept)}


def spin(_: Path, tell: Tell) -> dict[str, Any]:
    del tell
    while True:
        pass


def lie(_: Path, tell: Tell) -> dict[str, Any]:
    """Says by itself what no honest process would."""
    del tell
    for line in (b'{"tell": [NaN, 1e999, "x"]}\n', b'{"tell": "x"}\n', b"[" * 100_000 + b"\n"):
        os.write(int(os.environ["JOB_OUT"]), line)
    return {}


def wait(folder: Path, tell: Tell, *, deaf: bool = False) -> dict[str, Any]:
    """Waits for ever, with a process of its own that does so too; the numbers of both are told."""
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    (folder / "half-done.txt").write_text("half done")
    tell(1, 0, f"{os.getpid()} {other.pid}")
    time.sleep(1000)
    return {}


if __name__ == "__main__":
    os.dup2(1, 9)
    os.environ["JOB_OUT"] = "9"
    child.PACKAGE = "job_child"
    child.main()
