"""Turns live input into events for the engine, block by block.

    source.read() --> Follower --> NoteMaker --> events, each at a sample of the engine's clock

Follower and note maker are those that `translate` uses for recordings, and the distances in time between events stay
as they are. So what is played is what a recording of the same input would give, only later, by the offset between the
clock of the input and that of the engine: a whole number of the decoder's frames. The first half second shows how
unevenly the device delivers its blocks, and the offset is the smallest that covers it. Later the two devices may
drift apart, or an underrun may stop one of them: then the offset grows by whole hops where one was late, and shrinks
where all hops of a second were early.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Protocol

import numpy as np

from nsynth_lab.analysis.first_pitch import samples_needed
from nsynth_lab.analysis.follower import DEFAULT_GATE_DB, HOP, MOST_AROUND_HOPS, Follower, Heard
from nsynth_lab.midi.events import Event
from nsynth_lab.synth.planner import GRID_SAMPLES
from nsynth_lab.translate.feedback_guard import FeedbackGuard
from nsynth_lab.translate.live_hum import LiveHum
from nsynth_lab.translate.live_levelling import LOUDEST_DB, LiveLevelling
from nsynth_lab.translate.live_voices import LiveVoices
from nsynth_lab.translate.note_maker import SOONEST_SAMPLES, NoteMaker
from nsynth_lab.translate.rules import Rules
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray

FILLING_SAMPLES = SAMPLE_RATE // 4  # at the beginning blocks are made in a burst, to fill the device's buffer
SETTLING_SAMPLES = SAMPLE_RATE // 2
MOST_SLACK_SAMPLES = SAMPLE_RATE // 4
EARLY_SAMPLES = SAMPLE_RATE  # all earlier than needed for so long: the offset shrinks
LATE_SAMPLES = GRID_SAMPLES  # less makes no difference, since events take effect on that grid
GONE_SAMPLES = SAMPLE_RATE // 4  # nothing has come for so long: the note ends
NEVER = 1 << 60  # samples

STATED_HZ = 200.0  # the tone whose latency is stated: high ones are known sooner, low ones later

NOTHING = Heard(math.nan, -100.0, 0.0, 0)


def even_hops(hops: int) -> int:
    """The number of hops rounded up to a whole number of the decoder's frames.

    >>> even_hops(0), even_hops(9), even_hops(20)
    (0, 10, 20)
    """
    frame = HOP_SAMPLES // HOP
    return -(-hops // frame) * frame


class Source(Protocol):
    """A live input, such as `sinks.device_input.DeviceInput`."""

    @property
    def called(self) -> str:
        """Its name in messages to the player."""

    @property
    def latency_seconds(self) -> float:
        """Seconds from a sound until its block can be read, without the length of the block itself."""

    @property
    def away(self) -> bool:
        """Whether the device has been lost."""

    @property
    def overflows(self) -> int:
        """How often samples were lost."""

    def read(self) -> FloatArray:
        """The mono samples at 48 kHz that have come since the last call; never waits."""


class LiveNotes:
    """Follows a live input; call `events` once before each block that the engine makes.

    Args:
        source: the input.
        rules: how it is played.
        block_samples: of the engine.
        gate_db: peak level in dB of full scale below which nothing is heard.
        makeup_db: gain of the input in dB; it is learnt if it is not given.
        look_ahead_hops: by how many hops everything is heard and played later, rounded by `even_hops`; see `Follower`.
        voices: finds out whether several notes sound at once; one that has told so does not tell it again.

    Attributes:
        heard: the latest hop.
        skipped_samples: how much of the input came before the clocks were set and is not played; negative where
            silence was put before it.
    """

    def __init__(
        self,
        source: Source,
        rules: Rules,
        *,
        block_samples: int,
        gate_db: float = DEFAULT_GATE_DB,
        makeup_db: float | None = None,
        look_ahead_hops: int = 0,
        voices: LiveVoices | None = None,
    ) -> None:
        self._source, self._rules, self._gate_db = source, rules, gate_db
        self._block, self._ahead_hops = block_samples, even_hops(look_ahead_hops)
        self._levelling, self._guard, self._hum = LiveLevelling(makeup_db), FeedbackGuard(), LiveHum()
        self._voices = voices or LiveVoices(late_hops=self._ahead_hops)
        self._was_away = False
        self.heard, self.skipped_samples = NOTHING, 0
        self._come = 0  # samples so far
        self._slack: int | None = None
        self._begun: int | None = None
        self._readings: list[tuple[int, int]] = []  # the clock, and samples that had come
        self._begin_anew()

    @property
    def away(self) -> bool:
        """Whether the input has been lost."""
        return self._source.away

    @property
    def latency_seconds(self) -> float:
        """Seconds from the beginning of a tone of 200 Hz at the input to the block in which it is played, at most."""
        ahead = self._ahead_hops * HOP
        needed = max(samples_needed(STATED_HZ) - min(ahead, MOST_AROUND_HOPS * HOP), SOONEST_SAMPLES) + ahead
        return self._source.latency_seconds + (max(self._block, HOP) + needed + self._waited) / SAMPLE_RATE

    def troubles(self) -> list[str]:
        """News for the player since the last call, one line each: input lost or back, feedback, hum, several voices."""
        told = self._guard.troubles() + self._hum.troubles() + self._voices.troubles()
        if self._source.away != self._was_away:
            self._was_away = self._source.away
            told.append(f"{self._source.called} {'is lost; looking for it' if self._was_away else 'is back'}")
        return told

    @property
    def offset_samples(self) -> int:
        """By how many samples the engine's clock is ahead of the input's; 0 before there was any input."""
        return self._offset or 0

    def events(self, clock: int) -> list[Event]:
        """The events of all input that has come; the engine's next block begins at the sample `clock`."""
        samples = self._hum.process(self._source.read())
        if not len(samples):
            return self._gone(clock)
        self._come += len(samples)
        if self._offset is None:
            samples = self._settled(samples, clock)
        self._came_at = clock
        self._voices.feed(samples)
        events: list[Event] = []
        for heard in self._follower.feed(samples):
            self._heard_samples += HOP
            self._keep_in_time(clock)
            self.heard = heard
            self._voices.hear(heard)
            levelled = self._levelling.levelled(heard)
            events += self._maker.hear(levelled)
            turned = self._guard.hear(heard, loudest=levelled.level_db >= LOUDEST_DB)
            events += [event.at(self._heard_samples) for event in turned]
        return [event.at(event.at_sample + self.offset_samples) for event in events]

    def _begin_anew(self) -> None:
        self._follower = Follower(gate_db=self._gate_db, look_ahead_hops=self._ahead_hops)
        self._maker = NoteMaker(self._rules)
        self._offset: int | None = None
        self._heard_samples = self._backlog = self._came_at = self._waited = 0
        self._surplus = 0
        self._watch_from(0)

    def _watch_from(self, clock: int) -> None:
        """From now on see by how much even the latest hop is early."""
        self._earliest, self._since = NEVER, clock

    def _settled(self, samples: FloatArray, clock: int) -> FloatArray:
        """The samples to follow: none until the offset is known, then so many that hops end where frames may begin."""
        if self._slack is None:
            self._slack = self._measured_slack(clock)
        if self._slack is None:
            return samples[:0]
        wanted = clock + self._slack + self._ahead_hops * HOP
        count = wanted % HOP_SAMPLES
        self._offset, self._since, self.skipped_samples = wanted - count, clock, self._come - count
        self._backlog = count
        return np.concatenate([np.zeros(count, np.float32), samples])[-count:] if count else samples[:0]

    def _measured_slack(self, clock: int) -> int | None:
        """How long hops have to wait; None while too few blocks have come to say so."""
        if self._begun is None:
            self._begun = clock
        if clock - self._begun >= FILLING_SAMPLES:
            self._readings.append((clock, self._come))
        return self._least_slack() if clock - self._begun >= SETTLING_SAMPLES else None

    def _least_slack(self) -> int:
        """How long a hop that ends now has to wait so that none of those that have come so far would have been late."""
        now, come = self._readings[-1]

        def covers(slack: int) -> bool:
            phase, shift = (come - (now + slack) % HOP_SAMPLES) % HOP, now + slack - come
            for (_, before), (clock, after) in pairwise(self._readings):
                first = before + ((phase - before) % HOP or HOP)  # the end of the hop for which a reading comes latest
                if first <= after and first + shift <= clock - LATE_SAMPLES:
                    return False
            return True

        return next(filter(covers, range(0, MOST_SLACK_SAMPLES, GRID_SAMPLES)), MOST_SLACK_SAMPLES)

    def _keep_in_time(self, clock: int) -> None:
        """Move the offset if the hop that has just been heard is late, or if all were early."""
        if self._heard_samples <= self._backlog:
            return
        early = self._heard_samples + self.offset_samples - clock
        if early <= -LATE_SAMPLES:
            self._offset, self._surplus = self.offset_samples + HOP * math.ceil(-early / HOP), 0
            self._watch_from(clock)
            return
        self._earliest, self._waited = min(self._earliest, early), max(early, 0)
        if clock - self._since > EARLY_SAMPLES:
            self._surplus = self._earliest // HOP
            self._watch_from(clock)
        if self._surplus > 0:  # a hop at a time, so that no event overtakes another
            self._surplus -= 1
            self._offset = self.offset_samples - HOP
            self._watch_from(clock)

    def _gone(self, clock: int) -> list[Event]:
        """Nothing has come for a quarter of a second: the note ends, and what comes then sets the clocks anew."""
        if self._offset is None or clock - self._came_at < GONE_SAMPLES:
            return []
        events = [event.at(clock) for event in self._maker.end()]
        self.heard = NOTHING
        self._begin_anew()
        return events
