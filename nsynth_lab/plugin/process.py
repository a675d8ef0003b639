"""The engine's process, started by the first instance, wherever that is.

    the shell's child, which ends at once --> keeper --> engine
                                                |
                                              spare

The keeper has loaded everything, and does nothing but wait for the engine. When that crashes it is there again within
a moment, as a copy of the keeper. The spare is another copy, which takes the keeper's place when it has gone with its
engine. All end when no instance has been there for so many seconds.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from nsynth_lab.plugin.place import check_socket_folder

if TYPE_CHECKING:
    from nsynth_lab.render.session import Session

MOST_CRASHES, WITHIN_SECONDS = 5, 10.0
MOST_LOG_BYTES = 1 << 18
MOST_FILES = 1 << 16
MEMORIES, MEMORY = Path("/dev/shm"), "nsynth-lab-"  # as the shell names it: this, its process, a number
WAITING = 256  # instances that connect at once


def begin(path: Path, log: Path, *, linger_seconds: float) -> None:
    """Become a process of its own, and the engine behind the socket `path`, where none runs yet."""
    if os.fork():
        os._exit(0)
    os.setsid()
    _let_go_of_host(log)
    try:
        check_socket_folder(path.parent)  # what is in /tmp is gone when the machine has been started again
        _hold(path, linger_seconds)
    except Exception as error:  # whoever plays is told by the log
        say(f"the engine cannot be started: {' '.join(str(error).split())}")


def _hold(path: Path, linger_seconds: float) -> None:
    lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # another one is there
    path.unlink(missing_ok=True)  # of one that crashed
    _remove_left_over()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        os.chmod(path, 0o600)
        listening.listen(WAITING)
        try:
            _keep_with_spare(listening, linger_seconds)
        finally:
            path.unlink(missing_ok=True)


def say(line: str) -> None:
    """A line with its time to stderr, which is the log."""
    print(time.strftime("%Y-%m-%d %H:%M:%S"), line, file=sys.stderr, flush=True)


def _let_go_of_host(log: Path) -> None:
    """Close whatever the host had open, and write to the log instead."""
    os.closerange(3, MOST_FILES)
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > MOST_LOG_BYTES:
        log.unlink()
    for stream, file in enumerate((Path(os.devnull), log, log)):
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, stream)
        os.close(opened)
    os.chdir("/")


def _remove_left_over() -> None:
    """Remove the memory of hosts that crashed in the moment in which it has a name (see `shell/link.hpp`)."""
    for left in MEMORIES.glob(f"{MEMORY}*"):
        process = left.name.removeprefix(MEMORY).partition("-")[0]
        if process.isdecimal() and not Path("/proc", process).exists():
            with suppress(OSError):
                left.unlink()
                say(f"removed what a crashed host had left: {left}")


def _keep_with_spare(listening: socket.socket, linger_seconds: float) -> None:
    session = _loaded()
    for _ in range(MOST_CRASHES):
        end, held = os.pipe()  # the keeper and its engine hold it open
        if spare := os.fork():
            os.close(end)
            _keep(listening, session, linger_seconds)
            with suppress(OSError):
                os.write(held, b"\0")  # over: nobody is needed any more
            os.waitpid(spare, 0)
            return
        os.close(held)
        if os.read(end, 1):
            os._exit(0)
        os.close(end)
        say("the engine has gone, and its keeper too; it is started again")
    os._exit(1)


def _keep(listening: socket.socket, session: Session, linger_seconds: float) -> None:
    crashes: list[float] = []
    while len(crashes) < MOST_CRASHES:
        engine = os.fork()
        if engine == 0:
            _serve(listening, session, linger_seconds)
        _, status = os.waitpid(engine, 0)
        code = os.waitstatus_to_exitcode(status)
        if code in (0, -signal.SIGTERM):
            return
        now = time.monotonic()
        crashes = [*(at for at in crashes if now - at < WITHIN_SECONDS), now]
        say(f"the engine has crashed ({signal.Signals(-code).name if code < 0 else code}); it is started again")
    say(f"the engine has crashed {MOST_CRASHES} times in {WITHIN_SECONDS:g} s; it is not started again")


def _loaded() -> Session:
    """All that an engine needs; no thread is started, for a copy would lack it."""
    from nsynth_lab.process_tuning import keep_freed_memory, leave_threads_to_torch, sleep_while_waiting

    leave_threads_to_torch()
    sleep_while_waiting()
    keep_freed_memory()
    from nsynth_lab.panel.engines import engine_of
    from nsynth_lab.patch.library import find_preset
    from nsynth_lab.plugin import server  # noqa: F401  the copies need it
    from nsynth_lab.plugin.place import USUAL_PRESET
    from nsynth_lab.render.session import Session
    from nsynth_lab.threads import set_thread_count

    set_thread_count(1)  # each instance has a thread
    session = Session(device="cpu")
    engine = engine_of(session, find_preset(USUAL_PRESET))
    engine.warm_up()
    engine.let_go()
    return session


def _serve(listening: socket.socket, session: Session, linger_seconds: float) -> None:
    """In the copy; never returns."""
    from nsynth_lab.plugin.server import Server

    code = 1
    try:
        Server(session, linger_seconds=linger_seconds, say=say).serve(listening)
        code = 0
    finally:
        os._exit(code)
