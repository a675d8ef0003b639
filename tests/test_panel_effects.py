"""The panel's effects without a browser: what is built, told and heard; with real plugins."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_panel_instrument import Bench, bench, session, unpaced

from nsynth_lab.effects import PluginInfo, scan
from nsynth_lab.effects.host import HostedEffect
from nsynth_lab.effects.plugin_cache import read_cache, write_cache
from nsynth_lab.errors import PatchError, UsageError
from nsynth_lab.panel import scanning
from nsynth_lab.panel.catalogue import catalogue
from nsynth_lab.panel.changes import blend_patch
from nsynth_lab.panel.instrument import Instrument
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.messages.parsing import parse
from nsynth_lab.panel.messages.playing import Change, NoteOn, Set, Undo
from nsynth_lab.panel.messages.producing import Scan
from nsynth_lab.panel.messages.shown import State, Trouble
from nsynth_lab.patch import Macro, Move, Patch, Slot
from nsynth_lab.patch.effect_table import EFFECTS
from nsynth_lab.patch.table import from_table
from nsynth_lab.render import Session
from nsynth_lab.sinks.socket_sink import block_of
from nsynth_lab.units import FloatArray

__all__ = ["session", "unpaced"]  # fixtures
ZAM = Path("/usr/lib/vst3")
COMPRESSOR, DELAY = "ZamCompX2", "ZamDelay"
SECONDS = 20.0  # until a test gives up

needs_zam = pytest.mark.skipif(not (ZAM / f"{DELAY}.vst3").exists(), reason="zam-plugins is not installed (Debian)")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home in which two plugins have been scanned, where they are installed."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("NSYNTH_LAB_HOME", str(tmp_path_factory.mktemp("home")))
        scan([path for name in (COMPRESSOR, DELAY) if (path := ZAM / f"{name}.vst3").exists()])
        yield


class Client:
    """A program at the socket of a panel."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened
        self.troubles: list[str] = []
        self.say("hello", version=1, sound=True)

    def say(self, kind: str, **fields: Any) -> None:
        self._opened.send(json.dumps({"type": kind, **fields}))

    def until(self, kind: str, is_so: Callable[[Any], bool]) -> Any:
        """The next message of that kind of which it holds."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if not isinstance(given := self._opened.recv(timeout=SECONDS), str):
                continue
            message = json.loads(given)
            if message["type"] == "trouble":
                self.troubles.append(message["says"])
            if message["type"] == kind and is_so(message):
                return message
        pytest.fail(f"no such {kind} in {SECONDS} s")

    def hear(self, seconds: float) -> FloatArray:
        """The sound from now on, [2, samples]."""
        blocks: list[FloatArray] = []
        while sum(block.shape[1] for block in blocks) < 48_000 * seconds:
            if isinstance(given := self._opened.recv(timeout=SECONDS), bytes):
                blocks.append(block_of(given)[1])
        return np.concatenate(blocks, axis=1)


@contextmanager
def panel(model_folder: Path) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """`nsynth-lab panel`, and a client at its socket."""
    client = pytest.importorskip("websockets.sync.client", reason="pip install 'nsynth-lab[panel]'")
    command = [sys.executable, "-m", "nsynth_lab", "panel", "cello", "--no-browser", "--port", "0"]
    command += ["--checkpoint", str(model_folder), "--latency", "high"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip().replace("http", "ws")
            assert address, process.communicate()[1]
            with client.connect(f"{address}socket", max_size=None, close_timeout=0.1) as opened:
                yield process, Client(opened)
        finally:
            process.kill()


def level_db(sound: FloatArray) -> float:
    return float(10 * np.log10((sound**2).mean()))


@needs_zam
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.usefixtures("scanned")
def test_a_real_plugin_comes_into_the_chain_while_a_key_is_held_and_is_heard(model_folder: Path) -> None:
    """By as many dB as its make-up gain says; then SIGTERM ends all, and the plugin says nothing on its way out."""
    with panel(model_folder) as (process, page):
        page.until("state", lambda state: not state["patch"].get("effects"))
        page.say("note_on", key=57, velocity=60)
        page.until("status", lambda status: status["voices"] == 1)
        page.hear(0.5)
        before = level_db(page.hear(0.5))
        louder = {"plugin": COMPRESSOR, "parameters": {"threshold": 0.0, "makeup": 6.0}}
        page.say("change", patch={"effects": [louder]})
        page.until("state", lambda state: state["patch"].get("effects") == [louder])
        page.hear(1.0)
        assert level_db(page.hear(0.5)) - before == pytest.approx(6.0, abs=0.7)
        page.say("change", patch={"effects": [louder, {"plugin": "ZamVerbose"}]})
        page.until("trouble", lambda trouble: "is no plugin that is known here" in trouble["says"])
        assert level_db(page.hear(0.5)) - before == pytest.approx(6.0, abs=0.7), "what played goes on"
        page.say("undo")
        page.until("state", lambda state: not state["patch"].get("effects"))
        page.hear(1.0)
        assert level_db(page.hear(0.5)) - before == pytest.approx(0.0, abs=0.7)
        assert len(page.troubles) == 1
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (128 + signal.SIGTERM, "")
    assert "DPF" not in err
    assert "Traceback" not in err


def level_of(page: Bench) -> float:
    page.hear(0.4)
    return level_db(page.hear(0.3))


@pytest.mark.usefixtures("unpaced")
def test_an_effect_is_bypassed_on_the_engine_that_plays(session: Session) -> None:
    with bench(
        session, replace(blend_patch(["cello"]), effects=(Slot("gain", parameters={"gain_db": -12.0}),))
    ) as page:
        engine = page.instrument._engines.switch.present
        page.ask(NoteOn(57, 60))
        page.hear(0.5)
        began = level_of(page)
        off = {"effect": "gain", "bypass": True, "parameters": {"gain_db": -12.0}}
        page.ask(Change({"effects": [off]}))
        assert level_of(page) - began == pytest.approx(12.0, abs=0.5)
        page.ask(Set("effects.gain.gain_db", -6.0), Change({"effects": [off | {"parameters": {"gain_db": -6.0}}]}))
        assert level_of(page) - began == pytest.approx(12.0, abs=0.5)
        page.ask(Undo(), Undo())
        assert level_of(page) - began == pytest.approx(0.0, abs=0.5)
        assert page.instrument._engines.switch.present is engine


@pytest.mark.usefixtures("unpaced")
def test_effects_in_another_order_sound_in_that_order(session: Session) -> None:
    """Clipped at -30 dBFS and then raised by 20 dB the peak is -10 dBFS; raised and then clipped it is -30 dBFS."""
    clip = {"effect": "clip", "parameters": {"threshold_db": -30}}
    gain = {"effect": "gain", "parameters": {"gain_db": 20}}
    with bench(session, blend_patch(["cello"])) as page:
        for effects, peak_db in (([clip, gain], -10.0), ([gain, clip], -30.0), ([clip, gain], -10.0)):
            page.ask(NoteOn(57, 100), Change({"effects": effects}))
            page.hear(0.3)
            assert 20 * np.log10(np.abs(page.hear(0.3)).max()) == pytest.approx(peak_db, abs=0.1)


@pytest.mark.usefixtures("unpaced")
def test_what_moves_an_effect_goes_with_it_and_comes_back(session: Session) -> None:
    moves = (Move("effects.reverb.mix", 0.0, 1.0), Move("envelope.release_seconds", 0.1, 2.0))
    patch = replace(
        blend_patch(["cello"]), effects=(Slot("reverb"), Slot("gain")), macros=(Macro("Air", 0.5, moves),)
    ).with_macros_applied()
    with bench(session, patch) as page:
        page.ask(Change({"effects": [{"effect": "gain"}]}))
        assert page.patch.macros == (Macro("Air", 0.5, moves[1:]),)
        page.ask(Undo())
        assert page.patch == patch
        with pytest.raises(PatchError, match=r"effects.chorus.mix"):
            page.instrument.handle(
                Change({"macros": [{"name": "Air", "moves": [{"target": "effects.chorus.mix", "low": 0, "high": 1}]}]})
            )


class Desk:
    """An instrument whose engines are built on this thread, the main one, while it plays at its own pace."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.told: list[Any] = []
        instrument.subscribe(self.told.append)

    def ask(self, *wanted: Any) -> None:
        waiting = list(wanted)

        def goes_on() -> bool:
            if waiting and self.instrument.worker.idle:
                self.instrument.handle(waiting.pop(0))
            return bool(waiting) or not self.instrument.worker.idle

        self.instrument.worker.work_here(goes_on)

    def level_db(self) -> float:
        """Of a third of a second from a fifth of a second on."""
        blocks: list[FloatArray] = []
        assert self.instrument.sound is not None
        with self.instrument.sound.listen(1000) as listener:
            until = time.monotonic() + SECONDS
            while len(blocks) < 100 and time.monotonic() < until:
                if (frame := listener.get()) is None:
                    time.sleep(0.002)
                else:
                    blocks.append(block_of(frame)[1])
        return level_db(np.concatenate(blocks[40:], axis=1))

    @property
    def patch(self) -> Patch:
        return from_table(Patch, self.instrument.state().patch)


@contextmanager
def desk(session: Session) -> Iterator[Desk]:
    with Instrument(session, blend_patch(["cello"])) as instrument:
        page = Desk(instrument)
        page.ask(NoteOn(57, 60))
        time.sleep(0.5)
        yield page


@needs_zam
@pytest.mark.usefixtures("scanned")
def test_a_plugins_knobs_are_turned_while_it_plays_named_by_the_patch_or_not(session: Session) -> None:
    with desk(session) as page:
        page.ask(Change({"effects": [{"plugin": COMPRESSOR}]}))
        engine, began = page.instrument._engines.switch.present, page.level_db()
        row = page.instrument.state().targets[f"effects.{COMPRESSOR}.makeup"]
        assert row == {"value": 0.0, "low": 0.0, "high": 30.0, "unit": "dB", "says": "Makeup"}
        page.ask(Set(f"effects.{COMPRESSOR}.makeup", 9.0, keep=False), Set(f"effects.{COMPRESSOR}.makeup", 6.0))
        assert page.patch.effects == (Slot(plugin=COMPRESSOR, parameters={"makeup": 6.0}),)
        assert page.level_db() - began == pytest.approx(6.0, abs=0.7)
        assert page.instrument._engines.switch.present is engine
        for wrong in (
            Set(f"effects.{COMPRESSOR}.makeup", 31.0),
            Set(f"effects.{COMPRESSOR}.make", 3.0),
            Set(f"effects.{COMPRESSOR}.sidechain", 1.0),
            Change({"effects": [{"plugin": COMPRESSOR, "parameters": {"makeup": -1.0}}]}),
            Change(
                {"macros": [{"name": "x", "moves": [{"target": f"effects.{COMPRESSOR}.makeup", "low": 99, "high": 9}]}]}
            ),
        ):
            with pytest.raises(PatchError):
                page.instrument.handle(wrong)
        assert page.level_db() - began == pytest.approx(6.0, abs=0.7), "the sound goes on"
        page.ask(Undo())
        assert page.patch.effects == (Slot(plugin=COMPRESSOR),)
        assert page.level_db() - began == pytest.approx(0.0, abs=0.7)
        assert not [one for one in page.told if isinstance(one, Trouble)]


@needs_zam
@pytest.mark.usefixtures("scanned")
def test_a_plugin_that_was_taken_out_says_why_and_gets_another_chance(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_plugin: HostedEffect, _block: FloatArray) -> FloatArray:
        raise RuntimeError("out of licences")

    with desk(session) as page:
        began = page.level_db()
        effects = [{"plugin": COMPRESSOR, "label": "glue", "parameters": {"makeup": 6.0}}]
        page.ask(Change({"effects": effects}))
        with monkeypatch.context() as broken:
            broken.setattr(HostedEffect, "process", fail)
            time.sleep(0.1)
            page.instrument.status()
        told = page.told[-1]
        assert isinstance(told, State)
        assert told.taken_out == {"glue": "failed: out of licences"}
        assert page.level_db() - began == pytest.approx(0.0, abs=0.7)
        page.ask(Change({"effects": effects}))
        page.instrument.status()
        assert page.instrument.state().taken_out == {}
        assert page.level_db() - began == pytest.approx(6.0, abs=0.7)


@needs_zam
@pytest.mark.usefixtures("scanned")
def test_the_catalogue_has_every_effect_and_says_why_one_cannot_be_had() -> None:
    cache = read_cache()
    broken = PluginInfo(str(ZAM / "ZamTube.vst3"), "Broken", "0", error="crashed when\nit was loaded")
    synth = PluginInfo(str(ZAM / "ZamGate.vst3"), "Synth", "1", kind="instrument", category="Instrument|Synth")
    write_cache({**cache, "0": [broken], "1": [synth]})
    try:
        rows = {row["name"]: row for row in catalogue()}
    finally:
        write_cache(cache)
    assert [*rows] == [*EFFECTS, "Broken", "Synth", COMPRESSOR, DELAY]
    assert rows["Broken"]["error"] == "crashed when it was loaded"
    assert "nsynth-lab capture" in rows["Synth"]["error"]
    assert {name for name, row in rows.items() if row["error"]} == {"Broken", "Synth"}
    assert {name for name, row in rows.items() if row["takes_file"]} == {"convolution"}
    for name, row in rows.items():
        if row["error"]:
            continue
        numbers = {one["name"]: one["default"] for one in row["parameters"]}
        plugin, effect = (name, "") if row["is_plugin"] else ("", name)
        slot = Slot(effect, plugin=plugin, impulse="room.wav" if row["takes_file"] else "", parameters=numbers)
        assert slot.mix == row["mix"]
        assert row["family"]
        assert all(one["low"] <= one["default"] <= one["high"] for one in row["parameters"] if one["kind"] == "number")
    (mode,) = [one for one in rows["ladder"]["parameters"] if one["kind"] == "text"]
    assert (mode["choices"][1], mode["default"]) == ("LPF24", "LPF24")
    (time_knob,) = [one for one in rows[DELAY]["parameters"] if one["name"] == "time"]
    assert (time_knob["low"], time_knob["high"], time_knob["unit"]) == (1.0, 8000.0, "ms")


@needs_zam
def test_plugins_are_looked_for_as_a_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, which tells how far it is; a second search is refused, and then takes its place."""
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path))
    (tmp_path / "Junk.vst3").write_bytes(b"junk")
    with Jobs() as jobs:
        places = [str(ZAM / f"{COMPRESSOR}.vst3"), str(tmp_path)]
        name = jobs.start(scanning.KIND, scanning.TITLE, scanning.WORK, {"places": places})
        begin = scanning.scan_handlers(jobs)[Scan]
        with pytest.raises(UsageError, match="already"):
            begin(parse('{"type": "scan"}'))
        until = time.monotonic() + SECONDS
        while (row := jobs.rows()[name])["state"] in ("waiting", "running") and time.monotonic() < until:
            time.sleep(0.05)
        assert (row["state"], row["result"]) == ("done", {"work": 1, "left_out": 1})
        assert row["done"] == row["total"] == 2
        rows = {one["name"]: one for one in catalogue() if one["is_plugin"]}
        assert [*rows] == ["Junk", COMPRESSOR]
        assert rows["Junk"]["error"]
        monkeypatch.setattr(jobs, "start", lambda *_: "")
        begin(Scan())
        assert jobs.rows() == {}
