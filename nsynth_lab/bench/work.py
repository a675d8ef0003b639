"""Work: the session, device and effort that all sections share."""

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
    """A session, and how thoroughly to measure.

    Attributes:
        session: the checkpoint, on the device that is measured.
        quick: fewer and shorter measures.
        threads: of torch; 0 leaves each part to choose as it does for a user.
        names: two instruments of the bank, which everything is blended from.

    Raises:
        CheckpointError: a bank of fewer than two instruments.
    """

    session: Session
    quick: bool = False
    threads: int = 0
    names: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        known = [row["name"] for row in self.session.instruments()]
        if len(known) < len(PREFERRED):
            raise CheckpointError(f"{self.session.folder}: a bank of {len(known)} instruments; two are blended here")
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
    """So many MIDI notes, spread over five octaves: a low one has ten times the partials of a high one.

    >>> spread_notes(3)
    [36, 65, 94]
    """
    return [LOWEST_NOTE + 29 * index % KEYS for index in range(count)]
