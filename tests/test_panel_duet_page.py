"""A duet in a real browser: a phrase on the computer's keys is answered, heard, and written on the sheet."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import Visit
from node_tools import node_tool
from test_panel_access import told, violations

from nsynth_lab.midi.song import parse_song

pytestmark = pytest.mark.alone

PANEL = ("flute", "cello", "--latency", "high")
LETTERS = "asdf"  # C D E F
NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
# From now on, whatever the page is told: whether the partner was heard before anybody else had played, and the most
# notes that were to come.
WATCH = """(() => {
  window.seen = { isHeard: false, ahead: 0 };
  const samples = new Float32Array(panel.tap.fftSize);
  panel.link.addEventListener("partner", ({ detail: { doing, notes, coming } }) => {
    seen.ahead = Math.max(seen.ahead, coming.length);
    if (doing !== "answers" || !notes.length || notes.some(([, , , part]) => part !== 1)) return;
    panel.tap.getFloatTimeDomainData(samples);
    seen.isHeard ||= Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length) > 0.003;
  });
  return true;
})()"""
OWN = "panel.duet.notes.filter(([, , , part]) => part === 0)"
# Pixels of the sheet that have the partner's colour.
DRAWN = """(() => {
  const { canvas } = panel.duet.sheet.view;
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement("canvas"), { width, height });
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const probe = document.createElement("i");
  probe.style.color = "var(--accent)";
  document.body.append(probe);
  const [red, green, blue] = getComputedStyle(probe).color.match(/[\\d.]+/g).map(Number);
  probe.remove();
  let count = 0;
  for (let k = 0; k < data.length; k += 4) {
    const near = Math.abs(data[k] - red) + Math.abs(data[k + 1] - green) + Math.abs(data[k + 2] - blue) < 12;
    if (near && data[k + 3] > 200) count += 1;
  }
  return count;
})()"""


def test_a_phrase_on_the_keys_is_answered_heard_and_written(visit: Visit) -> None:
    """The partner begins, a key stops it, and what was played is answered."""
    page = visit.page
    page.locator("#tab-duet").click()
    visit.wait("panel.duet")
    begin = page.locator("#duet .begin")
    begin.focus()
    visit.wait("panel.sound.isRunning")
    visit.tap()
    visit.panel(WATCH)
    page.locator("#duet [name=lead]").check()
    visit.wait("panel.duet.now?.options.lead")
    begin.focus()
    page.keyboard.press("Enter")
    visit.wait("seen.isHeard", seconds=120.0)
    for number, letter in enumerate(LETTERS, start=1):  # legato: however slow this goes, it is one phrase
        page.keyboard.down(letter)
        visit.wait(f"{OWN}.length === given", number)
        if number > 1:
            page.keyboard.up(LETTERS[number - 2])
    visit.panel("(seen.ahead = 0, true)")
    page.keyboard.up(LETTERS[-1])
    visit.wait("panel.duet.now.turn === 2 && panel.duet.now.doing === 'listens'", seconds=60.0)
    assert [note[2] for note in visit.panel(OWN)] == [60, 62, 64, 65]
    assert visit.panel("seen.ahead") > 0
    page.locator("#duet-stand .music").wait_for()
    notes = visit.panel("panel.duet.notes")
    last = max(place for place, note in enumerate(notes) if note[3] == 0)
    answered = [note[2] for note in notes[last + 1 :]]
    assert answered
    written = " ".join(f"{NAMES[key % 12]}{key // 12 - 1}" for key in answered)
    assert page.locator("#duet .words").text_content() == written
    assert page.locator("#duet .news").text_content() == f"Answer 2: {written}"
    song = parse_song(page.request.get(page.url.partition("#")[0] + "api/duet.mid").body())
    assert song.channels == {0: 4, 1: len(notes) - 4}
    begin.click()
    visit.wait("panel.duet.now.doing === 'off'")
    for look in ("roll", "staves"):
        page.locator("#duet-stand .looks button", has_text=look).click()
        visit.wait(f"{DRAWN} > 50")
    page.evaluate(node_tool("axe-core/axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for width, scheme in ((360, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # or colours would change by and by
        found[f"{scheme}, {width} px"] = violations(visit, within=("#duet", "#duet-stand") if found else ())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not told(found), told(found)
    assert not visit.complaints
