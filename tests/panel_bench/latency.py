"""Latency: from a key pressed in the page to its sound, by the socket and by an audio device."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from browsing import Visit, chromium, free_port, panel
from servers import pulse

from panel_bench.listening import Recording, clocks_apart, listen, pressed

INSTRUMENTS = ("saw lead", "drawbar organ")  # the first speaks at once: what is measured is the way to it
KEY = "h"


@dataclass(frozen=True)
class Latency:
    """Milliseconds, over all presses.

    Attributes:
        way: socket or device, and its latency.
        in_page: to the page's last sample; median, 99th percentile. Nothing by a device.
        played: until the browser says that it plays it.
        recorded: until it is in the sound server's recording.
        shown: what the page's meter says.
        underruns: of the engine and of the page.
    """

    way: str
    presses: int
    in_page: tuple[float, float] | None
    played: tuple[float, float] | None
    recorded: tuple[float, float] | None
    shown: float
    underruns: tuple[int, int]


def measure(*, presses: int) -> Iterator[Latency]:
    """By the socket without a sound card, by the socket and by the device into a sound server."""
    for safety in ("low", "high"):
        yield _alone(presses, safety)
    with tempfile.TemporaryDirectory() as folder, pulse(Path(folder)) as environment:
        yield _recorded(environment, presses)
        for block in ("256", "128"):
            yield _recorded(environment, presses, "--device", "default", "--block", block)


def _alone(presses: int, safety: str) -> Latency:
    with chromium() as browser, _panel() as (_, address):
        visit = _sounding(browser, address, safety)
        return _pressed(visit, f"socket, {safety}, no sound card", presses)


def _recorded(environment: dict[str, str], presses: int, *arguments: str) -> Latency:
    is_device = bool(arguments)
    with (
        chromium(but=("--mute-audio",), environment=environment) as browser,
        _panel(*arguments, environment=environment) as (_, address),
    ):
        way = f"device, low, blocks of {arguments[-1]}" if is_device else "socket, low, PulseAudio"
        visit = Visit(browser, address, bypass_csp=True) if is_device else _sounding(browser, address, "low")
        if is_device:
            visit.page.wait_for_timeout(1500)
        with Recording(environment) as recording:
            visit.page.wait_for_timeout(500)
            return _pressed(visit, way, presses, recording=recording, in_page=not is_device)


def _panel(*arguments: str, environment: dict[str, str] | None = None) -> Any:
    log = Path(tempfile.gettempdir()) / "panel-bench.log"
    return panel(*INSTRUMENTS, *arguments, port=free_port(), log=log, environment=environment)


def _sounding(browser: Any, address: str, safety: str) -> Visit:
    visit = Visit(browser, address, bypass_csp=True)
    visit.page.mouse.click(5, 400)
    visit.wait("panel.sound.isRunning")
    visit.panel("panel.sound.setSafety(given)", safety)
    visit.wait("panel.sound.isRunning && panel.sound.report.playing")
    visit.page.wait_for_timeout(4500)  # until what lies in store is what is needed
    return visit


def _pressed(
    visit: Visit, way: str, presses: int, *, recording: Recording | None = None, in_page: bool = True
) -> Latency:
    listen(visit, in_page=in_page)
    apart = clocks_apart(visit)
    before, times = _underruns(visit), []
    for number in range(presses):
        if in_page:
            visit.page.evaluate("arm()")
        visit.page.wait_for_timeout(random.uniform(40, 80))
        times.append(pressed(visit, KEY) + apart)
        if in_page:
            visit.wait("window.onsets.length > given", number)
        visit.page.wait_for_timeout(90)
        visit.page.keyboard.up(KEY)
        visit.wait("panel.status.voices === 0 && panel.status.peak < 1e-5")
        visit.page.wait_for_timeout(150)
    visit.page.wait_for_timeout(500)
    onsets = np.asarray(visit.page.evaluate("window.onsets")) if in_page else None
    after = _underruns(visit)
    return Latency(
        way,
        presses,
        in_page=_spread(onsets[:, 1] - onsets[:, 0]) if onsets is not None else None,
        played=_spread(onsets[:, 2] - onsets[:, 0]) if onsets is not None else None,
        recorded=_spread(1000.0 * np.asarray(recording.onsets(times))) if recording else None,
        shown=visit.panel("panel.status.latency_ms + (panel.status.output === 'socket' ? panel.sound.latencyMs : 0)"),
        underruns=(after[0] - before[0], after[1] - before[1]),
    )


def _underruns(visit: Visit) -> tuple[int, int]:
    engine, page = visit.panel("[panel.status.underruns, panel.sound.report.underruns]")
    return int(engine), int(page)


def _spread(milliseconds: Any) -> tuple[float, float]:
    """Median and 99th percentile."""
    if len(milliseconds) == 0:
        return float("nan"), float("nan")
    return float(np.median(milliseconds)), float(np.percentile(milliseconds, 99))
