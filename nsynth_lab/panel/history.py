"""History: the sound as it is, and as it was and will be again with undo and redo."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from nsynth_lab.errors import UsageError
from nsynth_lab.patch import Patch

MOST = 500  # changes that can be undone


class Sound(NamedTuple):
    """A patch, the name of the preset it began as, empty for none, and that preset's patch."""

    patch: Patch
    preset: str = ""
    saved: Patch | None = None

    @property
    def is_changed(self) -> bool:
        """Whether it is no longer what was loaded or saved."""
        return self.saved is not None and self.patch != self.saved


class History:
    """`keep` adds a change; `show` makes one that a knob is still being turned for, kept or not by what follows.

    Attributes:
        now: the present sound.
    """

    def __init__(self, sound: Sound) -> None:
        self.now = self._kept = sound
        self._past: list[Sound] = []
        self._future: list[Sound] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._past) or self.now != self._kept

    @property
    def can_redo(self) -> bool:
        """Whether one can be done again."""
        return bool(self._future) and self.now == self._kept

    def keep(self, sound: Sound) -> None:
        """The sound becomes this one, which can be undone."""
        if sound != self._kept:
            self._past = [*self._past[-MOST + 1 :], self._kept]
            self._future = []
        self.now = self._kept = sound

    def show(self, sound: Sound) -> None:
        """The sound becomes this one for now."""
        self.now = sound

    def undo(self) -> None:
        """Go back by one change.

        Raises:
            UsageError: there is none.
        """
        self.keep(self.now)
        if not self._past:
            raise UsageError("there is nothing to undo")
        self._future.append(self._kept)
        self.now = self._kept = self._past.pop()

    def redo(self) -> None:
        """Do the change again that was undone last.

        Raises:
            UsageError: there is none, or another change has been made since.
        """
        self.keep(self.now)
        if not self._future:
            raise UsageError("there is nothing to do again")
        self._past.append(self._kept)
        self.now = self._kept = self._future.pop()

    def adjust(self, change: Callable[[Patch], Patch]) -> None:
        """Somebody else moves the sound, such as a host's automation: nothing to undo."""
        before, self.now = self.now, self.now._replace(patch=change(self.now.patch))
        if self._kept == before:
            self._kept = self.now

    def rename(self, sound: Sound) -> None:
        """The present sound under another name: nothing to undo."""
        self.now = self._kept = sound

    def back_to(self, sound: Sound) -> None:
        """What came after `sound` could not be played, and is forgotten."""
        if sound in self._past:
            self._past = self._past[: len(self._past) - 1 - self._past[::-1].index(sound)]
        self._future = []
        self.now = self._kept = sound
