"""Hearing instruments and presets before they are taken, in a real browser."""

from __future__ import annotations

import numpy as np
from browsing import Visit, cents_from

TUNED, KEY = "saw lead", 60
LISTEN = """(async () => {
  await panel.sound.start();
  panel.tap = new AnalyserNode(panel.sound.context, { fftSize: 16384 });
  panel.sound.volume.connect(panel.tap);
  return true;
})()"""
# As soon as it sounds and the analyser is full of it, so that a slow machine does not come too late.
HEARD = """new Promise((done) => {
  const samples = new Float32Array(panel.tap.fftSize);
  const look = () => {
    panel.tap.getFloatTimeDomainData(samples);
    if (samples.slice(0, 4096).some((one) => Math.abs(one) > 0.01)) done(Array.from(samples));
    else setTimeout(look, 20);
  };
  look();
})"""


def test_an_instrument_is_heard_by_its_picture_or_the_space_bar_and_not_taken(visit: Visit) -> None:
    page = visit.page
    before = visit.panel("panel.state.patch")
    page.get_by_role("searchbox", name="Search instruments").fill(TUNED)
    row = page.locator("#instruments [role=option]:visible", has=page.get_by_text(TUNED, exact=True))
    hear = row.locator(".hear")
    row.locator(".hear[data-drawn]").wait_for(timeout=100_000)
    levels = visit.panel("[...new Set(panel.auditions.pictures.get(given))].length", TUNED)
    assert levels > 20  # a picture, and not a flat one
    visit.panel(f"await {LISTEN}")
    hear.click()
    assert abs(cents_from(np.asarray(visit.panel(f"await {HEARD}")), KEY)) < 10.0
    row.locator(".hear:not([data-state])").wait_for()  # it ends by itself
    row.focus()
    page.keyboard.press("Space")
    row.locator(".hear[data-state=playing]").wait_for()
    page.keyboard.press("Space")
    row.locator(".hear:not([data-state])").wait_for()
    assert visit.panel("panel.state.patch") == before
    assert visit.panel("panel.status.voices") == 0
    row.locator(".name").click()  # and this takes it
    visit.wait("panel.state.patch.blend.corners[0] === given", TUNED)
    assert visit.complaints == []


def test_a_preset_is_heard_and_not_loaded(visit: Visit) -> None:
    page = visit.page
    before = visit.panel("panel.state.patch")
    page.get_by_role("tab", name="Presets").click()
    page.get_by_role("searchbox", name="Search presets").fill("glass cello")
    page.locator("#presets [role=option]:visible", has_text="Glass Cello").wait_for()
    page.keyboard.press("ArrowDown")
    visit.panel(f"await {LISTEN}")
    page.keyboard.press("Space")
    assert len(visit.panel(f"await {HEARD}")) > 0  # it sounds
    assert visit.panel("panel.state.patch") == before
    page.keyboard.press("Enter")
    visit.wait("panel.state.preset === 'glass-cello'")
    assert visit.complaints == []
