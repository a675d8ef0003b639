"""render_whole: pull blocks out of the decoder until a note is whole, and finish its ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nsynth_lab.audio import Audio
from nsynth_lab.dsp.measure import measure
from nsynth_lab.errors import LatentsError
from nsynth_lab.latents import SILENCE_DB, Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import decode
from nsynth_lab.note import Note
from nsynth_lab.units import FloatArray, cents_to_ratio, db_to_gain

LOUD_DB = 30.0
KNEE, CEILING = db_to_gain(-0.4), db_to_gain(-0.3)
FADE_SAMPLES = 480

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Rendered:
    """A decoded note, and how many seconds its decoding alone took."""

    audio: Audio
    decode_seconds: float


def render_whole(
    latents: Latents,
    checkpoint: Checkpoint,
    *,
    samples: int | None = None,
    seed: int = 0,
    limited: bool = True,
    advance: Advance = lambda _: None,
) -> Rendered:
    """Decode a whole note, mono, block by block; `advance` hears of the samples done.

    It is `samples` long, where given: latents are whole frames, and the rest of the last one is cut off.
    Ends are faded over 10 ms, and where it is `limited`, a note louder than -0.4 dBFS is turned down to below -0.3.

    Raises:
        LatentsError: the latents belong to another model, or lie so far out that what comes is no sound.
    """
    started = time.perf_counter()
    wanted = latents.samples if samples is None else min(samples, latents.samples)
    blocks: list[FloatArray] = []
    for block in decode(latents, checkpoint, seed=seed):
        blocks.append(block[: wanted - sum(map(len, blocks))])
        advance(len(blocks[-1]))
    seconds = time.perf_counter() - started
    sound = np.concatenate(blocks)
    if not np.isfinite(sound).all():
        raise LatentsError("decoding gave NaN or infinite samples: these latents are out of the model's range")
    sound = faded(sound)
    return Rendered(Audio((below_ceiling(sound) if limited else sound)[None]), seconds)


def measured_f0_hz(audio: Audio, note: Note) -> float | None:
    """Median f0 in Hz of the loud part of a decoded note; None where nothing sounds."""
    streams = measure(audio.mono(), note=note.number)
    loud = streams.loudness_db > max(streams.loudness_db.max() - LOUD_DB, SILENCE_DB)
    if not loud.any():
        return None
    return round(float(note.hz * cents_to_ratio(float(np.median(streams.f0_cents[loud])))), 3)


def below_ceiling(samples: FloatArray) -> FloatArray:
    """[samples] softer than -0.3 dBFS.

    From -0.4 dBFS on a louder note comes ever closer to that, so that one struck harder is never the same.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    over, room = peak - KNEE, CEILING - KNEE
    return samples * np.float32((KNEE + room * over / (room + over)) / peak) if over > 0 else samples


def faded(samples: FloatArray, length: int = FADE_SAMPLES) -> FloatArray:
    """[..., samples] whose last `length` samples fade out."""
    out = samples.copy()
    length = min(length, out.shape[-1])
    out[..., out.shape[-1] - length :] *= np.linspace(1.0, 0.0, length, dtype=np.float32)
    return out
