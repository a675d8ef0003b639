"""How a patch moves over one note: places of the blend, pitch and level, frame by frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.blend import corners, pair, triangle
from nsynth_lab.patch import STREAMS, Blend, Envelope, Lfo
from nsynth_lab.units import FRAME_RATE_HZ

Doubles = NDArray[np.float64]
QUIETEST = 10 ** (-100 / 20)


def weights_of(blend: Blend, frames: int, *, seed: int = 0) -> dict[str, Doubles]:
    """Weights of the corners for each stream: [sources] where nothing moves, else [frames, sources]."""
    seconds = (np.arange(frames) + 1) / FRAME_RATE_HZ
    moves = {target: lfo_sum(blend, target, seconds, seed=seed) for target in ("position", "position_y", *STREAMS)}
    found = {}
    for stream in STREAMS:
        own = getattr(blend, stream)
        place = np.array(own or blend.position) if own or not blend.path else _along(blend, seconds)
        if not own:
            place = _moved(place, moves["position"], moves["position_y"])
        found[stream] = _weights(_moved(place, moves[stream], None), len(blend.corners))
    return found


def lfo_sum(blend: Blend, target: str, seconds: Doubles, *, seed: int = 0) -> Doubles | None:
    """All oscillations of one target [n] at the times `seconds` [n]; None where it has none."""
    swings = [
        lfo.depth * lfo_wave(lfo, seconds, seed=seed + number)
        for number, lfo in enumerate(blend.lfos)
        if lfo.target == target
    ]
    return np.sum(swings, axis=0) if swings else None


def lfo_wave(lfo: Lfo, seconds: Doubles, *, seed: int = 0) -> Doubles:
    """An oscillation [n] between -1 and 1.

    >>> lfo_wave(Lfo(rate_hz=1.0, shape="triangle"), np.array([0.0, 0.25, 0.75])).tolist()
    [0.0, 1.0, -1.0]
    """
    turns = lfo.rate_hz * seconds + lfo.phase
    part = turns % 1.0
    if lfo.shape == "sine":
        return np.asarray(np.sin(2 * np.pi * turns))
    if lfo.shape == "triangle":
        return np.asarray(1.0 - 4.0 * np.abs((part + 0.25) % 1.0 - 0.5))
    if lfo.shape == "saw":
        return np.asarray(2.0 * part - 1.0)
    if lfo.shape == "square":
        return np.where(part < 0.5, 1.0, -1.0)
    steps = np.floor(turns).astype(int)
    return np.asarray(np.random.default_rng(seed).uniform(-1.0, 1.0, int(steps.max()) + 1)[steps])


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


def _along(blend: Blend, seconds: Doubles) -> Doubles:
    """[frames, dims] on the path."""
    times = [point[0] for point in blend.path]
    return np.stack(
        [np.interp(seconds, times, [point[axis] for point in blend.path]) for axis in range(1, blend.dims + 1)], axis=1
    )


def _moved(place: Doubles, x: Doubles | None, y: Doubles | None) -> Doubles:
    """A place [dims] or [frames, dims] moved along its axes, within 0 to 1."""
    if x is None and y is None:
        return place
    frames = next(len(move) for move in (x, y) if move is not None)
    out = np.array(np.broadcast_to(place, (frames, place.shape[-1])))
    for axis, move in enumerate((x, y)[: place.shape[-1]]):
        if move is not None:
            out[:, axis] += move
    return out.clip(0.0, 1.0)


def _weights(place: Doubles, count: int) -> Doubles:
    if count == 2:
        return pair(place[..., 0])
    return (triangle if count == 3 else corners)(place[..., 0], place[..., 1])
