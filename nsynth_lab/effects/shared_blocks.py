"""SharedBlocks: the memory through which blocks go to a plugin's process and come back.

    asked, done    how many blocks have been handed over, and how many of these are finished
    block k        number k modulo BLOCKS: samples, events, parameter changes, sound; one without samples is a reset

Whoever plays writes a block, then `asked`; the plugin's process reads it, writes its sound, then `done`. Both also
write a byte to a pipe, which wakes the other one and orders the memory of the two processors. The memory has no name in
the file system, so a crash leaves nothing behind.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import Any, NamedTuple

import numpy as np

from nsynth_lab.effects.effect import CHANNELS, MAX_BLOCK_SAMPLES
from nsynth_lab.units import FloatArray

BLOCKS = 16
MAX_EVENTS, MAX_CHANGES, MAX_REASON = 256, 64, 200

_EVENT = np.dtype([("at", "<i4"), ("size", "u1"), ("message", "u1", 3)])
_CHANGE = np.dtype([("parameter", "<i4"), ("raw", "<f4")])
_BLOCK = np.dtype(
    [
        ("sizes", "<i4", 3),  # samples, events, changes
        ("events", _EVENT, MAX_EVENTS),
        ("changes", _CHANGE, MAX_CHANGES),
        ("sound", "<f4", (CHANNELS, MAX_BLOCK_SAMPLES)),
    ]
)
_MEMORY = np.dtype(
    [("asked", "<i8"), ("done", "<i8"), ("latency", "<i8"), ("reason", f"S{MAX_REASON}"), ("blocks", _BLOCK, BLOCKS)]
)


class Message(NamedTuple):
    """A MIDI message of up to three bytes, `at` a sample of its block."""

    at: int
    data: bytes


class Change(NamedTuple):
    """A parameter, by its place in the plugin's list, set to a value on the plugin's own scale of 0 to 1."""

    parameter: int
    raw: float


class SharedBlocks:
    """The memory as one of the two processes sees it; `descriptor` is what the other one needs to map it."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        memory: Any = np.ndarray((), _MEMORY, mmap.mmap(descriptor, _MEMORY.itemsize))
        self._asked, self._done, self._latency, self._reason = (
            memory[name] for name in ("asked", "done", "latency", "reason")
        )
        names = ("sizes", "events", "changes", "sound")
        self._blocks = [tuple(memory["blocks"][number][name] for name in names) for number in range(BLOCKS)]

    @property
    def asked(self) -> int:
        """Blocks handed over so far."""
        return int(self._asked[()])

    @property
    def done(self) -> int:
        """Blocks finished so far."""
        return int(self._done[()])

    @property
    def latency_samples(self) -> int:
        """Latency of the plugin."""
        return int(self._latency[()])

    @latency_samples.setter
    def latency_samples(self, samples: int) -> None:
        self._latency[()] = samples

    @property
    def reason(self) -> str:
        """Why the plugin's process has given up; empty while it has not."""
        return bytes(self._reason[()]).decode("utf-8", "replace")

    @reason.setter
    def reason(self, line: str) -> None:
        self._reason[()] = line.encode()[:MAX_REASON]

    def ask(self, samples: int, *, sound: FloatArray | None, events: list[Message], changes: list[Change]) -> None:
        """Hand over the next block; no more of `events` and `changes` than fit."""
        sizes, told, set_to, heard = self._blocks[self.asked % BLOCKS]
        sizes[:] = samples, len(events), len(changes)
        for place, (at, data) in enumerate(events):
            told[place] = at, len(data), tuple(data.ljust(3, b"\0"))
        for place, change in enumerate(changes):
            set_to[place] = tuple(change)
        if sound is not None:
            heard[:, :samples] = sound
        self._asked[()] = self.asked + 1

    def question(self) -> tuple[FloatArray, list[Message], list[Change]]:
        """The oldest block that is not finished: its sound [2, samples], events and parameter changes."""
        sizes, told, set_to, heard = self._blocks[self.done % BLOCKS]
        samples, events, changes = map(int, sizes)
        messages = [Message(int(at), bytes(data[:size])) for at, size, data in told[:events]]
        return heard[:, :samples], messages, [Change(int(one), float(raw)) for one, raw in set_to[:changes]]

    def answer(self, sound: FloatArray) -> None:
        """The sound [1 or 2, samples] of that block, which is finished with it."""
        *_, heard = self._blocks[self.done % BLOCKS]
        heard[:, : sound.shape[1]] = sound
        self._done[()] = self.done + 1

    def sound(self, number: int, samples: int) -> FloatArray:
        """The sound [2, samples] of a finished block, copied."""
        *_, heard = self._blocks[number % BLOCKS]
        copy: FloatArray = heard[:, :samples].copy()
        return copy


def shared_file() -> int:
    """A file descriptor of memory for `SharedBlocks`, without a name."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("nsynth-lab-plugin")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, _MEMORY.itemsize)
    return descriptor
