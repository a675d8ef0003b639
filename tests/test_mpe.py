"""MPE through the engine: bend, pressure, volume and slide of each note, and those of its zone's manager."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from playing import SECOND, Heard, played, small_engine

from nsynth_lab.midi.events import Event, Kind, bend, control, note_off, note_on
from nsynth_lab.patch import Blend, Patch, Voice
from nsynth_lab.render.play_request import PlayRequest, parse_play
from nsynth_lab.synth.channels import Channels
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.settings import Settings
from nsynth_lab.units import FloatArray

NEAR = 0.2  # of a semitone: the instrument has a vibrato of its own
MANAGER, MEMBER, OTHER = 0, 1, 2
LONG = Settings(mpe=True, x=0.0, vibrato_cents=0.0, release_ms=4_000.0)
UP = 4096  # half of the range


def pressure(value: int, *, channel: int, at_sample: int = 0) -> Event:
    return Event(Kind.PRESSURE, channel, 0, value, at_sample=at_sample)


def zone(manager: int, members: int, *, at_sample: int = 0) -> list[Event]:
    rpn = ((101, 0), (100, 6), (6, members))
    return [control(number, value, channel=manager, at_sample=at_sample) for number, value in rpn]


def bend_range(channel: int, semitones: int, cents: int = 0, *, at_sample: int = 0) -> list[Event]:
    rpn = ((101, 0), (100, 0), (6, semitones), (38, cents))
    return [control(number, value, channel=channel, at_sample=at_sample) for number, value in rpn]


def sound(events: Sequence[Event], settings: Settings = LONG) -> FloatArray:
    return played(small_engine(settings), sorted(events, key=lambda event: event.at_sample), samples=SECOND)


def pitch_of(events: Sequence[Event], settings: Settings = LONG, *, slot: int = 0, at: float = 0.8) -> float:
    """Pitch asked of the decoder for that slot in the tenth of a second from `at` on."""
    engine = small_engine(settings)
    heard = Heard(engine)
    played(engine, sorted(events, key=lambda event: event.at_sample), samples=SECOND)
    return np.mean(
        [pitch for clock, own, pitch in heard.pitch if own == slot and 0 <= clock - at * SECOND < 4_800]
    ).item()


EXPRESSION = [
    bend(UP, channel=MEMBER, at_sample=16_000),
    pressure(127, channel=MEMBER, at_sample=16_000),
    control(7, 20, channel=MEMBER, at_sample=16_000),
    control(11, 20, channel=MEMBER, at_sample=16_000),
    control(74, 127, channel=MEMBER, at_sample=16_000),
    *bend_range(MEMBER, 12, at_sample=16_000),
]
PEDALS = {"no pedal": [], "sustain": [control(64, 127)], "sostenuto": [control(66, 127, at_sample=9_000)]}


@pytest.mark.parametrize("pedal", PEDALS)
def test_controllers_after_the_note_off_move_the_next_note_and_not_the_last(pedal: str) -> None:
    """Bit for bit: the release, or the note held by a pedal, sounds as if no more messages had come."""
    note = [bend(UP // 2, channel=MEMBER), note_on(60, channel=MEMBER), note_off(60, channel=MEMBER, at_sample=14_400)]
    silent, spoken = (sound([*PEDALS[pedal], *note, *more]) for more in ([], EXPRESSION))
    assert np.abs(silent[:, 16_500:]).max() > 1e-3
    assert np.array_equal(silent, spoken)
    held = note[:2]
    assert not np.array_equal(sound(held), sound([*held, *EXPRESSION])), "while its key is down all of it is heard"


def test_a_reused_channel_bends_only_the_new_note() -> None:
    events = [
        note_on(60, channel=MEMBER),
        note_off(60, channel=MEMBER, at_sample=14_400),
        bend(UP, channel=MEMBER, at_sample=15_900),
        note_on(62, channel=MEMBER, at_sample=16_000),
    ]
    assert pitch_of(events, slot=0, at=0.35) == pytest.approx(60.0, abs=NEAR)
    assert pitch_of(events, slot=1) == pytest.approx(86.0, abs=NEAR)


def test_a_released_note_still_follows_the_manager_and_a_plain_channel() -> None:
    off = [note_on(60, channel=MEMBER), note_off(60, channel=MEMBER, at_sample=14_400)]
    assert pitch_of([*off, bend(UP, channel=MANAGER, at_sample=16_000)], at=0.35) == pytest.approx(61.0, abs=NEAR)
    plain = Settings(x=0.0, vibrato_cents=0.0, release_ms=4_000.0)
    up = bend(UP, channel=MEMBER, at_sample=16_000)
    assert pitch_of([*off, up], plain, at=0.35) == pytest.approx(61.0, abs=NEAR)


def test_a_tied_note_follows_the_channel_of_the_key_it_went_to() -> None:
    legato = Settings(mpe=True, x=0.0, vibrato_cents=0.0, mode="legato", glide_ms=0.0)
    events = [
        control(64, 127),
        note_on(60, channel=MEMBER),
        note_off(60, channel=MEMBER, at_sample=9_600),
        note_on(64, channel=OTHER, at_sample=14_400),
        bend(UP, channel=OTHER, at_sample=16_000),
    ]
    assert pitch_of(events, legato) == pytest.approx(88.0, abs=NEAR)


@pytest.mark.parametrize(("controller", "held_by"), [(64, MANAGER), (66, MANAGER), (64, 15), (66, 15)])
def test_the_managers_pedals_hold_all_notes_of_its_zone_and_no_other(controller: int, held_by: int) -> None:
    engine = small_engine(Settings(x=0.0))
    keys = {1: 60, 2: 62, 13: 64, 14: 66}
    events = [
        *zone(0, 4),
        *zone(15, 4),
        *(note_on(key, channel=channel, at_sample=64) for channel, key in keys.items()),
        control(controller, 127, channel=held_by, at_sample=4_800),
        *(note_off(key, channel=channel, at_sample=9_600) for channel, key in keys.items()),
        control(controller, 0, channel=held_by, at_sample=SECOND // 2),
    ]

    def held() -> list[int]:
        return sorted(voice.key for voice in engine.player.allocator.voices if not voice.released)

    played(engine, events, samples=SECOND // 3)
    assert held() == ([60, 62] if held_by == MANAGER else [64, 66])
    played(engine, [], samples=SECOND // 3)
    assert held() == []


def test_the_managers_bend_pressure_volume_and_program_apply_to_the_zone() -> None:
    notes = [note_on(60, channel=MEMBER), note_on(64, channel=OTHER)]
    bent = [*notes, bend(UP, channel=MANAGER, at_sample=9_600)]
    assert [pitch_of(bent, slot=slot) for slot in (0, 1)] == pytest.approx([61.0, 65.0], abs=NEAR)
    quiet = sound([*notes, control(7, 50, channel=MANAGER)])
    np.testing.assert_allclose(quiet, sound(notes) * 0.25, atol=1e-6)
    engine = small_engine(LONG)
    heard = Heard(engine)
    played(engine, [*notes, pressure(127, channel=MANAGER, at_sample=SECOND // 2)], samples=SECOND)
    for slot in (0, 1):
        before, after = (
            np.mean([level for at, own, level in heard.level if own == slot and begin <= at < begin + 4_800])
            for begin in (SECOND // 2 - 4_800, SECOND // 2 + 4_800)
        )
        assert after - before == pytest.approx(6.0, abs=1.0)
    channels = Channels()
    channels.set_zone(0, 3)
    channels.handle(Event(Kind.PROGRAM, 0, 5, 0))
    assert [channels.each[index].program for index in range(5)] == [5, 5, 5, 5, 0]


@pytest.mark.parametrize("number", [120, 123])
def test_the_managers_all_off_silences_the_whole_zone(number: int) -> None:
    engine = small_engine(Settings(mpe=True, x=0.0))
    notes = [note_on(60, channel=MEMBER), note_on(64, channel=OTHER), note_on(67, channel=MANAGER)]
    played(engine, [*notes, control(number, 0, channel=MANAGER, at_sample=4_800)], samples=9_600)
    assert all(voice.released for voice in engine.player.allocator.voices)


def test_a_bend_range_option_holds_under_mpe_until_an_rpn_sets_another() -> None:
    def settings(*sets: str) -> Settings:
        return parse_play(["flute"], mpe=True, sets=["vibrato_cents=0", *sets]).settings()

    own = [bend(UP, channel=MEMBER), note_on(60, channel=MEMBER)]
    wheel = [bend(UP, channel=MANAGER), note_on(60, channel=MEMBER)]
    again = zone(0, 15)
    assert pitch_of(own, settings()) == pytest.approx(84.0, abs=NEAR)
    asked = settings("bend_semitones=24")
    assert pitch_of(own, asked) == pytest.approx(72.0, abs=NEAR)
    assert pitch_of([*again, *own], asked) == pytest.approx(72.0, abs=NEAR), "a zone's message names no range"
    assert pitch_of(wheel, asked) == pytest.approx(61.0, abs=NEAR)
    assert pitch_of([*bend_range(OTHER, 12, 50), *own], asked) == pytest.approx(66.25, abs=NEAR), "of any member"
    assert pitch_of([*bend_range(OTHER, 12), *again, *own], asked) == pytest.approx(72.0, abs=NEAR)
    assert pitch_of([*bend_range(MANAGER, 12), *wheel], asked) == pytest.approx(66.0, abs=NEAR)


def test_a_preset_keeps_its_wheel_range_and_its_notes_bend_by_mpes() -> None:
    patch = Patch("a", Blend(("a", "b")), voice=Voice(bend_semitones=7.0))
    settings = PlayRequest(preset="a", mpe=True).settings_of(patch, seed=0)
    assert (settings.bend_range(member=True), settings.bend_range(member=False)) == (48.0, 7.0)
    asked = parse_play(preset="a", mpe=True, sets=["bend_semitones=2"])
    assert asked.settings_of(patch, seed=0).bend_range(member=True) == 2.0
    plain = PlayRequest(preset="a")
    assert plain.settings_of(patch, seed=0).bend_range(member=False) == 7.0


def test_a_zone_that_begins_or_ends_stops_its_notes_and_takes_back_bend_and_range() -> None:
    def after(events: Sequence[Event], *, channel: int) -> tuple[Engine, float]:
        engine = small_engine(Settings(x=0.0))
        played(engine, [note_on(60, channel=channel), *events], samples=9_600)
        return engine, engine.player.channels.controls(channel, engine.player.settings).bend_semitones

    said = [
        *bend_range(MEMBER, 7, at_sample=64),
        bend(UP, channel=MEMBER, at_sample=128),
        pressure(90, channel=MEMBER, at_sample=128),
        control(7, 30, channel=MEMBER, at_sample=128),
        control(64, 127, channel=MEMBER, at_sample=128),
    ]
    _, bent = after(said, channel=MEMBER)
    assert bent == pytest.approx(3.5)
    begun, bent = after([*said, *zone(0, 4, at_sample=4_800)], channel=MEMBER)
    assert bent == 0.0
    assert not begun.player.allocator.voices
    assert begun.player.channels.controls(MEMBER, Settings()).gain == 1.0
    assert not begun.player.channels.sustains(MEMBER)
    ended, bent = after([*zone(0, 4), *said, *zone(0, 0, at_sample=4_800)], channel=MEMBER)
    assert (bent, ended.player.allocator.voices) == (0.0, [])
    played(ended, [bend(UP, channel=MEMBER)], samples=512)
    assert ended.player.channels.controls(MEMBER, Settings()).bend_semitones == pytest.approx(1.0), (
        "a wheel's two semitones again"
    )
    _, bent = after([*zone(0, 4), *said, *zone(0, 3, at_sample=4_800)], channel=MEMBER)
    assert bent == pytest.approx(24.0), "a channel that stays goes on, at the zone's first range"
    stays, _ = after([*said, *zone(0, 4, at_sample=4_800)], channel=9)
    assert len(stays.player.allocator.voices) == 1, "a channel outside goes on"


@pytest.mark.parametrize(
    ("messages", "zones"),
    [
        ([(0, 15)], {0: range(1, 16)}),
        ([(15, 15)], {15: range(15)}),
        ([(0, 15), (15, 2)], {0: range(1, 13), 15: (13, 14)}),
        ([(15, 15), (0, 3)], {0: (1, 2, 3), 15: range(4, 15)}),
        ([(0, 7), (15, 7)], {0: range(1, 8), 15: range(8, 15)}),
        ([(0, 7), (15, 7), (0, 14)], {0: range(1, 15)}),
        ([(0, 7), (15, 7), (0, 15)], {0: range(1, 16)}),
        ([(0, 7), (15, 7), (15, 0)], {0: range(1, 8)}),
        ([(3, 7)], {}),
        ([(0, 127)], {0: range(1, 16)}),
    ],
)
def test_the_later_of_two_zones_takes_its_channels_from_the_other(
    messages: list[tuple[int, int]], zones: dict[int, Sequence[int]]
) -> None:
    channels = Channels()
    for manager, members in messages:
        for event in zone(manager, members):
            channels.handle(event)
    wanted = {member: manager for manager, members in zones.items() for member in members}
    assert dict(channels.zones) == wanted
