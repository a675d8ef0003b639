"""The panel by the clock of another program and under its hands: the beat goes on, and what was moved is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from browsing import Visit
from test_panel_instrument import PLAIN, Bench, bench, session, unpaced

from nsynth_lab.midi.clock import START, STOP, TICK
from nsynth_lab.midi.events import Event, Kind, beat, run, setting, tempo
from nsynth_lab.midi.ports import Clock
from nsynth_lab.osc.addresses import PresentAddresses
from nsynth_lab.osc.packets import Message, OscError
from nsynth_lab.panel import remote_hands
from nsynth_lab.panel.followed import Followed
from nsynth_lab.panel.messages.playing import Change, Undo
from nsynth_lab.panel.messages.playing import Clock as Follow
from nsynth_lab.panel.remote_hands import RemoteHands
from nsynth_lab.patch import Lfo, Macro, Move, Patch, Slot
from nsynth_lab.render import Session
from nsynth_lab.units import SAMPLE_RATE

__all__ = ["session", "unpaced"]  # fixtures
IN_BEATS = replace(PLAIN, blend=replace(PLAIN.blend, lfos=(Lfo(depth=0.3, cycle_beats=4.0, retrigger=False),)))


@pytest.fixture
def here(session: Session, unpaced: None) -> Iterator[Bench]:
    del unpaced
    with bench(session, IN_BEATS) as found:
        yield found


def until(done: Callable[[], bool], *, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_an_engine_that_takes_over_goes_on_with_the_beat_of_the_clock(here: Bench) -> None:
    """To a thousandth of a beat, though another engine is built; then the sound's own tempo comes back."""
    switch = here.instrument._engines.switch
    here.instrument.hear_remote(time.perf_counter(), [tempo(90.0), beat(17.0), run(True)])
    here.hear(0.2)
    began = float(switch.present.player.beats.song(switch.present.clock)), switch.clock
    before = switch.present
    here.ask(Change({"voice": {"unison": 2}}))
    here.hear(0.2)
    assert switch.present is not before
    passed = (switch.clock - began[1]) / SAMPLE_RATE * 90.0 / 60.0
    assert float(switch.present.player.beats.song(switch.present.clock)) == pytest.approx(began[0] + passed, abs=1e-3)
    assert here.instrument.status().tempo_bpm == 90.0
    here.ask(Change({"tempo_bpm": 100.0}))
    here.hear(0.1)
    assert here.instrument.status().tempo_bpm == 90.0, "that of the clock holds"
    here.ask(Follow(""))
    here.hear(0.1)
    assert here.instrument.status().tempo_bpm == 100.0


def test_what_another_program_moves_is_kept_once_it_rests_and_can_be_undone(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = [setting("release_ms", 100.0 + at) for at in range(600)] + [setting("x", 0.125), setting("nothing", 1.0)]
    here.instrument.hear_remote(time.perf_counter(), moved)
    here.hear(0.1)
    here.instrument.status()
    assert here.patch.envelope.release_seconds == IN_BEATS.envelope.release_seconds, "not while it may move on"
    monkeypatch.setattr(remote_hands, "REST_SECONDS", 0.0)
    here.instrument.status()
    assert here.patch.envelope.release_seconds == pytest.approx(0.699)
    assert here.patch.blend.position[0] == 0.125
    here.ask(Undo())
    assert here.patch == IN_BEATS


def test_everything_that_a_patch_has_is_kept() -> None:
    patch = replace(
        PLAIN, effects=(Slot("reverb"),), macros=(Macro("Far", moves=(Move("effects.reverb.mix", 0.1, 0.9),)),)
    )
    hands = RemoteHands()
    assert hands.at_rest(patch) is None
    hands.note([setting("effects.reverb.mix", 5.0), setting("sustain_db", -6.0), tempo(77.0)])
    hands._at -= 1.0
    kept = hands.at_rest(patch)
    assert kept is not None
    assert (kept.effects[0].mix, kept.tempo_bpm) == (1.0, 77.0)
    assert kept.envelope.sustain == pytest.approx(0.501, abs=1e-3)
    assert hands.at_rest(kept) is None


def test_addresses_are_those_of_what_plays_now() -> None:
    playing: list[Patch] = [PLAIN]
    addresses = PresentAddresses(lambda: playing[-1])
    message = Message("/nsynth/effects/reverb/mix", (0.5,))
    with pytest.raises(OscError, match="is no address"):
        addresses.events(message)
    playing.append(replace(PLAIN, effects=(Slot("reverb"),)))
    assert addresses.events(message) == [setting("effects.reverb.mix", 0.5)]


def test_a_midi_clock_is_waited_for_stands_still_and_runs() -> None:
    sent: list[Event] = []
    takes: list[Clock | None] = []
    followed = Followed(lambda _, events: sent.extend(events), takes.append)
    assert followed.state(runs=False) == ""
    followed.follow("midi", bpm=120.0)
    assert followed.state(runs=False) == "not heard"
    take, now = takes[-1], time.perf_counter()
    assert take is not None
    for at in range(30):
        take(now - (30 - at) / 48.0, bytes([TICK]), "port")
    assert followed.state(runs=False) == "stands still"
    take(now, bytes([START]), "port")
    take(now, bytes([TICK]), "port")
    assert sent[-1].kind is Kind.RUN
    assert followed.state(runs=True) == "runs"
    take(now, bytes([STOP]), "port")
    followed.close()
    assert takes[-1] is None
    assert followed.state(runs=True) == ""


def test_a_link_session_is_joined_and_left(here: Bench) -> None:
    pytest.importorskip("link", reason="needs LinkPython-extern")
    here.instrument.handle(Follow("link"))
    until(lambda: bool(here.hear(0.1).size) and here.instrument._engines.switch.is_timed)
    status = here.instrument.status()
    assert status.clock == "link"
    assert 20.0 <= status.tempo_bpm <= 999.0  # of our own, or of another session that this network has
    assert status.clock_is in ("not heard", "runs")  # another session of this network may be there
    here.instrument.handle(Follow(""))
    assert here.instrument.status().clock == ""


def test_tempo_lfos_and_delays_in_beats_on_the_page(visit: Visit) -> None:
    """By the keyboard alone: the tempo, an LFO of a bar that goes with the song, and a delay of three quarters."""
    page = visit.page
    field = page.get_by_role("spinbutton", name="tempo")
    field.fill("96")
    field.press("Enter")
    visit.wait("panel.state.patch.tempo_bpm === 96 && panel.status.tempo_bpm === 96")
    press(visit, page.get_by_role("button", name="+ LFO"))
    beats = page.get_by_role("button", name="LFO 1 in beats")
    beats.wait_for()
    press(visit, beats)
    visit.wait("panel.state.patch.blend.lfos?.[0].cycle_beats === 1")
    cycle = page.get_by_role("slider", name="length of a cycle of LFO 1")
    cycle.focus()
    for text in ("4/3 beats", "3/2 beats", "2 beats"):
        cycle.press("ArrowUp")
        assert cycle.get_attribute("aria-valuetext") == text
    visit.wait("panel.state.patch.blend.lfos[0].cycle_beats === 2")
    assert page.get_by_role("slider", name="rate of LFO 1").is_hidden()
    press(visit, page.get_by_role("button", name="LFO 1 goes with the song"))
    visit.wait("panel.state.patch.blend.lfos[0].retrigger === false")
    press(visit, beats)
    visit.wait("!panel.state.patch.blend.lfos[0].cycle_beats && panel.state.patch.blend.lfos[0].retrigger !== false")
    visit.panel("panel.link.change({ effects: [{ effect: 'delay' }] })")
    page.get_by_role("tab", name="Effects").click()
    press(visit, page.get_by_role("button", name="delay of delay in beats"))
    visit.wait("panel.state.patch.effects?.[0].parameters?.delay_beats === 1")
    shown = page.locator(".rack nl-knob:visible").evaluate_all("all => all.map((one) => one.target)")
    assert shown == ["effects.delay.mix", "effects.delay.delay_beats", "effects.delay.feedback"]
    assert visit.complaints == []


def test_a_clock_is_chosen_on_the_page_and_shown(visit: Visit) -> None:
    pytest.importorskip("link", reason="needs LinkPython-extern")
    page = visit.page
    page.get_by_role("combobox", name="clock").select_option("link")
    visit.wait("panel.status.clock === 'link'")
    visit.wait("/Link (session|runs)/.test(document.querySelector('.beats [role=status]').textContent)")
    assert not page.get_by_role("spinbutton", name="tempo").is_editable()
    page.get_by_role("combobox", name="clock").select_option("")
    visit.wait("panel.status.clock === '' && document.querySelector('.beats [role=status]').textContent === ''")
    assert page.get_by_role("spinbutton", name="tempo").is_editable()


def press(visit: Visit, button: Any) -> None:
    button.focus()
    visit.page.keyboard.press("Enter")
