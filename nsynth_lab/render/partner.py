"""Somebody who plays with the player, as the loops that pull blocks see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from nsynth_lab.midi.events import Event


class PartnerState(Protocol):
    """What a partner does at the moment."""

    @property
    def doing(self) -> str:
        """In a word or two."""

    @property
    def coming(self) -> Sequence[int]:
        """MIDI notes that it is going to play."""


class Partner(Protocol):
    """Somebody who plays with the player, such as `duet.partner.Partner`."""

    @property
    def shown(self) -> PartnerState:
        """What it does at the moment."""

    @property
    def idle(self) -> bool:
        """Whether it is going to play nothing, unless somebody plays."""

    def play(self, played: Iterable[Event], begin: int, end: int) -> Iterable[Event]:
        """What it plays in the block from sample `begin` to before `end`, in which `played` is sent."""
