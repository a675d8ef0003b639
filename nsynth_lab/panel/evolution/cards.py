"""cards: the members of a generation as pages show them, on their way from a job's process."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.evolve.population import SIZE
from nsynth_lab.panel.jobs.answers import line, number
from nsynth_lab.panel.pictures.spectrogram import COLUMNS, ROWS

FILE = ".cards.json"  # hidden, so that it is none of the job's files
MOST_BYTES = 1 << 20
MOST_NOTES, LONGEST_SECONDS = 2_000, 3600.0


@dataclass(frozen=True)
class Card:
    """A member.

    Attributes:
        descent: where it comes from, in words.
        words: what it is.
        is_made: whether it can be heard.
        notes: of a tune, as [at, length, key] in seconds.
        picture: of a sound, its spectrogram as `pictures.spectrogram` has it; empty until it is made.
    """

    descent: str
    words: str
    is_made: bool
    notes: tuple[tuple[float, float, float], ...] = ()
    picture: bytes = b""

    def row(self) -> dict[str, Any]:
        """As JSON, for pages and files."""
        return {
            "descent": self.descent,
            "words": self.words,
            "is_made": self.is_made,
            "notes": [list(note) for note in self.notes],
            "picture": base64.b64encode(self.picture).decode("ascii"),
        }


@dataclass(frozen=True)
class Cards:
    """Those of a generation, in their order."""

    generation: int
    cards: tuple[Card, ...]

    def write(self, folder: Path) -> None:
        """Into a job's folder, whole."""
        page = {"generation": self.generation, "cards": [card.row() for card in self.cards]}
        with atomic_write(folder / FILE, NsynthLabError) as beside:
            beside.write_text(json.dumps(page), encoding="utf-8")


def read_cards(folder: Path) -> Cards | None:
    """Those that a job has written into its folder; None if it has written none yet, or something else."""
    path = folder / FILE
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        page = json.loads(path.read_text(encoding="utf-8"))
        cards = tuple(map(_card, page["cards"]))
        generation = page["generation"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return Cards(generation, cards) if type(generation) is int and len(cards) == SIZE else None


def _card(row: Mapping[str, Any]) -> Card:
    """Raises: KeyError, TypeError, ValueError: it is something else."""
    picture = base64.b64decode(row["picture"], validate=True)
    if picture and len(picture) != COLUMNS * ROWS:
        raise ValueError("a picture of another size")
    notes = tuple(map(_note, row["notes"][:MOST_NOTES]))
    return Card(line(row["descent"]), line(row["words"]), bool(row["is_made"]), notes, picture)


def _note(row: Sequence[Any]) -> tuple[float, float, float]:
    at, length, key = row
    return number(at, 0.0, LONGEST_SECONDS), number(length, 0.0, LONGEST_SECONDS), number(key, 0.0, 127.0)
