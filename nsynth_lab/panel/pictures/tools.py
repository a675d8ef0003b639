"""Tools: what the process beside the engine renders with, loaded when it is first needed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from nsynth_lab.latents import Latents
from nsynth_lab.render.session import Session
from nsynth_lab.runtime.clips import Clip, decode_blocks
from nsynth_lab.units import FloatArray, track_hz

MOST_AT_ONCE = 8


class Tools:
    """The checkpoint in `folder`, on the processor, and its decoder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def session(self) -> Session:
        """With the bank, and the user's own instruments, as they were when it was first needed."""
        return Session(self._folder, device="cpu")

    def session_with(self, names: Sequence[str]) -> Session:
        """The session, read anew if its bank does not have these instruments: they may have come since.

        Raises:
            UsageError: it does not have them now.
        """
        if not all(map(self.session.bank.holds, names)):
            del self.session
        for name in names:
            self.session.bank.find(name)
        return self.session

    def decoded(self, notes: Sequence[Latents]) -> list[FloatArray]:
        """The sounds [samples] of notes of one length, in compiled loops, on one thread."""
        found: list[FloatArray] = []
        for first in range(0, len(notes), MOST_AT_ONCE):
            some = notes[first : first + MOST_AT_ONCE]
            clips = [Clip(one, track_hz(one.note, one.f0_cents)) for one in some]
            twice = clips * 2 if len(clips) == 1 else clips  # one alone would take the slow way of a first clip
            blocks = list(decode_blocks(twice, self.session.checkpoint, threads=1))
            found += list(np.concatenate(blocks, axis=1)[: len(clips)])
        return found
