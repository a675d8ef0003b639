"""The latents of the clips of a blend's pack: in tune, varied for each round robin, looped if the sound is sustained.

All clips of one note and round robin share the pitch curve of the middle position and velocity, and one loop period. So
their partials stay in phase, and a sampler can crossfade positions or velocities without beating, where clips with
vibratos of their own would cancel each other.
"""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.blend.loop import Period, can_loop, close_loop, find_period, in_tune
from nsynth_lab.blend.parts import find_parts
from nsynth_lab.blend.variation import variation
from nsynth_lab.dsp.noise_table import noise_places
from nsynth_lab.dsp.pitch import tracked_orders
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import zones_at_note
from nsynth_lab.note import Note
from nsynth_lab.pack.request import ClipKey, PackRequest
from nsynth_lab.render.session import Session
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, frames_to_seconds, note_to_hz

SETTLE_FRAMES = 36  # after this the decoder has forgotten what came before the loop, to -40 dB and below
TAIL_FRAMES = 2  # after the end of the loop; up to one of them is cut off to get the exact length
MOST_BLENDS, MOST_SOURCES = 128, 64  # kept, because clips of one note need them again
SHORTEST_RELEASE_SECONDS, LONGEST_RELEASE_SECONDS = 0.05, 5.0


@dataclass(frozen=True)
class ClipLatents:
    """The latents of one clip, to be decoded.

    Attributes:
        latents: of the clip.
        period: of its loop; None without one.
        held: whether the blend is sustained rather than decaying.
        noise_place: where in the noise table it begins.
        release_seconds: release time of the blend.
    """

    key: ClipKey
    latents: Latents
    period: Period | None
    held: bool
    noise_place: int
    release_seconds: float

    @property
    def aim_hz(self) -> float:
        """The intended fundamental frequency."""
        return note_to_hz(float(self.key.note))

    @property
    def places(self) -> NDArray[np.float64]:
        """Frequencies of the tracked partials, in units of f0."""
        orders = tracked_orders(self.aim_hz)
        return np.asarray(orders + self.latents.partials[1 : len(orders) + 1], np.float64)

    def fingerprint(self) -> str:
        """Hash of everything that the clip is decoded from."""
        digest = hashlib.sha256()
        for stream in (self.latents.timbre, self.latents.loudness_db, self.latents.f0_cents, self.latents.partials):
            digest.update(np.ascontiguousarray(stream).tobytes())
        if self.latents.unpitched is not None:
            digest.update(np.ascontiguousarray(self.latents.unpitched).tobytes())
        if self.latents.width is not None:
            digest.update(np.ascontiguousarray(self.latents.width).tobytes())
        if self.latents.detail is not None:
            digest.update(np.ascontiguousarray(self.latents.detail).tobytes())
        digest.update(f"{self.latents.note} {self.noise_place} {self.period}".encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Shared:
    """What all clips of one note and round robin share: f0_cents [frames], and the period of their loops."""

    f0_cents: FloatArray
    period: Period | None


class BlendClips:
    """Makes the latents of a blend's clips. Each clip is the same on every run, whichever were made before it."""

    def __init__(self, session: Session, request: PackRequest) -> None:
        self.session = session
        self.request = request
        self._shared: dict[tuple[int, int], Shared] = {}
        self._zones = functools.cache(session.zones)
        self._source = functools.lru_cache(MOST_SOURCES)(self._find_source)
        self._blend = functools.lru_cache(MOST_BLENDS)(self._make_blend)

    def clip(self, key: ClipKey) -> ClipLatents:
        """The latents of a clip."""
        shared = self._of_note(key)
        held = replace(self._held(key), f0_cents=shared.f0_cents)
        sustained = find_parts(held).sustained
        period = shared.period if sustained and shared.period and can_loop(held, shared.period) else None
        frames = self.request.frames
        if period is None:
            short = self._take(key, seconds=self.request.seconds)
            latents = in_tune(replace(short, f0_cents=shared.f0_cents[:frames]))
        else:
            latents = close_loop(held, period, frames=frames)
        release = frames_to_seconds(held.frames - held.release_frame)
        return ClipLatents(
            key=key,
            latents=latents,
            period=period,
            held=sustained,
            noise_place=noise_places(self.request.seed + key.note + 128 * key.take),
            release_seconds=min(max(release, SHORTEST_RELEASE_SECONDS), LONGEST_RELEASE_SECONDS),
        )

    def _of_note(self, key: ClipKey) -> Shared:
        """Computed once per note and round robin, and dropped when the next note comes."""
        wanted = (key.note, key.take)
        if wanted not in self._shared:
            self._shared = {known: value for known, value in self._shared.items() if known[0] == key.note}
            self._shared[wanted] = self._share(key)
        return self._shared[wanted]

    def _share(self, key: ClipKey) -> Shared:
        request = self.request
        velocities = sorted(request.velocities)
        middle = replace(key, position=len(request.positions) // 2, velocity=velocities[len(velocities) // 2])
        return Shared(self._held(middle).f0_cents, self._period(key) if request.loop else None)

    def _period(self, key: ClipKey) -> Period | None:
        """A period that begins after the attacks of all clips that share it."""
        every = [
            self._held(replace(key, position=position, velocity=velocity))
            for position in range(len(self.request.positions))
            for velocity in self.request.velocities
        ]
        attacks = [one.attack_frames for one in every if find_parts(one).sustained]
        if not attacks:
            return None
        multiple = whole_samples(self.request.sample_rate)
        return find_period(key.note, begin=max(attacks), end=settled_frame(self.request), multiple=multiple)

    def _held(self, key: ClipKey) -> Latents:
        """The blend, held longer than its loop needs."""
        return self._take(key, seconds=self.request.seconds + LONGEST_RELEASE_SECONDS)

    def _take(self, key: ClipKey, *, seconds: float) -> Latents:
        blend = self._blend(replace(key, take=0), seconds)
        return variation(blend, number=key.take, seed=self.request.seed)

    def _make_blend(self, key: ClipKey, seconds: float) -> Latents:
        """What all round robins are variations of."""
        request = self.request.blend_request(key, seconds=seconds)
        return self.session.blend(request, [self._source(source, request.note) for source in request.sources])

    def _find_source(self, source: str, note: Note) -> Latents:
        track = self.request.patch.blend.key_track
        return zones_at_note([zone.tracking(track) for zone in self._zones(source)], note)


def settled_frame(request: PackRequest) -> int:
    """The frame at which the periods of all looped clips end; the loop itself ends `SETTLE_FRAMES` later."""
    return request.frames - SETTLE_FRAMES - TAIL_FRAMES


def whole_samples(sample_rate: int) -> int:
    """Frames that make a whole number of samples at `sample_rate`.

    >>> whole_samples(48_000), whole_samples(44_100)
    (1, 5)
    """
    return SAMPLE_RATE // math.gcd(HOP_SAMPLES * sample_rate, SAMPLE_RATE)
