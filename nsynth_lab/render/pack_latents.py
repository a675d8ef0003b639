"""The latents of one clip of a pack: a blend in tune, played again for another take, looped where it is held."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace

import numpy as np

from nsynth_lab.blend.loop import Period, close_loop, find_period, in_tune
from nsynth_lab.blend.parts import find_parts
from nsynth_lab.blend.take import another_take
from nsynth_lab.dsp.noise import TABLE_FRAMES
from nsynth_lab.latents import SILENCE_DB, Latents
from nsynth_lab.render.pack_request import ClipKey, PackRequest
from nsynth_lab.render.session import Session
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, frames_to_seconds

SETTLE_FRAMES = 32  # what came before the loop is forgotten after so many frames, to -60 dB and below
TAIL_FRAMES = 1  # so much of the sound goes on beyond the end of the loop
SHORTEST_RELEASE_SECONDS, LONGEST_RELEASE_SECONDS = 0.05, 5.0
NOISE_STEP = 397  # as far apart in the noise table as the decoder puts its own voices


@dataclass(frozen=True)
class Row:
    """One clip to be decoded.

    Attributes:
        latents: of the clip, and of as many frames beyond it as the decoder is late.
        period: of its loop, or None.
        held: whether the blend's level is held rather than dying away.
        noise_place: where in the noise table it begins.
        release_seconds: how long the blend takes to die away once its key is up.
    """

    key: ClipKey
    latents: Latents
    period: Period | None
    held: bool
    noise_place: int
    release_seconds: float

    def fingerprint(self) -> str:
        """Hash of everything that the clip is decoded from."""
        digest = hashlib.sha256()
        for stream in (self.latents.timbre, self.latents.loudness_db, self.latents.f0_cents, self.latents.partials):
            digest.update(np.ascontiguousarray(stream).tobytes())
        digest.update(f"{self.latents.note} {self.noise_place} {self.period}".encode())
        return digest.hexdigest()


def settled_frame(request: PackRequest) -> int:
    """The frame at which the periods of all looped clips end; the loop itself ends `SETTLE_FRAMES` later."""
    return request.frames - SETTLE_FRAMES - TAIL_FRAMES


def make_row(session: Session, request: PackRequest, key: ClipKey, *, late_frames: int) -> Row:
    """The latents of a clip, found the same way on every run."""
    held = _take(session, request, key, seconds=request.seconds * 2 + LONGEST_RELEASE_SECONDS)
    release = frames_to_seconds(held.frames - held.release_frame)
    period = _period(held, request) if request.loop else None
    frames = request.frames + late_frames
    if period is None:
        latents = _with_silence(in_tune(_take(session, request, key, seconds=request.seconds)), late_frames)
    else:
        latents = close_loop(held, period, frames=frames)
    return Row(
        key=key,
        latents=latents,
        period=period,
        held=find_parts(held).sustained,
        noise_place=(request.seed + key.note + 128 * key.take) * NOISE_STEP % TABLE_FRAMES,
        release_seconds=min(max(release, SHORTEST_RELEASE_SECONDS), LONGEST_RELEASE_SECONDS),
    )


def _take(session: Session, request: PackRequest, key: ClipKey, *, seconds: float) -> Latents:
    blend = session.blend(request.blend_request(key, seconds=seconds))
    return another_take(blend, take=key.take, seed=request.seed)


def _period(held: Latents, request: PackRequest) -> Period | None:
    """None also where the clip is too short for a loop."""
    end = settled_frame(request)
    if end <= held.attack_frames:
        return None
    return find_period(held, end=end, multiple=_whole_samples(request.sample_rate))


def _whole_samples(sample_rate: int) -> int:
    """Frames that make a whole number of samples at `sample_rate`.

    >>> _whole_samples(48_000), _whole_samples(44_100)
    (1, 5)
    """
    return SAMPLE_RATE // math.gcd(HOP_SAMPLES * sample_rate, SAMPLE_RATE)


def _with_silence(latents: Latents, frames: int) -> Latents:
    if not frames:
        return latents
    return replace(
        latents,
        timbre=np.pad(latents.timbre, ((0, frames), (0, 0)), mode="edge"),
        loudness_db=np.pad(latents.loudness_db, (0, frames), constant_values=SILENCE_DB),
        f0_cents=np.pad(latents.f0_cents, (0, frames), mode="edge"),
    )
