"""Task: a piece of work to time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A function that makes audio.

    Attributes:
        run: makes the audio.
        audio_seconds: length of audio that one call makes.
        about: a short description.
    """

    run: Callable[[], object]
    audio_seconds: float
    about: str
