"""The range in which an instrument or a blend plays a tune that it follows, and whether it has to be struck."""

from __future__ import annotations

from nsynth_lab.blend.parts import find_parts
from nsynth_lab.render.play_request import PlayRequest
from nsynth_lab.render.session import Session

WIDENED, LEAST_RANGE = 4, 12  # semitones


def target_range(session: Session, asked: PlayRequest) -> tuple[int, int]:
    """The lowest and highest notes that all instruments of the target have, widened by a major third."""
    ranges = session.ranges()
    own = [ranges[session.bank.find(name).instrument.name] for name in _names(session, asked)]
    if not own:
        return 0, 127
    low, high = max(low for low, _ in own), min(high for _, high in own)
    if high - low < LEAST_RANGE:  # instruments without a common range: where any of them plays
        low, high = min(low for low, _ in own), max(high for _, high in own)
    return max(low - WIDENED, 0), min(high + WIDENED, 127)


def target_is_struck(session: Session, asked: PlayRequest) -> bool:
    """Whether the notes of all instruments of the target die away by themselves, as those of a piano do."""
    bank = session.bank
    zones = [bank.find(name).zones for name in _names(session, asked)]
    return bool(zones) and not any(find_parts(bank.zones[own[len(own) // 2]]).sustained for own in zones)


def _names(session: Session, asked: PlayRequest) -> list[str]:
    """The instruments of the bank among those of the target."""
    names = asked.patch().blend.corners if asked.preset else asked.all_sources()
    return [name for name in names if session.file_of(name) is None]
