"""The instruments of a blend, all their zones in one table, so that one read serves every voice.

A blend has one to eight corners, a corner several zones (its notes and velocity layers). A voice reads two layers of
each corner, the softer and the harder around its velocity: those are its `layers`, and the blend of a velocity is a
blend like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.blend.parts import NoteParts, find_parts, slope_of
from nsynth_lab.blend.ping_pong import turn_points
from nsynth_lab.blend.velocity import layers_at
from nsynth_lab.dsp.envelope import onset_frame
from nsynth_lab.errors import LatentsError, UsageError
from nsynth_lab.latents import Latents
from nsynth_lab.note import nearest_note
from nsynth_lab.patch.place import MAX_SOURCES
from nsynth_lab.synth.row_reader import row_table
from nsynth_lab.synth.unpitched_reader import unpitched_table
from nsynth_lab.units import FRAME_RATE_HZ, Doubles, FloatArray, Ints

FADE_DB_PER_FRAME = -6.0 / FRAME_RATE_HZ  # a struck note that is held decays at least this fast,
STEEPEST_DB_PER_FRAME = -60.0 / FRAME_RATE_HZ  # and at most this fast, once its recording has ended
LAST_FRAMES = 94  # the slope of the last second of a struck note is continued


@dataclass(frozen=True)
class Zone:
    """One note of one instrument in the table.

    Attributes:
        first: its first row in the table.
        frames: number of rows.
        onset: frame at which reading begins.
        attack_end, key_up: as in `NoteParts`.
        released, sustained: as in `NoteParts`.
        release_frames: length of the release.
        peak_db: level of the loudest frame.
        slope_db: change of level per frame beyond the end of a struck note's sustain; 0 for sustained instruments.
        low, high: turn points of the ping-pong sustain; None if the sustain is too short for it.
        speed: of the ping-pong sustain, in frames per frame.
    """

    note: int
    velocity: int
    first: int
    frames: int
    onset: int
    attack_end: int
    key_up: int
    released: bool
    sustained: bool
    release_frames: int
    peak_db: float
    slope_db: float
    low: Ints | None
    high: Ints | None
    speed: float


@dataclass(frozen=True)
class Layer:
    """One layer of one corner for one voice: its zone's index, its share, and the gain that fits it to the velocity."""

    zone: int
    share: float
    gain_db: float


class Sources:
    """Corners, each a sequence of zones (`Latents`), in one table.

    Attributes:
        timbre: [rows, 16], level_db [rows], f0_cents [rows], contour_db [rows]: all zones end to end.
        partials: [zones, 128].
        unpitched: [rows, 162] noise and resonances (see `nsynth_lab.unpitched`); None if no zone has any.
        has_noise: [zones] whether each has.
        tonal: [corners] whether anything in it has a pitch.
        width: [rows, 17] of stereo sounds (see `nsynth_lab.width`), zeros for mono ones; None if all are mono.
        detail: [rows, 129] (see `nsynth_lab.detail`), zeros for zones that have none; None if no zone has any.
        zones: [zones].
        model_id: of the encoder that made them.

    Raises:
        UsageError: no corner, or more than eight.
        LatentsError: zones made by different models.
    """

    def __init__(self, corners: Sequence[Sequence[Latents]]) -> None:
        if not 1 <= len(corners) <= MAX_SOURCES or not all(corners):
            raise UsageError(f"{len(corners)} sources; a blend that is played takes 1 to {MAX_SOURCES}")
        notes = [zone for corner in corners for zone in corner]
        if len({zone.model_id for zone in notes}) > 1:
            raise LatentsError("the sources were made by different models; encode them with one checkpoint")
        self.model_id = notes[0].model_id
        self.zones: list[Zone] = []
        self._velocity_layers: dict[int, list[list[int]]] = {}
        self.corners: list[list[int]] = []
        levels, contours = [], []
        first = 0
        for corner in corners:
            self.corners.append(list(range(len(self.zones), len(self.zones) + len(corner))))
            for latents in corner:
                parts = find_parts(latents)
                zone, contour = _zone(latents, parts, first)
                self.zones.append(zone)
                levels.append(parts.level_db)
                contours.append(contour)
                first += latents.frames
        self.timbre: FloatArray = np.concatenate([zone.timbre for zone in notes])
        self.level_db: FloatArray = np.concatenate(levels).astype(np.float32)
        self.contour_db: FloatArray = np.concatenate(contours).astype(np.float32)
        self.f0_cents: FloatArray = np.concatenate([zone.f0_cents for zone in notes])
        self.unpitched = unpitched_table(notes)
        lengths = [zone.frames for zone in notes]
        self.tonal = np.array([any(zone.has_tone for zone in corner) for corner in corners])
        self.width = row_table([zone.width for zone in notes], lengths)
        self.detail = row_table([zone.detail for zone in notes], lengths)
        self.has_noise = np.array([zone.unpitched is not None for zone in notes])
        # the partials of a morph move; the table takes them at the beginning of the sustain
        self.partials: FloatArray = np.stack(
            [zone.partials_per_frame()[min(zone.attack_frames, zone.frames - 1)] for zone in notes]
        )

    def layers(self, note: int, velocity: int) -> list[Layer]:
        """Two layers per corner, corner by corner: those around `velocity` of the zone nearest to `note`."""
        return [layer for zones in self.velocity_layers(note) for layer in self._around(zones, velocity)]

    def velocity_layers(self, note: int) -> list[list[int]]:
        """The zones of the note nearest to `note`, softest first, of each corner."""
        if note not in self._velocity_layers:  # cached: a key press must not hold up a block
            self._velocity_layers[note] = [self._nearest(corner, note) for corner in self.corners]
        return self._velocity_layers[note]

    def _nearest(self, corner: list[int], note: int) -> list[int]:
        """The zones of the note nearest to `note`, softest first."""
        nearest = nearest_note([self.zones[index].note for index in corner], note)
        indices = [index for index in corner if self.zones[index].note == nearest]
        return sorted(indices, key=lambda index: self.zones[index].velocity)

    def _around(self, indices: list[int], velocity: int) -> list[Layer]:
        zones = [self.zones[index] for index in indices]
        own = layers_at([zone.velocity for zone in zones], [zone.peak_db for zone in zones], velocity=velocity)
        softer, harder = indices[own.softer], indices[own.harder]
        return [Layer(softer, 1.0 - own.share, own.gain_db), Layer(harder, own.share, own.gain_db)]


def _zone(latents: Latents, parts: NoteParts, first: int) -> tuple[Zone, Doubles]:
    """A zone and its slow level contour [frames]: see `NoteParts.contour_db`; outside the sustain the level itself."""
    contour = parts.level_db.copy()
    contour[parts.attack_end : parts.key_up] = parts.contour_db()
    own = slice(parts.attack_end, parts.key_up)
    walked = own if parts.sustained else slice(max(parts.attack_end, parts.key_up - LAST_FRAMES), parts.key_up)
    turns = turn_points(np.asarray(latents.f0_cents[walked], np.float64), parts.level_db[walked] - contour[walked])
    shift = walked.start - parts.attack_end
    heard = min(onset_frame(parts.level_db), parts.attack_end)
    zone = Zone(
        note=latents.note,
        velocity=latents.velocity,
        first=first,
        frames=latents.frames,
        onset=max(parts.onset, heard),
        attack_end=parts.attack_end,
        key_up=parts.key_up,
        released=parts.released,
        sustained=parts.sustained,
        release_frames=parts.release_frames,
        peak_db=float(parts.level_db.max()),
        slope_db=0.0 if parts.sustained else _fall(parts.level_db[walked]),
        low=None if turns is None else turns.low + shift,
        high=None if turns is None else turns.high + shift,
        speed=1.0 if turns is None else turns.speed,
    )
    return zone, contour


def _fall(level_db: Doubles) -> float:
    """Slope in dB per frame with which a struck note decays at the end of its sustain."""
    if len(level_db) < 2:
        return STEEPEST_DB_PER_FRAME
    slope = slope_of(level_db)
    return min(max(slope, STEEPEST_DB_PER_FRAME), FADE_DB_PER_FRAME)
