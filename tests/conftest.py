"""What every test may use."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from nsynth_lab import messages
from nsynth_lab.audio import Audio
from nsynth_lab.units import SAMPLE_RATE

# One thread: small tensors gain nothing from a second, and two busy pools on two cores slow each other tenfold.
# Set before torch is first imported, which only the tests that need it do.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# A shell starts background jobs deaf to Ctrl-C, and deaf would be the commands that the tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).resolve().parent.parent

pytest_plugins = ("browsing", "hosts", "servers")  # fixtures: a browser, a panel, a page; the plugin, installed; sound


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees or touches what the person who runs it keeps: presets, instruments, scanned plugins."""
    os.environ["NSYNTH_LAB_HOME"] = str(tmp_path_factory.mktemp("nsynth-lab-home"))


@pytest.fixture(scope="session", autouse=True)
def _compiled_before() -> None:
    """Where nothing is compiled yet, whichever command comes first says so, on the stream that tests look at."""
    with suppress(ImportError):  # what trains needs no Numba
        from nsynth_lab.compiled.maths import exp

        exp(np.float32(0.0))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recordings that are not part of the repository, in `../shared/data` beside the checkout."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no recordings beside the checkout ({folder.relative_to(REPOSITORY.parent)})")
    return folder


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of `pack_model`."""
    from pack_model import write_model

    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def beside_model(tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the test runs in, its own, in which that checkpoint is called `model`."""
    from pack_model import copy_model

    monkeypatch.chdir(tmp_path)
    copy_model(model_folder)
    return tmp_path


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What the program tells the user from deep inside, a line each."""
    lines: list[str] = []
    show = lines.append
    messages.subscribe(show)
    yield lines
    messages.unsubscribe(show)


@pytest.fixture
def tone() -> Audio:
    """Half a second of A4 at half scale, stereo: left a sine, right the same an octave up."""
    at = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    samples = 0.5 * np.sin(2 * np.pi * np.outer([440.0, 880.0], at))
    return Audio(samples.astype(np.float32))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which live tests had to take their sound again, and why: one that often does is about to fail."""
    from live_takes import DROPOUTS

    reports = [report for kind in ("passed", "failed", "skipped") for report in terminalreporter.getreports(kind)]
    lines = [
        f"{report.nodeid}: {value}"
        for report in reports
        if report.when == "call"
        for name, value in report.user_properties
        if name == DROPOUTS
    ]
    terminalreporter.section("played again after dropouts") if lines else None
    for line in lines:
        terminalreporter.write_line(line)
