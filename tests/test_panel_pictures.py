"""What the panel renders beside its engine: in a process that may die, and truly what the blends sound like."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsynth_lab.dsp.impression import impression
from nsynth_lab.errors import UsageError
from nsynth_lab.note import Note
from nsynth_lab.panel.pictures.colours import Colours
from nsynth_lab.panel.pictures.renderer import NICENESS, Renderer, RenderError
from nsynth_lab.panel.pictures.tools import Tools
from nsynth_lab.panel.pictures.work import HEARD_FRAMES, NOTE_FRAMES
from nsynth_lab.patch import Blend
from nsynth_lab.render import DEFAULT_CHECKPOINT, Session
from nsynth_lab.render.request import BlendRequest
from nsynth_lab.units import HOP_SAMPLES, frames_to_seconds

SECONDS = 30.0  # until a test gives up
pytest.importorskip("starlette", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")


@dataclass(frozen=True)
class Sleep:
    """Work that says when it began, or ends its process."""

    seconds: float = 0.0
    dies: bool = False
    fails: bool = False

    def do(self, _: Tools) -> tuple[int, int, float]:
        began = time.monotonic()
        if self.dies:
            os._exit(3)
        if self.fails:
            raise UsageError("nothing to do")
        time.sleep(self.seconds)
        return os.getpid(), os.nice(0), began


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(device="cpu")


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer(DEFAULT_CHECKPOINT) as made:
        yield made


def result(future: Future[Any]) -> Any:
    return future.result(SECONDS)


def test_what_is_urgent_comes_first_in_a_process_that_gives_way(renderer: Renderer) -> None:
    first = renderer.ask(Sleep(0.3), urgent=False)
    later = renderer.ask(Sleep(), urgent=False)
    urgent = renderer.ask(Sleep(), urgent=True)
    (process, nice, _), (_, _, second), (_, _, third) = result(first), result(urgent), result(later)
    assert second < third
    assert process != os.getpid()
    assert nice == min(19, os.nice(0) + NICENESS)


def test_a_process_that_dies_takes_one_request_with_it(renderer: Renderer) -> None:
    before = result(renderer.ask(Sleep(), urgent=False))[0]
    dead, next_ = renderer.ask(Sleep(dies=True), urgent=False), renderer.ask(Sleep(), urgent=False)
    with pytest.raises(RenderError, match="has died"):
        result(dead)
    assert result(next_)[0] != before
    busy = renderer.ask(Sleep(60.0), urgent=False)
    assert soon(lambda: busy.running())
    os.kill(renderer.process_id or 0, signal.SIGKILL)
    with pytest.raises(RenderError):
        result(busy)


def test_an_error_comes_back_as_it_is(renderer: Renderer) -> None:
    with pytest.raises(UsageError, match="nothing to do"):
        result(renderer.ask(Sleep(fails=True), urgent=True))


def test_it_ends_at_once_and_leaves_no_process() -> None:
    with Renderer(DEFAULT_CHECKPOINT) as renderer:
        process = result(renderer.ask(Sleep(), urgent=False))[0]
        renderer.ask(Sleep(60.0), urgent=False)
        waits = renderer.ask(Sleep(), urgent=False)
        began = time.monotonic()
    assert time.monotonic() - began < 5.0
    assert waits.cancelled()
    assert not Path(f"/proc/{process}").exists()
    with pytest.raises(RenderError):
        renderer.ask(Sleep(), urgent=False)


def whole(colours: Colours, blend: Blend) -> dict[str, Any]:
    """The map of a blend when it is complete; what was shown before was a part of it."""
    until, columns = time.monotonic() + SECONDS, 0
    while not (shown := colours.shown(blend))["complete"]:
        assert shown["columns"] >= columns
        columns = shown["columns"]
        assert time.monotonic() < until
        time.sleep(0.05)
    return shown


def test_colours_are_those_of_the_sounds_between_two(session: Session, renderer: Renderer) -> None:
    """Figures of clips as `blend` makes them, at three places; and from dull to bright there is a way up."""
    blend = Blend(("drawbar organ", "saw lead"), position=(0.8,))
    shown = whole(Colours(session, renderer, busy=lambda: False), blend)
    assert (shown["columns"], shown["rows"], shown["note"]) == (33, 1, "C4")
    for column, place in ((0, 0.0), (8, 0.25), (32, 1.0)):
        request = BlendRequest(blend.at((place,)), Note(60), seconds=frames_to_seconds(NOTE_FRAMES))
        sound = session.render(session.blend(request), limited=False).audio.mono()[: HEARD_FRAMES * HOP_SAMPLES]
        found = impression(sound, f0_hz=Note(60).hz)
        assert shown["brightness_hz"][column] == pytest.approx(found.brightness_hz, rel=0.01)
        assert shown["noise_db"][column] == pytest.approx(found.noise_db, abs=0.5)
        assert shown["attack_ms"][column] == pytest.approx(1000 * found.attack_seconds, rel=0.02)
    assert np.all(np.diff(shown["brightness_hz"]) > 0)


def test_corners_of_a_square_sound_as_they_do_by_themselves_and_a_tip_is_one_place(
    session: Session, renderer: Renderer
) -> None:
    colours = Colours(session, renderer, busy=lambda: False)
    square = whole(colours, Blend(("flute", "cello", "choir aahs", "marimba")))
    assert len(square["brightness_hz"]) == square["columns"] * square["rows"] == 17 * 17
    edge = whole(colours, Blend(("choir aahs", "marimba")))
    if edge["note"] == square["note"]:
        np.testing.assert_allclose(square["brightness_hz"][-17:], edge["brightness_hz"][::2], rtol=1e-3)
    triangle = whole(colours, Blend(("flute", "cello", "marimba")))
    assert np.ptp(triangle["brightness_hz"][-17:]) == 0.0
    assert np.ptp(triangle["brightness_hz"][:17]) > 0.0


def test_colours_are_kept_and_wait_while_the_engine_is_busy(session: Session, renderer: Renderer) -> None:
    busy = True
    colours = Colours(session, renderer, busy=lambda: busy)
    blend = Blend(("flute", "oboe"))
    for _ in range(5):
        assert colours.shown(blend)["columns"] == 0
        time.sleep(0.05)
    busy = False
    first = whole(colours, blend)
    assert colours.shown(Blend(("flute", "oboe"), position=(0.1,))) == first
    assert colours.shown(Blend(("flute", "oboe"), timbre=(0.5,)))["columns"] == 0  # its timbre stays where it is
    assert whole(colours, Blend(("flute",)))["columns"] == 1
    with pytest.raises(UsageError):
        colours.shown(Blend(("no such instrument",)))


def soon(is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so in time."""
    until = time.monotonic() + SECONDS
    while not is_so() and time.monotonic() < until:
        time.sleep(0.01)
    return is_so()
