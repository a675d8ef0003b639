"""A path drawn on the pad, in a real browser: kept in the sound, heard by every note, shown, changed and removed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from browsing import Visit, centroid_hz

DULL, BRIGHT = "drawbar organ", "saw lead"


def begin(visit: Visit, *corners: str) -> None:
    visit.panel("panel.link.corners(given)", list(corners))
    visit.wait("panel.pad.names.join() === given.join()", list(corners))
    visit.panel("panel.link.place({ x: 0.5, y: 0.5 }, true)")


def path_of(visit: Visit) -> list[list[float]]:
    found: list[list[float]] = visit.panel("panel.state.patch.blend.path ?? []")
    return found


def wait_for_path(visit: Visit) -> None:
    visit.wait("(panel.state.patch.blend.path ?? []).length > 1")


def test_a_drawn_path_is_kept_undone_as_one_and_removed(visit: Visit) -> None:
    page = visit.page
    begin(visit, "flute", "cello", "oboe", "marimba")
    visit.wait("(panel.state.patch.blend.path ?? []).length === 0")
    page.get_by_role("button", name="Draw a path").click()
    page.mouse.move(*visit.on_pad(0.2, 0.2))
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(*visit.on_pad(0.2 + 0.06 * step, 0.2 + (0.05 * step) ** 2))
        page.wait_for_timeout(30)
    page.mouse.up()
    wait_for_path(visit)
    path = path_of(visit)
    assert path[0] == pytest.approx([0.0, 0.2, 0.2], abs=0.01)
    assert path[-1][1:] == pytest.approx([0.8, 0.45], abs=0.01)
    assert all(later[0] > earlier[0] for earlier, later in pairwise(path))
    assert path[-1][0] >= 0.3
    for at in path:  # all of it lies on what was drawn
        assert at[2] == pytest.approx(0.2 + ((at[1] - 0.2) / 1.2) ** 2, abs=0.01)
    visit.wait("Math.abs(panel.status.x - 0.2) < 0.01")  # the sound is back where the path begins
    length = page.get_by_label("Length of the path in seconds")
    length.fill("5")
    length.press("Enter")
    visit.wait("panel.state.patch.blend.path?.at(-1)[0] === 5")
    assert [at[1:] for at in path_of(visit)] == [at[1:] for at in path]
    page.get_by_role("button", name="Undo").click()
    visit.wait("panel.state.patch.blend.path?.at(-1)[0] !== 5")
    page.get_by_role("button", name="Undo").click()
    visit.wait("!panel.state.patch.blend.path?.length")
    page.get_by_role("button", name="Redo").click()
    wait_for_path(visit)
    page.get_by_role("button", name="Remove the path").click()
    visit.wait("!panel.state.patch.blend.path?.length")
    assert visit.complaints == []


def test_by_keys_a_path_is_drawn_too(visit: Visit) -> None:
    page = visit.page
    begin(visit, "flute", "cello")
    pencil = page.get_by_role("button", name="Draw a path")
    pencil.focus()
    page.keyboard.press("Enter")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(40)
    page.keyboard.press("Enter")
    wait_for_path(visit)
    path = path_of(visit)
    assert len(path[0]) == 2  # between two there is one way to go
    assert path[0][1] == pytest.approx(0.52)
    assert path[-1][1] == pytest.approx(0.66)
    page.get_by_role("button", name="Remove the path").press("Enter")
    visit.wait("!panel.state.patch.blend.path?.length")
    pencil.press("Enter")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")  # and nothing is kept
    visit.wait("panel.pad.tool === null")
    assert path_of(visit) == []
    assert visit.complaints == []


def test_a_note_goes_along_its_path(visit: Visit) -> None:
    """From the dull corner to the bright one in three seconds: it is dull at first, and bright in the end."""
    begin(visit, DULL, BRIGHT)
    path = {"path": [[0, 0], [3, 1]], "position": [0]}
    visit.panel("panel.link.send('change', { within: { blend: given } })", path)
    wait_for_path(visit)
    visit.page.mouse.click(640, 20)  # a first gesture: it may sound
    visit.wait("panel.sound.isRunning")
    visit.panel("panel.sound.setSafety('high')")
    visit.tap()
    visit.page.wait_for_timeout(500)
    visit.page.keyboard.down("h")
    visit.wait("panel.status.voices === 1")
    visit.page.wait_for_timeout(700)
    first = visit.heard()
    visit.page.wait_for_timeout(3_300)  # until the path has ended, and as long as is heard
    last = visit.heard()
    visit.page.keyboard.up("h")
    assert centroid_hz(first) < 0.7 * centroid_hz(last)
    assert visit.complaints == []


def test_what_is_left_out_of_a_path_lies_on_it(visit: Visit) -> None:
    script = "import('/page/path.js').then(({ simplified }) => simplified(given))"

    def simplified(points: Any) -> list[list[float]]:
        found: list[list[float]] = visit.panel(f"await {script}", np.asarray(points).tolist())
        return found

    seconds = np.linspace(0.0, 3.0, 200)
    straight = np.stack([seconds, seconds / 4, 0.1 + seconds / 5], axis=1)
    assert simplified(straight) == [straight[0].tolist(), straight[-1].tolist()]
    rests = np.stack([seconds, np.clip(seconds - 1.0, 0.0, 1.0), np.zeros(200)], axis=1)
    assert len(simplified(rests)) <= 6  # it waits, goes, and waits: the times stay
    wild = np.stack([seconds, np.random.default_rng(1).uniform(0, 1, 200), np.full(200, 0.5)], axis=1)
    round_ = np.stack([seconds, 0.5 + 0.4 * np.cos(seconds), 0.5 + 0.4 * np.sin(seconds)], axis=1)
    for points, most in ((wild, 200), (round_, 40)):
        kept = np.asarray(simplified(points))
        assert len(kept) <= most
        for axis in (1, 2):
            np.testing.assert_allclose(np.interp(seconds, kept[:, 0], kept[:, axis]), points[:, axis], atol=0.005)
