"""Ctrl-C and SIGTERM: both unwind the program, so that temporary files are removed. For programs, not for libraries.

Neither may interrupt a compiled function while it is entered or left. There Numba (0.68) runs a little Python: it looks
up the class of each named tuple among the arguments, and makes those of the result. It does not expect an exception at
these points and carries on without the object: the process crashes or fails with a SystemError, and whatever it was
writing is lost. So a signal that arrives at such a moment is raised again a millisecond later.
"""

from __future__ import annotations

import os
import signal
import threading
from _thread import interrupt_main
from types import FrameType

RETRY_SECONDS = 0.001
TERMINATED = 128 + signal.SIGTERM  # exit code, as shells report it


def install_signal_handlers() -> None:
    """From here on Ctrl-C raises KeyboardInterrupt, as usual, and SIGTERM SystemExit; never within a compiled call.

    Signals that are handled differently or ignored already stay so; outside the main thread nothing changes. Processes
    started by torchrun leave SIGTERM alone: it ends them while they wait for one another.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _handle)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL and "LOCAL_RANK" not in os.environ:
        signal.signal(signal.SIGTERM, _handle)


def _handle(number: int, frame: FrameType | None) -> None:
    if _is_in_compiled_call(frame):
        threading.Timer(RETRY_SECONDS, interrupt_main, (signal.Signals(number),)).start()
    elif number == signal.SIGTERM:
        raise SystemExit(TERMINATED)
    else:
        signal.default_int_handler(number, frame)


def _is_in_compiled_call(frame: FrameType | None) -> bool:
    """Whether Numba is looking up the class of a named tuple, or making one."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "_numba_unpickle" or (code.co_name, code.co_filename) == ("<lambda>", "<string>"):
            return True
        frame = frame.f_back
    return False
