"""PluginProcess: a plugin that plays in a process of its own, block by block, and can take down nothing but itself.

    submit(samples, sound or events) --> shared memory --> plugin_child: pedalboard --> shared memory --> take()

A block comes back in the same block: the bridge adds no latency. Between `submit` and `take` whoever plays can do other
work. Live, a block that does not come in the time that it lasts is given up and counted; the next ones are not waited
for until the plugin has caught up, so even one that hangs costs a single wait.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from nsynth_lab import messages
from nsynth_lab.effects.hosted_plugin import PluginSetup
from nsynth_lab.effects.shared_blocks import (
    BLOCKS,
    MAX_CHANGES,
    MAX_EVENTS,
    Change,
    Message,
    SharedBlocks,
    shared_file,
)
from nsynth_lab.effects.subprocess_probe import failure_of, signal_name
from nsynth_lab.errors import PluginError
from nsynth_lab.units import SAMPLE_RATE, FloatArray

CHILD = "nsynth_lab.effects.plugin_child"
LOADING_SECONDS = 60.0
PATIENCE_SECONDS = 30.0  # offline, for one block
HANGING_SECONDS = 5.0  # live, until a plugin that does not answer is given up
ENDING_SECONDS, JUST_ENDED_SECONDS = 0.5, 0.02
MAX_WAITING_EVENTS = 4096
LONGEST_LINE = 1 << 16


class PluginProcess:
    """Starts the process; `ready` waits until it has loaded the plugin.

    Attributes:
        late: blocks that came too late, and were given up.
        trouble: why it plays no more; empty while it does.
    """

    def __init__(self, setup: PluginSetup) -> None:
        self.late, self.trouble = 0, ""
        self._name, self._live, self._has_state = setup.name, setup.live, bool(setup.state)
        self._memory = SharedBlocks(shared_file())
        self._child = subprocess.Popen(
            [sys.executable, "-m", CHILD, str(self._memory.descriptor)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            pass_fds=[self._memory.descriptor],
            start_new_session=True,  # Ctrl-C is for whoever plays
        )
        self._end = weakref.finalize(self, _end, self._child, self._memory.descriptor)
        self._asking, self._answering = (pipe.fileno() for pipe in (self._child.stdin, self._child.stdout) if pipe)
        self._answers = select.poll()
        self._answers.register(self._answering, select.POLLIN)
        self._submitted: deque[tuple[int | None, int]] = deque()  # number, or None where there was no room; samples
        self._taken: deque[FloatArray | None] = deque()
        self._events: list[Message] = []
        self._changes: list[Change] = []
        self._behind_since = 0.0
        with suppress(BrokenPipeError):  # `ready` says why
            _write_all(self._asking, json.dumps(setup.to_dict()).encode() + b"\n")

    def ready(self) -> PluginProcess:
        """Wait until it is loaded; what the user should know about it is told.

        Raises:
            PluginError: it crashes or hangs while it is loaded, or cannot be loaded.
        """
        try:
            self._wait_until_loaded()
        except BaseException:
            self.close()
            raise
        os.set_blocking(self._asking, False)
        os.set_blocking(self._answering, False)
        return self

    @property
    def latency_samples(self) -> int:
        """Latency of the plugin."""
        return self._memory.latency_samples

    def change(self, change: Change) -> None:
        """Set a parameter from the next block on."""
        self._changes.append(change)

    def submit(self, samples: int, *, sound: FloatArray | None = None, events: Sequence[Message] = ()) -> None:
        """Hand over the next block of at most 1024 samples: for an effect its sound [2, samples], else its events."""
        if len(self._submitted) == BLOCKS:  # its place in the memory is needed
            self._taken.append(self._take())
        self._events += events
        if self.trouble or not self._has_room():
            self._submitted.append((None, samples))
            self._events = [Message(0, data) for _, data in self._events[-MAX_WAITING_EVENTS:]]
            return
        self._submitted.append((self._memory.asked, samples))
        now, self._events = self._events[:MAX_EVENTS], [Message(0, data) for _, data in self._events[MAX_EVENTS:]]
        changes, self._changes = self._changes[:MAX_CHANGES], self._changes[MAX_CHANGES:]
        self._memory.ask(samples, sound=sound, events=now, changes=changes)
        with suppress(BlockingIOError):
            try:
                os.write(self._asking, b".")
            except BrokenPipeError:
                self._give_up()

    def take(self) -> FloatArray | None:
        """The sound [2, samples] of the oldest block that was submitted; None if it comes too late."""
        return self._taken.popleft() if self._taken else self._take()

    def close(self) -> None:
        """Unload the plugin, and end its process."""
        self._end()

    def reset(self) -> None:
        """Clear all state, such as tails; not while anything is played.

        Raises:
            PluginError: the plugin does not survive it.
        """
        live, self._live = self._live, False
        self.submit(0)
        self.take()
        self._live = live
        if self.trouble:
            raise PluginError(f"{self._name} {self.trouble}")

    def _take(self) -> FloatArray | None:
        number, samples = self._submitted.popleft()
        if number is not None and not self.trouble and self._is_done(number, samples):
            return self._memory.sound(number, samples)
        self.late += not self.trouble
        return None

    def _is_done(self, number: int, samples: int) -> bool:
        """Whether block `number` is finished, after waiting for it as long as may be; not if others come before it."""
        seconds = samples / SAMPLE_RATE if self._live else PATIENCE_SECONDS
        done = self._wait_for(number, seconds if self._memory.done >= number else 0.0)
        now = time.monotonic()
        if done:
            self._behind_since = 0.0
        elif not self._behind_since:
            self._behind_since = now
        if not done and (not self._live or now - self._behind_since > HANGING_SECONDS):
            self._give_up(f"hangs: no answer within {PATIENCE_SECONDS if not self._live else HANGING_SECONDS:g} s")
        return done

    def _has_room(self) -> bool:
        """Whether the next block does not replace one that is still to be played."""
        before = self._memory.asked - BLOCKS
        return self._memory.done > before or (not self._live and self._wait_for(before, PATIENCE_SECONDS))

    def _wait_for(self, number: int, seconds: float) -> bool:
        until = time.perf_counter() + seconds
        self._drain()
        while self._memory.done <= number and not self.trouble:
            left = until - time.perf_counter()
            if left <= 0 or not self._answers.poll(1000.0 * left):
                return False
            self._drain()
        return not self.trouble

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            if not os.read(self._answering, 4096):
                self._give_up()

    def _give_up(self, why: str = "") -> None:
        if not self.trouble:
            self.trouble = why or self._memory.reason or _ended(self._child)
            self._child.kill()

    def _wait_until_loaded(self) -> None:
        until, held = time.monotonic() + LOADING_SECONDS, b""
        while True:
            line, found, held = held.partition(b"\n")
            if found:
                told = json.loads(line)
                if "error" in told:
                    raise PluginError(str(told["error"]))
                if "ready" in told:
                    return
                messages.emit(str(told["remark"]))
                continue
            held = line
            if not self._answers.poll(max(0.0, 1000.0 * (until - time.monotonic()))):
                raise PluginError(f"{self._name}: hangs: no answer within {LOADING_SECONDS:g} s")
            if not (more := os.read(self._answering, LONGEST_LINE)):
                break
            held += more
        failure = failure_of(self._child.wait(ENDING_SECONDS))
        if self._has_state:
            raise PluginError(f"{self._name}: does not survive the state in this preset: it {failure}")
        raise PluginError(f"{self._name}: {failure}")


def _ended(child: subprocess.Popen[bytes]) -> str:
    with suppress(subprocess.TimeoutExpired):
        code = child.wait(JUST_ENDED_SECONDS)
        return f"has crashed ({signal_name(code)})" if code < 0 else f"has ended its process (code {code})"
    return "has ended its process"


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _end(child: subprocess.Popen[bytes], memory: int) -> None:
    """Let the process end, or end it."""
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    try:
        child.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    os.close(memory)
