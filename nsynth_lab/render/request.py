"""BlendRequest: what is asked for, checked before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.blend import Curve, corners, pair
from nsynth_lab.errors import UsageError
from nsynth_lab.note import Note
from nsynth_lab.units import FRAME_RATE_HZ, samples_to_frames, seconds_to_samples

SHORTEST_RENDER_SECONDS, LONGEST_RENDER_SECONDS = 0.05, 600.0


@dataclass(frozen=True)
class BlendRequest:
    """One blend: who, where between them, which note, how long.

    Attributes:
        sources: names of the bank, sound files or .latents files; two, or four for corners.
        position: [1] between two, [2] between four; ignored where `curve` is given.
        curve: position over time, for two sources.
        timbre, loudness, partials: a position of its own for a stream, for two sources.

    Raises:
        UsageError: numbers that do not fit each other, or out of range.
    """

    sources: tuple[str, ...]
    note: Note
    seconds: float = 3.0
    position: tuple[float, ...] = (0.5,)
    curve: Curve | None = None
    timbre: float | None = None
    loudness: float | None = None
    partials: float | None = None

    def __post_init__(self) -> None:
        if len(self.sources) not in (2, 4):
            raise UsageError(f"{len(self.sources)} sources; a blend takes two (A B) or four (A B C D)")
        if len(self.position) != len(self.sources) // 2:
            raise UsageError(
                f"position has {len(self.position)} number(s); {len(self.sources)} sources take "
                f"{'one, as 0.5' if len(self.sources) == 2 else 'two, as 0.2,0.7'}"
            )
        if len(self.sources) == 4 and any(
            value is not None for value in (self.curve, self.timbre, self.loudness, self.partials)
        ):
            raise UsageError("--curve, --timbre, --loudness and --partials are for blends of two sources")
        for own in (self.timbre, self.loudness, self.partials):
            if own is not None:
                pair(own)  # says what is wrong before anything is loaded
        check_seconds(self.seconds)

    def weights(self) -> NDArray[np.float64]:
        """[sources], or [frames, sources] along a curve."""
        if self.curve is not None:
            seconds = (np.arange(self.frames) + 1) / FRAME_RATE_HZ
            return pair(self.curve.at(seconds))
        return pair(self.position[0]) if len(self.sources) == 2 else corners(*self.position)

    @property
    def frames(self) -> int:
        """Length in frames, of which the last may be wanted in part."""
        return samples_to_frames(self.samples)

    @property
    def samples(self) -> int:
        """Length in samples."""
        return seconds_to_samples(self.seconds)

    def title(self) -> str:
        """Where the blend is, in a word."""
        return "morph" if self.curve else ", ".join(f"{value:.3g}" for value in self.position)


def check_seconds(seconds: float) -> float:
    """The length asked for, if it can be rendered.

    Raises:
        UsageError: it cannot.
    """
    if not SHORTEST_RENDER_SECONDS <= seconds <= LONGEST_RENDER_SECONDS:
        raise UsageError(
            f"duration {seconds:g} s; expected {SHORTEST_RENDER_SECONDS:g} to {LONGEST_RENDER_SECONDS:g} s"
        )
    return seconds
