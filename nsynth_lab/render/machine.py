"""What a live engine needs of the machine: the best number of threads."""

from __future__ import annotations

import math
import os

from nsynth_lab.render.ensemble import Playing
from nsynth_lab.threads import set_thread_count, thread_count, usable_processors

WORTH_IT = 0.8  # a second thread must bring the time of a step below this share


def choose_threads(engine: Playing) -> int:
    """Compute on one or two threads, whichever makes steps faster on this machine; returns the number.

    The steps are small: a second thread must make up for its synchronisation. OMP_NUM_THREADS, if set, decides.
    """
    engine.warm_up()
    if "OMP_NUM_THREADS" in os.environ:
        engine.step_seconds()
        return thread_count()
    seconds = {}
    for threads in (2, 1) if usable_processors() > 1 else (1,):
        set_thread_count(threads)
        seconds[threads] = engine.step_seconds()
    if seconds.get(2, math.inf) < WORTH_IT * seconds[1]:
        set_thread_count(2)
    return thread_count()
