"""Voice allocation: which slot of the decoder a voice gets, which voice is stolen, and when a voice is updated.

A voice is updated once a frame (512 samples) in one of two phases of 256 samples, so that the voices due together take
one batched step and no block has to compute all of them. Frames are planned ahead of their time for the same reason.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from nsynth_lab.compiled.voices import HELD
from nsynth_lab.synth.voice import Voice, table
from nsynth_lab.units import HOP_SAMPLES, Ints

PHASE_SAMPLES = 256  # a voice is updated in every other phase
PHASES = HOP_SAMPLES // PHASE_SAMPLES
LOOK_AHEAD_SAMPLES = PHASE_SAMPLES // 2  # how early every frame is planned, so that steps can be taken in two phases
SPARE_SLOTS = 16  # for voices that fade out while new ones already have their place
MAX_UNLIMITED_VOICES = 4096  # bound on memory: a hostile song may ask for any number
SLOTS_AT_ONCE = 64


class VoiceAllocator:
    """The sounding voices, oldest first, and the free slots, longest free first.

    With `unlimited` there are as many slots as are needed; `voices` then only balances the update phases.

    Attributes:
        max_voices: how many may sound at once; lowered while the machine is overloaded.
        table: the numbers of all voices, one row per slot.
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
        """Voices of one key that are not fading out."""
        own, order = self.table, self.order
        wanted = ~own.fading[order] & (own.channel[order] == channel) & (own.key[order] == key)
        return [self.voices[place] for place in np.flatnonzero(wanted)]

    def make_free(self, needed: int) -> None:
        """Make sure that `needed` slots are free, as far as the table allows."""
        while len(self.free) < needed and self._slots < len(self.table.frames):
            more = range(self._slots, min(self._slots + SLOTS_AT_ONCE, len(self.table.frames)))
            self.free.extend(more)
            self._slots = more.stop

    def add(self, voice: Voice) -> None:
        """Add a voice that has begun."""
        self.voices.append(voice)
        self.__dict__.pop("order", None)

    def remove(self, slots: Sequence[int]) -> None:
        """Free these slots, whose voices have fallen silent."""
        if len(slots):
            self.voices = [voice for voice in self.voices if voice.slot not in slots]
            self.free.extend(slots)
            self.__dict__.pop("order", None)

    def look_ahead(self, begin_sample: int) -> int:
        """Look-ahead in samples for a voice starting at `begin_sample`: 0 or one phase, whichever balances the phases.

        The voices of a phase take one batched step, which costs little more than the step of one voice; with the voices
        spread over both phases, neither step is larger than it has to be.
        """
        phases = self.table.update_phase[self.order]
        own, sooner = (
            int((phases == phase_of(sample)).sum()) for sample in (begin_sample, begin_sample - PHASE_SAMPLES)
        )
        return PHASE_SAMPLES if own >= -(-self._full // PHASES) and sooner < own else 0


def phase_of(sample: int) -> int:
    """Update phase in which `sample` lies."""
    return sample // PHASE_SAMPLES % PHASES


def phase_end(sample: int) -> int:
    """End of the update phase in which `sample` lies."""
    return (sample // PHASE_SAMPLES + 1) * PHASE_SAMPLES


def steal_candidates(voices: Sequence[Voice]) -> Iterator[list[Voice]]:
    """Whole unisons in the order in which they are stolen.

    Released voices come first, the longest released before the others; then the quietest; then the oldest.
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
    """Voices to steal so that `needed` slots come free, in whole unisons."""
    gone: list[Voice] = []
    for unison in steal_candidates(voices) if needed > 0 else ():
        gone += unison
        if len(gone) >= needed:
            break
    return gone
