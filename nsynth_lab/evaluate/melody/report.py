"""The page of a report: the table, and tunes that the model writes, engraved where that can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nsynth_lab.evaluate.melody.evaluate import Row
from nsynth_lab.html_page import document, table
from nsynth_lab.melody.composing import Wish, compose
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.report_folder import whole_folder
from nsynth_lab.tune.files import write_tune
from nsynth_lab.tune.key import parse_key
from nsynth_lab.tune.metre import Metre

SHOWN = ((4, 4, "D"), (6, 8, "E dorian"), (3, 4, "G"), (9, 8, "A mixolydian"), (2, 4, "A minor"))
COLUMNS = ("what", "goal", "measured", "")


def write_page(
    folder: Path, rows: Sequence[Row], model: MelodyModel, found: dict[str, Any], *, name: str, mark: str
) -> None:
    """Write the folder of a report."""
    lines = [[row.what, row.goal, row.measured, row.verdict] for row in rows]
    with whole_folder(folder) as beside:
        pictures = []
        for number, (above, below, key) in enumerate(SHOWN, 1):
            metre = Metre((above,), below)
            tune = compose(model.writer, Wish(metre, parse_key(key)), seed=number)[0].tune
            file = f"tune-{number}.svg"
            write_tune(replace(tune, title=f"{key}, {metre.name}"), beside / file)
            pictures.append(f'<figure><img src="{file}" alt="a tune in {key}, {metre.name}"></figure>')
        head = f"<h1>Melody model</h1><p>{found['bits']['tunes']} tunes held out.</p>"
        body = head + table(lines, head=COLUMNS) + "<h2>Written by it</h2>" + "".join(pictures)
        page = document(body, title="Melody model", mark=f'<meta name="generator" content="{mark}">')
        (beside / name).write_text(page, encoding="utf-8")
