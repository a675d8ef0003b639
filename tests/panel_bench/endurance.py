"""Endurance: minutes of playing at latency high while the page is used, and what was not there in time."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from browsing import Visit, chromium, free_port, panel
from servers import pulse

CORNERS = ("flute", "cello", "choir aahs", "marimba")
PRESETS = ("glass-cello", "hollow-choir", "slow-weather", "slap-marimba")
LETTERS = "asdfghjk"


@dataclass(frozen=True)
class Endurance:
    """Of some minutes.

    Attributes:
        way: socket or device.
        engine, page: underruns.
        lost: blocks that never came to the page.
        stolen: voices.
        done: what was done with the page, and how often.
    """

    way: str
    minutes: float
    engine: int
    page: int
    lost: int
    stolen: int
    done: dict[str, int]


def measure(*, minutes: float) -> Iterator[Endurance]:
    """By the socket, and by a device."""
    with tempfile.TemporaryDirectory() as folder, pulse(Path(folder)) as environment:
        yield _used(minutes, "socket", environment)
        yield _used(minutes, "device", environment, "--device", "default")


def _used(minutes: float, way: str, environment: dict[str, str], *arguments: str) -> Endurance:
    log = Path(tempfile.gettempdir()) / "panel-bench.log"
    with (
        chromium(but=("--mute-audio",), environment=environment) as browser,
        panel(*CORNERS, "--latency", "high", *arguments, port=free_port(), log=log, environment=environment) as (_, at),
    ):
        visit = Visit(browser, at)
        visit.page.mouse.click(5, 400)
        visit.wait("panel.sound.isRunning")
        visit.panel("panel.sound.setSafety('high')")
        visit.page.wait_for_timeout(3000)
        player, before = _Player(visit), _counts(visit)
        until = time.monotonic() + 60.0 * minutes
        while time.monotonic() < until:
            player.do_something()
        after = _counts(visit)
    engine, page, lost, stolen = (last - first for first, last in zip(before, after, strict=True))
    return Endurance(way, minutes, engine=engine, page=page, lost=lost, stolen=stolen, done=player.done)


def _counts(visit: Visit) -> list[int]:
    found: list[int] = visit.panel(
        "[panel.status.underruns, panel.sound.report.underruns, panel.sound.report.lost, panel.status.stolen]"
    )
    return found


class _Player:
    """Somebody who plays, and uses the page meanwhile."""

    def __init__(self, visit: Visit) -> None:
        self._visit, self._random, self._number = visit, random.Random(0), 0
        self.done = dict.fromkeys(("chord", "drag", "knob", "tab", "search", "preset", "corners", "undo"), 0)

    def do_something(self) -> None:
        self._number += 1
        what = "chord" if self._number % 2 else self._random.choice(list(self.done))
        getattr(self, f"_{what}")()
        self.done[what] += 1

    def _chord(self) -> None:
        page = self._visit.page
        keys = self._random.sample(LETTERS, self._random.randint(1, 4))
        page.locator("h1").click()  # so that letters are keys
        for key in keys:
            page.keyboard.down(key)
        page.wait_for_timeout(self._random.uniform(150, 900))
        for key in keys:
            page.keyboard.up(key)

    def _drag(self) -> None:
        page = self._visit.page
        page.mouse.move(*self._visit.on_pad(self._random.random(), self._random.random()))
        page.mouse.down()
        for _ in range(4):
            page.mouse.move(*self._visit.on_pad(self._random.random(), self._random.random()), steps=15)
        page.mouse.up()

    def _knob(self) -> None:
        knobs = self._visit.page.locator("nl-knob:visible")
        if knobs.count():
            knob = knobs.nth(self._random.randrange(knobs.count()))
            knob.focus()
            for _ in range(5):
                knob.press(self._random.choice(("ArrowUp", "ArrowDown")))

    def _tab(self) -> None:
        tabs = self._visit.page.locator("[role=tab]:visible")
        tabs.nth(self._random.randrange(tabs.count())).click()

    def _search(self) -> None:
        field = self._visit.page.locator("input[type=search]:visible")
        if field.count():
            field.first.fill(self._random.choice(("cel", "or", "pad", "")))

    def _preset(self) -> None:
        self._visit.panel("panel.link.load(given)", self._random.choice(PRESETS))

    def _corners(self) -> None:
        self._visit.panel("panel.link.corners(given)", self._random.sample(CORNERS, self._random.randint(2, 4)))

    def _undo(self) -> None:
        self._visit.page.keyboard.press("Control+z")
