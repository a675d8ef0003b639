"""make_pack: decode the clips that do not exist yet, store them, and write the files of every format.

PackRequest -> PackPlan (names of all files) -> batches of clips -> Store -> PackMap -> formats.documents
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import Any

from nsynth_lab.pack.batches import make_clips
from nsynth_lab.pack.finish import FinishedClip
from nsynth_lab.pack.formats.documents import write_documents
from nsynth_lab.pack.formats.pictures import prepare_drawing
from nsynth_lab.pack.formats.wav import write_clip
from nsynth_lab.pack.formats.zones import PackMap
from nsynth_lab.pack.keymap import is_record, make_zone, pack_map
from nsynth_lab.pack.plan import PackPlan
from nsynth_lab.pack.store import Store, open_store
from nsynth_lab.render.session import Session
from nsynth_lab.threads import thread_count

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
    kept = frozenset(records)

    def keep(index: int, clip: FinishedClip) -> dict[str, Any]:
        file = plan.files[index]
        return records[file] if file in kept else _store_clip(store, plan, index, clip)

    if thread_count() > 1:
        Thread(target=prepare_drawing).start()
    with closing(make_clips(session, plan, left, workers, keep)) as made:
        for batch, stored in made:
            records |= zip((plan.files[index] for index in batch), stored, strict=True)
            advance(len(batch))
    ordered = [records[file] for file in plan.files]
    pack = pack_map(plan, ordered)
    write_documents(store, pack, ordered, plan.values(), formats=plan.request.formats)
    store.finish()
    return pack, ordered


def make_batches(session: Session, plan: PackPlan, batches: Sequence[range]) -> list[FinishedClip]:
    """Make the clips of some batches without storing them, to measure time and size."""
    return [clip for _, clips in make_clips(session, plan, batches, "", lambda _, clip: clip) for clip in clips]


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
