"""Files that pages send: what is taken, and what strangers try."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")

from starlette.applications import Starlette  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import JSONResponse, Response  # noqa: E402
from starlette.routing import Route  # noqa: E402

from nsynth_lab.panel.guard import Guard, Guarded  # noqa: E402
from nsynth_lab.panel.jobs import uploads  # noqa: E402

MOST = 1 << 20
SECONDS = 10.0


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Path]]:
    """A port that takes WAV and MIDI files of at most a MiB, and the folder where they go."""
    monkeypatch.setattr(uploads, "STALLED_SECONDS", 0.5)
    monkeypatch.setattr(uploads, "LONGEST_SECONDS", 2.0)
    folder = tmp_path / "kept"
    folder.mkdir()

    async def send(request: Request) -> Response:
        path = await uploads.receive(request, folder, most_bytes=MOST, suffixes={".wav", ".mid"})
        return JSONResponse({"name": path.name, "inside": path.parent == folder})

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        guard = Middleware(Guarded, guard=Guard("127.0.0.1", port), posts={"/send"})
        app = Starlette(routes=[Route("/send", send, methods=["POST"])], middleware=[guard])
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        try:
            assert soon(lambda: server.started)
            yield port, folder
            assert soon(lambda: not uploads._under_way)
        finally:
            server.should_exit = True
            thread.join(SECONDS)


def soon(is_so: Any) -> bool:
    until = time.monotonic() + SECONDS
    while not is_so() and time.monotonic() < until:
        time.sleep(0.01)
    return bool(is_so())


def sent(port: int, query: str, body: bytes = b"RIFF", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request(
            "POST", f"/send{query}", body, {name.replace("_", "-"): text for name, text in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@contextmanager
def raw(port: int, head: str) -> Iterator[socket.socket]:
    """A client that says no more than this for now."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as opened:
        opened.sendall(f"POST /send?name=a.wav HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{head}\r\n".encode())
        yield opened


def status_of(opened: socket.socket) -> int:
    """The status of an answer that ends the connection."""
    found = b""
    while chunk := opened.recv(4096):
        found += chunk
    return int(found.split()[1])


def test_a_file_is_kept_whole_under_a_name_of_our_own(there: tuple[int, Path]) -> None:
    port, folder = there
    body = bytes(range(256)) * 4096
    assert len(body) == MOST
    status, text = sent(port, "?name=My%20Song.MID", body)
    assert (status, '"inside":true' in text) == (200, True)
    (path,) = folder.iterdir()
    assert re.fullmatch(r"[0-9a-f]{16}\.mid", path.name)
    assert path.read_bytes() == body


ODD_NAMES = ("", "?name=", "?name=a.exe", "?name=wav", "?name=.wav", "?name=a.wav.py", "?name=a.wav%00", "?nom=a.wav")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_other_endings_are_not_taken(there: tuple[int, Path], name: str) -> None:
    status, text = sent(there[0], name)
    assert (status, "ends in .mid, .wav" in text) == (415, True)
    assert list(there[1].iterdir()) == []


def test_no_name_leads_anywhere(there: tuple[int, Path]) -> None:
    port, folder = there
    names = ["../../out.wav", "..%2F..%2Fout.wav", "/tmp/out.wav", "C:%5Cout.wav", "%2e%2e/a.wav", "a.wav/../../b.wav"]
    for name in names:
        assert sent(port, f"?name={name}")[0] == 200
    assert len(list(folder.iterdir())) == len(names)
    assert [path.name for path in folder.parent.iterdir()] == ["kept"]
    assert all(re.fullmatch(r"[0-9a-f]{16}\.wav", path.name) for path in folder.iterdir())


def test_five_gigabytes_are_refused_before_they_come(there: tuple[int, Path]) -> None:
    port, folder = there
    for said in ("5368709120", "9" * 300, str(MOST + 1)):
        with raw(port, f"Content-Length: {said}\r\n") as opened:
            assert status_of(opened) in (400, 413)
    assert list(folder.iterdir()) == []


def test_what_never_ends_is_cut_off(there: tuple[int, Path]) -> None:
    port, folder = there
    chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    gone = 0
    with raw(port, "Transfer-Encoding: chunked\r\n") as opened, suppress(OSError):
        for _ in range(1 << 14):  # a GiB
            opened.sendall(chunk)
            gone += len(chunk)
    assert gone < 64 * MOST
    assert soon(lambda: list(folder.iterdir()) == [])


@pytest.mark.parametrize("head", ["Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"])
def test_what_stalls_is_not_waited_for(there: tuple[int, Path], head: str) -> None:
    with raw(there[0], head) as opened:
        opened.sendall(b"4\r\nRIFF\r\n" if "chunked" in head else b"RIFF")
        assert status_of(opened) == 408
    assert list(there[1].iterdir()) == []


def test_what_drips_is_not_waited_for_either(there: tuple[int, Path]) -> None:
    began = time.monotonic()
    with raw(there[0], "Content-Length: 1000\r\n") as opened, suppress(OSError):
        while time.monotonic() < began + SECONDS:
            opened.sendall(b"x")
            time.sleep(0.1)
    assert time.monotonic() < began + SECONDS
    assert list(there[1].iterdir()) == []


def test_what_breaks_off_leaves_nothing(there: tuple[int, Path]) -> None:
    with raw(there[0], "Content-Length: 1000\r\n") as opened:
        opened.sendall(b"RIFF")
    assert soon(lambda: list(there[1].iterdir()) == [] and not uploads._under_way)
    assert sent(there[0], "?name=a.wav", b"")[0] == 400


def test_too_many_at_once_are_told_so(there: tuple[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_AT_ONCE", 1)
    with raw(there[0], "Content-Length: 1000\r\n"):
        assert soon(lambda: uploads._under_way)
        assert sent(there[0], "?name=a.wav")[0] == 503
    assert soon(lambda: not uploads._under_way)
    assert sent(there[0], "?name=a.wav")[0] == 200


def test_only_the_panels_own_page_may_send(there: tuple[int, Path]) -> None:
    port, folder = there
    assert sent(port, "?name=a.wav", Origin="https://evil.example")[0] == 403
    assert sent(port, "?name=a.wav", Origin="null")[0] == 403
    assert sent(port, "?name=a.wav", Sec_Fetch_Site="cross-site")[0] == 403
    assert sent(port, "?name=a.wav", Host="evil.example")[0] == 403
    assert list(folder.iterdir()) == []
    assert sent(port, "?name=a.wav", Origin=f"http://127.0.0.1:{port}")[0] == 200


def test_a_full_disk_is_said(there: tuple[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any, **__: Any) -> int:
        await asyncio.sleep(0)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads, "_write", full)
    status, text = sent(there[0], "?name=a.wav")
    assert (status, "No space left" in text) == (507, True)
