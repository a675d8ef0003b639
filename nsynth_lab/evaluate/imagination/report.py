"""The page of a report: the table, and an imagined instrument of each family beside its parents, to see and to hear."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.evaluate.imagination.evaluate import Row
from nsynth_lab.html_page import document, table
from nsynth_lab.imagine.candidate import Candidate
from nsynth_lab.imagine.choose import Imagination, Imagined
from nsynth_lab.imagine.pictures import draw_imagined
from nsynth_lab.report_folder import INDEX, whole_folder
from nsynth_lab.units import FloatArray

MARK = '<meta name="generator" content="nsynth-lab evaluate imagination">'


def grid_of(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """The head and the cells of the table: a column for each kind of instruments."""
    kinds = list(dict.fromkeys(kind for row in rows for kind in row.values))
    cells = [[row.what, row.goal, row.verdict, *(row.values.get(kind, "") for kind in kinds)] for row in rows]
    return ["what", "goal", "", *kinds], cells


def write_page(
    folder: Path, rows: Sequence[Row], found: dict[str, Any], imagination: Imagination, *, seed: int
) -> None:
    """Write the folder of a report."""
    with whole_folder(folder) as beside:
        shown = [
            _example(beside, family, imagination, seed) for family, own in imagination.families.members.items() if own
        ]
        (beside / "figures.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        head, cells = grid_of(rows)
        body = (
            f"<h1>Imagined instruments</h1><p>{found['each']} of each family and kind, {len(shown)} families.</p>"
            f"{table(cells, head=head)}<h2>One of each family, beside its parents</h2>{''.join(shown)}"
        )
        page = document(body, title="nsynth-lab evaluate imagination", mark=MARK)
        (beside / INDEX).write_text(page, encoding="utf-8")


def _example(folder: Path, family: str, imagination: Imagination, seed: int) -> str:
    """Write the sounds and the picture of one; returns its figure in HTML."""
    made = imagination.imagine(family, np.random.default_rng([seed, len(family)]))
    draw_imagined(folder / f"{family}.png", imagination, [(f"imagined {family}", made)], title="")
    heard = [*((name, Candidate((name,))) for name in made.candidate.parents), ("imagined", made.candidate)]
    players = []
    for number, (name, candidate) in enumerate(heard):
        file = f"{family}-{number}.flac"
        _write_sound(folder / file, _sound(imagination, candidate, made))
        players.append(f'<label>{escape(name)} <audio controls preload="none" src="{file}"></audio></label>')
    return (
        f"<figure><figcaption><b>{escape(family)}</b></figcaption>"
        f'<img loading="lazy" src="{family}.png" alt="Spectrograms: parents and imagined">'
        f"<div>{' '.join(players)}</div></figure>"
    )


def _sound(imagination: Imagination, candidate: Candidate, made: Imagined) -> FloatArray:
    sounds = imagination.ear.sounds(imagination.notes(candidate, made.keys))
    return np.concatenate(sounds)


def _write_sound(path: Path, samples: FloatArray) -> None:
    write_audio(path, Audio((samples / max(1.0, float(np.abs(samples).max())))[None]), subtype="PCM_16")
