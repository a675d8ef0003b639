"""Who gets a row of the decoder, who gives one up, and at which sample a note may begin."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from nsynth_lab.synth.voice import Voice
from nsynth_lab.units import HOP_SAMPLES

SPARE_ROWS = 16  # for voices that still fade while others have taken their place


class Crowd:
    """The voices that sound, in the order in which they began, and the rows that are free, longest free first.

    Attributes:
        most: how many may sound at once; where time is short fewer than at the beginning.
    """

    def __init__(self, voices: int, slot_samples: int) -> None:
        self.most = self._full = voices
        self.slot_samples = slot_samples
        self.slots = HOP_SAMPLES // slot_samples
        self.voices: list[Voice] = []
        self.free = deque(range(voices + SPARE_ROWS))

    @property
    def rows(self) -> int:
        """Of the decoder."""
        return self._full + SPARE_ROWS

    def sounding(self) -> list[Voice]:
        """Voices that are not fading out."""
        return [voice for voice in self.voices if not voice.fading]

    def remove(self, voice: Voice) -> None:
        """It has fallen silent: its row is free."""
        self.voices.remove(voice)
        self.free.append(voice.row)

    def begin(self, at_sample: int) -> int:
        """When a note of `at_sample` may begin: then, or a slot later if too many frames fall into its own slot.

        A voice takes a step every 512 samples, so voices that begin in different slots are never due together.
        """
        crowded = -(-self._full // self.slots)
        here, later = (self._in_slot(sample) for sample in (at_sample, at_sample + self.slot_samples))
        return at_sample + self.slot_samples if here >= crowded and later < here else at_sample

    def _in_slot(self, sample: int) -> int:
        return sum(self._slot(voice.begin_sample) == self._slot(sample) for voice in self.voices)

    def _slot(self, sample: int) -> int:
        return sample // self.slot_samples % self.slots


def first_to_go(voices: Iterable[Voice]) -> Voice | None:
    """The voice to take away: of those let go the one let go longest ago, else the quietest, else the oldest."""
    return min(voices, key=_claim, default=None)


def _claim(voice: Voice) -> tuple[bool, float, float, int]:
    if voice.released_frame is None:
        return True, 0.0, voice.level_db, voice.serial
    return False, voice.released_frame - voice.frames, voice.level_db, voice.serial


def stolen_keys(voices: Sequence[Voice], needed: int) -> list[Voice]:
    """Voices to take away so that `needed` rows come free, whole unisons first to last."""
    gone: list[Voice] = []
    rest = list(voices)
    while len(gone) < needed and (first := first_to_go(rest)) is not None:
        group = [voice for voice in rest if voice.serial == first.serial]
        gone += group
        rest = [voice for voice in rest if voice.serial != first.serial]
    return gone
