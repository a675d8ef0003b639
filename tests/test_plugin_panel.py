"""The panel on a track: a page in Chromium turns what a host plays and saves, and shows what the host moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Visit
from clap_host import Clap, until

from nsynth_lab.cli import run
from nsynth_lab.plugin.install import place_of
from nsynth_lab.plugin.place import Place
from nsynth_lab.plugin.status import panel_of, running
from nsynth_lab.units import FloatArray

PAIR = 'version = 1\nname = "Pair"\n[blend]\ncorners = ["flute", "cello"]\nposition = 0.0\n'
A4 = bytes([0x90, 69, 100])
BLOCK = 512


def state_of(text: str) -> bytes:
    """What a project has saved of the plugin with this preset."""
    return f"__dpf_state_begin__\0preset\0{text}\0__dpf_state_end__\0".encode() + b"\xfe"


@pytest.fixture
def place(plugin: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Of an engine of its own, with a browser that writes down what it is to show."""
    found = place_of(plugin["CLAP"])
    assert found is not None
    socket = found.socket.with_name(f"{tmp_path.name}.socket")
    command = tuple(str(socket) if word == str(found.socket) else word for word in found.command)
    place = replace(found, socket=socket, command=command)
    (tmp_path / "engine").write_text(place.text())
    (tmp_path / "browser").write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/shown\n')
    (tmp_path / "browser").chmod(0o755)
    monkeypatch.setenv("NSYNTH_LAB_PLUGIN_ENGINE", str(tmp_path / "engine"))
    monkeypatch.setenv("BROWSER", f"{tmp_path / 'browser'} %s")
    return place


@pytest.fixture
def clap(plugin: dict[str, Path], place: Place) -> Iterator[Clap]:
    assert place.socket.name
    with closing(Clap(plugin["CLAP"])) as instance:
        instance.load(state_of(PAIR))
        assert until(lambda: bool(note(instance).any()), 240.0), "its loops may have to be compiled first"
        yield instance


def note(instance: Clap) -> FloatArray:
    """What a key sounds in a session of its own."""
    instance.activate()
    return instance.render(9_600, [(0, A4)])


def goes_on_until(instance: Clap, true: Callable[[], bool]) -> bool:
    """Whether it comes true while the host goes on playing."""
    return until(lambda: instance.play(BLOCK).shape == (2, BLOCK) and true(), 30.0)


def shows(instance: Clap, name: str, value: float) -> bool:
    """Whether a parameter comes to stand there in the host."""
    return goes_on_until(instance, lambda: abs(instance.value(name) - value) < 1e-6)


def saves(instance: Clap, text: str) -> bool:
    """Whether the state comes to hold a text."""
    return goes_on_until(instance, lambda: text.encode() in instance.save())


def drops(instance: Clap, text: str) -> bool:
    """Whether a text comes to be gone from the state."""
    return goes_on_until(instance, lambda: text.encode() not in instance.save())


def test_a_page_turns_what_the_host_plays_and_saves(
    clap: Clap, plugin: dict[str, Path], place: Place, browser: Any, tmp_path: Path
) -> None:
    """Knobs, pad, effects, undo; over sessions of the host, and in another instance that takes the saved state."""
    before = note(clap)
    clap.play(BLOCK, moves=[("Open panel", 1.0)])
    assert until(lambda: (tmp_path / "shown").exists(), 20.0)
    address = (tmp_path / "shown").read_text().strip()
    assert panel_of(place, track=1) == address
    assert (running(place) or {})["panels"] == [address]
    visit = Visit(browser, address)
    assert visit.page.locator("#output-button", has_text="the DAW").count() == 1

    visit.panel("panel.link.set('envelope.attack_seconds', 0.5, true)")
    assert shows(clap, "Attack", 0.5)
    assert b"attack_seconds = 0.5" in clap.save()
    clap.play(BLOCK, moves=[("Blend X", 0.75)])
    visit.wait("panel.state.patch.blend.position == 0.75")
    assert clap.value("Attack") == 0.5
    visit.panel("panel.link.place({ x: 0.25, y: 0.5 }, false)")
    assert shows(clap, "Blend X", 0.25)
    visit.panel("panel.link.place({ x: 1, y: 0.5 }, true)")
    assert shows(clap, "Blend X", 1.0)
    visit.panel("panel.link.change({ effects: [{ effect: 'distortion' }] })")
    assert saves(clap, "distortion")

    assert goes_on_until(clap, lambda: bool(clap.play(BLOCK, [(0, A4)]).any()))
    visit.panel("panel.link.set('level_db', -60, true)")
    assert goes_on_until(clap, lambda: np.abs(clap.play(BLOCK)).max() < 0.01 * np.abs(before).max()), "it is heard"
    visit.panel("panel.link.undo()")
    assert drops(clap, "level_db")

    turned, saved = note(clap), clap.save()
    assert np.abs(turned - before).max() > 0.1 * np.abs(before).max()
    with closing(Clap(plugin["CLAP"])) as other:
        other.load(saved)
        assert np.abs(note(other) - turned).max() < 1e-5 * np.abs(turned).max()
    for undone in ("distortion", "position = 1"):
        visit.panel("panel.link.undo()")
        assert drops(clap, undone)
    assert shows(clap, "Blend X", 0.75)
    visit.panel("panel.link.undo()")
    assert drops(clap, "attack_seconds = 0.5")
    clap.load(state_of(PAIR.replace("flute", "oboe")))
    visit.wait("panel.pad.names.join() === 'oboe,cello' && panel.state.can_undo")
    visit.panel("panel.link.open({ name: 'Pair', blend: { corners: ['flute', 'cello'], position: 0 } })")
    assert drops(clap, "oboe")
    assert np.abs(note(clap) - before).max() < 1e-5 * np.abs(before).max()
    assert visit.complaints == []
    visit.close()


def test_a_panel_that_cannot_be_opened_is_refused_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugin", "panel", "--track", "7"]) == 2
    assert "no track 7 plays the plugin" in capsys.readouterr().err
