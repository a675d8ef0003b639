"""Phrases in the panel: heard, played by what stands on the pad, moved while they sound, taken away; and live input."""

from __future__ import annotations

import base64
import http.client
import json
import math
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np
import pytest
from numpy.typing import NDArray
from playing import small_engine
from test_panel_recordings import asked_bytes, soon, tone
from test_panel_server import hear, page, say, serving

from nsynth_lab.analysis.follower import HOP, Heard
from nsynth_lab.analysis.phrase import Phrase, read_phrase, write_phrase
from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.errors import AudioError, DeviceError, PatchError, PhraseError, UsageError
from nsynth_lab.midi.events import Event, Kind, note_on
from nsynth_lab.midi.song import read_song
from nsynth_lab.panel.changes import blend_patch
from nsynth_lab.panel.instrument import Instrument
from nsynth_lab.panel.messages.playing import Corners, Panic
from nsynth_lab.panel.messages.translating import Listen, PlayPhrase, RemovePhrase, Translate
from nsynth_lab.panel.switch import Switch
from nsynth_lab.panel.translation import translation as translating
from nsynth_lab.panel.translation.heard import HeardSound
from nsynth_lab.panel.translation.hearing import PHRASE, SOURCE, hear_file
from nsynth_lab.panel.translation.page_input import MOST_SAMPLES, PageInput
from nsynth_lab.panel.translation.performer import BOTH, EXPRESSION, FORGETTING_SAMPLES, Performer
from nsynth_lab.panel.translation.performer import SOURCE as HEAR_SOURCE
from nsynth_lab.panel.translation.phrases import Kept
from nsynth_lab.panel.translation.picture import MOST_POINTS, picture_of
from nsynth_lab.panel.translation.rendering import render
from nsynth_lab.panel.translation.score import Notes, Options, Score, Target, played_of, score_of
from nsynth_lab.panel.translation.spectrogram import LOWEST, ROWS, ROWS_A_SEMITONE, NoteSpectrogram
from nsynth_lab.render import Session
from nsynth_lab.render.play_request import PlayRequest
from nsynth_lab.render.target_range import target_is_struck, target_range
from nsynth_lab.translate.live_notes import LiveNotes
from nsynth_lab.translate.played import PhraseEvents
from nsynth_lab.translate.rules import Rules
from nsynth_lab.units import SAMPLE_RATE, FloatArray

D4, A4 = 62, 69
BLOCK = 256
SPAN = Target(48, 84)


def sung(*notes: float, hops: int = 60, rest: int = 20, level_db: float = -20.0) -> Phrase:
    """Notes of one pitch each, with a rest after each of them."""
    pitch = np.concatenate([np.r_[np.full(hops, note), np.full(rest, np.nan)] for note in notes]).astype(np.float32)
    level = np.where(np.isnan(pitch), -90.0, level_db).astype(np.float32)
    strength = np.where(np.isnan(pitch), 0.0, 1.0).astype(np.float32)
    return Phrase(pitch, level, strength, np.full(len(pitch), 512, np.float32))


def score(phrase: Phrase, **options: Any) -> Score:
    return score_of(Notes(phrase), Options(**options), SPAN, sound=None, peak=0.0)


def performer() -> Performer:
    return Performer(is_zone=lambda: False)


def performed(one: Performer, blocks: Sequence[int], *, clock: int = 0) -> list[Event]:
    """What a performer sends in blocks of these sizes."""
    found: list[Event] = []
    for size in blocks:
        found += one.events(clock, size)
        clock += size
    return found


def keys_of(events: Sequence[Event], kind: Kind = Kind.NOTE_ON) -> list[int]:
    return [event.number for event in events if event.kind is kind]


# What is played.


@pytest.mark.parametrize("blocks", [[256] * 250, [64, 1024, 512, 128] * 40, [1000] * 66])
def test_a_phrase_is_played_as_translate_plays_it(blocks: list[int]) -> None:
    """The same events at the same samples, however long the blocks, from whatever sample of the clock on."""
    phrase = sung(60.2, 64.0, 67.4)
    made = score(phrase)
    one = performer()
    one.play(made, 0)
    begun = 12_345
    found = [event for event in performed(one, blocks, clock=begun) if not math.isnan(event.value)]
    wanted = [event.at(event.at_sample + begun) for event in PhraseEvents(phrase, made.rules)]
    assert found[: len(wanted)] == wanted
    assert not one.plays


@pytest.mark.parametrize("blocks", [[256] * 170, [1000] * 45])
def test_as_notes_it_is_played_as_translate_plays_it(blocks: list[int]) -> None:
    phrase = sung(60.2, 64.0)
    one = performer()
    one.play(score(phrase, as_notes=True), 0)
    wanted = list(played_of(Notes(phrase), Options(as_notes=True), SPAN).events)
    assert [str(event) for event in performed(one, blocks)][: len(wanted)] == [str(event) for event in wanted]
    assert one.follow == 0.0


def test_it_begins_anywhere_and_is_known_to_be_there() -> None:
    """From the middle of the first note on: it is struck where it begins, and the second one in its time."""
    one = performer()
    one.play(score(sung(60.0, 64.0)), 30 * HOP + 100)
    events = performed(one, [BLOCK] * 60, clock=5000)
    struck = [event for event in events if event.kind is Kind.NOTE_ON]
    assert [event.number for event in struck] == [60, 64]
    assert struck[0].at_sample < 5000 + 3 * HOP
    assert 50 * HOP <= struck[1].at_sample - 5000 <= 54 * HOP
    assert one.at_sample == 30 * HOP + 100 + 59 * BLOCK


def test_one_that_ends_begins_again_or_says_so() -> None:
    told: list[bool] = []
    one = performer()
    one.changed = lambda: told.append(one.plays)
    one.loops = True
    phrase = sung(60.0)
    one.play(score(phrase), 0)
    assert keys_of(performed(one, [BLOCK] * 240)) == [60, 60, 60]
    assert told == []
    one.loops = False
    performed(one, [BLOCK] * 100, clock=240 * BLOCK)
    assert told == [False]
    assert one.at_sample == 0


def test_what_is_stopped_leaves_no_key_down_and_no_channel_to_itself() -> None:
    """The key goes up at once, and four seconds later the channel's notes have their own pitch and level again."""
    one = performer()
    one.play(score(sung(60.0)), 0)
    assert keys_of(performed(one, [BLOCK] * 20)) == [60]
    one.stop()
    assert not one.plays
    lifted = one.events(20 * BLOCK, BLOCK)
    assert keys_of(lifted, Kind.NOTE_OFF) == [60]
    count = FORGETTING_SAMPLES // BLOCK
    later = performed(one, [BLOCK] * (count + 4), clock=21 * BLOCK)
    assert [(event.kind, event.channel) for event in later if math.isnan(event.value)] == [
        (Kind.PITCH, lifted[0].channel),
        (Kind.LEVEL, lifted[0].channel),
        (Kind.BREATH, lifted[0].channel),
    ]
    assert later[0].at_sample >= FORGETTING_SAMPLES


def test_it_can_be_played_otherwise_while_it_plays() -> None:
    """An octave higher from the next hop on; what changes nothing that sounds strikes nothing again."""
    one, notes = performer(), Notes(sung(60.0, hops=200))
    first = score_of(notes, Options(), SPAN, sound=None, peak=0.0)
    one.play(first, 0)
    assert keys_of(performed(one, [BLOCK] * 40)) == [60]
    one.change(replace(first, level_share=0.5))
    assert performed(one, [BLOCK] * 10, clock=40 * BLOCK) != []
    assert one.follow == 0.5
    one.change(score_of(notes, Options(transpose=12.0), SPAN, sound=None, peak=0.0))
    events = performed(one, [BLOCK] * 10, clock=50 * BLOCK)
    assert (keys_of(events, Kind.NOTE_OFF), keys_of(events)) == ([60], [72])
    assert one.at_sample == 59 * BLOCK


def test_the_source_is_heard_in_its_place_beside_it_or_not_at_all() -> None:
    """In time with what is played; alone, the notes of the phrase are silent, and no others are."""
    phrase = sung(60.0, hops=200)
    sound = (1000 * np.arange(phrase.samples) / phrase.samples).astype(np.int16)
    one, clock = performer(), 0
    one.play(replace(score(phrase), sound=sound, source_gain=1.0 / 32768, late_samples=100), 0)
    silent = np.zeros((2, BLOCK), np.float32)
    for hears, gains in ((BOTH, set()), (HEAR_SOURCE, {0}), ("translation", {127})):
        one.hears, told = hears, []
        for _ in range(3):  # the source fades within two blocks
            told += [event for event in one.events(clock, BLOCK) if event.kind is Kind.CONTROL]
            block = one.mixed(silent, 0)
            clock += BLOCK
        assert one.at_sample == clock - BLOCK
        wanted = 0.0 if hears == "translation" else sound[clock - BLOCK - 100 : clock - 100] / 32768
        np.testing.assert_allclose(block, np.broadcast_to(wanted, (2, BLOCK)), atol=1e-6)
        assert {event.value for event in told} == gains
        assert {event.channel for event in told} == (set(range(1, 16)) if gains else set())


def test_the_source_is_as_loud_as_what_is_played_as_far_as_it_fits() -> None:
    phrase = sung(60.0, level_db=-40.0)
    quiet = score_of(Notes(phrase), Options(), SPAN, sound=np.zeros(1, np.int16), peak=0.01)
    assert quiet.source_gain * 32768 == pytest.approx(10.0, rel=0.01)  # 20 dB
    loud = score_of(Notes(phrase), Options(), SPAN, sound=np.zeros(1, np.int16), peak=0.5)
    assert loud.source_gain * 32768 * 0.5 == pytest.approx(0.9)


def test_a_defect_in_a_phrase_ends_it_and_nothing_else() -> None:
    class Broken(Score):
        def heard(self, hop: int) -> Heard:
            if hop > 30:
                raise ValueError("a hop that is not there")
            return super().heard(hop)

    one, good = performer(), score(sung(60.0))
    one.play(Broken(good.phrase, good.rules), 0)
    events = performed(one, [BLOCK] * 40)
    assert (keys_of(events), keys_of(events, Kind.NOTE_OFF)) == ([60], [60])
    assert (one.plays, one.failed) == (False, "ValueError: a hop that is not there")


def test_another_engine_goes_on_at_the_pitch_and_level_of_a_followed_note() -> None:
    """What a channel follows is told to the engine that takes over, before the key that it holds."""
    switch = Switch(small_engine())
    events = [Event(Kind.PITCH, 3, 0, 0.5), Event(Kind.LEVEL, 3, 0, -26.0), note_on(60, channel=3)]
    switch.send(events)
    switch.render(BLOCK)
    switch.take(small_engine())
    switch.render(BLOCK)
    assert (switch.player.channels.each[3].pitch.last, switch.player.channels.each[3].level.last) == (0.5, -26.0)
    assert [voice.key for voice in switch.player.allocator.sounding()] == [60]
    switch.send([Event(kind, 3, 0, math.nan) for kind in (Kind.PITCH, Kind.LEVEL)])
    switch.render(4096)
    switch.take(small_engine())
    switch.render(BLOCK)
    assert not switch.player.channels.each[3].follows


# Live.


def test_the_microphone_of_a_page_is_played(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tone that comes in blocks of the engine's is struck once and ends; the guard turns its channels down."""
    source = PageInput(0.02)
    followed = LiveNotes(source, Rules(keeps_octaves=True), block_samples=BLOCK)
    one = performer()
    one.listen(followed)
    samples = np.concatenate([np.zeros(SAMPLE_RATE), tone(A4, seconds=0.4), np.zeros(SAMPLE_RATE // 4)])
    events: list[Event] = []
    for at in range(0, len(samples) - BLOCK, BLOCK):
        source.put(samples[at : at + BLOCK].astype("<f4").tobytes())
        events += one.events(at, BLOCK)
    assert (keys_of(events), keys_of(events, Kind.NOTE_OFF)) == ([A4], [A4])
    assert followed.latency_seconds == pytest.approx(0.02 + 0.02, abs=0.02)
    monkeypatch.setattr(followed, "events", lambda _: [Event(Kind.CONTROL, 0, EXPRESSION, 30)])
    assert [(event.channel, event.value) for event in one.events(0, BLOCK)] == [(n, 30) for n in range(1, 16)]
    one.stop()
    assert [(event.channel, event.value) for event in one.events(0, BLOCK)] == [(n, 127) for n in range(1, 16)]


@pytest.mark.parametrize(
    "message", [b"", b"abc", bytes(4 * MOST_SAMPLES + 4), struct.pack("<f", math.nan), struct.pack("<f", math.inf)]
)
def test_what_is_no_sound_of_a_microphone_is_refused(message: bytes) -> None:
    with pytest.raises(PatchError):
        PageInput(0.0).put(message)


# Hearing.


def heard(folder: Path, samples: NDArray[np.float32], *, rate: int = SAMPLE_RATE) -> dict[str, Any]:
    from nsynth_lab.audio import Audio, write_audio

    write_audio(folder / "a.wav", Audio(samples[None], rate))
    return hear_file(folder, lambda *_: None, file=str(folder / "a.wav"), into=str(folder), title="a")


def test_a_tune_is_heard_kept_and_drawn(tmp_path: Path) -> None:
    """Its two notes in their time and at their pitch; its sound; and the loudest row of its picture."""
    silence = np.zeros(SAMPLE_RATE // 5, np.float32)
    samples = np.concatenate([tone(D4 + 0.3, seconds=0.6), silence, tone(A4, seconds=0.6), silence])
    said = HeardSound.of(heard(tmp_path, samples))
    phrase = read_phrase(tmp_path / PHRASE)
    assert [round(pitch, 1) for _, _, pitch, _ in said.notes] == [62.3, 69.0]
    assert [begin for begin, *_ in said.notes] == pytest.approx([0.0, 0.8], abs=0.03)
    assert said.peak == pytest.approx(np.abs(samples).max(), abs=1e-3)
    sound = np.fromfile(tmp_path / SOURCE, "<i2")
    np.testing.assert_allclose(sound / 32767, samples, atol=1e-4)
    kept = Kept("a", phrase, Notes(phrase), said, tmp_path, sound)
    picture = picture_of(kept)
    shown = picture["spectrogram"]
    pixels = np.frombuffer(base64.b64decode(shown["pixels"]), np.uint8).reshape(ROWS, shown["columns"])
    column = round(0.3 / 1.6 * shown["columns"])
    assert LOWEST + pixels[:, column].argmax() / ROWS_A_SEMITONE == pytest.approx(62.3, abs=0.5)
    hops = round((0.3 + picture["late"]) / picture["step"])
    assert picture["pitch"][hops] == pytest.approx(62.3, abs=0.1)
    assert picture["pitch"][round(0.72 / picture["step"])] is None
    assert kept.row() | {"remarks": []} == {
        "title": "a", "seconds": round(phrase.seconds, 3), "tone_seconds": round(phrase.sounding_seconds, 3),
        "notes": 2, "lowest": D4, "highest": A4, "several": False, "has_sound": True,
        "remarks": [],
    }  # fmt: skip


def test_the_picture_of_a_long_one_is_no_wider_and_keeps_its_loudest() -> None:
    hops = 10 * MOST_POINTS
    level = np.full(hops, -60.0, np.float32)
    level[12_345] = -10.0
    row = np.full(hops, 60.0, np.float32)
    phrase = Phrase(row, level, np.ones(hops, np.float32), np.zeros(hops, np.float32))
    picture = picture_of(Kept("a", phrase, Notes(phrase), HeardSound((), 0.0, ()), Path(), None))
    assert len(picture["pitch"]) == len(picture["level"]) == MOST_POINTS
    assert picture["level"].index(-10.0) == 1234
    assert picture["spectrogram"]["pixels"] == ""
    spectrogram = NoteSpectrogram()
    for _ in range(40):
        spectrogram.hear(np.zeros(SAMPLE_RATE, np.float32))
    assert len(spectrogram.pixels()) // ROWS < 2 * 1500


def test_what_has_no_tune_says_so(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.01, 0.01, SAMPLE_RATE // 2).astype(np.float32)
    with pytest.raises(AudioError, match="no tone was heard"):
        heard(tmp_path, 0.0 * noise)
    (tmp_path / "b.flac").write_bytes(b"fLaC" + bytes(1000))
    with pytest.raises(AudioError) as raised:
        hear_file(tmp_path, lambda *_: None, file=str(tmp_path / "b.flac"), into=str(tmp_path), title="b")
    assert str(tmp_path) not in str(raised.value)
    (tmp_path / "c.phrase").write_bytes(bytes(1000))
    with pytest.raises(PhraseError):
        hear_file(tmp_path, lambda *_: None, file=str(tmp_path / "c.phrase"), into=str(tmp_path), title="c")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"notes": [[0, 1, 60]], "peak": 0.5, "remarks": []},
        {"notes": [[0, 1, math.nan, 0]], "peak": 0.5, "remarks": []},
        {"notes": [[0, 1, 600, 0]], "peak": 0.5, "remarks": []},
        {"notes": [], "peak": 7.0, "remarks": []},
        {"notes": [], "peak": 0.5, "remarks": [5]},
        {"notes": "no", "peak": 0.5, "remarks": []},
    ],
)
def test_a_process_that_talks_nonsense_is_not_believed(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="no proper answer"):
        HeardSound.of(wrong)


# Over HTTP, and the socket.


@pytest.fixture(scope="module")
def served(model_folder: Path) -> Iterator[SimpleNamespace]:
    with (
        Instrument(Session(model_folder, device="cpu"), blend_patch(["flute", "cello"])) as instrument,
        serving(instrument) as (port, app),
    ):
        yield SimpleNamespace(port=port, instrument=instrument, translation=app.state.translation, jobs=app.state.jobs)


def sent(port: int, query: str, body: bytes) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", f"/api/phrases?{query}", body=body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def shown_in(opened: Any, name: str) -> Any:
    """The row of a phrase, once a page is told of it."""
    until = time.monotonic() + 60.0
    while time.monotonic() < until:
        given = opened.recv(timeout=60.0)
        message = json.loads(given) if isinstance(given, str) else {}
        if message.get("type") == "phrases" and name in message["phrases"]:
            return message["phrases"][name]
    pytest.fail("it was not heard in a minute")


def test_a_phrase_is_sent_played_moved_and_taken_away(served: SimpleNamespace, tmp_path: Path) -> None:
    """All that a page does with one, in the order of the day."""
    port = served.port
    phrase = write_phrase(tmp_path / "p.phrase", sung(60.0, 64.0, hops=400))
    with page(port) as opened:
        status, text = sent(port, "name=..%2FMy%20tune.phrase", phrase.read_bytes())
        name = json.loads(text)["phrase"]
        assert status == 200
        shown = shown_in(opened, name)
        assert (shown["title"], shown["notes"], shown["has_sound"]) == ("My tune", 2, False)

        say(opened, "translate", transpose=12, loop=True)
        say(opened, "play_phrase", phrase=name, at=0.5)
        told = hear(opened, "translation", lambda message: message["phrase"] == name and message["at"] > 0.6)
        assert (told["moved"], told["options"]["loop"]) == (12, True)
        hear(opened, "status", lambda message: message["voices"] > 0)
        place = served.instrument.place
        say(opened, "place", x=0.9, y=0.5, keep=True)
        hear(opened, "status", lambda message: abs(message["x"] - 0.9) < 1e-3)
        assert place[0] == 0.5
        say(opened, "panic")
        hear(opened, "translation", lambda message: message["phrase"] == "")

        opened.send(bytes(1024))
        assert "listen" in hear(opened, "trouble")["says"]
        say(opened, "listen", to="page")
        hear(opened, "translation", lambda message: message["listens"] == "page")
        opened.send(bytes(1024))
        say(opened, "translate", snap="x-men")
        assert "x-men" in hear(opened, "trouble")["says"]
    base = f"/api/phrases/{name}"
    status, headers, body = asked_bytes(port, f"{base}/notes.mid")
    (tmp_path / "got.mid").write_bytes(body)
    assert (status, headers["content-disposition"]) == (200, "attachment; filename*=UTF-8''my-tune.mid")
    played = read_song(tmp_path / "got.mid").events
    session, asked = served.instrument.session, PlayRequest(("flute", "cello"))
    span = Target(*target_range(session, asked), target_is_struck(session, asked))
    wanted = list(played_of(Notes(read_phrase(phrase)), Options(transpose=12.0), span).midi)
    assert keys_of(played) == keys_of(wanted) != []
    assert len(json.loads(asked_bytes(port, f"{base}/picture")[2])["notes"]) == 2
    again = tmp_path / "again.phrase"
    again.write_bytes(asked_bytes(port, f"{base}/phrase.phrase")[2])
    np.testing.assert_array_equal(read_phrase(again).note, read_phrase(phrase).note)
    for path in (f"{base}/source.pcm", f"{base}/..%2F..%2Fpasswd", "/api/phrases/nobody/picture", f"{base}/"):
        assert asked_bytes(port, path)[0] == 404, path
    assert served.translation.shown().listens == "nothing"  # its page has gone
    served.translation.handlers[RemovePhrase](RemovePhrase(name))
    with pytest.raises(UsageError, match="has been removed"):
        served.translation.handlers[PlayPhrase](PlayPhrase(name))
    assert list((served.jobs.folder / "phrases").iterdir()) == []


def test_what_is_too_large_is_refused_by_its_header_alone(served: SimpleNamespace) -> None:
    """And nothing is left of it, nor of what does not end like a sound."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.putrequest("POST", "/api/phrases?name=a.wav")
    connection.putheader("Content-Length", str(5 << 30))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert [sent(served.port, f"name={name}", b"x")[0] for name in ("a.exe", "", "..%2F")] == [415, 415, 415]
    assert sent(served.port, "name=a.wav", b"")[0] == 400
    folder = served.jobs.folder / "phrases"
    assert soon(lambda: list(folder.iterdir()) == [])


def test_what_is_rendered_is_as_long_and_as_high_as_asked(served: SimpleNamespace, tmp_path: Path) -> None:
    """In this process, as the job does it; its notes are those of `translate`."""
    from nsynth_lab.audio import read_audio
    from nsynth_lab.panel.produce.child import patch_arguments, session_arguments, write_guests

    phrase, session = sung(60.0, 64.0), served.instrument.session
    said = render(
        tmp_path,
        lambda *_: None,
        phrase=str(write_phrase(tmp_path / "p.phrase", phrase)),
        title="A tune",
        options={"transpose": 2.0},
        target=list(SPAN),
        sound=patch_arguments(served.instrument.patch),
        session=session_arguments(session),
        guests=str(write_guests(session, ["flute", "cello"], tmp_path / "guests")),
        ending="wav",
    )
    assert (said["file"], said["notes"], said["transposed"]) == ("A-tune-flute-cello.wav", 2, 2.0)
    found = read_audio(tmp_path / said["file"])
    assert found.seconds == pytest.approx(said["seconds"], abs=0.02)
    assert found.seconds >= phrase.seconds
    assert said["peak"] > 0.0


def test_other_corners_move_what_plays(served: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A phrase that plays goes into the range of what stands on the pad now, as soon as that has changed."""
    translation = served.translation
    phrase = sung(50.0, hops=4000)
    kept = Kept("a", phrase, Notes(phrase), HeardSound((), 0.0, ()), Path(), None)
    monkeypatch.setattr(translation.phrases, "of", lambda _: kept)
    ranges = {("cello",): (40, 60), ("flute", "cello"): (70, 90)}
    monkeypatch.setattr(translating, "target_range", lambda _, asked: ranges[asked.sources])
    monkeypatch.setattr(translation, "_corners", ())
    handlers = translation.handlers
    handlers[Translate](Translate())
    handlers[PlayPhrase](PlayPhrase("a"))
    assert soon(lambda: translation.shown().moved == 24.0)
    served.instrument.handle(Corners(("cello",)))
    assert soon(lambda: translation.shown().moved == 0.0)
    handlers[Translate](Translate(transpose=5.0, octaves=False))
    assert soon(lambda: translation.shown().moved == 5.0)
    served.instrument.handle(Panic())
    assert soon(lambda: not translation.is_busy)
    served.instrument.handle(Corners(("flute", "cello")))


class Microphone:
    """An input of the machine that brings a tone, or cannot be opened."""

    called, latency_seconds, away, overflows = "a microphone", 0.01, False, 0
    opened: ClassVar[list[str]] = []

    def __init__(self, name: str, **_: Any) -> None:
        self.name, self._at = name, 0

    def __enter__(self) -> Self:
        if self.name == "broken":
            raise DeviceError("audio input 'broken' cannot be used")
        self.opened.append(self.name)
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.remove(self.name)

    def read(self) -> FloatArray:
        at = (self._at + np.arange(BLOCK)) / SAMPLE_RATE
        self._at += BLOCK
        return np.asarray(0.2 * np.sin(2 * np.pi * 440.0 * at), np.float32)


def test_an_input_of_the_machine_is_played(served: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its note, level and latency are shown; a panic, or another choice, closes it; what cannot be opened says why."""
    monkeypatch.setattr(translating, "DeviceInput", Microphone)
    translation = served.translation
    handle = translation.handlers[Listen]
    handle(Listen("machine", "mic"))
    level_db = 20 * math.log10(0.2) - 3.0 - 4.0  # A-weighted, at 440 Hz
    assert soon(lambda: abs(translation.shown().level_db - level_db) < 0.3)
    assert soon(lambda: abs(translation.shown().note - A4) < 0.05)
    told = translation.shown()
    assert (told.listens, told.device, told.phrase) == ("machine", "mic", "")
    assert 10.0 < told.latency_ms < 1000.0
    assert soon(lambda: served.instrument.status().voices > 0)
    served.instrument.handle(Panic())
    assert soon(lambda: not Microphone.opened)
    assert translation.shown().listens == "nothing"
    with page(served.port) as opened:
        say(opened, "listen", to="machine", device="broken")
        assert "cannot be used" in hear(opened, "trouble")["says"]


def test_of_blocks_of_any_length_the_same_picture_is_made() -> None:
    samples: FloatArray = tone(A4, seconds=0.3)
    made = []
    for size in (700, 48_000):
        one = NoteSpectrogram()
        for at in range(0, len(samples), size):
            one.hear(samples[at : at + size])
        made.append(one.pixels())
    assert made[0] == made[1]


def test_what_is_softer_than_the_gate_is_not_heard(tmp_path: Path) -> None:
    """A loud tone and a soft one after it: two notes, and one above a gate between the two."""
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 440.0 * at)
    sound = np.concatenate([0.5 * tone, np.zeros(SAMPLE_RATE // 2), 0.02 * tone, np.zeros(SAMPLE_RATE // 4)])
    write_audio(tmp_path / "a.wav", Audio(sound[None].astype(np.float32), SAMPLE_RATE))
    for gate_db, count in ((-60.0, 2), (-25.0, 1)):
        (into := tmp_path / str(count)).mkdir()
        file = str(tmp_path / "a.wav")
        said = hear_file(tmp_path, lambda *_: None, file=file, into=str(into), title="a", gate_db=gate_db)
        assert len(said["notes"]) == count
