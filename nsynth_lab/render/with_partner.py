"""Player and partner as one engine: the partner plays on a channel of its own, which nobody can play by accident."""

from __future__ import annotations

from nsynth_lab.duet.partner import CHANNEL
from nsynth_lab.midi.events import CHANNELS
from nsynth_lab.render.ensemble import Ensemble, Part, Playing


def with_partner(own: Playing, other: Playing, *, together: bool = True) -> Ensemble:
    """The player's engine and the partner's; `together` if parameters that are set are set for both."""
    partners = Part(other, (CHANNEL,), above=CHANNEL, is_set=together, title="partner")
    return Ensemble([Part(own, range(CHANNELS), title="player"), partners])


def partner_of(engine: object) -> Playing | None:
    """The partner's engine in one that `with_partner` has made; None in any other."""
    parts = engine.parts if isinstance(engine, Ensemble) else ()
    return next((part.engine for part in parts if CHANNEL in part.channels), None)
