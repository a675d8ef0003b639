"""Whoever connects to the panel and wastes its time is let go, and twenty pages at once are no trouble."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from browsing import Visit
from test_panel_server import SECONDS, frame, hear, page, say, serving, undisturbed
from websockets.sync.client import ClientConnection

from nsynth_lab.panel import impatient
from nsynth_lab.panel.changes import blend_patch
from nsynth_lab.panel.instrument import Instrument
from nsynth_lab.render import Session
from nsynth_lab.units import FloatArray

ASKING = b"GET /api/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
PAGES = 20


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with (
        Instrument(Session(device="cpu"), blend_patch(["flute", "cello"])) as made,
        serving(made) as (found, _),
    ):
        yield found


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impatient, "REQUEST_SECONDS", 0.4)


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)


def heard_until(opened: ClientConnection, until: float) -> dict[int, FloatArray]:
    """The blocks that a page hears until then, by their numbers."""
    blocks: dict[int, FloatArray] = {}
    while time.monotonic() < until or not blocks:
        number, block = frame(opened)
        blocks[number] = block
    return blocks


def is_let_go(client: socket.socket) -> bool:
    """Whether the other side closes the connection before this one gives up."""
    try:
        while client.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


@pytest.mark.usefixtures("no_patience")
def test_who_connects_and_asks_for_nothing_is_let_go(port: int) -> None:
    """Also in the middle of a request's head, however slowly that comes, and in that of a second one."""
    with undisturbed(port), ExitStack() as stack:
        silent, half, slow, second = (stack.enter_context(connected(port)) for _ in range(4))
        half.sendall(ASKING)
        second.sendall(ASKING + b"\r\n" + ASKING)
        begun = time.monotonic()
        with pytest.raises(ConnectionError):  # noqa: PT012
            for number in range(1000):
                slow.sendall(ASKING[number % len(ASKING) :][:1])
                time.sleep(0.02)
        assert time.monotonic() - begun < SECONDS
        assert all(map(is_let_go, (silent, half, second)))


@pytest.mark.usefixtures("no_patience")
def test_who_asks_is_answered_and_a_page_stays(port: int) -> None:
    with connected(port) as client, page(port) as opened:
        client.sendall(ASKING + b"Connection: close\r\n\r\n")
        answer = b""
        while piece := client.recv(1 << 16):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"note_on" in answer
        time.sleep(0.8)
        say(opened, "note_on", key=60)
        assert hear(opened, "keys", lambda keys: keys["down"] == [60])


def test_twenty_pages_hear_the_same_and_are_in_step(port: int) -> None:
    with ExitStack() as stack:
        opened = [stack.enter_context(page(port, sound=True)) for _ in range(PAGES)]
        say(opened[0], "note_on", key=62)
        for one in opened:
            assert hear(one, "keys", lambda keys: keys["down"] == [62])
        with ThreadPoolExecutor(PAGES) as pool:
            until = time.monotonic() + 2.0
            heard = list(pool.map(lambda one: heard_until(one, until), opened))
        for blocks in heard:
            assert list(blocks) == sorted(blocks)
            common = blocks.keys() & heard[0].keys()
            assert common
            assert all(np.array_equal(blocks[number], heard[0][number]) for number in common)


@pytest.mark.alone
def test_twenty_pages_in_a_browser_stay_in_step(browser: Any, address: str) -> None:
    """And the first of them sounds all the time."""
    first = Visit(browser, address)
    first.page.mouse.click(5, 400)
    first.wait("panel.sound.isRunning && panel.sound.report.playing")
    others = [first.context.new_page() for _ in range(PAGES - 1)]
    for other in others:
        other.goto(address, wait_until="commit")
    first.page.keyboard.down("a")
    for other in others:
        other.locator(".key.down[data-key='60']").wait_for(timeout=3000 * SECONDS)
    first.wait("panel.status.voices === 1 && panel.sound.report.peaks[0] > 0.001")
    first.page.keyboard.up("a")
    for other in others:
        other.locator(".key.down").wait_for(state="detached", timeout=3000 * SECONDS)
    first.wait("panel.status.voices === 0")
    assert first.complaints == []
    first.close()
