"""Who gets a slot of the decoder, who gives one up, and in which update phase a voice takes its steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from nsynth_lab.compiled.voices import HELD
from nsynth_lab.synth.voice import Voice, table
from nsynth_lab.units import HOP_SAMPLES, Ints

PHASE_SAMPLES = 256  # update phases: frames are planned in one of two, those of a voice in every other one
PHASES = HOP_SAMPLES // PHASE_SAMPLES
LOOK_AHEAD_SAMPLES = PHASE_SAMPLES // 2  # how early every frame is planned, so that steps can be taken in two phases
SPARE_SLOTS = 16  # for voices that still fade while others have taken their place
MAX_UNLIMITED_VOICES = 4096  # voices that nobody limits: a hostile song must not take all memory
SLOTS_AT_ONCE = 64


class VoiceAllocator:
    """The voices that sound, in the order in which they began, and the slots that are free, longest free first.

    `unlimited` there are as many slots as are needed, and `voices` says only how these share their phases.

    Attributes:
        max_voices: how many may sound at once; where time is short fewer than at the beginning.
        table: the numbers of all voices, a slot each.
    """

    def __init__(self, voices: int, *, unlimited: bool = False) -> None:
        self._full = voices
        self.max_voices = max(voices, MAX_UNLIMITED_VOICES) if unlimited else voices
        self.voices: list[Voice] = []
        self.free = deque(range(voices + SPARE_SLOTS))
        self._slots = len(self.free)
        self.table = table(self.max_voices + SPARE_SLOTS)

    @cached_property
    def order(self) -> Ints:
        """The slots of `voices`."""
        return np.array([voice.slot for voice in self.voices], np.int64)

    def sounding(self) -> list[Voice]:
        """Voices that are not fading out."""
        return [self.voices[place] for place in np.flatnonzero(~self.table.fading[self.order])]

    def playing(self, channel: int, key: int) -> list[Voice]:
        """Of these the voices of one key."""
        own, order = self.table, self.order
        wanted = ~own.fading[order] & (own.channel[order] == channel) & (own.key[order] == key)
        return [self.voices[place] for place in np.flatnonzero(wanted)]

    def make_free(self, needed: int) -> None:
        """Have so many free slots, if there may be more of them."""
        while len(self.free) < needed and self._slots < len(self.table.frames):
            more = range(self._slots, min(self._slots + SLOTS_AT_ONCE, len(self.table.frames)))
            self.free.extend(more)
            self._slots = more.stop

    def add(self, voice: Voice) -> None:
        """It has begun."""
        self.voices.append(voice)
        self.__dict__.pop("order", None)

    def remove(self, slots: Sequence[int]) -> None:
        """The voices of these have fallen silent: they are free."""
        if len(slots):
            self.voices = [voice for voice in self.voices if voice.slot not in slots]
            self.free.extend(slots)
            self.__dict__.pop("order", None)

    def look_ahead(self, begin_sample: int) -> int:
        """How much sooner than need be the frames of a voice that begins then are planned: not at all, or one phase.

        All voices of a phase take one step together, which costs little more than the step of one; two phases share
        the voices, so that no step is larger than it has to be.
        """
        phases = self.table.update_phase[self.order]
        own, sooner = (
            int((phases == phase_of(sample)).sum()) for sample in (begin_sample, begin_sample - PHASE_SAMPLES)
        )
        return PHASE_SAMPLES if own >= -(-self._full // PHASES) and sooner < own else 0


def phase_of(sample: int) -> int:
    """Which of the phases it lies in."""
    return sample // PHASE_SAMPLES % PHASES


def phase_end(sample: int) -> int:
    """Of the phase in which it lies."""
    return (sample // PHASE_SAMPLES + 1) * PHASE_SAMPLES


def steal_candidates(voices: Sequence[Voice]) -> Iterator[list[Voice]]:
    """Whole unisons in the order in which they are taken away, sorted once however many are.

    First those let go, the one let go longest ago before the others, then the quietest, then the oldest.
    """
    if not voices:
        return
    own, slots = voices[0].table, np.array([voice.slot for voice in voices])
    held = own.released_frame[slots] == HELD
    since = np.where(held, 0, own.released_frame[slots] - own.frames[slots])
    serials = own.serial[slots]
    order = serials[np.lexsort((serials, own.level_db[slots], since, held))]
    for serial in dict.fromkeys(order.tolist()):
        yield [voices[place] for place in np.flatnonzero(serials == serial).tolist()]


def voices_to_steal(voices: Sequence[Voice], needed: int) -> list[Voice]:
    """Voices to take away so that `needed` slots come free, whole unisons first to last."""
    gone: list[Voice] = []
    for unison in steal_candidates(voices) if needed > 0 else ():
        gone += unison
        if len(gone) >= needed:
            break
    return gone
