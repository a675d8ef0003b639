"""Instrument: the sound that all pages share, and all that they may ask of it.

    handle(message) --> Hands: keys, wheels --> EventQueue ----------> engine's thread (Output)
                    --> changes --> History --> Engines: settings at once, or a new engine from the worker

Any thread may call it. Nothing here waits for the engine or for a page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from threading import RLock, current_thread, main_thread
from types import TracebackType
from typing import Any, Self

from nsynth_lab.errors import NsynthLabError, PatchError, UsageError
from nsynth_lab.midi.events import Event, Kind, setting, tempo
from nsynth_lab.panel.changes import changed
from nsynth_lab.panel.engines import Answering, Engines, engine_of
from nsynth_lab.panel.files import is_scale, loaded, opened_patch, removed, saved, tuned
from nsynth_lab.panel.followed import Followed
from nsynth_lab.panel.hands import Hands, Played
from nsynth_lab.panel.history import History, Sound
from nsynth_lab.panel.machine_midi import MachineMidi
from nsynth_lab.panel.messages.playing import (
    Clock,
    Controller,
    Corners,
    Load,
    Midi,
    MidiIn,
    Open,
    OpenFile,
    Panic,
    Place,
    Redo,
    Remove,
    Save,
    Set,
    Undo,
)
from nsynth_lab.panel.messages.playing import Output as ToOutput
from nsynth_lab.panel.messages.shown import (
    Evolution,
    Keys,
    MidiPorts,
    Notes,
    Partner,
    Playing,
    Presets,
    State,
    Status,
    Trouble,
)
from nsynth_lab.panel.output import Output
from nsynth_lab.panel.page_keyboard import events_in
from nsynth_lab.panel.plugins import check_plugins
from nsynth_lab.panel.recordings.names import check_kept, check_recordings
from nsynth_lab.panel.remote_hands import RemoteHands
from nsynth_lab.panel.shown import notes_of, state_of, status_of
from nsynth_lab.panel.stage import OwnStage, TrackStage
from nsynth_lab.panel.switch import Companion, Performer, Source
from nsynth_lab.panel.worker import Worker, WorkerShare
from nsynth_lab.patch import Patch
from nsynth_lab.patch.place import MAX_SOURCES
from nsynth_lab.priority import never_for_long, refusal
from nsynth_lab.render.event_queue import EventQueue
from nsynth_lab.render.machine import choose_threads
from nsynth_lab.render.play_request import BLOCKS
from nsynth_lab.render.preset_synth import SYNTH, synth_value
from nsynth_lab.render.session import Session
from nsynth_lab.sinks.device import LATENCIES
from nsynth_lab.sinks.socket_sink import SocketSink
from nsynth_lab.units import FloatArray

MODULATION = 1  # controller
REST_SECONDS = 0.4
SELDOM_SECONDS = 0.05  # between two states while a knob is being turned

Told = State | Keys | MidiPorts | Partner | Playing | Presets | Evolution | Trouble
Tell = Callable[[Told], None]
File = Load | OpenFile | Save | Remove


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
        self._hands, self._events = Hands(), stage.event_queue if stage else EventQueue()
        self.midi = MachineMidi(self._hear_ports, lost=self._lose_ports, changed=lambda: self._tell(self.midi.ports))
        self._followed = Followed(self._events.put_at, self.midi.hear_clock)
        self._remote = RemoteHands()
        self.remote_troubles: Callable[[], Iterable[str]] = tuple
        self._history = History(_begun(patch.with_macros_applied(), preset))
        self._revision, self._told_at = 0, 0.0
        self._wheel_at = 0.0  # when a keyboard's modulation wheel has moved; 0 if that is kept already
        self._taken_out: dict[str, str] = {}
        self._listeners: list[Tell] = []
        self._stack = ExitStack()
        self._engines = Engines(
            session,
            self._history,
            self._events,
            self.worker,
            self._lock,
            stage=stage or OwnStage(engine_of(session, self._history.now.patch)),
            refused=self._say_and_tell,
        )
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
            say=self._say,
        )

    @property
    def sound(self) -> SocketSink | None:
        """Where pages listen; None while a device plays."""
        return self.output.socket if self.output.is_socket else None

    @property
    def patch(self) -> Patch:
        """The present sound."""
        with self._lock:
            return self._history.now.patch

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
        return self._hands.holds(key)

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
            if isinstance(message, File):  # files first, so that keys need not wait for a disk
                self._handle_file(message)
            elif isinstance(message, Midi):  # which waits for the system
                self.midi.choose(message)
            elif isinstance(message, MidiIn):
                self._hear_ports(time.perf_counter(), events_in(message))
            elif isinstance(message, Clock):
                self.follow_clock(message.follow)
            else:
                with self._lock:
                    self._handle(message)
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
        self._hear_ports(seconds, list(events))
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
        with self._lock:
            return state_of(self._history, self.session.bank, revision=self._revision, taken_out=self._taken_out)

    def status(self) -> Status:
        """How it goes. What has gone wrong since the last call is told to all who have subscribed."""
        live = self.output.live
        status = live.status()
        refused = refusal() if status.underruns else ""
        told = (live.troubles(), [refused] * bool(refused), self._followed.troubles(), self.remote_troubles())
        for line in chain.from_iterable(told):
            self._say(line)
        self._note_taken_out(status.engine.taken_out)
        self._keep_wheel(status.engine.x)
        self._keep_remote()
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
            return self._hands.keys

    def put(self, name: str, corner: int) -> None:
        """Put an instrument on a corner of the pad, counted from 0; beyond the last one on a new corner.

        Raises:
            UsageError: there is no such instrument.
        """
        with self._lock:
            names = list(self._history.now.patch.blend.corners)
            corner = min(corner, len(names), MAX_SOURCES - 1)
            self._handle(Corners((*names[:corner], name, *names[corner + 1 :])))

    def replace(self, name: str, others: Sequence[str]) -> None:
        """Put others, or none, where an instrument stands on the pad now.

        Raises:
            UsageError: nothing would be left.
        """
        with self._lock:
            names = self._history.now.patch.blend.corners
            if name not in names:
                return
            left = tuple(one for corner in names for one in (others if corner == name else (corner,)))
            if not left:
                raise UsageError(f"'{name}' is all that plays: put another instrument on its corner first")
            self._handle(Corners(left))

    def revise(self, change: Callable[[Patch], Patch]) -> None:
        """Change the sound by what pages do not send as a message.

        Raises:
            NsynthLabError: it cannot be done.
        """
        with self._lock:
            now = self._history.now
            self._keep(now._replace(patch=change(now.patch)))

    def renew(self) -> None:
        """Play the present sound anew, because one of its instruments has changed in the session's bank."""
        with self._lock:
            self._engines.renew()

    def adopt(self, patch: Patch | None = None) -> None:
        """The owner of the stage has an engine of its own play this sound, which can be undone; or the present one."""
        with self._lock:
            if patch is not None:
                self._history.keep(Sound(patch))
            self._engines.have()
            self._tell_revised()

    def adjust(self, change: Callable[[Patch], Patch]) -> None:
        """The sound has been moved on its stage, such as by a host's automation; there is nothing to undo."""
        with self._lock:
            before = self._history.now
            self._history.adjust(change)
            self._engines.have(instead_of=before)
            self._tell_revised()

    def subscribe(self, tell: Tell) -> Callable[[], None]:
        """Tell of every change from now on; returns what ends it. `tell` comes from any thread and must not wait."""
        with self._lock:
            self._listeners.append(tell)
        return partial(self._unsubscribe, tell)

    def tell(self, message: Told) -> None:
        """Tell all who have subscribed."""
        self._tell(message)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(never_for_long(self._say))
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

    def _handle(self, message: Any) -> None:
        if isinstance(message, Played):
            self._play(message)
            return
        match message:
            case Place(keep=False):
                self._engines.drag(_place(message))
            case Place() | Set():
                self._move(message)
            case Undo():
                self._history.undo()
                self._follow()
            case Redo():
                self._history.redo()
                self._follow()
            case ToOutput():
                self.worker.ask("output", partial(self._change_output, message))
            case _:
                now, whole = self._history.now, isinstance(message, Open)
                sound = now._replace(patch=changed(now.patch, message))
                if isinstance(message, Corners):  # another sound, which has still to be named
                    sound = sound._replace(preset="")
                self._keep(Sound(sound.patch) if whole else sound, as_it_was=whole)

    def _handle_file(self, message: File) -> None:
        match message:
            case Save():
                check_kept(self._history.now.patch)
                sound = saved(self._history.now.patch, message)
                with self._lock:
                    self._history.rename(sound)
                    self._follow()
                self._tell(Presets())
            case Remove():
                gone = removed(message)
                with self._lock:
                    if self._history.now.preset == gone:
                        self._history.rename(Sound(self._history.now.patch))
                        self._follow()
                self._tell(Presets())
            case Load():
                self._keep_whole(loaded(message))
            case OpenFile() if is_scale(message):
                with self._lock:
                    now = self._history.now
                    self._keep(now._replace(patch=tuned(now.patch, message)))
            case OpenFile():
                patch = opened_patch(message)
                self._keep_whole(Sound(patch, saved=patch))

    def _keep_whole(self, sound: Sound) -> None:
        with self._lock:
            self._keep(sound, as_it_was=True)

    def _play(self, message: Played) -> None:
        if isinstance(message, Panic):
            for source in self._engines.switch.sources:
                source.stop()
        before = self._hands.keys
        self._events.put(self._hands.events(message))
        if isinstance(message, Controller) and message.number == MODULATION:
            self._wheel_at = time.monotonic()
        if (keys := self._hands.keys) != before:
            self._tell(keys)

    def _hear_ports(self, seconds: float, events: list[Event]) -> None:
        """On the thread of the ports."""
        before = self._hands.keys
        self._events.put_at(seconds, self._hands.of_ports(events))
        if any(event.kind is Kind.CONTROL and event.number == MODULATION for event in events):
            self._wheel_at = time.monotonic()
        if (keys := self._hands.keys) != before:
            self._tell(keys)

    def _lose_ports(self) -> None:
        self._events.put(self._hands.lose_ports())
        self._tell(self._hands.keys)

    def _keep_wheel(self, x: float) -> None:
        """Where the modulation wheel of a keyboard has left the blend, it is kept as if a finger had."""
        with self._lock:
            if not self._wheel_at or time.monotonic() - self._wheel_at < REST_SECONDS:
                return
            self._wheel_at, blend = 0.0, self._history.now.patch.blend
            if blend.dims and not blend.is_weighted and not self._history.now.patch.midi and x != blend.position[0]:
                self._move(Place(x, (*blend.position, 0.5)[1], keep=True))

    def _keep_remote(self) -> None:
        """What other programs have moved over OSC and left there, it is kept as if a finger had."""
        with self._lock:
            now = self._history.now
            if (patch := self._remote.at_rest(now.patch)) is not None:
                self._history.keep(now._replace(patch=patch))
                self._follow()

    def _move(self, message: Place | Set) -> None:
        """What can be heard is heard at once, and stays if it is kept."""
        now = self._history.now
        sound = now._replace(patch=changed(now.patch, message))
        check_plugins(sound.patch)
        if isinstance(message, Place):
            self._engines.drop()
            self._events.put(_place(message))
        elif message.target in SYNTH:
            self._events.put([setting(*synth_value(message.target, message.value))])
        (self._history.keep if message.keep else self._history.show)(sound)
        self._follow(seldom=not message.keep)

    def _keep(self, sound: Sound, *, as_it_was: bool = False) -> None:
        """A new sound; `as_it_was` when it was saved, so that no finger on the pad moves it."""
        check_recordings(sound.patch, self.session.bank)
        for name in sound.patch.blend.corners:
            self.session.bank.find(name)
        check_plugins(sound.patch)
        if as_it_was:
            self._engines.drop()
        self._history.keep(sound)
        self._follow(whole=as_it_was, again=True)

    def _follow(self, *, whole: bool = False, seldom: bool = False, again: bool = False) -> None:
        """Play what the history says, and tell all who have subscribed."""
        self._engines.follow(whole=whole, again=again)
        self._revision += 1
        if not seldom or time.monotonic() - self._told_at >= SELDOM_SECONDS:
            self._tell_state()

    def _change_output(self, message: ToOutput) -> None:
        """By the worker."""
        try:
            self.output.change_to(message.device if message.to == "device" else None, message.latency)
        except NsynthLabError as error:
            self._say(str(error))

    def _note_taken_out(self, taken_out: Mapping[str, str]) -> None:
        with self._lock:
            if taken_out != self._taken_out:
                self._taken_out = dict(taken_out)
                self._tell_revised()

    def _say_and_tell(self, line: str) -> None:
        self._say(line)
        self._tell_revised()

    def _say(self, line: str) -> None:
        self._tell(Trouble(line))

    def _tell_revised(self) -> None:
        self._revision += 1
        self._tell_state()

    def _tell_state(self) -> None:
        self._told_at = time.monotonic()
        self._tell(self.state())

    def _tell(self, message: Told) -> None:
        with self._lock:
            for tell in tuple(self._listeners):
                tell(message)

    def _unsubscribe(self, tell: Tell) -> None:
        with self._lock:
            if tell in self._listeners:
                self._listeners.remove(tell)


def _begun(patch: Patch, preset: str) -> Sound:
    return Sound(patch, preset, patch if preset else None)


def _place(message: Place) -> list[Event]:
    return [setting("x", message.x), setting("y", message.y)]
