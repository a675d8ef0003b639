"""render_whole: decode a whole note block by block, fade its end and limit its peak."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.audio import Audio
from nsynth_lab.blend.stretch import stretch
from nsynth_lab.dsp.measure import measure
from nsynth_lab.dsp.width_renderer import widened
from nsynth_lab.errors import LatentsError
from nsynth_lab.latents import SILENCE_DB, Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.note import Note
from nsynth_lab.render.request import check_seconds
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import FloatArray, cents_to_ratio, db_to_gain, samples_to_frames, seconds_to_samples

LOUD_DB = 30.0
KNEE, CEILING = db_to_gain(-0.4), db_to_gain(-0.3)
FADE_SAMPLES = 480

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Rendered:
    """A decoded note, and the seconds that its decoding takes once the decoder is warm."""

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
    """Decode a whole note block by block, to stereo if it has a width; `advance` is called with the samples done.

    With `samples` the sound is cut to that length, since latents are whole frames. The end is faded over 10 ms. With
    `limited`, a note that peaks above -0.4 dBFS is turned down to below -0.3 dBFS (see `below_ceiling`).

    Raises:
        LatentsError: the latents belong to another model, or are so far out of range that decoding gives NaN.
    """
    wanted = latents.samples if samples is None else min(samples, latents.samples)
    blocks: list[FloatArray] = []
    times = [time.perf_counter()]
    done = 0
    for block in decode(latents, checkpoint, seed=seed):
        blocks.append(block)
        times.append(time.perf_counter())
        advance(min(done + len(block), wanted) - done)
        done = min(done + len(block), wanted)
    sound = widened(np.concatenate(blocks), latents.width)[:, :wanted]
    if not np.isfinite(sound).all():
        raise LatentsError("decoding gave NaN or infinite samples: these latents are out of the model's range")
    sound = faded(sound)
    return Rendered(Audio(below_ceiling(sound) if limited else sound), _warm_seconds(times, blocks))


def as_asked(latents: Latents, *, note: int | None = None, seconds: float | None = None) -> tuple[Latents, int]:
    """(latents to decode, samples of sound) at another note and of another length, by default their own.

    The sustain is lengthened or shortened; attack and release stay (see `blend.stretch`).

    Raises:
        UsageError: a length that cannot be rendered.
    """
    if note is not None:
        latents = latents.at_note(note)
    if seconds is None:
        return latents, latents.samples
    samples = seconds_to_samples(check_seconds(seconds))
    return stretch(latents, samples_to_frames(samples)), samples


def _warm_seconds(times: Sequence[float], blocks: Sequence[FloatArray]) -> float:
    """Seconds for all `blocks` at the pace of those after the first, in which tables and threads are made."""
    if len(blocks) < 2:
        return times[-1] - times[0]
    samples = sum(map(len, blocks))
    return (times[-1] - times[1]) * samples / max(1, samples - len(blocks[0]))


def measured_f0_hz(audio: Audio, note: Note) -> float | None:
    """Median f0 in Hz of the loud part of a decoded note (within 30 dB of its peak); None if it is silent."""
    streams = measure(audio.mono(), note=note.number)
    loud = streams.loudness_db > max(streams.loudness_db.max() - LOUD_DB, SILENCE_DB)
    if not loud.any():
        return None
    return round(float(note.hz * cents_to_ratio(float(np.median(streams.f0_cents[loud])))), 3)


def below_ceiling(samples: FloatArray) -> FloatArray:
    """`samples` [channels, samples] turned down to a peak below -0.3 dBFS.

    Peaks above -0.4 dBFS approach -0.3 dBFS asymptotically, so a note struck harder still peaks higher.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    over, room = peak - KNEE, CEILING - KNEE
    return samples * np.float32((KNEE + room * over / (room + over)) / peak) if over > 0 else samples


def faded(samples: FloatArray, length: int = FADE_SAMPLES) -> FloatArray:
    """`samples` [..., samples] with a linear fade-out over the last `length` samples."""
    out = samples.copy()
    length = min(length, out.shape[-1])
    out[..., out.shape[-1] - length :] *= np.linspace(1.0, 0.0, length, dtype=np.float32)
    return out
