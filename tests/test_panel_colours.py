"""The pad's colours, in a real browser: the server's figures, painted as the page says they are."""

from __future__ import annotations

import numpy as np
import pytest
from browsing import Visit
from numpy.typing import NDArray

COMPLETE = "panel.colours.grid?.complete && panel.colours.grid.corners.join() === given"
PAINTED = """(() => {
  const { canvas, box } = panel.pad;
  const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  return given.map(([x, y]) => {
    const at = [box.left + x * box.width, box.top + y * box.height].map((one) => Math.round(one * devicePixelRatio));
    const data = context.getImageData(at[0] - 8, at[1] - 8, 16, 16).data;
    const sums = [0, 0, 0];
    data.forEach((value, k) => { if (k % 4 < 3) sums[k % 4] += value / 256; });
    return sums;
  });
})()"""


def painted(visit: Visit, places: list[tuple[float, float]]) -> NDArray[np.float64]:
    """Relative luminance of the pad around each place."""
    colours = np.asarray(visit.panel(PAINTED, places))
    return np.asarray(colours @ np.array([0.2126, 0.7152, 0.0722]))


@pytest.mark.alone
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_pad_is_lighter_where_the_blend_is_brighter(visit: Visit, scheme: str) -> None:
    """Lightness alone says it, whatever hues somebody sees; and the legend says it in figures."""
    visit.page.emulate_media(color_scheme=scheme)
    visit.panel("panel.link.corners(['drawbar organ', 'saw lead'])")
    visit.wait(COMPLETE, "drawbar organ,saw lead", seconds=40)
    visit.wait("panel.pad.field.before === null")
    visit.page.wait_for_timeout(700)  # it fades in
    light = painted(visit, [(x, 0.2) for x in (0.05, 0.3, 0.5, 0.7, 0.95)])
    assert np.all(np.diff(light) > 1.0)
    told = []
    for x in (0.0, 0.5, 1.0):
        visit.panel("panel.link.place({ x: given, y: 0.5 }, true)", x)
        visit.wait("Math.abs(panel.pad.place.x - given) < 1e-3", x)
        told.append(visit.page.locator("[data-is=brightness]").text_content())
    grid = visit.panel("panel.colours.grid")
    for text, column in zip(told, (0, 16, 32), strict=True):
        number, unit = text.split()
        assert float(number) * {"Hz": 1, "kHz": 1000}[unit] == pytest.approx(grid["brightness_hz"][column], rel=0.06)
    described = visit.page.locator("input[name=x]").get_attribute("aria-describedby")
    assert "brightness" in (visit.page.locator(f"#{described}").text_content() or "")
    assert visit.complaints == []


@pytest.mark.alone
def test_between_its_points_the_map_passes_through_them(visit: Visit) -> None:
    """At the points of a grid the page's figures are those of the grid; between, of a plane, those of the plane."""
    script = """import('/page/colours.js').then(({ sampled }) => {
      const grid = { columns: 5, rows: 5 };
      return given[1].map(([x, y]) => sampled(grid, given[0], { x, y }));
    })"""
    rng = np.random.default_rng(4)
    values = rng.uniform(0, 1, (5, 5))
    points = [(x / 4, y / 4) for y in range(5) for x in range(5)]
    np.testing.assert_allclose(visit.panel(f"await {script}", [values.ravel().tolist(), points]), values.ravel())
    plane = [2 * x + 3 * y for x, y in points]
    inside = rng.uniform(0.26, 0.74, (20, 2))
    found = visit.panel(f"await {script}", [plane, inside.tolist()])
    np.testing.assert_allclose(found, inside @ [2, 3], atol=1e-9)
