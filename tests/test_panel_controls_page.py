"""What a player sets on the panel's page: presets kept and shared, voices, tuning, wheels, outputs and ports."""

from __future__ import annotations

import numpy as np
import pytest
from browsing import Visit

from nsynth_lab.note import note_name, parse_note
from nsynth_lab.panel.changes import blend_patch
from nsynth_lab.patch import Patch
from nsynth_lab.patch.preset_file import format_preset, read_preset
from nsynth_lab.patch.table import from_table
from nsynth_lab.render import Session

FIFTH_CENTS = 1200 * np.log2(5**0.25)  # of quarter-comma meantone
MEANTONE = [*sorted((k * FIFTH_CENTS) % 1200 for k in range(-3, 9) if k), 1200.0]
DROP = """(([name, text]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([text], name));
  const way = { dataTransfer: carried, bubbles: true, cancelable: true };
  return document.querySelector(".surface canvas").dispatchEvent(new DragEvent("drop", way));
})(given)"""


def test_a_preset_is_saved_brought_back_replaced_and_removed(visit: Visit, address: str) -> None:
    """By name, with tags; the page loaded again plays the same; replacing and removing are asked first."""
    page = visit.page
    begin(visit, ["flute", "cello"])
    page.locator("#patch-changed").wait_for(state="hidden")
    visit.panel("panel.link.place({ x: 0.25, y: 0.5 }, true)")
    visit.wait("[panel.state.patch.blend.position].flat()[0] === 0.25")
    page.get_by_role("tab", name="Presets").click()
    save(visit, "Glass Cello")
    visit.wait("document.querySelector('#presets .note').textContent.includes('choose another name')")
    page.get_by_role("textbox", name="Name").fill("River reed")
    page.get_by_role("textbox", name="Tags").fill("soft, slow water")
    page.get_by_role("textbox", name="In words").fill("A flute by the water.")
    page.get_by_role("button", name="Save", exact=True).click()
    visit.wait("panel.state.preset === 'river-reed' && document.getElementById('preset-form').hidden")
    patch = visit.panel("panel.state.patch")
    assert (patch["tags"], patch["description"]) == (["soft", "slow water"], "A flute by the water.")
    is_marked(visit, "River reed", "●")
    begin(visit, ["cello"])
    page.goto("about:blank")
    page.goto(address)  # without what its own address brings back
    visit.connected()
    page.get_by_role("tab", name="Presets").click()
    page.get_by_role("searchbox", name="Search presets").fill("slow water")
    page.locator("#presets [role=option]:visible").click()
    visit.wait("panel.state.preset === 'river-reed'")
    assert visit.panel("panel.state.patch") == patch
    visit.panel("panel.link.set('level_db', -3, true)")
    visit.wait("!document.getElementById('patch-changed').hidden")
    is_marked(visit, "River reed", "○")
    save(visit, "river REED")
    visit.wait("document.querySelector('#presets .note').textContent.includes('Replace it?')")
    page.get_by_role("button", name="Replace", exact=True).click()
    visit.wait("panel.state.preset === 'river-reed' && !panel.state.is_changed")
    page.locator("#presets [role=option]:visible").focus()
    page.keyboard.press("Delete")
    visit.wait("document.querySelector('#presets .note').textContent.includes('cannot be brought back')")
    page.get_by_role("button", name="Remove for good").click()
    visit.wait("panel.state.preset === '' && document.getElementById('preset-form').hidden")
    visit.wait("![...document.querySelectorAll('#presets .name')].some((one) => one.textContent === 'River reed')")
    assert visit.complaints == []


def test_a_preset_that_somebody_sent_is_dropped_or_chosen(visit: Visit) -> None:
    """And so is a scale; a file that is neither, or that is broken, is refused in a line and changes nothing."""
    page = visit.page
    begin(visit, ["flute", "cello"])
    before = visit.panel("panel.state.patch")
    for name, text, says in (
        ("tune.exe", "MZ", "neither a preset"),
        ("bad.toml", "version = 1\nname = 'x'\nblend.corners = ['flute']\nlevel_db = 99\n", "bad.toml:4"),
        ("huge.toml", "a" * 300_000, "larger than 256 KiB"),
        ("evil.toml", "[" * 100_000, "evil.toml"),
    ):
        visit.panel(DROP, [name, text])
        visit.wait("document.getElementById('trouble').textContent.includes(given)", says)
        assert visit.panel("panel.state.patch") == before
    visit.panel(DROP, ["friend.toml", format_preset(blend_patch(["marimba", "oboe"]))])
    visit.wait("panel.pad.names.join() === 'marimba,oboe'")
    page.keyboard.press("Control+z")
    visit.wait("panel.pad.names.join() === 'flute,cello'")
    page.get_by_role("tab", name="Presets").click()
    scale = {"name": "fifths.scl", "mimeType": "text/plain", "buffer": b"fifths\n 2\n 3/2\n 2/1\n"}
    page.locator("#presets input[type=file]").set_input_files(scale)
    visit.wait("Math.abs(panel.state.patch.tuning?.scale_cents?.[0] - 701.955) < 1e-3")
    assert visit.complaints == []


def test_a_link_and_a_file_carry_the_sound(visit: Visit) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    begin(visit, ["marimba", "cello"])
    page = visit.page
    page.get_by_role("tab", name="Presets").click()
    page.get_by_role("button", name="Link", exact=True).click()
    visit.wait("document.getElementById('trouble').textContent.includes('copied')")
    link = page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as caught:
        page.locator("#presets .download").click()
    assert read_preset(caught.value.path()).blend.corners == ("marimba", "cello")
    begin(visit, ["flute"])
    page.goto("about:blank")
    page.goto(link)
    visit.connected()
    visit.wait("panel.pad.names.join() === 'marimba,cello'")
    assert visit.complaints == []


def test_voices_and_tuning_are_set(visit: Visit) -> None:
    """Mode, unison, spread, transposition and a scale, by mouse and by keys; none loses what another has set."""
    page = visit.page
    begin(visit, ["drawbar organ"])
    page.get_by_role("radio", name="poly").focus()
    page.keyboard.press("ArrowRight")
    visit.wait("panel.state.patch.voice?.mode === 'mono'")
    page.get_by_role("radio", name="legato").click()
    visit.wait("panel.state.patch.voice?.mode === 'legato'")
    for name, given, kept in (("unison", "3", 3), ("voices", "900", 64), ("bend", "12", 12)):
        field = page.get_by_role("spinbutton", name=name, exact=True)
        field.fill(given)
        field.press("Enter")
        visit.wait("panel.state.patch.voice?.[given[0]] === given[1]", [name.replace("bend", "bend_semitones"), kept])
    page.keyboard.press("e")  # which writes nothing into the field, and plays
    assert page.get_by_role("spinbutton", name="bend", exact=True).input_value() == "12"
    spread = page.get_by_role("slider", name="spread")
    spread.press("Home")
    visit.wait("panel.state.patch.voice?.spread === 0")
    page.get_by_role("combobox", name="scale").select_option(label="quarter-comma meantone")
    page.get_by_role("combobox", name="root").select_option(label="D")
    page.get_by_role("spinbutton", name="transpose").fill("-12")
    page.get_by_role("spinbutton", name="A4").fill("425")
    page.keyboard.press("Tab")
    visit.wait("panel.state.patch.tuning?.a4_hz === 425")
    tuning = from_table(Patch, visit.panel("panel.state.patch")).tuning
    assert (tuning.transpose, tuning.scale_root) == (-12, 62)
    assert tuning.scale_cents == pytest.approx(MEANTONE, abs=1e-9)
    assert visit.complaints == []


def test_scales_of_the_page_are_what_they_are_called(visit: Visit) -> None:
    """Against figures that are published: Barbour, Tuning and Temperament (1951), in cents above the root."""
    scales = dict(
        visit.panel("await import('/page/scales.js').then((all) => all.SCALES.map((x) => [x.name, x.cents]))")
    )
    assert scales["12 equal steps"] == []
    np.testing.assert_allclose(
        scales["Werckmeister III"], [90, 192, 294, 390, 498, 588, 696, 792, 888, 996, 1092, 1200], atol=0.5
    )
    np.testing.assert_allclose(
        scales["Pythagorean"], [90, 204, 294, 408, 498, 612, 702, 792, 906, 996, 1110, 1200], atol=0.5
    )
    np.testing.assert_allclose(
        scales["just, 5-limit"], [112, 204, 316, 386, 498, 590, 702, 814, 884, 1018, 1088, 1200], atol=0.5
    )
    np.testing.assert_allclose(scales["Bohlen-Pierce"][-1], 1901.955, atol=1e-3)
    for steps in (19, 24, 31):
        np.testing.assert_allclose(scales[f"{steps} equal steps"], 1200 * np.arange(1, steps + 1) / steps)


def test_macros_and_lfos_of_the_patch_are_knobs(visit: Visit) -> None:
    page = visit.page
    begin(visit, ["flute", "cello"])
    assert page.locator("#voice .macros").is_hidden()
    macro = {"name": "air", "value": 0.5, "moves": [{"target": "blend.position", "low": 0.2, "high": 0.8}]}
    visit.panel("panel.link.send('change', { patch: { macros: [given] } })", macro)
    page.get_by_role("slider", name="air").press("End")
    visit.wait("Math.abs([panel.state.patch.blend.position].flat()[0] - 0.8) < 1e-9")
    page.get_by_role("button", name="+ LFO").click()
    page.get_by_label("LFO 1 moves").select_option(label="pitch")
    visit.wait("panel.state.patch.blend.lfos?.[0].target === 'pitch_cents'")
    page.get_by_label("Shape of LFO 1").select_option("square")
    page.get_by_role("slider", name="depth of LFO 1").press("End")
    visit.wait("panel.state.patch.blend.lfos[0].depth === 1200 && panel.state.patch.blend.lfos[0].shape === 'square'")
    page.get_by_role("button", name="Remove LFO 1").click()
    visit.wait("!panel.state.patch.blend.lfos?.length")
    assert visit.complaints == []


def test_wheels_bend_spring_back_and_move_the_blend(visit: Visit) -> None:
    """By mouse and by keys; modulation moves what the sound says, or nothing, and then says so."""
    page = visit.page
    begin(visit, ["flute", "cello"])
    visit.panel("panel.sent = []")
    visit.panel("panel.link.bend = (value) => panel.sent.push(value)")
    bend, turn = page.get_by_role("slider", name="Pitch bend"), page.get_by_role("slider", name="Modulation")
    box = bend.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 2, steps=8)
    visit.wait("panel.sent.at(-1) === 1")
    assert bend.get_attribute("aria-valuetext") == "100 %"
    page.mouse.up()
    visit.wait("panel.sent.at(-1) === 0")
    bend.focus()
    page.keyboard.down("ArrowDown")
    visit.wait("panel.sent.at(-1) === -0.25")
    page.keyboard.up("ArrowDown")
    visit.wait("panel.sent.at(-1) === 0")
    turn.press("End")
    visit.wait("[panel.state.patch.blend.position].flat()[0] === 1")
    assert turn.get_attribute("aria-valuenow") == "100"
    page.keyboard.press("Control+z")
    visit.wait("document.querySelectorAll('.wheel')[1].getAttribute('aria-valuenow') === '50'")
    begin(visit, ["flute"])
    assert turn.get_attribute("aria-disabled") == "true"
    macro = {"name": "air", "moves": [{"target": "level_db", "low": -12, "high": 0}]}
    visit.panel(
        "panel.link.send('change', { patch: given })", {"macros": [macro], "midi": [{"cc": 1, "target": "macros.air"}]}
    )
    visit.wait("document.querySelectorAll('.wheel')[1].title === 'Modulation: moves air'")
    visit.panel("panel.link.controller = (...given) => panel.sent.push(given.join())")
    turn.press("Home")
    turn.press("End")
    visit.wait("panel.sent.at(-1) === '1,127'")
    assert visit.complaints == []


def test_keys_beyond_the_instruments_are_marked(visit: Visit) -> None:
    rows = {row["name"]: row for row in Session(device="cpu", user_instruments=False).instruments()}
    corners = ["flute", "cello"]
    begin(visit, corners)
    visit.page.set_viewport_size({"width": 2560, "height": 1200})
    visit.wait("document.querySelectorAll('.key').length === 88 && document.querySelector('.key.partly')")
    found = visit.panel("[...document.querySelectorAll('.key')].map((one) => [one.dataset.key, one.className])")
    ranges = [(parse_note(rows[name]["lowest"]), parse_note(rows[name]["highest"])) for name in corners]
    for key, kind in found:
        beyond = sum(not low <= int(key) <= high for low, high in ranges)
        assert ("beyond" in kind, "partly" in kind) == (beyond == 2, beyond == 1), key
    said = visit.page.locator("#keys").get_attribute("aria-label")
    assert f"from {note_name(min(low for low, _ in ranges))}" in said.replace("♯", "#")
    assert visit.complaints == []


def test_a_drum_follows_the_keys_as_far_as_its_knob_says(visit: Visit) -> None:
    """The knob is there while a drum is; a drum by itself sounds on all keys, so that none is marked."""
    page = visit.page
    begin(visit, ["flute"])
    knob, captured = page.locator("nl-knob[target='blend.track']"), page.locator("button.captured")
    assert (knob.is_hidden(), captured.is_hidden()) == (True, True)
    visit.wait("document.querySelectorAll('.beyond').length > 0")
    begin(visit, ["deep kick"])
    visit.wait("document.querySelectorAll('.beyond, .partly').length === 0")
    visit.wait("!document.querySelector('button.captured').hidden")
    assert captured.get_attribute("aria-pressed") == "true"
    knob.focus()
    page.keyboard.press("End")
    visit.wait("panel.state.patch.blend.track === 1")
    visit.wait("document.querySelector('button.captured').getAttribute('aria-pressed') === 'false'")
    captured.click()
    visit.wait("panel.state.patch.blend.track === undefined")
    assert visit.complaints == []


def begin(visit: Visit, corners: list[str]) -> None:
    """A new sound of these instruments."""
    visit.panel("panel.link.open({ name: given.join(', '), blend: { corners: given } })", corners)
    visit.wait("panel.pad.names.join() === given.join() && panel.state.preset === ''", corners)


def save(visit: Visit, name: str) -> None:
    """Open the form, if it is not, and save under a name."""
    if visit.page.locator("#preset-form").is_hidden():
        visit.page.locator("#presets .save").click()
    visit.page.get_by_role("textbox", name="Name").fill(name)
    visit.page.get_by_role("button", name="Save", exact=True).click()


def is_marked(visit: Visit, name: str, mark: str) -> None:
    """Wait until this mark stands beside a preset of the list."""
    options = "[...document.querySelectorAll('#presets [role=option]')]"
    told = "option.querySelector('.name')?.textContent === given[0] && option.dataset.mark === given[1]"
    visit.wait(f"{options}.some((option) => {told})", [name, mark])
