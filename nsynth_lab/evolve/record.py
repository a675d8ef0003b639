"""Record: an evolution's folder and what has come about in it. Whatever is chosen is written down at once."""

from __future__ import annotations

from collections.abc import Sequence

from nsynth_lab.evolve.folder import EvolutionFolder
from nsynth_lab.evolve.history import History, write_history


class Record:
    """What can be done to an evolution without making anything.

    The folder is held (see `EvolutionFolder.held`) as long as it is used.

    Attributes:
        folder: where it is.
        history: what has come about.
    """

    def __init__(self, folder: EvolutionFolder, history: History) -> None:
        self.folder, self.history = folder, history

    def like(self, liked: Sequence[int]) -> None:
        """Note who is liked, the best first.

        Raises:
            UsageError: a number that nobody has, or one twice.
        """
        self._write(self.history.liking(liked))

    def undo(self) -> None:
        """Back to the generation before, and who was liked there: all files are as they were.

        Raises:
            UsageError: this is the first.
        """
        before = self.history.undone()
        self.folder.remove(self.history.number)
        self._write(before)

    def _write(self, history: History) -> None:
        write_history(self.folder.history, history)
        self.history = history
