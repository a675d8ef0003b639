"""The page's tab Produce in a real browser: a take, a song and a pack, each heard and downloaded, and there again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import mido
import numpy as np
import soundfile
from browsing import Visit, cents_from
from pack_reading import Sfizz, cents_off, level_db, need_module

from nsynth_lab.units import SAMPLE_RATE

SLOW_MS = 120_000


def row(page: Any, title: str) -> Any:
    return page.locator(".made .job", has=page.get_by_text(title, exact=True))


def downloaded(visit: Visit, title: str, folder: Path) -> Path:
    """The file that a row offers, as the browser keeps it."""
    with visit.page.expect_download() as waited:
        row(visit.page, title).locator(".files a").first.click()
    path = folder / str(waited.value.suggested_filename)
    waited.value.save_as(path)
    return path


def song(*keys: int) -> bytes:
    track = mido.MidiTrack()
    for key in keys:
        track.append(mido.Message("note_on", note=key, velocity=100, time=0))
        track.append(mido.Message("note_off", note=key, velocity=0, time=480))
    file = io.BytesIO()
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(file=file)
    return file.getvalue()


def drop(page: Any, name: str, content: bytes) -> None:
    """Drop a file on the pad, as a hand does."""
    given = {"name": name, "bytes": list(content)}
    page.evaluate(
        """(given) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(given.bytes)], given.name));
          const target = document.querySelector(".surface canvas");
          for (const kind of ["dragenter", "dragover", "drop"])
            target.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        given,
    )


def test_a_take_goes_on_while_the_page_is_loaded_again(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    page.get_by_role("tab", name="Produce").click()
    page.get_by_label("Format of takes").select_option("flac")
    page.locator("#produce .record").click()
    page.locator("#produce .record[aria-pressed=true]").wait_for()
    page.reload()
    visit.connected()
    page.get_by_role("tab", name="Produce, 1 at work").click()
    page.locator("#produce .record", has_text="Stop").wait_for()
    assert page.get_by_label("Format of takes").input_value() == "flac"
    page.locator("#tab-produce").focus()
    page.keyboard.down("h")
    page.wait_for_timeout(1200)
    page.keyboard.up("h")
    page.locator("#produce .record").click()
    row(page, "Take 1").locator(".play:visible").wait_for()
    path = downloaded(visit, "Take 1", tmp_path)
    assert path.suffix == ".flac"
    sound, rate = soundfile.read(path)
    assert rate == SAMPLE_RATE
    loud = np.flatnonzero(np.abs(sound[:, 0]) > 0.01)
    assert 0.9 < (loud[-1] - loud[0]) / rate < 3.0
    held = sound[loud[0] + rate // 3 : loud[0] + rate, 0]
    assert abs(cents_from(held, 69)) < 20.0
    row(page, "Take 1").locator(".play").click()
    page.locator(".play[aria-pressed=true]").wait_for()
    row(page, "Take 1").get_by_role("button", name="Remove").click()
    row(page, "Take 1").wait_for(state="detached")
    assert visit.complaints == []


def test_a_midi_file_that_is_dropped_is_rendered(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    drop(page, "My Song.mid", song(69, 81))
    page.locator("#produce:visible").wait_for()
    row(page, "My Song").locator(".play:visible").wait_for(timeout=SLOW_MS)
    assert "2 notes" in row(page, "My Song").locator(".about").text_content()
    path = downloaded(visit, "My Song", tmp_path)
    assert path.name == "My-Song.wav"
    sound, rate = soundfile.read(path)
    for begin, key in ((0.15, 69), (0.65, 81)):
        assert abs(cents_from(sound[int(begin * rate) : int((begin + 0.3) * rate), 0], key)) < 20.0
    drop(page, "noise.mid", b"no song at all")
    failed = row(page, "noise")
    page.locator(".job[data-state=failed]").wait_for(timeout=SLOW_MS)
    assert "the song" in failed.locator(".about").text_content()
    assert not failed.locator(".play").is_visible()
    assert visit.complaints == []


def test_a_pack_is_estimated_made_heard_and_plays_in_sfizz(visit: Visit, tmp_path: Path) -> None:
    """Nothing is made before it has been estimated; the estimate holds no longer when something else is chosen."""
    page = visit.page
    page.get_by_role("tab", name="Produce").click()
    page.locator("#produce summary").click()
    form = page.locator("form.pack")
    form.get_by_label("Name", exact=True).fill("Reed")
    form.get_by_label("Notes", exact=True).fill("C4,C5")
    form.get_by_label("Velocities").fill("100")
    form.get_by_label("Seconds").fill("1")
    form.get_by_role("combobox", name="Blend").select_option("list")
    form.get_by_role("textbox", name="Positions").fill("0,1")
    for name in ("SoundFont", "DecentSampler", "WAV with loops"):
        form.get_by_label(name, exact=True).uncheck()
    make = form.get_by_role("button", name="Make the pack")
    assert make.is_disabled()
    form.get_by_role("button", name="Estimate").click()
    form.get_by_text("4 clips, ").wait_for(timeout=SLOW_MS)
    assert make.is_enabled()
    form.get_by_label("Seconds").fill("1.5")
    assert make.is_disabled()
    form.get_by_label("Seconds").fill("1")
    page.reload()  # what was estimated is there again, with all that was chosen
    visit.connected()
    page.get_by_role("tab", name="Produce").click()
    assert form.get_by_role("textbox", name="Positions").input_value() == "0,1"
    assert not form.get_by_label("SoundFont").is_checked()
    make.click()
    done = row(page, "Reed")
    done.locator(".play:visible").wait_for(timeout=SLOW_MS)
    assert done.locator(".clips button:enabled").count() == 4
    done.locator(".clips button").first.focus()
    page.keyboard.press("ArrowDown")
    focused = page.evaluate("document.activeElement.title")
    assert focused == "C4, velocity 100, p100"
    page.keyboard.press("Enter")
    done.locator(".clips button[aria-pressed=true]").wait_for()
    done.locator(".play").click()
    page.locator(".play[aria-pressed=true]").wait_for()
    with ZipFile(downloaded(visit, "Reed", tmp_path)) as zipped:
        zipped.extractall(tmp_path)
    assert visit.complaints == []
    need_module("pysfizz")
    for label in ("p000", "p100"):
        played = Sfizz(tmp_path / "Reed" / f"Reed_{label}.sfz").play(66, 100, seconds=1.0)
        assert level_db(played[SAMPLE_RATE // 4 : SAMPLE_RATE]) > -50.0
        assert abs(cents_off(played, 66, begin_seconds=0.3, end_seconds=0.9)) < 5.0


def test_a_pack_is_cancelled(visit: Visit) -> None:
    page = visit.page
    visit.panel("panel.link.send('pack', { dry_run: false, name: 'Long', notes: 'C1-C7', seconds: 20 })")
    page.get_by_role("tab", name="Produce").click()
    row(page, "Long").get_by_role("button", name="Cancel").click()
    page.locator(".job[data-state=cancelled]").wait_for(timeout=SLOW_MS)
    assert row(page, "Long").locator(".about").text_content() == "cancelled"
    row(page, "Long").get_by_role("button", name="Remove").click()
    row(page, "Long").wait_for(state="detached")
