"""What is played: names and files -> Sources, and an engine that plays them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from nsynth_lab.errors import LatentsError, UsageError
from nsynth_lab.latents import Latents
from nsynth_lab.render.session import Session
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.output_stage import BYPASS, OutputStage
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import HOP_SAMPLES

NUMBERS_OF_SOURCES = (1, 2, 4)


def load_sources(session: Session, names: Sequence[str]) -> Sources:
    """The corners of a blend: names of the bank with all their notes, or sound or .latents files of one note.

    Raises:
        UsageError: not one, two or four of them; an unknown name.
        AudioError, LatentsError: a file that cannot be used.
    """
    if len(names) not in NUMBERS_OF_SOURCES:
        raise UsageError(f"{len(names)} instruments; playing takes one (A), two (A B) or four (A B C D)")
    return Sources([_zones(session, name) for name in names])


def make_engine(
    session: Session,
    programs: Sequence[Sequence[str] | Sources],
    settings: Settings,
    *,
    output_stage: OutputStage = BYPASS,
    ahead_samples: int = HOP_SAMPLES,
    assigned: Mapping[int, int] = MappingProxyType({}),
    unlimited: bool = False,
) -> Engine:
    """An engine for one or more programs, each a blend of instruments as in `load_sources`, or these sources."""
    sources = [names if isinstance(names, Sources) else load_sources(session, names) for names in programs]
    return Engine(
        session.checkpoint.model.decoder,
        sources,
        settings,
        output_stage=output_stage,
        seed=session.seed,
        ahead_samples=ahead_samples,
        assigned=assigned,
        unlimited=unlimited,
    )


def _zones(session: Session, name: str) -> list[Latents]:
    path = session.file_of(name)
    if path is not None:
        zones = [session.recorded(path)]
    else:
        zones = [session.bank.zones[index] for index in session.bank.find(name).zones]
    if zones[0].model_id != (ours := session.checkpoint.model_id):
        raise LatentsError(
            f"{name}: made by model {zones[0].model_id or 'unknown'}, this checkpoint is {ours}; encode the sound again"
        )
    return zones
