"""Notes played through the panel's live engine: each at its sample, at any speed, and never one that hangs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import Event, Kind, note_off, note_on, setting
from nsynth_lab.panel.played_notes import Borders, Piece, PlayedNotes
from nsynth_lab.panel.switch import Switch
from nsynth_lab.units import SAMPLE_RATE, FloatArray

BLOCK = 256
SCALE = Piece(
    tuple(
        event
        for step, key in enumerate((60, 62, 64, 65))
        for event in (note_on(key, at_sample=1000 * step), note_off(key, at_sample=1000 * step + 900))
    ),
    4000,
)


class Heard:
    """The source's events, block after block, with the keys that are down after them."""

    def __init__(self, notes: PlayedNotes) -> None:
        self.notes, self.clock = notes, 10_000
        self.events: list[Event] = []
        self.down: set[tuple[int, int]] = set()

    def go_on(self, blocks: int) -> list[tuple[int, str, int]]:
        """(sample since the beginning, on or off, key) of the next blocks."""
        found = []
        for _ in range(blocks):
            for event in self.notes.events(self.clock, BLOCK):
                assert self.clock <= event.at_sample <= self.clock + BLOCK
                self.events.append(event)
                if event.kind is Kind.NOTE_ON:
                    self.down.add((event.channel, event.number))
                elif event.kind is Kind.NOTE_OFF:
                    self.down.discard((event.channel, event.number))
                found.append((event.at_sample - 10_000, event.kind.value[5:], event.number))
            self.clock += BLOCK
        return found


def heard_from(piece: Piece, *, at_seconds: float = 0.0, loops: bool = False, speed: float = 1.0) -> Heard:
    notes = PlayedNotes()
    notes.set_speed(speed)
    notes.play(piece, at_seconds=at_seconds, loops=loops)
    return Heard(notes)


@pytest.mark.parametrize("speed", [1.0, 0.5, 1.7])
def test_every_note_sounds_at_its_sample_at_any_speed(speed: float) -> None:
    heard = heard_from(SCALE, speed=speed).go_on(round(4000 / BLOCK / speed) + 2)
    assert heard == [(round(event.at_sample / speed), event.kind.value[5:], event.number) for event in SCALE.events]


def test_a_piece_ends_and_all_is_released_though_its_last_note_never_ends() -> None:
    heard = heard_from(Piece((note_on(60, channel=3), note_on(64, at_sample=100, channel=3)), 2000))
    assert heard.go_on(5) == [(0, "on", 60), (100, "on", 64)]
    assert heard.notes.moment.playing
    assert heard.notes.moment.seconds == pytest.approx(5 * BLOCK / SAMPLE_RATE)
    assert sorted(heard.go_on(5)) == [(2000, "off", 60), (2000, "off", 64)]
    assert not heard.down
    assert not heard.notes.moment.playing


def test_a_loop_begins_again_at_the_sample_after_its_end() -> None:
    heard = heard_from(SCALE, loops=True).go_on(36)
    ons = [at for at, what, _ in heard if what == "on"]
    assert ons == [1000 * step for step in range(10)]
    wrapped = heard_from(Piece((note_on(60),), 1000), loops=True).go_on(8)
    assert wrapped == [(0, "on", 60), (1000, "off", 60), (1000, "on", 60), (2000, "off", 60), (2000, "on", 60)]


def test_it_begins_anywhere_with_what_sounds_there_and_stops_at_once() -> None:
    heard = heard_from(SCALE, at_seconds=1450 / SAMPLE_RATE)
    assert heard.go_on(1) == [(0, "on", 62)]
    assert heard.go_on(1) == [(450, "off", 62)]
    heard.go_on(1)
    assert heard.down == {(0, 64)}
    heard.notes.stop()
    assert heard.go_on(1) == [(3 * BLOCK, "off", 64)]
    assert heard.go_on(9) == []


def test_playing_something_else_releases_what_sounds() -> None:
    heard = heard_from(SCALE)
    heard.go_on(1)
    heard.notes.play(Piece((note_on(60), note_off(60, at_sample=10)), 100))
    assert heard.go_on(1) == [(BLOCK, "off", 60), (BLOCK, "on", 60), (BLOCK + 10, "off", 60)]


def test_a_piece_is_exchanged_at_borders_alone_and_what_sounds_in_both_goes_on() -> None:
    low = Piece(
        (note_on(50), note_off(50, at_sample=700), note_on(60, at_sample=700), note_off(60, at_sample=3000)), 4000
    )
    high = Piece((note_on(60), note_off(60, at_sample=2500), note_on(72, at_sample=2500)), 4000)
    other = Piece((note_on(55), note_off(55, at_sample=3000)), 4000)
    chosen = [low, high, other, other, low]
    notes = PlayedNotes()
    notes.play(low, loops=True, borders=Borders(1000, lambda: chosen.pop(0)))
    heard = Heard(notes)
    assert heard.go_on(15) == [
        (0, "on", 50), (700, "off", 50), (700, "on", 60),
        (2500, "off", 60), (2500, "on", 72),  # that of `high`, which took over at 2000 while 60 sounded in both
        (3000, "off", 72),  # `other` is silent there
    ]  # fmt: skip
    assert heard.go_on(1) == [(4000, "on", 55)]
    heard.notes.stop()
    heard.go_on(1)
    assert not heard.down


def test_a_joined_note_is_struck_in_the_middle() -> None:
    """So that a position is heard at the next border, not at the next note."""
    notes = PlayedNotes()
    long = Piece((note_on(72, 80), note_off(72, at_sample=3900)), 4000)
    notes.play(SCALE, loops=True, borders=Borders(1000, lambda: long))
    assert (1000, "on", 72) in Heard(notes).go_on(5)


def test_what_moves_the_sound_is_sent_at_its_time_too() -> None:
    heard = heard_from(Piece((note_on(60), setting("x", 0.25, at_sample=300)), 1000))
    heard.go_on(2)
    assert [(event.kind, event.at_sample - 10_000, event.value) for event in heard.events[1:]] == [
        (Kind.SETTING, 300, 0.25)
    ]


def test_nothing_cannot_be_played() -> None:
    with pytest.raises(UsageError, match="no length"):
        PlayedNotes().play(Piece((), 0))


class Engine:
    """Takes events, and renders silence."""

    def __init__(self, clock: int) -> None:
        self.clock = clock
        self.sent: list[Event] = []

    def send(self, events: Iterable[Event]) -> None:
        self.sent += events

    def render(self, samples: int) -> FloatArray:
        self.clock += samples
        return np.zeros((2, samples), np.float32)


def test_a_source_is_sent_to_the_engine_that_plays_on_its_own_clock_whatever_the_blocks() -> None:
    for size in (64, 256, 1024):
        notes, engine = PlayedNotes(), Engine(clock=700)
        switch = Switch(engine)  # type: ignore[arg-type]
        switch.sources = (notes,)
        switch.render(512)
        notes.play(SCALE)
        for _ in range(5120 // size):
            switch.render(size)
        assert [event.at_sample for event in engine.sent] == [700 + 512 + event.at_sample for event in SCALE.events]
