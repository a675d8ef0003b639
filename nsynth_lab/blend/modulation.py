"""How a patch's blend moves during a note: its position at every moment, stream by stream, and its LFOs.

A stream with a position of its own stays there, apart from its own LFOs; the others follow the common position, along
the patch's path if it has one, with the LFOs of the position.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.blend.weights import place_weights
from nsynth_lab.patch import STREAMS, Blend, Lfo
from nsynth_lab.patch.sound import BEATS
from nsynth_lab.tempo import DEFAULT_BPM
from nsynth_lab.units import FRAME_RATE_HZ, Doubles

RANDOM_VALUES = 4096  # of a random LFO, before they come again


@dataclass(frozen=True)
class Moments:
    """Moments of notes, all [n].

    Attributes:
        seconds: since the start of the note.
        beats: likewise, whatever the tempo was meanwhile.
        song: the beat at which the song stands.
    """

    seconds: Doubles
    beats: Doubles
    song: Doubles

    @staticmethod
    def steady(seconds: Doubles, *, bpm: float = DEFAULT_BPM) -> Moments:
        """Of a note that begins with its song, at a steady tempo.

        >>> Moments.steady(np.array([1.5]), bpm=80.0).beats.tolist()
        [2.0]
        """
        beats = np.asarray(seconds * (bpm / 60.0))
        return Moments(seconds, beats, beats)


def weights_of(blend: Blend, frames: int, *, seed: int = 0) -> dict[str, Doubles]:
    """Weights of the corners for each stream: [sources] where nothing moves, else [frames, sources]."""
    places = places_of(blend, Moments.steady((np.arange(frames) + 1) / FRAME_RATE_HZ), seed=seed)
    return {stream: place_weights(place, len(blend.corners)) for stream, place in places.items()}


def places_of(blend: Blend, moments: Moments, *, wheel: Doubles | None = None, seed: int = 0) -> dict[str, Doubles]:
    """The position of each stream at these moments [n].

    [dims] if nothing moves, otherwise [n, dims]. `wheel` [n, dims] is the position a player has set; a path is shifted
    by the difference.
    """
    moves = {target: lfo_sum(blend, target, moments, seed=seed) for target in ("position", "position_y", *STREAMS)}
    found = {}
    for stream in STREAMS:
        own = getattr(blend, stream)
        if own:
            place = np.array(own)
        else:
            place = _moved(_position(blend, moments, wheel), moves["position"], moves["position_y"])
        found[stream] = _moved(place, moves[stream], None)
    return found


def _position(blend: Blend, moments: Moments, wheel: Doubles | None) -> Doubles:
    start = np.array(blend.place)
    if not blend.path:
        return start if wheel is None else wheel
    along = _along(blend, moments.beats if blend.path_unit == BEATS else moments.seconds)
    return along if wheel is None else np.asarray((along + wheel - start).clip(0.0, 1.0))


def lfo_sum(blend: Blend, target: str, moments: Moments, *, seed: int = 0) -> Doubles | None:
    """The sum of all LFOs of one target, [n] at these moments [n]; None if it has none."""
    waves = [
        lfo.depth * lfo_wave(lfo, moments, seed=seed + number)
        for number, lfo in enumerate(blend.lfos)
        if lfo.target == target
    ]
    return np.sum(waves, axis=0) if waves else None


def lfo_wave(lfo: Lfo, moments: Moments, *, seed: int = 0) -> Doubles:
    """An LFO's wave [n], between -1 and 1.

    >>> moments = Moments.steady(np.array([0.0, 0.25, 0.75]), bpm=60.0)
    >>> lfo_wave(Lfo(rate_hz=1.0, shape="triangle"), moments).tolist()
    [0.0, 1.0, -1.0]
    >>> lfo_wave(Lfo(cycle_beats=1.0, shape="triangle"), moments).tolist()
    [0.0, 1.0, -1.0]
    """
    turns = turns_of(lfo, moments) + lfo.phase
    part = turns % 1.0
    if lfo.shape == "sine":
        return np.asarray(np.sin(2 * np.pi * turns))
    if lfo.shape == "triangle":
        return np.asarray(1.0 - 4.0 * np.abs((part + 0.25) % 1.0 - 0.5))
    if lfo.shape == "saw":
        return np.asarray(2.0 * part - 1.0)
    if lfo.shape == "square":
        return np.where(part < 0.5, 1.0, -1.0)
    steps = np.floor(turns).astype(int) % RANDOM_VALUES
    return np.asarray(np.random.default_rng(seed).uniform(-1.0, 1.0, int(steps.max()) + 1)[steps])


def turns_of(lfo: Lfo, moments: Moments) -> Doubles:
    """Cycles [n] that an LFO has gone through since the start of the note or, without `retrigger`, of the song."""
    if not lfo.cycle_beats:
        return np.asarray(lfo.rate_hz * moments.seconds)
    return np.asarray((moments.beats if lfo.retrigger else moments.song) / lfo.cycle_beats)


def _along(blend: Blend, times: Doubles) -> Doubles:
    """Positions [frames, dims] along the path, at times in its unit."""
    stops = [point[0] for point in blend.path]
    return np.stack(
        [np.interp(times, stops, [point[axis] for point in blend.path]) for axis in range(1, blend.dims + 1)], axis=1
    )


def _moved(place: Doubles, x: Doubles | None, y: Doubles | None) -> Doubles:
    """A position [dims] or [frames, dims], shifted along its axes and kept within 0 to 1."""
    if x is None and y is None:
        return place
    frames = next(len(move) for move in (x, y) if move is not None)
    out = np.array(np.broadcast_to(place, (frames, place.shape[-1])))
    for axis, move in enumerate((x, y)[: place.shape[-1]]):
        if move is not None:
            out[:, axis] += move
    return out.clip(0.0, 1.0)
