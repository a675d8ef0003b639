"""Long work of the panel, each in a process that may die; files that come and go; and what strangers try with them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nsynth_lab.errors import UsageError
from nsynth_lab.folders import cache_folder
from nsynth_lab.panel.jobs import jobs as room
from nsynth_lab.panel.jobs import process
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.jobs.limits import Limits
from nsynth_lab.process_tuning import NICENESS

TESTS = Path(__file__).parent
SECONDS = 20.0  # until a test gives up

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the processes of these tests are ended by signals")


@pytest.fixture
def _works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs do the work of `job_child`."""
    monkeypatch.setattr(process, "CHILD", "job_child")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(TESTS), str(TESTS.parent))))


@pytest.fixture
def jobs(_works: None) -> Iterator[Jobs]:
    with Jobs() as made:
        yield made


def over(jobs: Jobs, *names: str) -> list[dict[str, Any]]:
    """The rows of jobs that are over."""
    until = time.monotonic() + SECONDS
    while any(jobs.rows()[name]["state"] in ("waiting", "running") for name in names):
        assert time.monotonic() < until, jobs.rows()
        time.sleep(0.01)
    return [jobs.rows()[name] for name in names]


def says(jobs: Jobs, name: str) -> str:
    """What a job has said first."""
    until = time.monotonic() + SECONDS
    while not (said := str(jobs.rows()[name]["says"])):
        assert time.monotonic() < until, jobs.rows()
        time.sleep(0.01)
    return said


def is_alive(number: int) -> bool:
    """Whether a process runs; one that has ended, and that nobody has asked after, does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(*numbers: int) -> bool:
    until = time.monotonic() + SECONDS
    while any(map(is_alive, numbers)) and time.monotonic() < until:
        time.sleep(0.01)
    return not any(map(is_alive, numbers))


def test_a_job_tells_how_it_goes_and_leaves_its_files(jobs: Jobs) -> None:
    """In a process of its own that lets others go first; what it leaves is found by name, and nothing else is."""
    told: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    name = ""
    jobs.subscribe(lambda: told.extend(jobs.rows().values()))
    name = jobs.start("count", "to nine", "job_child:count", {"to": 9}, about={"of": "mine"}, then=results.append)
    (row,) = over(jobs, name)
    assert (row["state"], row["kind"], row["title"], row["about"]) == ("done", "count", "to nine", {"of": "mine"})
    assert row["result"] == results[0]
    assert (row["result"]["counted"], row["done"], row["total"]) == (9, 9.0, 9.0)
    assert row["result"]["nice"] >= NICENESS
    assert row["result"]["process"] != os.getpid()
    assert row["files"] == [{"name": "count.txt", "bytes": 1}]
    assert row["seconds"] > 0.0
    assert {one["state"] for one in told} >= {"running", "done"}
    path = jobs.file(name, "count.txt")
    assert path is not None
    assert path.read_text() == "9"
    assert jobs.file(name, "deep/näher, #1?.wav") is not None
    tricks = [
        "",
        "/",
        ".",
        "..",
        ".half",
        "link.txt",
        "away/passwd",
        "deep",
        "deep/",
        "/etc/passwd",
        "../lock",
        "deep/..",
    ]
    tricks += [
        "deep/../count.txt",
        "./count.txt",
        "count.txt/",
        "x" * 5000,
        "count.txt\0",
        "*",
        "deep\\x",
        "/".join("a" * 50),
    ]
    assert [jobs.file(name, trick) for trick in tricks] == [None] * len(tricks)
    assert jobs.file("../", "lock") is None
    jobs.forget(name)
    assert (jobs.rows(), jobs.file(name, "count.txt")) == ({}, None)
    with pytest.raises(UsageError, match="has been removed"):
        jobs.cancel(name)


def test_what_fails_says_why_and_harms_nobody(jobs: Jobs) -> None:
    def refuse(_: dict[str, Any]) -> None:
        raise UsageError("there is one already")

    limits = Limits(memory_bytes=1 << 29, processor_seconds=1)
    names = [jobs.start(work, work, f"job_child:{work}", {}, limits=limits) for work in ("refuse", "fail", "crash")]
    names += [jobs.start(work, work, f"job_child:{work}", {}, limits=limits) for work in ("swell", "spin", "lie")]
    names += [
        jobs.start("none", "none", "job_child:none", {}),
        jobs.start("os", "os", "os:system", {"command": "true"}),
    ]
    names += [jobs.start("then", "then", "job_child:count", {"to": 1}, then=refuse)]
    rows = over(jobs, *names)
    assert [row["state"] for row in rows] == ["failed"] * len(rows)
    assert rows[0]["says"] == "song.wav: not a sound file; expected WAV"
    for row, expected in zip(
        rows[1:],
        ("ZeroDivisionError: by nothing", "SIGSEGV", "more memory than a job may", "processor's time than a job may",
         "without an answer", "no attribute 'none'", "jobs are functions of", "there is one already"),
        strict=True,
    ):  # fmt: skip
        assert expected in row["says"], row
    assert [row["files"] for row in rows] == [[]] * len(rows)
    assert json.dumps(rows, allow_nan=False)
    assert over(jobs, jobs.start("count", "after", "job_child:count", {"to": 1}))[0]["state"] == "done"


def test_two_at_a_time_and_cancelled_with_all_they_have_begun(jobs: Jobs) -> None:
    """One that is deaf to being asked is ended all the same; one that waits never begins."""
    names = [jobs.start("wait", "wait", "job_child:wait", {"deaf": deaf}) for deaf in (False, True)]
    numbers = [int(number) for name in names for number in says(jobs, name).split()]
    assert len(numbers) == 4
    assert all(map(is_alive, numbers))
    waiting = jobs.start("count", "count", "job_child:count", {"to": 1})
    last = jobs.start("count", "count", "job_child:count", {"to": 1})
    time.sleep(0.1)
    assert [row["state"] for row in jobs.rows().values()] == ["running", "running", "waiting", "waiting"]
    for name in (*names, waiting):
        jobs.cancel(name)
    rows = over(jobs, *names, waiting, last)
    assert [row["state"] for row in rows] == ["cancelled", "cancelled", "cancelled", "done"]
    assert [row["files"] for row in rows[:3]] == [[], [], []]
    assert gone(*numbers)
    assert [jobs.file(name, "half-done.txt") for name in names] == [None, None]
    jobs.cancel(last)
    assert jobs.rows()[last]["state"] == "done"
    jobs.forget(jobs.start("wait", "wait", "job_child:wait", {}))


def test_what_is_removed_has_its_place_until_it_has_ended(jobs: Jobs) -> None:
    """Whoever asks and takes back again and again has no more processes than anybody else."""
    names = [jobs.start("wait", "wait", "job_child:wait", {"deaf": True}) for _ in range(2)]
    numbers = [int(number) for name in names for number in says(jobs, name).split()]
    for name in names:
        jobs.forget(name)
    after = jobs.start("count", "count", "job_child:count", {"to": 1})
    assert jobs.rows()[after]["state"] == "waiting"
    assert over(jobs, after)[0]["state"] == "done"
    assert gone(*numbers)


def test_the_oldest_that_is_over_is_forgotten(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_KEPT", 3)
    first = jobs.start("count", "count", "job_child:count", {"to": 1})
    over(jobs, first)
    names = [jobs.start("wait", "wait", "job_child:wait", {}) for _ in range(3)]
    assert list(jobs.rows()) == names
    with pytest.raises(UsageError, match="3 jobs wait already"):
        jobs.start("wait", "wait", "job_child:wait", {})


PARENT = """
import sys, time
from nsynth_lab.panel.jobs import process
from nsynth_lab.panel.jobs.jobs import Jobs

process.CHILD = "job_child"
with Jobs() as jobs:
    name = jobs.start("wait", "wait", "job_child:wait", {})
    while not jobs.rows()[name]["says"]:
        time.sleep(0.01)
    print(jobs.folder, jobs.rows()[name]["says"], flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_a_job_ends_with_its_panel_and_what_a_crash_leaves_goes_later(jobs: Jobs, how: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert child.stdout is not None
    said, *numbers = child.stdout.readline().split()
    folder = Path(said)
    with Jobs() as other:  # a second panel leaves alone what the first one holds
        assert folder.is_dir()
        assert folder.parent == other.folder.parent == jobs.folder.parent == cache_folder() / "panel"
    if how == "killed":
        child.send_signal(signal.SIGKILL)
    child.communicate("", timeout=SECONDS)
    assert gone(*map(int, numbers))
    assert folder.is_dir() == (how == "killed")
    with Jobs():
        assert not folder.exists()
        assert jobs.folder.is_dir()


@pytest.mark.usefixtures("_works")
def test_pages_are_told_of_jobs_and_may_end_and_remove_them() -> None:
    """By the socket of a panel whose jobs they are; a page that comes later is told what there is; files are given."""
    server = pytest.importorskip("test_panel_server", reason="the panel's server is not installed")
    with server.Instrument(server.Session(device="cpu"), server.blend_patch(["flute"])) as instrument:
        with server.serving(instrument) as (port, app), server.page(port) as first:
            assert server.hear(first, "jobs")["jobs"] == {}
            ours: Jobs = app.state.jobs
            done = ours.start("count", "count", "job_child:count", {"to": 3}, about={"key": 60})
            row = server.hear(first, "jobs", lambda told: told["jobs"][done]["state"] == "done")["jobs"][done]
            assert (row["about"], row["result"]["counted"]) == ({"key": 60}, 3)
            status, headers, text = server.asked(port, f"/api/jobs/{done}/count.txt")
            assert (status, text, headers["Content-Disposition"]) == (
                200,
                "3",
                "attachment; filename*=UTF-8''count.txt",
            )
            status, headers, _ = server.asked(port, f"/api/jobs/{done}/deep/n%C3%A4her%2C%20%231%3F.wav")
            assert (status, headers["Content-Type"], headers["Content-Disposition"]) == (200, "audio/wav", None)
            for trick in (
                "..%2flock",
                "../lock",
                "..%2f..%2flock",
                "link.txt",
                "%2fetc%2fpasswd",
                "away/passwd",
                ".half",
            ):
                assert server.asked(port, f"/api/jobs/{done}/{trick}")[0] == 404, trick
            assert server.asked(port, f"/api/jobs/{done}/count.txt", method="POST")[0] == 405
            running = ours.start("wait", "wait", "job_child:wait", {})
            with server.page(port) as second:
                rows = server.hear(second, "jobs")["jobs"]
                assert [rows[name]["state"] for name in (done, running)] == ["done", "running"]
                server.say(second, "cancel", job=running)
                server.hear(first, "jobs", lambda told: told["jobs"][running]["state"] == "cancelled")
                server.say(second, "forget", job=running)
                server.say(second, "forget", job=done)
                server.hear(first, "jobs", lambda told: told["jobs"] == {})
                server.say(second, "cancel", job=done)
                assert "has been removed" in server.hear(second, "trouble")["says"]
            assert server.asked(port, f"/api/jobs/{done}/count.txt")[0] == 404
        assert not ours.folder.exists()
