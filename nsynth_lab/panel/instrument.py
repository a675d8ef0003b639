"""Instrument: the sound that all pages share, and all that they may ask of it.

    handle(message) --> PlayedKeys: keys, wheels --> EventQueue ---------------> engine's thread (Output)
                    --> PresentSound: changes --> Engines: settings at once, or a new engine from the worker
                    --> FileRequests: presets, files --> PresentSound

Any thread may call it. Nothing here waits for the engine or for a page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from threading import RLock, current_thread, main_thread
from types import TracebackType
from typing import Any, Self

from nsynth_lab.errors import NsynthLabError, PatchError, UsageError
from nsynth_lab.midi.events import Event, tempo
from nsynth_lab.panel.engines import Answering, Engines, engine_of
from nsynth_lab.panel.file_requests import File, FileRequests
from nsynth_lab.panel.followed import Followed
from nsynth_lab.panel.hands import Played
from nsynth_lab.panel.history import History, Sound
from nsynth_lab.panel.listeners import Listeners, Tell, Told
from nsynth_lab.panel.machine_midi import MachineMidi
from nsynth_lab.panel.messages.playing import Clock, Midi, MidiIn, Panic
from nsynth_lab.panel.messages.playing import Output as ToOutput
from nsynth_lab.panel.messages.shown import Keys, Notes, State, Status
from nsynth_lab.panel.output import Output
from nsynth_lab.panel.page_keyboard import events_in
from nsynth_lab.panel.played_keys import PlayedKeys
from nsynth_lab.panel.present_sound import PresentSound
from nsynth_lab.panel.remote_hands import RemoteHands
from nsynth_lab.panel.shown import notes_of, status_of
from nsynth_lab.panel.stage import OwnStage, TrackStage
from nsynth_lab.panel.switch import Companion, Performer, Source
from nsynth_lab.panel.worker import Worker, WorkerShare
from nsynth_lab.patch import Patch
from nsynth_lab.priority import never_for_long, refusal
from nsynth_lab.render.event_queue import EventQueue
from nsynth_lab.render.machine import choose_threads
from nsynth_lab.render.play_request import BLOCKS
from nsynth_lab.render.session import Session
from nsynth_lab.sinks.device import LATENCIES
from nsynth_lab.sinks.socket_sink import SocketSink
from nsynth_lab.units import FloatArray


class Instrument:
    """A patch that plays, with undo and redo; a context manager, within which it sounds.

    `device`: None for the pages, else a device of this machine by its name, the default one if that is empty. On a
    `stage` of somebody else it plays there, and all that is made for it here is who may ask for what.

    Attributes:
        session: the checkpoint and the bank.
        block_samples: of each block.
        midi: the ports of this machine.
        remote_troubles: returns what is wrong with what other programs send, a line each; set by who lets them in.
        worker: what builds engines and opens devices.

    Raises:
        UsageError: a block size or latency that there is not, or an instrument that is not in the bank.
        PatchError, PluginError, AudioError, LatentsError: the patch cannot be played.
        DeviceError, MissingError: on entering, a device that cannot be opened.
    """

    def __init__(
        self,
        session: Session,
        patch: Patch,
        *,
        preset: str = "",
        block_samples: int = 256,
        latency: str = "low",
        device: str | None = None,
        stage: TrackStage | None = None,
    ) -> None:
        if block_samples not in BLOCKS:
            raise UsageError(f"blocks of {block_samples} samples; expected one of {', '.join(map(str, BLOCKS))}")
        if latency not in LATENCIES:
            raise UsageError(f"latency '{latency}'; expected {' or '.join(LATENCIES)}")
        self.session, self.block_samples = session, block_samples
        self.worker: Worker | WorkerShare = stage.worker if stage else Worker()
        self._lock = RLock()
        self._listeners = Listeners(self._lock)
        self._events = stage.event_queue if stage else EventQueue()
        self._played = PlayedKeys(self._events, self._listeners)
        self.midi = MachineMidi(
            self._played.hear, lost=self._played.lose_ports, changed=lambda: self.tell(self.midi.ports)
        )
        self._followed = Followed(self._events.put_at, self.midi.hear_clock)
        self._remote = RemoteHands()
        self.remote_troubles: Callable[[], Iterable[str]] = tuple
        patch = patch.with_macros_applied()
        history = History(Sound(patch, preset, patch if preset else None))
        self._present = PresentSound(
            history,
            lambda: session.bank,
            self._events,
            self._lock,
            self._listeners,
            engines=lambda refused: Engines(
                session,
                history,
                self._events,
                self.worker,
                self._lock,
                stage=stage or OwnStage(engine_of(session, patch)),
                refused=refused,
            ),
        )
        self._engines = self._present.engines
        self._files = FileRequests(self._present, self._listeners)
        self._stack = ExitStack()
        if stage is not None:
            self.output = stage.output
            return
        choose_threads(self._engines.switch.present)
        self.output = Output(
            self._engines.switch,
            self._events,
            block_samples=block_samples,
            latency=latency,
            device=device,
            say=self._listeners.say,
        )

    @property
    def sound(self) -> SocketSink | None:
        """Where pages listen; None while a device plays."""
        return self.output.socket if self.output.is_socket else None

    @property
    def patch(self) -> Patch:
        """The present sound."""
        return self._present.patch

    def hear(self, heard: Callable[[FloatArray], None] | None) -> None:
        """Have every block of what sounds given to `heard`, on the engine's thread: it must neither wait nor change it.

        None: to nobody any more.
        """
        self._engines.switch.heard = heard

    def add_source(self, source: Source) -> None:
        """Have something play beside pages and ports from now on; a panic stops it."""
        with self._lock:
            self._engines.switch.sources = (*self._engines.switch.sources, source)

    def holds(self, key: int) -> bool:
        """Whether a page holds a key down; from any thread."""
        return self._played.holds(key)

    def perform(self, performer: Performer) -> None:
        """As `add_source`, for the one that has a sound of its own."""
        self.add_source(performer)
        self._engines.switch.performer = performer

    def play_with(self, companion: Companion) -> None:
        """Have somebody hear what is played, and play with it, from now on; see `accompany`."""
        self._engines.switch.companion = companion

    def accompany(self, answering: Answering | None) -> None:
        """Have an engine for a partner beside the player's from now on, or no more."""
        with self._lock:
            if answering != self._engines.answering:
                self._engines.accompany(answering)

    @property
    def answering(self) -> Answering | None:
        """What the partner plays; None without one, also where its sound could not be played."""
        return self._engines.answering

    @property
    def partner_is_ready(self) -> bool:
        """Whether a partner can be heard."""
        return self._engines.partner_is_ready

    @property
    def partner_is_silent(self) -> bool:
        """Whether nothing of a partner sounds."""
        return self._engines.partner_is_silent

    @property
    def has_zone(self) -> bool:
        """Whether the channels are an MPE zone now."""
        return self._engines.switch.player.channels.is_member(1)

    @property
    def place(self) -> tuple[float, float]:
        """Where the blend is now, from left to right and from top to bottom."""
        settings = self._engines.switch.player.settings
        return settings.x, settings.y

    def handle(self, message: Any) -> None:
        """Do what a page asks for: any message of `FROM_PAGE` but hello.

        Raises:
            NsynthLabError: it cannot be done; in one line why, and what to do.
        """
        try:
            if isinstance(message, File):  # without the lock, so that keys need not wait for a disk
                self._files.handle(message)
            elif isinstance(message, Midi):  # which waits for the system
                self.midi.choose(message)
            elif isinstance(message, MidiIn):
                self._played.hear(time.perf_counter(), events_in(message))
            elif isinstance(message, Clock):
                self.follow_clock(message.follow)
            elif isinstance(message, ToOutput):
                self.worker.ask("output", partial(self._change_output, message))
            elif isinstance(message, Played):
                self._play(message)
            else:
                self._present.handle(message)
        except RecursionError as error:
            raise PatchError("nested too deeply") from error

    def follow_clock(self, name: str) -> None:
        """Keep to the tempo, the beat, start and stop of midi or link; to the sound's own tempo, if empty.

        Raises:
            MissingError, MidiError: it cannot be heard on this machine.
        """
        switch = self._engines.switch
        self._followed.follow(name, bpm=switch.player.beats.bpm)
        if not name:
            switch.is_timed = switch.runs = False
            self._events.put([tempo(self.patch.tempo_bpm)])

    def hear_remote(self, seconds: float, events: Sequence[Event]) -> None:
        """Play what another program has sent over OSC at `seconds` of `time.perf_counter`; from any thread.

        The parameters that it moves are kept in the sound once they have come to rest.
        """
        self._played.hear(seconds, events)
        self._remote.note(events)

    def heard_values(self) -> dict[str, float]:
        """What other programs are told over OSC."""
        from nsynth_lab.osc.feedback import values_of

        status, present = self.output.live.status(), self._engines.switch.present
        return values_of(
            present.player, clock=present.clock, voices=status.engine.voices, peak=status.engine.peak,
            load=status.median, underruns=status.underruns,
        )  # fmt: skip

    def state(self) -> State:
        """The sound, for whoever wants to show it."""
        return self._present.state()

    def status(self) -> Status:
        """How it goes. What has gone wrong since the last call is told to all who have subscribed."""
        live = self.output.live
        status = live.status()
        refused = refusal() if status.underruns else ""
        told = (live.troubles(), [refused] * bool(refused), self._followed.troubles(), self.remote_troubles())
        for line in chain.from_iterable(told):
            self._listeners.say(line)
        self._present.note_taken_out(status.engine.taken_out)
        with self._lock:
            if self._played.wheel_has_come_to_rest():
                self._present.keep_wheel(status.engine.x)
        self._present.keep_moved(self._remote.at_rest)
        switch, followed = self._engines.switch, self._followed
        return status_of(
            status, self.output, bpm=switch.player.beats.bpm, clock=followed.name,
            clock_is=followed.state(runs=switch.runs),
        )  # fmt: skip

    def notes(self) -> Notes:
        """Where the notes of MPE controllers are."""
        return notes_of(self._engines.switch.player)

    def keys(self) -> Keys:
        """Which keys are down."""
        with self._lock:
            return self._played.keys

    def put(self, name: str, corner: int) -> None:
        """Put an instrument on a corner of the pad, counted from 0; beyond the last one on a new corner.

        Raises:
            UsageError: there is no such instrument.
        """
        self._present.put(name, corner)

    def replace(self, name: str, others: Sequence[str]) -> None:
        """Put others, or none, where an instrument stands on the pad now.

        Raises:
            UsageError: nothing would be left.
        """
        self._present.replace(name, others)

    def revise(self, change: Callable[[Patch], Patch]) -> None:
        """Apply a change that no message of a page describes.

        Raises:
            NsynthLabError: it cannot be done.
        """
        self._present.revise(change)

    def renew(self) -> None:
        """Play the present sound anew, because one of its instruments has changed in the session's bank."""
        with self._lock:
            self._engines.renew()

    def adopt(self, patch: Patch | None = None) -> None:
        """The owner of the stage has an engine of its own play this sound, which can be undone; or the present one."""
        self._present.adopt(patch)

    def adjust(self, change: Callable[[Patch], Patch]) -> None:
        """The sound has been moved on its stage, such as by a host's automation; there is nothing to undo."""
        self._present.adjust(change)

    def subscribe(self, tell: Tell) -> Callable[[], None]:
        """Call `tell` on every change from now on; returns a function that unsubscribes it.

        `tell` is called from any thread and must not block.
        """
        return self._listeners.subscribe(tell)

    def tell(self, message: Told) -> None:
        """Tell all who have subscribed."""
        self._listeners.tell(message)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(never_for_long(self._listeners.say))
            stack.callback(self._engines.let_go)
            self.output.start(priority=current_thread() is main_thread())
            stack.callback(self.output.stop)
            stack.enter_context(self.worker)
            stack.callback(self.midi.close)
            stack.callback(self._followed.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _play(self, message: Played) -> None:
        with self._lock:
            for source in self._engines.switch.sources if isinstance(message, Panic) else ():
                source.stop()
            self._played.play(message)

    def _change_output(self, message: ToOutput) -> None:
        """By the worker."""
        try:
            self.output.change_to(message.device if message.to == "device" else None, message.latency)
        except NsynthLabError as error:
            self._listeners.say(str(error))
