"""What a page asks of evolutions by ear, and the map of the instruments."""

from __future__ import annotations

from dataclasses import dataclass

from nsynth_lab.note import FAMILIES
from nsynth_lab.panel.messages.fields import SHORT
from nsynth_lab.patch.fields import REQUIRED, choice, numbers, text, texts, whole
from nsynth_lab.patch.place import MAX_SOURCES


@dataclass(frozen=True)
class Evolve:
    """Six tunes, presets or instruments are bred by ear: an evolution begins, or goes on. As `evolve` does it."""

    name: str = text(REQUIRED, least=1, most=60, says="of its folder among what is the user's own")
    what: str = choice("", ("", "tunes", "presets", "instruments"), says="what it is to breed; empty: as it began")
    names: tuple[str, ...] = texts(
        (), least=0, most=MAX_SOURCES, says="what plays the tunes, or what the others are made of; empty: as usual"
    )
    metre: str = text("", most=SHORT, says="of tunes, such as 6/8")
    key: str = text("", most=SHORT, says="of tunes, such as Edor")
    bars: int = whole(4, low=2, high=16, says="of tunes; an even number")
    family: str = choice("", ("", *FAMILIES), says="that instruments are to be heard as; empty: the first one's")
    seed: int = whole(0, low=0, high=2**31 - 1, says="of chance")
    begin: str = text("", most=SHORT, says="a first parent: the job of a tune; of presets `here`, the present sound")


@dataclass(frozen=True)
class LikeMembers:
    """Members of the present generation are liked, instead of those that were."""

    members: tuple[float, ...] = numbers((), low=1, high=6, least=0, most=6, says="their numbers, the best first")


@dataclass(frozen=True)
class NextGeneration:
    """The next six come from those that are liked; if none is, they are six new ones."""


@dataclass(frozen=True)
class UndoGeneration:
    """Back to the generation before, or to the present one while the next is on its way."""


@dataclass(frozen=True)
class SaveMember:
    """A member is saved: a preset or an instrument among the user's own, a tune in the folder and among the tunes."""

    member: int = whole(REQUIRED, low=1, high=6, says="its number in the present generation")
    name: str = text(REQUIRED, least=1, most=60, says="of what is saved")


@dataclass(frozen=True)
class CloseEvolution:
    """The evolution that is open is put away; its folder stays."""


@dataclass(frozen=True)
class RemoveEvolution:
    """An evolution that is not open is removed for good; tunes that were saved in its folder stay there."""

    name: str = text(REQUIRED, least=1, most=SHORT, says="of its folder")


@dataclass(frozen=True)
class MapInstruments:
    """The map of the instruments is made, as a job whose file map.json says where each is, unless there is one already.

    Rows of name, family, x, y (-1 to 1), own and imagined; those that sound alike are near one another.
    """
