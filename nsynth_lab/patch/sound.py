"""The parts of a patch: blend with LFOs and path, envelope, tuning, and how keys become voices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log2

from nsynth_lab.errors import PatchError
from nsynth_lab.patch.fields import choice, flag, names, number, numbers, points, tables, whole
from nsynth_lab.patch.place import (
    HIGHEST_WEIGHT,
    MAX_POSITIONED_SOURCES,
    MAX_SOURCES,
    Place,
    as_position,
    normalised,
    position_dims,
)
from nsynth_lab.patch.rules import checked

STREAMS = ("timbre", "loudness", "f0", "partials")
SHAPES = ("sine", "triangle", "saw", "square", "random")
MODES = ("poly", "mono", "legato")
PLACED = ("position", "position_y", *STREAMS)
MOVED = (*PLACED, "pitch_cents", "level_db")
MAX_DEPTHS = {"pitch_cents": 1200.0, "level_db": 24.0}
LINEAR, SPHERICAL = INTERPOLATIONS = ("linear", "spherical")
LONGEST_PATH_SECONDS, MAX_PATH_POINTS = 1_000.0, 4_096
LONGEST_CYCLE_BEATS = 256.0
SECONDS, BEATS = TIME_UNITS = ("seconds", "beats")


@dataclass(frozen=True)
class Lfo:
    """An LFO on a blend position, the pitch or the level; it starts with each note.

    A position moves by up to `depth` to both sides, clipped to 0 and 1. A cycle in beats follows the tempo; without
    `retrigger` it also keeps to the beat of the song, whenever a note begins.

    Raises:
        PatchError: see `rules`; a depth beyond the range of its target, a song to keep to without beats.
    """

    target: str = choice("position", MOVED, says="what it moves")
    rate_hz: float = number(1.0, low=0.01, high=30.0, unit="Hz", says="its frequency")
    depth: float = number(0.1, low=0.0, high=1200.0, says="amplitude: 0 to 1, for pitch in cents, for level in dB")
    shape: str = choice("sine", SHAPES, says="waveform; random holds each value for a cycle")
    phase: float = number(0.0, low=0.0, high=1.0, says="phase at the start of a note, in cycles")
    cycle_beats: float = number(
        0.0,
        low=0.0,
        high=LONGEST_CYCLE_BEATS,
        unit="beats",
        says="length of a cycle instead of `rate_hz`; 0: not given",
    )
    retrigger: bool = flag(True, says="starts with each note; if false, a cycle in beats keeps to the song's beat")

    def __post_init__(self) -> None:
        checked(self)
        if not (self.retrigger or self.cycle_beats):
            raise PatchError("false; an LFO that keeps to the song's beat needs cycle_beats", place="retrigger")
        if self.depth > MAX_DEPTHS.get(self.target, 1.0):
            furthest = MAX_DEPTHS.get(self.target, 1.0)
            raise PatchError(f"{self.depth:g}; {self.target} moves by 0 to {furthest:g}", place="depth")


_OWN = "a separate place for the {}, written like the position or the weights"


@dataclass(frozen=True)
class Blend:
    """One to eight corners and a place among them: a position, or a weight for each corner.

    Module `place` shows where positions lie. Two to four corners have a position. Weights work for any number; those of
    two or three corners become the position with the same shares. Five or more without weights share equally.

    Raises:
        PatchError: see `rules`; a place with too few or too many numbers, a path that goes back in time.
    """

    corners: tuple[str, ...] = names(least=1, most=MAX_SOURCES, says="instruments of the bank, by name")
    position: tuple[float, ...] = numbers(
        (0.5,), low=0, high=1, least=0, most=2, says="position between the corners: x, or x and y"
    )
    weights: tuple[float, ...] = numbers(
        (),
        low=0,
        high=HIGHEST_WEIGHT,
        least=0,
        most=MAX_SOURCES,
        says="a weight for each corner instead of a position; scaled to sum to 1",
    )
    interpolation: str = choice(
        "linear",
        INTERPOLATIONS,
        says="path of the timbre between corners: linear, or spherical, which keeps its magnitude",
    )
    timbre: tuple[float, ...] = numbers((), low=0, high=1, least=0, most=MAX_SOURCES, says=_OWN.format("timbre"))
    loudness: tuple[float, ...] = numbers(
        (), low=0, high=1, least=0, most=MAX_SOURCES, says=_OWN.format("level, attack and release")
    )
    f0: tuple[float, ...] = numbers((), low=0, high=1, least=0, most=MAX_SOURCES, says=_OWN.format("vibrato and drift"))
    partials: tuple[float, ...] = numbers((), low=0, high=1, least=0, most=MAX_SOURCES, says=_OWN.format("partials"))
    track: tuple[float, ...] = numbers(
        (),
        low=0,
        high=1,
        least=0,
        most=1,
        says="how far drums and noises follow the keys: 0 not at all, 1 fully; as each was captured if it is not given",
    )
    path: tuple[tuple[float, ...], ...] = points(
        high=LONGEST_PATH_SECONDS,
        least=2,
        longest=1 + MAX_SOURCES,
        most=MAX_PATH_POINTS,
        says="places over a note: [seconds, x], [seconds, x, y] or [seconds, weights ...], joined by straight lines",
    )
    path_unit: str = choice(SECONDS, TIME_UNITS, says="what the times of the path are: seconds, or beats of the tempo")
    lfos: tuple[Lfo, ...] = tables(Lfo, most=8, says="low-frequency oscillators")

    def __post_init__(self) -> None:
        checked(self)
        self._settle_place()
        for name in STREAMS:
            place = getattr(self, name)
            if place and len(place) != self.dims:
                raise self._wrong_place(name)
        self._check_path()
        self._check_lfos()

    @property
    def place(self) -> Place:
        """Its place: a position of one or two numbers, or a weight for each of four or more corners."""
        if len(self.corners) > MAX_POSITIONED_SOURCES and not self.weights:
            return normalised([0.0] * len(self.corners))
        return self.weights if self.is_weighted else self.position

    @property
    def is_weighted(self) -> bool:
        """Whether its place is given by weights that no position can express."""
        return len(self.corners) > MAX_POSITIONED_SOURCES or (
            len(self.corners) == MAX_POSITIONED_SOURCES and bool(self.weights)
        )

    @property
    def dims(self) -> int:
        """How many numbers its place has."""
        return len(self.corners) if self.is_weighted else position_dims(len(self.corners))

    @property
    def key_track(self) -> float | None:
        """How far drums and noises follow the keys, 0 to 1; None: as far as each was captured to."""
        return self.track[0] if self.track else None

    def at(self, place: Sequence[float]) -> Blend:
        """A copy at another place, given as a position or as weights, without its path.

        Raises:
            PatchError: too few or too many numbers, or one out of range.
        """
        whole = tuple(place)
        if len(whole) == len(self.corners):
            return replace(self, position=(0.5,), weights=whole, path=())
        return replace(self, position=whole, weights=(), path=())

    def implied(self) -> dict[str, object]:
        """Fields that follow from others and need not be written."""
        return {"position": self.position} if self.weights or not position_dims(len(self.corners)) else {}

    def _settle_place(self) -> None:
        """Make position and weights agree; (0.5,) means the centre for any number of corners."""
        need, usual = position_dims(len(self.corners)), self.position == (0.5,)
        position = (0.5,) * need if usual else self.position
        if self.weights:
            if len(self.weights) != len(self.corners):
                raise PatchError(
                    f"{len(self.weights)} numbers; {len(self.corners)} corners take one each", place="weights"
                )
            if not any(self.weights):
                raise PatchError("all are 0; give at least one corner a weight above 0", place="weights")
            object.__setattr__(self, "weights", normalised(self.weights))
            same = as_position(self.weights)
            if not usual and self.position not in (same, (0.5,) * need):
                raise PatchError("the place is given as weights too; leave one of them out", place="position")
            position = same
        elif len(position) != need:
            raise self._wrong_place("position")
        object.__setattr__(self, "position", position)

    def _wrong_place(self, name: str) -> PatchError:
        numbers_ = {0: "none", 1: "one number", 2: "two numbers"}.get(self.dims, f"{self.dims} numbers")
        if name == "position" and len(self.corners) > MAX_POSITIONED_SOURCES:
            numbers_ = "weights, a number for each"
        count = len(self.corners)
        corners = "one corner takes" if count == 1 else f"{count} corners take"
        return PatchError(f"{len(getattr(self, name))} numbers; {corners} {numbers_}", place=name)

    def _check_path(self) -> None:
        need = self.dims
        if self.path and not need:
            raise PatchError("one corner leaves no way to go", place="path")
        for index, point in enumerate(self.path, start=1):
            if len(point) != need + 1:
                raise PatchError(f"point {index} has {len(point)} numbers; expected {need + 1}", place="path")
            if max(point[1:]) > 1:
                raise PatchError(f"point {index} is at {max(point[1:]):g}; expected 0 to 1", place="path")
        if any(later[0] < earlier[0] for earlier, later in pairwise(self.path)):
            raise PatchError(f"goes back in time; expected ascending {self.path_unit}", place="path")

    def _check_lfos(self) -> None:
        """An LFO on a position needs a position."""
        for index, lfo in enumerate(self.lfos, start=1):
            if lfo.target in PLACED and (self.is_weighted or not self.dims):
                raise PatchError(
                    f"{lfo.target} swings between two corners, or three or four that are blended by a position",
                    place=f"lfos.{index}.target",
                )


@dataclass(frozen=True)
class Envelope:
    """An envelope on top of the instrument's own, as a factor of its amplitude; the default changes nothing.

    Raises:
        PatchError: see `rules`.
    """

    attack_seconds: float = number(0.0, low=0, high=20, unit="s", says="rise from silence to full level")
    decay_seconds: float = number(0.0, low=0, high=60, unit="s", says="fall to the sustain level")
    sustain: float = number(1.0, low=0, high=1, says="level while the key is held")
    release_seconds: float = number(
        0.0, low=0, high=30, unit="s", says="fall to silence after the key-up; 0 keeps the instrument's own"
    )

    def __post_init__(self) -> None:
        checked(self)


@dataclass(frozen=True)
class Tuning:
    """Tuning of the keys. A scale lists its steps above the root in cents; the last is its period (an octave: 1200).

    Raises:
        PatchError: see `rules`.
    """

    a4_hz: float = number(440.0, low=380, high=500, unit="Hz", says="concert pitch")
    transpose: int = whole(0, low=-48, high=48, unit="semitones", says="transposition")
    fine_cents: float = number(0.0, low=-100, high=100, unit="cents", says="fine tuning")
    scale_cents: tuple[float, ...] = numbers(
        (), low=-4800, high=4800, least=0, most=128, unit="cents", says="steps of a scale; equal temperament if empty"
    )
    scale_root: int = whole(60, low=0, high=127, says="MIDI note on which the scale begins")

    def __post_init__(self) -> None:
        checked(self)

    def cents(self, note: int) -> float:
        """Offset in cents of a key from equal temperament at A4 = 440 Hz, including `transpose`.

        >>> round(Tuning(a4_hz=432.0).cents(69), 1), Tuning(scale_cents=(1200.0,) , scale_root=60).cents(61)
        (-31.8, 1100.0)
        """
        away = 1200 * log2(self.a4_hz / 440.0) + 100 * self.transpose + self.fine_cents
        if self.scale_cents:
            periods, step = divmod(note - self.scale_root, len(self.scale_cents))
            degree = self.scale_cents[step - 1] if step else 0.0
            away += periods * self.scale_cents[-1] + degree - 100 * (note - self.scale_root)
        return away


@dataclass(frozen=True)
class Voice:
    """How keys become voices.

    Raises:
        PatchError: see `rules`.
    """

    mode: str = choice("poly", MODES, says="poly, mono (each key strikes), or legato (tied keys glide)")
    voices: int = whole(16, low=1, high=64, says="how many may sound at once")
    glide_seconds: float = number(0.0, low=0, high=10, unit="s", says="time from key to key in mono and legato")
    bend_semitones: float = number(2.0, low=0, high=48, unit="semitones", says="range of the pitch wheel")
    unison: int = whole(1, low=1, high=8, says="voices per key")
    detune_cents: float = number(
        10.0, low=0, high=100, unit="cents", says="detuning between the outermost voices of a unison"
    )
    spread: float = number(0.7, low=0, high=1, says="stereo width of a unison")
    mpe: bool = flag(False, says="channels 2 to 16 are an MPE zone from the start")
    vibrato_cents: float = number(30.0, low=0, high=100, unit="cents", says="vibrato that full pressure adds")

    def __post_init__(self) -> None:
        checked(self)
