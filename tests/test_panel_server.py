"""The panel's server: who may use it, and the sound that goes on whatever a bad client does."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playing import spectrum_peak_hz
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from nsynth_lab import __version__
from nsynth_lab.cli import run
from nsynth_lab.panel import open_page, server, sockets
from nsynth_lab.panel.changes import blend_patch
from nsynth_lab.panel.guard import Guard
from nsynth_lab.panel.instrument import Instrument
from nsynth_lab.panel.messages.parsing import LONGEST
from nsynth_lab.panel.messages.shown import VERSION, Keys, State
from nsynth_lab.patch import parse_preset
from nsynth_lab.render import Session
from nsynth_lab.sinks.socket_sink import block_of
from nsynth_lab.units import SAMPLE_RATE

SECONDS = 30.0  # until a test gives up
TOKEN = "a-token-that-is-known"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
PARTS = {"index.html": "text/html", "a.js": "text/javascript", "deep/b.css": "text/css", "c.svg": "image/svg+xml"}


@pytest.fixture(scope="module")
def instrument() -> Iterator[Instrument]:
    with Instrument(Session(device="cpu"), blend_patch(["flute", "cello"])) as made:
        yield made


@contextmanager
def serving(instrument: Instrument, *, token: str = "") -> Iterator[tuple[int, Starlette]]:
    """The port of a server in a thread of its own, and what it serves."""
    listener = server.listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    app = server.make_app(instrument, guard=Guard("127.0.0.1", port, token))
    made = server.server_of(app)
    thread = threading.Thread(target=lambda: made.run(sockets=[listener]))
    thread.start()
    try:
        assert soon(lambda: made.started)
        yield port, app
    finally:
        made.should_exit = True
        thread.join(SECONDS)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def served(instrument: Instrument, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Starlette]]:
    folder = tmp_path_factory.mktemp("page")
    for name in (*PARTS, "notes.txt", "server.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"this is {name}")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(server, "PAGE", folder)
        with serving(instrument) as there:
            yield there


@pytest.fixture
def port(served: tuple[int, Starlette]) -> int:
    assert soon(lambda: len(served[1].state.pages) == 0), "the pages of the test before are still open"
    return served[0]


def soon(is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so in time."""
    until = time.monotonic() + SECONDS
    while not is_so() and time.monotonic() < until:
        time.sleep(0.01)
    return is_so()


def asked(
    port: int, path: str = "/api/messages", headers: Mapping[str, str] | None = None, *, method: str = "GET"
) -> tuple[int, http.client.HTTPMessage, str]:
    """Status, headers and text of an answer; the path goes out as it stands."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in ({"Host": f"127.0.0.1:{port}"} | dict(headers or {})).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, "" if answer.status == 101 else answer.read().decode()
    finally:
        connection.close()


@contextmanager
def page(port: int, *, sound: bool = False, query: str = "", hello: bool = True) -> Iterator[ClientConnection]:
    address = f"ws://127.0.0.1:{port}/socket{query}"
    # Who does not hear what is sent does not hear either that the socket is closed.
    with connect(address, max_size=None, open_timeout=SECONDS, close_timeout=0.1) as opened:
        if hello:
            say(opened, "hello", version=VERSION, sound=sound)
        yield opened


def say(opened: ClientConnection, kind: str, **fields: Any) -> None:
    opened.send(json.dumps({"type": kind, **fields}))


def hear(opened: ClientConnection, kind: str, is_it: Callable[[Any], bool] = lambda _: True) -> Any:
    """The next message of that kind of which `is_it` holds."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        given = opened.recv(timeout=SECONDS)
        if isinstance(given, str) and (message := json.loads(given))["type"] == kind and is_it(message):
            return message
    pytest.fail(f"no such {kind} in {SECONDS} s")


def frame(opened: ClientConnection) -> tuple[int, Any]:
    while True:
        if isinstance(given := opened.recv(timeout=SECONDS), bytes):
            return block_of(given)


def how_it_ends(opened: ClientConnection) -> tuple[list[str], int]:
    """The troubles that a page is told until the server closes its socket, and the code with which it does."""
    says: list[str] = []
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            given = opened.recv(timeout=SECONDS)
        except ConnectionClosed:
            return says, opened.close_code or 0
        if isinstance(given, str) and (message := json.loads(given))["type"] == "trouble":
            says.append(message["says"])
    pytest.fail(f"the server does not let it go in {SECONDS} s")


@contextmanager
def undisturbed(port: int) -> Iterator[None]:
    """Another page's sound goes on over this, and after it."""
    with page(port, sound=True) as other:
        before, _ = frame(other)
        numbers: list[int] = []
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                numbers.append(frame(other)[0])

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield
        finally:
            until = len(numbers) + 50
            went_on = soon(lambda: len(numbers) > until)
            ended.set()
            thread.join(SECONDS)
        assert went_on
        assert numbers == sorted(set(numbers))
        assert numbers[0] > before
        say(other, "undo")
        assert "nothing to undo" in hear(other, "trouble")["says"]


def test_the_client_in_the_documentation_plays_a_note(port: int, tmp_path: Path) -> None:
    text = server.client_text()
    assert server.__doc__
    assert all(line.strip() in server.__doc__ for line in text.splitlines())
    assert f"```python\n{text}```" in asked(port)[2]
    command = [sys.executable, "-c", text, f"ws://127.0.0.1:{port}/socket"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    sound = np.fromfile(tmp_path / "note.f32", "<f4").reshape(-1, 2).T
    assert sound.shape[1] >= SAMPLE_RATE
    heard = sound[:, SAMPLE_RATE // 2 :]
    assert np.abs(heard).max() > 0.01
    partial = spectrum_peak_hz(heard.mean(axis=0)) / 440.0
    assert abs(1200.0 * np.log2(partial / max(1, round(partial)))) < 25.0, f"cents; partial {partial}"


def test_a_page_is_told_everything_and_two_are_in_step(port: int) -> None:
    with page(port) as one, page(port) as other:
        for opened in (one, other):
            welcome = json.loads(opened.recv(timeout=SECONDS))
            assert welcome == {
                "type": "welcome", "version": VERSION, "program": __version__,
                "sample_rate": 48_000, "block_samples": 256,
            }  # fmt: skip
        before, same = hear(one, "state"), hear(other, "state")
        assert before == same
        assert before["patch"]["blend"]["corners"] == ["flute", "cello"]
        assert hear(other, "keys")["down"] == []
        assert hear(other, "status")["output"] == "socket"
        say(one, "set", target="envelope.attack_seconds", value=0.25)
        after = hear(other, "state", lambda state: state["revision"] > before["revision"])
        assert after["patch"]["envelope"] == {"attack_seconds": 0.25}
        assert hear(one, "state", lambda state: state["revision"] == after["revision"]) == after
        say(other, "undo")
        assert "envelope" not in hear(one, "state", lambda state: state["revision"] > after["revision"])["patch"]
        say(one, "note_on", key=60)
        assert hear(other, "keys", lambda keys: keys["down"] == [60])
        one.close()
        assert hear(other, "keys", lambda keys: keys["down"] == []), "nobody holds it any more"


def test_sound_comes_to_whom_it_is_wanted_by(port: int) -> None:
    with page(port) as opened:
        kinds = [type(opened.recv(timeout=SECONDS)) for _ in range(6)]
        assert kinds == [str] * 6
        say(opened, "hello", version=VERSION, sound=True)
        first, block = frame(opened)
        assert block.shape == (2, 256)
        numbers = [frame(opened)[0] for _ in range(20)]
        assert numbers == sorted({*numbers} - {first})
        assert np.median(np.diff(numbers)) == 1, "a busy machine may lose some"


class Slow:
    """A socket whose page reads when it is told to, and the transport below it."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.unread = 1

    async def send_text(self, text: str) -> None:
        self.sent.append(text)

    async def send_bytes(self, frame: bytes) -> None:
        self.sent.append(frame)

    def get_write_buffer_size(self) -> int:
        return self.unread


def test_a_page_that_reads_slowly_gets_every_trouble_the_newest_state_and_the_newest_sound() -> None:
    async def write() -> list[Any]:
        slow: Any = Slow()
        opened = open_page.Page(slow, slow, blocks=3)
        writing = asyncio.create_task(opened.write())
        for number in range(10):
            opened.put_sound(bytes([number]))
            opened.put(State, f"state {number}")
            opened.put(Keys, f"keys {number}")
            opened.tell(f"trouble {number}")
            await asyncio.sleep(0)
        assert slow.sent == []
        slow.unread = 0
        await asyncio.sleep(0.2)
        writing.cancel()
        return list(slow.sent)

    sent = asyncio.run(write())
    assert [json.loads(text)["says"] for text in sent[:10]] == [f"trouble {number}" for number in range(10)]
    assert sent[10:] == ["state 9", "keys 9", bytes([7]), bytes([8]), bytes([9])]


OTHERS = {"Origin": "http://evil.example"}
REFUSED = [
    {"Host": "evil.example"},
    {"Host": "evil.example:{port}"},
    {"Host": "127.0.0.1:{port}@evil.example"},
    {"Host": "10.0.0.9:{port}"},
    {"Host": ""},
    OTHERS,
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1.evil.example:{port}"},
    {"Origin": "http://[evil:{port}"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
]


@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_another_site_is_refused(port: int, headers: dict[str, str]) -> None:
    headers = {name: value.format(port=port) for name, value in headers.items()}
    for more in ({}, UPGRADE):
        status, answered, text = asked(port, "/socket" if more else "/api/messages", headers | more)
        assert status == 403
        assert text.count("\n") == 1
        assert "default-src 'none'" in answered["Content-Security-Policy"]


def test_the_own_page_and_a_program_may(port: int) -> None:
    own = {"Origin": f"http://localhost:{port}", "Host": f"localhost:{port}", "Sec-Fetch-Site": "same-origin"}
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert asked(port, headers=own)[0] == 200
    assert asked(port, "/socket", own | UPGRADE)[0] == 101
    assert asked(port, "/socket", UPGRADE)[0] == 101
    assert asked(port, "/", followed)[0] == 200, "a link in a mail"
    assert asked(port, "/api/instruments", followed)[0] == 403


def test_with_a_token_nobody_else_gets_in(instrument: Instrument) -> None:
    with serving(instrument, token=TOKEN) as (port, _):
        kept = f"nsynth-lab-{port}={TOKEN}"
        for wrong in (
            "",
            "?token=",
            "?token=wrong",
            f"?token={TOKEN[:-1]}",
            f"?token={TOKEN}%C3%A4",
            f"?other={TOKEN}",
        ):
            assert asked(port, f"/api/messages{wrong}")[0] == 403
            assert asked(port, f"/socket{wrong}", UPGRADE)[0] == 403
        assert asked(port, headers={"Cookie": kept[:-1]})[0] == 403
        assert asked(port, f"/api/messages?token={TOKEN}", OTHERS)[0] == 403
        status, headers, _ = asked(port, f"/api/messages?token={TOKEN}")
        assert (status, headers["Set-Cookie"]) == (200, f"{kept}; Path=/; HttpOnly; SameSite=Strict")
        assert asked(port, headers={"Cookie": f"a=b; {kept}"})[0] == 200
        assert asked(port, "/socket", UPGRADE | {"Cookie": kept})[0] == 101
        with page(port, query=f"?token={TOKEN}") as opened:
            assert hear(opened, "state")


def test_a_token_is_made_where_other_machines_can_come() -> None:
    for host, is_open in (("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)):
        with server.listen(host, 0) as listener:
            first, second = Guard.of(listener, host), Guard.of(listener, host)
            assert bool(first.token) == is_open
            assert (first.token == second.token) != is_open, "another each time"
            assert len(first.token) in (0, 43)
            address = server.address_of(listener, first)
            assert address.endswith(f"/?token={first.token}" if is_open else f":{listener.getsockname()[1]}/")
            assert "0.0.0.0" not in address
            assert first.token not in repr(first) or not is_open


@pytest.mark.parametrize(
    "path",
    [
        "/page/../server.py", "/page/%2e%2e/server.py", "/page/..%2fserver.py", "/page/..\\server.py",
        "/page/%5c..%5cserver.py", "/page/server.py", "/page/notes.txt", "/page//etc/passwd", "/page/%2fetc%2fpasswd",
        "/page/", "/page", "/page/deep", "/page/deep/../a.js", "/page/./a.js", "/page/A.js", "/page/a.js%00.css",
        "/page/a.js/", "//page/a.js", "/index.html", "/%2e%2e/%2e%2e/etc/passwd", "/page/%ff%fe", "/nothing",
    ],
)  # fmt: skip
def test_names_are_no_paths(port: int, path: str) -> None:
    status, _, text = asked(port, path)
    assert status == 404
    assert "this is" not in text


def test_parts_are_packed_for_who_can_unpack_them(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    connection.request("GET", "/page/a.js", headers={"Accept-Encoding": "gzip, br"})
    answer = connection.getresponse()
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(answer.read()) == b"this is a.js"
    connection.close()
    assert asked(port, "/page/a.js")[1]["Content-Encoding"] is None


def test_the_page_is_served_with_strict_headers(port: int) -> None:
    assert asked(port, "/")[2] == "this is index.html"
    for name, kind in PARTS.items():
        status, headers, text = asked(port, f"/page/{name}?x=1")
        assert (status, text) == (200, f"this is {name}")
        assert headers["Content-Type"].partition(";")[0] == kind
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Server"] is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT"])
def test_nothing_is_changed_by_a_request(port: int, method: str) -> None:
    for path in ("/", "/api/preset.toml", "/page/a.js"):
        status, headers, _ = asked(port, path, method=method)
        assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert asked(port, "/", method="HEAD")[0::2] == (200, "")


def test_what_there_is_to_play(port: int, instrument: Instrument) -> None:
    rows = json.loads(asked(port, "/api/instruments")[2])
    assert rows == instrument.session.instruments()
    presets = {row["key"]: row for row in json.loads(asked(port, "/api/presets")[2])}
    assert set(presets["glass-cello"]) == {"key", "name", "tags", "description", "author", "is_own"}
    status, headers, text = asked(port, "/api/preset.toml")
    assert status == 200
    assert headers["Content-Disposition"].startswith('attachment; filename="flute-cello')
    assert parse_preset(text) == blend_patch(["flute", "cello"])


BAD: list[str | bytes] = [
    "", "junk", "[]", "null", "{}", '{"type": 1}', '{"type": "sing"}', '{"type": "note_on"}', "[" * 20_000,
    '{"type": "note_on", "key": 128}', '{"type": "note_on", "key": 1e999}', '{"type": "note_on", "key": 60, "x": 1}',
    '{"type": "note_on", "key": ' + "9" * 5000 + "}", '{"type": "welcome"}', '{"type": "place", "x": NaN}', b"\x00\xff",
    '{"type": "load", "preset": "' + "x" * LONGEST + '"}',
]  # fmt: skip


def test_a_bad_message_is_answered_with_a_line_and_that_is_all(port: int) -> None:
    with undisturbed(port), page(port) as opened:
        for bad in BAD:
            opened.send(bad)
            says = hear(opened, "trouble")["says"]
            assert 0 < len(says) < 300
            assert "defect" not in says
        say(opened, "load", preset="../../etc/passwd")
        say(opened, "corners", names=["flute", "nobody \ud800"])
        assert hear(opened, "trouble")
        assert "nobody" in hear(opened, "trouble")["says"]
        say(opened, "note_on", key=70)
        assert hear(opened, "keys", lambda keys: keys["down"] == [70])


def test_nonsense_again_and_again_ends_it(port: int) -> None:
    with undisturbed(port), page(port) as opened:
        for _ in range(sockets.MOST_BAD - 1):
            opened.send("junk")
        say(opened, "panic")
        for _ in range(sockets.MOST_BAD):
            opened.send("junk")
        says, code = how_it_ends(opened)
        assert says == ["not JSON"] * (2 * sockets.MOST_BAD - 1) + [f"{sockets.MOST_BAD} bad messages in a row"]
        assert code == 1008


def test_a_flood_ends_it_counted_in_messages_or_in_characters(port: int) -> None:
    with undisturbed(port):
        for one, most in (({"type": "panic"}, 5_000), ({"type": "load", "preset": "x" * 200_000}, 40)):
            with page(port) as opened:
                with suppress(OSError):  # all at once: a client that makes one at a time may be slower than the limit
                    opened.socket.sendall(most * masked(json.dumps(one)))
                says, code = how_it_ends(opened)
                assert code in (1008, 1006), "1006 where what it sent was still under way"
                assert code == 1006 or "a second; send fewer" in says[-1]


def test_a_message_of_megabytes_ends_it(port: int) -> None:
    with undisturbed(port), page(port) as opened:
        with suppress(ConnectionClosed):
            opened.send("x" * 5_000_000)
        assert how_it_ends(opened)[1] in (1009, 1006)


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ({"type": "note_on", "key": 60}, "the first message has to be hello"),
        ({"type": "hello", "version": VERSION + 1}, f"messages of version {VERSION + 1}; .* reload the page"),
    ],
)
def test_who_does_not_say_hello_is_told_and_let_go(port: int, first: dict[str, Any], says: str) -> None:
    with page(port, hello=False) as opened:
        opened.send(json.dumps(first))
        told, code = how_it_ends(opened)
        assert len(told) == 1
        assert code == 1008
        assert re.search(says, told[0])


def test_one_page_too_many_is_told_so(port: int, served: tuple[int, Starlette]) -> None:
    with undisturbed(port), ExitStack() as stack:
        opened = [stack.enter_context(page(port)) for _ in range(sockets.MOST_PAGES - 1)]
        assert soon(lambda: len(served[1].state.pages) == sockets.MOST_PAGES)
        with page(port, hello=False) as another:
            assert how_it_ends(another) == (["64 pages are open already; close one of them"], 1013)
        opened[0].close()
        assert soon(lambda: len(served[1].state.pages) < sockets.MOST_PAGES)
        with page(port) as another:
            assert hear(another, "state")


def greeting(port: int) -> bytes:
    """What a page sends first, as bytes: the handshake and hello."""
    head = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
    hello = masked(json.dumps({"type": "hello", "version": VERSION, "sound": True}))
    return f"GET /socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{head}\r\n".encode() + hello


def masked(text: str) -> bytes:
    """A text as a frame that a page sends, masked with zeros (RFC 6455, 5.2)."""
    data = text.encode()
    length = bytes([0x80 + len(data)]) if len(data) < 126 else bytes([0xFF]) + len(data).to_bytes(8, "big")
    return bytes([0x81]) + length + bytes(4) + data


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_a_thousand_sockets_are_sixty_four(port: int, served: tuple[int, Starlette]) -> None:
    import resource

    pages, limits = served[1].state.pages, resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]) if limits[1] > 0 else 4096, limits[1]))
    try:
        with undisturbed(port):
            with ExitStack() as stack:
                for _ in range(1_000):
                    stack.enter_context(socket.create_connection(("127.0.0.1", port))).sendall(greeting(port))
                assert asked(port)[0] == 200
                assert len(pages) == sockets.MOST_PAGES
            assert soon(lambda: len(pages) == 1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("is_known", [True, False], ids=["never reads", "says nothing"])
def test_a_page_that_does_not_take_part_is_let_go(
    port: int, served: tuple[int, Starlette], monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    for module in (open_page, sockets):
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.5)
    pages = served[1].state.pages
    with undisturbed(port), socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", port))
        handshake, end, hello = greeting(port).partition(b"\r\n\r\n")
        deaf.sendall(handshake + end)
        assert deaf.recv(12) == b"HTTP/1.1 101"
        assert soon(lambda: len(pages) == 2)
        if is_known:
            deaf.sendall(hello)
        assert soon(lambda: len(pages) == 1)


def test_nothing_that_is_no_message_gets_far(port: int) -> None:
    with undisturbed(port):
        for junk in (os.urandom(1 << 16), b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 100_000, b"GET " + b"a" * 200_000):
            # it may be cut off
            with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as raw, suppress(OSError):
                raw.sendall(junk)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(1 << 16):
                    pass
        assert asked(port)[0] == 200


@contextmanager
def commanded(*words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "nsynth_lab", "panel", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals and scripts")
def test_the_command_prints_its_address_opens_it_and_ends_with_ctrl_c(
    model_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = ("--checkpoint", str(model_folder))
    browser, opened_there = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" >"{opened_there}.new" && mv "{opened_there}.new" "{opened_there}"\n')
    browser.chmod(0o755)
    with commanded("flute", "cello", "--port", "0", *model, BROWSER=f"{browser} %s") as process:
        assert process.stdout is not None
        address = process.stdout.readline()
        assert soon(opened_there.exists)
        assert opened_there.read_text() == address
        port = int(address.removeprefix("http://127.0.0.1:").removesuffix("/\n"))
        with page(port) as opened:
            state = hear(opened, "state")
            assert state["patch"]["blend"]["corners"] == ["flute", "cello"]
            capfd.readouterr()
            assert run(["panel", "flute", "--port", str(port), *model]) == 1
            told = capfd.readouterr()
            assert told.out == ""
            assert told.err.count("\n") == 1
            assert f"port {port}" in told.err
            process.send_signal(signal.SIGINT)
            _, code = how_it_ends(opened)
        assert code == 1012
        said = process.communicate(timeout=SECONDS)
        assert (process.returncode, said[0]) == (0, "")
        assert "Traceback" not in said[1]


def test_one_word_is_a_preset_or_an_instrument(capsys: pytest.CaptureFixture[str]) -> None:
    from nsynth_lab.cli.panel import _to_play

    patch, preset = _to_play(["glass-cello"], None)
    assert (patch.name, preset) == ("Glass Cello", "glass-cello")
    assert _to_play(["glass cello"], None)[1] == "glass-cello"
    assert _to_play(["Flute"], None) == (blend_patch(["flute"]), "")
    assert _to_play(["flute", "choir-aahs"], None) == (blend_patch(["flute", "choir aahs"]), "")
    assert len(_to_play([], None)[0].blend.corners) == 4
    for words, says in (
        (["glas-cello"], "neither a preset nor an instrument; did you mean glass-cello?"),
        (["flutte"], "neither a preset nor an instrument; did you mean flute?"),
        (["flute", "flutte"], "did you mean flute"),
        (["none.toml"], "no such preset file"),
        (["flute"] * 5, "expected one to four"),
        (["flute", "--block", "100"], "blocks of 100"),
        (["flute", "--latency", "none"], "latency 'none'"),
        (["flute", "--host", "no such host", "--port", "0"], "expected an address of this machine"),
    ):
        assert run(["panel", *words, "--no-browser"]) == (1 if words == ["none.toml"] else 2), words
        told = capsys.readouterr()
        assert says in told.err
        assert (told.out, told.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "websockets"])
def test_without_the_extra_it_says_how_to_get_it(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = tuple(f"nsynth_lab.panel.{name}" for name in ("guard", "open_page", "server", "sockets"))
    for name in [name for name in sys.modules if name.startswith((missing, "uvicorn.protocols", *ours))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    assert run(["panel", "flute", "--port", "0"]) == 1
    told = capsys.readouterr()
    assert "pip install 'nsynth-lab[panel]'" in told.err
    assert (told.out, told.err.count("\n")) == ("", 1)
