"""Server: the panel's routes and its socket, on an instrument that all pages share.

    /                   the page; /page/... its parts, from a table of what there is
    /socket             messages (see `messages`) and frames of sound (see `sinks.socket_sink`)
    /api/instruments    what can be put on a corner, JSON; /api/presets what can be loaded; /api/effects what can be
                        put into the chain
    /api/outputs        the audio devices of this machine
    /api/messages       all messages of the socket, Markdown, and the client below
    /api/preset.toml    the sound as it is now, as a preset file
    /api/jobs/...       the files of a job by its name and theirs
    /api/songs          POST a MIDI file, to have it rendered as a job
    /api/tunes          POST ABC, MIDI or MusicXML, to have it shown and played
    /api/colours        what the pad sounds like; see `pictures.routes`
    /api/recordings     takes a sound to encode; /api/recordings/... what was encoded, and what it has become
    /api/impulses       takes the recorded impulse of a room, by which the chain then has a convolution
    /api/phrases        takes a tune to be translated; /api/phrases/... what was heard in it
    /api/evolutions/... what can be heard of the evolution that is open
    /api/inputs         the audio inputs of this machine
    /api/duet.mid       what both have played in the last duet

A program may do what a page does. This one plays a note and writes a second of it, 48 kHz, stereo, 32 bit float:

    import json, sys
    from websockets.sync.client import connect

    with connect(sys.argv[1]) as panel, open("note.f32", "wb") as sound:  # ws://127.0.0.1:8765/socket
        panel.send(json.dumps({"type": "hello", "version": 1}))
        panel.send(json.dumps({"type": "note_on", "key": 69}))
        while sound.tell() < 48_000 * 8:
            if isinstance(frame := panel.recv(), bytes):
                sound.write(frame[8:])
        panel.send(json.dumps({"type": "note_off", "key": 69}))
"""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import textwrap
import threading
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.naming import file_stem
from nsynth_lab.panel.catalogue import catalogue
from nsynth_lab.panel.duet.desk import DuetDesk
from nsynth_lab.panel.evolution.desk import EvolutionDesk
from nsynth_lab.panel.guard import POST, TOKEN, Guard, Guarded
from nsynth_lab.panel.impatient import Impatient
from nsynth_lab.panel.impulses.impulses import Impulses
from nsynth_lab.panel.in_thread import in_thread
from nsynth_lab.panel.jobs.downloads import download_route
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.mapping import map_handlers
from nsynth_lab.panel.messages.parsing import LONGEST
from nsynth_lab.panel.messages.reference import reference
from nsynth_lab.panel.pictures.routes import Pictures
from nsynth_lab.panel.produce.desk import Desk
from nsynth_lab.panel.recordings.recordings import Recordings
from nsynth_lab.panel.recordings.routes import recording_routes
from nsynth_lab.panel.scanning import scan_handlers
from nsynth_lab.panel.sockets import Pages
from nsynth_lab.panel.translation.routes import phrase_routes
from nsynth_lab.panel.translation.translation import Translation
from nsynth_lab.panel.tunes.desk import TuneDesk
from nsynth_lab.patch import Patch
from nsynth_lab.patch.library import presets
from nsynth_lab.patch.own_presets import is_own
from nsynth_lab.patch.preset_file import ENDING, format_preset
from nsynth_lab.patch.table import from_table
from nsynth_lab.priority import behind_sound, come_behind
from nsynth_lab.wording import quoted

if TYPE_CHECKING:
    from nsynth_lab.panel.instrument import Instrument
    from nsynth_lab.panel.worker import Worker, WorkerShare

PAGE = Path(__file__).with_name("page")
FIRST = "index.html"
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
SEND_BYTES = 1 << 16  # of a connection, in the system: a third of a second of sound; more would be heard late
BYTES_A_CHARACTER = 4  # at most, in UTF-8
GRACE_SECONDS = 2
MOST_PACKED = 256  # parts of the page
MOST_HANDLED = 8  # messages at once that may read files; others wait
DOCUMENTED = "text/markdown; charset=utf-8"


def make_app(instrument: Instrument, *, guard: Guard) -> Starlette:
    """The panel of an instrument, for whoever `guard` lets in; `serve` runs it."""
    jobs = Jobs()
    recordings = Recordings(instrument, jobs)
    desk = Desk(instrument, jobs)
    translation = Translation(instrument, jobs, desk)
    tunes = TuneDesk(instrument, jobs, desk)
    impulses = Impulses(instrument, jobs)
    duet, evolution = DuetDesk(instrument), EvolutionDesk(instrument, jobs, tune_of=tunes.abc)
    desks = (desk, tunes, translation, duet, evolution)
    handlers = {kind: do for one in desks for kind, do in one.handlers.items()} | {
        **scan_handlers(jobs),
        **map_handlers(instrument, jobs),
    }
    greetings = [tunes.player.playing, translation.phrases.shown, translation.shown, duet.shown, evolution.shown]
    pages = Pages(instrument, jobs, recordings, translation, handlers, greetings=greetings)
    pictures = Pictures(instrument)
    files = _files()

    async def first(request: Request) -> Response:
        return _answer(files, FIRST, request)

    async def part(request: Request) -> Response:
        return _answer(files, request.path_params["name"], request)

    def instruments(_: Request) -> Response:
        return JSONResponse(instrument.session.instruments())

    def preset(_: Request) -> Response:
        patch = from_table(Patch, instrument.state().patch)
        name = file_stem(patch.name, instead="preset")
        headers = {"Content-Disposition": f'attachment; filename="{name}{ENDING}"'}
        return Response(format_preset(patch), media_type="application/toml", headers=headers)

    def audio_outputs(_: Request) -> Response:
        try:
            return JSONResponse({"outputs": [asdict(one) for one in instrument.output.devices()], "problem": ""})
        except NsynthLabError as error:
            return JSONResponse({"outputs": [], "problem": str(error)})

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        executor = ThreadPoolExecutor(MOST_HANDLED, thread_name_prefix="messages", initializer=come_behind)
        asyncio.get_running_loop().set_default_executor(executor)
        with jobs, desk, tunes, pictures, impulses, translation, duet, evolution:
            async with pages.running():
                yield

    routes = [
        Route("/", first),
        Route("/page/{name:path}", part),
        WebSocketRoute("/socket", pages.attend),
        Route("/api/instruments", in_thread(instruments)),
        Route("/api/presets", in_thread(_presets)),
        Route("/api/effects", in_thread(_effects)),
        Route("/api/outputs", in_thread(audio_outputs)),
        Route("/api/messages", in_thread(_messages)),
        Route("/api/preset.toml", in_thread(preset)),
        download_route(jobs),
        *desk.routes,
        *tunes.routes,
        *duet.routes,
        *evolution.routes,
        *pictures.routes,
        *impulses.routes,
        *recording_routes(recordings),
        *phrase_routes(translation),
    ]
    posts = {route.path for route in routes if isinstance(route, Route) and POST in (route.methods or ())}
    app = Starlette(routes=routes, middleware=[Middleware(Guarded, guard=guard, posts=posts)], lifespan=running)
    app.router.redirect_slashes = False
    app.state.pages, app.state.jobs, app.state.translation = pages, jobs, translation
    return app


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 chooses a free one.

    Raises:
        UsageError: no such address.
        NsynthLabError: the port is taken, or not allowed.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {quoted(host)}: expected an address of this machine, such as 127.0.0.1") from error
    listener = socket.socket(family, kind, protocol)
    if os.name == "posix":  # so that it can be started again at once; elsewhere this would let two have one port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)  # what it accepts inherits this
    try:
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise NsynthLabError(f"{host}, port {port}: {error.strerror}; choose another with --port, or 0") from error
    return listener


def address_of(listener: socket.socket, guard: Guard) -> str:
    """What a browser has to open, with the token if there is one."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = _own_address()
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/" + (f"?{TOKEN}={guard.token}" if guard.token else "")


def serve(app: Starlette, listener: socket.socket, worker: Worker | WorkerShare) -> None:
    """Serve the panel until Ctrl-C, which comes out as KeyboardInterrupt once everybody has been told goodbye.

    On a thread of its own, so that this one is free for what the worker has to do: the main thread, for plugins. A
    second Ctrl-C waits for nobody.
    """
    serving = Serving(app, listener)
    try:
        worker.work_here(serving.goes_on)
    finally:
        serving.end()
        try:
            serving.wait()
        except KeyboardInterrupt:
            serving.end(waiting=False)
            serving.wait()


class Serving:
    """A panel that is served on a thread of its own, from now on until its `end`, which everybody is told."""

    def __init__(self, app: Starlette, listener: socket.socket) -> None:
        self._server, self._listener = server_of(app), listener
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)
        self._thread.start()

    def goes_on(self) -> bool:
        """Whether it is served still."""
        return self._thread.is_alive()

    def end(self, *, waiting: bool = True) -> None:
        """Have it end soon, `waiting` for those who are connected or not."""
        self._server.should_exit = True
        self._server.force_exit = not waiting

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it has ended, or so long at most; what it has failed by is raised."""
        self._thread.join(seconds)
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            with behind_sound():
                self._server.run(sockets=[self._listener])
        except BaseException as error:
            self._error = error


def server_of(app: Starlette) -> uvicorn.Server:
    """The server of an app that `make_app` has made."""
    config = uvicorn.Config(
        app,
        lifespan="on",
        http=Impatient,
        ws=WebSocketsSansIOProtocol,
        ws_max_size=BYTES_A_CHARACTER * LONGEST,
        ws_per_message_deflate=False,  # noise does not get smaller, and it would take the engine's time
        log_config=None,
        log_level="critical",  # what a stranger sends is no trouble of the player's
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)

    def transport_of(client: Any) -> asyncio.WriteTransport | None:
        for one in server.server_state.connections:
            if client is not None and getattr(one, "client", None) == client:
                return one.transport
        return None

    app.state.pages.transport_of = transport_of
    return server


def client_text() -> str:
    """The client that the docstring of this module shows: a program that is given the address of the socket."""
    shown = (__doc__ or "").partition("\n    import json")[2]
    return textwrap.dedent(f"    import json{shown}")


def _files() -> Mapping[str, Path]:
    """The parts of the page by the name under which they are asked for: found once, so that no name becomes a path."""
    found = sorted(path for path in PAGE.rglob("*") if path.suffix in MEDIA_TYPES and path.is_file())
    return {path.relative_to(PAGE).as_posix(): path for path in found}


def _answer(files: Mapping[str, Path], name: str, request: Request) -> Response:
    """A part of the page, packed for who can unpack it: a quarter of its size."""
    path = files.get(name)
    if path is None:
        return PlainTextResponse("There is no such part of the panel.\n", 404)
    body, headers = path.read_bytes(), {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = _packed(body), "gzip"
    return Response(body, media_type=MEDIA_TYPES[path.suffix], headers=headers)


@lru_cache(maxsize=MOST_PACKED)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def _presets(_: Request) -> Response:
    rows = [
        {
            "key": one.key,
            "name": one.patch.name,
            "tags": one.patch.tags,
            "description": one.patch.description,
            "author": one.patch.author,
            "is_own": is_own(one.path),
        }
        for one in presets()
        if one.patch is not None
    ]
    return JSONResponse(rows)


def _effects(_: Request) -> Response:
    return JSONResponse(catalogue())


def _messages(_: Request) -> Response:
    client = f"## A program that plays a note\n\n```python\n{client_text()}```\n"
    return PlainTextResponse(f"{reference()}\n{client}", media_type=DOCUMENTED)


def _own_address() -> str:
    """An address by which other machines reach this one: the one it would reach them from. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # set aside for examples, RFC 5737
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
