"""Ctrl-C at any moment of compiled loops ends them as Ctrl-C does, and never the process."""

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
from nsynth_lab.interrupts import interrupt_between_compiled_calls
from nsynth_lab.runtime.numba_batch import NumbaBatch

interrupt_between_compiled_calls()
decoder = NumbaBatch(tiny_model().decoder, 2)
decoder.reset([0, 1], [0, 1])
streams = [np.zeros((2, 16), np.float32)] + [np.full(2, value, np.float32) for value in (-20.0, 220.0)]
streams.append(np.zeros((2, 128), np.float32))
decoder.step(np.arange(2), *streams)
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
            decoder.step(np.arange(2), *streams)
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


def test_a_handler_that_is_there_already_stays() -> None:
    from nsynth_lab.interrupts import interrupt_between_compiled_calls

    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        interrupt_between_compiled_calls()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, usual)


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
