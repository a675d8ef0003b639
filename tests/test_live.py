"""The live side without a device: the ring, the clock, the event queue, overload, the keys of a computer, storms."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from playing import SECOND, busy_events, played, small_engine

from nsynth_lab.audio import LONGEST_BYTES, read_audio
from nsynth_lab.cli.status import StatusLine
from nsynth_lab.errors import DeviceError, MissingError, UsageError
from nsynth_lab.midi.computer_keyboard import NOTE_SECONDS, ComputerKeyboard, split_keys
from nsynth_lab.midi.events import Kind, note_off, note_on
from nsynth_lab.midi.parse import Parser
from nsynth_lab.midi.song import Song
from nsynth_lab.render.ensemble import Ensemble, Part
from nsynth_lab.render.event_queue import MAX_WAITING, ClockFollower, EventQueue
from nsynth_lab.render.live import Live
from nsynth_lab.render.song import BLOCK_SAMPLES, render_song
from nsynth_lab.sinks.device import DeviceSink
from nsynth_lab.sinks.file import FileSink
from nsynth_lab.sinks.outputs import outputs
from nsynth_lab.sinks.recorder import Recorder
from nsynth_lab.sinks.ring import Ring
from nsynth_lab.synth.settings import Settings
from nsynth_lab.units import FloatArray


class Swallow(DeviceSink):
    """A device sink whose device is a list; when `hungry` it takes blocks faster than they can be made."""

    def __init__(self, *, block_samples: int = 256, hungry: bool = False) -> None:
        super().__init__(block_samples=block_samples, latency="low")
        self.heard: list[FloatArray] = []
        self.hungry = hungry

    def write(self, block: FloatArray) -> None:
        self.heard.append(block.copy())

    @property
    def starving(self) -> bool:
        return self.hungry


def run(live: Live, *, samples: int) -> FloatArray:
    """`samples` of a live engine, on this thread."""
    live.run(threading.Event(), done=lambda: live.engine.clock >= samples)
    assert isinstance(live.sink, Swallow)
    return np.concatenate(live.sink.heard, axis=1)


def song(*, seconds: float = 2.0) -> Song:
    events = tuple(event for event in busy_events(seconds=seconds) if event.kind is not Kind.SETTING)
    return Song(events, int(seconds * SECOND), 1)


def test_a_file_played_live_is_the_file_rendered(tmp_path: Path) -> None:
    """The device gets what the engine makes offline, bit for bit; `render`, which works ahead, is within 2e-5."""
    settings = Settings(voices=6)
    live = Live(small_engine(settings), Swallow(), song=song().events)
    heard = run(live, samples=2 * SECOND)
    assert np.abs(heard).max() > 0.01
    assert np.array_equal(played(small_engine(settings), song().events, samples=2 * SECOND), heard)
    with FileSink(tmp_path / "song.wav") as sink:
        render_song(small_engine(settings, ahead_samples=BLOCK_SAMPLES), song(), sink)
    rendered = read_audio(tmp_path / "song.wav").samples
    assert np.abs(rendered[:, : heard.shape[1]] - heard).max() <= 2e-5


def test_each_channel_has_its_own_engine_live_as_offline(tmp_path: Path) -> None:
    """Within 2e-5; a key played meanwhile reaches the engine of its channel."""
    events = [replace(event, channel=place % 2) for place, event in enumerate(song(seconds=1.0).events)]

    def ensemble(*, ahead_samples: int = 512) -> Ensemble:
        both = small_engine(ahead_samples=ahead_samples), small_engine(corners=1, ahead_samples=ahead_samples)
        return Ensemble([Part(engine, {channel}) for channel, engine in enumerate(both)])

    live = Live(ensemble(), Swallow(), song=events)
    heard = run(live, samples=SECOND)
    assert np.abs(heard).max() > 0.01
    with FileSink(tmp_path / "song.wav") as sink:
        render_song(ensemble(ahead_samples=BLOCK_SAMPLES), Song(tuple(events), SECOND, 1), sink)
    assert np.abs(read_audio(tmp_path / "song.wav").samples[:, :SECOND] - heard[:, :SECOND]).max() <= 2e-5
    live.event_queue.put([note_on(100, channel=1)])
    live.run(threading.Event(), done=lambda: live.engine.clock >= SECOND + 2000)
    assert isinstance(live.engine, Ensemble)
    keys = [{voice.key for voice in part.engine.player.allocator.voices} for part in live.engine.parts]
    assert 100 in keys[1] - keys[0]
    assert live.status().engine.voices == live.engine.state().voices


def test_a_ring_returns_what_was_written_and_counts_underruns() -> None:
    ring = Ring(3, block_samples=4)
    out = np.ones((4, 2), np.float32)
    assert not ring.pop(out)
    assert (out == 0).all()
    assert ring.underruns == 1
    blocks = [np.full((2, 4), index, np.float32) for index in range(5)]
    assert [ring.push(block) for block in blocks] == [True, True, True, False, False]
    for index in range(3):
        assert ring.pop(out)
        assert (out == index).all()
    assert ring.push(blocks[4])
    assert ring.filled == 1
    ring.clear()
    ring.ending = True
    assert not ring.pop(out)
    assert ring.underruns == 1, "at its end nothing is missed"


def test_a_ring_between_two_threads_loses_nothing() -> None:
    ring, count = Ring(4, block_samples=8), 400
    got: list[float] = []

    def push() -> None:
        block = np.zeros((2, 8), np.float32)
        for index in range(count):
            block[:] = index
            while not ring.push(block):
                time.sleep(0.00005)

    thread = threading.Thread(target=push)
    thread.start()
    out = np.zeros((8, 2), np.float32)
    while len(got) < count:
        if ring.pop(out):
            assert (out == out[0, 0]).all(), "a block that is half another"
            got.append(float(out[0, 0]))
        else:
            time.sleep(0.00005)
    thread.join()
    assert got == list(range(count))


def test_the_clock_follower_keeps_the_spacing_of_events_though_blocks_come_in_bursts() -> None:
    timer, block = ClockFollower(256), 256
    clock, wanted, errors = 0, 0.0, []
    for burst in range(400):
        for _ in range(4):  # four blocks at once, then a pause
            timer.begin_block(clock, burst * 4 * block / SECOND)
            clock += block
        wanted = (burst + random.Random(burst).random()) * 4 * block / SECOND
        errors.append(timer.sample(wanted) - wanted * SECOND)
    assert np.ptp(errors[200:]) < 0.1 * block


def test_an_event_queue_that_overflows_silences_all_so_that_no_note_hangs() -> None:
    event_queue = EventQueue()
    event_queue.put([note_on(60)])
    event_queue.put(note_off(61) for _ in range(MAX_WAITING + 10))
    events = [event for _, event in event_queue.drain()]
    assert [event.number for event in events[:16]] == [120] * 16
    assert len(events) == MAX_WAITING + 16
    assert event_queue.drain() == []


def test_overload_steals_released_voices_first_and_recovers() -> None:
    live = Live(small_engine(Settings(voices=8, x=0.0)), Swallow(hungry=True))
    engine = live.engine
    keys = range(50, 58)
    engine.send([note_on(key) for key in keys])
    engine.send([note_off(key, at_sample=4800) for key in (51, 52)])
    for _ in range(24):
        engine.render(256)
    live._keep_up(1.5)
    assert sorted(voice.key for voice in engine.player.allocator.sounding()) == [50, 53, 54, 55, 56, 57]
    assert engine.state().overload_stolen == 2
    assert engine.max_voices == 6
    assert "overload: 2 voices stolen" in StatusLine().line(live.status(), columns=80)
    for _ in range(3 * 400):
        live._keep_up(0.2)
    assert engine.max_voices == 8
    assert not engine.limited


def test_an_overload_of_two_seconds_is_told_once() -> None:
    told: list[bool] = []
    live = Live(small_engine(), Swallow(hungry=True), overloaded=lambda: told.append(True))
    for share in 374 * [1.5] + [0.5] + 374 * [1.5]:  # of 375 blocks of 256 in two seconds
        live._keep_up(share)
    assert not told
    for _ in range(400):
        live._keep_up(1.5)
    assert told == [True]


def test_the_next_note_is_right_after_a_storm_of_random_messages() -> None:
    """10,000 random and malformed messages a second for two seconds of the engine's time."""
    engine, parser, rng = small_engine(), Parser(), random.Random(4)
    for index in range(2 * SECOND // 256):
        storm = bytes(rng.randrange(256) for _ in range(3 * 53))
        engine.send(parser.feed(storm, at_sample=engine.clock + rng.randrange(256)))
        block = engine.render(256)
        assert np.isfinite(block).all(), index
        assert np.abs(block).max() < 1.0
    calm = [(0xB0 + channel, number, 0) for channel in range(16) for number in (121, 120)]
    range_again = [(0xB0, 101, 0), (0xB0, 100, 0), (0xB0, 6, 2), (0xB0, 7, 100)]
    zone_gone = [(0xB0, 100, 6), (0xB0, 6, 0), (0xBF, 101, 0), (0xBF, 100, 6), (0xBF, 6, 0)]
    tuned = [(0xB0, 100, 2), (0xB0, 6, 64), (0xB0, 100, 1), (0xB0, 6, 64)]
    engine.send(parser.feed(bytes(byte for message in calm + range_again + zone_gone + tuned for byte in message)))
    engine.render(1024)
    assert not engine.player.allocator.voices
    engine.send(parser.feed(bytes([0x90, 69, 100])))
    engine.render(512)
    (voice,) = engine.player.allocator.voices
    assert (voice.key, voice.velocity) == (69, 100)
    assert voice.pitch == pytest.approx(69.0)
    assert engine.player.channels.controls(0, Settings()).bend_semitones == 0.0


def test_a_recording_is_what_was_played(tmp_path: Path) -> None:
    live_sink = Swallow()
    with Recorder(FileSink(tmp_path / "take.wav")) as recorder:
        live = Live(small_engine(), live_sink, record=recorder)
        live.event_queue.put([note_on(60)])
        heard = run(live, samples=SECOND // 2)
    taken = read_audio(tmp_path / "take.wav").samples
    assert np.abs(taken - heard).max() <= 2**-22
    assert np.abs(heard).max() > 0.001


FORMATS = ("wav", "flac", "aiff", "ogg", "mp3")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 200 KiB; where none can be made, files of this process may be no longer than that."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    if shutil.which("mount") and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        yield folder
        subprocess.run(["umount", str(folder)], check=True)
        return
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200 * 1024, before[1]))
    yield folder
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_full_disk_ends_the_recording_and_the_music_goes_on(ending: str, small_disk: Path) -> None:
    target, live_sink = small_disk / f"take.{ending}", Swallow()
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 40 * SECOND)).astype(np.float32)
    with Recorder(FileSink(target)) as recorder:
        live = Live(small_engine(), live_sink, record=recorder)
        assert live.status().recording == target.name
        for begin in range(0, noise.shape[1], 4096):
            recorder.write(noise[:, begin : begin + 4096])
            while recorder.waiting_samples > 8192 and not recorder.ended:
                time.sleep(0.001)
            if recorder.ended:
                break
        live.event_queue.put([note_on(60)])
        assert np.abs(run(live, samples=SECOND // 4)).max() > 0.001
        assert live.status().recording == ""
        (line,) = live.troubles()
        assert line.startswith("recording ended after ")
        assert str(target) in line
        assert "full" in line or "System error" in line
        assert line.endswith("what was recorded until then is kept")
        assert live.troubles() == []
    assert [path.name for path in small_disk.iterdir()] == [target.name]
    info, taken = soundfile.info(target), soundfile.read(target, dtype="float32")[0].T
    assert SECOND // 2 < taken.shape[1] <= recorder.samples + 4096
    assert abs(info.frames - taken.shape[1]) <= 0.2 * SECOND, "its header says how long it is"
    if ending in ("wav", "flac", "aiff"):
        assert info.frames == taken.shape[1]
        assert np.abs(taken - noise[:, : taken.shape[1]]).max() < 2**-22


def test_a_disk_that_fills_up_with_the_last_samples_is_reported(small_disk: Path) -> None:
    """The encoder holds some of them back until the file is closed, and then no longer reports an error."""
    if not small_disk.is_mount():
        pytest.skip("only root can make a small disk")
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, SECOND)).astype(np.float32)
    (small_disk / "filler").write_bytes(bytes(164 * 1024))
    with Recorder(FileSink(small_disk / "take.flac")) as recorder:
        recorder.write(noise[:, : 2 * 4096 - 8])
    (line,) = recorder.troubles()
    assert line.endswith("what was recorded until then is kept")
    assert len(soundfile.read(small_disk / "take.flac")[0]) == soundfile.info(small_disk / "take.flac").frames > 0


def test_a_file_that_can_grow_no_longer_ends_the_recording_as_a_full_disk_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LONGEST_BYTES, ".wav", 6 * SECOND)
    with Recorder(FileSink(tmp_path / "long.wav")) as recorder:
        for _ in range(4):
            recorder.write(np.full((2, SECOND // 2), 0.1, np.float32))
    (line,) = recorder.troubles()
    assert ".flac holds more" in line
    assert soundfile.info(tmp_path / "long.wav").frames == SECOND


def test_a_slow_disk_loses_blocks_which_become_silence_of_the_same_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded before and after stays where it was played."""
    monkeypatch.setattr("nsynth_lab.sinks.recorder.MOST_WAITING_SAMPLES", 4 * 1024)
    goes_on, sink = threading.Event(), FileSink(tmp_path / "take.wav")
    write = sink.write
    monkeypatch.setattr(sink, "write", lambda block: (goes_on.wait(10.0), write(block)))
    with Recorder(sink) as recorder:
        for index in range(10):
            recorder.write(np.full((2, 1024), (index + 1) / 100, np.float32))
        assert recorder.waiting_samples == 4 * 1024
        goes_on.set()
        until = time.monotonic() + 10.0
        while recorder.waiting_samples and time.monotonic() < until:
            time.sleep(0.001)
        recorder.write(np.full((2, 1024), 0.5, np.float32))
        assert recorder.lost_samples == 6 * 1024
        assert ["too slow" in line for line in recorder.troubles()] == [True]
    taken = read_audio(tmp_path / "take.wav").samples
    wanted = np.repeat([0.01, 0.02, 0.03, 0.04, *[0.0] * 6, 0.5], 1024)
    np.testing.assert_allclose(taken, np.stack([wanted, wanted]), atol=2**-22)


def test_a_recording_is_kept_when_playing_breaks_off_and_an_empty_one_is_not(tmp_path: Path) -> None:
    def broken(name: str, *, blocks: int) -> None:
        with Recorder(FileSink(tmp_path / name)) as recorder:
            for _ in range(blocks):
                recorder.write(np.full((2, 512), 0.1, np.float32))
            raise ZeroDivisionError

    for name, blocks in (("some.wav", 9), ("none.wav", 0)):
        with pytest.raises(ZeroDivisionError):
            broken(name, blocks=blocks)
    assert [path.name for path in tmp_path.iterdir()] == ["some.wav"]
    assert soundfile.info(tmp_path / "some.wav").frames == 9 * 512


def test_a_device_that_asks_for_more_after_the_end_counts_no_underrun() -> None:
    sink = Swallow()
    live = Live(small_engine(), sink)
    run(live, samples=512)
    assert not sink.ring.pop(np.empty((256, 2), np.float32))
    assert live.status().underruns == 0


@pytest.mark.parametrize(("late", "ending", "told"), [(True, False, 1), (False, False, 0), (True, True, 0)])
def test_a_gap_that_the_device_itself_tells_of_is_an_underrun(
    monkeypatch: pytest.MonkeyPatch, late: bool, ending: bool, told: int
) -> None:
    """A sound server may run dry though a block was there in time: what was heard had gaps, and `play` told of none."""
    made: list[Callable[..., None]] = []

    def stream(*, callback: Callable[..., None], **_: object) -> SimpleNamespace:
        made.append(callback)
        return SimpleNamespace(latency=0.0, start=lambda: None, close=lambda **_: None)

    device = SimpleNamespace(OutputStream=stream, PortAudioError=RuntimeError)
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    out = np.zeros((256, 2), np.float32)
    with DeviceSink(block_samples=256) as sink:
        sink.ring.push(np.full((2, 256), 0.5, np.float32))
        sink.ring.ending = ending
        made[0](out, 256, None, SimpleNamespace(output_underflow=late))
    assert (out == 0.5).all()
    assert sink.ring.underruns == told


@pytest.mark.parametrize(("latency", "lost"), [("high", 0), ("low", 1)])
def test_a_block_that_comes_a_little_late_is_waited_for_while_the_device_has_enough(
    monkeypatch: pytest.MonkeyPatch, latency: str, lost: int
) -> None:
    """PortAudio asks for many blocks at once after a delay: silence was put between them, though there was time."""
    made: list[Callable[..., None]] = []

    def stream(*, callback: Callable[..., None], latency: float | str, **_: object) -> SimpleNamespace:
        made.append(callback)
        seconds = latency if isinstance(latency, float) else 0.01
        return SimpleNamespace(latency=seconds, start=lambda: None, close=lambda **_: None)

    usual = {"default_high_output_latency": 20.0}  # so that no delay of the machine is longer
    device = SimpleNamespace(OutputStream=stream, PortAudioError=RuntimeError, query_devices=lambda *_: usual)
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    out = np.zeros((256, 2), np.float32)
    with DeviceSink(block_samples=256, latency=latency) as sink:
        block = np.full((2, 256), 0.5, np.float32)
        later = threading.Timer(0.03, lambda: sink.ring.push(block))
        later.start()
        made[0](out, 256, None, SimpleNamespace(output_underflow=False))
        later.join()
        sink.ring.clear()
        sink.device_seconds = 0.0  # nothing is played out at the end
    assert sink.ring.underruns == lost
    assert (out == 0.5).all() == (lost == 0)


def test_a_file_sink_leaves_nothing_behind_when_it_fails(tmp_path: Path) -> None:
    target = tmp_path / "a.wav"

    def broken() -> None:
        with FileSink(target) as sink:
            sink.write(np.zeros((2, 512), np.float32))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert not list(tmp_path.iterdir())
    target.write_bytes(b"")
    with pytest.raises(UsageError, match="exists already"):
        FileSink(target)


def test_an_unknown_device_is_reported() -> None:
    try:
        outputs()
    except MissingError as error:
        pytest.skip(str(error))
    with pytest.raises(DeviceError, match="no such thing"), DeviceSink("no such thing", block_samples=256):
        pass


def test_a_machine_without_a_device_says_what_to_do() -> None:
    try:
        found = outputs()
    except MissingError as error:
        pytest.skip(str(error))
    if found:
        pytest.skip("this machine has an audio output")
    with pytest.raises(DeviceError, match="sound server"), DeviceSink("", block_samples=256):
        pass


def test_two_rows_of_keys_play_two_octaves() -> None:
    keyboard = ComputerKeyboard(0.5, 0.5)
    pressed = [event.number for key in "zsxdcq2w" for event in keyboard.press(key, 0.0)]
    assert pressed == [60, 61, 62, 63, 64, 72, 73, 74]
    assert keyboard.press("z", 0.3) == [], "held: the terminal says it again"
    over = {event.number for event in keyboard.expire(0.1 + NOTE_SECONDS)}
    assert over == {61, 62, 63, 64, 72, 73, 74}
    assert [event.number for event in keyboard.expire(0.4 + NOTE_SECONDS)] == [60]
    keyboard.press("=", 1.0)
    assert keyboard.press("Z", 1.0)[0].number == 72
    assert keyboard.press("%", 1.0) == []


def test_arrows_move_the_blend_and_space_holds() -> None:
    keyboard = ComputerKeyboard(0.5, 0.98)
    events = [event for key in split_keys("\x1b[C\x1b[C\x1b[B\x1b[D") for event in keyboard.press(key, 0.0)]
    assert [(event.name, round(event.value, 3)) for event in events] == [
        ("x", 0.55),
        ("x", 0.6),
        ("y", 1.0),
        ("x", 0.55),
    ]
    assert [keyboard.press(" ", 0.0)[0].value for _ in range(2)] == [127, 0]


def test_late_and_unordered_events_are_played() -> None:
    engine = small_engine()
    engine.render(4096)
    engine.send([note_on(60, at_sample=9000), note_on(62, at_sample=5000), note_on(64)])
    engine.render(8192)
    assert [voice.key for voice in engine.player.allocator.voices] == [64, 62, 60]
    assert replace(note_on(60), at_sample=3).at_sample == 3
