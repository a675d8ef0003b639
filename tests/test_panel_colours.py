"""The pad's colours, in a real browser: the server's figures, painted as the page says they are."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from browsing import Visit
from numpy.typing import NDArray

COMPLETE = "panel.colours.grid?.complete && panel.colours.grid.corners.join() === given"
PAGE = Path(__file__).resolve().parent.parent / "nsynth_lab" / "panel" / "page"
# What each kind of colour blindness makes of linear RGB: Machado, Oliveira and Fernandes (2009), severity 1.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
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


def themed(name: str, theme: str) -> NDArray[np.float64]:
    """A colour of the style sheets, linear RGB."""
    sheets = "".join((PAGE / sheet).read_text(encoding="utf-8") for sheet in ("style.css", "colours.css"))
    found = re.search(rf"--{name}: light-dark\((#\w{{6}}), (#\w{{6}})\)", sheets)
    assert found
    text = found[1 if theme == "light" else 2]
    values = np.array([int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """As WCAG 2 defines it."""
    low, high = sorted(float(colour @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def oklab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lightness and two axes of hue, in which distances are as they are seen: Ottosson (2020)."""
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.asarray(np.array(to_lab) @ np.cbrt(np.array(to_cones) @ np.maximum(linear, 0.0)))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_map_can_be_read_by_everybody(theme: str) -> None:
    """Text and handle stand out from each of its colours, and no kind of colour blindness makes two of them alike."""
    stops = [themed(f"map-{number}", theme) for number in range(6)]
    ink, accent, paper = (themed(name, theme) for name in ("ink", "accent", "paper"))
    assert min(contrast(ink, stop) for stop in stops) > 3.5
    assert contrast(accent, paper) > 3.0  # the handle and its ring, around which there is a line of ink
    for matrix in BLINDNESS.values():
        seen = np.array([oklab(np.asarray(matrix) @ stop) for stop in stops])
        assert np.all(np.diff(seen[:, 0]) > 0.03)  # lighter and lighter
        assert np.linalg.norm(np.diff(seen, axis=0), axis=1).min() > 0.045


def painted(visit: Visit, places: list[tuple[float, float]]) -> NDArray[np.float64]:
    """Relative luminance of the pad around each place."""
    colours = np.asarray(visit.panel(PAINTED, places))
    return np.asarray(colours @ np.array([0.2126, 0.7152, 0.0722]))


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
    described = visit.page.get_by_role("slider", name="Blend, left to right").get_attribute("aria-describedby")
    assert "brightness" in (visit.page.locator(f"#{described}").text_content() or "")
    assert visit.complaints == []


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
