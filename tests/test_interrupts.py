"""Ctrl-C and SIGTERM at any moment: compiled calls never crash, and no temporary file is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STORM = """
import os, random, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
import numpy as np
from tiny_model import tiny_model
from nsynth_lab.interrupts import install_signal_handlers
from nsynth_lab.model.weights import weights_of
from nsynth_lab.runtime.numba_batch import NumbaBatch
from nsynth_lab.runtime.voice_batch import FrameStreams

install_signal_handlers()
decoder = NumbaBatch(weights_of(tiny_model()), 2)
decoder.reset([0, 1], [0, 1])
streams = [np.zeros((2, 16), np.float32)] + [np.full(2, value, np.float32) for value in (-20.0, 220.0)]
streams.append(np.zeros((2, 128), np.float32))
decoder.step(np.arange(2), FrameStreams(*streams))
heard, wanted, dice = 0, 400, random.Random(1)

def press() -> None:
    while heard < wanted:
        time.sleep(0.002 * dice.random())
        os.kill(os.getpid(), signal.SIGINT)

keys = threading.Thread(target=press, daemon=True)
while heard < wanted:
    try:
        if keys.ident is None:
            keys.start()
        while True:
            decoder.step(np.arange(2), FrameStreams(*streams))
    except KeyboardInterrupt:
        heard += 1
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("heard", heard)
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_never_crashes_a_compiled_call() -> None:
    """Ctrl-C while named tuples were passed once killed the process or raised a SystemError."""
    command = [sys.executable, "-c", STORM, str(Path(__file__).parent)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (0, "heard 400"), ran.stderr[-2000:]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_existing_signal_handler_is_kept(number: signal.Signals) -> None:
    from nsynth_lab.interrupts import install_signal_handlers

    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(number, signal.SIG_IGN)
    try:
        install_signal_handlers()
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


WRITING = """
import sys, time
from pathlib import Path
from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.interrupts import install_signal_handlers

install_signal_handlers()
with atomic_write(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(("under_torchrun", "code", "files"), [(False, 143, 0), (True, -signal.SIGTERM, 1)])
def test_sigterm_leaves_no_temporary_file(tmp_path: Path, under_torchrun: bool, code: int, files: int) -> None:
    environment = {**os.environ, **({"LOCAL_RANK": "0"} if under_torchrun else {})}
    command = [sys.executable, "-c", WRITING, str(tmp_path / "made.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.terminate()
        try:
            assert process.wait(timeout=30) == code
        finally:
            process.kill()
    assert len(list(tmp_path.iterdir())) == files


WORKERS = """
import sys, time
from nsynth_lab.workers import in_parallel

def work(item):
    time.sleep(0.05)
    return item

if __name__ == "__main__":
    try:
        for item, _ in in_parallel(work, range(4000), jobs=2, chunk=4):
            if item == 4:
                print("at work", flush=True)
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_pressed_twice_ends_the_workers_too(tmp_path: Path) -> None:
    """The second Ctrl-C ended the wait for the workers before they were told to stop: they waited for ever."""
    script = tmp_path / "script.py"
    script.write_text(WORKERS, "utf-8")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        try:
            assert process.wait(timeout=30) == 130
        finally:
            process.kill()
