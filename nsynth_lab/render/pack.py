"""make_pack: plan, decode what is not there yet, and hand the clips to the pack's writers.

PackRequest -> plan (every file's name) -> batches of rows -> clips -> Store -> map of zones -> documents
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nsynth_lab import __version__
from nsynth_lab.errors import PackError, UsageError
from nsynth_lab.render.pack_clip import Finished, finish_clips
from nsynth_lab.render.pack_decode import decode_rows, late_frames
from nsynth_lab.render.pack_latents import Row, RowMaker, settled_frame
from nsynth_lab.render.pack_ray import over_ray
from nsynth_lab.render.pack_request import ClipKey, PackRequest, from_dict
from nsynth_lab.render.session import Session
from nsynth_lab.sinks.pack.clip import write_clip
from nsynth_lab.sinks.pack.documents import document_files, write_documents
from nsynth_lab.sinks.pack.names import clip_file, position_label, stem
from nsynth_lab.sinks.pack.store import Store, open_store, read_json
from nsynth_lab.sinks.pack.zones import About, Layer, Loop, PackMap, Zone, key_ranges, velocity_ranges

ROWS = {"cpu": 8, "cuda": 64}
NATURAL_DB = 40.0  # (velocity / 127) ** 2 in dB over a factor of ten
MOST_TRACKING = 0.5  # what the lowest layer is made up by then stays below 6 dB, as much as SFZ allows
MANIFEST_FORMAT = 1

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Plan:
    """What a pack will be, known before anything is decoded.

    Attributes:
        files: of each clip, in the order of `PackRequest.keys`.
        batches: numbers of the clips that are decoded together.
    """

    request: PackRequest
    about: About
    sources: tuple[dict[str, Any], ...]
    stamp: dict[str, Any]
    keys: tuple[ClipKey, ...]
    files: tuple[str, ...]
    batches: tuple[range, ...]

    def values(self) -> dict[str, Any]:
        """Plain values that are equal exactly when the packs are."""
        return {
            "format": MANIFEST_FORMAT,
            **self.stamp,
            "recipe": self.request.to_dict(),
            "sources": list(self.sources),
            "files": [*self.files, *document_files(self.about, self.request.formats, self.labels)],
        }

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the positions."""
        return tuple(position_label(place) for place in self.request.positions)


def plan_pack(session: Session, request: PackRequest) -> Plan:
    """Names and batches of a pack.

    Raises:
        UsageError, AudioError, LatentsError: a source that cannot be used.
    """
    sources = tuple(session.describe(source) for source in request.sources)
    title = request.name or " + ".join(source["name"] for source in sources)
    about = About(
        title=title,
        stem=stem(title),
        author=request.author,
        licence=request.licence,
        comment=f"A blend of {', '.join(source['name'] for source in sources)}, decoded from latents",
        software=f"nsynth_lab {__version__}",
    )
    keys = tuple(request.keys())
    labels = [position_label(place) for place in request.positions]
    ending = ".flac" if request.flac else ".wav"
    files = tuple(
        clip_file(
            about.stem, labels[key.position], note=key.note, velocity=key.velocity, take=key.take + 1, ending=ending
        )
        for key in keys
    )
    rows = max(1, ROWS[session.device] // request.takes) * request.takes
    batches = tuple(range(first, min(first + rows, len(keys))) for first in range(0, len(keys), rows))
    stamp = {**session.stamp(), "seed": request.seed, "device": session.device}
    return Plan(request, about, sources, stamp, keys, files, batches)


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
    """Make a pack, or go on with it; returns its map and the record of each clip. `advance` hears of clips done.

    `workers` is the address of a Ray cluster that decodes; it makes no difference to what is made.

    Raises:
        UsageError: the folder holds something else.
        PackError: the disk is full, or cannot be written.
    """
    store = open_store(folder, plan.values(), resume=resume, force=force)
    records = store.done()
    left = [batch for batch in plan.batches if any(plan.files[index] not in records for index in batch)]
    advance(len(plan.files) - sum(map(len, left)))
    for batch, clips in _decoded(session, plan, left, workers):
        for index, clip in zip(batch, clips, strict=True):
            records[plan.files[index]] = _put(store, plan, index, clip)
            advance(1)
    ordered = [records[file] for file in plan.files]
    pack = pack_map(plan, ordered)
    write_documents(store, pack, ordered, plan.values(), formats=plan.request.formats)
    store.finish()
    return pack, ordered


def trial(session: Session, plan: Plan, batch: range) -> None:
    """Decode a batch for nothing but the time it takes."""
    for _, clips in _decoded(session, plan, [batch], ""):
        list(clips)


def _decoded(
    session: Session, plan: Plan, batches: Sequence[range], workers: str
) -> Iterator[tuple[range, Iterable[Finished]]]:
    """Batches with their clips, as they are finished, here or by workers."""
    maker = RowMaker(session, plan.request, late_frames=late_frames(session.checkpoint))

    def rows_of(batch: range) -> list[Row]:
        return [maker.row(plan.keys[index]) for index in batch]

    if workers:
        yield from over_ray(workers, batches, rows_of, session.checkpoint, plan.request)
        return
    for batch in batches:
        rows = rows_of(batch)
        audio = decode_rows(rows, session.checkpoint, settled=settled_frame(plan.request))
        yield batch, finish_clips(rows, audio, plan.request)


def _put(store: Store, plan: Plan, index: int, clip: Finished) -> dict[str, Any]:
    request, file = plan.request, plan.files[index]
    zone = _zone(plan, index, clip)
    record = {
        "position": list(request.positions[clip.row.key.position]),
        "zone": asdict(zone),
        "quality": asdict(clip.quality),
        "latents_sha256": clip.row.fingerprint(),
    }
    return store.put(
        file,
        lambda path: write_clip(
            path, clip.samples, zone, plan.about, sample_rate=request.sample_rate, bits=request.bits
        ),
        record,
    )


def _zone(plan: Plan, index: int, clip: Finished) -> Zone:
    key, request = plan.keys[index], plan.request
    low_key, high_key = key_ranges(request.notes)[key.note]
    low_velocity, high_velocity = velocity_ranges(request.velocities)[key.velocity]
    return Zone(
        file=plan.files[index],
        samples=len(clip.samples),
        root=key.note,
        low_key=low_key,
        high_key=high_key,
        velocity=key.velocity,
        low_velocity=low_velocity,
        high_velocity=high_velocity,
        take=key.take + 1,
        takes=request.takes,
        loop=clip.loop,
        tuning_cents=0.0,
        volume_db=clip.volume_db,
        release_seconds=round(clip.row.release_seconds, 3),
    )


def pack_map(plan: Plan, records: Sequence[dict[str, Any]]) -> PackMap:
    """The map of a pack from the records of its clips."""
    request = plan.request
    layers = []
    for number, (place, label) in enumerate(zip(request.positions, plan.labels, strict=True)):
        zones = [
            zone_from(record["zone"]) for key, record in zip(plan.keys, records, strict=True) if key.position == number
        ]
        at = ", ".join(f"{value:g}" for value in place)
        layers.append(Layer(label, f"{plan.about.title} {at}", place, tuple(zones)))
    tracking = _tracking(plan, records)
    return PackMap(plan.about, tuple(layers), request.sample_rate, request.bits, tracking, request.crossfade)


def zone_from(values: dict[str, Any]) -> Zone:
    """A zone from its plain values."""
    loop = values["loop"]
    return Zone(**{**values, "loop": Loop(**loop) if loop else None})


def _tracking(plan: Plan, records: Sequence[dict[str, Any]]) -> float:
    """How much of the natural law the layers' own levels follow; all of it where there is one layer."""
    import numpy as np

    velocities = sorted(plan.request.velocities)
    if len(velocities) == 1:
        return 1.0
    means = [
        float(np.mean([record["quality"]["loudness_db"] for record in records if record["zone"]["velocity"] == one]))
        for one in (velocities[0], velocities[-1])
    ]
    natural = NATURAL_DB * float(np.log10(velocities[-1] / velocities[0]))
    return round(min(max((means[1] - means[0]) / natural, 0.0), MOST_TRACKING), 4)


def read_manifest(path: Path) -> tuple[PackRequest, dict[str, Any]]:
    """The request that made a pack, and its manifest.

    Raises:
        PackError: not a manifest.
        UsageError: a recipe that this version cannot follow.
    """
    values = read_json(path)
    if values.get("format") != MANIFEST_FORMAT or not isinstance(values.get("recipe"), dict):
        raise PackError(f"{path}: not a manifest of a pack, or of another version than format {MANIFEST_FORMAT}")
    return from_dict(values["recipe"]), values


def check_same(plan: Plan, manifest: dict[str, Any]) -> None:
    """Refuse to remake a pack from another model or other sources.

    Raises:
        UsageError: it would not be the same pack.
    """
    for what in ("model", "sources"):
        mine, theirs = plan.values()[what], manifest.get(what)
        if mine != theirs:
            raise UsageError(f"the pack was made from {what} {theirs!s:.120}, here is {mine!s:.120}")
