"""Threads that make sound go first where the system allows it, but never so long that the machine stops answering.

A thread that makes sound and waits behind other programs misses its deadline, and the sound breaks up. Linux grants
real-time priority (SCHED_RR) to members of a group that limits.conf names, and to root. Only the thread that asks gets
it, and so do helpers that it waits for; other threads and programs that it starts do not (SCHED_RESET_ON_FORK).
A sound server's library has a thread of its own in this program, which carries the sound on: it gets it too.
Other threads of a program that plays come right behind (`behind_sound`), even if they only wait and look now and then:
the interpreter's lock goes from thread to thread, and the sound would wait for whoever is to have it and waits itself
for a processor. A nice value does not help there: Linux weighs sessions against each other, and the values within one.
Sources: sched(7), getrlimit(2), CPython's ceval_gil.c (FORCE_SWITCHING).

macOS and Windows give the sound card's thread real-time priority themselves; there is nothing to ask for.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

PRIORITY, NICENESS = 5, -11  # above all that is not real time, below the system's own threads and JACK's
AGAIN_SECONDS = 10.0
LONGEST_SECONDS = 0.5  # a thread that computes for so long without a pause has lost its deadlines anyway
ADVICE = (
    "let the system grant it: `sudo usermod -aG audio $USER`, a line `@audio - rtprio 95` in "
    "/etc/security/limits.d/audio.conf, then log in again"
)

CARRIERS = ("threaded-ml",)  # libpulse's; PipeWire's asks for itself
LOWERED = "it goes on at normal priority, so that this machine can still be used"

_raised: dict[int, int] = {}  # priority by thread
_lost: dict[int, float] = {}  # when a thread that came behind had taken too long
_watched = False
_refused: set[int] = set()


def raise_priority(*, behind: int = 0, thread: int = 0) -> bool:
    """Ask the system for real-time priority for this thread, or else for a lower nice value; whether it grants either.

    Only within `never_for_long`, so that the machine stays usable. `behind`: by how much others that make sound come
    first; 0 to 4. `thread`: another one of this program, by its native number.
    """
    if sys.platform != "linux":
        return False
    thread = thread or threading.get_native_id()
    with suppress(OSError):
        os.sched_setscheduler(thread, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY - behind))
        _raised[thread] = PRIORITY - behind
        return True
    with suppress(OSError):
        os.sched_setscheduler(thread, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, thread, NICENESS)
        return True
    _refused.add(thread)
    return False


def raise_or_end() -> None:
    """As `raise_priority`, right behind the threads that make sound, in a process that the system may end.

    It is ended once it computes for half a second without a pause. So a plugin that loses its way does not take the
    machine with it.
    """
    if sys.platform == "linux":
        import resource

        _soft, hard = resource.getrlimit(resource.RLIMIT_RTTIME)
        wanted = round(1e6 * LONGEST_SECONDS)
        resource.setrlimit(resource.RLIMIT_RTTIME, (wanted if hard < 0 else min(wanted, hard), hard))
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        raise_priority(behind=1)


def raise_audio_thread() -> None:
    """As `raise_priority`, on an audio thread, for it and for the threads that carry its sound to a server."""
    raise_priority()
    for task in Path("/proc/self/task").glob("*"):
        with suppress(OSError):  # it has ended
            if (task / "comm").read_text().strip() in CARRIERS:
                raise_priority(thread=int(task.name))


@contextmanager
def behind_sound() -> Iterator[None]:
    """Within this context this thread comes right behind those that make sound, if they have priority.

    For threads that take the interpreter's lock again and again, and never for long.
    """
    come_behind()
    try:
        yield
    finally:
        _lower(threads=[threading.get_native_id()])


def come_behind() -> None:
    """As `behind_sound`, until the thread ends; to be called now and then, for who takes too long loses it for 10 s."""
    thread = threading.get_native_id()
    if _watched and thread not in _raised and time.monotonic() - _lost.get(thread, -math.inf) > AGAIN_SECONDS:
        raise_priority(behind=1)


def is_raised() -> bool:
    """Whether this thread has real-time priority by `raise_priority`."""
    return threading.get_native_id() in _raised


def lower_priority(say: Callable[[str], None] = lambda _: None) -> None:
    """Give this thread normal priority again if it had real time, and tell `say` so: it has more to do than it can."""
    if is_raised():
        _lower()
        say(f"there is more to play than this machine can: {LOWERED}")


def refusal() -> str:
    """Why sound drops out beside other programs, and what to do, if the system has refused; said once, else empty."""
    if not _refused:
        return ""
    _refused.clear()
    return f"the sound dropped out, and it has normal priority because the system grants no more; {ADVICE}"


@contextmanager
def never_for_long(say: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """Within this context a real-time thread that computes for half a second without a pause gets normal priority.

    Waiting for the interpreter's lock is a pause, so this is for endless work in a library. The system does not say
    which thread it was: those that came behind lose theirs first, and nobody hears that; those that make sound if it
    goes on for another second. `say` is then told so in a sentence. Only the main thread can watch; elsewhere nothing
    happens.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        yield
        return
    import resource

    def lower(_number: int, _frame: FrameType | None) -> None:
        if behind := [thread for thread, one in _raised.items() if one < PRIORITY]:
            _lost.update(dict.fromkeys(behind, time.monotonic()))
            _lower(threads=behind)
            return
        if _lower():
            say(f"the sound took the processor for {LONGEST_SECONDS:g} s without a pause: {LOWERED}")

    soft, hard = resource.getrlimit(resource.RLIMIT_RTTIME)
    wanted = round(1e6 * LONGEST_SECONDS)
    global _watched
    _watched = True
    before = signal.signal(signal.SIGXCPU, lower)
    resource.setrlimit(resource.RLIMIT_RTTIME, (wanted if hard < 0 else min(wanted, hard // 2), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_RTTIME, (soft, hard))
        signal.signal(signal.SIGXCPU, before or signal.SIG_DFL)
        _watched = False
        _lower()
        _refused.clear()
        _lost.clear()


def _lower(*, threads: Sequence[int] | None = None) -> bool:
    """Give these threads, or all, their normal priority again; whether there was any that had more."""
    found = [thread for thread in threads or tuple(_raised) if _raised.pop(thread, None) is not None]
    for thread in found:
        with suppress(OSError):  # the thread has ended
            # with the flag, which only a privileged program may take back
            os.sched_setscheduler(thread, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))
    return bool(found)
