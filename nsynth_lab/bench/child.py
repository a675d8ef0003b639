"""child: a command in a process of its own, with the time it took and its peak memory.

The command is started by a small intermediate process, because a system counts the memory of the parent at the fork as
the child's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from nsynth_lab.errors import NsynthLabError

_STARTER = """
import json, subprocess, sys, time
begun = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
child.stdout.readline()
first = time.perf_counter() - begun
said = child.communicate()[1]
whole = time.perf_counter() - begun
try:
    import resource
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
except ImportError:
    peak = 0
print(json.dumps([child.returncode, first, whole, peak, said.decode(errors="replace")[-2000:]]))
"""


@dataclass(frozen=True)
class ChildRun:
    """Times in seconds and peak memory of a finished command.

    Attributes:
        first_line_seconds: until its first line of output.
        seconds: until it ended.
        peak_bytes: peak resident memory; 0 if the system does not report it.
    """

    first_line_seconds: float
    seconds: float
    peak_bytes: int


def run_child(arguments: Sequence[str], *, threads: int = 0) -> ChildRun:
    """Run `python ARGUMENTS` in a process of its own, with `threads` threads of torch; 0 leaves that to torch.

    Raises:
        NsynthLabError: it could not be started or failed.
    """
    environment = {**os.environ, **({"OMP_NUM_THREADS": str(threads)} if threads else {})}
    command = [sys.executable, "-c", _STARTER, sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise NsynthLabError(f"python {' '.join(arguments)}: could not be started: {done.stderr.strip()[-300:]}")
    code, first, whole, peak, said = json.loads(done.stdout)
    if code:
        raise NsynthLabError(f"python {' '.join(arguments)}: ended with code {code}: {said.strip()[-300:]}")
    return ChildRun(first, whole, peak)
