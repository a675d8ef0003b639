"""Sources from names and files, and an engine that plays them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from nsynth_lab.patch.place import check_count
from nsynth_lab.render.session import Session, Source
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.output_stage import BYPASS, OutputStage
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import HOP_SAMPLES


def load_sources(session: Session, sources: Sequence[Source], *, files: bool = True) -> Sources:
    """The corners of a blend: instruments of the bank with all their notes, or files or latents of one note.

    Of three the last is used twice, for both corners of the lower edge of a square, which makes it a triangle.

    Args:
        session: checkpoint and bank.
        sources: one to eight of them.
        files: whether they may be files.

    Raises:
        UsageError: none or too many of them; an unknown name.
        AudioError, LatentsError: a file that cannot be used.
    """
    check_count(len(sources))
    corners = (*sources, sources[-1]) if len(sources) == 3 else sources
    return Sources([session.zones(corner, files=files) for corner in corners])


def make_engine(
    session: Session,
    programs: Sequence[Sequence[Source] | Sources],
    settings: Settings,
    *,
    output_stage: OutputStage = BYPASS,
    ahead_samples: int = HOP_SAMPLES,
    assigned: Mapping[int, int] = MappingProxyType({}),
    unlimited: bool = False,
) -> Engine:
    """An engine for one or more programs: what `load_sources` takes, or what it gives; the rest as in `Engine`."""
    sources = [given if isinstance(given, Sources) else load_sources(session, given) for given in programs]
    return Engine(
        session.checkpoint,
        sources,
        settings,
        output_stage=output_stage,
        seed=session.seed,
        ahead_samples=ahead_samples,
        assigned=assigned,
        unlimited=unlimited,
    )
