"""The panel's presets, files, pedals, ports and outputs without a browser: what is asked for, and what comes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playing import spectrum_peak_hz
from test_panel_instrument import Bench, Steady, bench, session, unpaced
from test_panel_server import hear, instrument, page, port, say, served

from nsynth_lab.errors import NsynthLabError, PatchError, UsageError
from nsynth_lab.midi.events import Event, Kind, bend, control, note_off, note_on
from nsynth_lab.panel import played_keys
from nsynth_lab.panel.changes import blend_patch
from nsynth_lab.panel.hands import Hands
from nsynth_lab.panel.messages.playing import (
    Change,
    Controller,
    Corners,
    NoteOff,
    NoteOn,
    OpenFile,
    Panic,
    Remove,
    Save,
    Set,
    Undo,
)
from nsynth_lab.panel.messages.shown import Keys, Notes, Presets
from nsynth_lab.panel.switch import Switch
from nsynth_lab.patch import Voice
from nsynth_lab.patch.own_presets import own_files
from nsynth_lab.patch.preset_file import format_preset
from nsynth_lab.render import Session

__all__ = ["instrument", "port", "served", "session", "unpaced"]  # fixtures
MINIMAL = "version = 1\nname = 'x'\nblend.corners = ['flute']\n"
FIFTHS = "! fifths.scl\nfifths\n 2\n 3/2\n 2/1\n"


@pytest.mark.usefixtures("unpaced")
def test_a_preset_is_saved_with_its_tags_changed_and_removed(session: Session) -> None:
    with bench(session) as desk:
        desk.ask(Save("Night flute", about={"tags": ["soft", "wind"], "description": "Far away."}))
        state = desk.instrument.state()
        assert (state.preset, state.is_changed) == ("night-flute", False)
        assert (state.patch["tags"], state.patch["description"]) == (["soft", "wind"], "Far away.")
        assert len(desk.of(Presets)) == 1
        desk.ask(Set("level_db", -3.0))
        assert (desk.instrument.state().preset, desk.instrument.state().is_changed) == ("night-flute", True)
        desk.ask(Undo())
        assert not desk.instrument.state().is_changed
        desk.ask(Corners(("piano", "flute")))
        assert (desk.instrument.state().preset, desk.instrument.state().is_changed) == ("", True), "another sound"
        desk.ask(Undo(), Remove("night-flute"))
        assert desk.instrument.state().preset == ""
        assert "night-flute" not in [path.stem for path in own_files()]
        assert len(desk.of(Presets)) == 2


@pytest.mark.usefixtures("unpaced")
@pytest.mark.parametrize(
    "message",
    [
        Remove("glass-cello"),
        Remove("../../etc/passwd"),
        Remove("/etc/passwd.toml"),
        Save("x", about={"tags": "soft"}),
        Save("x", about={"blend": {}}),
        Save("x", about={"tags": ["a"] * 13}),
        OpenFile("x.exe", ""),
        OpenFile("x.toml", "\x00\x01\x02"),
        OpenFile("x.toml", MINIMAL + "level_db = 1e99"),
        OpenFile("x.toml", "version = 1\nname = 'x'\nblend.corners = ['no such instrument']"),
        OpenFile("x.toml", "a = " + "[" * 20_000),
        OpenFile("../x.toml", MINIMAL + "effects = [{impulse = '/etc/passwd'}]"),
        OpenFile("x.scl", "no scale"),
        OpenFile("x.scl", f"long\n200\n{'3/2' + chr(10)}" * 200),
    ],
    ids=lambda message: repr(message)[:60],
)
def test_what_cannot_be_done_is_refused_in_a_line_and_changes_nothing(session: Session, message: Any) -> None:
    with bench(session) as desk:
        before, files = desk.instrument.state(), own_files()
        with pytest.raises(NsynthLabError) as refused:
            desk.ask(message)
        assert str(refused.value)
        assert len(str(refused.value).splitlines()) == 1
        assert desk.instrument.state() == before
        assert own_files() == files


@pytest.mark.usefixtures("unpaced")
def test_fields_of_a_table_are_changed_without_the_others(session: Session) -> None:
    """So that two pages, or two hands, can change the same table at once."""
    with bench(session) as desk:
        desk.ask(Change(within={"voice": {"mode": "mono"}}), Change(within={"voice": {"unison": 3}}))
        assert (desk.patch.voice.mode, desk.patch.voice.unison) == ("mono", 3)
        desk.ask(Change(patch={"voice": {"voices": 4}}), Change(within={"voice": {"mode": "poly"}}))
        assert desk.patch.voice == Voice(voices=4)
        wrong: list[dict[str, Any]] = [
            {"voice": 3},
            {"effects": {"a": 1}},
            {"name": {}},
            {"voice": {"no": 1}},
            {"a": {}},
        ]
        for within in wrong:
            with pytest.raises(PatchError):
                desk.instrument.handle(Change(within=within))


@pytest.mark.usefixtures("unpaced")
def test_the_tuning_that_is_set_is_heard(session: Session) -> None:
    """A key moves by as many cents as the tuning says."""
    tuning = {"a4_hz": 425, "transpose": -2, "scale_cents": [386.3, 702.0, 1200.0], "scale_root": 67}
    with bench(session) as desk:
        heard = []
        for change in (Change(), Change(within={"tuning": tuning})):
            desk.ask(change, NoteOn(69))
            desk.hear(0.5)
            heard.append(spectrum_peak_hz(desk.hear(1.0).mean(axis=0)))
            desk.ask(NoteOff(69))
            desk.hear(2.0)
        set_cents = desk.patch.tuning.cents(69)
        assert abs(set_cents) > 100.0
        assert 1200 * np.log2(heard[1] / heard[0]) == pytest.approx(set_cents, abs=5.0)


@pytest.mark.usefixtures("unpaced")
def test_a_file_that_is_opened_plays_and_can_be_undone(session: Session) -> None:
    sent = format_preset(blend_patch(["cello", "piano"])).replace('"cello, piano"', '"From a friend"')
    with bench(session) as desk:
        desk.ask(OpenFile("friend.TOML", sent))
        state = desk.instrument.state()
        assert (state.patch["name"], state.preset, state.is_changed) == ("From a friend", "", False)
        assert desk.instrument._engines.switch.player.programs[0].sources.corners
        desk.ask(OpenFile("fifths.scl", FIFTHS))
        assert desk.patch.tuning.scale_cents == pytest.approx((701.955, 1200.0), abs=1e-3)
        assert desk.instrument.state().is_changed
        desk.ask(Undo(), Undo())
        assert desk.patch == blend_patch(["flute", "cello"])


def test_a_file_says_in_which_line_it_is_wrong(session: Session) -> None:
    with bench(session) as desk, pytest.raises(PatchError, match=r"^bad\.toml:4: .*attack_seconds"):
        desk.instrument.handle(
            OpenFile(
                "bad.toml", "version = 1\nname = 'x'\n[envelope]\nattack_seconds = 99\n[blend]\ncorners = ['flute']"
            )
        )


def test_a_factory_preset_keeps_its_name(session: Session) -> None:
    with bench(session) as desk, pytest.raises(UsageError, match="a factory preset"):
        desk.instrument.handle(Save("Glass Cello", force=True))


@pytest.mark.usefixtures("unpaced")
def test_what_the_pedal_holds_sounds_on_when_another_engine_takes_over(session: Session) -> None:
    """And no longer: what has been let go, or has died away, is not struck again."""
    with bench(session) as desk:
        desk.ask(NoteOn(64), NoteOff(64), Controller(64, 127), NoteOn(60), NoteOff(60))
        desk.hear(3.0)
        assert desk.instrument.status().voices == 1, "64 had no pedal"
        desk.ask(Corners(("cello", "flute")))
        desk.hear(0.5)
        assert [voice.key for voice in sounding(desk)] == [60]
        desk.ask(Corners(("cello", "piano")))
        assert [voice.key for voice in sounding(desk)] == [60]
        desk.instrument.handle(Controller(64, 0))
        desk.hear(5.0)
        assert sounding(desk) == []
        desk.ask(Corners(("flute", "cello")))
        assert sounding(desk) == []


def test_a_key_or_pedal_that_two_pages_hold_stays_down_until_both_let_go(port: int) -> None:
    """One page lets go, or is closed; and after a panic nothing is held any more."""
    with page(port) as one, page(port) as other, page(port) as third:
        for opened in (one, other):
            say(opened, "note_on", key=60)
            say(opened, "controller", number=64, value=127)
        say(one, "note_off", key=60)
        say(one, "note_on", key=64)
        hear(third, "keys", lambda keys: keys["down"] == [60, 64])
        one.close()
        hear(third, "keys", lambda keys: keys["down"] == [60])
        say(other, "note_off", key=60)
        hear(third, "keys", lambda keys: keys["down"] == [])
        assert hear(third, "status")["voices"] >= 1, "the pedal is still down"
        say(other, "note_on", key=67)
        hear(third, "keys", lambda keys: keys["down"] == [67])
        say(third, "panic")
        hear(third, "keys", lambda keys: keys["down"] == [])
        say(third, "note_on", key=67)
        say(third, "note_off", key=67)
        say(third, "note_on", key=69)
        hear(third, "keys", lambda keys: keys["down"] == [69])


def test_a_key_that_a_port_holds_too_stays_down() -> None:
    """On the channel of the pages; and what a port held is let go when it has gone, and no more."""
    hands = Hands()
    assert hands.events(NoteOn(60)) == [note_on(60)]
    assert hands.of_ports([note_on(60, 90), note_on(64, 90, channel=2), control(64, 127, channel=2)])
    assert hands.keys == Keys((60.0, 64.0))
    assert hands.events(NoteOff(60)) == []
    assert hands.keys == Keys((60.0, 64.0))
    assert hands.of_ports([note_off(60)]) == [note_off(60)]
    hands.events(NoteOn(60))
    hands.of_ports([note_on(60, 90), note_on(67, 90)])
    assert hands.lose_ports() == [
        note_off(67), note_off(64, channel=2), control(64, 0, channel=2), bend(0, channel=2)
    ]  # fmt: skip
    assert hands.keys == Keys((60.0,))
    assert hands.lose_ports() == []
    hands.of_ports([note_on(72)])
    hands.events(Panic())
    assert hands.keys == Keys(())


@pytest.mark.usefixtures("unpaced")
def test_notes_of_an_mpe_controller_have_a_place_each(session: Session) -> None:
    """Where their slides are (M1-100-UM: controller 74), as long as they are held."""
    with bench(session) as desk:
        desk.ask(Change(within={"voice": {"mpe": True}}))
        slides = [control(74, 0, channel=1), control(74, 127, channel=2)]
        desk.instrument._played.hear(0.0, [*slides, note_on(60, channel=1), note_on(64, channel=2)])
        desk.instrument._played.hear(0.0, [Event(Kind.PRESSURE, 2, 0, 127), note_on(72)])
        desk.hear(0.2)
        assert {row[0]: row[1:] for row in desk.instrument.notes().notes} == {
            60: (0.0, 0.5, 0.0),
            64: (1.0, 0.5, 1.0),
        }
        assert desk.instrument.keys() == Keys((60.0, 64.0, 72.0))
        desk.instrument._played.hear(0.0, [note_off(64, channel=2)])
        desk.hear(0.1)
        assert [row[0] for row in desk.instrument.notes().notes] == [60]
        desk.instrument._played.lose_ports()
        desk.hear(0.1)
        assert desk.instrument.notes() == Notes()
        assert desk.instrument.keys() == Keys(())


@pytest.mark.usefixtures("unpaced")
def test_where_a_modulation_wheel_leaves_the_blend_is_kept(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(played_keys, "REST_SECONDS", 0.0)
    with bench(session) as desk:
        desk.instrument._played.hear(0.0, [control(1, 127)])
        desk.hear(0.1)
        desk.instrument.status()
        assert desk.patch.blend.position == (1.0,)
        desk.ask(Undo())
        assert desk.patch.blend.position == (0.5,)
        desk.instrument.status()
        assert desk.patch.blend.position == (0.5,)


def sounding(desk: Bench) -> list[Any]:
    return desk.instrument._engines.switch.player.allocator.sounding()


def test_mpe_zones_and_bend_ranges_go_on_with_the_next_engine() -> None:
    """M1-100-UM: controllers 101, 100 and 6; what a non-registered parameter is set to is not taken for them."""
    zone = [control(101, 0, channel=0), control(100, 6, channel=0), control(6, 5, channel=0)]
    bends = [control(101, 0, channel=1), control(100, 0, channel=1), control(6, 24, channel=1)]
    other = [control(99, 0, channel=2), control(98, 6, channel=2), control(6, 5, channel=2)]
    pressed = Event(Kind.PRESSURE, 1, 0, 77)
    switch = Switch(Steady(0.1))
    notes = [note_on(60, channel=1), note_on(62, channel=2), note_off(62, channel=2)]
    switch.send([*zone, *bends, *other, pressed, *notes])
    new = Steady(0.2)
    switch.take(new)
    switch.render(64)
    assert new.sent == [*zone, *bends, pressed, notes[0]]
