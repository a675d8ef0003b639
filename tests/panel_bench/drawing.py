"""Drawing: how soon the page is there and what it weighs, frames a second while it plays, and twenty pages at once."""

from __future__ import annotations

import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from browsing import Visit, chromium, free_port, panel

CORNERS = ("flute", "cello", "choir aahs", "drawbar organ")  # that sound as long as they are held
PAGES, VOICES = 20, 16
IS_THERE = """
  const looking = setInterval(() => {
    if (!document.getElementById("patch-name")?.textContent.trim()) return;
    window.there = performance.now();
    clearInterval(looking);
  }, 2);
"""
LOADED = """() => {
  const all = [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")];
  const bytes = (is) => all.filter(({ name }) => is(name)).reduce((sum, one) => sum + one.transferSize, 0);
  const loaded = performance.getEntriesByType("navigation")[0].loadEventEnd;
  return [window.there, loaded, bytes((name) => !name.includes("/api/")), bytes((name) => name.includes("/api/"))];
}"""
FRAMES = """(seconds) => new Promise((done) => {
  const times = [];
  const frame = (now) => {
    times.push(now);
    if (now - times[0] < 1000 * seconds) requestAnimationFrame(frame);
    else done(times);
  };
  requestAnimationFrame(frame);
})"""


@dataclass(frozen=True)
class Drawing:
    """Of the page.

    Attributes:
        there_ms: from asking for it until it shows the sound; median and most, of some visits with nothing kept.
        loaded_ms: until the browser calls it loaded.
        page_bytes, lists_bytes: that came over the wire for the page, and for its lists of instruments and presets.
        frames_a_second: while the pad is dragged and so many voices sound.
        interval_ms: between frames; median, 99th percentile.
        voices: that still sounded at its end.
        pages_underruns: of the engine, and of a page, while twenty are open and one plays.
        pages_ms: from a key on one page until all twenty show it; the most.
    """

    there_ms: tuple[float, float]
    loaded_ms: tuple[float, float]
    page_bytes: int
    lists_bytes: int
    frames_a_second: float
    interval_ms: tuple[float, float]
    voices: int
    pages_underruns: tuple[int, int]
    pages_ms: float


def measure(*, visits: int, seconds: float) -> Drawing:
    """Of one panel."""
    log = Path(tempfile.gettempdir()) / "panel-bench.log"
    with chromium() as browser, panel(*CORNERS, port=free_port(), log=log) as (_, address):
        rows = []
        for _ in range(visits):
            visit = Visit(browser, address, before=IS_THERE)
            visit.page.wait_for_timeout(1000)
            rows.append(visit.page.evaluate(LOADED))
            visit.close()
        visit = Visit(browser, address)
        visit.page.mouse.click(5, 400)
        visit.wait("panel.sound.isRunning")
        visit.panel("panel.sound.setSafety('high')")
        times, voices = _frames(visit, seconds)
        underruns, shown = _pages(browser, address, visit)
    there, loaded, page, lists = np.asarray(rows).T
    steps = np.diff(times)
    return Drawing(
        there_ms=(float(np.median(there)), float(np.max(there))),
        loaded_ms=(float(np.median(loaded)), float(np.max(loaded))),
        page_bytes=int(np.max(page)),
        lists_bytes=int(np.max(lists)),
        frames_a_second=float(1000.0 * len(steps) / (times[-1] - times[0])),
        interval_ms=(float(np.median(steps)), float(np.percentile(steps, 99))),
        voices=voices,
        pages_underruns=underruns,
        pages_ms=shown,
    )


def _frames(visit: Visit, seconds: float) -> tuple[list[float], int]:
    """Times of frames, in ms, while the pad is dragged in circles; and how many voices sounded."""
    visit.panel(
        "Array.from({ length: given }, (_, k) => panel.held.press(`bench ${k}`, 40 + 2 * k, 80)).length", VOICES
    )
    visit.page.wait_for_timeout(1500)
    visit.page.evaluate(f"window.times = ({FRAMES})({seconds})")
    visit.page.mouse.move(*visit.on_pad(0.5, 0.5))
    visit.page.mouse.down(button="left")
    begun = time.monotonic()
    while (at := time.monotonic() - begun) < seconds:
        visit.page.mouse.move(*visit.on_pad(0.5 + 0.4 * math.cos(3 * at), 0.5 + 0.4 * math.sin(3 * at)))
    voices = int(visit.panel("panel.status.voices"))
    visit.page.mouse.up()
    times = visit.page.evaluate("window.times")
    visit.panel("(panel.held.releaseAll(), true)")
    return times, voices


def _pages(browser: object, address: str, first: Visit) -> tuple[tuple[int, int], float]:
    """Underruns while twenty pages are open, and how long a key takes to all of them."""
    others = [Visit(browser, address) for _ in range(PAGES - 1)]
    first.page.wait_for_timeout(2000)
    before = first.panel("[panel.status.underruns, panel.sound.report.underruns]")
    most = 0.0
    for number in range(20):
        first.page.keyboard.down("h")
        begun = time.monotonic()
        if number % 5 == 0:
            for other in others:
                other.wait("document.querySelector('.key.down') !== null")
            most = max(most, time.monotonic() - begun)
        first.page.wait_for_timeout(300)
        first.page.keyboard.up("h")
        first.page.wait_for_timeout(200)
    after = first.panel("[panel.status.underruns, panel.sound.report.underruns]")
    for other in others:
        other.close()
    return (after[0] - before[0], after[1] - before[1]), 1000.0 * most
