"""Batches of clips to clips: what is decoded here or by workers, and what is finished here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.pack.blend_clips import Row, RowMaker
from nsynth_lab.pack.decode import decode_rows, decode_voices, late_frames
from nsynth_lab.pack.effects import PresetFinisher
from nsynth_lab.pack.finish import Finished, finish_clips
from nsynth_lab.pack.plan import Plan
from nsynth_lab.pack.preset_clips import PresetRow, PresetRowMaker
from nsynth_lab.pack.ray_workers import over_ray
from nsynth_lab.pack.request import PackRequest
from nsynth_lab.render.session import Session
from nsynth_lab.units import FloatArray

Clips = Iterator[tuple[range, Iterable[Finished]]]


def blend_work(session: Session, plan: Plan, batches: Sequence[range], workers: str) -> Clips:
    """Batches of a blend's pack with their clips, as they are done; a worker does all of it."""
    maker = RowMaker(session, plan.request, late_frames=late_frames(session.checkpoint))

    def rows_of(batch: range) -> list[Row]:
        return [maker.row(plan.keys[index]) for index in batch]

    if workers:
        for batch, _, clips in over_ray(workers, finish_batch, batches, rows_of, session.checkpoint, plan.request):
            yield batch, clips
        return
    for batch in batches:
        yield batch, finish_batch(session.checkpoint, rows_of(batch), plan.request)


def preset_work(session: Session, plan: Plan, batches: Sequence[range], workers: str) -> Clips:
    """Batches of a preset's pack with their clips; a worker decodes, the effects and their plugins are here."""
    maker = PresetRowMaker(session, plan.request, late_frames=late_frames(session.checkpoint))
    finisher = PresetFinisher(plan.request)

    def rows_of(batch: range) -> list[PresetRow]:
        return [maker.row(plan.keys[index]) for index in batch]

    if workers:
        for batch, rows, decoded in over_ray(workers, decode_batch, batches, rows_of, session.checkpoint, plan.request):
            yield batch, finisher.finish(rows, decoded)
        return
    for batch in batches:
        rows = rows_of(batch)
        yield batch, finisher.finish(rows, decode_batch(session.checkpoint, rows, plan.request))


def finish_batch(checkpoint: Checkpoint, rows: list[Row], request: PackRequest) -> list[Finished]:
    """All of a blend's batch."""
    return list(finish_clips(rows, decode_rows(rows, checkpoint), request))


def decode_batch(checkpoint: Checkpoint, rows: list[PresetRow], request: PackRequest) -> list[FloatArray]:  # noqa: ARG001
    """A preset's batch before its effects: samples [voices, samples] of each row."""
    return decode_voices(rows, checkpoint)
