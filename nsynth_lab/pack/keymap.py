"""The map of a pack: the zone of each clip, built from the records of what was made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nsynth_lab.pack.finish import FinishedClip
from nsynth_lab.pack.formats.zones import Loop, PackLayer, PackMap, PackZone, key_ranges, velocity_ranges
from nsynth_lab.pack.plan import PackPlan
from nsynth_lab.pack.quality import Quality
from nsynth_lab.pack.request import ClipKey

NATURAL_DB = 40.0  # (velocity / 127) ** 2 in dB over a factor of ten
MOST_TRACKING = 0.5  # what the lowest layer is made up by then stays below 6 dB, as much as SFZ allows


def make_zone(plan: PackPlan, index: int, clip: FinishedClip) -> PackZone:
    """The zone of clip number `index` of a plan."""
    key, request = plan.keys[index], plan.request
    low_key, high_key = key_ranges(request.notes)[key.note]
    low_velocity, high_velocity = velocity_ranges(request.velocities)[key.velocity]
    return PackZone(
        file=plan.files[index],
        samples=clip.samples.shape[1],
        root=key.note,
        low_key=low_key,
        high_key=high_key,
        velocity=key.velocity,
        low_velocity=low_velocity,
        high_velocity=high_velocity,
        take=key.take + 1,
        takes=request.takes,
        loop=clip.loop,
        volume_db=clip.volume_db,
        release_seconds=round(clip.release_seconds, 3),
        channels=len(clip.samples),
    )


def pack_map(plan: PackPlan, records: Sequence[dict[str, Any]]) -> PackMap:
    """The map of a pack from the records of its clips."""
    request = plan.request
    layers = []
    for number, (place, label) in enumerate(zip(request.positions, plan.labels, strict=True)):
        zones = [
            zone_from(record["zone"]) for key, record in zip(plan.keys, records, strict=True) if key.position == number
        ]
        at = ", ".join(f"{value:g}" for value in place)
        layers.append(PackLayer(label, f"{plan.about.title} {at}".strip(), place or (0.0,), tuple(zones)))
    tracking = _tracking(plan, records)
    return PackMap(plan.about, tuple(layers), request.sample_rate, request.bits, tracking, request.crossfade)


def is_record(key: ClipKey, file: str, record: dict[str, Any]) -> bool:
    """Whether a record is one that `make_pack` could have written for this clip; folders may come from strangers."""
    try:
        zone, quality = zone_from(record["zone"]), Quality(**record["quality"])
        loop = [zone.loop.start, zone.loop.end] if zone.loop else []
        whole = [zone.low_key, zone.high_key, zone.low_velocity, zone.high_velocity, zone.samples, zone.channels, *loop]
        known = [zone.volume_db, zone.release_seconds, quality.peak_db, quality.loudness_db, quality.above_20khz_db]
        maybe = [quality.pitch_cents, quality.noise_db, quality.loop_error_db, quality.loop_step_db]
        numbers = [*known, quality.clicks, *(value for value in maybe if value is not None)]
        same = (zone.file, zone.root, zone.velocity, zone.take) == (file, key.note, key.velocity, key.take + 1)
        return same and sum(map(int, whole)) == sum(whole) and bool(np.isfinite(numbers).all())
    except (KeyError, TypeError, ValueError):
        return False


def zone_from(values: dict[str, Any]) -> PackZone:
    """A zone from its plain values."""
    loop = values["loop"]
    return PackZone(**{**values, "loop": Loop(**loop) if loop else None})


def _tracking(plan: PackPlan, records: Sequence[dict[str, Any]]) -> float:
    """How much of MIDI's natural velocity law the layers' own levels follow; all of it if there is one layer."""
    velocities = sorted(plan.request.velocities)
    if len(velocities) == 1:
        return 1.0
    means = [
        float(np.mean([record["quality"]["loudness_db"] for record in records if record["zone"]["velocity"] == one]))
        for one in (velocities[0], velocities[-1])
    ]
    natural = NATURAL_DB * float(np.log10(velocities[-1] / velocities[0]))
    return round(min(max((means[1] - means[0]) / natural, 0.0), MOST_TRACKING), 4)
