"""A real browser without a window, and `nsynth-lab panel` as a process that it looks at."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PLAYS_AT_ONCE = ("--no-sandbox", "--autoplay-policy=no-user-gesture-required")


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium; skips, and says why, where there is none."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip("no browser: apt-get install --no-install-recommends chromium")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=list(PLAYS_AT_ONCE))
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page of its own browser profile, with everything that it complained about and asked for.

    `before` is a script that runs before those of the page.
    """

    def __init__(self, browser: Any, address: str, *, before: str = "") -> None:
        self.context = browser.new_context()
        self.page: Any = self.context.new_page()
        self.page.add_init_script(before)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda opened: self.asked.append(opened.url))
        self.page.goto(address)
        self.connected()

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def connected(self, *, seconds: float = 10.0) -> None:
        """Wait until the page has the state of the instrument; to be called again when it has been loaded again."""
        self.page.evaluate("async () => { window.looked = (await import('/page/app.js')).panel; }")
        self.wait("panel.link.isOpen && panel.state && panel.status", seconds=seconds)

    def panel(self, expression: str, argument: Any = None) -> Any:
        """What a JavaScript expression of `panel`, and of `given`, is worth in the page."""
        return self.page.evaluate(f"async (given) => {{ const panel = window.looked; return {expression}; }}", argument)

    def wait(self, condition: str, argument: Any = None, *, seconds: float = 10.0) -> None:
        """Wait until a condition of `panel`, and of `given`, holds in the page."""
        # Boolean, because a promise would count as true.
        script = f"(given) => {{ const panel = window.looked; return Boolean({condition}); }}"
        self.page.wait_for_function(script, arg=argument, timeout=1000 * seconds)

    def close(self) -> None:
        """Leave."""
        self.context.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def panel(*arguments: str, port: int, log: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`nsynth-lab panel` and its address, once it can be asked; killed when the block is left."""
    command = [sys.executable, "-m", "nsynth_lab", "panel", *arguments, "--no-browser", "--port", str(port)]
    with log.open("a") as said:
        process = subprocess.Popen(
            command, env=dict(os.environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, text=True
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://"), log.read_text()
            yield process, address
        finally:
            process.kill()
            process.communicate()
