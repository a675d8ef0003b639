"""Start-up and memory of whole commands, each in its own process, as when started from a shell."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.bench.child import ChildRun, run_child
from nsynth_lab.bench.timing import Spread
from nsynth_lab.bench.work import Advance, Work

NOTE_SECONDS = "2"
MANY_VOICES = 16
MIB = 2.0**20
HELP_STEPS, LOAD_STEPS = 1, 3


@dataclass(frozen=True)
class StartUp:
    """Seconds from starting the command; `first_sound_seconds` is `play` without opening a device."""

    help_seconds: Spread
    blend_seconds: Spread
    first_sound_seconds: Spread


@dataclass(frozen=True)
class Memory:
    """Peak resident memory in MiB; 0 if the system does not report it."""

    help_mib: float
    blend_mib: float
    voices: int
    voices_mib: float


def startup_steps(work: Work) -> int:
    """Number of steps by which `measure_startup` advances the progress bar, about one per second."""
    return _times(work) * (HELP_STEPS + 2 * LOAD_STEPS)


def measure_startup(work: Work, advance: Advance) -> StartUp:
    """Time each command over several runs."""

    def seconds(arguments: Sequence[str], *, first: bool = False) -> Spread:
        found = []
        for _ in range(_times(work)):
            ran = run_child(arguments, threads=work.threads)
            found.append(ran.first_line_seconds if first else ran.seconds)
            advance(_steps(arguments))
        return Spread.of(found)

    with tempfile.TemporaryDirectory() as folder:
        return StartUp(
            help_seconds=seconds(_HELP),
            blend_seconds=seconds(_blend(work, Path(folder))),
            first_sound_seconds=seconds(_play(work, voices=1, seconds=0.0), first=True),
        )


def memory_steps(_work: Work) -> int:
    """Number of steps by which `measure_memory` advances the progress bar."""
    return HELP_STEPS + 2 * LOAD_STEPS


def measure_memory(work: Work, advance: Advance) -> Memory:
    """Measure the memory of each command in one run."""

    def mib(arguments: Sequence[str]) -> float:
        ran: ChildRun = run_child(arguments, threads=work.threads)
        advance(_steps(arguments))
        return ran.peak_bytes / MIB

    with tempfile.TemporaryDirectory() as folder:
        return Memory(
            help_mib=mib(_HELP),
            blend_mib=mib(_blend(work, Path(folder))),
            voices=MANY_VOICES,
            voices_mib=mib(_play(work, voices=MANY_VOICES, seconds=1.0)),
        )


_HELP = ("-m", "nsynth_lab", "--help")


def _steps(arguments: Sequence[str]) -> int:
    return HELP_STEPS if arguments == _HELP else LOAD_STEPS


def _times(work: Work) -> int:
    return 1 if work.quick else 5


def _blend(work: Work, folder: Path) -> list[str]:
    target = str(folder / "blend.wav")
    where = ["--checkpoint", str(work.session.folder), "--compute", work.device]
    return ["-m", "nsynth_lab", "blend", *work.names, "--duration", NOTE_SECONDS, "-o", target, "--force", *where]


def _play(work: Work, *, voices: int, seconds: float) -> list[str]:
    where = [str(work.session.folder), work.device]
    return ["-m", "nsynth_lab.bench.play_child", *where, str(voices), str(seconds), *work.names]
