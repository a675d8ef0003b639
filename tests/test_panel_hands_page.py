"""The page under hands that are in a hurry, or on many channels; and its tabs, which stay in one row."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import MIDI_KEYBOARD, Visit

from nsynth_lab.panel.messages.playing import MidiIn
from nsynth_lab.panel.page_keyboard import PageKeyboard, events_in

SLOW_MICROPHONE = """
  const heard = navigator.mediaDevices;
  window.opened = [];
  heard.getUserMedia = () => new Promise((found) => (window.give = () => {
    const stream = new AudioContext().createMediaStreamDestination().stream;
    window.opened.push(stream);
    found(stream);
  }));
"""
WEB_MIDI = "document.getElementById('midi-button').ariaPressed === 'true'"


@pytest.fixture
def keyboard(browser: Any, address: str) -> Any:
    """A page whose browser has a MIDI keyboard, which plays."""
    visit = Visit(browser, address, before=MIDI_KEYBOARD)
    visit.page.locator("#midi-button").click()
    visit.page.get_by_role("radio", name="keyboards of this browser").click()
    visit.wait(WEB_MIDI)
    return visit


def strike(visit: Visit, *messages: list[int]) -> None:
    visit.page.evaluate("all => all.forEach((one) => strike(...one))", list(messages))


def test_each_channel_of_a_browsers_keyboard_is_its_own(keyboard: Visit) -> None:
    """A pedal holds its own channel's key alone, and where the page has asked for a zone each note has its place."""
    strike(keyboard, [0xB0, 64, 127], [0x90, 60, 90], [0x91, 64, 90])
    keyboard.wait("panel.status.voices === 2")
    strike(keyboard, [0x80, 60, 0], [0x81, 64, 0])
    keyboard.wait("panel.status.voices === 1")
    strike(keyboard, [0xB0, 64, 0])
    keyboard.wait("panel.status.voices === 0")
    strike(keyboard, [0xB0, 101, 0], [0xB0, 100, 6], [0xB0, 6, 15])
    strike(keyboard, [0xB1, 74, 0], [0x91, 60, 100], [0xB2, 74, 127], [0x92, 64, 100])
    keyboard.wait("panel.pad.notes.get(60)?.shown?.x < 0.01 && panel.pad.notes.get(64)?.shown?.x > 0.99")
    strike(keyboard, [0x81, 60, 0], [0x82, 64, 0], [0xB0, 101, 0], [0xB0, 100, 6], [0xB0, 6, 0])
    keyboard.wait("panel.pad.notes.size === 0 && panel.status.voices === 0")
    assert keyboard.complaints == []
    keyboard.close()


def test_hundreds_of_messages_at_once_lose_none_and_a_page_that_goes_lets_go(keyboard: Visit, visit: Visit) -> None:
    bends = [[0xE3, at % 128, 64] for at in range(900)]
    strike(keyboard, *bends, [0x93, 70, 100])
    visit.wait("document.querySelector('.key.down')?.dataset.key === '70' && panel.status.voices === 1")
    keyboard.close()
    visit.wait("document.querySelector('.key.down') === null && panel.status.voices === 0")
    assert visit.complaints == []


def test_what_a_keyboard_holds_is_let_go_once() -> None:
    keyboard = PageKeyboard()
    keyboard.note(MidiIn((0x91, 60, 90, 0x91, 62, 90, 0x81, 62, 0, 0xB3, 64, 127)))
    sent = [event for message in keyboard.let_go() for event in events_in(message)]
    assert [(event.kind.value, event.channel, event.number) for event in sent] == [
        ("note_off", 1, 60), ("control", 3, 64), ("bend", 3, 0),
    ]  # fmt: skip
    assert keyboard.let_go() == []


def test_pressed_again_while_the_microphone_is_opened_nothing_is_recorded(browser: Any, address: str) -> None:
    visit = Visit(browser, address, before=SLOW_MICROPHONE)
    record = visit.page.get_by_role("button", name="Record a sound")
    visit.page.keyboard.press("r")
    visit.wait("window.give !== undefined")
    visit.page.keyboard.press("r")
    visit.page.evaluate("give()")
    visit.wait("opened[0].getTracks().every(({ readyState }) => readyState === 'ended')")
    assert record.get_attribute("aria-pressed") == "false"
    visit.page.evaluate("window.give = undefined")
    for _ in range(3):  # begun, thought better of, and begun after all
        visit.page.keyboard.press("r")
    visit.page.evaluate("give()")
    visit.page.get_by_role("button", name="Stop", exact=True).wait_for()
    visit.page.get_by_role("button", name="Discard").first.click()
    visit.wait("opened[1].getTracks().every(({ readyState }) => readyState === 'ended')")
    assert visit.complaints == []
    visit.close()


ZOOMED = """async () => {
  const { PhraseView } = await import("/page/phrase-view.js");
  const slider = document.querySelector("#phrase .picture");
  document.getElementById("phrase").hidden = false;
  const view = new PhraseView(slider);
  const hops = 1000;
  view.show({ seconds: 10, step: 0.01, late: 0, pitch: Array(hops).fill(60), level: Array(hops).fill(-20),
    notes: [[1, 2, 60, -20]], spectrogram: { lowest: 40, rows_a_semitone: 1, rows: 0, columns: 0, pixels: "" } });
  const keys = (...all) => all.forEach((key) => slider.dispatchEvent(new KeyboardEvent("keydown", { key })));
  const states = [];
  const note = () => states.push([view.shown.from, view.shown.seconds, view.at].map((one) => Number(one.toFixed(3))));
  keys("PageUp", "PageUp", "PageUp", "PageUp"); // 4 s
  keys("+", "+"); note();
  keys("-"); note();
  keys("0"); note();
  keys(...Array(20).fill("+")); note();
  keys("End"); note();
  view.goTo(0); note();
  keys("+", ...Array(30).fill("-")); note();
  return [states, view.canZoom];
}"""


def test_the_picture_of_a_phrase_is_zoomed_about_its_place_and_follows_it(visit: Visit) -> None:
    states, can = visit.page.evaluate(ZOOMED)
    assert states == [
        [2.222, 4.444, 4], [1.333, 6.667, 4], [0, 10, 4], [3.8, 0.5, 4], [9.5, 0.5, 10], [0, 0.5, 0], [0, 10, 0],
    ]  # fmt: skip
    assert can == {"closer": True, "wider": False}
    assert visit.complaints == []


def test_tabs_stay_in_one_row_and_the_open_one_is_seen(visit: Visit) -> None:
    """At 1280 px, by the arrows; and by End to the last of them."""
    page = visit.page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("tab", name="Sound").focus()
    tops = "new Set([...document.querySelectorAll('.sound [role=tab]')].map((one) => one.offsetTop)).size"
    seen = """(() => {
      const tab = document.activeElement.getBoundingClientRect();
      const row = document.querySelector(".sound .tabs").getBoundingClientRect();
      return tab.left >= row.left && tab.right <= row.right;
    })()"""
    assert page.evaluate(tops) == 1
    for key in [*["ArrowRight"] * 6, "Home", "End"]:
        page.keyboard.press(key)
        assert page.evaluate(seen), key
