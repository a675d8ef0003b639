"""Work: the session, instruments and thoroughness that all sections share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nsynth_lab.errors import CheckpointError
from nsynth_lab.latents import Latents
from nsynth_lab.note import Note
from nsynth_lab.patch import Blend
from nsynth_lab.render import BlendRequest, Session

PREFERRED = ("flute", "cello")
LOWEST_NOTE, KEYS = 36, 64

Advance = Callable[..., None]


@dataclass(frozen=True)
class Work:
    """What to measure, and how thoroughly.

    Attributes:
        session: a checkpoint on the device to measure.
        quick: take fewer and shorter measurements.
        threads: of torch; 0 lets each command choose, as it does for users.
        names: the two instruments of the bank that are blended.

    Raises:
        CheckpointError: the bank has fewer than two instruments.
    """

    session: Session
    quick: bool = False
    threads: int = 0
    names: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        known = [row["name"] for row in self.session.instruments()]
        if len(known) < len(PREFERRED):
            raise CheckpointError(f"{self.session.folder}: the bank has {len(known)} instruments; the bench needs two")
        names = PREFERRED if set(PREFERRED) <= set(known) else (known[0], known[1])
        object.__setattr__(self, "names", names)

    @property
    def device(self) -> str:
        """`cpu` or `cuda`."""
        return self.session.device

    def blend(self, note: int, *, seconds: float) -> Latents:
        """The blend halfway between the two instruments."""
        return self.session.blend(BlendRequest(Blend(self.names), Note(note, 100), seconds=seconds))


def spread_notes(count: int) -> list[int]:
    """`count` MIDI notes over five octaves, because a low note has ten times the partials of a high one.

    >>> spread_notes(3)
    [36, 65, 94]
    """
    return [LOWEST_NOTE + 29 * index % KEYS for index in range(count)]
