"""How a patch moves over one note: the weights of its corners, and its envelope, frame by frame."""

from __future__ import annotations

import numpy as np

from nsynth_lab.blend import corners, pair, triangle
from nsynth_lab.blend.modulation import places_of
from nsynth_lab.patch import Blend, Envelope
from nsynth_lab.units import FRAME_RATE_HZ, Doubles

QUIETEST = 10 ** (-100 / 20)


def weights_of(blend: Blend, frames: int, *, seed: int = 0) -> dict[str, Doubles]:
    """Weights of the corners for each stream: [sources] where nothing moves, else [frames, sources]."""
    seconds = (np.arange(frames) + 1) / FRAME_RATE_HZ
    places = places_of(blend, seconds, seed=seed)
    return {stream: _weights(place, len(blend.corners)) for stream, place in places.items()}


def envelope_db(envelope: Envelope, frames: int, *, hold_seconds: float) -> Doubles:
    """The envelope's gain [frames] in dB, the key up after `hold_seconds`; -100 where it is silent.

    Attack in a straight line of amplitude; decay and release fall by 60 dB within their time, as sounds do.
    """
    seconds = (np.arange(frames) + 1) / FRAME_RATE_HZ

    def held(at: Doubles) -> Doubles:
        rise = np.minimum(1.0, at / envelope.attack_seconds) if envelope.attack_seconds else np.ones_like(at)
        since = np.maximum(0.0, at - envelope.attack_seconds)
        fallen = 10 ** (-3 * since / envelope.decay_seconds) if envelope.decay_seconds else (since <= 0).astype(float)
        return np.asarray(rise * (envelope.sustain + (1 - envelope.sustain) * fallen))

    gain = held(np.minimum(seconds, hold_seconds))
    if envelope.release_seconds:
        gain = gain * 10 ** (-3 * np.maximum(0.0, seconds - hold_seconds) / envelope.release_seconds)
    return np.asarray(20 * np.log10(np.maximum(gain, QUIETEST)))


def _weights(place: Doubles, count: int) -> Doubles:
    if count == 2:
        return pair(place[..., 0])
    return (triangle if count == 3 else corners)(place[..., 0], place[..., 1])
