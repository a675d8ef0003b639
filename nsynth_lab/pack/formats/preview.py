"""preview.flac: a short arpeggio, played once at each position of the blend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.pack.formats.zones import PackLayer, PackMap, PackZone
from nsynth_lab.units import FloatArray, db_to_gain

ReadClip = Callable[[str], FloatArray]

LOWEST_ROOT, NOTES = 48, 5
STEP_SECONDS, HELD_SECONDS = 0.3, 1.6
MOST_LAYERS = 9
CEILING_DB = -1.0


def write_preview(path: Path, pack: PackMap, read: ReadClip) -> Path:
    """Write the preview; `read` returns the mono samples of a clip."""
    parts = [_phrase(layer, pack.sample_rate, read) for layer in pack.layers[:MOST_LAYERS]]
    sound = np.concatenate(parts)
    peak = float(np.abs(sound).max(initial=0.0))
    if peak > db_to_gain(CEILING_DB):
        sound = sound * np.float32(db_to_gain(CEILING_DB) / peak)
    return write_audio(path, Audio(sound[None], pack.sample_rate), subtype=f"PCM_{pack.bits}", force=True)


def preview_zones(layer: PackLayer) -> list[PackZone]:
    """Up to five notes of a layer, evenly spread from C3 upwards: first round robin, highest velocity."""
    loudest = max(zone.velocity for zone in layer.zones)
    zones = [zone for zone in layer.zones if zone.take == 1 and zone.velocity == loudest]
    zones.sort(key=lambda zone: zone.root)
    middle = [zone for zone in zones if zone.root >= LOWEST_ROOT] or zones
    spread = np.linspace(0, len(middle) - 1, min(NOTES, len(middle))).round().astype(int)
    return [middle[index] for index in dict.fromkeys(spread.tolist())]


def _phrase(layer: PackLayer, sample_rate: int, read: ReadClip) -> FloatArray:
    zones = preview_zones(layer)
    step, held = round(STEP_SECONDS * sample_rate), round(HELD_SECONDS * sample_rate)
    phrase = np.zeros(step * (len(zones) - 1) + held, np.float32)
    for index, zone in enumerate(zones):
        note = read(zone.file)[:held] * np.float32(db_to_gain(zone.volume_db))
        release = min(len(note), round(0.25 * sample_rate))
        note[len(note) - release :] *= np.linspace(1.0, 0.0, release, dtype=np.float32)
        phrase[index * step : index * step + len(note)] += note
    return phrase
