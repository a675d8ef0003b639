"""Ctrl-C beside compiled loops: heard when it does no harm. For programs, not for libraries.

A compiled function takes over its arguments, and hands back what it made, by way of a little Python: it looks up the
class of each named tuple, and makes new ones. Python hears Ctrl-C there as anywhere, but Numba (0.68) does not expect
an exception at these points and goes on with nothing in its hands: the process dies, or fails with a SystemError, and
what it was writing is lost. So what falls into such a moment is put off by a millisecond.
"""

from __future__ import annotations

import signal
import threading
from _thread import interrupt_main
from types import FrameType

LATER_SECONDS = 0.001


def interrupt_between_compiled_calls() -> None:
    """Ctrl-C raises KeyboardInterrupt as usual from here on, but not while a compiled function is called or returns.

    Where Ctrl-C is handled in another way already, or ignored, or outside the main thread, nothing changes.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _is_handing_over(frame):
        threading.Timer(LATER_SECONDS, interrupt_main).start()
    else:
        signal.default_int_handler(number, frame)


def _is_handing_over(frame: FrameType | None) -> bool:
    """Whether the class of a named tuple is being looked up by Numba, or one is being made."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "_numba_unpickle" or (code.co_name, code.co_filename) == ("<lambda>", "<string>"):
            return True
        frame = frame.f_back
    return False
