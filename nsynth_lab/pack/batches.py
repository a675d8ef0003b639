"""Batches of clips: what is decoded here or by Ray workers, and what must be finished here."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from threading import Event
from typing import Any, NamedTuple, TypeVar

from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.pack.blend_clips import BlendClips, ClipLatents
from nsynth_lab.pack.decode import decode_clips, decode_voices
from nsynth_lab.pack.effects import PresetFinisher
from nsynth_lab.pack.finish import FinishedClip, finish_clips
from nsynth_lab.pack.in_stages import in_stages
from nsynth_lab.pack.plan import PackPlan
from nsynth_lab.pack.preset_clips import PresetClipLatents, PresetClips
from nsynth_lab.pack.ray_workers import over_ray
from nsynth_lab.pack.request import PackRequest
from nsynth_lab.render.session import Session
from nsynth_lab.threads import thread_count
from nsynth_lab.units import HOP_SAMPLES, FloatArray

MOST_BYTES = 512 * 2**20  # of decoded sound at work
ON_A_CARD = 3  # batches at work: one whose latents are made, one on the graphics card, one that is finished and written

Kept = TypeVar("Kept")
Keep = Callable[[int, FinishedClip], Kept]


class Takes(NamedTuple):
    """The round robins of a note, which are finished together: their numbers in the plan, latents, decoded samples."""

    numbers: Sequence[int]
    clips: Sequence[Any]
    decoded: Sequence[FloatArray]


def make_clips(
    session: Session, plan: PackPlan, batches: Sequence[range], workers: str, keep: Keep[Kept]
) -> Generator[tuple[range, list[Kept]], None, None]:
    """Batches and what `keep(number of a clip, clip)` made of each of their clips.

    Here all processors are used, and `keep` is called for several clips at once, on any thread. Ray workers do
    everything after the latents for the pack of a blend; for a preset they only decode.
    """
    request = plan.request
    maker = PresetClips(session, request) if request.preset else BlendClips(session, request)

    def latents_of(batch: range) -> list[Any]:
        return [maker.clip(plan.keys[number]) for number in batch]

    if not workers:
        return _made_here(session, plan, batches, latents_of, keep)
    work: Callable[[Checkpoint, list[Any], PackRequest], Any] = decode_batch if request.preset else finish_batch
    finish: Callable[[list[Any], Any], Iterable[FinishedClip]] = _unchanged
    if request.preset:
        finish = PresetFinisher(request).finish
    made = over_ray(workers, work, batches, latents_of, session.checkpoint, request)
    return ((batch, _kept(batch, finish(clips, done), keep)) for batch, clips, done in made)


def _made_here(
    session: Session,
    plan: PackPlan,
    batches: Sequence[range],
    latents_of: Callable[[range], list[Any]],
    keep: Keep[Kept],
) -> Generator[tuple[range, list[Kept]], None, None]:
    request = plan.request
    decode: Callable[..., Any] = decode_voices if request.preset else decode_clips
    finish = PresetFinisher(request).finish if request.preset else partial(finish_clips, request=request)
    at_once = batches_at_once(request, session.device, rows=max(map(len, batches), default=1))
    threads_each = max(1, thread_count() // max(1, min(at_once, len(batches))))

    def decoded(prepared: tuple[range, list[Any]], stopped: Event) -> list[Takes]:
        numbers, clips = prepared
        sounds = decode(clips, session.checkpoint, threads=threads_each, stopped=stopped)
        parts = [slice(first, first + request.takes) for first in range(0, len(clips), request.takes)]
        return [Takes(numbers[part], clips[part], sounds[part]) for part in parts]

    def finished(takes: Takes) -> list[Kept]:
        return _kept(takes.numbers, finish(takes.clips, takes.decoded), keep)

    def in_order(finish_there: Callable[[Takes], Any]) -> Iterator[tuple[range, list[Any]]]:
        return in_stages(
            batches,
            prepare=lambda batch: (batch, latents_of(batch)),
            decode=decoded,
            finish=finish_there,
            threads=thread_count(),
            at_once=at_once,
            one_decodes=session.device == "cuda",
        )

    if any(slot.plugin for slot in request.patch.effects):  # plugins belong to the main thread
        for batch, parts in in_order(lambda takes: takes):
            yield batch, [kept for takes in parts for kept in finished(takes)]
    else:
        for batch, parts in in_order(finished):
            yield batch, [kept for part in parts for kept in part]


def batches_at_once(request: PackRequest, device: str, *, rows: int) -> int:
    """How many batches of so many clips are at work at once: enough for all processors, as far as memory allows."""
    clip_bytes = 4 * request.frames * HOP_SAMPLES * request.patch.voice.unison
    wanted = ON_A_CARD if device == "cuda" else thread_count() + 1
    return max(1, min(wanted, MOST_BYTES // (rows * clip_bytes)))


def _kept(numbers: Sequence[int], clips: Iterable[FinishedClip], keep: Keep[Kept]) -> list[Kept]:
    return [keep(number, clip) for number, clip in zip(numbers, clips, strict=True)]


def _unchanged(_: list[Any], finished: list[FinishedClip]) -> list[FinishedClip]:
    return finished


def finish_batch(checkpoint: Checkpoint, clips: list[ClipLatents], request: PackRequest) -> list[FinishedClip]:
    """Decode and finish a batch of a blend's pack."""
    return list(finish_clips(clips, decode_clips(clips, checkpoint), request))


def decode_batch(checkpoint: Checkpoint, clips: list[PresetClipLatents], request: PackRequest) -> list[FloatArray]:  # noqa: ARG001
    """Decode a batch of a preset's pack, without effects: [voices, samples] per clip."""
    return decode_voices(clips, checkpoint)
