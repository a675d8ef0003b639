"""Output: where the sound goes, to the pages or to a device of this machine; it can be changed while it plays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.panel.switch import Switch
from nsynth_lab.priority import lower_priority, raise_audio_thread, raise_priority
from nsynth_lab.render.event_queue import EventQueue
from nsynth_lab.render.live import Live
from nsynth_lab.render.live_thread import running
from nsynth_lab.sinks.device import DeviceSink
from nsynth_lab.sinks.outputs import AudioDevice, outputs
from nsynth_lab.sinks.socket_sink import SocketSink


class Output:
    """The engine's thread and the sink that it plays into: `start`, `change`, `stop`.

    With `priority` the thread asks for it, as `play` does: only where `never_for_long` watches over it. `say` is told
    in a line of what is wrong.

    Attributes:
        latency: of a device, low or high.
        live: what makes the blocks.
        socket: the sink of the pages, whether or not it plays.
    """

    def __init__(
        self,
        engine: Switch,
        event_queue: EventQueue,
        *,
        block_samples: int,
        latency: str,
        device: str | None,
        say: Callable[[str], None],
    ) -> None:
        self._engine, self._queue, self.latency, self._say = engine, event_queue, latency, say
        self._priority = False
        self._changing = threading.Lock()
        self._stack = ExitStack()
        self.socket = SocketSink(block_samples=block_samples)
        self._sink = self._sink_for(device)
        self.live = self._live(self._sink)

    @property
    def is_socket(self) -> bool:
        """Whether the pages play."""
        return self._sink is self.socket

    @property
    def kind(self) -> str:
        """As `messages.Status` names it."""
        return "socket" if self.is_socket else "device"

    @property
    def device(self) -> str | None:
        """The name of the device that plays, empty for the default one; None while the pages play."""
        return self._sink.name if isinstance(self._sink, DeviceSink) else None

    def devices(self) -> list[AudioDevice]:
        """The outputs of this machine; where none of them plays, also those that were connected since the last call.

        Raises:
            MissingError: PortAudio is not installed.
        """
        with self._changing:
            return outputs(again=self.is_socket)

    def start(self, *, priority: bool) -> None:
        """Begin to play.

        Raises:
            DeviceError, MissingError: the device cannot be opened.
        """
        self._priority = priority
        self.change(self._sink)

    def change(self, sink: SocketSink | DeviceSink) -> None:
        """Play into another sink.

        Raises:
            DeviceError, MissingError: it cannot be opened; the one before plays on.
        """
        stack = ExitStack()
        stack.enter_context(sink)
        with suppress(Exception):  # the engine's thread has told what it ended by, and a vanished device may fail
            self.stop()
        self._sink, self.live = sink, self._live(sink)
        begin = self._asking(raise_priority)
        stack.enter_context(running(self.live, threading.Event(), begin=begin, failed=self._failed))
        self._stack = stack

    def change_to(self, device: str | None, latency: str = "") -> None:
        """As `change`: to a device by its name, the default one if that is empty, or to the pages.

        A device that plays is let go first, as many can be opened only once; if the new one cannot be opened, it plays
        again.
        """
        with self._changing:
            before = self.device, self.latency
            self.latency = latency or self.latency
            if (device, self.latency) == before:
                return
            try:
                if device is not None and before[0] is not None:
                    self._let_go()
                self.change(self._sink_for(device))
            except NsynthLabError:
                self.latency = before[1]
                if self._sink is not self.socket:
                    self._back_to(before[0])
                raise

    def _back_to(self, device: str | None) -> None:
        try:
            self.change(self._sink_for(device))
        except NsynthLabError:  # gone meanwhile: the pages always can
            self.change(self.socket)

    def _let_go(self) -> None:
        with suppress(Exception):  # see `change`
            self.stop()

    def stop(self) -> None:
        """Play no more; what the engine's thread ended by is raised."""
        self._stack.close()

    def _failed(self, error: BaseException) -> None:
        self._say(f"the sound has ended: {type(error).__name__}: {error} (a defect of nsynth-lab: please report it)")

    def _sink_for(self, device: str | None) -> SocketSink | DeviceSink:
        if device is None:
            return self.socket
        begin = self._asking(raise_audio_thread)
        return DeviceSink(device, block_samples=self.socket.block_samples, latency=self.latency, begin=begin)

    def _asking(self, raise_it: Callable[[], object]) -> Callable[[], object]:
        """What a thread begins with, which asks for priority if that is wanted by then."""
        return lambda: self._priority and raise_it()

    def _live(self, sink: SocketSink | DeviceSink) -> Live:
        return Live(self._engine, sink, overloaded=lambda: lower_priority(self._say), event_queue=self._queue)
