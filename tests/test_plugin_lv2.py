"""The plugin in jalv, an LV2 host that Debian has, through a JACK server without a sound card."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clap_host import until
from servers import jack as jack_server
from servers import running

from nsynth_lab.plugin.install import place_of
from nsynth_lab.plugin.status import running as running_engine
from nsynth_lab.units import SAMPLE_RATE, FloatArray, cents_to_ratio, note_to_hz

NAME = "nsynth-lab-lv2"
A4 = 69
STRIKE, BLOCK, BLOCKS = 40, 256, 220


def recorded(jack: Any, plays: Callable[[], bool]) -> FloatArray:
    """What the host's plugin plays [2, samples] once its engine does, with a key struck in block `STRIKE`."""
    client = jack.Client("nsynth-lab-tests", no_start_server=True)
    inputs = [client.inports.register(f"in_{side}") for side in (1, 2)]
    keys = client.midi_outports.register("keys")
    heard: list[FloatArray] = []

    def process(_: int) -> None:
        keys.clear_buffer()
        if len(heard) == STRIKE:
            keys.write_midi_event(0, [0x90, A4, 100])
        heard.append(np.stack([port.get_array().copy() for port in inputs]))

    client.set_process_callback(process)
    with client:
        ports = [f"{NAME}:lv2_audio_out_{side}" for side in (1, 2)]
        assert until(lambda: {*ports} <= {port.name for port in client.get_ports()}, 10.0)
        assert until(plays, 20.0)
        for port, given in zip(ports, inputs, strict=True):
            client.connect(port, given)
        client.connect(keys, f"{NAME}:lv2_events_in")
        heard.clear()
        assert until(lambda: len(heard) >= BLOCKS, 10.0)
    return np.concatenate(heard[:BLOCKS], axis=1)


def engine_plays(plugin: Path) -> bool:
    """Whether a preset plays in the engine."""
    place = place_of(plugin)
    found = running_engine(place) if place else None
    return bool(found and all(found["playing"]) and found["playing"])


@pytest.mark.patient  # so the first that needs the plugin builds it on processors that nobody else wants
def test_its_descriptions_name_what_lies_there(plugin: dict[str, Path]) -> None:
    bundle = plugin["LV2"]
    manifest = (bundle / "manifest.ttl").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:lv2:binary|rdfs:seeAlso|ui:binary) *<([^>]+)>", manifest))
    assert any(name.endswith(".ttl") for name in named)
    assert all((bundle / name).is_file() for name in named), named


@pytest.mark.alone
def test_jalv_plays_it(plugin: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("jalv") is None:
        pytest.skip("jalv is not installed: apt-get install jalv")
    jack = pytest.importorskip("jack", reason="JACK-Client is not installed: pip install JACK-Client")
    with jack_server(tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        host = ["jalv", "-i", "-n", NAME, "urn:nsynth-lab:instrument"]
        folders = os.pathsep.join((str(plugin["LV2"].parent), "/usr/lib/lv2"))
        with running(host, {**os.environ, "LV2_PATH": folders}, tmp_path / "jalv.log") as process:
            sound = recorded(jack, lambda: process.poll() is None and engine_plays(plugin["LV2"]))
    begin = STRIKE * BLOCK
    assert not sound[:, :begin].any()
    note = sound[0, begin:]
    assert np.abs(note).max() > 0.01
    spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note)), 4 * SAMPLE_RATE))
    found = np.argmax(spectrum[: 4 * 600]) / 4
    assert abs(np.log(found / note_to_hz(float(A4)))) < np.log(cents_to_ratio(20))
