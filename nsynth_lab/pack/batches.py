"""Batches of clips to clips: what is decoded here or by workers, and what is finished here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.pack.blend_clips import BlendClips, ClipLatents
from nsynth_lab.pack.decode import decode_clips, decode_voices, late_frames
from nsynth_lab.pack.effects import PresetFinisher
from nsynth_lab.pack.finish import Finished, finish_clips
from nsynth_lab.pack.plan import Plan
from nsynth_lab.pack.preset_clips import PresetClipLatents, PresetClips
from nsynth_lab.pack.ray_workers import over_ray
from nsynth_lab.pack.request import PackRequest
from nsynth_lab.render.session import Session
from nsynth_lab.units import FloatArray

Clips = Iterator[tuple[range, Iterable[Finished]]]


def blend_work(session: Session, plan: Plan, batches: Sequence[range], workers: str) -> Clips:
    """Batches of a blend's pack with their clips, as they are done; a worker does all of it."""
    maker = BlendClips(session, plan.request, late_frames=late_frames(session.checkpoint))

    def latents_of(batch: range) -> list[ClipLatents]:
        return [maker.clip(plan.keys[index]) for index in batch]

    if workers:
        for batch, _, clips in over_ray(workers, finish_batch, batches, latents_of, session.checkpoint, plan.request):
            yield batch, clips
        return
    for batch in batches:
        yield batch, finish_batch(session.checkpoint, latents_of(batch), plan.request)


def preset_work(session: Session, plan: Plan, batches: Sequence[range], workers: str) -> Clips:
    """Batches of a preset's pack with their clips; a worker decodes, the effects and their plugins are here."""
    maker = PresetClips(session, plan.request, late_frames=late_frames(session.checkpoint))
    finisher = PresetFinisher(plan.request)

    def latents_of(batch: range) -> list[PresetClipLatents]:
        return [maker.clip(plan.keys[index]) for index in batch]

    if workers:
        for batch, clips, decoded in over_ray(
            workers, decode_batch, batches, latents_of, session.checkpoint, plan.request
        ):
            yield batch, finisher.finish(clips, decoded)
        return
    for batch in batches:
        clips = latents_of(batch)
        yield batch, finisher.finish(clips, decode_batch(session.checkpoint, clips, plan.request))


def finish_batch(checkpoint: Checkpoint, clips: list[ClipLatents], request: PackRequest) -> list[Finished]:
    """All of a blend's batch."""
    return list(finish_clips(clips, decode_clips(clips, checkpoint), request))


def decode_batch(checkpoint: Checkpoint, clips: list[PresetClipLatents], request: PackRequest) -> list[FloatArray]:  # noqa: ARG001
    """A preset's batch before its effects: samples [voices, samples] of each clip."""
    return decode_voices(clips, checkpoint)
