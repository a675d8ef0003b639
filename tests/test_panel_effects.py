"""The panel's effects: a real plugin in the chain of what plays, the rack that shows it, and what is heard of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsynth_lab.effects import scan
from nsynth_lab.folders import cache_folder
from nsynth_lab.units import FloatArray

ZAM = Path("/usr/lib/vst3")
COMPRESSOR, DELAY = "ZamCompX2", "ZamDelay"
SECONDS = 20.0  # until a test gives up

needs_zam = pytest.mark.skipif(not (ZAM / f"{DELAY}.vst3").exists(), reason="zam-plugins is not installed (Debian)")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home in which two plugins have been scanned."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("NSYNTH_LAB_HOME", str(tmp_path_factory.mktemp("home")))
        scan([ZAM / f"{name}.vst3" for name in (COMPRESSOR, DELAY)])
        assert cache_folder().is_dir()
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
        from nsynth_lab.sinks.socket_sink import block_of

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
            with client.connect(f"{address}socket", max_size=None) as opened:
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
