"""The thread that makes sound goes first, alone and never for long; where it may not, that is said when it matters."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from nsynth_lab import priority
from nsynth_lab.cli.performing import _warn
from nsynth_lab.doctor import ProbeError
from nsynth_lab.doctor import sound as sound_probes
from nsynth_lab.priority import is_raised, never_for_long, raise_priority, refusal
from nsynth_lab.sinks.device import DeviceSink
from nsynth_lab.threads import in_threads

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows raise the priority themselves")

HOW = """
import hashlib, os, subprocess, sys, threading, time
from nsynth_lab.priority import lower_priority, never_for_long, raise_priority
real_time = os.SCHED_RR | os.SCHED_RESET_ON_FORK
heard, said = [], []

def look():
    heard.append(os.sched_getscheduler(0))

def sound():
    granted = raise_priority()
    if not granted or os.sched_getscheduler(0) != real_time:
        heard.append("not granted")
        return
    look()
    helper = threading.Thread(target=look)
    helper.start()
    helper.join()
    asked = [sys.executable, "-c", "import os; print(os.sched_getscheduler(0))"]
    heard.append(int(subprocess.run(asked, capture_output=True, text=True).stdout))
    hashlib.pbkdf2_hmac("sha256", b"endless", b"work", 6_000_000)  # some seconds without the interpreter's lock
    look()
    raise_priority()
    look()
    lower_priority(said.append)
    look()

with never_for_long(said.append):
    thread = threading.Thread(target=sound)
    thread.start()
    while thread.is_alive():
        time.sleep(0.01)
    look()
print("not granted" if "not granted" in heard else [one == real_time for one in heard], len(said))
"""


def test_real_time_is_for_the_thread_alone_and_ends_if_it_never_pauses() -> None:
    ran = subprocess.run([sys.executable, "-c", HOW], capture_output=True, text=True, check=True, timeout=60)
    if "not granted" in ran.stdout:
        pytest.skip("the system grants no real-time priority")
    # the thread itself, one that it starts, a program that it starts, itself after half a second, raised again, lowered
    # by itself, and the main thread
    assert ran.stdout.strip() == "[True, False, False, False, True, False, False] 2"


CARRIED = """
import os, threading, time
from pathlib import Path
from nsynth_lab.priority import CARRIERS, never_for_long, raise_audio_thread
levels, ended = {}, threading.Event()

def carry(name):
    Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name)
    begun.wait()
    ended.wait()
    levels[name] = os.sched_getparam(0).sched_priority

def sound():
    raise_audio_thread()
    levels["sound"] = os.sched_getparam(0).sched_priority
    ended.set()

begun = threading.Barrier(3)
with never_for_long():
    threads = [threading.Thread(target=carry, args=(name,)) for name in (*CARRIERS, "other")]
    for thread in threads:
        thread.start()
    begun.wait()
    threads.append(threading.Thread(target=sound))
    threads[-1].start()
    for thread in threads:
        thread.join()
print(levels["sound"], levels[CARRIERS[0]], levels["other"])
"""


def test_what_carries_the_sound_to_the_server_goes_first_too() -> None:
    """A busy browser kept libpulse's thread from the processor for a tenth of a second, with the sound ready."""
    ran = subprocess.run([sys.executable, "-c", CARRIED], capture_output=True, text=True, check=True, timeout=60)
    if ran.stdout.startswith("0"):
        pytest.skip("the system grants no real-time priority")
    assert ran.stdout.strip() == f"{priority.PRIORITY} {priority.PRIORITY} 0"


BEHIND = """
import hashlib, os, threading, time
from nsynth_lab.priority import behind_sound, come_behind, never_for_long, raise_priority
said, heard = [], []

def sound():
    heard.append(raise_priority())
    while not ended.is_set():
        time.sleep(0.005)
    heard.append(os.sched_getscheduler(0) == os.SCHED_RR | os.SCHED_RESET_ON_FORK)

def serve():
    with behind_sound():
        heard.append(os.sched_getparam(0).sched_priority)
    heard.append(os.sched_getparam(0).sched_priority)
    come_behind()
    hashlib.pbkdf2_hmac("sha256", b"endless", b"work", 4_000_000)
    heard.append(os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_OTHER)
    come_behind()
    heard.append(os.sched_getparam(0).sched_priority)
    ended.set()

ended = threading.Event()
with never_for_long(said.append):
    threads = [threading.Thread(target=work) for work in (sound, serve)]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.01)
print(heard, said)
"""


def test_who_comes_behind_the_sound_loses_its_priority_first() -> None:
    ran = subprocess.run([sys.executable, "-c", BEHIND], capture_output=True, text=True, check=True, timeout=60)
    if ran.stdout.startswith("[False"):
        pytest.skip("the system grants no real-time priority")
    assert ran.stdout.strip() == f"[True, {priority.PRIORITY - 1}, 0, True, 0, True] []"


AGAIN = """
import hashlib, os
from nsynth_lab import priority
from nsynth_lab.panel.worker import Worker
priority.AGAIN_SECONDS = 0.0
heard = []

def look():
    heard.append(os.sched_getparam(0).sched_priority)

def take_long():
    hashlib.pbkdf2_hmac("sha256", b"endless", b"work", 4_000_000)
    look()

with priority.never_for_long():
    worker = Worker()
    for number, work in enumerate((look, take_long, look)):
        worker.ask(str(number), work)
    worker.work_here(lambda: len(heard) < 3)
print(heard)
"""


def test_a_worker_that_took_too_long_comes_behind_the_sound_again() -> None:
    ran = subprocess.run([sys.executable, "-c", AGAIN], capture_output=True, text=True, check=True, timeout=60)
    if ran.stdout.startswith("[0"):
        pytest.skip("the system grants no real-time priority")
    assert ran.stdout.strip() == str([priority.PRIORITY - 1, 0, priority.PRIORITY - 1])


def test_limit_and_signal_are_as_before_afterwards() -> None:
    before = resource.getrlimit(resource.RLIMIT_RTTIME), signal.getsignal(signal.SIGXCPU)
    with never_for_long():
        assert resource.getrlimit(resource.RLIMIT_RTTIME)[0] == 500_000
    assert (resource.getrlimit(resource.RLIMIT_RTTIME), signal.getsignal(signal.SIGXCPU)) == before


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that grants nothing."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(os, "setpriority", refuse)


@pytest.mark.usefixtures("refusing")
def test_a_refusal_is_told_once_and_only_if_the_sound_drops_out(capsys: pytest.CaptureFixture[str]) -> None:
    live = SimpleNamespace(troubles=list, sink=SimpleNamespace(underruns=0))
    with never_for_long():
        assert not raise_priority()
        _warn(live)  # type: ignore[arg-type]
        assert capsys.readouterr().err == ""
        live.sink.underruns = 1
        _warn(live)  # type: ignore[arg-type]
        said = " ".join(capsys.readouterr().err.split())
        assert "the sound dropped out, and it has normal priority" in said
        assert "@audio - rtprio" in said
        _warn(live)  # type: ignore[arg-type]
        assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("refusing")
def test_the_doctor_tells_of_a_refusal() -> None:
    with pytest.raises(ProbeError, match="no priority") as raised:
        sound_probes.priority()
    assert raised.value.advice == priority.ADVICE
    refusal()


def test_other_systems_are_asked_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not raise_priority()
    assert refusal() == ""
    assert "by itself" in sound_probes.priority()


def test_each_audio_thread_begins_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from nsynth_lab.bench.pretended import sounddevice

    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice)
    began: list[str] = []
    with DeviceSink(block_samples=256, begin=lambda: began.append(threading.current_thread().name)) as sink:
        import numpy as np

        for _ in range(20):
            sink.write(np.zeros((2, 256), np.float32))
        time.sleep(0.05)
    assert began == ["pretended device"]


def test_threads_that_the_sound_waits_for_have_its_priority() -> None:
    both: list[list[int]] = []

    def sound() -> None:
        for raised in (False, True):
            if raised and not (raise_priority() and is_raised()):
                return
            both.append(in_threads(lambda _: os.sched_getscheduler(0), [0, 1]))

    with never_for_long():
        thread = threading.Thread(target=sound)
        thread.start()
        thread.join()
    if len(both) < 2:
        pytest.skip("the system grants no real-time priority")
    assert both == [[os.SCHED_OTHER] * 2, [os.SCHED_RR | os.SCHED_RESET_ON_FORK] * 2]
