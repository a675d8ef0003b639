"""augment(spectra, partners, ...): what the classifier hears of a note, varied again each time it is trained on.

`spectra` are inputs of the classifier with more range than it keeps, so that what is made louder was there before. Each
is varied in the order of the lines below:

- morphed with another note of its family at nearly the same pitch, as one instrument more of that family;
- begun later, played faster or slower, transposed by up to three semitones and put out of tune;
- led along another contour of level, cut short, or put in a room (not all of that for what has no pitch: a stroke that
  is held up is no stroke any more);
- coloured, limited in bandwidth, and given noise, so that neither the microphone nor the noise floor says anything;
- masked in some bands and frames (SpecAugment, Park et al. 2019).
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nsynth_lab.model.classifier import FRAMES, HOP_SAMPLES, RANGE_DB, band_centres_hz
from nsynth_lab.units import SAMPLE_RATE

PREPARED_DB = 80.0  # the range of spectra that are to be varied
EMPTY_DB = 1.0 - PREPARED_DB  # nothing is known of what lies below
SEMITONES, DETUNED_SEMITONES, STEPS = 3, 0.3, 10  # steps of a table in a semitone
PLAYED_OTHERWISE = 0.65  # share of notes; the others are only transposed, coloured and given noise
MORPHED, MORPH = 0.35, (0.2, 0.8)  # share of notes, and of the other note in them
LATE, LATE_FRAMES, LATE_FRAMES_UNPITCHED = 0.6, 5.0, 1.0
STRETCHED, STRETCH = 0.4, 0.4  # share of notes, and the greatest logarithm of a ratio
LED, LED_SHARE, LEAST_DB, MOST_DB, FLOOR_DB = 0.5, (0.3, 1.0), -45.0, 30.0, -50.0
WANDERED_DB = 1.5
SHORT, SHORT_SECONDS, RELEASE_SECONDS = 0.35, (0.25, 1.5), (0.02, 0.3)
ROOM, ROOM_SECONDS, ROOM_DB = 0.25, (0.15, 0.8), (-20.0, -6.0)
TILT_DB, COLOUR_DB, COLOUR_WAVES = 5.0, 2.5, 8
LIMITED, LIMIT_BANDS, LIMIT_SLOPE_DB = 0.2, (110, 250), 3.0
NOISE_DB, NOISE_TILT_DB = (-85.0, -42.0), 8.0
MASKED, MASKED_BANDS, MASKED_FRAMES = 0.4, 20, 4
FRAME_SECONDS = HOP_SAMPLES / SAMPLE_RATE


class Varied(NamedTuple):
    """Inputs of the classifier [notes, frames, bands], and the semitones [notes] by which each was transposed."""

    spectra: Tensor
    semitones: Tensor


def augment(spectra: Tensor, *, seed: int, pitched: Tensor | None = None, partners: Tensor | None = None,
            apart: Tensor | None = None) -> Varied:  # fmt: skip
    """`spectra` [notes, frames, bands], 1 at the loudest band and 0 from 80 dB below it, varied.

    Args:
        spectra: see above.
        seed: of what is drawn.
        pitched: which have a pitch, [notes]; all if it is None.
        partners: a note [notes, frames, bands] of the same family for each, that some are morphed with.
        apart: by how many semitones each is above its partner, [notes]; 0 if neither has a pitch.
    """
    draw = Draws(len(spectra), seed)
    has_pitch = torch.ones(len(spectra), dtype=torch.bool) if pitched is None else pitched
    semitones = draw.integers(-SEMITONES, SEMITONES)
    moved = semitones + draw.between(-DETUNED_SEMITONES, DETUNED_SEMITONES)
    level_db = _played(spectra, moved, has_pitch, draw)
    if partners is not None and apart is not None:
        chosen = draw.happens(MORPHED).nonzero()[:, 0]
        few = Draws(len(chosen), seed + 1)
        other_db = _played(partners[chosen], (moved + apart)[chosen], has_pitch[chosen], few)
        share = few.between(*MORPH)[:, None, None]
        level_db = level_db.index_copy(0, chosen, torch.lerp(level_db[chosen], other_db, share))
    audible = level_db > EMPTY_DB
    level_db = level_db + (_contour_db(level_db, draw) * has_pitch[:, None] + _short_db(draw))[:, :, None]
    power = torch.exp(level_db * (math.log(10.0) / 10.0)) * audible
    power = _in_a_room(power, draw) * 10.0 ** (_colour_db(draw) / 10.0)
    power = power / power.amax(dim=(1, 2), keepdim=True).clamp(min=1e-12) + _noise(draw)
    heard = 1.0 + 10.0 * torch.log10(power) / RANGE_DB
    heard = (heard - heard.amax(dim=(1, 2), keepdim=True) + 1.0).clamp(min=0.0)
    return Varied(heard * _mask(draw), semitones)


class Draws:
    """Random numbers, one for each of `count` notes, some of which stay as they were played."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.generator = count, torch.Generator().manual_seed(seed)
        self.played_otherwise = torch.rand(count, generator=self.generator) < PLAYED_OTHERWISE

    def between(self, low: float, high: float) -> Tensor:
        """Uniform, [notes]."""
        return low + (high - low) * torch.rand(self.count, generator=self.generator)

    def happens(self, share: float) -> Tensor:
        """True for about `share` of the notes that do not stay as they were played, [notes]."""
        return (torch.rand(self.count, generator=self.generator) < share) & self.played_otherwise

    def integers(self, low: int, high: int) -> Tensor:
        """From `low` to `high`, both included, [notes]."""
        return torch.randint(low, high + 1, (self.count,), generator=self.generator)

    def normal(self, *shape: int) -> Tensor:
        """[notes, *shape]."""
        return torch.randn(self.count, *shape, generator=self.generator)


def _played(spectra: Tensor, semitones: Tensor, pitched: Tensor, draw: Draws) -> Tensor:
    """Later, faster or slower, and transposed by `semitones`: levels in dB [notes, frames, bands]."""
    count, frames, bands = spectra.shape
    late = draw.happens(LATE) * draw.between(0.0, 1.0)
    start = late * torch.where(pitched, torch.tensor(LATE_FRAMES), torch.tensor(LATE_FRAMES_UNPITCHED))
    ratio = torch.exp(draw.happens(STRETCHED) * draw.between(-STRETCH, STRETCH))
    at = start[:, None] + ratio[:, None] * torch.arange(frames)
    before = at.floor().clamp(max=frames).long()
    padded = functional.pad(spectra, (0, 0, 0, 2))
    rows = torch.arange(count)[:, None]
    in_time = torch.lerp(padded[rows, before], padded[rows, before + 1], (at - before).clamp(max=1.0)[:, :, None])
    steps = ((semitones + 2 * SEMITONES + 1) * STEPS).round().long()
    position = _sources(bands)[steps][:, None].expand(-1, frames, -1)  # [notes, frames, bands]
    below = position.floor().clamp(0, bands - 2)
    number = below.long()
    level = torch.lerp(in_time.gather(2, number), in_time.gather(2, number + 1), position - below)
    return PREPARED_DB * (level * (position <= bands - 1) - 1.0)


@functools.cache
def _sources(bands: int) -> Tensor:
    """For transpositions by -7 .. 7 semitones, in tenths: the position [bands] that each band is read from."""
    centres_hz = band_centres_hz(bands)
    reach = (2 * SEMITONES + 1) * STEPS
    wanted_hz = centres_hz / 2.0 ** (np.arange(-reach, reach + 1)[:, None] / STEPS / 12.0)
    read = [np.interp(row, centres_hz, np.arange(bands), right=bands) for row in wanted_hz]
    return torch.from_numpy(np.stack(read)).float()


def _contour_db(level_db: Tensor, draw: Draws) -> Tensor:
    """What leads some notes along another contour of level, and lets the others wander a little, [notes, frames]."""
    own = level_db.amax(dim=2)
    own = (own - own.amax(dim=1, keepdim=True)).clamp(min=FLOOR_DB)
    at = FRAME_SECONDS * torch.arange(level_db.shape[1])

    def each(low: float, high: float) -> Tensor:
        return draw.between(low, high)[:, None]

    peak = each(0.1, 1.2)
    swell = torch.where(at < peak, -each(10.0, 40.0) * (1.0 - at / peak) ** 2, -each(0.0, 30.0) * (at - peak))
    sustained = -each(2.0, 15.0) * (1.0 - torch.exp(-at / each(0.05, 0.6))) - each(0.0, 12.0) * at
    dying = -each(8.0, 60.0) * at
    wandering = functional.interpolate(draw.normal(1, 6), size=len(at), mode="linear", align_corners=True)[:, 0]
    kinds = torch.stack([swell, sustained, dying, torch.zeros_like(swell), each(2.0, 8.0) * wandering])
    contour = kinds[draw.integers(0, len(kinds) - 1), torch.arange(draw.count)]
    contour = contour + each(0.0, 2.0) * torch.sin(2.0 * math.pi * (each(3.0, 7.0) * at + each(0.0, 1.0)))
    contour = contour + 20.0 * torch.log10(((at + 0.02) / (each(0.0, 0.15) + 0.02)).clamp(max=1.0))
    contour = (contour - contour.amax(dim=1, keepdim=True)).clamp(min=-60.0)
    led = (each(*LED_SHARE) * (contour - own)).clamp(LEAST_DB, MOST_DB)
    return torch.where(draw.happens(LED)[:, None], led, WANDERED_DB * wandering * draw.played_otherwise[:, None])


def _short_db(draw: Draws) -> Tensor:
    """The end of some notes, [notes, frames]."""
    at = FRAME_SECONDS * torch.arange(FRAMES)
    past = (at - draw.between(*SHORT_SECONDS)[:, None]).clamp(min=0.0) / draw.between(*RELEASE_SECONDS)[:, None]
    return -60.0 * past * draw.happens(SHORT)[:, None]


def _in_a_room(power: Tensor, draw: Draws) -> Tensor:
    """The power of some notes with that of a decay behind it."""
    chosen = draw.happens(ROOM).nonzero()[:, 0]
    kept = 10.0 ** (-6.0 * FRAME_SECONDS / draw.between(*ROOM_SECONDS)[chosen, None])
    gain = 10.0 ** (draw.between(*ROOM_DB)[chosen, None] / 10.0) * (1.0 - kept)
    sound, tail = power[chosen], torch.zeros_like(power[chosen, 0])
    for frame in range(sound.shape[1]):
        tail = kept * tail + sound[:, frame]
        sound[:, frame] += gain * tail
    return power.index_copy(0, chosen, sound)


def _colour_db(draw: Draws) -> Tensor:
    """Brighter or darker, a few waves over the bands, and for some a limit above them, [notes, 1, bands]."""
    bands = len(band_centres_hz())
    at = torch.linspace(0.0, 1.0, bands)
    tilt = draw.between(-TILT_DB, TILT_DB)[:, None] * (2.0 * at - 1.0)
    waves = draw.normal(COLOUR_WAVES) / math.sqrt(COLOUR_WAVES)
    colour = COLOUR_DB * waves @ torch.cos(math.pi * torch.arange(2, COLOUR_WAVES + 2)[:, None] * at)
    above = (torch.arange(bands) - draw.between(*LIMIT_BANDS)[:, None]).clamp(min=0.0)
    limit = LIMIT_SLOPE_DB * above * draw.happens(LIMITED)[:, None]
    return (tilt + colour - limit)[:, None]


def _noise(draw: Draws) -> Tensor:
    """The power of noise below the note, [notes, frames, bands]."""
    bands = len(band_centres_hz())
    tilt = draw.between(-NOISE_TILT_DB, NOISE_TILT_DB)[:, None] * torch.linspace(-1.0, 1.0, bands)
    level = 10.0 ** ((draw.between(*NOISE_DB)[:, None] + tilt) / 10.0)
    grain = -torch.log(1.0 - torch.rand(draw.count, FRAMES, bands, generator=draw.generator))  # of power, mean 1
    return level[:, None] * (0.5 + 0.5 * grain)


def _mask(draw: Draws) -> Tensor:
    """0 in a few bands and frames of some notes, [notes, frames, bands]."""

    def kept(size: int, most: int) -> Tensor:
        width, centre = draw.between(0.0, most) * draw.happens(MASKED), draw.between(0.0, size)
        return (torch.arange(size) - centre[:, None]).abs() >= width[:, None] / 2.0

    return (kept(FRAMES, MASKED_FRAMES)[:, :, None] & kept(len(band_centres_hz()), MASKED_BANDS)[:, None]).float()
