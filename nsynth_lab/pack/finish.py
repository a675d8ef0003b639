"""Decoded samples become finished clips: the loop's seam closed, levelled, resampled to the pack's rate, measured.

`_closed` is where the seam of a blend's loop is crossfaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.dsp.seam import close_seam, seam_error_db
from nsynth_lab.dsp.width_renderer import widened
from nsynth_lab.pack.blend_clips import SETTLE_FRAMES, TAIL_FRAMES, ClipLatents
from nsynth_lab.pack.formats.zones import Loop, loop_at_rate
from nsynth_lab.pack.preset_clips import PresetClipLatents
from nsynth_lab.pack.quality import LOOPED, Quality, Seam, measure_clip
from nsynth_lab.pack.request import PackRequest
from nsynth_lab.render.offline import FADE_SAMPLES, faded
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, db_to_gain, gain_to_db, seconds_to_samples

PACK_GAIN_DB = 6.0  # brings the bank's loudest notes close to full scale
CEILING_DB = -1.0
WORST_SEAM_DB = -26.0  # a loop whose seam is worse than this before crossfading is left out
NO_SEAM = "does not close"
SEAM_SAMPLES = 16


@dataclass(frozen=True)
class FinishedClip:
    """A clip ready to be written.

    Attributes:
        samples: [channels, samples] at the pack's rate.
        loop: in samples at that rate.
        volume_db: gain a sampler must add so that the clip has its own level.
        release_seconds: release time after the key is up.
        troubles: effects that had to be bypassed, and why.
    """

    latents: ClipLatents | PresetClipLatents
    samples: FloatArray
    loop: Loop | None
    volume_db: float
    quality: Quality
    release_seconds: float
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClosedClip:
    """A clip with its loop closed, at 48 kHz and its own level; attributes as in `FinishedClip`."""

    latents: ClipLatents | PresetClipLatents
    samples: FloatArray
    loop: Loop | None
    seam: Seam
    release_seconds: float
    troubles: tuple[str, ...] = ()


def finish_clips(
    clips: Sequence[ClipLatents], audio: Sequence[FloatArray] | FloatArray, request: PackRequest
) -> Iterator[FinishedClip]:
    """Finish `clips`, decoded to mono `audio` [clips, samples]; round robins of a note are neighbours."""
    sounds = [widened(samples, clip.latents.width) for clip, samples in zip(clips, audio, strict=True)]
    closed = [_closed(clip, samples, request) for clip, samples in zip(clips, sounds, strict=True)]
    yield from levelled(closed, request, gain_db=PACK_GAIN_DB)


def levelled(clips: Sequence[ClosedClip], request: PackRequest, *, gain_db: float) -> Iterator[FinishedClip]:
    """The clips amplified by `gain_db`, limited to the ceiling; all round robins of a note as loud as the first."""
    for first in range(0, len(clips), request.takes):
        group = clips[first : first + request.takes]
        gains_db = _matching_gains_db(group)
        top_db = max(gain_to_db(_peak(clip.samples)) + gain for clip, gain in zip(group, gains_db, strict=True))
        down_db = math.ceil(100 * max(0.0, top_db + gain_db - CEILING_DB)) / 100  # never rounded below the ceiling
        for clip, own_db in zip(group, gains_db, strict=True):
            loud = clip.samples * np.float32(db_to_gain(own_db + gain_db - down_db))
            yield _finished(replace(clip, samples=loud), request, down_db=down_db)


def _peak(samples: FloatArray) -> float:
    return float(np.abs(samples).max(initial=0.0))


def _closed(clip: ClipLatents, samples: FloatArray, request: PackRequest) -> ClosedClip:
    """The clip at 48 kHz with the seam of its loop crossfaded, or without a loop, and its end faded out."""
    release, length = clip.release_seconds, seconds_to_samples(request.seconds)
    if clip.period is None:
        return ClosedClip(clip, faded(samples[:, :length]), None, Seam(why_not_looped(clip, request)), release)
    end = samples.shape[1] - TAIL_FRAMES * HOP_SAMPLES
    loop = Loop(end - clip.period.frames * HOP_SAMPLES, end)
    error_db = seam_error_db(samples, start=loop.start, end=end)
    if error_db > WORST_SEAM_DB:
        return ClosedClip(clip, faded(samples[:, :length]), None, Seam(NO_SEAM, error_db), release)
    closed = close_seam(samples, start=loop.start, end=end, fade=SETTLE_FRAMES * HOP_SAMPLES)[:, :length]
    seam = Seam(LOOPED, error_db, step_db(closed, loop))
    return ClosedClip(clip, faded(closed, FADE_SAMPLES // 2), loop, seam, release)


def why_not_looped(clip: ClipLatents | PresetClipLatents, request: PackRequest) -> str:
    """Why a clip has no loop."""
    if not request.loop:
        return "not asked for"
    return "too short" if clip.held else "dies away"


def step_db(samples: FloatArray, loop: Loop) -> float:
    """Largest difference between the samples around the end and around the start of the loop, relative to its level."""
    around = np.arange(-SEAM_SAMPLES, SEAM_SAMPLES)
    difference = samples[:, loop.end + around] - samples[:, loop.start + around]
    level = float(np.sqrt(np.mean(np.square(samples[:, loop.start : loop.end].astype(np.float64)))))
    return gain_to_db(float(np.abs(difference).max()) / max(level, 1e-9))


def _matching_gains_db(takes: Sequence[ClosedClip]) -> list[float]:
    """Gains in dB that bring every round robin to the level of the first."""
    if len(takes) == 1:
        return [0.0]
    levels = [loudness_db(np.asarray(take.samples.mean(axis=0)), f0_hz=take.latents.aim_hz) for take in takes]
    powers_db = [10.0 * float(np.log10(np.mean(10.0 ** (level / 10.0)))) for level in levels]
    return [powers_db[0] - power_db for power_db in powers_db]


def _finished(clip: ClosedClip, request: PackRequest, *, down_db: float) -> FinishedClip:
    latents, loop, sample_rate = clip.latents, clip.loop, request.sample_rate
    seconds = clip.samples.shape[1] / SAMPLE_RATE if request.preset else request.seconds
    length = seconds_to_samples(seconds, sample_rate=sample_rate)
    held = slice(loop.start // HOP_SAMPLES, loop.end // HOP_SAMPLES) if loop else slice(None)
    quality = measure_clip(clip.samples, clip.seam, f0_hz=latents.aim_hz, places=latents.places, held=held)
    return FinishedClip(
        latents=latents,
        samples=resample(clip.samples, SAMPLE_RATE, sample_rate)[:, :length],
        loop=loop_at_rate(loop, from_rate=SAMPLE_RATE, to_rate=sample_rate) if loop else None,
        volume_db=down_db,
        quality=replace(quality, loudness_db=round(quality.loudness_db + down_db, 2)),
        release_seconds=clip.release_seconds,
        troubles=clip.troubles,
    )
