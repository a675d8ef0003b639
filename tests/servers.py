"""Servers of one's own that need no sound card: PulseAudio with a null sink, JACK with a dummy for its MIDI.

Two fixtures are known to every test, `pulse_server` and `live_servers`: servers that last as long as the tests do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

PULSE_PROGRAMS, JACK_PROGRAMS = ("pulseaudio", "pactl", "pacat", "parec"), ("jackd",)
NULL_SINK = "module-null-sink sink_name=ci rate=48000 channels=2 format=float32le"
RECORD = ("parec", "-d", "ci.monitor", "--rate=48000", "--channels=2", "--format=float32le", "--latency-msec=20")
KEEP = (
    "pacat",
    "-p",
    "-d",
    "ci",
    "--latency-msec=20",
    "--format=float32le",
    "--rate=48000",
    "--channels=2",
    "/dev/zero",
)
JACK_NAME = f"nsynth-lab-{os.getpid()}"


def jack_server(name: str = JACK_NAME) -> tuple[str, ...]:
    """The command that starts a JACK server with a dummy device."""
    return ("jackd", "--no-realtime", "--no-mlock", "--name", name, "-d", "dummy", "-r", "48000", "-p", "256")


def skip_without(*programs: str) -> None:
    """Skip the test where one of these is not installed, and say what would bring it."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        packages = "pulseaudio pulseaudio-utils libasound2-plugins jackd2"
        pytest.skip(f"{', '.join(missing)} not installed: apt-get install {packages}")


@contextmanager
def pulse(folder: Path, *, again: bool = False) -> Iterator[dict[str, str]]:
    """A PulseAudio server with a null sink `ci`; yields the environment in which ALSA's default is that sink.

    A null sink that nobody plays to renders seconds ahead, so silence is played to it all the time. `again` in the
    place of one that has ended.
    """
    skip_without(*PULSE_PROGRAMS)
    runtime = folder / "run"
    for path in (runtime / "pulse", runtime / "state"):
        path.mkdir(parents=True, mode=0o700, exist_ok=again)
    runtime.chmod(0o700)
    environment = {
        **os.environ,
        "XDG_RUNTIME_DIR": str(runtime),
        "PULSE_RUNTIME_PATH": str(runtime / "pulse"),
        "PULSE_STATE_PATH": str(runtime / "state"),
        "PULSE_COOKIE": str(runtime / "cookie"),
    }
    server = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--log-level=error"]
    server += ["--high-priority=yes", "--realtime=yes"]  # as desktops run it; where that is not allowed it goes on
    server += ["-L", "module-native-protocol-unix", "-L", NULL_SINK]
    with ExitStack() as stack:
        process = stack.enter_context(running(server, environment, folder / "pulse.log"))
        if not answers(["pactl", "info"], environment):
            pytest.skip("PulseAudio does not start here")
        with suppress(PermissionError):  # its main thread too, as all that makes sound in PipeWire has it
            os.sched_setscheduler(process.pid, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(5))
        stack.enter_context(running(KEEP, environment, folder / "keeper.log"))
        time.sleep(2.2)
        yield environment


@contextmanager
def jack(folder: Path, *, name: str = JACK_NAME) -> Iterator[dict[str, str]]:
    """A JACK server with a dummy device, for MIDI; yields what its clients need in their environment."""
    skip_without(*JACK_PROGRAMS)
    own = {"JACK_NO_AUDIO_RESERVATION": "1", "JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}
    for left in Path("/dev/shm").glob(f"jack_{name}_*"):  # by one that was killed: it is not waited for
        left.unlink(missing_ok=True)
    with running(jack_server(name), {**os.environ, **own}, folder / "jack.log") as process:
        wait_for_jack(process, name)
        yield own


def wait_for_jack(process: subprocess.Popen[bytes], name: str = JACK_NAME) -> None:
    """Until clients find it, where the system shows that, else for a second; skips where it does not start."""
    for _ in range(20):
        if process.poll() is not None:
            pytest.skip("JACK does not start here")
        if any(Path("/dev/shm").glob(f"jack_{name}_*_0")):
            break
        time.sleep(0.05)


@pytest.fixture(scope="session")
def pulse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a PulseAudio server that all tests share which leave it as it is."""
    with pulse(tmp_path_factory.mktemp("pulse")) as environment:
        yield environment


@pytest.fixture(scope="session")
def live_servers(pulse_server: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of that and of a JACK server, which they share too."""
    with jack(tmp_path_factory.mktemp("jack"), name=f"{JACK_NAME}-shared") as environment:
        yield {**pulse_server, **environment}


@contextmanager
def running(
    command: tuple[str, ...] | list[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended when the block is left."""
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def answers(command: list[str], environment: dict[str, str]) -> bool:
    """Whether a command succeeds within five seconds of trying."""
    for _ in range(100):
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        if done.returncode == 0:
            return True
        time.sleep(0.05)
    return False
