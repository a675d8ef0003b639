"""Busy: whole commands beside other programs that want a processor all the time, such as a DAW or a browser.

With as many busy processes as there are processors a command on one thread gets half of one: it may take twice as long,
and the busy processes should keep the other half.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nsynth_lab.audio import write_audio
from nsynth_lab.bench.spinner import beside, processor_seconds
from nsynth_lab.bench.synthetic import recording
from nsynth_lab.bench.timing import Spread
from nsynth_lab.bench.work import Advance, Work
from nsynth_lab.errors import NsynthLabError

BUSY, QUICK_BUSY = (0, 1, 2), (0, 1)
TURNS = 3
VOICES, BLOCK_SAMPLES, PLAY_SECONDS = 8, 256, "6"
COMMAND_STEPS, PLAY_STEPS = 6, 8  # of about a second
CLIPS = ("--positions", "0,0.5,1", "--notes", "C3-E5/4", "--velocities", "100", "--duration", "2")  # 24


@dataclass(frozen=True)
class Beside:
    """A command beside busy processes.

    Attributes:
        command: its name.
        busy: how many busy processes there were.
        seconds: how long it took.
        times: the same as a multiple of its time alone in the same turn.
        theirs: the share of a processor that each busy process had meanwhile; 0 if there was none or on systems that
            do not tell.
    """

    command: str
    busy: int
    seconds: Spread
    times: Spread
    theirs: Spread


@dataclass(frozen=True)
class Busy:
    """All commands, and of `play` the share of blocks that were not there in time, by the number of busy processes."""

    commands: tuple[Beside, ...]
    voices: int
    block_samples: int
    late: dict[str, Spread]


def progress_steps(work: Work) -> int:
    """Number of steps by which `measure` advances the progress bar."""
    return _turns(work) * len(_counts(work)) * (2 * COMMAND_STEPS + PLAY_STEPS)


def measure(work: Work, advance: Advance) -> Busy:
    """Run each command in turns alone and beside busy processes."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {"encode, 2 s of sound": _encode(work, Path(folder)), "pack, 24 clips": _pack(work, Path(folder))}
        runs = {name: _turns_of(work, command, advance) for name, command in commands.items()}
    late: dict[str, list[float]] = {str(count): [] for count in _counts(work)}
    for _ in range(_turns(work)):
        for count in _counts(work):
            with beside(count):
                blocks, missed = map(int, _said(_play(work)).split())
            late[str(count)].append(missed / blocks)
            advance(PLAY_STEPS)
    return Busy(
        commands=tuple(one for name, turns in runs.items() for one in _summed_up(name, turns, _counts(work))),
        voices=VOICES,
        block_samples=BLOCK_SAMPLES,
        late={count: Spread.of(shares) for count, shares in late.items()},
    )


def _turns_of(work: Work, command: Sequence[str], advance: Advance) -> list[list[tuple[float, float]]]:
    """For each turn and number of busy processes: seconds of the command, and the share that each of these had."""
    turns = []
    for _ in range(_turns(work)):
        turn = []
        for count in _counts(work):
            with beside(count) as others:
                before, begun = [processor_seconds(one) for one in others], time.perf_counter()
                _said(command)
                took = time.perf_counter() - begun
                had = [processor_seconds(one) - then for one, then in zip(others, before, strict=True)]
            turn.append((took, float(np.mean(had)) / took if had else 0.0))
            advance(COMMAND_STEPS)
        turns.append(turn)
    return turns


def _summed_up(name: str, turns: Sequence[Sequence[tuple[float, float]]], counts: Sequence[int]) -> list[Beside]:
    """The turns of a command, one entry for each number of busy processes; the first number is 0.

    >>> two = _summed_up("encode", [[(2.0, 0.0), (3.0, 1.0)], [(2.0, 0.0), (5.0, 0.8)]], (0, 1))[1]
    >>> two.times.median, two.theirs.low
    (2.0, 0.8)
    """
    return [
        Beside(
            name,
            count,
            seconds=Spread.of([turn[place][0] for turn in turns]),
            times=Spread.of([turn[place][0] / turn[0][0] for turn in turns]),
            theirs=Spread.of([turn[place][1] for turn in turns]),
        )
        for place, count in enumerate(counts)
    ]


def _said(command: Sequence[str]) -> str:
    """What a command prints.

    Raises:
        NsynthLabError: it failed.
    """
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NsynthLabError(f"python {' '.join(command)}: ended with code {done.returncode}: {done.stderr[-300:]}")
    return done.stdout


def _encode(work: Work, folder: Path) -> list[str]:
    sound = write_audio(folder / "recording.wav", recording(60, seconds=2.0))
    return _ours("encode", str(sound), "--source-note", "C4", "-o", str(folder / "note.latents"), "--force", work=work)


def _pack(work: Work, folder: Path) -> list[str]:
    return _ours("pack", *work.names, *CLIPS, "-o", str(folder / "pack"), "--force", work=work)


def _ours(*arguments: str, work: Work) -> list[str]:
    return ["-m", "nsynth_lab", *arguments, "--checkpoint", str(work.session.folder), "--compute", work.device]


def _play(work: Work) -> list[str]:
    where = (str(work.session.folder), work.device, str(VOICES), PLAY_SECONDS, str(BLOCK_SAMPLES))
    return ["-m", "nsynth_lab.bench.live_child", *where, *work.names]


def _counts(work: Work) -> tuple[int, ...]:
    return QUICK_BUSY if work.quick else BUSY


def _turns(work: Work) -> int:
    return 1 if work.quick else TURNS
