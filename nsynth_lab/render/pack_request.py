"""PackRequest: what a pack is made of, checked before anything is loaded."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from nsynth_lab.errors import UsageError
from nsynth_lab.note import Note, parse_note
from nsynth_lab.render.request import BlendRequest
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, seconds_to_frames

FORMATS = ("sfz", "sf2", "decentsampler", "wav")
RATES = (48_000, 44_100)
BITS = (16, 24)
MOST_TAKES, MOST_CLIPS = 16, 100_000
SHORTEST_SECONDS, LONGEST_SECONDS = 0.25, 60.0
LONGEST_TEXT = 200
LEAST_APART = 0.01
_RANGE = re.compile(r"(?P<low>[^/]+?)(?:(?<=\d)-(?P<high>[^/]+))?(?:/(?P<step>\d{1,3}))?")


@dataclass(frozen=True)
class ClipKey:
    """Which clip: number of its position, note, velocity, and take from 0."""

    position: int
    note: int
    velocity: int
    take: int


@dataclass(frozen=True)
class PackRequest:
    """A pack: who, where between them, which notes, how hard, how many takes, how long, in which form.

    Attributes:
        positions: [1] each between two sources, [2] each between four; in order.
        takes: round robins of each note.
        crossfade: velocities on either side of a layer's border over which it fades into the next, in SFZ.
        loop: whether notes that are held are to be looped.

    Raises:
        UsageError: numbers that do not fit each other, or out of range.
    """

    sources: tuple[str, ...]
    positions: tuple[tuple[float, ...], ...]
    notes: tuple[int, ...]
    velocities: tuple[int, ...]
    takes: int = 1
    crossfade: int = 0
    seconds: float = 4.0
    loop: bool = True
    sample_rate: int = SAMPLE_RATE
    bits: int = 24
    flac: bool = False
    formats: tuple[str, ...] = FORMATS
    name: str = ""
    author: str = ""
    licence: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        for what, values in (("positions", self.positions), ("notes", self.notes), ("velocities", self.velocities)):
            if not values:
                raise UsageError(f"no {what}: a pack needs at least one (see `nsynth-lab pack --help`)")
            if len(set(values)) != len(values):
                raise UsageError(f"{what} {', '.join(map(str, values))}: one of them is given twice")
        for position, note, velocity in itertools.product(self.positions, self.notes[:1], self.velocities):
            self.blend_request(ClipKey(0, note, velocity, 0), position=position).weights()
        for note in self.notes:
            Note(note)
        _check_apart(self.positions)
        _check_choice("format", self.formats, FORMATS)
        _check_choice("rate", (self.sample_rate,), RATES)
        _check_choice("bits", (self.bits,), BITS)
        if not self.formats:
            raise UsageError(f"no format; expected one or more of {', '.join(FORMATS)}")
        if not 1 <= self.takes <= MOST_TAKES:
            raise UsageError(f"{self.takes} round robins; expected 1 to {MOST_TAKES}")
        gaps = [above - below for below, above in itertools.pairwise(sorted(self.velocities))]
        if not 0 <= 2 * self.crossfade <= min(gaps, default=2 * self.crossfade):
            raise UsageError(f"crossfade {self.crossfade}; expected 0 to half of the distance between two velocities")
        if not SHORTEST_SECONDS <= self.seconds <= LONGEST_SECONDS:
            raise UsageError(f"duration {self.seconds:g} s; expected {SHORTEST_SECONDS:g} to {LONGEST_SECONDS:g} s")
        if self.flac and "wav" in self.formats:
            raise UsageError("--flac leaves out the WAV files' loops and root keys: take wav out of --format")
        if self.clips > MOST_CLIPS:
            raise UsageError(f"{self.clips:,} clips; expected at most {MOST_CLIPS:,}: fewer notes, velocities or takes")
        for what, text in (("name", self.name), ("author", self.author), ("licence", self.licence)):
            if len(text) > LONGEST_TEXT or any(ord(letter) < 32 for letter in text):
                raise UsageError(f"{what}: expected one line of at most {LONGEST_TEXT} characters")

    @property
    def clips(self) -> int:
        """How many clips."""
        return len(self.positions) * len(self.notes) * len(self.velocities) * self.takes

    @property
    def frames(self) -> int:
        """Length of a clip in frames."""
        return seconds_to_frames(self.seconds)

    @property
    def clip_seconds(self) -> float:
        """Length of a clip."""
        return self.frames * HOP_SAMPLES / SAMPLE_RATE

    def keys(self) -> list[ClipKey]:
        """Every clip; takes of one note lie side by side, and notes of one pitch near each other."""
        places = range(len(self.positions))
        every = itertools.product(sorted(self.notes), places, sorted(self.velocities), range(self.takes))
        return [ClipKey(position, note, velocity, take) for note, position, velocity, take in every]

    def blend_request(
        self, key: ClipKey, *, position: tuple[float, ...] | None = None, seconds: float | None = None
    ) -> BlendRequest:
        """The blend that a clip is made of."""
        return BlendRequest(
            sources=self.sources,
            note=Note(key.note, key.velocity),
            seconds=self.seconds if seconds is None else seconds,
            position=self.positions[key.position] if position is None else position,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a manifest."""
        return asdict(self)


def from_dict(values: Mapping[str, Any]) -> PackRequest:
    """A request from a manifest's plain values.

    Raises:
        UsageError: a field that is missing, unknown or of another type.
    """
    known = {item.name: item.default for item in fields(PackRequest)}
    if set(values) != set(known):
        odd = ", ".join(sorted(set(values) ^ set(known)))
        raise UsageError(f"the manifest's recipe has other fields than this version's ({odd})")
    try:
        whole = ("takes", "crossfade", "sample_rate", "bits", "seed")
        takes, crossfade, sample_rate, bits, seed = _wholes([values[key] for key in whole])
        name, author, licence = _texts([values[key] for key in ("name", "author", "licence")])
        return PackRequest(
            sources=tuple(_texts(values["sources"])),
            positions=tuple(tuple(_numbers(position)) for position in values["positions"]),
            notes=tuple(_wholes(values["notes"])),
            velocities=tuple(_wholes(values["velocities"])),
            takes=takes,
            crossfade=crossfade,
            seconds=_numbers([values["seconds"]])[0],
            loop=bool(values["loop"]),
            sample_rate=sample_rate,
            bits=bits,
            flac=bool(values["flac"]),
            formats=tuple(_texts(values["formats"])),
            name=name,
            author=author,
            licence=licence,
            seed=seed,
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"the manifest's recipe cannot be used: {error}") from error


def parse_notes(text: str) -> tuple[int, ...]:
    """Notes and ranges of notes, separated by commas; a range may have a step in semitones.

    Raises:
        UsageError: text that is not such a list.

    >>> parse_notes("C2-C3/6, A4")
    (36, 42, 48, 69)
    """
    notes: list[int] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise UsageError(f"notes '{part}'; expected a note as C4, or a range as C2-C6/3")
        low = parse_note(match["low"])
        high = parse_note(match["high"]) if match["high"] else low
        step = int(match["step"] or 1)
        if step == 0 or high < low:
            raise UsageError(f"notes '{part}'; expected the lower note first and a step of 1 or more, as C2-C6/3")
        notes += range(low, high + 1, step)
    return tuple(dict.fromkeys(notes))


def parse_velocities(text: str) -> tuple[int, ...]:
    """Velocities separated by commas.

    Raises:
        UsageError: text that is not such a list.

    >>> parse_velocities("40, 80,120")
    (40, 80, 120)
    """
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(f"velocities '{text}'; expected whole numbers 1 to 127, as 40,80,120") from None


def parse_positions(text: str, *, sources: int) -> tuple[tuple[float, ...], ...]:
    """Positions between two sources, "0,0.5,1", or between four, "0,0;1,0;0.5,0.5".

    Raises:
        UsageError: text that is not such a list.

    >>> parse_positions("0,1", sources=2), parse_positions("0,1;1,1", sources=4)
    (((0.0,), (1.0,)), ((0.0, 1.0), (1.0, 1.0)))
    """
    parts = text.split(";") if sources == 4 else text.split(",")
    try:
        return tuple(tuple(float(value) for value in part.split(",")) for part in parts if part.strip())
    except ValueError:
        raise UsageError(f"positions '{text}'; expected 0,0.5,1, or 0,0;1,0;0.5,0.5 for four sources") from None


def _check_apart(positions: Sequence[tuple[float, ...]]) -> None:
    if len({tuple(round(value / LEAST_APART) for value in position) for position in positions}) != len(positions):
        raise UsageError(f"positions must be at least {LEAST_APART:g} apart")


def _check_choice(what: str, values: Sequence[object], allowed: Sequence[object]) -> None:
    for value in values:
        if value not in allowed:
            raise UsageError(f"{what} '{value}'; expected one of {', '.join(map(str, allowed))}")
    if len(set(values)) != len(values):
        raise UsageError(f"{what} {', '.join(map(str, values))}: one of them is given twice")


def _texts(values: Any) -> list[str]:
    if not all(isinstance(value, str) for value in values) or isinstance(values, str):
        raise TypeError(f"expected texts, came {values!r:.80}")
    return list(values)


def _wholes(values: Any) -> list[int]:
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        raise TypeError(f"expected whole numbers, came {values!r:.80}")
    return list(values)


def _numbers(values: Any) -> list[float]:
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise TypeError(f"expected numbers, came {values!r:.80}")
    return [float(value) for value in values]
