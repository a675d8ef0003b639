"""A decoded row becomes a clip: joined, levelled, at the pack's rate, measured."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.pitch import tracked_orders
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.dsp.seam import close_seam, seam_error_db
from nsynth_lab.render.pack_latents import SETTLE_FRAMES, TAIL_FRAMES, Row
from nsynth_lab.render.pack_request import PackRequest
from nsynth_lab.sinks.pack.quality import LOOPED, Quality, Seam, measure_clip
from nsynth_lab.sinks.pack.zones import Loop
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, db_to_gain, gain_to_db, note_to_hz

PACK_GAIN_DB = 6.0  # the loudest notes of the bank then come close to full scale
CEILING_DB = -1.0
WORST_SEAM_DB = -30.0  # a loop that does not close better than this is left out
FADE_SAMPLES = 480
SEAM_SAMPLES = 16


@dataclass(frozen=True)
class Finished:
    """A clip as it is written.

    Attributes:
        samples: [samples] at the pack's rate.
        loop: in samples of that rate.
        volume_db: what a sampler must add for the clip to have its own level.
    """

    row: Row
    samples: FloatArray
    loop: Loop | None
    volume_db: float
    quality: Quality


def finish_clips(rows: Sequence[Row], audio: FloatArray, request: PackRequest) -> Iterator[Finished]:
    """Clips of `rows`, whose samples are `audio` [rows, samples]; takes of one note lie side by side."""
    for first in range(0, len(rows), request.takes):
        group = slice(first, first + request.takes)
        joined = [_joined(row, samples, request) for row, samples in zip(rows[group], audio[group], strict=True)]
        gains_db = _take_gains_db([samples for samples, _, _ in joined], note=rows[first].key.note)
        top_db = max(gain_to_db(_peak(samples)) + gain for (samples, _, _), gain in zip(joined, gains_db, strict=True))
        down_db = math.ceil(100 * max(0.0, top_db + PACK_GAIN_DB - CEILING_DB)) / 100  # never rounded below the ceiling
        for row, (samples, loop, seam), gain_db in zip(rows[group], joined, gains_db, strict=True):
            loud = samples * np.float32(db_to_gain(gain_db + PACK_GAIN_DB - down_db))
            yield _finished(row, loud, loop, seam, down_db=down_db, sample_rate=request.sample_rate)


def _peak(samples: FloatArray) -> float:
    return float(np.abs(samples).max(initial=0.0))


def _joined(row: Row, samples: FloatArray, request: PackRequest) -> tuple[FloatArray, Loop | None, Seam]:
    """Samples with their loop joined and their end faded, at 48 kHz, and what was measured of the loop."""
    if row.period is None:
        return _faded(samples, FADE_SAMPLES), None, Seam(_why_not(row, request))
    end = len(samples) - TAIL_FRAMES * HOP_SAMPLES
    loop = Loop(end - row.period.frames * HOP_SAMPLES, end)
    error_db = seam_error_db(samples, start=loop.start, end=end)
    if error_db > WORST_SEAM_DB:
        return _faded(samples, FADE_SAMPLES), None, Seam("does not close", error_db)
    closed = close_seam(samples, start=loop.start, end=end, fade=SETTLE_FRAMES * HOP_SAMPLES)
    return _faded(closed, FADE_SAMPLES // 2), loop, Seam(LOOPED, error_db, _step_db(closed, loop))


def _why_not(row: Row, request: PackRequest) -> str:
    if not request.loop:
        return "not asked for"
    return "too short" if row.held else "dies away"


def _step_db(samples: FloatArray, loop: Loop) -> float:
    """How far the sound around the end of the loop is from that around its start."""
    around = np.arange(-SEAM_SAMPLES, SEAM_SAMPLES)
    difference = samples[loop.end + around] - samples[loop.start + around]
    level = float(np.sqrt(np.mean(np.square(samples[loop.start : loop.end].astype(np.float64)))))
    return gain_to_db(float(np.abs(difference).max()) / max(level, 1e-9))


def _faded(samples: FloatArray, length: int) -> FloatArray:
    out = samples.copy()
    length = min(length, len(out))
    out[len(out) - length :] *= np.linspace(1.0, 0.0, length, dtype=np.float32)
    return out


def _take_gains_db(takes: Sequence[FloatArray], *, note: int) -> list[float]:
    """What brings every take to the level of the first, in dB."""
    if len(takes) == 1:
        return [0.0]
    levels = [loudness_db(take, f0_hz=note_to_hz(float(note))) for take in takes]
    powers_db = [10.0 * float(np.log10(np.mean(10.0 ** (level / 10.0)))) for level in levels]
    return [powers_db[0] - power_db for power_db in powers_db]


def _finished(
    row: Row, samples: FloatArray, loop: Loop | None, seam: Seam, *, down_db: float, sample_rate: int
) -> Finished:
    held = slice(loop.start // HOP_SAMPLES, loop.end // HOP_SAMPLES) if loop else slice(None)
    quality = measure_clip(samples, seam, f0_hz=note_to_hz(float(row.key.note)), places=_places(row), held=held)
    return Finished(
        row=row,
        samples=resample(samples[None], SAMPLE_RATE, sample_rate)[0],
        loop=_at_rate(loop, sample_rate),
        volume_db=down_db,
        quality=replace(quality, loudness_db=round(quality.loudness_db + down_db, 2)),
    )


def _places(row: Row) -> NDArray[np.float64]:
    orders = tracked_orders(note_to_hz(float(row.key.note)))
    return np.asarray(orders + row.latents.partials[1 : len(orders) + 1], np.float64)


def _at_rate(loop: Loop | None, sample_rate: int) -> Loop | None:
    """The loop at another rate: its length is a whole number of samples there (see `find_period`)."""
    if loop is None:
        return None
    length = (loop.end - loop.start) * sample_rate // SAMPLE_RATE
    end = loop.end * sample_rate // SAMPLE_RATE
    return Loop(end - length, end)
