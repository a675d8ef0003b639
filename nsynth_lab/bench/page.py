"""The report of a bench: a folder with a page of tables and pictures that opens from disk, and the figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from nsynth_lab.bench.plots import draw_all
from nsynth_lab.bench.tables import Table, tables
from nsynth_lab.evaluate.page import STYLE
from nsynth_lab.html_page import document
from nsynth_lab.report_folder import INDEX, whole_folder

MARK = '<meta name="generator" content="nsynth-lab bench">'


def write_page(folder: Path, figures: dict[str, Any]) -> Path:
    """Write it, in place of an older report."""
    with whole_folder(folder) as aside:
        (aside / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        (aside / INDEX).write_text(page(figures, draw_all(aside, figures)), encoding="utf-8")
    return folder / INDEX


def page(figures: dict[str, Any], pictures: Sequence[tuple[str, str]]) -> str:
    """The page; `pictures` are file names and what they show."""
    shown = "\n".join(
        f'<figure><figcaption>{escape(shows)}</figcaption><img src="{escape(name)}" alt="{escape(shows)}"></figure>'
        for name, shows in pictures
    )
    told = "\n".join(_html(table) for table in tables(figures))
    title = f"nsynth-lab bench: model {escape(str(figures['model']))}"
    body = f"""<h1>{title}</h1>
<p>Measured {escape(figures["measured"])}{", quickly" if figures["quick"] else ""}.</p>
{shown}
{told}"""
    return document(body, title=title, mark=MARK, style=STYLE)


def _html(table: Table) -> str:
    rows = "\n".join(_row(row, "td") for row in table.rows)
    head = _row(table.head, "th") if any(table.head) else ""
    return f'<h2>{escape(table.title)}</h2>\n<div class="wide"><table>{head}\n{rows}</table></div>'


def _row(words: Sequence[str], cell: str) -> str:
    return "<tr>" + "".join(f"<{cell}>{escape(word)}</{cell}>" for word in words) + "</tr>"
