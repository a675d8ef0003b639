"""The SVG that an engraver makes -> shapes and words of a page: moved and scaled paths, polygons, ellipses and texts.

Only what engravers of music use is understood: transforms that move and scale, glyphs by reference, no style sheets.
Source: SVG 1.1, sections 7.6 (transforms) and 8.3 (path data).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from xml.etree.ElementTree import Element

from nsynth_lab.drawing import Page, Point, Shape, Words
from nsynth_lab.tune.musicxml.tree import parse_tree

ROUND = 0.5523  # how far control points of a quarter circle lie out, of the radius
A4_INCHES = 210 / 25.4
MUSIC_LETTERS = {  # of SMuFL's private letters those that stand in texts: note values, and accidentals of chords
    "\ueca2": "whole note", "\ueca3": "half note",  # which few fonts have
    "\ueca5": "♩", "\ueca7": "♪", "\ueca9": "♬", "\uecb7": ".", "\uea64": "♭", "\uea65": "♮", "\uea66": "♯",
    "\ued60": "♭", "\ued61": "♮", "\ued62": "♯", "\ue260": "♭", "\ue261": "♮", "\ue262": "♯",
}  # fmt: skip
ANCHORS = {"middle": "center", "end": "right"}
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?")
_STEP = re.compile(r"([MmLlHhVvCcSsZz])([^MmLlHhVvCcSsZz]*)")
_TRANSFORM = re.compile(r"(translate|scale)\(([^)]*)\)")
_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4}


class _Moved(NamedTuple):
    """A transform: x -> dx + kx * x, and y likewise."""

    kx: float = 1.0
    ky: float = 1.0
    dx: float = 0.0
    dy: float = 0.0

    def then(self, transform: str) -> _Moved:
        """This, applied after a transform within it."""
        kx, ky, dx, dy = self
        for kind, text in _TRANSFORM.findall(transform):
            numbers = [float(one) for one in _NUMBER.findall(text)]
            x, y = numbers[0], numbers[1] if len(numbers) > 1 else numbers[0]
            if kind == "translate":
                dx, dy = dx + kx * x, dy + ky * (y if len(numbers) > 1 else 0.0)
            else:
                kx, ky = kx * x, ky * y
        return _Moved(kx, ky, dx, dy)

    def at(self, x: float, y: float) -> Point:
        """A point."""
        return self.dx + self.kx * x, self.dy + self.ky * y


def page_of(svg: str, *, width_inches: float = A4_INCHES) -> Page:
    """The page of an SVG document."""
    root = parse_tree(svg.encode())
    inner = next(node for node in root.iter("svg") if node is not root)
    _, _, width, height = (float(one) for one in _NUMBER.findall(inner.get("viewBox", "0 0 1 1")))
    glyphs = {node.get("id", ""): node for defs in root.iter("defs") for node in defs}
    reader = _Reader(glyphs)
    reader.read(inner, _Moved())
    return Page(width, height, width_inches, reader.shapes, reader.words)


class _Reader:
    def __init__(self, glyphs: dict[str, Element]) -> None:
        self.shapes: list[Shape] = []
        self.words: list[Words] = []
        self._glyphs = glyphs

    def read(self, parent: Element, moved: _Moved) -> None:
        for node in parent:
            if node.tag in ("defs", "style", "desc", "title") or "placeholder" in node.get("class", ""):
                continue
            here = moved.then(node.get("transform", ""))
            width = abs(here.kx) * float(node.get("stroke-width", "0") or 0)
            if node.tag == "path":
                steps = tuple(path_steps(node.get("d", ""), here))
                filled = any(step in "CZ" for step, _ in steps)  # glyphs, ties and slurs; stems and lines are not
                self._add(steps, 0.0 if filled else width)
            elif node.tag in ("polygon", "polyline"):
                self._add(tuple(_corners(node, here)), _outline(node, width) if node.tag == "polygon" else width)
            elif node.tag == "rect":
                self._add(tuple(_rectangle(node, here)), _outline(node, width))
            elif node.tag == "ellipse":
                self._add(tuple(_ellipse(node, here)), _outline(node, width))
            elif node.tag == "use":
                glyph = self._glyphs.get(node.get("xlink:href", "").removeprefix("#"))
                if glyph is not None:
                    self.read(glyph, here)
            elif node.tag == "text":
                self._text(node, here)
            else:
                self.read(node, here)

    def _add(self, steps: tuple[tuple[str, tuple[Point, ...]], ...], width: float) -> None:
        if len(steps) > 1:
            self.shapes.append(Shape(steps, width))

    def _text(self, node: Element, moved: _Moved) -> None:
        """A text's parts side by side: one text, of its largest letters' size."""
        parts = [(tspan.text or "", tspan) for tspan in node.iter("tspan") if (tspan.text or "").strip()]
        if not parts:
            return
        text = "".join(_shown(letter) for part, _ in parts for letter in part)
        sizes = [float(_NUMBER.findall(tspan.get("font-size", "0"))[0]) for _, tspan in parts]
        styles = [*node.iter("tspan"), node]
        first = next((tspan for tspan in node.iter() if tspan.get("x")), node)
        at = moved.at(float(first.get("x", "0")), float(first.get("y", node.get("y", "0"))))
        anchor = next((one.get("text-anchor") for one in styles if one.get("text-anchor")), "")
        bold = any(one.get("font-weight") == "bold" for one in styles)
        italic = any(one.get("font-style") == "italic" for one in styles)
        plain = " ".join(text.split())
        self.words.append(Words(at, plain, min(sizes) * moved.ky, ANCHORS.get(anchor or "", "left"), bold, italic))


def _shown(letter: str) -> str:
    """A letter as an ordinary font has it; music fonts' own letters that it has not are left out."""
    return MUSIC_LETTERS.get(letter, "" if unicodedata.category(letter) == "Co" else letter)


def path_steps(data: str, moved: _Moved) -> Iterator[tuple[str, tuple[Point, ...]]]:
    """Path data as steps at absolute places.

    >>> list(path_steps("M1 1h2v3z", _Moved()))
    [('M', ((1.0, 1.0),)), ('L', ((3.0, 1.0),)), ('L', ((3.0, 4.0),)), ('Z', ((1.0, 1.0),))]
    """
    x = y = 0.0
    start, control = (0.0, 0.0), (0.0, 0.0)
    for letter, text in _STEP.findall(data):
        kind = letter.upper()
        if kind == "Z":
            x, y = start
            yield "Z", (moved.at(x, y),)
            continue
        numbers = [float(one) for one in _NUMBER.findall(text)]
        takes = _TAKES[kind]
        for place in range(0, len(numbers) - takes + 1, takes):
            group = numbers[place : place + takes]
            ox, oy = (x, y) if letter.islower() else (0.0, 0.0)
            if kind in "HV":
                x, y = (group[0] + ox, y) if kind == "H" else (x, group[0] + oy)
                yield "L", (moved.at(x, y),)
                continue
            points = [(ox + group[at], oy + group[at + 1]) for at in range(0, takes, 2)]
            if kind == "S":
                points.insert(0, (2 * x - control[0], 2 * y - control[1]))
            x, y = points[-1]
            control = points[-2] if kind in "CS" else (x, y)
            step = "L" if kind == "M" and place else kind.replace("S", "C")
            start = (x, y) if step == "M" else start
            yield step, tuple(moved.at(*point) for point in points)


def _outline(node: Element, width: float) -> float:
    """The width of a closed shape's line if it is empty inside, as the frame of a rehearsal mark is; else 0."""
    is_empty = node.get("fill") in ("none", "transparent") or node.get("fill-opacity") == "0"
    return width if is_empty else 0.0


def _corners(node: Element, moved: _Moved) -> Iterator[tuple[str, tuple[Point, ...]]]:
    numbers = [float(one) for one in _NUMBER.findall(node.get("points", ""))]
    corners = [moved.at(*numbers[at : at + 2]) for at in range(0, len(numbers) - 1, 2)]
    for place, corner in enumerate(corners):
        yield ("L" if place else "M"), (corner,)
    if node.tag == "polygon" and corners:
        yield "Z", (corners[0],)


def _rectangle(node: Element, moved: _Moved) -> Iterator[tuple[str, tuple[Point, ...]]]:
    x, y, width, height = (float(node.get(name, "0")) for name in ("x", "y", "width", "height"))
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    for place, corner in enumerate(corners):
        yield ("L" if place else "M"), (moved.at(*corner),)
    yield "Z", (moved.at(x, y),)


def _ellipse(node: Element, moved: _Moved) -> Iterator[tuple[str, tuple[Point, ...]]]:
    x, y, across, down = (float(node.get(name, "0")) for name in ("cx", "cy", "rx", "ry"))
    turns = [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)]
    yield "M", (moved.at(x + across, y),)
    for (ax, ay), (bx, by) in pairwise(turns):
        controls = [(ax + ROUND * bx, ay + ROUND * by), (bx + ROUND * ax, by + ROUND * ay), (bx, by)]
        yield "C", tuple(moved.at(x + across * cx, y + down * cy) for cx, cy in controls)
    yield "Z", (moved.at(x + across, y),)
