"""Task: something that makes audio, and how much of it in one go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """What is timed.

    Attributes:
        run: makes the audio once.
        audio_seconds: it makes.
        about: what it is, in a few words.
    """

    run: Callable[[], object]
    audio_seconds: float
    about: str
