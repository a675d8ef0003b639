"""Pages of shapes and words, drawn by matplotlib into PNG and PDF files: for what comes as vectors, such as scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.legible import legible
from nsynth_lab.picture import new_figure, save_figure

POINTS_AN_INCH = 72
SERIF = ("STIXGeneral", "DejaVu Serif")  # matplotlib brings both
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape on a page, in the page's units, y downwards.

    Attributes:
        steps: M (move), L (line), C (cubic curve, three points) or Z (close), each with its points.
        width: of its line; 0 for a shape that is filled.
    """

    steps: tuple[tuple[str, tuple[Point, ...]], ...]
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Words:
    """A text on a page: where its base line begins, or has its middle or end; and its size, in the page's units."""

    at: Point
    text: str
    size: float
    anchor: str = "left"
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True)
class Page:
    """A page: its size in its own units and in inches, and what is on it."""

    width: float
    height: float
    width_inches: float
    shapes: Sequence[Shape]
    words: Sequence[Words]


def draw_pages(path: Path, pages: Sequence[Page]) -> Path:
    """Write pages into a .pdf, or the first into a .png.

    Raises:
        MissingError: matplotlib is not installed.
        NsynthLabError: the file cannot be written.
    """
    figures = [_figure(page) for page in pages]
    if path.suffix.lower() != ".pdf":
        return save_figure(figures[0], path)
    from matplotlib.backends.backend_pdf import PdfPages

    with atomic_write(path) as beside, PdfPages(beside, metadata={"CreationDate": None}) as file:
        for figure in figures:
            file.savefig(figure)
    return path


def _figure(page: Page) -> Any:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    codes = {"M": [Outline.MOVETO], "L": [Outline.LINETO], "C": [Outline.CURVE4] * 3, "Z": [Outline.CLOSEPOLY]}
    figure = new_figure(page.width_inches, page.width_inches * page.height / page.width)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, page.width)
    axes.set_ylim(page.height, 0)
    axes.axis("off")
    points = page.width_inches * POINTS_AN_INCH / page.width
    for shape in page.shapes:
        corners = [point for _, at in shape.steps for point in at]
        outline = Outline(corners, [code for step, _ in shape.steps for code in codes[step]])
        fill = {"facecolor": "none"} if shape.width else {"facecolor": "black"}
        axes.add_patch(
            PathPatch(outline, edgecolor="black" if shape.width else "none", linewidth=shape.width * points, **fill)
        )
    for words in page.words:
        axes.text(
            *words.at, legible(words.text).replace("$", r"\$"), fontsize=words.size * points, ha=words.anchor,
            va="baseline", family=SERIF, weight="bold" if words.bold else "normal",
            style="italic" if words.italic else "normal",
        )  # fmt: skip
    return figure
