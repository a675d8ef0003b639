"""Recordings in the panel: encoded, on their corner, as another note, kept as `capture` keeps them, removed, gone."""

from __future__ import annotations

import http.client
import json
import os
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_panel_server import page, serving

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.capture.capture import capture
from nsynth_lab.capture.file import FileSource
from nsynth_lab.capture.plan import CapturePlan
from nsynth_lab.errors import AudioError, NsynthLabError, UsageError
from nsynth_lab.evaluate.metrics.distances import mel_error_db
from nsynth_lab.model import config
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.model.user_bank import find_user_instrument, user_instrument_files
from nsynth_lab.note import FAMILIES
from nsynth_lab.panel.changes import blend_patch
from nsynth_lab.panel.instrument import Instrument
from nsynth_lab.panel.jobs import process
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.messages.playing import Corners, Open, Save, Undo
from nsynth_lab.panel.messages.producing import EncodeRecording, KeepRecording, RemoveRecording
from nsynth_lab.panel.messages.shown import Trouble
from nsynth_lab.panel.recordings import encoding
from nsynth_lab.panel.recordings.names import check_recordings, free_name, title_of
from nsynth_lab.panel.recordings.outcome import Outcome
from nsynth_lab.panel.recordings.recordings import MOST_AT_ONCE, Recordings
from nsynth_lab.patch.table import to_table
from nsynth_lab.render import Session
from nsynth_lab.units import SAMPLE_RATE

D4 = 62
SECONDS = 60.0  # until a test gives up


def tone(note: float, *, seconds: float = 0.5, decay: float = 1.0) -> NDArray[np.float32]:
    """Six partials that die away, with a fade at either end."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hz = 440.0 * 2 ** ((note - 69) / 12)
    wave = sum(np.sin(2 * np.pi * hz * k * at) / k for k in range(1, 7))
    fade = np.minimum(1.0, np.minimum(at, seconds - at) / 0.01)
    return np.asarray(0.2 * wave * fade * np.exp(-decay * at), np.float32)


def wav(path: Path, samples: NDArray[np.float32]) -> Path:
    return write_audio(path, Audio(samples[None]))


class AtOnce:
    """As `Jobs`, but the work is done in this process, when `work` is called or at once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.waits = folder, False
        self._jobs: dict[str, Callable[[], None]] = {}
        self._rows: dict[str, dict[str, Any]] = {}

    def start(self, kind: str, title: str, work: str, arguments: Mapping[str, Any], **others: Any) -> str:
        assert work == f"{encoding.__name__}:encode_file"
        name = f"job {len(self._rows)}"
        self._rows[name] = {"kind": kind, "title": title, "state": "running", "about": others["about"]}

        def do() -> None:
            try:
                others["then"](encoding.encode_file(self.folder, lambda *_: None, **arguments))
                self._rows[name]["state"] = "done"
            except NsynthLabError as error:
                self._rows[name] |= {"state": "failed", "says": str(error)}

        self._jobs[name] = do
        return name

    def work(self) -> None:
        """Do all that waits."""
        for name in list(self._jobs):
            self._jobs.pop(name)()

    def rows(self) -> dict[str, dict[str, Any]]:
        return self._rows

    def forget(self, name: str) -> None:
        self._jobs.pop(name, None)
        self._rows.pop(name, None)


class Desk(SimpleNamespace):
    """An instrument, its recordings, and what the instrument has told."""

    instrument: Instrument
    recordings: Recordings
    jobs: AtOnce
    told: list[Any]

    def record(self, samples: NDArray[np.float32], *, file_name: str = "door.wav", corner: int = 0) -> str:
        """What messages call a recording that has been sent, encoded and put on a corner."""
        path = wav(self.recordings.new_folder() / "sent.wav", samples)
        recording: str = self.recordings.begin(path, file_name=file_name, corner=corner)
        self.jobs.work()
        return recording

    @property
    def corners(self) -> list[str]:
        return list(self.instrument.state().patch["blend"]["corners"])

    def troubles(self) -> list[str]:
        return [one.says for one in self.told if isinstance(one, Trouble)]


@pytest.fixture
def desk(tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(config, "ROUNDS", 1)  # how near the sound comes does not matter here
    with Instrument(Session(model_folder, device="cpu"), blend_patch(["flute", "cello"])) as instrument:
        jobs, told = AtOnce(tmp_path), list[Any]()
        instrument.subscribe(told.append)
        yield Desk(instrument=instrument, recordings=Recordings(instrument, jobs), jobs=jobs, told=told)  # type: ignore[arg-type]


def soon(is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so in time."""
    until = time.monotonic() + SECONDS
    while not is_so() and time.monotonic() < until:
        time.sleep(0.01)
    return is_so()


def row(desk: Desk, recording: str) -> Any:
    return desk.recordings.shown().recordings[recording]


# Encoding.


def encoded(folder: Path, model: Path, samples: NDArray[np.float32] | None, **more: Any) -> dict[str, Any]:
    """What the job says of a sound; its files are in `folder` / into."""
    into = folder / "into"
    into.mkdir(exist_ok=True)
    file = wav(folder / "a.wav", samples) if samples is not None else folder / "a.wav"
    arguments = {"file": str(file), "again": False, "into": str(into), "checkpoint": str(model), **more}
    return encoding.encode_file(folder, lambda *_: None, **arguments)


def test_a_note_is_measured_encoded_and_compared(tmp_path: Path, model_folder: Path) -> None:
    """In tune with the right note, though 30 cents sharp; and the error is that between the two files."""
    said = encoded(tmp_path, model_folder, np.pad(tone(D4 + 0.3), (4800, 4800)))
    assert said["note"] == D4
    assert said["measured"] == pytest.approx(D4 + 0.3, abs=0.05)
    assert said["pitch"] == ""
    original, again = (read_audio(tmp_path / "into" / name).mono() for name in ("original.wav", "reconstruction.wav"))
    assert len(original) == len(again)
    assert len(original) / SAMPLE_RATE == pytest.approx(said["seconds"], abs=1e-3)
    assert said["seconds"] == pytest.approx(0.5, abs=0.05)  # without the silence around it
    assert said["error_db"] == pytest.approx(mel_error_db(again, original), abs=1e-3)
    assert max(said["original"]) == pytest.approx(float(np.abs(original).max()), abs=1e-3)
    assert len(said["reconstruction"]) == encoding.SHAPE_POINTS
    assert Outcome.of(said).note == D4


def test_it_tells_how_far_it_is(tmp_path: Path, model_folder: Path) -> None:
    told: list[tuple[float, float, str]] = []
    path, into = wav(tmp_path / "a.wav", tone(D4)), tmp_path / "into"
    into.mkdir()
    encoding.encode_file(
        tmp_path,
        lambda *one: told.append(one),
        file=str(path),
        again=False,
        into=str(into),
        checkpoint=str(model_folder),
    )
    done = [one[0] for one in told]
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] == told[-1][1] - 1
    assert {"reading", "measuring", "encoding", "comparing"} == {one[2] for one in told}


def test_what_has_no_pitch_is_encoded_and_says_so(tmp_path: Path, model_folder: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, SAMPLE_RATE // 2).astype(np.float32)
    said = encoded(tmp_path, model_folder, noise)
    assert said["pitch"] == "no clear pitch: taken as a drum or a noise"
    assert said["family"] == "noise"
    assert said["error_db"] < 3.0


def test_a_sound_that_is_held_is_no_mallet(tmp_path: Path, model_folder: Path) -> None:
    """The first guess of a family: by whether it dies away."""
    for decay, family in ((0.0, encoding.SUSTAINED), (12.0, encoding.DECAYING)):
        folder = tmp_path / family
        folder.mkdir()
        assert encoded(folder, model_folder, tone(D4, decay=decay))["family"] == family
        assert family in FAMILIES


def test_a_header_that_claims_hours_is_not_believed(tmp_path: Path, model_folder: Path) -> None:
    """A FLAC of half a second whose header says 2^36 - 1 samples: read block by block, as far as it goes."""
    path = write_audio(tmp_path / "a.flac", Audio(tone(D4)[None]))
    data = bytearray(path.read_bytes())
    data[21] |= 0x0F  # STREAMINFO: the upper four of 36 bits
    data[22:26] = struct.pack(">I", 0xFFFFFFFF)
    path.write_bytes(data)
    said = encoded(tmp_path, model_folder, None, file=str(path))
    assert said["note"] == D4
    assert said["seconds"] == pytest.approx(0.5, abs=0.05)


def test_of_a_long_sound_thirty_seconds_are_read(tmp_path: Path) -> None:
    """However much there is: an hour of silence takes 80 kB as a FLAC."""
    path = write_audio(tmp_path / "hour.flac", Audio(np.zeros((1, 3600 * 8_000), np.float32), 8_000))
    began = time.process_time()
    with pytest.raises(AudioError, match="silent throughout"):
        encoding._recorded(path)
    assert time.process_time() - began < 30  # all of it would be read in minutes; no figure, only a bound
    long = wav(tmp_path / "long.wav", np.tile(tone(D4, decay=0.0), 70))
    part, remarks = encoding._recorded(long)
    assert len(part.mono) <= 30.1 * SAMPLE_RATE
    assert "only its first 30 s are used" in remarks


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a sound at all" * 100, b"fLaC" + bytes(200), bytes(5000)])
def test_junk_is_refused_without_the_name_of_our_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "0123456789abcdef.flac"
    path.write_bytes(content)
    with pytest.raises(AudioError) as refused:
        encoding._recorded(path)
    assert "0123456789abcdef" not in str(refused.value)


def test_an_answer_of_a_process_that_has_gone_wrong_is_refused() -> None:
    good = {
        "note": 60, "measured": 60.0, "pitch": "", "error_db": 1.0, "quality": "good", "seconds": 1.0,
        "family": "vocal", "remarks": [], "original": [0.5], "reconstruction": [0.5], "hash": "0",
    }  # fmt: skip
    assert Outcome.of(good).note == 60
    wrong: dict[str, Any] = {
        "note": 200, "measured": "high", "pitch": None, "error_db": float("inf"), "family": "<b>", "remarks": 7,
        "original": ["a"], "hash": [],
    }  # fmt: skip
    for name, value in wrong.items():
        with pytest.raises(UsageError, match="no proper answer"):
            Outcome.of({**good, name: value})
        with pytest.raises(UsageError, match="no proper answer"):
            Outcome.of({key: one for key, one in good.items() if key != name})


# Names.


def test_no_title_is_a_path_or_too_long_or_unseen() -> None:
    for given in ("", "...", "../../etc/passwd", "\x00\x1b[2J.wav", "‮evil.wav", "a" * 10_000, "C:\\CON.wav", " - .wav"):
        name = free_name(title_of(given), [])
        assert len(name) <= 60
        assert name.isprintable()
        assert "/" not in name
        assert "\\" not in name
        Corners((name,))


def test_a_recording_is_never_another_one(desk: Desk) -> None:
    """A link to "door" does not find "big door", as part of a name would."""
    desk.record(tone(D4), file_name="big door.wav")
    patch = blend_patch(["door (recording)", "cello"])
    assert desk.instrument.session.bank.find("door (recording)")  # a bank alone would
    with pytest.raises(UsageError, match="'door \\(recording\\)' has not been kept and is gone"):
        check_recordings(patch, desk.instrument.session.bank)
    before = desk.instrument.state()
    with pytest.raises(UsageError, match="is gone: record it again"):
        desk.instrument.handle(Open(to_table(patch)))
    assert desk.instrument.state() == before


# In the session.


def test_a_recording_stands_on_its_corner_and_plays(desk: Desk) -> None:
    recording = desk.record(tone(D4), corner=1)
    assert desk.corners == ["flute", "door (recording)"]
    zone = desk.instrument.session.bank.latents("door (recording)", replace_note(D4))
    assert zone.note == D4
    assert float(zone.loudness_db.max()) == pytest.approx(-20.0, abs=0.01)  # the bank's level
    rows = {one["name"]: one for one in desk.instrument.session.instruments()}
    assert rows["door (recording)"]["lowest"] == rows["door (recording)"]["highest"] == "D4"
    assert soon(lambda: desk.instrument.worker.idle)
    assert desk.troubles() == []
    shown = row(desk, recording)
    assert (shown["title"], shown["note"], shown["version"], shown["kept"]) == ("door", D4, 1, "")
    desk.instrument.handle(Undo())
    assert desk.corners == ["flute", "cello"]


def replace_note(number: int) -> Any:
    from nsynth_lab.note import Note

    return Note(number)


def test_beyond_the_last_corner_there_is_a_new_one_and_names_are_told_apart(desk: Desk) -> None:
    desk.record(tone(D4), corner=7)
    desk.record(tone(D4 + 2), corner=7)
    assert desk.corners == ["flute", "cello", "door (recording)", "door 2 (recording)"]


def test_what_cannot_be_encoded_changes_nothing_and_leaves_nothing(desk: Desk) -> None:
    desk.record(np.zeros(SAMPLE_RATE, np.float32))
    (failed,) = desk.jobs.rows().values()
    assert failed["state"] == "failed"
    assert failed["says"].startswith("silent throughout")
    assert desk.corners == ["flute", "cello"]
    assert desk.recordings.shown().recordings == {}
    desk.recordings.check_room()
    assert list((desk.jobs.folder / "recordings").iterdir()) == []


def test_a_stereo_recording_stays_stereo(desk: Desk) -> None:
    both = np.stack([tone(D4), np.asarray(0.3 * np.roll(tone(D4), 60), np.float32)])
    path = write_audio(desk.recordings.new_folder() / "sent.wav", Audio(both))
    recording = desk.recordings.begin(path, file_name="both.wav", corner=0)
    desk.jobs.work()
    for file in ("original.wav", "reconstruction.wav"):
        sound = desk.recordings.sound(recording, file)
        assert sound is not None
        assert len(read_audio(sound).samples) == 2
    zone = desk.instrument.session.bank.zones[desk.instrument.session.bank.find("both (recording)").zones[0]]
    assert zone.width is not None
    assert np.median(zone.width[:, 1]) > 6.0


def test_it_is_encoded_again_as_another_note(desk: Desk) -> None:
    """From what was encoded first; what plays is then another engine, with the same patch."""
    recording = desk.record(tone(D4))
    assert soon(lambda: desk.instrument.worker.idle)
    first, patch = row(desk, recording), desk.instrument.state().patch
    original = desk.recordings.sound(recording, "original.wav")
    assert original is not None
    samples, engine = read_audio(original).samples, desk.instrument._engines.switch.present
    desk.recordings.handle(EncodeRecording(recording, D4 + 12))
    desk.jobs.work()
    second = row(desk, recording)
    assert (second["note"], second["version"]) == (D4 + 12, 2)
    assert second["pitch"] == "sounds like D4"
    assert second["hash"] == first["hash"]
    again = desk.recordings.sound(recording, "original.wav")
    assert again is not None
    np.testing.assert_array_equal(read_audio(again).samples, samples)
    assert desk.instrument.state().patch == patch
    assert desk.instrument.session.ranges()["door (recording)"] == (D4 + 12, D4 + 12)
    assert soon(lambda: desk.instrument.worker.idle and desk.instrument._engines.switch.present is not engine)
    assert len(list(again.parent.parent.iterdir())) == 1  # nothing is left of the first time


def test_the_newest_pitch_wins(desk: Desk) -> None:
    recording = desk.record(tone(D4))
    for note in (D4 - 12, D4 + 12, D4 - 1):
        desk.recordings.handle(EncodeRecording(recording, note))
    desk.jobs.work()
    assert (row(desk, recording)["note"], row(desk, recording)["version"]) == (D4 - 1, 2)


def test_it_is_kept_as_capture_keeps_it(
    desk: Desk, tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same zones, the same marks, the same words; and the new name stands where the recording stood."""
    monkeypatch.setattr(config, "ROUNDS", ROUNDS)
    samples = np.pad(tone(D4 + 0.2), (4800, 0))
    recording = desk.record(samples, file_name="My Door.wav", corner=1)
    desk.recordings.handle(KeepRecording(recording, "Our Door", family="mallet"))
    kept = find_user_instrument("our door")
    source = FileSource(wav(tmp_path / "My Door.wav", samples))
    plan = CapturePlan("captured", family="mallet", seconds=30.0)
    checkpoint = Session(model_folder, device="cpu").checkpoint
    capture(source, plan, checkpoint, resume=False, force=False, begin=lambda *_: lambda: None)
    captured = find_user_instrument("captured")
    (zone,), (other,) = kept.bank.zones[:1], captured.bank.zones[:1]
    for stream in ("timbre", "loudness_db", "f0_cents", "partials"):
        np.testing.assert_array_equal(getattr(zone, stream), getattr(other, stream), stream)
    assert (zone.note, zone.velocity, zone.attack_frames, zone.release_frame) == (
        other.note, other.velocity, other.attack_frames, other.release_frame
    )  # fmt: skip
    assert kept.entry.instrument == replace(captured.entry.instrument, name="our door")
    assert kept.capture == {
        **captured.capture,
        "recipe": {
            **captured.capture["recipe"],
            "plan": {**captured.capture["recipe"]["plan"], "name": "Our Door"},
        },
    }
    assert desk.corners == ["flute", "our door"]
    assert row(desk, recording)["kept"] == "our door"
    assert "our door" in Session(model_folder, device="cpu").bank.entries
    assert soon(lambda: desk.instrument.worker.idle)
    desk.instrument.handle(Undo())
    assert desk.corners == ["flute", "my door (recording)"]
    assert soon(lambda: desk.instrument.worker.idle)
    assert desk.troubles() == []


def test_no_name_is_taken_unasked(desk: Desk) -> None:
    first, second = desk.record(tone(D4)), desk.record(tone(D4 + 5))
    for name in ("flute", "Flute"):
        with pytest.raises(UsageError, match="is an instrument of the bank already"):
            desk.recordings.handle(KeepRecording(first, name, force=True))
    for name in ("../door", "door.wav", "a\nb", "-"):
        with pytest.raises(NsynthLabError):
            desk.recordings.handle(KeepRecording(first, name))
    assert user_instrument_files() == []
    desk.recordings.handle(KeepRecording(first, "gate"))
    with pytest.raises(UsageError, match="in your bank already"):
        desk.recordings.handle(KeepRecording(second, "gate"))
    assert find_user_instrument("gate").bank.zones[0].note == D4
    desk.recordings.handle(KeepRecording(second, "gate", force=True))
    assert find_user_instrument("gate").bank.zones[0].note == D4 + 5
    assert desk.instrument.session.ranges()["gate"] == (D4 + 5, D4 + 5)


def test_it_is_removed_with_its_files_and_its_corner(desk: Desk) -> None:
    recording = desk.record(tone(D4))
    desk.recordings.handle(RemoveRecording(recording))
    assert desk.corners == ["cello"]
    assert not desk.instrument.session.bank.holds("door (recording)")
    assert list((desk.jobs.folder / "recordings").iterdir()) == []
    assert desk.recordings.sound(recording, "original.wav") is None
    with pytest.raises(UsageError, match="it has been removed"):
        desk.recordings.handle(RemoveRecording(recording))
    assert soon(lambda: desk.instrument.worker.idle)
    desk.instrument.handle(Undo())  # back to where it stood: it cannot be played, and what plays goes on
    assert soon(lambda: bool(desk.troubles()))
    assert "has not been kept and is gone" in desk.troubles()[-1]
    assert desk.corners == ["cello"]


def test_what_alone_plays_is_not_removed(desk: Desk) -> None:
    recording = desk.record(tone(D4))
    desk.instrument.handle(Corners(("door (recording)",)))
    with pytest.raises(UsageError, match="is all that plays"):
        desk.recordings.handle(RemoveRecording(recording))
    assert desk.corners == ["door (recording)"]
    assert recording in desk.recordings.shown().recordings


def test_one_that_is_removed_while_it_is_encoded_never_comes(desk: Desk) -> None:
    path = wav(desk.recordings.new_folder() / "sent.wav", tone(D4))
    recording = desk.recordings.begin(path, file_name="door.wav", corner=0)
    desk.recordings.handle(RemoveRecording(recording))
    desk.jobs.work()
    assert desk.corners == ["flute", "cello"]
    assert list((desk.jobs.folder / "recordings").iterdir()) == []


def test_a_preset_does_not_outlive_its_recording(desk: Desk) -> None:
    recording = desk.record(tone(D4))
    with pytest.raises(UsageError, match="keep it in your bank first"):
        desk.instrument.handle(Save("mine"))
    desk.recordings.handle(KeepRecording(recording, "gate"))
    desk.instrument.handle(Save("mine"))
    assert desk.instrument.state().preset == "mine"


def test_there_is_an_end_to_how_many_come_at_once(desk: Desk) -> None:
    for _ in range(MOST_AT_ONCE):
        path = wav(desk.recordings.new_folder() / "sent.wav", tone(D4))
        desk.recordings.begin(path, file_name="door.wav", corner=0)
    with pytest.raises(UsageError, match="wait, or cancel one"):
        desk.recordings.check_room()


def test_it_does_not_wait_for_two_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is brief begins beside two long jobs, and before others that wait; one more of either kind waits."""
    tests = Path(__file__).parent
    monkeypatch.setattr(process, "CHILD", "job_child")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tests), str(tests.parent))))
    with Jobs() as jobs:
        long = [jobs.start("pack", "p", "job_child:spin", {}) for _ in range(3)]
        brief = [jobs.start("recording", "r", "job_child:spin", {}, brief=True) for _ in range(2)]
        states = {name: row["state"] for name, row in jobs.rows().items()}
        assert [states[name] for name in long] == ["running", "running", "waiting"]
        assert [states[name] for name in brief] == ["running", "waiting"]
        jobs.cancel(long[0])
        assert soon(lambda: jobs.rows()[brief[1]]["state"] == "running")
        assert jobs.rows()[long[2]]["state"] == "waiting"


# Over HTTP.


@pytest.fixture(scope="module")
def port(model_folder: Path) -> Iterator[int]:
    with (
        Instrument(Session(model_folder, device="cpu"), blend_patch(["flute", "cello"])) as instrument,
        serving(instrument) as (found, _),
    ):
        yield found


def sent(port: int, query: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Status and text of the answer to a sound that is sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("POST", f"/api/recordings?{query}", body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("name=a.exe", 415),
        ("name=", 415),
        ("", 415),
        ("name=a.wav&corner=-1", 400),
        ("name=a.wav&corner=8", 400),
        ("name=a.wav&corner=1e9", 400),
        ("name=a.wav&corner=%D9%A3", 400),
        ("name=a.wav&corner=" + "9" * 5000, 400),
    ],
)
def test_what_is_no_sound_for_a_corner_is_refused(port: int, query: str, status: int) -> None:
    assert sent(port, query, b"RIFF")[0] == status


def test_what_is_too_large_is_refused_by_its_header_alone(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    connection.putrequest("POST", "/api/recordings?name=a.wav")
    connection.putheader("Content-Length", str(5 << 30))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, "may have 67 MB" in answer.read().decode()) == (413, True)
    connection.close()


def test_another_site_may_not_send_one(port: int) -> None:
    assert sent(port, "name=a.wav", b"RIFF", headers={"Origin": "http://evil.example"})[0] == 403


def test_sounds_are_sent_and_heard_and_nothing_beside_them(port: int, tmp_path: Path) -> None:
    """A sound that is sent is told to all pages, and has two files; whatever else is asked for is not there."""
    path = wav(tmp_path / "a.wav", tone(D4))
    with page(port) as opened:
        sent(port, "name=junk.flac", b"fLaC" + bytes(10_000))  # ends its process, and nothing else
        status, text = sent(port, "name=..%2F..%2Fbell.wav&corner=1", path.read_bytes())
        assert status == 200, text
        recording = json.loads(text)["recording"]
        shown = shown_in(opened, recording)
        assert (shown["name"], shown["note"]) == ("bell (recording)", D4)
    base = f"/api/recordings/{recording}"
    for name in ("original.wav", "reconstruction.wav"):
        status, headers, _ = asked_bytes(port, f"{base}/{name}")
        assert (status, headers["content-type"]) == (200, "audio/wav")
    for name in ("zone.latents", "..%2Foriginal.wav", "../original.wav", "original.wav/..", "%00", "", "sent.wav"):
        assert asked_bytes(port, f"{base}/{name}")[0] == 404, name
    assert asked_bytes(port, "/api/recordings/nobody/original.wav")[0] == 404
    assert asked_bytes(port, "/api/recordings")[0] == 405


def shown_in(opened: Any, recording: str) -> Any:
    """The row of a recording, once a page is told of it."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        given = opened.recv(timeout=SECONDS)
        message = json.loads(given) if isinstance(given, str) else {}
        if message.get("type") == "recordings" and recording in message["recordings"]:
            return message["recordings"][recording]
    pytest.fail(f"it was not encoded in {SECONDS:g} s")


def asked_bytes(port: int, path: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.putrequest("GET", path)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
