"""A session's shared memory, as the engine sees it (see `layout`)."""

from __future__ import annotations

import math
import mmap
import os
from typing import Any, NamedTuple

import numpy as np

from nsynth_lab.errors import PluginError
from nsynth_lab.plugin.layout import AUDIO_FRAMES, CHANNELS, MAGIC, NUMBER, RECORDS, VERSION
from nsynth_lab.units import SAMPLE_RATE, FloatArray

RECORD = np.dtype([("kind", "u4"), ("frame", "u4"), ("number", "u4"), ("value", "f4")])
LOWEST_RATE, HIGHEST_RATE = 8_000, 384_000
LONGEST_PERIOD = 1_000  # samples after which two rates coincide: the resampler has a filter for each


class Record(NamedTuple):
    """One record of the shell; see `layout.RECORD_KINDS`."""

    kind: int
    frame: int
    number: int
    value: float


class Memory:
    """Reads records and writes audio. Belongs to the thread of its bridge.

    Attributes:
        rate: of the host in Hz.
        lead: frames by which the host hears later than it asks.
        is_effect: whether the host plays something into it.
        made: frames written so far.

    Raises:
        PluginError: it is not laid out as this version expects.
    """

    def __init__(self, file: int) -> None:
        if (size := os.fstat(file).st_size) != NUMBER["MEMORY_BYTES"]:
            raise PluginError(f"a plugin offers {size} bytes of memory; expected {NUMBER['MEMORY_BYTES']}")
        self._whole = memoryview(mmap.mmap(file, size))
        magic, version = int(self._numbers("u8", "AT_MAGIC")[0]), int(self._numbers("u4", "AT_VERSION")[0])
        if magic != MAGIC or version != VERSION:
            raise PluginError(
                f"a plugin speaks version {version} to the engine, not {VERSION}; build and install it again"
            )
        self.rate, self.lead = int(self._numbers("u4", "AT_RATE")[0]), int(self._numbers("u4", "AT_LEAD")[0])
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE or _period(self.rate) > LONGEST_PERIOD:
            raise PluginError(f"a host plays at {self.rate} Hz; expected a usual rate, such as 44100, 48000 or 96000")
        self._offline = self._numbers("u4", "AT_OFFLINE")
        self._asleep = self._numbers("u4", "AT_ASLEEP")
        self._asked, self._done, self._made, self._needed = (
            self._numbers("u8", name) for name in ("AT_ASKED", "AT_DONE", "AT_MADE", "AT_NEEDED")
        )
        self._records = self._numbers(RECORD, "AT_RECORDS", RECORDS)
        self._audio = self._numbers("f4", "AT_AUDIO", AUDIO_FRAMES * CHANNELS).reshape(AUDIO_FRAMES, CHANNELS)
        self._input = self._numbers("f4", "AT_INPUT", AUDIO_FRAMES * CHANNELS).reshape(AUDIO_FRAMES, CHANNELS)
        self.is_effect = bool(self._numbers("u4", "AT_INPUTS")[0])
        self.made = self._heard = 0

    @property
    def offline(self) -> bool:
        """Whether the host waits for every frame."""
        return bool(self._offline[0])

    @property
    def asleep(self) -> bool:
        """Whether silence follows until the host has something to say."""
        return bool(self._asleep[0])

    @asleep.setter
    def asleep(self, asleep: bool) -> None:
        self._asleep[0] = asleep

    @property
    def late(self) -> bool:
        """Whether the host has been given silence for frames that are still to be made."""
        return int(self._needed[0]) > self.made

    def read(self) -> list[Record]:
        """The records since the last call."""
        begin, end = int(self._done[0]), int(self._asked[0])
        if not 0 <= end - begin <= RECORDS:
            raise PluginError("a plugin's memory is damaged")
        places = np.arange(begin, end) % RECORDS
        records = [Record(*row) for row in self._records[places].tolist()]
        self._done[0] = end
        return records

    def hear(self, frames: int) -> FloatArray:
        """The next frames of what the host plays into the effect, [2, frames]."""
        places = np.arange(self._heard, self._heard + frames) % AUDIO_FRAMES
        self._heard += frames
        return np.ascontiguousarray(self._input[places].T)

    def write(self, block: FloatArray) -> None:
        """The next frames, [2, frames]."""
        frames = block.shape[1]
        begin = self.made % AUDIO_FRAMES
        first = min(frames, AUDIO_FRAMES - begin)
        self._audio[begin : begin + first] = block.T[:first]
        self._audio[: frames - first] = block.T[first:]
        self.made += frames
        self._made[0] = self.made

    def _numbers(self, kind: str | np.dtype[np.void], name: str, count: int = 1) -> Any:
        return np.frombuffer(self._whole, kind, count, NUMBER[name])


def _period(rate: int) -> int:
    return max(rate, SAMPLE_RATE) // math.gcd(rate, SAMPLE_RATE)
