"""Spectrograms of imagined instruments, each beside its parents, at one note."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nsynth_lab.imagine.candidate import Candidate
from nsynth_lab.imagine.choose import Imagination, Imagined
from nsynth_lab.note import note_name
from nsynth_lab.picture import Panel, draw_spectrogram_rows

MOST_ROWS = 12


def draw_imagined(
    path: Path, imagination: Imagination, made: Sequence[tuple[str, Imagined]], *, title: str, force: bool = False
) -> Path:
    """Draw imagined instruments by name, at most twelve, a row each.

    Raises:
        UsageError: the target cannot be written.
        MissingError: matplotlib is not installed.
    """
    rows = []
    for name, one in made[:MOST_ROWS]:
        key = one.keys[len(one.keys) // 2]
        shown = [*((parent, Candidate((parent,))) for parent in one.candidate.parents), (name, one.candidate)]
        sounds = imagination.ear.sounds([imagination.notes(candidate, [key])[0] for _, candidate in shown])
        panels = [Panel(f"{told}, {note_name(key)}", sound) for (told, _), sound in zip(shown, sounds, strict=True)]
        rows.append(panels)
    return draw_spectrogram_rows(path, rows, title=title, force=force)
