"""Teenage Engineering OP-XY: one folder NAME.preset per position, with patch.json and a clip for each note.

The device maps clips across the keyboard only: a zone reaches from the one below up to its own `hikey`. So each note
has its loudest velocity layer and its first round robin, at 44.1 kHz and 16 bits, no longer than 20 s. The level of a
zone is applied to its samples. Folders are copied to `presets` on the device.

Sources: Teenage Engineering's guide to the OP-XY (multisampler); presets that the device has saved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.dsp.resampling import resample
from nsynth_lab.dsp.seam import close_seam
from nsynth_lab.pack.format_table import OPXY_BITS, OPXY_RATE, OPXY_SECONDS
from nsynth_lab.pack.formats.copies import clip_name
from nsynth_lab.pack.formats.wav import pcm, read_clip_samples, wav_bytes
from nsynth_lab.pack.formats.zones import PackInfo, PackLayer, PackMap, PackZone, PlannedClip, loop_at_rate
from nsynth_lab.units import FloatArray, db_to_gain

FOLDER, PATCH, ENDING = "OP-XY", "patch.json", ".wav"
FULL, MIDDLE = 32_767, 16_384
VELOCITY_SENSITIVITY = 21_299  # as the device sets it at first
LONGEST_RELEASE_SECONDS = 10.0
FADE_SAMPLES, SEAM_SAMPLES = 441, 4_410
NO_MODULATION = {"amount": MIDDLE, "target": 0}


def opxy_files(about: PackInfo, clips: Sequence[PlannedClip]) -> list[str]:
    """The files of the format."""
    loudest = max(clip.velocity for clip in clips)
    labels = list(dict.fromkeys(clip.label for clip in clips))
    patches = [f"{_folder(about, label)}/{PATCH}" for label in labels]
    kept = [clip for clip in clips if clip.velocity == loudest and clip.take == 1]
    return patches + [f"{_folder(about, clip.label)}/{clip_name(clip.file, ENDING)}" for clip in kept]


def opxy_writers(folder: Path, pack: PackMap) -> dict[str, Callable[[Path], object]]:
    """What writes each of the files, from the clips in `folder`."""
    levels = pack.levels_db(lambda _: 1.0)

    def clip(zone: PackZone) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(_clip(folder, pack, zone, levels[zone.file]))

    def patch(layer: PackLayer) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(patch_json(pack, layer))

    writers: dict[str, Callable[[Path], object]] = {}
    for layer in pack.layers:
        within = _folder(pack.about, layer.label)
        writers[f"{within}/{PATCH}"] = patch(layer)
        writers |= {f"{within}/{clip_name(zone.file, ENDING)}": clip(zone) for zone in _kept(layer)}
    return writers


def patch_json(pack: PackMap, layer: PackLayer) -> bytes:
    """The patch of one position: regions in ascending order, and an engine that leaves them as they are."""
    releases = [zone.release_seconds for zone in _kept(layer)]
    release = min(sum(releases) / len(releases) / LONGEST_RELEASE_SECONDS, 1.0) ** 0.5
    envelope = {"attack": 0, "decay": FULL, "sustain": FULL, "release": round(FULL * release)}
    sources = ("aftertouch", "modwheel", "pitchbend", "velocity")
    patch = {
        "engine": {
            "bendrange": round(FULL * 2 / 24),
            "highpass": 0,
            "modulation": dict.fromkeys(sources, NO_MODULATION),
            "params": [MIDDLE] * 8,
            "playmode": "poly",
            "portamento.amount": 0,
            "portamento.type": FULL,
            "transpose": 0,
            "tuning.root": 0,
            "tuning.scale": 0,
            "velocity.sensitivity": VELOCITY_SENSITIVITY,
            "volume": MIDDLE,
            "width": 0,
        },
        "envelope": {"amp": envelope, "filter": envelope},
        "fx": {"active": False, "params": [FULL, 0, MIDDLE, 0, 0, FULL, 0, 0], "type": "svf"},
        "lfo": {"active": False, "params": [MIDDLE, 0, 0, 0, 0, 0, 0, 0], "type": "element"},
        "octave": 0,
        "platform": "OP-XY",
        "regions": list(_regions(pack, layer)),
        "type": "multisampler",
        "version": 4,
    }
    return (json.dumps(patch, indent=1) + "\n").encode()


def _folder(about: PackInfo, label: str) -> str:
    return f"{FOLDER}/{about.stem}_{label}.preset"


def _kept(layer: PackLayer) -> list[PackZone]:
    loudest = max(zone.velocity for zone in layer.zones)
    kept = [zone for zone in layer.zones if zone.velocity == loudest and zone.take == 1]
    return sorted(kept, key=lambda zone: zone.root)


def _regions(pack: PackMap, layer: PackLayer) -> Iterator[dict[str, Any]]:
    for zone in _kept(layer):
        there = _on_device(zone, pack.sample_rate)
        start, end = (there.loop.start, there.loop.end) if there.loop else (0, there.samples)
        yield {
            "sample": clip_name(zone.file, ENDING),
            "framecount": there.samples,
            "sample.start": 0,
            "sample.end": there.samples,
            "lokey": zone.low_key,
            "hikey": zone.high_key,
            "pitch.keycenter": zone.root,
            "tune": 0,
            "gain": 0,
            "reverse": False,
            "loop.enabled": there.loop is not None,
            "loop.onrelease": there.loop is not None,  # the loop goes on while the envelope fades it out
            "loop.start": start,
            "loop.end": end,
            "loop.crossfade": 0,
        }


def _on_device(zone: PackZone, sample_rate: int) -> PackZone:
    """The zone as it is on the device: its length, cut to what the device plays, and its loop at the device's rate."""
    samples = min(-(-zone.samples * OPXY_RATE // sample_rate), round(OPXY_SECONDS * OPXY_RATE))
    loop = loop_at_rate(zone.loop, from_rate=sample_rate, to_rate=OPXY_RATE) if zone.loop else None
    return replace(zone, samples=samples, loop=loop if loop and loop.end < samples else None)


def _clip(folder: Path, pack: PackMap, zone: PackZone, level_db: float) -> bytes:
    there = _on_device(zone, pack.sample_rate)
    whole = resample(read_clip_samples(folder, zone.file), pack.sample_rate, OPXY_RATE)
    samples = _fitted(whole, there.samples) * np.float32(db_to_gain(level_db))
    if there.loop and pack.sample_rate != OPXY_RATE:  # a whole number of samples there may be a fraction here
        samples = close_seam(samples, start=there.loop.start, end=there.loop.end, fade=SEAM_SAMPLES)
    return wav_bytes(
        pcm(samples, bits=OPXY_BITS), replace(there, volume_db=0.0), pack.about, sample_rate=OPXY_RATE, bits=OPXY_BITS
    )


def _fitted(samples: FloatArray, length: int) -> FloatArray:
    """Exactly `length` samples; what is cut off is faded out."""
    padded = np.pad(samples, ((0, 0), (0, max(0, length - samples.shape[1]))))
    cut = padded[:, :length]
    if samples.shape[1] > length + 1:
        cut[:, -FADE_SAMPLES:] *= np.linspace(1.0, 0.0, FADE_SAMPLES, dtype=np.float32)
    return cut
