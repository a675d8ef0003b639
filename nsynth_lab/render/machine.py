"""What a live engine asks of the machine: to go first, and the number of threads that serves it best."""

from __future__ import annotations

import math
import os
import sys

from nsynth_lab.render.ensemble import Playing

WORTH_IT = 0.8
REAL_TIME_PRIORITY, NICENESS = 5, -11


def raise_priority() -> bool:
    """Ask the system to let this thread, and those it starts, go first; whether it does.

    An audio thread that waits its turn behind other programs is late. Linux grants it to members of the audio group
    (`rtprio` in limits.conf) and to root; elsewhere PortAudio asks for its own thread.
    """
    if sys.platform != "linux":
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))
    except OSError:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        except OSError:
            return False
    return True


def choose_threads(engine: Playing) -> int:
    """Let torch run on one thread or on two, whichever takes steps faster here; how many it is.

    The steps are small, and a second thread must be worth its waiting. OMP_NUM_THREADS, where set, decides.
    """
    import torch

    engine.warm_up()
    if "OMP_NUM_THREADS" in os.environ:
        engine.step_seconds()
        return torch.get_num_threads()
    seconds = {}
    for threads in (2, 1) if (os.cpu_count() or 1) > 1 else (1,):
        torch.set_num_threads(threads)
        seconds[threads] = engine.step_seconds()
    if seconds.get(2, math.inf) < WORTH_IT * seconds[1]:
        torch.set_num_threads(2)
    return torch.get_num_threads()
