"""PortAudio: what outputs and inputs share. The only door to sounddevice, which is imported on first use."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from nsynth_lab.errors import DeviceError, MissingError
from nsynth_lab.silence_stderr import silence_stderr

CHANNELS = 2
SILENT_SECONDS = 1.0  # without a callback for this long, a stream is dead
RETRY_SECONDS = 1.0  # between two looks for a device that is lost
NO_DEFAULT = "device -1"  # PortAudio's name for a default device that does not exist

before_search: list[Callable[[], object]] = []  # what `renew_devices` calls to close what else is open


def load_sounddevice() -> Any:  # the library ships no types
    """sounddevice, imported on first use.

    Raises:
        MissingError: PortAudio is not installed.
    """
    try:
        with silence_stderr():
            import sounddevice
    except (ImportError, OSError) as error:
        raise MissingError(
            f"playing needs PortAudio ({error}): apt-get install libportaudio2, or brew install portaudio"
        ) from error
    return sounddevice


@contextlib.contextmanager
def opening(sounddevice: Any, name: str, *, none: str, refused: str) -> Iterator[None]:
    """A stream is opened inside; what PortAudio says against it becomes a DeviceError.

    Args:
        sounddevice: the library.
        name: of the device; empty is the system's default.
        none: what to say where there is no default device, and what to connect.
        refused: what to say of any other problem; PortAudio's own words follow.

    Raises:
        DeviceError: see above.
    """
    try:
        yield
    except (sounddevice.PortAudioError, ValueError) as error:
        if not name and NO_DEFAULT in str(error):
            raise DeviceError(
                f"{none}, or start the sound server (PipeWire, PulseAudio, JACK); "
                "`nsynth-lab devices` lists what is found"
            ) from error
        raise DeviceError(f"{refused}: {one_line(error)}; see `nsynth-lab devices`") from error


def renew_devices(sounddevice: Any) -> None:
    """Look for devices again: PortAudio lists only those that existed when it was initialized. Closes all streams."""
    for close_it in before_search:
        close_it()
    with contextlib.suppress(Exception), silence_stderr():
        sounddevice._terminate()
    with contextlib.suppress(Exception), silence_stderr():
        sounddevice._initialize()


def once_a_thread(begin: Callable[[], object]) -> Callable[[], None]:
    """What calls `begin` at its first call on each thread; a stream that is opened again may have another thread."""
    threads = set[int]()

    def called() -> None:
        if (thread := threading.get_ident()) not in threads:
            threads.add(thread)
            begin()

    return called


def close(stream: Any) -> None:
    """Close a stream, whose device may have vanished; None is no stream."""
    if stream is not None:
        with contextlib.suppress(Exception):  # a vanished device may fail in any way
            stream.close(ignore_errors=True)


def one_line(error: Exception) -> str:
    """A PortAudio error as one line."""
    return " ".join(str(error).split()).rstrip(".")
