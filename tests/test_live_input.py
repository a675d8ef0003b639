"""A tune at the microphone plays the engine as its recording would; inputs that stall, vanish, or cannot be opened."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from live_inputs import MadeInput
from made_tunes import faded, silence, steady, tone
from playing import small_engine

from nsynth_lab.analysis.follower import HOP, Follower, Heard
from nsynth_lab.analysis.phrase import follow
from nsynth_lab.errors import DeviceError
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.render.song import blocks_of
from nsynth_lab.sinks import device_input, portaudio
from nsynth_lab.sinks.device_input import DeviceInput, Mono
from nsynth_lab.synth.followed import REFERENCE_DB
from nsynth_lab.synth.settings import Settings
from nsynth_lab.translate.live_levelling import LiveLevelling
from nsynth_lab.translate.live_notes import EARLY_SAMPLES, GONE_SAMPLES, LiveNotes, even_hops
from nsynth_lab.translate.note_maker import NoteMaker
from nsynth_lab.translate.played import PhraseEvents
from nsynth_lab.translate.rules import Rules
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, note_to_hz

END = 600  # samples at the end of what is rendered offline that are faded


def tune() -> FloatArray:
    """A tone, a glide, a pause and a tone with vibrato."""
    glide = note_to_hz(np.linspace(57.0, 61.0, 12_000))
    vibrato = note_to_hz(64.0 + 0.4 * np.sin(2 * np.pi * 5.5 * np.arange(16_000) / SAMPLE_RATE))
    sung = [tone(np.concatenate([steady(note_to_hz(57.0), 0.2), glide])), tone(vibrato)]
    return np.concatenate([silence(0.7), faded(sung[0]), silence(0.15), faded(sung[1]), silence(0.5)])


def played_live(sound: FloatArray, notes: LiveNotes, *, block: int) -> FloatArray:
    """What the engine makes of it."""
    engine, out = small_engine(Settings(mpe=True)), []
    while engine.clock < len(sound) + notes.offset_samples:
        engine.send(notes.events(engine.clock))
        out.append(engine.render(block))
    return np.concatenate(out, axis=1)


@pytest.mark.parametrize(
    ("block", "sizes"),
    [
        (256, (256,)),
        (64, (64,)),
        (512, (512,)),
        (1024, (1024,)),
        (256, (250, 262)),
        (256, (441, 37, 290)),
        (256, (0, 512)),
        (128, (113, 143)),
        (512, (0, 0, 1536)),
    ],
)
def test_live_is_what_its_recording_gives_only_later(block: int, sizes: Sequence[int]) -> None:
    """Whatever blocks the device brings: the offset between the clocks taken out, the same to 1e-5 of full scale."""
    sound, rules = tune(), Rules(keeps_octaves=True, makeup_db=3.0)
    source = MadeInput(np.concatenate([sound, silence(1.0)]), sizes)
    notes = LiveNotes(source, rules, block_samples=block, makeup_db=0.0)
    live = played_live(sound, notes, block=block)
    assert notes.offset_samples % HOP_SAMPLES == 0, "frames begin where they would offline"
    skipped = notes.skipped_samples
    phrase = follow([np.concatenate([silence(max(-skipped, 0) / SAMPLE_RATE), sound[max(skipped, 0) :]])])
    blocks = blocks_of(small_engine(Settings(mpe=True)), list(PhraseEvents(phrase, rules)), end_sample=phrase.samples)
    offline = np.concatenate(list(blocks), axis=1)
    heard = live[:, notes.offset_samples :]
    samples = min(heard.shape[1], offline.shape[1] - END)
    assert samples > len(sound) - 30_000
    assert np.abs(offline[:, :samples]).max() > 0.01
    np.testing.assert_allclose(heard[:, :samples], offline[:, :samples], atol=1e-5)


@pytest.mark.parametrize("hops", [2, 15, 20])
def test_with_a_look_ahead_it_is_that_much_later(hops: int) -> None:
    """The same events as from its recording, heard with the same look-ahead, which the stated latency has too."""
    sound, rules = tune(), Rules(keeps_octaves=True)
    source = MadeInput(np.concatenate([sound, silence(0.5)]))
    live = LiveNotes(source, rules, block_samples=256, makeup_db=0.0, look_ahead_hops=hops)
    events = [event for clock in range(0, len(sound) + SAMPLE_RATE // 2, 256) for event in live.events(clock)]
    ahead = even_hops(hops)
    follower, maker = Follower(look_ahead_hops=ahead), NoteMaker(rules)
    skipped = live.skipped_samples
    heard = follower.feed(np.concatenate([silence(max(-skipped, 0) / SAMPLE_RATE), sound[max(skipped, 0) :]]))
    wanted = [event for one in heard for event in maker.hear(one)]
    assert len(struck(wanted)) >= 2
    assert [event.at(event.at_sample - live.offset_samples) for event in events][: len(wanted)] == wanted
    soon = LiveNotes(source, rules, block_samples=256)
    assert live.latency_seconds > soon.latency_seconds + (ahead - 3) * HOP / SAMPLE_RATE


def struck(events: list[Event]) -> list[int]:
    return [event.number for event in events if event.kind is Kind.NOTE_ON]


def test_a_tune_that_leaves_the_range_stays_together() -> None:
    """A hum an octave below the flute: all of it is played two octaves up, not only the notes that need it."""
    notes = [silence(0.7)] + [faded(tone(steady(note_to_hz(note), 0.25))) for note in (52, 55, 60, 64)]
    sound = np.concatenate([part for note in notes for part in (note, silence(0.1))])
    live = LiveNotes(MadeInput(sound), Rules(lowest=60, highest=96, keeps_octaves=True), block_samples=256)
    events = [event for clock in range(0, len(sound), 256) for event in live.events(clock)]
    assert struck(events) == [76, 79, 84, 88]


def test_an_input_that_stalls_lets_its_note_go_and_begins_anew() -> None:
    sound = np.concatenate([silence(0.7), faded(tone(steady(220.0, 0.4)))])
    source = MadeInput(np.concatenate([sound, sound]))
    live, held = LiveNotes(source, Rules(), block_samples=256), 0
    half = len(sound) - 2_048
    events = [event for clock in range(0, half, 256) for event in live.events(clock)]
    assert [event.kind for event in events if event.kind in (Kind.NOTE_ON, Kind.NOTE_OFF)] == [Kind.NOTE_ON]
    source.sizes = (0,)
    later = [(clock, live.events(clock)) for clock in range(half, half + 2 * GONE_SAMPLES, 256)]
    ended = [(clock, event) for clock, events in later for event in events]
    assert [event.kind for _, event in ended] == [Kind.NOTE_OFF]
    assert abs(ended[0][0] - half - GONE_SAMPLES) < 512
    source.sizes, held = (256,), half + 2 * GONE_SAMPLES
    again = [event for clock in range(held, held + len(sound), 256) for event in live.events(clock)]
    assert struck(again)[-1] == 57


@pytest.mark.parametrize("share", [0.995, 1.005])
def test_clocks_that_drift_apart_are_followed(share: float) -> None:
    """Half a per cent, a hundred times what devices do: events stay within three hops of what comes in."""
    sound = tone(steady(220.0, 12.0))
    source = MadeInput(sound)
    live, off = LiveNotes(source, Rules(), block_samples=256), []
    for number in range(len(sound) // 256):
        source.sizes = (round((number + 1) * 256 * share) - round(number * 256 * share),)
        events = live.events(number * 256)
        off += [event.at_sample - number * 256 for event in events]
    assert len(off) > 1_000
    later = off[len(off) // 4 :]
    assert -HOP <= min(later) <= max(later) <= HOP + EARLY_SAMPLES * 0.006 + HOP


def test_the_level_of_a_voice_is_learnt_within_a_note_and_its_dynamics_stay() -> None:
    def levelled(*levels_db: float) -> list[float]:
        levelling = LiveLevelling()
        return [levelling.levelled(Heard(60.0, level, 0.9, 512)).level_db for level in levels_db for _ in range(190)]

    near = levelled(-12.0, -12.0, -24.0)
    assert near[189] == pytest.approx(REFERENCE_DB, abs=0.5)
    assert near[-1] == pytest.approx(REFERENCE_DB - 12.0, abs=1.5)
    far = levelled(*[-50.0] * 80)
    assert far[-1] == pytest.approx(REFERENCE_DB, abs=1.0), "a far one is brought up in time"
    assert LiveLevelling(6.0).levelled(Heard(math.nan, -30.0, 0.0, 0)).level_db == -24.0


def test_sides_that_cancel_each_other_are_not_added() -> None:
    mono, wave = Mono(), np.sin(np.arange(256, dtype=np.float32))
    np.testing.assert_array_equal(mono(np.stack([wave, -wave])), wave)
    mono = Mono()
    np.testing.assert_allclose(mono(np.stack([wave, 0 * wave])), wave / 2)
    np.testing.assert_array_equal(mono(wave[None]), wave)


class Card:
    """As `sounddevice` would be with a microphone: `feed(block)` is its callback."""

    PortAudioError = RuntimeError

    def __init__(self, refuses: str = "", channels: int = 2) -> None:
        self.refuses, self.channels, self.streams = refuses, channels, 0

    def query_devices(self, name: str | None, kind: str) -> dict[str, object]:
        assert kind == "input"
        if "no such" in (name or self.refuses):
            raise ValueError(f"No input device matching {name!r}")
        return {"max_input_channels": self.channels}

    def InputStream(self, *, callback: object, channels: int, **_: object) -> SimpleNamespace:  # noqa: N802
        if self.refuses:
            raise RuntimeError(f"Error opening InputStream: {self.refuses}")
        self.callback, self.opened = callback, channels
        self.streams += 1
        return SimpleNamespace(start=lambda: None, close=lambda **_: None, latency=0.01)

    def feed(self, block: FloatArray, *, lost: bool = False) -> None:
        self.callback(block.T, block.shape[1], None, SimpleNamespace(input_overflow=lost))  # type: ignore[operator]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    made = Card()
    monkeypatch.setattr(device_input, "load_sounddevice", lambda: made)
    monkeypatch.setattr(device_input, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(device_input, "RETRY_SECONDS", 0.02)
    return made


def test_an_input_that_is_unplugged_is_told_and_comes_back(card: Card) -> None:
    with DeviceInput(block_samples=256) as source:
        live = LiveNotes(source, Rules(), block_samples=256)
        card.feed(np.ones((2, 256), np.float32), lost=True)
        assert source.read().tolist() == [1.0] * 256
        assert source.overflows == 1
        card.refuses = "Device unavailable"
        deadline = time.monotonic() + 5.0
        while not source.away and time.monotonic() < deadline:
            source.read()
        assert live.troubles() == ["the default input is lost; looking for it"]
        assert live.troubles() == []
        card.refuses = ""
        while source.away and time.monotonic() < deadline:
            time.sleep(0.01)
        assert live.troubles() == ["the default input is back"]
        assert (source.lost, source.found, card.streams) == (1, 1, 2)
        card.feed(np.zeros((2, 100), np.float32))
        assert len(source.read()) == 100
    assert not portaudio.before_search


@pytest.mark.parametrize(
    ("name", "refuses", "says"),
    [
        ("", "Error querying device -1", "there is no audio input to listen to: connect a microphone"),
        (
            "USB",
            "Invalid sample rate [PaErrorCode -9997]",
            "'USB' cannot be used at 48 kHz: Error opening Input",
        ),
        ("no such", "", "'no such' cannot be used at 48 kHz: No input device matching"),
    ],
)
def test_an_input_that_cannot_be_used_is_one_line(card: Card, name: str, refuses: str, says: str) -> None:
    card.refuses = refuses
    with pytest.raises(DeviceError) as raised, DeviceInput(name, block_samples=256):
        pass
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "nsynth-lab devices" in str(raised.value)
