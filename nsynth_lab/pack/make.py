"""make_pack: decode what is not there yet, and hand the clips to the pack's writers.

PackRequest -> Plan (every file's name) -> batches of clips -> clips -> Store -> map of zones -> documents
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nsynth_lab.pack.batches import made_clips
from nsynth_lab.pack.finish import Finished
from nsynth_lab.pack.formats.clip import write_clip
from nsynth_lab.pack.formats.documents import write_documents
from nsynth_lab.pack.formats.zones import PackMap
from nsynth_lab.pack.keymap import is_record, make_zone, pack_map
from nsynth_lab.pack.plan import Plan
from nsynth_lab.pack.store import Store, open_store
from nsynth_lab.render.session import Session

Advance = Callable[[int], None]


def make_pack(
    session: Session,
    plan: Plan,
    folder: Path,
    *,
    resume: bool = False,
    force: bool = False,
    workers: str = "",
    advance: Advance,
) -> tuple[PackMap, list[dict[str, Any]]]:
    """Make a pack, go on with it or mend it; returns its map and the record of each clip.

    `advance` hears of clips done.
    `workers` is the address of a Ray cluster that decodes; it makes no difference to what is made.

    Raises:
        UsageError: the folder holds something else.
        PackError: the disk is full, or cannot be written.
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
    for batch, clips in made_clips(session, plan, left, workers):
        for index, clip in zip(batch, clips, strict=True):
            if plan.files[index] not in records:
                records[plan.files[index]] = _put(store, plan, index, clip)
            advance(1)
    ordered = [records[file] for file in plan.files]
    pack = pack_map(plan, ordered)
    write_documents(store, pack, ordered, plan.values(), formats=plan.request.formats)
    store.finish()
    return pack, ordered


def trial(session: Session, plan: Plan, batch: range) -> list[Finished]:
    """Make the clips of a batch, for the time it takes and what comes of it."""
    return [clip for _, clips in made_clips(session, plan, [batch], "") for clip in clips]


def _put(store: Store, plan: Plan, index: int, clip: Finished) -> dict[str, Any]:
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
