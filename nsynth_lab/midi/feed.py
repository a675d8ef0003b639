"""A song handed out as it is needed, so that an engine never waits on more events than a block has."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from nsynth_lab.midi.events import Event


class Feed:
    """`until(sample)`: of events in order of time, those before it that were not handed out yet.

    >>> from nsynth_lab.midi.events import note_on
    >>> feed = Feed([note_on(60), note_on(62, at_sample=480)])
    >>> [event.number for event in feed.until(480)], [event.number for event in feed.until(481)]
    ([60], [62])
    """

    def __init__(self, events: Sequence[Event] = ()) -> None:
        self._events, self._next = events, 0

    def until(self, sample: int) -> Sequence[Event]:
        """See above."""
        begin, key = self._next, lambda event: event.at_sample
        self._next = bisect_left(self._events, sample, lo=begin, key=key)
        return self._events[begin : self._next]
