"""What a player sets on the panel's page: presets kept and shared, voices, tuning, wheels, outputs and ports."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import Visit

from nsynth_lab.panel.changes import blend_patch
from nsynth_lab.patch.preset_file import format_preset, read_preset

pytestmark = pytest.mark.alone
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
    assert "choose another name" in (page.locator("#presets .note").text_content() or "")
    page.get_by_role("textbox", name="Name").fill("River reed")
    page.get_by_role("textbox", name="Tags").fill("soft, slow water")
    page.get_by_role("textbox", name="In words").fill("A flute by the water.")
    page.get_by_role("button", name="Save", exact=True).click()
    visit.wait("panel.state.preset === 'river-reed' && document.getElementById('preset-form').hidden")
    patch = visit.panel("panel.state.patch")
    assert (patch["tags"], patch["description"]) == (["soft", "slow water"], "A flute by the water.")
    assert mark_of(visit, "River reed") == "●"
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
    assert mark_of(visit, "River reed") == "○"
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


def mark_of(visit: Visit, name: str) -> Any:
    """The mark beside a preset of the list."""
    visit.wait("[...document.querySelectorAll('#presets .name')].some((one) => one.textContent === given)", name)
    return visit.page.locator("#presets [role=option]", has_text=name).get_attribute("data-mark")
