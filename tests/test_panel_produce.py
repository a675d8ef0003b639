"""What a player takes away from the panel: takes, songs, packs. Asked for by the socket, as pages and programs do."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from zipfile import ZipFile

import mido
import numpy as np
import pytest
import soundfile
from pack_reading import Sfizz, cents_off, level_db, need_module
from playing import spectrum_peak_hz

pytest.importorskip("uvicorn", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")

from test_panel_server import asked, hear, page, say, serving, soon

from nsynth_lab.errors import MidiError
from nsynth_lab.model.bank import Bank, BankEntry
from nsynth_lab.note import Instrument as Named
from nsynth_lab.panel.changes import blend_patch
from nsynth_lab.panel.instrument import Instrument
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.messages.playing import NoteOn, Output
from nsynth_lab.panel.messages.producing import Pack
from nsynth_lab.panel.produce import packs, songs
from nsynth_lab.panel.produce.child import session_arguments, session_of, write_guests
from nsynth_lab.panel.produce.takes import Takes, clipped, kept_folder
from nsynth_lab.patch.library import find_preset
from nsynth_lab.render import Session
from nsynth_lab.units import SAMPLE_RATE

SMALL = {"notes": "C4,C5", "velocities": "100", "seconds": 1.0, "formats": "sfz", "licence": "CC0-1.0"}


@pytest.fixture(scope="module")
def there() -> Iterator[tuple[int, Jobs]]:
    """A panel's port and its jobs."""
    with (
        Instrument(Session(device="cpu"), blend_patch(["flute", "cello"])) as instrument,
        serving(instrument) as served,
    ):
        yield served[0], served[1].state.jobs


def rows(jobs: Jobs, kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, row) for name, row in jobs.rows().items() if row["kind"] == kind]


def over(jobs: Jobs, kind: str, *, seconds: float = 60.0) -> tuple[str, dict[str, Any]]:
    """Name and row of the newest of a kind, once it is over."""
    until = time.monotonic() + seconds
    while not (found := rows(jobs, kind)) or found[-1][1]["state"] in ("waiting", "running"):
        assert time.monotonic() < until, jobs.rows()
        time.sleep(0.02)
    return found[-1]


def song(*notes: tuple[int, int]) -> bytes:
    """A MIDI file: channels and keys, half a second each, one after the other."""
    track = mido.MidiTrack()
    for channel, key in notes:
        track.append(mido.Message("note_on", channel=channel, note=key, velocity=100, time=0))
        track.append(mido.Message("note_off", channel=channel, note=key, velocity=0, time=480))
    file = io.BytesIO()
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(file=file)
    return file.getvalue()


def send(port: int, query: str, body: bytes, **headers: str) -> tuple[int, str]:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10.0)
    with suppress(BrokenPipeError):
        connection.request("POST", f"/api/songs{query}", body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_a_take_holds_what_was_played_meanwhile(there: tuple[int, Jobs], ending: str) -> None:
    """It goes on without the page that began it, and another one ends it."""
    port, jobs = there
    with page(port) as first:
        say(first, "record", format=ending)
        row = hear(first, "jobs", lambda told: any(one["state"] == "running" for one in told["jobs"].values()))
        assert [one["kind"] for one in row["jobs"].values() if one["state"] == "running"] == ["take"]
        say(first, "record")
        assert "already" in hear(first, "trouble")["says"]
    with page(port) as second:
        say(second, "note_on", key=69)
        time.sleep(1.0)
        say(second, "note_off", key=69)
        time.sleep(0.2)
        say(second, "record", on=False)
        name, row = over(jobs, "take")
        say(second, "record", on=False)
        assert "no take" in hear(second, "trouble")["says"]
    assert row["state"] == "done"
    file = row["result"]["file"]
    assert file.endswith(f".{ending}")
    path = jobs.file(name, file)
    assert path is not None
    sound, rate = soundfile.read(path, dtype="float32")
    assert (rate, soundfile.info(path).subtype, sound.shape[1]) == (SAMPLE_RATE, "PCM_24", 2)
    assert len(sound) / rate == pytest.approx(row["result"]["seconds"])
    assert 1.2 <= len(sound) / rate < 10.0
    loud = np.flatnonzero(np.abs(sound[:, 0]) > 0.01)
    assert 0.7 < (loud[-1] - loud[0]) / rate < 3.0
    middle = sound[(loud[0] + loud[-1]) // 2 :][: SAMPLE_RATE // 4, 0]
    partial = spectrum_peak_hz(middle) / 440.0
    assert abs(1200.0 * np.log2(partial / max(1, round(partial)))) < 25.0
    assert float(np.abs(sound).max()) == pytest.approx(row["result"]["peak"], abs=1e-6)


def test_a_take_that_is_thrown_away_leaves_nothing(there: tuple[int, Jobs]) -> None:
    port, jobs = there
    with page(port) as opened:
        say(opened, "record")
        assert soon(lambda: any(row["state"] == "running" for _, row in rows(jobs, "take")))
        name, _ = rows(jobs, "take")[-1]
        say(opened, "cancel", job=name)
        assert soon(lambda: jobs.rows()[name]["state"] == "cancelled")
        assert jobs.rows()[name]["files"] == []
        say(opened, "record")
        assert soon(lambda: len([row for _, row in rows(jobs, "take") if row["state"] == "running"]) == 1)
        name, _ = rows(jobs, "take")[-1]
        folder = jobs.folder_of(name)
        say(opened, "forget", job=name)
        assert soon(lambda: name not in jobs.rows() and not folder.exists())


def test_a_song_is_rendered_with_the_present_sound(there: tuple[int, Jobs]) -> None:
    port, jobs = there
    body = song((0, 69), (0, 81), (9, 36))
    status, text = send(port, "?name=My%20Song.mid&format=flac&rate=44100&bits=16", body)
    assert status == 200
    name, row = over(jobs, "song")
    assert json.loads(text) == {"job": name}
    assert (row["state"], row["title"]) == ("done", "My Song"), row
    assert row["result"]["notes"] == 2
    assert row["result"]["troubles"] == ["left out: channel 10, percussion, 1 note"]
    assert [one["name"] for one in row["files"]] == [row["result"]["file"]] == ["My-Song.flac"]
    path = jobs.file(name, "My-Song.flac")
    assert path is not None
    sound, rate = soundfile.read(path, dtype="float32")
    assert (rate, soundfile.info(path).subtype) == (44_100, "PCM_16")
    for begin, nominal_hz in ((0.2, 440.0), (0.7, 880.0)):
        part = sound[round(begin * rate) : round((begin + 0.25) * rate), 0]
        partial = spectrum_peak_hz(part) * rate / SAMPLE_RATE / nominal_hz
        assert abs(1200.0 * np.log2(partial / max(1, round(partial)))) < 25.0


def test_a_song_that_cannot_be_played_says_why(there: tuple[int, Jobs], tmp_path: Path) -> None:
    port, jobs = there
    path = tmp_path / "song.mid"
    for body, says in (
        (b"MThd and no more", "the song"),
        (b"\0" * 4096, "the song"),
        (song((9, 36)), "channel 10"),
        (song(), "no note"),
    ):
        path.write_bytes(body)
        with pytest.raises(MidiError, match=says) as raised:
            songs.song_of(path, percussion=False)
        assert str(tmp_path) not in str(raised.value)
    path.write_bytes(song((9, 36)))
    assert songs.song_of(path, percussion=True)[0].notes == 1
    assert send(port, "?name=a.mid", b"MThd and no more")[0] == 200
    _, row = over(jobs, "song")
    assert row["state"] == "failed"
    assert "the song" in row["says"]
    assert str(jobs.folder) not in row["says"]


def test_what_is_no_song_is_not_taken(there: tuple[int, Jobs]) -> None:
    port, jobs = there
    before = len(jobs.rows())
    for query, expected in (
        ("?name=a.wav", 415),
        ("?name=a.mid&format=exe", 400),
        ("?name=a.mid&format=../a", 400),
        ("?name=a.mid&rate=999999999999", 400),
        ("?name=a.mid&rate=47999", 400),
        ("?name=a.mid&format=ogg&bits=24", 400),
    ):
        assert send(port, query, song((0, 60)))[0] == expected, query
    assert send(port, "?name=a.mid", b"", **{"Content-Length": str(5 << 30)})[0] == 413
    assert send(port, "?name=a.mid", song((0, 60)), Origin="https://evil.example")[0] == 403
    assert asked(port, "/api/songs")[0] == 405
    assert len(jobs.rows()) == before
    assert [path.name for path in jobs.folder.iterdir() if path.is_file()] == ["lock"]


def test_a_pack_is_estimated_then_made_and_its_sfz_plays_in_sfizz(there: tuple[int, Jobs], tmp_path: Path) -> None:
    """Clips can be heard as they come, and the zip file holds it all."""
    port, jobs = there
    with page(port) as opened:
        say(opened, "pack", dry_run=True, name="Reed", positions="0,1", **SMALL)
        assert soon(lambda: bool(rows(jobs, "estimate")))
    name, row = over(jobs, "estimate")
    assert row["state"] == "done", row
    assert row["about"]["asked"]["notes"] == "C4,C5"
    assert (row["result"]["clips"], row["about"]["clips"]) == (4, 4)
    assert row["result"]["disk_bytes"] > 0
    assert row["result"]["work_seconds"] > 0.0
    assert row["files"] == []
    with page(port) as opened:
        say(opened, "pack", dry_run=False, name="Reed", positions="0,1", **SMALL)
        told = hear(opened, "jobs", lambda told: any(one["kind"] == "pack" for one in told["jobs"].values()))
        assert not any(one["kind"] == "estimate" for one in told["jobs"].values())
    name, row = over(jobs, "pack", seconds=120.0)
    assert row["state"] == "done", row
    assert (row["about"]["positions"], row["about"]["notes"]) == (["p000", "p100"], [60, 72])
    files = [one["name"] for one in row["files"]]
    assert files == ["Reed.zip", "clips.json", "cover.png", "preview.flac"]
    clips = json.loads(asked(port, f"/api/jobs/{name}/clips.json")[2])
    assert len(clips) == 4
    assert all(jobs.file(name, clip) is not None for clip in clips)
    preview = jobs.file(name, "preview.flac")
    assert preview is not None
    assert level_db(soundfile.read(preview, dtype="float32")[0]) > -40.0
    zip_file = jobs.file(name, "Reed.zip")
    assert zip_file is not None
    with ZipFile(zip_file) as opened_zip:
        assert opened_zip.testzip() is None
        assert all(one.startswith("Reed/") for one in opened_zip.namelist())
        assert {f"{clip}" for clip in clips} <= set(opened_zip.namelist())
        opened_zip.extractall(tmp_path)
    need_module("pysfizz")
    for label in ("p000", "p100"):
        engine = Sfizz(tmp_path / "Reed" / f"Reed_{label}.sfz")
        for key in (60, 66, 72):
            played = engine.play(key, 100, seconds=1.0)
            assert level_db(played[SAMPLE_RATE // 4 : SAMPLE_RATE]) > -50.0
            assert abs(cents_off(played, key, begin_seconds=0.3, end_seconds=0.9)) < 5.0


def test_a_pack_that_makes_no_sense_is_refused_in_a_line(there: tuple[int, Jobs]) -> None:
    port, jobs = there
    before = jobs.rows().keys()
    with page(port) as opened:
        for fields, expected in (
            ({"notes": "H9"}, "H9"),
            ({"positions": "0,7"}, "7"),
            ({"positions": "0.1,0.2;0.3,0.4"}, "position"),
            ({"velocities": "0,200"}, "velocity"),
            ({"notes": "C-1-G9", "velocities": ",".join(map(str, range(1, 128))), "round_robin": 16}, "at most"),
            ({"name": "a\nb"}, "one line"),
            ({"flac": True, "formats": "wav"}, "wav"),
        ):
            say(opened, "pack", **fields)
            assert expected in hear(opened, "trouble")["says"]
    assert jobs.rows().keys() == before


def test_a_pack_that_is_cancelled_leaves_nothing(there: tuple[int, Jobs]) -> None:
    port, jobs = there
    with page(port) as opened:
        say(opened, "pack", dry_run=False, notes="C3-C6/1", seconds=4.0)
        assert soon(lambda: any(row["state"] == "running" for _, row in rows(jobs, "pack")))
        name, _ = rows(jobs, "pack")[-1]
        folder = jobs.folder_of(name)
        assert soon(lambda: (folder / "clips.json").exists())
        say(opened, "cancel", job=name)
        assert soon(lambda: jobs.rows()[name]["state"] == "cancelled" and not folder.exists())


def test_what_a_pack_is_made_of() -> None:
    """A plain blend is packed as a blend, all else as a preset; "here" is where it is now, and nothing is all over."""
    blend = blend_patch(["flute", "cello"])
    request = packs.request_of(blend, Pack(positions="here"), seed=3)
    assert (request.preset, request.positions, request.seed, request.name) == ("", ((0.5,),), 3, "flute, cello")
    assert len(packs.request_of(blend, Pack(), seed=0).positions) == 5
    assert packs.request_of(blend_patch(["flute"]), Pack(positions="here"), seed=0).positions == ((),)
    preset = find_preset("glass-cello")
    request = packs.request_of(preset, Pack(positions="here"), seed=0)
    assert request.preset
    assert request.positions == (preset.with_macros_applied().blend.place,)
    assert not packs.is_blend(blend_patch(["flute", "take.wav"]))


def test_the_title_of_a_song_is_no_path() -> None:
    names = ["../../etc/passwd.mid", "C:\\x\\y.mid", ".mid", "", "a\x1b[31m.mid", f"{'x' * 500}.mid", "no ending"]
    titles = [songs.title_of(name) for name in names]
    assert titles == ["passwd", "y", "song", "song", "a\\x1b[31m", "x" * 60, "song"]


def test_a_job_plays_the_recordings_of_the_session(tmp_path: Path) -> None:
    """An instrument that only the panel's session knows is known to the session of a job, zone by zone."""
    session = Session(device="cpu")
    zones = [session.bank.zones[index] for index in session.bank.find("cello").zones[:2]]
    entry = BankEntry(Named("my cello", "string"), (0, 1))
    session.add(Bank([entry], zones, model_id=session.checkpoint.model_id))
    guests = write_guests(session, ["flute", "my cello"], tmp_path / "guests")
    other = session_of(session_arguments(session), guests)
    found = [other.bank.zones[index] for index in other.bank.find("my cello").zones]
    assert other.bank.entries["my cello"].instrument.family == "string"
    for mine, theirs in zip(zones, found, strict=True):
        assert (mine.note, mine.velocity) == (theirs.note, theirs.velocity)
        np.testing.assert_array_equal(mine.timbre, theirs.timbre)
    assert other.guest("flute") is None


def test_a_take_that_nobody_has_is_kept_when_the_panel_ends(told: list[str]) -> None:
    """The one that goes on is ended and kept, one that was downloaded or removed is not."""
    with Instrument(Session(device="cpu"), blend_patch(["marimba"])) as instrument:
        with serving(instrument) as (port, app), page(port) as opened:
            jobs = app.state.jobs
            for number in range(3):
                say(opened, "record", format="flac")
                assert soon(lambda: any(row["state"] == "running" for _, row in rows(jobs, "take")))
                time.sleep(0.2)
                if number < 2:
                    say(opened, "record", on=False)
                    name, row = over(jobs, "take")
                    file = f"http://127.0.0.1:{port}/api/jobs/{name}/{row['result']['file']}"
                    with urlopen(file + "?keep" * (number == 0)) as answer:
                        assert answer.read(4) == b"fLaC"
        lines = [line for line in told if "is kept" in line]
    kept = sorted(path.name for path in kept_folder().iterdir())
    assert kept == ["marimba-take-2.flac", "marimba-take-3.flac"]
    assert [str(kept_folder() / name) in line for name, line in zip(kept, lines, strict=True)] == [True, True]
    assert all(soundfile.info(kept_folder() / name).frames > SAMPLE_RATE // 10 for name in kept)
    assert not jobs.folder.exists()


def test_what_was_too_loud_is_said() -> None:
    assert (clipped(1.0), clipped(2.0)) == ([], ["it is too loud by 6.0 dB and clipped: turn the level down"])


def test_a_take_goes_on_wherever_the_sound_goes(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the pages, then to a device, and back; the file is as long as what was played meanwhile."""
    from nsynth_lab.bench.pretended import sounddevice

    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice)
    session = Session(model_folder, device="cpu", user_instruments=False)
    names = list(session.bank.entries)[:2]
    with Instrument(session, blend_patch(names)) as instrument, Jobs() as jobs:
        takes = Takes(instrument, jobs)
        takes.start(ending="wav")
        began = time.monotonic()
        for output in ("device", "socket"):
            time.sleep(0.3)
            instrument.handle(Output(output))
            instrument.handle(NoteOn(60))
            assert soon(lambda output=output: instrument.status().output == output)  # type: ignore[misc]
        time.sleep(0.3)
        seconds = time.monotonic() - began
        takes.stop()
        ((name, row),) = rows(jobs, "take")
        path = jobs.file(name, row["result"]["file"])
        assert path is not None
        sound, rate = soundfile.read(path)
        assert 0.25 * seconds < len(sound) / rate < seconds + 0.5  # nothing plays while a device is opened
        assert row["result"]["seconds"] > 0.5
        jobs.note_download(name)
