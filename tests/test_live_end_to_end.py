"""The real parts from end to end: keyboard process -> JACK MIDI -> play -> PulseAudio -> what can be heard there."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from live_takes import RecordProperty, Take, whole_take
from playing import spectrum_peak_hz
from servers import RECORD, pulse, running

from nsynth_lab.audio import read_audio
from nsynth_lab.model.bank import BANK
from nsynth_lab.render import DEFAULT_CHECKPOINT
from nsynth_lab.units import SAMPLE_RATE, FloatArray, hz_to_note

INSTRUMENTS = ("reed organ", "square lead")  # recorded in tune, and quick to speak
NOTES = (60, 64, 69, 72, 57, 76)
HELD_SECONDS, REST_SECONDS = 0.45, 0.55
RELEASED_SECONDS = 1.5  # in which the last voice ends
CENTS, TIME_SECONDS = 5.0, 0.020

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """Of the servers that these tests play through."""
    pytest.importorskip("rtmidi")
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    found: dict[str, str] = request.getfixturevalue("live_servers")
    return found


class Keys:
    """The keyboard's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def do(self, **what: Any) -> float:
        """One thing; when it was sent, or how many were."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline()) if {"bytes", "storm"} & set(what) else 0.0


@contextmanager
def keyboard(name: str, environment: dict[str, str]) -> Iterator[Keys]:
    command = [sys.executable, str(Path(__file__).with_name("keyboard_process.py")), name]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Keys(process)
        process.stdin.close() if process.stdin else None
        process.wait(timeout=10)


@contextmanager
def play(environment: dict[str, str], *options: str) -> Iterator[subprocess.Popen[str]]:
    """`nsynth-lab play`, ready."""
    command = [sys.executable, "-m", "nsynth_lab", "play", *INSTRUMENTS, "--latency", "high", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            wait_for(process.stderr, "playing on")
            time.sleep(1.0)
            yield process
        finally:
            process.kill()


def wait_for(stream: IO[str] | None, words: str) -> None:
    said = []
    for line in stream or ():
        said.append(line)
        if words in line:
            return
    pytest.fail(f"it never said '{words}': {said}")


def summary(process: subprocess.Popen[str]) -> dict[str, int]:
    """What `play` says at its end."""
    out = ended(process)
    found = re.search(r"underruns (\d+).*voices stolen (\d+), device lost (\d+) times", out)
    assert found, out
    return dict(zip(("underruns", "stolen", "lost"), map(int, found.groups()), strict=True))


def ended(process: subprocess.Popen[str]) -> str:
    """What `play` says when the player has had enough, as they say with Ctrl-C."""
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return out


def onset_seconds(sound: FloatArray, threshold: float) -> float:
    """When its level over 5 ms first comes within 12 dB of its loudest."""
    power = np.convolve(sound**2, np.ones(240) / 240, mode="full")[: len(sound)]
    return float(np.argmax(power > threshold)) / SAMPLE_RATE


def test_keyboard_to_recording(environment: dict[str, str], tmp_path: Path, record_property: RecordProperty) -> None:
    """What is heard is what was made, sample for sample, and that is what was struck."""

    def play_once(number: int) -> Take[tuple[dict[str, int], list[float]]]:
        folder = tmp_path / str(number)
        folder.mkdir()
        return take(environment, folder)

    taken = whole_take(play_once, record_property)
    told, sent = taken.result
    assert told == {"underruns": 0, "stolen": 0, "lost": 0}
    check_notes(taken.heard[0], sent)


def take(environment: dict[str, str], folder: Path) -> Take[tuple[dict[str, int], list[float]]]:
    """The notes played once: what `play` said and when each was sent."""
    made, heard = folder / "take.wav", folder / "heard.raw"
    options = ("--midi", "keys", "--record", str(made))
    with keyboard("keys", environment) as keys, play(environment, *options) as process:
        with running(list(RECORD), environment, heard):
            time.sleep(0.3)
            sent = [strike(keys, note) for note in NOTES]
            time.sleep(REST_SECONDS)  # for the last one to end, and the sound server to play it
        told = summary(process)
    recorded = np.fromfile(heard, np.float32).reshape(-1, 2).T
    played = read_audio(made).samples
    return Take((told, sent), played, recorded, told["underruns"], told["stolen"])


def strike(keys: Keys, note: int) -> float:
    """One note and the rest after it; when its key went down."""
    sent = keys.do(bytes=[0x90, note, 100])
    time.sleep(HELD_SECONDS)
    keys.do(bytes=[0x80, note, 64])
    time.sleep(REST_SECONDS)
    return sent


def check_notes(recorded: FloatArray, sent: list[float]) -> None:
    """Each within 5 cents of its pitch and 20 ms of its time, but for the latency that all have."""
    loud = float(np.percentile(recorded**2, 95)) / 16
    late: list[float] = []
    begin = onset_seconds(recorded, loud)
    for index, note in enumerate(NOTES):
        expected = begin + sent[index] - sent[0]
        window = recorded[int((expected - 0.2) * SAMPLE_RATE) :][: int(0.5 * SAMPLE_RATE)]
        late.append(onset_seconds(window, loud) - 0.2)
        steady = recorded[int((expected + 0.12) * SAMPLE_RATE) :][: int(0.3 * SAMPLE_RATE)]
        cents = 100.0 * (hz_to_note(strongest_f0_hz(steady, note)) - note)
        assert abs(cents) < CENTS, f"note {note}: {cents:+.1f} cents"
    assert np.ptp(late) < 2 * TIME_SECONDS, late
    assert np.abs(np.array(late) - np.median(late)).max() < TIME_SECONDS, late


def strongest_f0_hz(sound: FloatArray, note: int) -> float:
    """f0 by the strongest partial, which is one of the first ten."""
    peak = spectrum_peak_hz(sound)
    nominal = 440.0 * 2 ** ((note - 69) / 12)
    return peak / max(1, round(peak / nominal))


def test_a_port_that_vanishes_comes_back_and_leaves_no_note_hanging(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Also where the next keyboard of its name begins as soon as the one before is gone."""
    made = tmp_path / "take.wav"
    with ExitStack() as stack:
        keys = stack.enter_context(keyboard("keys", environment))
        process = stack.enter_context(play(environment, "--midi", "keys", "--record", str(made)))
        for gone_seconds in (0.3, 2.0):
            keys.do(bytes=[0x90, 60, 100])
            time.sleep(0.5)
            keys.do(close=1)
            time.sleep(gone_seconds)  # the port is gone, and its note let go
            keys = stack.enter_context(keyboard("keys", environment))
            time.sleep(2.0)
        keys.do(bytes=[0x90, 64, 100])
        time.sleep(0.3)
        keys.do(bytes=[0x80, 64, 64])
        time.sleep(RELEASED_SECONDS)
        out = ended(process)
    assert "MIDI ports found 3, lost 2" in out, out
    assert re.search(r"voices 0 at the end", out), out
    assert times_sounding(read_audio(made).samples[0]) == 3, "each note ends before the next begins"


def times_sounding(sound: FloatArray) -> int:
    """How often it begins after a tenth of a second of silence."""
    tenth = SAMPLE_RATE // 10
    loud = np.abs(sound[: len(sound) // tenth * tenth]).reshape(-1, tenth).max(axis=1) > 0.001
    return int(np.sum(loud[1:] & ~loud[:-1])) + int(loud[0])


def test_a_storm_is_survived_and_the_next_note_is_right(environment: dict[str, str], tmp_path: Path) -> None:
    """10,000 random and malformed messages a second through a real port for 5 s."""
    made = tmp_path / "take.wav"
    options = ("--midi", "keys", "--record", str(made))
    with keyboard("keys", environment) as keys, play(environment, *options) as process:
        assert keys.do(storm=5.0) > 45_000
        for message in (*calm(), *calm()):  # JACK loses what a busy machine is late for, so all of it twice, in quiet
            time.sleep(0.01)
            keys.do(bytes=message)
        time.sleep(0.5)
        keys.do(bytes=[0x90, 69, 100])
        time.sleep(1.0)
        keys.do(bytes=[0x80, 69, 64])
        time.sleep(RELEASED_SECONDS)
        out = ended(process)
    assert re.search(r"voices 0 at the end", out), out
    sound = read_audio(made).samples[0]
    assert np.abs(sound).max() < 1.0
    end = int(np.flatnonzero(np.abs(sound) > 0.01)[-1])  # of the note's release
    steady = sound[end - SAMPLE_RATE * 8 // 10 :][: SAMPLE_RATE // 2]
    assert abs(100.0 * (hz_to_note(strongest_f0_hz(steady, 69)) - 69)) < CENTS


def calm() -> Iterator[list[int]]:
    """What puts every channel back to where it was: silence, controllers, the zone of MPE, bend range and tuning."""
    yield [0xF0, 0xF7]  # rtmidi keeps back all that follows an exclusive message until one ends
    yield from ([0xB0 + channel, number, 0] for channel in range(16) for number in (120, 121))
    for channel, parameter, value in ((0, 6, 0), (15, 6, 0), (0, 0, 2), (0, 2, 64), (0, 1, 64)):
        yield from ([0xB0 + channel, *pair] for pair in ((101, 0), (100, parameter), (6, value), (38, 0)))
    yield from ([0xB0, *pair] for pair in ((1, 0), (7, 100), (10, 64), (11, 127)))
    yield [0xC0, 0]


def test_a_device_that_vanishes_comes_back(tmp_path: Path) -> None:
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    with ExitStack() as stack:
        with pulse(tmp_path / "first") as environment:
            process = stack.enter_context(play(environment))
            wait_until(lambda: programs_playing(environment) == 2)
        time.sleep(3.0)  # the server has ended; another begins in its place
        environment = stack.enter_context(pulse(tmp_path / "first", again=True))
        wait_until(lambda: programs_playing(environment) == 2)
        time.sleep(0.5)
        out = ended(process)
    found = re.search(r"device lost (\d+) times, found (\d+)", out)
    assert found, out
    assert int(found[1]) >= 1
    assert found[2] == found[1], "it never came back"


def programs_playing(environment: dict[str, str]) -> int:
    """How many programs play into the sound server; one is its keeper."""
    words = ["pactl", "list", "short", "sink-inputs"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    return len(done.stdout.splitlines())


def wait_until(done: Callable[[], bool], *, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


def test_the_computers_own_keys_play(environment: dict[str, str], tmp_path: Path) -> None:
    """On a terminal: a key, an arrow, Esc."""
    pty = pytest.importorskip("pty")
    made = tmp_path / "take.wav"
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "nsynth_lab", "play", *INSTRUMENTS, "--latency", "high", "--record", str(made)]
    process = subprocess.Popen(command, env=environment, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    screen = b""
    try:
        deadline = time.monotonic() + 60.0
        while b"Esc ends" not in screen:
            assert time.monotonic() < deadline, screen
            screen += os.read(master, 4096)
        time.sleep(1.0)
        for keys in (b"n", b"\x1b[C", b"\x1b[C"):
            os.write(master, keys)
            time.sleep(0.3)
        time.sleep(0.8)
        os.write(master, b"\x1b")
        while process.poll() is None:
            with contextlib.suppress(OSError):  # the terminal ends with the process
                screen += os.read(master, 4096)
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert process.returncode == 0, screen
    assert b"voices" in screen
    assert b"  0.60,0.50  " in screen
    sound = read_audio(made).samples[0]
    begin = onset_seconds(sound, float(np.abs(sound).max()) ** 2 / 16)
    steady = sound[int((begin + 0.1) * SAMPLE_RATE) :][: int(0.3 * SAMPLE_RATE)]
    assert abs(hz_to_note(strongest_f0_hz(steady, 69)) - 69) < CENTS / 100, "n is A4"
