"""Bytes as they come off a wire to events, whatever the bytes are."""

from __future__ import annotations

from nsynth_lab.midi.events import Event
from nsynth_lab.midi.table import from_message, load_mido

LONGEST_EXCLUSIVE_BYTES = 65_536


class Parser:
    """`feed(bytes) -> events`. Unfinished messages wait for their rest; what is no MIDI is passed over.

    Running status and real-time bytes in the middle of a message are mido's work; here the memory is bounded: a system
    exclusive message without an end is given up after 64 kB.
    """

    def __init__(self) -> None:
        self._parser = load_mido().Parser()
        self._since_last_bytes = 0

    def feed(self, data: bytes, *, at_sample: int = 0) -> list[Event]:
        """The events that `data` completes, all at `at_sample`."""
        self._parser.feed(data)
        events = [from_message(message, at_sample=at_sample) for message in self._parser]
        heard = [event for event in events if event is not None]
        self._since_last_bytes = 0 if heard else self._since_last_bytes + len(data)
        if self._since_last_bytes > LONGEST_EXCLUSIVE_BYTES:
            self._parser, self._since_last_bytes = load_mido().Parser(), 0
        return heard
