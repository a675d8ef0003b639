"""Host stage: a track of a DAW as the panel's instrument plays on it. The sound goes to the host and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.panel.output import Output
from nsynth_lab.panel.switch import Source, Switch
from nsynth_lab.panel.worker import WorkerShare
from nsynth_lab.patch import Patch
from nsynth_lab.plugin.bridge import Bridge
from nsynth_lab.render.ensemble import Playing
from nsynth_lab.render.event_queue import EventQueue
from nsynth_lab.sinks.outputs import AudioDevice

BLOCK_SAMPLES = 256  # of what pages are told; the host's are what they are
ELSEWHERE = "the sound goes to the track in the DAW; choose its output there"


class HostOutput(Output):
    """Where the sound goes: to the host. `begin` with every session."""

    def __init__(self, engine: Switch, event_queue: EventQueue, *, say: Callable[[str], None]) -> None:
        super().__init__(engine, event_queue, block_samples=BLOCK_SAMPLES, latency="low", device=None, say=say)

    def begin(self, bridge: Bridge, *, lead_seconds: float) -> None:
        """Tell from now on how it goes here."""
        self._engine = bridge.engine
        self.live = self._live(self.socket)  # nothing runs it: it has the figures
        self.socket.latency_seconds = lead_seconds - self.socket.block_seconds
        bridge.meter = self.live.meter

    @property
    def is_socket(self) -> bool:
        """Never: no page sounds."""
        return False

    @property
    def kind(self) -> str:
        """As `messages.Status` names it."""
        return "host"

    def devices(self) -> list[AudioDevice]:
        """None is to be chosen.

        Raises:
            UsageError: always, in a line.
        """
        raise UsageError(ELSEWHERE)

    def change_to(self, device: str | None, latency: str = "") -> None:  # noqa: ARG002
        """It cannot be changed.

        Raises:
            UsageError: always, in a line.
        """
        raise UsageError(ELSEWHERE)

    def start(self, *, priority: bool) -> None:
        """The bridge plays already."""


class HostStage:
    """See `panel.stage.TrackStage`; goes on from one session of an instance to the next.

    `changed` is called when the sound has, or the blend is being dragged, from any thread; `late` with an engine that
    takes over.

    Attributes:
        bridge: of the present session; None between two.
    """

    def __init__(self, bridge: Bridge, worker: WorkerShare, *, say: Callable[[str], None]) -> None:
        self.worker, self.event_queue, self.switch = worker, EventQueue(), bridge.engine
        self.output = HostOutput(self.switch, self.event_queue, say=say)
        self.bridge: Bridge | None = None
        self.changed: Callable[[], None] = lambda: None
        self.late: Callable[[Playing], None] = lambda _: None
        self._place: dict[str, float] = {}
        self._patch: Patch | None = None
        self._followed: Patch | None = None
        self._follower: Source | None = None  # the effect's, which belongs to its session

    def attach(self, bridge: Bridge, *, lead_seconds: float) -> None:
        """A session begins; a tune that played in the one before plays no more."""
        before, now = self.switch, bridge.engine
        for source in before.sources if before is not now else ():
            source.stop()
        if before is not now:
            now.sources += tuple(source for source in before.sources if source is not self._follower)
            now.performer = now.performer if before.performer is self._follower else before.performer
            now.companion, now.heard = before.companion, before.heard
        self._follower = bridge.follower
        self.switch, self.bridge = now, bridge
        self.event_queue.drain()
        self.output.begin(bridge, lead_seconds=lead_seconds)
        bridge.played = self.event_queue

    def detach(self) -> None:
        """A session has ended."""
        self.bridge = None

    @property
    def has_news(self) -> bool:
        """Whether the sound has changed since it was taken."""
        return self._patch is not None

    def take_patch(self) -> Patch | None:
        """The sound, if it has changed since the last call."""
        patch, self._patch = self._patch, None
        return patch

    def take_place(self) -> dict[str, float]:
        """Where the blend has been dragged to since the last call, `x` and `y`; empty if it has not."""
        place, self._place = self._place, {}
        return place

    def take(self, engine: Playing) -> None:
        """See `panel.stage.Stage`; between two sessions the next one begins with an engine of its own."""
        if self.bridge is None:
            engine.let_go()
        else:
            self.bridge.change(engine)
            self.late(engine)

    def settle(self, stopping: Callable[[], bool]) -> None:
        """See `panel.stage.Stage`; a host that stands still would take for ever, so the bridge sees to it."""

    def follow(self, patch: Patch) -> None:
        """See `panel.stage.Stage`."""
        if patch is not self._followed:
            self._patch = self._followed = patch
            self._place = {}
            if self.bridge is not None:
                self.bridge.patch = patch
            self.changed()

    def drag(self, events: list[Event]) -> None:
        """See `panel.stage.Stage`."""
        self._place = {event.name: event.value for event in events if event.kind is Kind.SETTING}
        self.changed()

    def let_go(self) -> None:
        """See `panel.stage.Stage`; the engine is the session's."""
