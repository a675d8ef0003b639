"""The panel's instrument without a browser: what pages ask for, what sounds then, and what all of them are told.

Most tests pull blocks as fast as they can be made; nothing is asserted of time.
"""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playing import SECOND, spectrum_peak_hz

from nsynth_lab.errors import NsynthLabError, PatchError, UsageError
from nsynth_lab.midi.events import Event, Kind, bend, control, note_off, note_on
from nsynth_lab.panel.changes import blend_patch, by_hand, placed, with_corners
from nsynth_lab.panel.history import History, Sound
from nsynth_lab.panel.instrument import Instrument
from nsynth_lab.panel.messages.parsing import format_message
from nsynth_lab.panel.messages.playing import (
    Bend,
    Change,
    Controller,
    Corners,
    Load,
    NoteOff,
    NoteOn,
    Open,
    Output,
    Panic,
    Place,
    Redo,
    Save,
    Set,
    Undo,
)
from nsynth_lab.panel.messages.shown import Keys, State, Trouble
from nsynth_lab.panel.moves import moves
from nsynth_lab.panel.switch import Switch
from nsynth_lab.panel.worker import Worker
from nsynth_lab.patch import STREAMS, Blend, Envelope, Lfo, Macro, Move, Patch, Route, Slot, Voice, targets
from nsynth_lab.patch.own_presets import own_files
from nsynth_lab.patch.table import from_table, to_table
from nsynth_lab.patch.targets import unchecked
from nsynth_lab.render import Session
from nsynth_lab.render.preset_synth import PatchEffects, is_in_chain, settings_of
from nsynth_lab.sinks.socket_sink import SocketSink, block_of
from nsynth_lab.synth.engine import Engine, EngineState
from nsynth_lab.synth.settings import PARAMETERS
from nsynth_lab.units import FloatArray

PATIENCE_SECONDS = 20.0
PLAIN = blend_patch(["flute", "cello"])


@pytest.fixture(scope="module")
def session(model_folder: Path) -> Session:
    return Session(model_folder, device="cpu", user_instruments=False)


class Bench:
    """An instrument whose blocks are pulled here, as fast as they can be made, and what a page hears and is told."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.told: list[Any] = []
        instrument.subscribe(self.told.append)
        assert instrument.sound is not None
        self._listener = instrument.sound.listen(100_000)

    def hear(self, seconds: float) -> FloatArray:
        """The next sound, [2, samples]."""
        live = self.instrument.output.live
        until = live.engine.clock + seconds * SECOND
        while live.engine.clock < until:
            live._block()
        blocks = []
        while (frame := self._listener.get()) is not None:
            blocks.append(block_of(frame)[1])
        return np.concatenate(blocks, axis=1)

    def ask(self, *wanted: Any) -> FloatArray:
        """What is heard from these messages until all that they ask for sounds."""
        for message in wanted:
            self.instrument.handle(message)
        until, heard = time.monotonic() + PATIENCE_SECONDS, [self.hear(0.02)]
        while not self.instrument.worker.idle:
            assert time.monotonic() < until
            heard.append(self.hear(0.01))
        return np.concatenate(heard, axis=1)

    @property
    def patch(self) -> Patch:
        """As pages are told."""
        return from_table(Patch, self.instrument.state().patch)

    def of(self, kind: type) -> list[Any]:
        """Messages of one kind that have been told."""
        return [message for message in self.told if isinstance(message, kind)]


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket's sink never waits for the clock."""
    monkeypatch.setattr(SocketSink, "_keep_pace", lambda _self: None)


@contextmanager
def bench(session: Session, patch: Patch = PLAIN) -> Iterator[Bench]:
    instrument = Instrument(session, patch)
    with instrument.worker:
        yield Bench(instrument)


def centroid_hz(sound: FloatArray) -> float:
    power = np.abs(np.fft.rfft(sound.mean(axis=0) * np.hanning(sound.shape[1]))) ** 2
    return float((np.fft.rfftfreq(sound.shape[1], 1 / SECOND) * power).sum() / power.sum())


def steepest(sound: FloatArray) -> float:
    return float(np.abs(np.diff(sound, axis=1)).max())


@pytest.mark.usefixtures("unpaced")
def test_a_key_sounds_at_its_pitch_and_bends(session: Session) -> None:
    with bench(session, blend_patch(["cello"])) as page:
        page.instrument.handle(NoteOn(69, 100))
        page.hear(0.2)
        assert 1200 * np.log2(spectrum_peak_hz(page.hear(0.5).mean(axis=0)) / 440.0) == pytest.approx(0.0, abs=15.0)
        page.instrument.handle(Bend(1.0))
        page.hear(0.1)
        assert 1200 * np.log2(spectrum_peak_hz(page.hear(0.5).mean(axis=0)) / 440.0) == pytest.approx(200.0, abs=15.0)
        page.instrument.handle(NoteOff(69))
        page.hear(1.5)
        assert np.abs(page.hear(0.1)).max() < 1e-4
        assert page.instrument.status().voices == 0


@pytest.mark.usefixtures("unpaced")
def test_the_place_moves_the_sound_from_one_instrument_to_the_other(session: Session) -> None:
    with bench(session) as page:
        page.instrument.handle(Place(0.0))
        page.instrument.handle(NoteOn(57, 100))
        page.hear(0.4)
        found = []
        for x in (0.0, 0.25, 0.5, 0.75, 1.0):
            page.instrument.handle(Place(x))
            page.hear(0.1)
            found.append(centroid_hz(page.hear(0.2)))
            assert page.instrument.status().x == pytest.approx(x)
        steps = np.diff(found)
        assert (steps > 0).all() or (steps < 0).all(), found
        assert not page.of(State), "nothing has changed for good"
        page.instrument.handle(Place(0.75, keep=True))
        assert page.patch.blend.position == (0.75,)
        assert page.instrument.state().can_undo


@pytest.mark.usefixtures("unpaced")
def test_undo_and_redo_bring_back_the_sound_exactly(session: Session) -> None:
    asked = [
        Place(0.2, keep=True),
        Set("envelope.attack_seconds", 0.3),
        Corners(("cello", "piano", "flute")),
        Change({"effects": [{"effect": "delay", "mix": 0.4}], "voice": {"mode": "legato"}}),
        Set("effects.delay.mix", 0.7),
        Open(to_table(Patch("other", Blend(("piano",)), envelope=Envelope(release_seconds=0.7)))),
    ]
    with bench(session) as page:
        seen = [page.instrument.state()]
        for message in asked:
            page.ask(message)
            seen.append(page.instrument.state())
        assert len({str(state.patch) for state in seen}) == len(seen)
        for state in reversed(seen[:-1]):
            page.ask(Undo())
            now = page.instrument.state()
            assert (now.patch, now.targets, now.can_redo) == (state.patch, state.targets, True)
        assert not now.can_undo
        with pytest.raises(UsageError, match="nothing to undo"):
            page.instrument.handle(Undo())
        for state in seen[1:]:
            page.ask(Redo())
            assert page.instrument.state().patch == state.patch
        assert page.instrument.state().revision > 2 * len(asked)
        assert page.instrument._engines.switch.player.settings.release_ms == 700.0, "and it is what plays"


@pytest.mark.usefixtures("unpaced")
def test_a_knob_that_is_being_turned_is_heard_and_makes_no_history(session: Session) -> None:
    with bench(session) as page:
        for step in range(1, 6):
            page.ask(Set("envelope.release_seconds", step / 10, keep=False))
            assert page.instrument._engines.switch.player.settings.release_ms == pytest.approx(100 * step)
        page.ask(Set("envelope.release_seconds", 0.6))
        assert page.instrument.state().targets["envelope.release_seconds"]["value"] == 0.6
        page.ask(Undo())
        assert page.patch == PLAIN
        assert page.instrument._engines.switch.player.settings.release_ms == 0.0
        assert not page.instrument.state().can_undo


@pytest.mark.usefixtures("unpaced")
def test_effects_and_level_are_turned_on_the_engine_that_plays(session: Session) -> None:
    """The level by as many dB as asked for, and all of it undone; nothing is built for it."""
    patch = replace(blend_patch(["cello"]), effects=(Slot("gain"), Slot("delay", mix=0.0)))
    with bench(session, patch) as page:
        engine = page.instrument._engines.switch.present
        page.ask(NoteOn(57, 60))
        page.hear(0.5)

        def level_db() -> float:
            page.hear(0.1)
            return float(10 * np.log10((page.hear(0.3) ** 2).mean()))

        began = level_db()
        page.ask(Set("level_db", -6.0, keep=False))
        assert level_db() - began == pytest.approx(-6.0, abs=0.5)
        page.ask(Set("effects.gain.gain_db", -6.0))
        assert level_db() - began == pytest.approx(-12.0, abs=0.5)
        page.ask(Set("effects.delay.mix", 0.4), Undo(), Undo())
        assert level_db() - began == pytest.approx(0.0, abs=0.5)
        assert page.patch == patch
        assert page.instrument._engines.switch.present is engine
        page.ask(Change({"effects": [{"effect": "gain", "bypass": True}]}))
        assert page.instrument._engines.switch.present is not engine, "another chain"


@pytest.mark.usefixtures("unpaced")
@pytest.mark.parametrize(
    "message",
    [
        Corners(("flute", "no such horn")),
        Set("envelope.attack_seconds", -1.0),
        Set("envelope.colour", 1.0),
        Change({"blend": {"corners": []}}),
        Change({"colour": "blue"}),
        Open({"name": "x", "blend": {"corners": ["flute"]}, "home": "/etc"}),
        Load("../../etc/passwd"),
        Load("/etc/passwd.toml"),
        Redo(),
    ],
    ids=str,
)
def test_a_change_that_cannot_be_is_refused_in_a_line_and_the_sound_goes_on(session: Session, message: Any) -> None:
    with bench(session) as page:
        page.ask(NoteOn(60))
        before = page.instrument.state()
        with pytest.raises(NsynthLabError) as raised:
            page.instrument.handle(message)
        assert "\n" not in str(raised.value)
        assert page.instrument.state() == before
        assert np.abs(page.hear(0.2)).max() > 0.01


@pytest.mark.usefixtures("unpaced")
def test_an_engine_that_cannot_be_built_is_told_and_what_played_goes_on(session: Session) -> None:
    """An impulse response that is not there is found out when the chain is made."""
    with bench(session) as page:
        page.ask(NoteOn(60), Set("envelope.release_seconds", 0.2))
        good = page.instrument.state()
        page.ask(Change({"effects": [{"effect": "convolution", "impulse": "hall.wav"}]}))
        (trouble,) = page.of(Trouble)
        assert "hall.wav" in trouble.says
        assert "\n" not in trouble.says
        now = page.instrument.state()
        assert (now.patch, now.can_undo, now.can_redo) == (good.patch, True, False)
        assert page.of(State)[-1] == now
        assert np.abs(page.hear(0.2)).max() > 0.01
        page.ask(Undo())
        assert page.patch == PLAIN


@pytest.mark.usefixtures("unpaced")
@pytest.mark.parametrize("corners", [("cello", "flute"), ("cello",)])
def test_another_engine_under_a_held_key_takes_over_without_a_click(session: Session, corners: tuple[str, ...]) -> None:
    """No step from sample to sample is greater than those of the sounds themselves; the key goes on, at its pitch."""
    with bench(session, blend_patch(["cello"] if len(corners) > 1 else ["flute"])) as page:
        page.ask(NoteOn(57, 110))
        before = page.hear(0.4)
        engine = page.instrument._engines.switch.present
        between = page.ask(Corners(corners))
        after = page.hear(0.6)
        assert page.instrument._engines.switch.present is not engine
        heard = np.concatenate([between, after], axis=1)
        assert steepest(heard) <= 1.1 * max(steepest(before), steepest(after[:, SECOND // 4 :]))
        levels = np.sqrt((heard[:, : heard.shape[1] // 960 * 960] ** 2).mean(axis=0).reshape(-1, 960).mean(axis=1))
        assert levels.min() > 0.2 * min(levels[0], levels[-1]), "no gap"
        assert page.instrument.keys() == Keys((57.0,))
        assert page.instrument.status().voices == 1
        page.instrument.handle(NoteOff(57))
        page.hear(1.5)
        assert page.instrument.status().voices == 0


class Steady(Engine):
    """An engine whose sound never changes, which remembers what it was sent; its clock stands anywhere."""

    def __init__(self, level: float, *, clock: int = 0) -> None:
        self.level, self.sent = level, list[Event]()
        self._now = clock

    @property
    def clock(self) -> int:
        return self._now

    def send(self, events: Iterable[Event]) -> None:
        self.sent += events

    def render(self, samples: int) -> FloatArray:
        self._now += samples
        return np.full((2, samples), self.level, np.float32)

    def state(self) -> EngineState:
        return EngineState(1, 2, 3, 4, 0.5, 0.5, 0.0, "")


def test_a_crossfade_is_a_straight_line_and_nobody_gets_louder_in_it() -> None:
    """From 0.9 to -0.6 in 2048 samples, at any size of the blocks; then the old engine may go."""
    for size in (64, 256, 1024):
        switch = Switch(Steady(0.9))
        switch.render(size)
        switch.take(Steady(-0.6))
        assert switch.changing
        heard = np.concatenate([switch.render(size) for _ in range(4096 // size)], axis=1)
        np.testing.assert_allclose(heard, [np.interp(np.arange(4096), [0, 2048], [0.9, -0.6])] * 2, atol=1e-6)
        assert not switch.changing
        old = switch.take_old()
        assert isinstance(old, Steady)
        assert old.level == 0.9
        assert switch.take_old() is None
        assert (switch.state().overload_stolen, switch.state().stolen, switch.state().dropped) == (4, 6, 8)


def test_an_engine_that_takes_over_hears_events_at_their_time_on_its_own_clock() -> None:
    switch = Switch(Steady(0.1, clock=1000))
    switch.send([note_on(60, at_sample=5), note_on(62), note_off(62), control(64, 127), control(21, 3), bend(100)])
    for _ in range(4):
        switch.render(256)
    new = Steady(0.2, clock=300)
    switch.take(new)
    switch.send([note_on(64, at_sample=1030), control(120, 0, at_sample=1030, channel=3)])
    before, after = new.sent[:3], new.sent[3:]
    assert [(event.kind, event.number, event.value) for event in before] == [
        (Kind.CONTROL, 64, 127),
        (Kind.BEND, 0, 100),
        (Kind.NOTE_ON, 60, 100),
    ]
    assert [event.at_sample for event in after] == [306, 306], "six samples from now on both clocks"
    old = switch._fading
    assert isinstance(old, Steady)
    assert old.sent[0].at_sample == 1005
    assert [event.number for event in old.sent[6:]] == [120], "a panic silences what fades too"


@pytest.mark.usefixtures("unpaced")
def test_pedal_and_wheel_stand_where_they_stood_when_another_engine_takes_over(session: Session) -> None:
    with bench(session) as page:
        page.ask(Bend(0.5), Controller(64, 127), NoteOn(60), Corners(("cello", "flute")))
        page.ask(NoteOff(60))
        page.hear(0.3)
        player = page.instrument._engines.switch.player
        assert player.channels.controls(0, player.settings).bend_semitones == pytest.approx(1.0)
        assert page.instrument.status().voices == 1
        page.instrument.handle(Controller(64, 0))
        page.hear(2.0)
        assert page.instrument.status().voices == 0


@pytest.mark.usefixtures("unpaced")
def test_a_finger_on_the_pad_stays_where_it_is_when_another_engine_takes_over(session: Session) -> None:
    with bench(session) as page:
        page.ask(Place(0.8), Corners(("cello", "flute")))
        page.hear(0.1)
        assert page.instrument.status().x == 0.8
        assert page.patch.blend.position == (0.5,)
        page.ask(Place(0.7, keep=True), Place(0.9), Open(to_table(PLAIN)))
        page.hear(0.1)
        assert page.instrument.status().x == 0.5, "a whole sound comes as it was"
        page.ask(Controller(1, 127))
        assert page.instrument.status().x == 1.0, "the wheel moves it"
        page.ask(Open(to_table(PLAIN)))
        assert page.instrument.status().x == 0.5


@pytest.mark.usefixtures("unpaced")
def test_of_changes_that_come_faster_than_engines_only_the_newest_is_built(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nsynth_lab.panel import engines

    built, build, go_on = [], engines.engine_of, threading.Event()

    def slowly(session: Session, patch: Patch) -> Any:
        built.append(patch.voice.unison)
        go_on.wait(PATIENCE_SECONDS)
        return build(session, patch)

    with bench(session) as page:
        monkeypatch.setattr(engines, "engine_of", slowly)
        page.instrument.handle(Change({"voice": {"unison": 2}}))
        while not built:
            time.sleep(0.001)
        for unison in (3, 4, 5):
            page.instrument.handle(Change({"voice": {"unison": unison}}))
        page.instrument.handle(Place(0.9, keep=True))
        go_on.set()
        page.ask()
        assert built == [2, 5]
        settings = page.instrument._engines.switch.player.settings
        assert (settings.unison, settings.x) == (5, 0.9)


@pytest.mark.usefixtures("unpaced")
def test_an_engine_that_was_replaced_is_gone_though_nothing_collects_garbage(session: Session) -> None:
    with bench(session) as page:
        page.ask(NoteOn(60))
        old = weakref.ref(page.instrument._engines.switch.present)
        gc.disable()
        try:
            page.ask(Change({"voice": {"unison": 2}}))
            assert old() is None
        finally:
            gc.enable()


@pytest.mark.usefixtures("unpaced")
def test_all_pages_are_told_the_same_and_their_keys_come_together(session: Session) -> None:
    with bench(session) as page:
        other: list[Any] = []
        leave = page.instrument.subscribe(other.append)
        page.ask(NoteOn(60), NoteOn(64), Corners(("piano", "cello")), Set("level_db", -6.0), NoteOff(60), Undo())
        assert page.told == other
        assert [one.down for one in page.of(Keys)] == [(60.0,), (60.0, 64.0), (64.0,)]
        states = page.of(State)
        assert [state.revision for state in states] == [1, 2, 3]
        assert states[-1] == page.instrument.state()
        for message in page.told:
            assert format_message(message)
        leave()
        page.ask(Panic())
        assert len(other) == len(page.told) - 1
        assert page.instrument.keys() == Keys(())
        page.hear(0.1)
        assert page.instrument.status().voices == 0


@pytest.mark.usefixtures("unpaced")
def test_a_patch_is_saved_and_loaded_again_under_its_name(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path))  # where no other test has saved anything
    with bench(session) as page:
        page.ask(Place(0.3, keep=True), Save("Night flute"))
        state = page.instrument.state()
        assert (state.preset, state.patch["name"], state.can_undo) == ("night-flute", "Night flute", True)
        assert [path.stem for path in own_files()] == ["night-flute"]
        page.ask(Corners(("piano",)))
        with pytest.raises(UsageError, match="a preset of yours already"):
            page.instrument.handle(Save("night flute"))
        for name in ("../up", "", "glass cello"):
            with pytest.raises(UsageError):
                page.instrument.handle(Save(name) if name else Save("   "))
        page.ask(Load("night-flute"))
        assert page.instrument.state().patch == state.patch
        page.ask(Set("level_db", -3.0), Save("night flute", force=True), Load("Night Flute"))
        assert page.patch.level_db == -3.0
        for path in own_files():
            path.unlink()


def test_the_clock_sets_the_pace_and_a_listener_that_never_reads_changes_nothing(session: Session) -> None:
    """It loses the oldest blocks; the engine goes on, and memory stays bounded."""
    with Instrument(session, PLAIN) as instrument:
        assert instrument.sound is not None
        with instrument.sound.listen(10) as deaf, instrument.sound.listen(2_000) as other:
            instrument.handle(NoteOn(60))
            frames: list[bytes] = []
            until = time.monotonic() + PATIENCE_SECONDS
            while len(frames) < 60 and time.monotonic() < until:
                frames += [frame for frame in [other.get()] if frame is not None]
                time.sleep(0.001)
            deaf.close()
            waiting = []
            while (frame := deaf.get()) is not None:
                waiting.append(frame)
        numbers = [block_of(frame)[0] for frame in frames]
        assert numbers == list(range(numbers[0], numbers[0] + 60))
        assert all(block_of(frame)[1].shape == (2, 256) for frame in frames)
        assert max(np.abs(block_of(frame)[1]).max() for frame in frames) > 0.01
        assert len(waiting) == 10
        assert block_of(waiting[-1])[0] >= numbers[-1] - 1
        status = instrument.status()
        assert status.output == "socket"
        assert status.latency_ms == pytest.approx(1000 * 256 / SECOND + 1000 * 72 / SECOND, abs=0.1)


def test_frames_for_nobody_are_not_made_and_many_blocks_take_no_memory() -> None:
    sink = SocketSink(block_samples=256)
    sink._keep_pace = lambda: None  # type: ignore[method-assign]
    block = np.full((2, 256), 0.25, np.float32)
    listener = sink.listen(8)
    for _ in range(20):
        sink.write(block)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(5_000):
            sink.write(block)
        assert tracemalloc.get_traced_memory()[0] - before < 20_000, "eight frames"
    finally:
        tracemalloc.stop()
    listener.close()
    sink.write(block)
    numbers = []
    while (frame := listener.get()) is not None:
        number, heard = block_of(frame)
        numbers.append(number)
        assert (heard == 0.25).all()
    assert numbers == list(range(5_012, 5_020))


def test_a_device_that_cannot_be_opened_is_told_and_the_pages_play_on(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_there() -> Any:
        raise NsynthLabError("no such device here")

    monkeypatch.setattr("nsynth_lab.sinks.device.load_sounddevice", nothing_there)
    told: list[Any] = []
    with Instrument(session, PLAIN) as instrument:
        instrument.subscribe(told.append)
        assert instrument.sound is not None
        with instrument.sound.listen(4) as listener:
            instrument.handle(Output("device", "nowhere"))
            _until(lambda: bool(told))
            assert told == [Trouble("no such device here")]
            assert instrument.status().output == "socket"
            listener.get()
            _until(lambda: listener.get() is not None)


def test_the_sound_goes_to_a_device_and_back_to_the_pages(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from nsynth_lab.bench.pretended import sounddevice

    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice)
    with Instrument(session, PLAIN) as instrument:
        socket = instrument.sound
        assert socket is not None
        with socket.listen(4) as listener:
            instrument.handle(NoteOn(60))
            _until(lambda: instrument.status().voices == 1)
            instrument.handle(Output("device"))
            _until(lambda: instrument.sound is None and instrument.worker.idle)
            assert instrument.status().output == "device"
            assert instrument.status().voices == 1, "the key is still down"
            while listener.get() is not None:
                pass
            instrument.handle(Output("socket"))
            _until(lambda: listener.get() is not None)
            assert instrument.sound is socket
            assert instrument.status().voices == 1


def test_the_thread_of_a_device_asks_for_priority_though_it_is_there_from_the_start(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    from nsynth_lab.bench.pretended import sounddevice

    asked = threading.Event()
    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice)
    monkeypatch.setattr("nsynth_lab.panel.output.raise_audio_thread", asked.set)
    with Instrument(session, PLAIN, device=""):
        _wait_for(asked)


def _until(done: Any) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < until
        time.sleep(0.005)


def _wait_for(flag: threading.Event) -> None:
    assert flag.wait(PATIENCE_SECONDS)


MORPHED = Patch(
    "morphed",
    Blend(("a", "b"), position=(0.5,)),
    effects=(Slot("reverb"),),
    macros=(
        Macro("Morph", 0.5, (Move("blend.position", 0.0, 1.0),)),
        Macro("Both", 0.0, (Move("effects.reverb.mix", 0.2, 0.6), Move("envelope.release_seconds", 0.1, 2.0))),
    ),
    midi=(Route(1, "macros.Morph"),),
).with_macros_applied()


def test_a_macro_follows_the_hand_or_lets_go_so_that_what_is_heard_is_kept() -> None:
    moved = placed(MORPHED, 0.8, 0.5)
    assert moved.blend.position == (0.8,)
    assert moved.macros[0] == Macro("Morph", 0.8, (Move("blend.position", 0.0, 1.0),))
    held = by_hand(MORPHED, "effects.reverb.mix", 0.9)
    assert held.effects[0].mix == 0.9
    assert held.macros[1].moves == (Move("envelope.release_seconds", 0.1, 2.0),)
    assert by_hand(held, "macros.Both", 1.0).envelope.release_seconds == 2.0
    assert by_hand(held, "macros.Both", 1.0).effects[0].mix == 0.9
    with pytest.raises(PatchError, match="out of range"):
        by_hand(MORPHED, "effects.reverb.mix", 1.5)


def test_an_engine_that_is_told_stands_where_a_new_one_would() -> None:
    """Every target, one after the other; and all of them back again, but what cannot be told takes another engine."""
    lfos = (Lfo(target="pitch_cents", depth=20.0), Lfo(target="position", rate_hz=2.0))
    four = Patch("four", Blend(("a", "b", "c", "d"), lfos=lfos), effects=(Slot("reverb"),), voice=Voice(unison=3))
    weighed = Patch("five", Blend(("a", "b", "c", "d", "e")), effects=(Slot("chorus"),))
    own = replace(four, blend=replace(four.blend, timbre=(0.2, 0.9), f0=(0.1, 0.1)))
    for patch in (four, weighed, own, MORPHED):
        for target in targets(patch).values():
            after = by_hand(patch, target.name, target.rule.low + 0.3 * (target.rule.high - target.rule.low))
            _holds(patch, after)
            if [stream for stream in STREAMS if getattr(after.blend, stream) and not getattr(patch.blend, stream)]:
                assert moves(after, patch) is None, "a stream goes with the position again"
            else:
                _holds(after, patch)


def _holds(before: Patch, after: Patch) -> None:
    """What brings an engine from one to the other leaves it as if it were made for the other."""
    settings, wanted, effects = settings_of(before), settings_of(after), PatchEffects(before)
    events = moves(before, after)
    assert events is not None
    for event in events:
        if event.name in PARAMETERS:
            settings = settings.moved(event.name, event.value)
        else:
            settings = settings.changed(effects.set(event.name, event.value, 0))
    for name in PARAMETERS:
        assert getattr(settings, name) == getattr(wanted, name)
    assert settings.tuning == wanted.tuning
    made, asked = settings.motion, wanted.motion
    assert made is not None
    assert asked is not None
    assert unchecked(made.blend, position=(), weights=()) == unchecked(asked.blend, position=(), weights=())
    assert effects._waiting == {(0, event.name): event.value for event in events if is_in_chain(event.name)}
    assert {name: one.value for name, one in targets(before).items() if is_in_chain(name)} | {
        name: value for (_, name), value in effects._waiting.items()
    } == {name: one.value for name, one in targets(after).items() if is_in_chain(name)}
    effects.chain.close()


def test_other_corners_keep_the_place_and_what_still_fits() -> None:
    four = with_corners(placed(MORPHED, 0.2, 0.5), ["c", "d", "e", "f"])
    assert four.blend.position == (0.2, 0.0), "it sounds as before between the first two"
    assert four.midi == MORPHED.midi
    assert with_corners(four, ["c", "d"]).blend.position == (0.2,)
    one = with_corners(four, ["c"])
    assert (one.macros[0].moves, one.effects) == ((), MORPHED.effects)
    five = with_corners(four, ["a", "b", "c", "d", "e"])
    assert five.blend.place == (0.2,) * 5
    with pytest.raises(UsageError, match="no place on the pad"):
        placed(five, 0.5, 0.5)
    assert with_corners(PLAIN, ["oboe", "harp"]).name == "oboe, harp"
    assert four.name == "morphed"


def test_a_path_is_shifted_to_where_it_was_heard() -> None:
    patch = Patch("path", Blend(("a", "b"), position=(0.25,), path=((0.0, 0.25), (1.0, 0.9))))
    assert placed(patch, 0.5, 0.5).blend.path == ((0.0, 0.5), (1.0, 1.0))


def test_a_history_forgets_what_could_not_be_played() -> None:
    sounds = [Sound(blend_patch([name])) for name in "abcd"]
    history = History(sounds[0])
    for sound in sounds[1:]:
        history.keep(sound)
    history.back_to(sounds[1])
    assert (history.now, history.can_redo) == (sounds[1], False)
    history.undo()
    assert history.now == sounds[0]
    history.redo()
    history.show(sounds[3])
    history.undo()
    assert history.now == sounds[1]
    history.redo()
    assert history.now == sounds[3]


def test_of_work_that_is_asked_for_twice_the_newest_is_done() -> None:
    done, go_on = [], threading.Event()
    with Worker() as worker:
        worker.ask("first", lambda: _wait_for(go_on))
        _until(lambda: worker._busy)
        for number in range(5):
            worker.ask("sound", lambda number=number: done.append(number))  # type: ignore[misc]
        worker.ask("output", lambda: done.append(-1))
        go_on.set()
        _until(lambda: worker.idle)
    assert done == [4, -1]


def test_the_workers_thread_stands_aside_while_another_one_does_the_work() -> None:
    by: list[threading.Thread] = []

    def note() -> None:
        by.append(threading.current_thread())

    def interrupted() -> None:
        note()
        raise KeyboardInterrupt

    with Worker() as worker:
        worker.ask("first", note)
        _until(lambda: len(by) == 1)
        threading.Timer(0.05, worker.ask, ("second", note)).start()
        worker.work_here(lambda: len(by) < 2)
        worker.ask("third", interrupted)
        with pytest.raises(KeyboardInterrupt):
            worker.work_here(lambda: True)
        worker.ask("fourth", note)
        _until(lambda: len(by) == 4 and worker.idle)
    main, own = threading.main_thread(), by[0]
    assert own is not main
    assert by == [own, main, main, own]
