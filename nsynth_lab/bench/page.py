"""The report of a bench: a folder with an HTML page of tables and plots, and the figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from nsynth_lab.bench.plots import draw_all
from nsynth_lab.bench.tables import tables
from nsynth_lab.html_page import document, table
from nsynth_lab.report_folder import INDEX, whole_folder

MARK = '<meta name="generator" content="nsynth-lab bench">'


def write_page(folder: Path, figures: dict[str, Any]) -> Path:
    """Write the report, replacing an older one."""
    with whole_folder(folder) as new:
        (new / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        (new / INDEX).write_text(page(figures, draw_all(new, figures)), encoding="utf-8")
    return folder / INDEX


def page(figures: dict[str, Any], pictures: Sequence[tuple[str, str]]) -> str:
    """The HTML page; `pictures` are file names with captions."""
    shown = "\n".join(
        f'<figure><figcaption>{escape(shows)}</figcaption><img src="{escape(name)}" alt="{escape(shows)}"></figure>'
        for name, shows in pictures
    )
    measured = "\n".join(f"<h2>{escape(one.title)}</h2>\n{table(one.rows, head=one.head)}" for one in tables(figures))
    title = f"nsynth-lab bench: model {figures['model']}"
    body = f"""<h1>{escape(title)}</h1>
<p>Measured {escape(figures["measured"])}{" with --quick" if figures["quick"] else ""}.</p>
{shown}
{measured}"""
    return document(body, title=title, mark=MARK)
