"""Batches of clips: what is decoded here or by Ray workers, and what must be finished here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.pack.blend_clips import BlendClips, ClipLatents
from nsynth_lab.pack.decode import decode_clips, decode_voices
from nsynth_lab.pack.effects import PresetFinisher
from nsynth_lab.pack.finish import FinishedClip, finish_clips
from nsynth_lab.pack.plan import PackPlan
from nsynth_lab.pack.preset_clips import PresetClipLatents, PresetClips
from nsynth_lab.pack.ray_workers import over_ray
from nsynth_lab.pack.request import PackRequest
from nsynth_lab.render.session import Session
from nsynth_lab.units import FloatArray

FinishedBatches = Iterator[tuple[range, Iterable[FinishedClip]]]


def make_clips(session: Session, plan: PackPlan, batches: Sequence[range], workers: str) -> FinishedBatches:
    """Batches with their clips, as they are finished, here or by workers.

    Workers do everything after the latents for the pack of a blend. For a preset they only decode: its effects are
    applied here, where the plugins are.
    """
    request = plan.request
    work: Callable[[Checkpoint, list[Any], PackRequest], Any]
    finish: Callable[[list[Any], Any], Iterable[FinishedClip]]
    maker: BlendClips | PresetClips
    if request.preset:
        maker, work = PresetClips(session, request), decode_batch
        finish = PresetFinisher(request).finish
    else:
        maker, work = BlendClips(session, request), finish_batch
        finish = _unchanged

    def latents_of(batch: range) -> list[Any]:
        return [maker.clip(plan.keys[index]) for index in batch]

    def made_here() -> Iterator[tuple[range, list[Any], Any]]:
        for batch in batches:
            clips = latents_of(batch)
            yield batch, clips, work(session.checkpoint, clips, request)

    done: Iterator[tuple[range, list[Any], Any]] = made_here()
    if workers:
        done = over_ray(workers, work, batches, latents_of, session.checkpoint, request)
    for batch, clips, made in done:
        yield batch, finish(clips, made)


def _unchanged(_: list[Any], finished: list[FinishedClip]) -> list[FinishedClip]:
    return finished


def finish_batch(checkpoint: Checkpoint, clips: list[ClipLatents], request: PackRequest) -> list[FinishedClip]:
    """Decode and finish a batch of a blend's pack."""
    return list(finish_clips(clips, decode_clips(clips, checkpoint), request))


def decode_batch(checkpoint: Checkpoint, clips: list[PresetClipLatents], request: PackRequest) -> list[FloatArray]:  # noqa: ARG001
    """Decode a batch of a preset's pack, without effects: [voices, samples] per clip."""
    return decode_voices(clips, checkpoint)
