"""Playing through a real JACK server: named ports, each part on its own, whatever block the server has."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from playing import SECOND, small_engine, spectrum_peak_hz
from servers import JACK_NAME, jack, jack_server, running, skip_without, wait_for_jack

from nsynth_lab.cli import run
from nsynth_lab.errors import DeviceError, MissingError
from nsynth_lab.midi.events import Event, note_on
from nsynth_lab.midi.ports import Ports
from nsynth_lab.render.ensemble import Ensemble, Part
from nsynth_lab.sinks.jack_sink import JackSink, load_jack
from nsynth_lab.sinks.ring import Ring
from nsynth_lab.units import FloatArray

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def _jack_client(monkeypatch: pytest.MonkeyPatch) -> None:
    skip_without("jackd")
    try:
        load_jack()
    except MissingError as error:
        pytest.skip(str(error))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", JACK_NAME)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[None]:
    with jack(tmp_path):
        yield


class Recording:
    """Everything that some ports play from now on."""

    def __init__(self, ports: Sequence[str]) -> None:
        self._client = load_jack().Client("recording", no_start_server=True)
        self._inputs = [self._client.inports.register(f"in {place}") for place in range(len(ports))]
        self._blocks: list[list[FloatArray]] = [[] for _ in ports]
        self._client.set_process_callback(self._take)
        self._client.activate()
        for port, name in zip(self._inputs, ports, strict=True):
            self._client.connect(name, port)

    def _take(self, _samples: int) -> None:
        for port, blocks in zip(self._inputs, self._blocks, strict=True):
            blocks.append(port.get_array().copy())

    def end(self) -> list[FloatArray]:
        self._client.deactivate()
        self._client.close()
        return [np.concatenate(blocks) for blocks in self._blocks]


def ports_of(client: str = "nsynth-lab") -> list[str]:
    with_ports = load_jack().Client("looking", no_start_server=True)
    names = [port.name for port in with_ports.get_ports(f"^{client}.*", is_output=True, is_audio=True)]
    with_ports.close()
    return names


def sine(hz: float, begin: int, samples: int) -> FloatArray:
    wave = 0.5 * np.sin(2 * np.pi * hz * (begin + np.arange(samples)) / SECOND)
    return np.asarray(np.stack([wave, -wave]), np.float32)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("block", [64, 512])
def test_each_part_comes_whole_out_of_its_own_ports(block: int) -> None:
    """Two sines in 0.6 s, taken from their ports: in tune, left and right, without a gap. JACK asks for 256 samples."""
    parts: list[FloatArray] = []
    with JackSink(["flute", "2 cello"], block_samples=block, latency="high", blocks=lambda: parts) as sink:
        names = ports_of()
        recording = Recording(names)
        for begin in range(0, round(0.6 * SECOND), block):
            parts[:] = [sine(440.0, begin, block), sine(660.0, begin, block)]
            sink.write(parts[0])
        sounds = recording.end()
        assert sink.latency_seconds < 0.1
        underruns = sink.underruns
    assert [name.split(":")[1] for name in names] == ["flute left", "flute right", "2 cello left", "2 cello right"]
    whole = [sound[np.flatnonzero(sound)[0] :] for sound in sounds]
    for sound, hz in zip(whole, (440.0, 440.0, 660.0, 660.0), strict=True):
        assert spectrum_peak_hz(sound[: SECOND // 4]) == pytest.approx(hz, rel=0.005)
    np.testing.assert_allclose(sounds[0], -sounds[1], atol=1e-7)
    if not underruns:
        middle = whole[0][: SECOND // 2]
        bend = middle[2:] - 2.0 * np.cos(2 * np.pi * 440.0 / SECOND) * middle[1:-1] + middle[:-2]
        assert np.abs(bend).max() < 1e-4, "a sine has no corners"


def test_a_server_that_ends_is_waited_for(tmp_path: Path) -> None:
    environment = {**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"}
    with ExitStack() as stack:
        first = stack.enter_context(running(jack_server(), environment, tmp_path / "jack.log"))
        wait_for_jack(first)
        sink, block = stack.enter_context(JackSink(block_samples=512)), sine(440.0, 0, 512)
        for _ in range(20):
            sink.write(block)
        first.terminate()
        first.wait()
        stack.enter_context(running(jack_server(), environment, tmp_path / "again.log"))
        end = time.monotonic() + 8.0
        while not sink.found and time.monotonic() < end:
            sink.write(block)
        assert (sink.lost, sink.found, sink.away) == (1, 1, False)


@pytest.mark.usefixtures("server")
def test_other_programs_find_a_midi_port_and_send_notes_and_a_clock_to_it() -> None:
    rtmidi = pytest.importorskip("rtmidi", reason="needs python-rtmidi")
    arrived: list[Event] = []
    clocks: list[tuple[int, str]] = []

    def receive(_: float, events: list[Event]) -> None:
        arrived.extend(events)

    def clock(_: float, data: bytes, port: str) -> None:
        clocks.append((data[0], port))

    with Ports("", receive, on_lost=lambda: None, clock=clock, virtual=True, insist=False) as ports:
        until(lambda: ports.has_virtual)
        out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="daw")
        found = [place for place, name in enumerate(out.get_ports()) if name.endswith(":nsynth-lab")]
        out.open_port(found[0])
        time.sleep(0.1)
        for data in ([0xFA], [0xF8], [0x90, 60, 100], [0xFC]):
            out.send_message(data)
        until(lambda: bool(arrived) and len(clocks) == 3)
        out.delete()
    assert [(event.number, event.value) for event in arrived] == [(60, 100)]
    assert clocks == [(0xFA, "nsynth-lab"), (0xF8, "nsynth-lab"), (0xFC, "nsynth-lab")]


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 5.0
    while not done():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.01)


def test_without_a_server_it_is_said_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DeviceError, match="no JACK server answers; start one"), JackSink(block_samples=256):
        pass
    assert run(["play", "flute", "--jack", "--device", "x"]) == 2
    assert "--jack and --device both say where it plays" in capsys.readouterr().err


def test_an_ensemble_says_what_each_part_played() -> None:
    both = Ensemble([Part(small_engine(), {0}, title="a"), Part(small_engine(seed=1), {1}, title="b")])
    both.send([note_on(57), note_on(64, channel=1)])
    total = both.render(4096)
    assert [part.shape for part in both.latest] == [(2, 4096), (2, 4096)]
    np.testing.assert_allclose(both.latest[0] + both.latest[1], total, atol=1e-6)
    assert Ring(2, block_samples=64, channels=4).channels == 4
