"""make_pack: decode the clips that do not exist yet, store them, and write the files of every format.

PackRequest -> PackPlan (names of all files) -> batches of clips -> Store -> PackMap -> formats.documents
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nsynth_lab.pack.batches import make_clips
from nsynth_lab.pack.finish import FinishedClip
from nsynth_lab.pack.formats.documents import write_documents
from nsynth_lab.pack.formats.wav import write_clip
from nsynth_lab.pack.formats.zones import PackMap
from nsynth_lab.pack.keymap import is_record, make_zone, pack_map
from nsynth_lab.pack.plan import PackPlan
from nsynth_lab.pack.store import Store, open_store
from nsynth_lab.render.session import Session

Advance = Callable[[int], None]


def make_pack(
    session: Session,
    plan: PackPlan,
    folder: Path,
    *,
    resume: bool = False,
    force: bool = False,
    workers: str = "",
    advance: Advance,
) -> tuple[PackMap, list[dict[str, Any]]]:
    """Make, resume or repair a pack; returns its map and the record of each clip.

    `advance(clips)` is called with the number of clips newly finished. `workers` is the address of a Ray cluster that
    decodes; the result is the same.

    Raises:
        UsageError: the folder contains something else.
        PackError: the disk is full or not writable.
    """
    store = open_store(folder, plan.values(), model=session.folder, resume=resume, force=force)
    done = store.done()
    records = {
        file: done[file]
        for key, file in zip(plan.keys, plan.files, strict=True)
        if file in done and is_record(key, file, done[file])
    }
    left = [batch for batch in plan.batches if any(plan.files[index] not in records for index in batch)]
    advance(len(plan.files) - sum(map(len, left)))
    for batch, clips in make_clips(session, plan, left, workers):
        for index, clip in zip(batch, clips, strict=True):
            if plan.files[index] not in records:
                records[plan.files[index]] = _store_clip(store, plan, index, clip)
            advance(1)
    ordered = [records[file] for file in plan.files]
    pack = pack_map(plan, ordered)
    write_documents(store, pack, ordered, plan.values(), formats=plan.request.formats)
    store.finish()
    return pack, ordered


def make_batch(session: Session, plan: PackPlan, batch: range) -> list[FinishedClip]:
    """Make the clips of one batch without storing them, to measure time and size."""
    return [clip for _, clips in make_clips(session, plan, [batch], "") for clip in clips]


def _store_clip(store: Store, plan: PackPlan, index: int, clip: FinishedClip) -> dict[str, Any]:
    request, file = plan.request, plan.files[index]
    zone = make_zone(plan, index, clip)
    record = {
        "position": list(request.positions[clip.latents.key.position]),
        "zone": asdict(zone),
        "quality": asdict(clip.quality),
        "latents_sha256": clip.latents.fingerprint(),
        **({"troubles": list(clip.troubles)} if clip.troubles else {}),
    }
    return store.put(
        file,
        lambda path: write_clip(
            path, clip.samples, zone, plan.about, sample_rate=request.sample_rate, bits=request.bits
        ),
        record,
    )
