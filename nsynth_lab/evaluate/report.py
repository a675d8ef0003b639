"""write_report(folder, figures, examples): a folder with the figures, and notes of each family to listen to.

    folder/index.html                      opens from disk, without the network
    folder/sounds/flute-worst-original.flac, flute-worst-decoded.flac
    folder/pictures/flute-worst.png        both spectrograms
    folder/sounds/tune-1-source.flac, tune-1-translated.flac; pictures/tune-1.png: pitch and level of both
    folder/figures.json                    what `--figures` writes

It is written under a temporary name, and renamed when it is complete.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.evaluate.notes import read_note
from nsynth_lab.evaluate.page import page
from nsynth_lab.evaluate.sections.section import Advance, DecodedNote, EvaluationSetup
from nsynth_lab.evaluate.sections.translation import Example as TranslationExample
from nsynth_lab.evaluate.tune_picture import draw_tunes
from nsynth_lab.note import note_name
from nsynth_lab.picture import Panel, draw_spectrograms
from nsynth_lab.report_folder import INDEX, whole_folder
from nsynth_lab.units import FloatArray

RANKS = {1: ("median",), 2: ("best", "worst"), 3: ("best", "median", "worst")}


@dataclass(frozen=True)
class Example:
    """A note to listen to: its rank (`best`, `median` or `worst` of its family) and its mel error."""

    rank: str
    error_db: float
    record: NoteRecord

    @property
    def stem(self) -> str:
        """The name of its files, without ending."""
        return f"{self.record.family}-{self.rank}"


def choose_examples(errors: Sequence[tuple[float, NoteRecord]]) -> list[Example]:
    """The best, the median and the worst note of each family by mel error; fewer if a family has fewer notes."""
    by_family: dict[str, list[tuple[float, NoteRecord]]] = defaultdict(list)
    for error, record in sorted(errors, key=lambda one: (one[0], one[1].note_str)):
        by_family[record.family].append((error, record))
    return [
        Example(rank, *notes[place])
        for _, notes in sorted(by_family.items())
        for rank, place in zip(RANKS[min(len(notes), 3)], (0, len(notes) // 2, len(notes) - 1), strict=False)
    ]


def write_report(
    folder: Path,
    figures: dict[str, Any],
    examples: Sequence[Example],
    setup: EvaluationSetup,
    *,
    translations: Sequence[TranslationExample] = (),
    advance: Advance,
) -> Path:
    """Write the report, replacing an older one; `advance(1)` is called after each example."""
    with whole_folder(folder) as aside:
        for part in ("sounds", "pictures"):
            (aside / part).mkdir()
        for example in examples:
            _write_example(aside, example, setup)
            advance(1)
        heard = [_write_translation(aside, one, stem=f"tune-{count}") for count, one in enumerate(translations, 1)]
        (aside / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        (aside / INDEX).write_text(page(figures, [_row(example) for example in examples], heard), encoding="utf-8")
    return folder


def _write_example(folder: Path, example: Example, setup: EvaluationSetup) -> None:
    note = DecodedNote(read_note(example.record), setup.checkpoint, setup.rounds, setup.detail)
    sounds = {"original": note.original.samples, "decoded": note.decoded.samples}
    for name, samples in sounds.items():
        _write_sound(folder / "sounds" / f"{example.stem}-{name}.flac", samples)
    panels = [Panel(name, samples) for name, samples in sounds.items()]
    draw_spectrograms(folder / "pictures" / f"{example.stem}.png", panels, title=example.record.note_str)


def _write_translation(folder: Path, example: TranslationExample, *, stem: str) -> dict[str, str]:
    for name, samples in (("source", example.source), ("translated", example.result)):
        _write_sound(folder / "sounds" / f"{stem}-{name}.flac", samples)
    draw_tunes(folder / "pictures" / f"{stem}.png", *example.tunes, title=f"{example.phrase} → {example.target}")
    within = f"{100.0 * example.within_20_cents:.1f} % within 20 cents"
    return {"stem": stem, "phrase": example.phrase, "target": example.target, "error": within}


def _write_sound(path: Path, samples: FloatArray) -> None:
    write_audio(path, Audio(np.clip(samples, -1.0, 1.0)[None]), subtype="PCM_16")


def _row(example: Example) -> dict[str, str]:
    record = example.record
    return {
        "stem": example.stem,
        "family": record.family.replace("_", " "),
        "rank": example.rank,
        "instrument": record.instrument_name,
        "note": f"{note_name(record.pitch)}, velocity {record.velocity}",
        "error": f"{example.error_db:.2f} dB",
        "licence": ", ".join(text for text in (record.licence, record.attribution) if text),
    }
