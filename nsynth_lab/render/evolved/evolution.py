"""Evolution: a folder, what has come about in it, and what has still to be made."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nsynth_lab.evolve.folder import EvolutionFolder
from nsynth_lab.evolve.history import Generation, History, checked_likes
from nsynth_lab.evolve.population import SIZE, Member, first_generation, next_generation
from nsynth_lab.evolve.record import Record
from nsynth_lab.naming import LONGEST_NAME
from nsynth_lab.render.evolved.makers import SOUND, Maker
from nsynth_lab.units import Doubles
from nsynth_lab.version import __version__

NUMBERS = range(1, SIZE + 1)
MOST_BYTES = 2**26  # of a sound; a slow tune of 16 bars takes a third of it


class Evolution(Record):
    """An evolution that is going on. The folder is held (see `EvolutionFolder.held`) as long as it is used.

    Whatever is chosen is written down at once; `make` makes what belongs to it, and can be broken off at any moment.

    Attributes:
        folder: where it is.
        maker: what makes it heard.
        history: what has come about.
    """

    def __init__(self, folder: EvolutionFolder, maker: Maker, history: History) -> None:
        super().__init__(folder, history)
        self.maker = maker

    @classmethod
    def begun(
        cls, folder: EvolutionFolder, maker: Maker, history: History, own: tuple[Doubles, str] | None = None
    ) -> Evolution:
        """With a first generation; of something of the user's own, a point and its kind, if there is any."""
        members = first_generation(maker.space, seed=history.seed, own=own)
        found = cls(folder, maker, replace(history, generations=(Generation(tuple(members)),)))
        folder.remove(1)
        found._write(found.history)
        return found

    def go_on(self, liked: Sequence[int]) -> None:
        """The next generation, from those who are liked.

        Raises:
            UsageError: a number that nobody has, or one twice; or there are too many generations.
        """
        liked = checked_likes(liked)
        number = self.history.number + 1
        now = self.history.now.members
        members = next_generation(self.maker.space, now, liked, number=number, seed=self.history.seed)
        following = self.history.followed_by(members, liked)
        self.folder.remove(number)
        self._write(following)

    def missing(self) -> list[int]:
        """Numbers of the present generation's members whose files have not been made."""
        return [number for number in NUMBERS if not all(map(_is_made, self.files(number)))]

    def to_make(self) -> list[tuple[int, int]]:
        """(generation, number) of all whose files have not been made, the present generation first."""
        generations = range(self.history.number, 0, -1)
        return [(one, at) for one in generations for at in NUMBERS if not all(map(_is_made, self.files(at, one)))]

    def files(self, number: int, generation: int = 0) -> tuple[Path, Path]:
        """(the file that makes a member again, its sound), of the present generation if none is named."""
        generation = generation or self.history.number
        return self.folder.file(generation, number, self.maker.ending), self.folder.file(generation, number, SOUND)

    def make(
        self, made: Callable[[int], object] = lambda _: None, *, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        """Make what is missing, and pictures.

        Args:
            made: called with 1 for each member that is there.
            stopped: asked after each whether to leave the rest for another time.
        """
        for generation, number in self.to_make():
            self._make_one(generation, number)
            made(1)
            if stopped():
                return
            if number == SIZE:
                self._draw(generation)
        for generation in range(self.history.number, 0, -1):
            self._draw(generation)

    def _make_one(self, generation: int, number: int) -> None:
        member = self.history.generations[generation - 1].members[number - 1]
        title = f"Generation {generation}, number {number}"
        values = {
            "evolution": self.history.what, "generation": generation, "number": number, "seed": self.history.seed,
            "model": self.history.model, "nsynth_lab": __version__,
        }  # fmt: skip
        self.maker.write(member, *self.files(number, generation), title=title, comment=json.dumps(values))

    def _draw(self, generation: int) -> None:
        """Draw the overview of a generation, if it is not there and all its sounds are."""
        path, sounds = self.folder.overview(generation), [self.files(number, generation)[1] for number in NUMBERS]
        if not _is_made(path) and all(map(_is_made, sounds)):
            members = self.history.generations[generation - 1].members
            self.maker.picture(members, sounds, path, title=f"Generation {generation}")

    def name_of(self, number: int) -> str:
        """A name for a member that is saved without one."""
        return f"{self.folder.path.resolve().name} {self.history.number}.{number}"[:LONGEST_NAME]

    def save(self, number: int, name: str, *, output: Path | None, force: bool) -> Path:
        """Keep a member, where no file is named as its maker does, tunes in the folder; returns its file.

        Raises:
            UsageError: the name is taken, or the file cannot be written.
        """
        member = self.history.now.members[number - 1]
        output = output or self.maker.place(self.folder.path, name)
        return self.maker.save(member, name, self._origin(number), output=output, force=force)

    def _origin(self, number: int) -> str:
        """How a member came about, in words."""
        return (
            f"{descent(self.history.now.members[number - 1])}; generation {self.history.number}, number {number} of an "
            f"evolution with seed {self.history.seed}"
        )

    def about(self) -> dict[str, Any]:
        """The present generation, as JSON values."""
        rows = []
        for number, member in enumerate(self.history.now.members, 1):
            files = [str(path) for path in self.files(number)]
            told = {"number": number, "descent": descent(member), "parents": member.parents, "files": files}
            rows.append({**told, "liked": number in self.history.now.liked, **self.maker.about(member)})
        return {
            "what": self.history.what,
            "generation": self.history.number,
            "seed": self.history.seed,
            "model": self.history.model,
            **self.history.settings,
            "came_from": self.history.now.came_from,
            "picture": str(self.folder.overview(self.history.number)),
            "members": rows,
        }


def _is_made(path: Path) -> bool:
    """Whether a file is there as it may have been made: a link, or one that is far too large, is made anew."""
    return path.is_file() and not path.is_symlink() and path.stat().st_size <= MOST_BYTES


def descent(member: Member) -> str:
    """Where a member comes from, in words.

    >>> descent(Member(())), descent(Member((), parents=(2,), lives_on=True)), descent(Member((), parents=(2, 5)))
    ('new', '2 lives on', 'from 2 and 5')
    >>> descent(Member((), lives_on=True))
    'yours'
    """
    if not member.parents:
        return "yours" if member.lives_on else "new"
    if member.lives_on:
        return f"{member.parents[0]} lives on"
    return f"from {' and '.join(map(str, member.parents))}"
