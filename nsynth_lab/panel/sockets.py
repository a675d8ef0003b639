"""Sockets: the pages that are open, what each is told, and what each may say.

    a page's message --> [ parse ] --> Instrument.handle
    Instrument.subscribe, status, sound --> Page (what waits for it) --> one task that writes

A page that reads slowly gets the newest state and the newest sound, not all of them; one that does not read at all is
let go. So is one that floods, or talks nonsense again and again. Nothing of that reaches the instrument or the others.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from nsynth_lab import __version__
from nsynth_lab.errors import NsynthLabError, PatchError
from nsynth_lab.panel.messages.parsing import format_message, parse
from nsynth_lab.panel.messages.playing import Bend, Controller, Hello, MidiIn, NoteOff, NoteOn, Panic, Place
from nsynth_lab.panel.messages.producing import EncodeRecording, KeepRecording, RemoveRecording
from nsynth_lab.panel.messages.shown import (
    VERSION,
    JobRows,
    Keys,
    MidiPorts,
    Notes,
    Phrases,
    State,
    Status,
    Translation,
    Trouble,
    Welcome,
)
from nsynth_lab.panel.messages.shown import Recordings as Recorded
from nsynth_lab.panel.messages.translating import Listen
from nsynth_lab.panel.open_page import FAREWELL_SECONDS, NORMAL, PATIENCE_SECONDS, SOUND_SECONDS, Page
from nsynth_lab.panel.token_bucket import Bucket
from nsynth_lab.priority import come_behind
from nsynth_lab.units import SAMPLE_RATE
from nsynth_lab.wording import counted

if TYPE_CHECKING:
    from nsynth_lab.panel.instrument import Instrument
    from nsynth_lab.panel.jobs.jobs import Jobs
    from nsynth_lab.panel.listeners import Told
    from nsynth_lab.panel.recordings.recordings import Recordings
    from nsynth_lab.panel.translation.translation import Translation as Translating
    from nsynth_lab.sinks.socket_sink import Listener, SocketSink

MOST_PAGES = 64
MOST_BAD = 20  # messages in a row
MESSAGES_A_SECOND, BURST = 1_000, 1_000
CHARACTERS_A_MESSAGE = 1_024  # what is longer counts as several
STATUS_SECONDS = 0.1
NOTES_SECONDS = 1 / 30
JOBS_SECONDS = 0.1  # between two messages of how jobs go
SUSTAIN = 64
REFUSED, BUSY = 1008, 1013  # RFC 6455, 7.4.1, and IANA's registry of close codes
QUICK = (NoteOn, NoteOff, Bend, Controller, MidiIn, Panic, Place)  # handled at once; what else there is may read files
ASKED_OF_RECORDINGS = (EncodeRecording, KeepRecording, RemoveRecording)
TransportOf = Callable[[Any], asyncio.WriteTransport | None]


class Pages:
    """All pages of one instrument. Everything here happens in the event loop; `running` is its life.

    `others` handle the messages of their types, on any thread, instead of the instrument; `greetings` return messages
    that every page is told first. `transport_of(client)` finds what a page's bytes are written to, so that one that
    does not read is noticed.
    """

    def __init__(
        self,
        instrument: Instrument,
        jobs: Jobs,
        recordings: Recordings,
        translation: Translating,
        others: Mapping[type, Callable[[Any], None]],
        *,
        greetings: Sequence[Callable[[], Any]] = (),
        transport_of: TransportOf = lambda _: None,
    ) -> None:
        self._instrument, self._jobs, self._recordings = instrument, jobs, recordings
        self._translation = translation
        self._singing: Page | None = None  # whose microphone is listened to
        self._others, self._greetings, self.transport_of = others, greetings, transport_of
        self._jobs_changed = asyncio.Event()
        self._open: set[Page] = set()
        self._changed: dict[type, Told] = {}
        self._sink: SocketSink | None = None
        self._listener: Listener | None = None

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Within this context pages are told what changes, how it goes, and the sound."""
        loop = asyncio.get_running_loop()

        def tell(message: Told) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._heard, message)

        def recordings_have_changed() -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._tell_recordings)

        def jobs_have_changed() -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._jobs_changed.set)

        def translation_has_changed() -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._tell_translation)

        unsubscribe = (
            self._translation.subscribe(translation_has_changed),
            self._translation.phrases.subscribe(translation_has_changed),
            self._instrument.subscribe(tell),
            self._jobs.subscribe(jobs_have_changed),
            self._recordings.subscribe(recordings_have_changed),
        )
        tasks = [
            asyncio.create_task(self._tell_status()),
            asyncio.create_task(self._tell_notes()),
            asyncio.create_task(self._tell_jobs()),
        ]
        try:
            yield
        finally:
            for end in unsubscribe:
                end()
            self._listen_to(None)
            await _ended(tasks)

    async def attend(self, socket: WebSocket) -> None:
        """One page, from its opening the socket until one of the two has had enough."""
        await socket.accept()
        if len(self._open) >= MOST_PAGES:
            await _turn_away(socket)
            return
        page = Page(socket, self.transport_of(socket.scope.get("client")), blocks=self._blocks)
        self._open.add(page)
        tasks = [asyncio.create_task(self._converse(page)), asyncio.create_task(page.write())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open.discard(page)
            self._release(page)
            self._listen()
            await _ended(tasks)
            await page.close()

    async def _converse(self, page: Page) -> None:
        """Take what a page says until it goes, or is told why it is let go."""
        with suppress(WebSocketDisconnect):
            try:
                async with asyncio.timeout(PATIENCE_SECONDS) as until_hello:
                    await self._take_messages(page, until_hello)
            except TimeoutError:
                await page.farewell(f"expected hello within {PATIENCE_SECONDS:g} s", code=REFUSED)

    async def _take_messages(self, page: Page, until_hello: asyncio.Timeout) -> None:
        bucket, bad = Bucket(MESSAGES_A_SECOND, burst=BURST), 0
        while True:
            given = await _received(page.socket)
            if not bucket.take(1 + len(given) // CHARACTERS_A_MESSAGE):
                return await page.farewell(
                    f"more than {MESSAGES_A_SECOND} messages, or as many KB, a second; send fewer", code=REFUSED
                )
            try:
                if isinstance(given, bytes):
                    self._sing(page, given)
                    continue
                message = parse(given)
            except PatchError as error:
                page.tell(error)
                bad += 1
                if bad == MOST_BAD:
                    return await page.farewell(f"{counted(bad, 'bad message')} in a row", code=REFUSED)
                continue
            bad = 0
            if isinstance(message, Hello):
                if message.version != VERSION:
                    return await page.farewell(
                        f"messages of version {message.version}; nsynth-lab {__version__} speaks version {VERSION}: "
                        "reload the page",
                        code=REFUSED,
                    )
                until_hello.reschedule(None)
                self._greet(page, message)
            elif not page.is_known:
                return await page.farewell("the first message has to be hello", code=REFUSED)
            else:
                await self._handle(page, message)

    def _greet(self, page: Page, hello: Hello) -> None:
        """What every page is told first; a second hello only changes whether and how it wants the sound."""
        page.is_known, page.wants_sound, page.store_seconds = True, hello.sound, hello.store / 1000.0
        samples = self._instrument.block_samples
        page.put_line(Welcome(VERSION, program=__version__, sample_rate=SAMPLE_RATE, block_samples=samples))
        page.put(State, format_message(self._instrument.state()))
        page.put(Keys, format_message(self._instrument.keys()))
        page.put(MidiPorts, format_message(self._instrument.midi.ports))
        page.put(JobRows, format_message(JobRows(self._jobs.rows())))
        page.put(Recorded, format_message(self._recordings.shown()))
        for message in (greeting() for greeting in self._greetings):
            page.put(type(message), format_message(message))
        self._listen()

    def _sing(self, page: Page, sound: bytes) -> None:
        """What the microphone of a page hears.

        Raises:
            PatchError: it was not asked for, or is no sound.
        """
        if page is not self._singing:
            raise PatchError("a binary message; expected JSON as text, or sound once `listen` has asked for it")
        self._translation.hear_page(sound)

    async def _handle(self, page: Page, message: Any) -> None:
        _remember(page, message)
        if isinstance(message, Panic):
            for other in self._open:
                other.held.clear()
        if isinstance(message, Listen):
            self._singing = page if message.to == "page" else None
        if isinstance(message, NoteOff) and self._is_held(message.key):
            return
        try:
            if isinstance(message, QUICK):
                self._instrument.handle(message)
            else:
                takes = self._recordings if isinstance(message, ASKED_OF_RECORDINGS) else self._instrument
                handle = self._others.get(type(message), takes.handle)
                await asyncio.to_thread(handle, message)
        except NsynthLabError as error:
            page.tell(error)
        except Exception as error:  # one page's message never ends the sound of the others
            page.tell(f"unexpected {type(error).__name__}: {error} (a defect of nsynth-lab: please report it)")

    def _release(self, page: Page) -> None:
        """What a page that has gone held down is released, unless another holds it too; nobody else can."""
        if page is self._singing:
            self._singing = None
            self._translation.leave_page()
        held = [NoteOff(key) for key in page.held if not self._is_held(key)]
        moved = [
            at_rest for what, at_rest in page.moved.items() if not any(what in other.moved for other in self._open)
        ]
        for message in (*held, *moved, *page.keyboard.let_go()):
            with suppress(NsynthLabError):
                self._instrument.handle(message)

    def _is_held(self, key: int) -> bool:
        """Whether a page that is open holds a key down."""
        return any(key in page.held for page in self._open)

    def _heard(self, message: Told) -> None:
        """Something has changed: written out once for all pages, and once for all changes of the same moment."""
        if isinstance(message, Trouble):
            for page in self._known():
                page.put_line(message)
            return
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._tell_changes)
        self._changed[type(message)] = message

    def _tell_changes(self) -> None:
        changed, self._changed = self._changed, {}
        for kind, message in changed.items():
            text = format_message(message)
            for page in self._known():
                page.put(kind, text)

    async def _tell_status(self) -> None:
        while True:
            await asyncio.sleep(STATUS_SECONDS)
            come_behind()
            self._listen()
            if known := self._known():
                text = format_message(self._instrument.status())
                for page in known:
                    page.put(Status, text)
                if self._translation.is_busy:
                    self._tell_translation(phrases=False)
            for line in self._translation.troubles():
                self._heard(Trouble(line))

    async def _tell_notes(self) -> None:
        """Where the notes of MPE controllers are, while there are some, and once when there are none any more."""
        told = Notes()
        while True:
            await asyncio.sleep(NOTES_SECONDS if told.notes else STATUS_SECONDS)
            if not (self._instrument.midi.ports.open or self._instrument.has_zone or told.notes):
                continue
            if (notes := self._instrument.notes()) != told:
                told, text = notes, format_message(notes)
                for page in self._known():
                    page.put(Notes, text)

    def _tell_translation(self, *, phrases: bool = True) -> None:
        """How phrases are played, and which there are."""
        told: dict[type, Any] = {Translation: self._translation.shown()}
        if phrases:
            told[Phrases] = self._translation.phrases.shown()
        for kind, message in told.items():
            text = format_message(message)
            for page in self._known():
                page.put(kind, text)

    def _tell_recordings(self) -> None:
        text = format_message(self._recordings.shown())
        for page in self._known():
            page.put(Recorded, text)

    async def _tell_jobs(self) -> None:
        while True:
            await self._jobs_changed.wait()
            self._jobs_changed.clear()
            text = format_message(JobRows(await asyncio.to_thread(self._jobs.rows)))
            for page in self._known():
                page.put(JobRows, text)
            await asyncio.sleep(JOBS_SECONDS)

    def _listen(self) -> None:
        """Listen to the sound that there is now, if a page wants it; to nothing otherwise."""
        stores = [page.store_seconds for page in self._known() if page.wants_sound]
        sink = self._instrument.sound if stores else None
        if sink is not None:
            sink.store_seconds = min(stores)
        self._listen_to(sink)

    def _listen_to(self, sink: SocketSink | None) -> None:
        if sink is self._sink:
            return
        if self._listener is not None:
            self._listener.close()
        self._sink, self._listener = sink, None
        if sink is not None:
            loop = asyncio.get_running_loop()

            def wake() -> None:
                with suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(self._carry_sound)

            self._listener = sink.listen(self._blocks, wake=wake)

    def _carry_sound(self) -> None:
        while self._listener is not None and (frame := self._listener.get()) is not None:
            for page in self._known():
                if page.wants_sound:
                    page.put_sound(frame)

    def _known(self) -> list[Page]:
        return [page for page in self._open if page.is_known]

    @property
    def _blocks(self) -> int:
        """As many as take `SOUND_SECONDS`."""
        return math.ceil(SOUND_SECONDS * SAMPLE_RATE / self._instrument.block_samples)


def _remember(page: Page, message: Any) -> None:
    """What a page holds down, so that it can be released when the page is gone."""
    match message:
        case NoteOn(key=key):
            page.held.add(key)
        case NoteOff(key=key):
            page.held.discard(key)
        case MidiIn():
            page.keyboard.note(message)
        case Controller(number=number, value=value) if number == SUSTAIN:
            page.moved["sustain"] = Controller(SUSTAIN, 0)
            if not value:
                del page.moved["sustain"]
        case Bend(value=value):
            page.moved["bend"] = Bend(0.0)
            if not value:
                del page.moved["bend"]


async def _received(socket: WebSocket) -> str | bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", NORMAL))
    text: str | None = message.get("text")
    return message.get("bytes", b"") if text is None else text


async def _turn_away(socket: WebSocket) -> None:
    """One page too many: told so, without more ado."""
    says = Trouble(f"{MOST_PAGES} pages are open already; close one of them")
    with suppress(TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            await socket.send_text(format_message(says))
            await socket.close(BUSY)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    """Tasks that are told to end, and have."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
