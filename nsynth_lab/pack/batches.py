"""Batches of clips to clips: what is decoded here or by workers, and what is finished here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

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


def made_clips(session: Session, plan: Plan, batches: Sequence[range], workers: str) -> Clips:
    """Batches with their clips, as they are done.

    A worker makes all of a blend's batch; of a preset's it decodes the voices, and the effects and their plugins, which
    it need not have, are here.
    """
    request, late = plan.request, late_frames(session.checkpoint)
    share: Callable[[Checkpoint, list[Any], PackRequest], Any]
    finish: Callable[[list[Any], Any], Iterable[Finished]]
    maker: BlendClips | PresetClips
    if request.preset:
        maker, share = PresetClips(session, request, late_frames=late), decode_batch
        finish = PresetFinisher(request).finish
    else:
        maker, share = BlendClips(session, request, late_frames=late), finish_batch
        finish = _as_they_are

    def latents_of(batch: range) -> list[Any]:
        return [maker.clip(plan.keys[index]) for index in batch]

    def made_here() -> Iterator[tuple[range, list[Any], Any]]:
        for batch in batches:
            clips = latents_of(batch)
            yield batch, clips, share(session.checkpoint, clips, request)

    done: Iterator[tuple[range, list[Any], Any]] = made_here()
    if workers:
        done = over_ray(workers, share, batches, latents_of, session.checkpoint, request)
    for batch, clips, made in done:
        yield batch, finish(clips, made)


def _as_they_are(_: list[Any], made: list[Finished]) -> list[Finished]:
    return made


def finish_batch(checkpoint: Checkpoint, clips: list[ClipLatents], request: PackRequest) -> list[Finished]:
    """All of a blend's batch."""
    return list(finish_clips(clips, decode_clips(clips, checkpoint), request))


def decode_batch(checkpoint: Checkpoint, clips: list[PresetClipLatents], request: PackRequest) -> list[FloatArray]:  # noqa: ARG001
    """A preset's batch before its effects: samples [voices, samples] of each clip."""
    return decode_voices(clips, checkpoint)
