"""BlendRequest: a note of a blend as a clip, alone or in a series, checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nsynth_lab.blend.curve import Curve, parse_curve
from nsynth_lab.errors import UsageError
from nsynth_lab.note import Note
from nsynth_lab.patch import Blend, blend_of
from nsynth_lab.patch.place import Place, Written
from nsynth_lab.units import samples_to_frames, seconds_to_samples

MAX_STEPS = 200
LONGEST_SERIES_SECONDS = 1_800.0
OWN_PLACES = ("timbre", "loudness", "partials")
SHORTEST_RENDER_SECONDS, LONGEST_RENDER_SECONDS = 0.05, 600.0


@dataclass(frozen=True)
class BlendRequest:
    """One clip of a blend, without the effects and envelope of a patch.

    Attributes:
        blend: the sources and where between them; its path is a morph over the note.
        note: key and velocity.
        seconds: length of the clip.

    Raises:
        UsageError: a length that cannot be rendered.
    """

    blend: Blend
    note: Note
    seconds: float = 3.0

    def __post_init__(self) -> None:
        check_seconds(self.seconds)

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the bank, sound files or .latents files."""
        return self.blend.corners

    @property
    def place(self) -> Place:
        """Position between the sources, or a weight for each of them."""
        return self.blend.place

    @property
    def frames(self) -> int:
        """Length in frames, rounded up."""
        return samples_to_frames(self.samples)

    @property
    def samples(self) -> int:
        """Length in samples."""
        return seconds_to_samples(self.seconds)

    def at(self, place: Place) -> BlendRequest:
        """The same note at another place, without its path."""
        return replace(self, blend=self.blend.at(place))

    def title(self) -> str:
        """The place of the blend as text."""
        if not self.place:
            return self.sources[0]
        return "morph" if self.blend.path else ", ".join(f"{value:.3g}" for value in self.place)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the recipe in the file's metadata."""
        blend = self.blend
        path = {"seconds": [at for at, *_ in blend.path], "positions": [_plain(place) for _, *place in blend.path]}
        return {
            "sources": blend.corners,
            "note": asdict(self.note),
            "seconds": self.seconds,
            "position": self.place,
            "curve": path if blend.path else None,
            **{stream: _plain(getattr(blend, stream)) for stream in OWN_PLACES},
            **({"path": blend.interpolation} if blend.interpolation != "linear" else {}),
            **({"track": blend.key_track} if blend.track else {}),
        }


def _plain(place: Sequence[float]) -> Sequence[float] | float | None:
    """A single number by itself; None for an empty place."""
    return place if len(place) > 1 else next(iter(place), None)


def parse_blend(
    sources: Sequence[str],
    note: Note,
    seconds: float,
    *,
    position: Written | None = None,
    weights: Written | None = None,
    path: str | None = None,
    curve: str | Curve = "",
    timbre: Written | None = None,
    loudness: Written | None = None,
    partials: Written | None = None,
    track: float | None = None,
    steps: int = 1,
    even: bool = False,
) -> list[BlendRequest]:
    """A clip of a blend, or a series, from options as written: see `blend_of`, `parse_curve` and `series_of`.

    Raises:
        UsageError: options that do not fit the number of sources, or each other.
    """
    if (position, weights) != (None, None) and (curve or steps > 1):
        raise UsageError(
            "--position and --weights are one place; --curve and --steps choose their own: leave one of them out"
        )
    morph = (parse_curve(curve) if isinstance(curve, str) else curve).points if curve else ()
    if morph and len(sources) != 2:
        raise UsageError("--curve is for blends of two sources")
    where = blend_of(
        sources,
        position=position,
        weights=weights,
        timbre=timbre,
        loudness=loudness,
        partials=partials,
        path=morph,
        interpolation=path or "linear",
        track=track,
    )
    return series_of(BlendRequest(where, note, seconds), steps=steps, even=even)


def series_of(request: BlendRequest, *, steps: int, even: bool = False) -> list[BlendRequest]:
    """The request itself or, for two sources, `steps` requests at equal distances from the first to the second.

    Raises:
        UsageError: too many steps, or a request that cannot be made a series.
    """
    moves = len(request.sources) == 2 and not request.blend.path
    if even and not moves:
        raise UsageError("--even is for positions between two sources, without --curve")
    if not 1 <= steps <= MAX_STEPS:
        raise UsageError(f"{steps} steps; expected 1 to {MAX_STEPS}")
    if steps == 1:
        return [request]
    if not moves:
        raise UsageError("--steps makes a series between two sources, without --curve")
    if steps * request.seconds > LONGEST_SERIES_SECONDS:
        raise UsageError(
            f"{steps} steps of {request.seconds:g} s; expected a series of {LONGEST_SERIES_SECONDS:g} s at most"
        )
    return [request.at((step / (steps - 1),)) for step in range(steps)]


def series_files(output: Path, count: int) -> list[Path]:
    """`output`, and next to it one file for each clip of a series.

    >>> [path.name for path in series_files(Path("a.wav"), 2)]
    ['a.wav', 'a-1.wav', 'a-2.wav']
    """
    if count == 1:
        return [output]
    numbers = [f"{step:0{len(str(count))}d}" for step in range(1, count + 1)]
    return [output, *(output.with_name(f"{output.stem}-{number}{output.suffix}") for number in numbers)]


def check_seconds(seconds: float) -> float:
    """`seconds`, if a clip can be that long.

    Raises:
        UsageError: out of range.
    """
    if not SHORTEST_RENDER_SECONDS <= seconds <= LONGEST_RENDER_SECONDS:
        raise UsageError(
            f"duration {seconds:g} s; expected {SHORTEST_RENDER_SECONDS:g} to {LONGEST_RENDER_SECONDS:g} s"
        )
    return seconds
