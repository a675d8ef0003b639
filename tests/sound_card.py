"""What stands in for a sound card."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np


class Stream:
    """What PortAudio's streams do, without a device: one asks for blocks at their pace, the other brings silence."""

    latency = 0.01

    def __init__(self, *, blocksize: int, channels: int, samplerate: int, callback: Any, **_: object) -> None:
        self._block, self._seconds = np.zeros((blocksize, channels), np.float32), blocksize / samplerate
        self._callback, self._ended = callback, threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def close(self, **_: object) -> None:
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            flags = SimpleNamespace(output_underflow=False, input_overflow=False)
            self._callback(self._block, len(self._block), None, flags)
            time.sleep(self._seconds)


def no_sound_card() -> SimpleNamespace:
    """As `sounddevice` would be on a machine with one output and a microphone.

    No sound server stands in for it here, as in the live tests: those play in real time on a machine of their own,
    while these lines run beside other tests, where a server would drop out, and have to run where none is installed.
    """
    device = {
        "name": "made", "hostapi": 0, "max_output_channels": 2, "max_input_channels": 1,
        "default_low_output_latency": 0.01, "default_high_output_latency": 0.04,
        "default_low_input_latency": 0.01, "default_high_input_latency": 0.04,
    }  # fmt: skip
    return SimpleNamespace(
        OutputStream=Stream,
        InputStream=Stream,
        PortAudioError=RuntimeError,
        default=SimpleNamespace(device=(0, 0)),
        query_devices=lambda *one: device if one else [device],
        query_hostapis=lambda: [{"name": "made"}],
        check_output_settings=lambda **_: None,
        check_input_settings=lambda **_: None,
    )
