"""PackRequest: everything a user can ask of a pack, validated before anything is loaded."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from nsynth_lab.errors import PatchError, UsageError
from nsynth_lab.legible import is_hidden
from nsynth_lab.note import Note
from nsynth_lab.pack.format_table import EVERY, FORMATS, USUAL, Extent, check_holds
from nsynth_lab.patch import Patch
from nsynth_lab.patch.place import Place
from nsynth_lab.render.request import BlendRequest
from nsynth_lab.units import SAMPLE_RATE, samples_to_frames, seconds_to_samples

RATES = (48_000, 44_100)
BITS = (16, 24)
MOST_TAKES, MOST_CLIPS = 16, 100_000
SHORTEST_SECONDS, LONGEST_SECONDS = 0.25, 60.0
LONGEST_TEXT = 200
LEAST_APART = 0.01


@dataclass(frozen=True)
class ClipKey:
    """Which clip: index of its position, note, velocity, and round robin (`take`) from 0."""

    position: int
    note: int
    velocity: int
    take: int


@dataclass(frozen=True)
class PackRequest:
    """A pack: patch, positions, notes, velocities, round robins, length and formats.

    Attributes:
        patch: a preset, or a blend without anything else.
        positions: places among the patch's corners, in order (see `patch.place`).
        takes: number of round robins per note.
        crossfade: velocity steps on either side of the border between two layers over which they crossfade, in SFZ.
        loop: whether sustained notes are looped.
        preset: text of the preset file; empty if the patch is a blend without anything else.

    Raises:
        UsageError: values out of range, or that do not fit together.
    """

    patch: Patch
    positions: tuple[Place, ...]
    notes: tuple[int, ...]
    velocities: tuple[int, ...]
    takes: int = 1
    crossfade: int = 0
    seconds: float = 4.0
    loop: bool = True
    sample_rate: int = SAMPLE_RATE
    bits: int = 24
    flac: bool = False
    formats: tuple[str, ...] = USUAL
    name: str = ""
    author: str = ""
    licence: str = ""
    seed: int = 0
    preset: str = ""

    def __post_init__(self) -> None:
        for what, values in (("positions", self.positions), ("notes", self.notes), ("velocities", self.velocities)):
            if not values:
                raise UsageError(f"no {what}: a pack needs at least one (see `nsynth-lab pack --help`)")
            if len(set(values)) != len(values):
                raise UsageError(f"{what} {', '.join(map(str, values))}: one of them is given twice")
        for position in self.positions:
            self.patch_at(position)
        for note, velocity in itertools.product(self.notes, self.velocities):
            Note(note, velocity)
        _check_apart(self.positions)
        _check_choice("format", self.formats, FORMATS, also=EVERY)
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
            raise UsageError("--flac leaves out the WAV files' loops and root keys: take wav out of --formats")
        if self.clips > MOST_CLIPS:
            raise UsageError(f"{self.clips:,} clips; expected at most {MOST_CLIPS:,}: fewer notes, velocities or takes")
        for what, text in (("name", self.name), ("author", self.author), ("licence", self.licence)):
            if len(text) > LONGEST_TEXT or any(map(is_hidden, text)):
                raise UsageError(f"{what}: expected one line of at most {LONGEST_TEXT} printable characters")

        check_holds(self.formats, self.extent)

    @property
    def extent(self) -> Extent:
        """How much there is of everything."""
        return Extent(self.notes, self.velocities, self.takes, self.seconds, self.sample_rate, self.bits)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the instruments that are blended."""
        return self.patch.blend.corners

    @property
    def clips(self) -> int:
        """Number of clips."""
        return len(self.positions) * len(self.notes) * len(self.velocities) * self.takes

    @property
    def frames(self) -> int:
        """Length of a clip in frames, rounded up."""
        return samples_to_frames(seconds_to_samples(self.seconds))

    def keys(self) -> list[ClipKey]:
        """Every clip; the round robins of a note are neighbours, and notes of the same pitch are close together."""
        places = range(len(self.positions))
        every = itertools.product(sorted(self.notes), places, sorted(self.velocities), range(self.takes))
        return [ClipKey(position, note, velocity, take) for note, position, velocity, take in every]

    def blend_request(self, key: ClipKey, *, seconds: float | None = None) -> BlendRequest:
        """The blend request for a clip."""
        return BlendRequest(
            blend=self.patch.blend.at(self.positions[key.position]),
            note=Note(key.note, key.velocity),
            seconds=self.seconds if seconds is None else seconds,
        )

    def patch_at(self, place: Place) -> Patch:
        """The patch at one of the positions; with its path if the patch's own position is the only one.

        Raises:
            UsageError: no such place, layers, or an effect that a manifest cannot carry.
        """
        patch = self.patch.with_macros_applied()
        if patch.layers:
            raise UsageError(
                f"{patch.name} has layers, and a pack holds what the model plays: capture the plugin (`nsynth-lab "
                "capture`) and blend it by name, or play notes with `nsynth-lab render`"
            )
        for slot in patch.effects:
            if slot.impulse and not slot.bypass:
                raise UsageError(f"{patch.name} has a convolution: its sound file is not in the preset, so no manifest "
                                 "could make the pack again; bypass it in a copy of the preset")  # fmt: skip
        try:
            there = patch.at(place)
        except PatchError as error:
            of = f"{patch.name} has " if self.preset else ""
            raise UsageError(f"position {place}: {of}{error}") from error
        return patch if self.positions == (patch.blend.place,) else there

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a manifest; values that only presets have are left out for a blend."""
        plain = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "patch"}
        values = {"sources": self.sources, **plain}
        if self.preset:
            return values
        blend = self.patch.blend
        own: dict[str, Any] = {"path": blend.interpolation} if blend.interpolation != "linear" else {}
        own |= {"track": blend.track} if blend.track else {}
        return {key: value for key, value in values.items() if key != "preset"} | own


def _check_apart(positions: Sequence[Place]) -> None:
    if len({tuple(round(value / LEAST_APART) for value in position) for position in positions}) != len(positions):
        raise UsageError(f"positions must be at least {LEAST_APART:g} apart")


def _check_choice(what: str, values: Sequence[object], allowed: Sequence[object], *, also: str = "") -> None:
    for value in values:
        if value not in allowed:
            alone = f", or {also} alone" if also else ""
            raise UsageError(f"{what} '{value}'; expected one of {', '.join(map(str, allowed))}{alone}")
    if len(set(values)) != len(values):
        raise UsageError(f"{what} {', '.join(map(str, values))}: one of them is given twice")
