"""The history of an evolution, as one JSON file: every generation, what was liked, and what makes all of it again.

The file comes from a folder that anybody may have written: its size, its numbers and its texts are checked before they
are used, and nothing in it names a file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.evolve.population import SIZE, Member
from nsynth_lab.legible import is_hidden
from nsynth_lab.wording import quoted

FILE = "evolution.json"
FORMAT = "nsynth-lab evolution 1"
WHAT = ("tunes", "instruments", "presets")
MOST_BYTES, MOST_GENERATIONS, MOST_NUMBERS, LONGEST_TEXT = 16 * 2**20, 1000, 2048, 1000
FURTHEST = 100.0  # of any coordinate
HIGHEST_SEED = 2**31 - 1

Settings = dict[str, str]


class EvolutionError(NsynthLabError):
    """A folder of an evolution that cannot be used."""


@dataclass(frozen=True)
class Generation:
    """Six members, and who of them are liked so far.

    Attributes:
        members: as they were made.
        came_from: numbers of those in the generation before who were liked when this one was made, the best first.
        liked: numbers of its own, the best first.
    """

    members: tuple[Member, ...]
    came_from: tuple[int, ...] = ()
    liked: tuple[int, ...] = ()


@dataclass(frozen=True)
class History:
    """An evolution so far.

    Attributes:
        what: one of `WHAT`.
        seed: of all chance in it.
        model: id of the model that it belongs to.
        settings: what the space was asked for, such as the metre, as texts.
        generations: the first one first.
    """

    what: str
    seed: int
    model: str
    settings: Settings = field(default_factory=dict)
    generations: tuple[Generation, ...] = ()

    @property
    def number(self) -> int:
        """Of the generation that is chosen from now, from 1."""
        return len(self.generations)

    @property
    def now(self) -> Generation:
        """The generation that is chosen from."""
        return self.generations[-1]

    def liking(self, liked: Sequence[int]) -> History:
        """With these of the present generation liked, the best first.

        Raises:
            UsageError: a number that nobody has, or one twice.
        """
        return replace(self, generations=(*self.generations[:-1], replace(self.now, liked=checked_likes(liked))))

    def followed_by(self, members: Sequence[Member], liked: Sequence[int]) -> History:
        """With a further generation, which came from those who were liked.

        Raises:
            UsageError: there are too many.
        """
        if self.number == MOST_GENERATIONS:
            raise UsageError(f"a folder holds at most {MOST_GENERATIONS} generations; begin another folder")
        return replace(self, generations=(*self.generations, Generation(tuple(members), tuple(liked))))

    def undone(self) -> History:
        """Without the present generation.

        Raises:
            UsageError: it is the first.
        """
        if self.number < 2:
            raise UsageError("this is the first generation; there is nothing to undo")
        return replace(self, generations=self.generations[:-1])


def checked_likes(liked: Sequence[int]) -> tuple[int, ...]:
    """The numbers of members that are liked, checked.

    Raises:
        UsageError: a number that nobody has, or one twice.
    """
    for number in liked:
        if not 1 <= number <= SIZE:
            raise UsageError(f"number {number}; expected numbers from 1 to {SIZE}, such as 2,5")
    if len(set(liked)) < len(liked):
        raise UsageError(f"{','.join(map(str, liked))}: a number is given twice")
    return tuple(liked)


def write_history(path: Path, history: History) -> None:
    """Write the file, whole.

    Raises:
        EvolutionError: it cannot be written.
    """
    head = {
        "format": FORMAT, "what": history.what, "seed": history.seed, "model": history.model,
        "settings": history.settings,
    }  # fmt: skip
    lines = ",\n".join(json.dumps(_row(one)) for one in history.generations)
    with atomic_write(path, EvolutionError) as beside:
        beside.write_text(f'{json.dumps(head)[:-1]}, "generations": [\n{lines}\n]}}\n', encoding="utf-8")


def read_history(path: Path) -> History:
    """Read the file.

    Raises:
        EvolutionError: it cannot be read, is too large, or is not what `write_history` writes.
    """
    try:
        if path.is_symlink() or not path.is_file():
            raise ValueError("is no file")
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"larger than {MOST_BYTES // 2**20} MiB")
        return _history(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise EvolutionError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError, UsageError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise EvolutionError(f"{path}: not an evolution, or damaged ({said}); begin another folder") from error


def _row(generation: Generation) -> dict[str, Any]:
    members = [
        {"parents": one.parents, "lives_on": one.lives_on, "kind": one.kind, "point": one.point}
        for one in generation.members
    ]
    return {"came_from": generation.came_from, "liked": generation.liked, "members": members}


def _history(value: Any) -> History:
    """Raises: ValueError, UsageError: it is something else."""
    table = _table(value)
    if table.get("format") != FORMAT:
        raise ValueError(f"format {quoted(table.get('format'))}, expected {quoted(FORMAT)}")
    if table.get("what") not in WHAT:
        raise ValueError(f"{quoted(table.get('what'))} is none of {', '.join(WHAT)}")
    settings = {_text(name): _text(one) for name, one in _table(table.get("settings")).items()}
    rows = _list(table.get("generations"), MOST_GENERATIONS)
    generations = tuple(_generation(row) for row in rows)
    if not generations:
        raise ValueError("no generation")
    if len({len(member.point) for one in generations for member in one.members}) != 1:
        raise ValueError("points of different lengths")
    return History(table["what"], _seed(table.get("seed")), _text(table.get("model")), settings, generations)


def _generation(row: Any) -> Generation:
    table = _table(row)
    members = [_member(one) for one in _list(table.get("members"), SIZE)]
    if len(members) != SIZE:
        raise ValueError(f"{len(members)} in a generation, expected {SIZE}")
    came_from, liked = (checked_likes(_numbers(table.get(name))) for name in ("came_from", "liked"))
    return Generation(tuple(members), came_from, liked)


def _member(row: Any) -> Member:
    table = _table(row)
    point = _list(table.get("point"), MOST_NUMBERS)
    for one in point:
        if type(one) not in (int, float) or not math.isfinite(one) or abs(one) > FURTHEST:
            raise ValueError(f"{quoted(one)} is no coordinate")
    lives_on = table.get("lives_on")
    if not isinstance(lives_on, bool):
        raise ValueError(f"{quoted(lives_on)} is neither true nor false")
    parents = checked_likes(_numbers(table.get("parents")))
    return Member(tuple(map(float, point)), _text(table.get("kind")), parents, lives_on)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > SIZE + MOST_GENERATIONS:
        raise ValueError(f"{quoted(value)} is not a table")
    return value


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"{quoted(value)} is not a list of at most {most}")
    return value


def _numbers(value: Any) -> list[int]:
    numbers = _list(value, SIZE)
    if not all(type(one) is int for one in numbers):
        raise ValueError(f"{quoted(value)}: expected whole numbers")
    return numbers


def _seed(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= HIGHEST_SEED:
        raise ValueError(f"{quoted(value)} is no seed")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or any(map(is_hidden, value)):
        raise ValueError(f"{quoted(value)} is no text")
    return value
