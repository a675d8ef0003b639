"""Who gets a row of the decoder, who gives one up, and in which turn a voice takes its steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from nsynth_lab.synth.voice import Voice
from nsynth_lab.units import HOP_SAMPLES

TURN_SAMPLES = 256  # turns in which frames are planned: the frames of a voice fall into every other one
TURNS = HOP_SAMPLES // TURN_SAMPLES
SPARE_ROWS = 16  # for voices that still fade while others have taken their place


class Crowd:
    """The voices that sound, in the order in which they began, and the rows that are free, longest free first.

    Attributes:
        most: how many may sound at once; where time is short fewer than at the beginning.
    """

    def __init__(self, voices: int) -> None:
        self.most = self._full = voices
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

    def lead(self, begin_sample: int) -> int:
        """How much sooner than need be the frames of a voice that begins then are planned: not at all, or a turn.

        All voices of a turn take one step together, which costs little more than the step of one; two turns share
        the voices, so that no step is larger than it has to be.
        """
        own, sooner = (self._in_turn(sample) for sample in (begin_sample, begin_sample - TURN_SAMPLES))
        return TURN_SAMPLES if own >= -(-self._full // TURNS) and sooner < own else 0

    def _in_turn(self, sample: int) -> int:
        return sum(_turn(voice.begin_sample - voice.lead) == _turn(sample) for voice in self.voices)


def _turn(sample: int) -> int:
    return sample // TURN_SAMPLES % TURNS


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
