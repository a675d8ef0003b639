"""A real browser without a window, and `nsynth-lab panel` as a process that it looks at.

Its fixtures are known to every test: `browser` (a Chromium for a module), `address` (a panel for a module, which may
say in `PANEL` what to play and in `CHROMIUM` with which more flags to browse) and `visit`, a page of one's own on it.
What a page sounds is heard by `Visit.heard`, and measured by `cents_from` and `centroid_hz`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nsynth_lab.model.bank import BANK
from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
from nsynth_lab.units import SAMPLE_RATE

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PLAYS_AT_ONCE = ("--no-sandbox", "--autoplay-policy=no-user-gesture-required")

TO_PLAY = ("flute", "cello", "--latency", "high")

# The blend of the patch that the page's address holds; while it holds none, an empty one.
IN_ADDRESS = "(JSON.parse(atob(location.hash.slice(1).replaceAll('-', '+').replaceAll('_', '/') || 'e30')).blend ?? {})"

# Twenty frames a second instead of sixty: painting is half of what a page takes, and all pages share two processors.
SPARING = """
  window.requestAnimationFrame = (paint) => setTimeout(() => paint(performance.now()), 50);
  window.cancelAnimationFrame = clearTimeout;
"""

# An analyser beside the page's own, as long as its ring of samples may be.
TAP = """(() => {
  const { context, player } = panel.sound;
  panel.tap ??= new AnalyserNode(context, { fftSize: 32768 });
  player.connect(panel.tap);
  return true;
})()"""
HEARD = """(() => {
  const samples = new Float32Array(panel.tap.fftSize);
  panel.tap.getFloatTimeDomainData(samples);
  return Array.from(samples);
})()"""

# For a page to begin with: a keyboard that `strike(0x90, 64, 90)` plays, where a browser without a window has none.
MIDI_KEYBOARD = """
  const port = { id: "1", name: "keys", state: "connected" };
  navigator.requestMIDIAccess = async () => ({ inputs: new Map([["1", port]]) });
  window.strike = (...bytes) => port.onmidimessage({ data: new Uint8Array(bytes) });
"""


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A Chromium, where there is one and all that a panel needs; with the module's `CHROMIUM` flags besides."""
    pytest.importorskip("uvicorn", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    with chromium(*getattr(request.module, "CHROMIUM", ())) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(request: pytest.FixtureRequest, browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of an instrument that all tests of a module share, begun with its `PANEL`; `browser` skips before it starts."""
    assert browser.is_connected()
    arguments: Sequence[str] = getattr(request.module, "PANEL", TO_PLAY)
    log = tmp_path_factory.mktemp("panel") / "said"
    with panel(*arguments, port=free_port(), log=log) as (_, found):
        yield found


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Visit]:
    """A page of one's own on the module's instrument."""
    one = Visit(browser, address)
    yield one
    one.close()


@contextmanager
def chromium(*flags: str, but: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Iterator[Any]:
    """A headless Chromium with more flags, without those of playwright's own in `but`; skips where there is none."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no browser: apt-get install --no-install-recommends chromium")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            headless=True,
            args=[*PLAYS_AT_ONCE, *flags],
            ignore_default_args=list(but),
            env=dict(environment or os.environ),
        )
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page of its own browser profile, with everything that it complained about and asked for.

    `before` is a script that runs before those of the page; `options` are of the profile.
    """

    def __init__(self, browser: Any, address: str, *, before: str = "", **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.context.add_init_script(SPARING)
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

    def connected(self, *, seconds: float = 60.0) -> None:
        """Wait until the page has the state of the instrument; to be called again when it has been loaded again."""
        self.page.evaluate("async () => { window.looked = (await import('/page/app.js')).panel; }")
        self.wait("panel.link.isOpen && panel.state && panel.status", seconds=seconds)

    def panel(self, expression: str, argument: Any = None) -> Any:
        """What a JavaScript expression of `panel`, and of `given`, is worth in the page."""
        return self.page.evaluate(f"async (given) => {{ const panel = window.looked; return {expression}; }}", argument)

    def wait(self, condition: str, argument: Any = None, *, seconds: float = 60.0) -> None:
        """Wait until a condition of `panel`, and of `given`, holds in the page."""
        # Boolean, because a promise would count as true.
        script = f"(given) => {{ const panel = window.looked; return Boolean({condition}); }}"
        self.page.wait_for_function(script, arg=argument, timeout=1000 * seconds)

    def tap(self) -> None:
        """Listen from now on: `heard` needs it, and a page that sounds."""
        self.panel(TAP)

    def heard(self) -> NDArray[np.float64]:
        """[samples] the last 0.68 s of what the page sounds, left."""
        return np.asarray(self.panel(HEARD))

    def on_pad(self, x: float, y: float) -> tuple[float, float]:
        """The point of the window at a position on the pad, between two or four corners."""
        box, canvas = self.panel("panel.pad.box"), self.page.locator(".surface canvas").bounding_box()
        return canvas["x"] + box["left"] + x * box["width"], canvas["y"] + box["top"] + y * box["height"]

    def close(self) -> None:
        """Leave."""
        self.context.close()


def cents_from(sound: NDArray[np.float64], key: int) -> float:
    """How far the strongest partial within a semitone of a key's pitch is from it; it must be no small one."""
    nominal_hz = 440.0 * 2 ** ((key - 69) / 12)
    size = 4 * len(sound)
    power = np.log(np.abs(np.fft.rfft(sound * np.hanning(len(sound)), size)) + 1e-12)
    low, high = (round(nominal_hz * 2 ** (way / 12) * size / SAMPLE_RATE) for way in (-1, 1))
    top = low + int(np.argmax(power[low:high]))
    assert power[top] > np.max(power) - np.log(30)
    left, middle, right = power[top - 1 : top + 2]
    found_hz = (top + 0.5 * (left - right) / (left - 2 * middle + right)) * SAMPLE_RATE / size
    return float(1200 * np.log2(found_hz / nominal_hz))


def centroid_hz(sound: NDArray[np.float64]) -> float:
    """The mean frequency of the amplitude spectrum."""
    amplitudes = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.sum(amplitudes * np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)) / np.sum(amplitudes))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def panel(
    *arguments: str, port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`nsynth-lab panel` and its address, once it can be asked; killed when the block is left."""
    command = [sys.executable, "-m", "nsynth_lab", "panel", *arguments, "--no-browser", "--port", str(port)]
    with log.open("a") as said:
        process = subprocess.Popen(
            command,
            env=dict(environment or os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://"), log.read_text()
            yield process, address
        finally:
            process.kill()
            process.communicate()
