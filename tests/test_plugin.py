"""The plugin in hosts: built, loaded as CLAP and VST3, played, saved and crashed; its engine in its own process."""

from __future__ import annotations

import mmap
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from clap_host import Clap, Events, until

from nsynth_lab.cli import run
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.effects.vst3 import Vst3
from nsynth_lab.errors import PluginError, UsageError
from nsynth_lab.midi.parse import Parser
from nsynth_lab.panel.engines import engine_of
from nsynth_lab.panel.switch import Switch
from nsynth_lab.patch import parse_preset
from nsynth_lab.patch.library import listed_file
from nsynth_lab.plugin.bridge import BLOCK, MIDI, Bridge
from nsynth_lab.plugin.build import FORMATS
from nsynth_lab.plugin.install import place_of
from nsynth_lab.plugin.layout import AUDIO_FRAMES, MAGIC, NUMBER, RECORDS, VERSION
from nsynth_lab.plugin.memory import Memory
from nsynth_lab.plugin.place import USUAL_PRESET
from nsynth_lab.plugin.process import MEMORIES
from nsynth_lab.plugin.status import running, use
from nsynth_lab.render.session import Session
from nsynth_lab.units import SAMPLE_RATE, FloatArray, cents_to_ratio, note_to_hz

FLUTE = 'version = 1\nname = "One flute"\n[blend]\ncorners = ["flute"]\n'
PAIR = 'version = 1\nname = "Pair"\n[blend]\ncorners = ["flute", "cello"]\nposition = 0.0\n'
LATER = FLUTE.replace("version = 1", "version = 99")
MISSING = FLUTE.replace('["flute"]', '["flut"]')
A4 = 69
CHORD = (60, 64, 67)


def down(key: int, velocity: int = 100, *, channel: int = 0) -> bytes:
    return bytes([0x90 | channel, key, velocity])


def up(key: int, *, channel: int = 0) -> bytes:
    return bytes([0x80 | channel, key, 0])


@pytest.fixture
def clap(plugin: dict[str, Path]) -> Iterator[Clap]:
    with closing(Clap(plugin["CLAP"])) as instance:
        yield instance


@cache
def session() -> Session:
    return Session(device="cpu")


def state_of(text: str) -> bytes:
    """What a project has saved of the plugin with this preset."""
    return f"__dpf_state_begin__\0preset\0{text}\0__dpf_state_end__\0".encode() + b"\xfe"


def engine_plays(text: str, frames: int, events: Events) -> FloatArray:
    """The sound [2, frames] of the engine alone, without its delay."""
    engine, parser = engine_of(session(), parse_preset(text)), Parser()
    engine.send(event for at, message in events for event in parser.feed(message, at_sample=at))
    return engine.render(engine.delay_samples + frames)[:, engine.delay_samples :]


def heard(instance: Clap, frames: int, events: Events = (), *, blocks: tuple[int, ...] = (512,)) -> FloatArray:
    """What a host hears that takes the latency away, [2, frames]."""
    late = instance.latency
    sound = instance.render(frames + late, events, blocks=blocks)
    assert instance.latency == late
    return sound[:, late:]


def db_apart(first: FloatArray, second: FloatArray) -> float:
    return float(20 * np.log10(np.abs(first - second).max() / np.abs(second).max() + 1e-12))


def test_a_chord_is_in_tune_and_at_its_sample_whatever_the_blocks(clap: Clap) -> None:
    events = [(9_600, down(key)) for key in CHORD] + [(40_000, up(key)) for key in CHORD]
    clap.load(state_of(FLUTE))
    clap.activate()
    sound = heard(clap, SAMPLE_RATE, events)
    assert db_apart(sound, engine_plays(FLUTE, SAMPLE_RATE, events)) < -120.0
    assert 9_600 <= np.argmax(np.abs(sound[0]) > 1e-6) < 9_600 + 512
    spectrum = np.abs(np.fft.rfft(sound[0] * np.hanning(SAMPLE_RATE), 8 * SAMPLE_RATE))
    for hz in (note_to_hz(float(key)) for key in CHORD):
        around = slice(round(8 * hz * cents_to_ratio(-50)), round(8 * hz * cents_to_ratio(50)))
        found = (around.start + np.argmax(spectrum[around])) / 8
        assert abs(1200 * np.log2(found / hz)) < 15.0
    for block, blocks in ((4096, (1, 63, 4096, 7, 511)), (441, (441,)), (64, (64,))):
        clap.activate(block=block)
        assert np.array_equal(heard(clap, SAMPLE_RATE // 4, events, blocks=blocks), sound[:, : SAMPLE_RATE // 4])


@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_another_rate_sounds_as_the_engine_resampled(clap: Clap, rate: int) -> None:
    clap.load(state_of(FLUTE))
    clap.activate(rate=rate, block=441)
    engine, (strike, *_) = engine_of(session(), parse_preset(FLUTE)), Parser().feed(down(A4), at_sample=4_800)
    engine.send([strike])
    wanted = resample(engine.render(SAMPLE_RATE), SAMPLE_RATE, rate)[:, : rate // 2]
    lead = clap.latency - round(engine.delay_samples * rate / SAMPLE_RATE)
    sound = clap.render(rate // 2 + lead, [(rate // 10, down(A4))], blocks=(441, 1, 100))[:, lead:]
    assert db_apart(sound, wanted) < -90.0


def test_automation_is_heard_and_two_instances_play_at_once(plugin: dict[str, Path]) -> None:
    with closing(Clap(plugin["CLAP"])) as one, closing(Clap(plugin["CLAP"])) as other:
        for instance, text in ((one, PAIR), (other, FLUTE)):
            instance.load(state_of(text))
            instance.activate()
        sounds: list[list[FloatArray]] = [[], []]
        for block in range(60):
            struck = [(0, down(A4))] if block == 0 else []
            sounds[0].append(one.play(512, struck, moves=[("Blend X", 1.0)] if block == 20 else ()))
            sounds[1].append(other.play(512, struck, moves=[("Level", -60.0)] if block == 30 else ()))
        moved, faded = (np.concatenate(blocks, axis=1) for blocks in sounds)
        flute = engine_plays(FLUTE, 30_720, [(0, down(A4))])
        first, late = 19 * 512, one.latency
        assert db_apart(moved[:, late : late + first], flute[:, :first]) < -90.0
        assert db_apart(moved[:, late:][:, -4096:], flute[:, 30_720 - late - 4096 : 30_720 - late]) > -20.0
        assert np.abs(faded[:, -4096:]).max() < 0.002 * np.abs(faded).max()
        assert other.value("Level") == -60.0
        assert [row[0] for row in one.parameters()][:4] == ["Blend X", "Blend Y", "Macro 1", "Macro 2"]


def test_what_one_process_saves_another_restores(clap: Clap, plugin: dict[str, Path], tmp_path: Path) -> None:
    clap.activate()
    names = [row[0] for row in clap.parameters()]
    clap.play(512, moves=[("Preset", 5.0), ("Attack", 0.25)])
    chosen = clap.text("Preset")
    assert {"Attack", "Preset", "Engine"} <= set(names)
    assert chosen != "glass-cello"
    (tmp_path / "state").write_bytes(clap.save())
    program = [sys.executable, str(Path(__file__).with_name("clap_host.py")), str(plugin["CLAP"])]
    subprocess.run([*program, str(tmp_path / "state"), str(tmp_path / "sound.npy")], check=True, timeout=60)
    clap.activate()
    there, here = np.load(tmp_path / "sound.npy"), clap.render(24_000, [(0, down(A4))])
    assert np.abs(here).max() > 0.01
    assert db_apart(there, here) < -100.0, "numbers are saved with seven digits"


@pytest.mark.parametrize(("text", "said"), [(LATER, "version"), (MISSING, "flute"), ("no preset = [", "TOML")])
def test_a_state_that_cannot_be_played_is_told_and_kept(
    clap: Clap, plugin: dict[str, Path], text: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    clap.load(state_of(text))
    clap.activate()
    assert not clap.render(4_800, [(0, down(A4))]).any()
    assert text.encode() in clap.save()
    assert clap.text("Engine").startswith("trouble")
    line = capfd.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("nsynth-lab: the project's preset cannot be played; it is kept as it is: ")
    assert said in line
    place = place_of(plugin["CLAP"])
    assert place is not None
    assert said in place.log.read_text()
    clap.load(state_of(FLUTE))
    assert clap.render(24_000, [(0, down(A4))]).any()


def engine_process(plugin: dict[str, Path]) -> int:
    place = place_of(plugin["CLAP"])
    found = running(place) if place else None
    return int(found["process"]) if found else 0


def test_a_killed_engine_comes_back_with_its_state(clap: Clap, plugin: dict[str, Path]) -> None:
    clap.load(state_of(PAIR))
    clap.activate()
    clap.play(512, moves=[("Blend X", 1.0)])
    before = clap.render(9_600, [(0, down(A4))])
    clap.activate(offline=False)
    assert until(lambda: bool(clap.play(512, [(0, down(A4))]).any()), 10.0)
    killed = engine_process(plugin)
    os.kill(killed, signal.SIGKILL)
    assert until(lambda: not clap.play(512).any(), 10.0), "silence"
    assert until(lambda: bool(clap.play(512, [(0, down(A4))]).any()), 10.0), "it is back"
    again = engine_process(plugin)
    assert again not in (0, killed)
    keeper = int(Path(f"/proc/{again}/stat").read_text().rpartition(")")[2].split()[1])
    for process in (keeper, again):
        os.kill(process, signal.SIGKILL)
    assert until(lambda: not clap.play(512).any(), 10.0), "silence"
    assert until(lambda: bool(clap.play(512, [(0, down(A4))]).any()), 10.0), "it is back by its spare"
    assert engine_process(plugin) not in (0, killed, again)
    assert clap.value("Blend X") == 1.0
    clap.activate()
    assert np.array_equal(clap.render(9_600, [(0, down(A4))]), before)


def test_a_host_that_dies_and_loads_without_end_leave_nothing_behind(plugin: dict[str, Path]) -> None:
    place = place_of(plugin["CLAP"])
    assert place is not None
    with closing(Clap(plugin["CLAP"])) as first:
        first.activate()
        first.render(512)

        def open_here() -> tuple[int, int]:
            return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

        process = engine_process(plugin)

        def open_there() -> tuple[int, int]:
            return len(os.listdir(f"/proc/{process}/fd")), len(os.listdir(f"/proc/{process}/task"))

        time.sleep(0.1)  # who asked for the process has gone
        here, there = open_here(), open_there()
        for _ in range(20):
            with closing(Clap(plugin["CLAP"])) as instance:
                instance.activate()
                instance.render(64)
        dies = "import os, sys, clap_host; p = clap_host.Clap(sys.argv[1]); p.activate(); p.render(64); os._exit(9)"
        program = [sys.executable, "-c", dies, str(plugin["CLAP"])]
        done = subprocess.run(program, cwd=Path(__file__).parent, check=False, timeout=60)
        assert done.returncode == 9
        assert open_here() == here
        assert until(lambda: max(map(int.__sub__, open_there(), there)) <= 0, 5.0), (open_there(), there)
        assert until(lambda: (running(place) or {})["playing"] == ["Glass Cello"], 5.0), running(place)
    assert not list(MEMORIES.glob("nsynth-lab-*"))
    assert until(lambda: running(place) is None, 10.0), "it ends by itself"
    left = MEMORIES / f"nsynth-lab-{10**9}-0"
    left.write_bytes(b"of a host that crashed")
    with closing(Clap(plugin["CLAP"])) as instance:
        instance.activate()
        assert until(lambda: not left.exists(), 10.0)


def test_a_preset_is_put_on_a_track_from_outside(clap: Clap, plugin: dict[str, Path]) -> None:
    place = place_of(plugin["CLAP"])
    assert place is not None
    clap.activate()
    clap.render(512)
    with pytest.raises(UsageError, match="no track 2"):
        use(place, FLUTE, track=2)
    use(place, FLUTE, track=1)
    assert until(lambda: FLUTE.encode() in clap.save(), 10.0)
    clap.activate()
    assert db_apart(heard(clap, 24_000, [(0, down(A4))]), engine_plays(FLUTE, 24_000, [(0, down(A4))])) < -120.0


def test_notes_bend_by_themselves_under_mpe(clap: Clap) -> None:
    text = f"{FLUTE}[voice]\nmpe = true\n"
    whole = bytes([0xE1, 0x00, 0x50])  # an eighth of 48 semitones above the middle, on channel 2
    clap.load(state_of(text))
    clap.activate()
    events = [(0, down(60, channel=1)), (0, down(72, channel=2)), (4_800, whole)]
    assert db_apart(heard(clap, 24_000, events), engine_plays(text, 24_000, events)) < -120.0


def test_a_vst3_host_plays_and_saves_it(plugin: dict[str, Path]) -> None:
    one = Vst3(str(plugin["VST3"]), "nsynth-lab")
    try:
        usual = listed_file(USUAL_PRESET).read_text()
        sound = one.play_note(A4, 100, hold_seconds=0.4, seconds=0.5)
        wanted = engine_plays(usual, 24_000, [(0, down(A4)), (19_200, up(A4))])
        late = int(np.argmax(np.abs(sound[0]) > 1e-5)) - int(np.argmax(np.abs(wanted[0]) > 1e-5))
        assert late >= 0
        assert db_apart(sound[:, late:], wanted[:, : 24_000 - late]) < -90.0
        saved = one.state()
        assert one.parameter("Blend X") == one.parameter("Macro 1") == 0.5
        one.set_parameter("Level", 0.0)
        assert np.abs(one.play_note(A4, 100, hold_seconds=0.4, seconds=0.5)).max() < 0.01 * np.abs(sound).max()
        one.restore(saved)
        assert np.array_equal(one.play_note(A4, 100, hold_seconds=0.4, seconds=0.5), sound)
    finally:
        one.close()


def test_memory_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    whole = np.zeros(NUMBER["MEMORY_BYTES"], np.uint8)
    for content, said in ((whole[:100], "bytes"), (whole, "version 0")):
        (tmp_path / "memory").write_bytes(content.tobytes())
        with open(tmp_path / "memory", "r+b") as file, pytest.raises(PluginError, match=said):
            Memory(file.fileno())


def test_an_engine_sleeps_and_its_lfos_go_on_meanwhile() -> None:
    """Silence for so long that nothing more can be heard; then a key sounds as if it had been awake."""
    text = f"{FLUTE}[[effects]]\neffect = 'chorus'\n"
    patch, file = parse_preset(text), os.memfd_create("memory")
    os.ftruncate(file, NUMBER["MEMORY_BYTES"])
    shell = mmap.mmap(file, NUMBER["MEMORY_BYTES"])
    shell[:24] = struct.pack("=QIIII", MAGIC, VERSION, SAMPLE_RATE, 1024, 0)
    memory = Memory(file)
    bridge = Bridge(memory, Switch(engine_of(session(), patch)), patch, let_go=lambda engine: engine.let_go())
    asked = 0

    def ask(*records: tuple[int, int, int]) -> None:
        nonlocal asked
        for kind, frame, number in records:
            struct.pack_into("=IIIf", shell, NUMBER["AT_RECORDS"] + 16 * (asked % RECORDS), kind, frame, number, 0.0)
            asked += 1
        struct.pack_into("=Q", shell, NUMBER["AT_ASKED"], asked)

    for _ in range(200):
        ask((BLOCK, 0, 512))
        bridge.work()
        if memory.asleep:
            break
    assert memory.asleep
    begin = memory.made
    assert begin > SAMPLE_RATE
    ask(*[(BLOCK, 0, 512)] * 8)
    ask((MIDI, 0, int.from_bytes(down(A4), "little")), (BLOCK, 0, 4096))
    bridge.work()
    assert not memory.asleep
    wanted = engine_plays(text, begin + 8192, [(begin + 4096, down(A4))])
    late = bridge.engine.delay_samples
    ring = np.frombuffer(shell, "f4", 2 * AUDIO_FRAMES, NUMBER["AT_AUDIO"]).reshape(AUDIO_FRAMES, 2)
    made = ring[(begin + late + np.arange(8192 - late)) % AUDIO_FRAMES].T
    assert db_apart(made, wanted[:, begin : begin + 8192 - late]) < -120.0
    bridge.let_go()


def test_the_commands_say_what_is_missing_and_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(["plugin", "install"]) == 2
    assert "nsynth-lab plugin build" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "")
    assert run(["plugin", "build"]) == 1
    assert "make and g++" in capsys.readouterr().err
    (tmp_path / ".clap").mkdir()
    (tmp_path / ".clap" / FORMATS["CLAP"]).write_text("somebody else's")
    assert run(["plugin", "status"]) == 0
    assert capsys.readouterr().out.count("not installed") == 6
