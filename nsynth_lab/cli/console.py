"""The two streams of the command line: results on stdout, everything said to a person on stderr.

`nsynth-lab ... | other-program` therefore carries results alone. Without a terminal there are no colours, lines
are not wrapped, and progress is a plain line every ten seconds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType

from nsynth_lab.legible import encodable, encodable_in, legible

PLAIN_WIDTH = 160
SECONDS_BETWEEN_LINES = 10.0


def _console(*, stderr: bool) -> Console:
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, width=None if is_terminal else PLAIN_WIDTH, highlight=False)


stdout = _console(stderr=False)
stderr = _console(stderr=True)


def mute(silent: bool = True) -> None:
    """Say nothing more, on either stream, or speak again: of several processes of one run only the first speaks."""
    stdout.quiet = stderr.quiet = silent


@contextmanager
def results_on_stderr() -> Iterator[None]:
    """While stdout carries sound, what `show` prints goes to stderr."""
    global stdout
    before, stdout = stdout, stderr
    try:
        yield
    finally:
        stdout = before


def show(result: RenderableType) -> None:
    """Print a result, text or table, to stdout. Text is printed as it is: no markup, no wrapping."""
    shown = _safe(result) if isinstance(result, str) else result
    stdout.print(shown, markup=False, soft_wrap=isinstance(result, str))


def say(message: str) -> None:
    """Tell a person something, on stderr."""
    stderr.print(_safe(message), markup=False, soft_wrap=True)


def fail(message: str) -> None:
    """The one line with which a command gives up, on stderr."""
    stderr.print(_safe(" ".join(message.split())), markup=False, soft_wrap=True, style="bold red")


def _safe(text: str) -> str:
    """Names from outside may hold what moves a terminal's cursor, or bytes that are no text: these are shown."""
    return "\n".join("\t".join(map(legible, line.split("\t"))) for line in text.split("\n"))


def print_json(value: Any) -> None:
    """Print a result as JSON to stdout; paths become text, numpy numbers and arrays become plain ones.

    Raises:
        ValueError: a NaN or infinite number, which JSON cannot hold.
    """
    text = json.dumps(encodable_in(value), indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
    sys.stdout.write(f"{text}\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return encodable(str(value))
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")


@contextmanager
def progress(total: int | None, unit: str, title: str = "", *, still: bool = False) -> Iterator[Callable[..., None]]:
    """Show how far a long command is: done of total, rate, and time left. Yields `advance(count=1)`.

    `still` draws only when it advances, so that nothing else runs while something is timed.

    with progress(len(notes), "notes", "rendering") as advance:
        for note in notes:
            ...
            advance()

    On a terminal it is a bar; elsewhere a plain line every ten seconds and one at the end.
    """
    shown = _bar(total, unit, title, still=still) if stderr.is_terminal else _lines(total, unit, title)
    with shown as advance:
        yield advance


@contextmanager
def sound_progress(seconds: float | None, title: str) -> Iterator[Callable[[int], None]]:
    """As `progress`, in seconds of sound, or without an end where None; yields `advance(samples)`, at 48 kHz.

    A tail that sounds after `seconds` is not counted.
    """
    from nsynth_lab.units import SAMPLE_RATE  # brings NumPy, which help and errors do without

    total = None if seconds is None else round(seconds)
    with progress(total, "s", title) as advance:
        come = told = 0

        def heard(samples: int) -> None:
            nonlocal come, told
            come += samples
            whole = come // SAMPLE_RATE if total is None else min(come // SAMPLE_RATE, total)
            if whole > told:
                advance(whole - told)
                told = whole

        yield heard


@contextmanager
def _bar(total: int | None, unit: str, title: str, *, still: bool) -> Iterator[Callable[..., None]]:
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[state]}"))
    started, done = time.monotonic(), 0
    with Progress(*columns, console=stderr, auto_refresh=not still) as bar:
        task = bar.add_task(title or unit, total=total, state="")

        def advance(count: int = 1) -> None:
            nonlocal done
            done += count
            state = progress_line(done, total, unit, time.monotonic() - started)
            bar.update(task, completed=done, state=state, refresh=still)

        yield advance


@contextmanager
def _lines(total: int | None, unit: str, title: str) -> Iterator[Callable[..., None]]:
    started, done = time.monotonic(), 0
    said = started

    def line() -> str:
        return f"{title}: " * bool(title) + progress_line(done, total, unit, time.monotonic() - started)

    def advance(count: int = 1) -> None:
        nonlocal done, said
        done += count
        if time.monotonic() - said >= SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            say(line())

    yield advance
    say(line())


def progress_line(done: int, total: int | None, unit: str, seconds: float) -> str:
    """How far, how fast, how much longer.

    >>> progress_line(300, 1200, "notes", 60.0)
    '300/1200 notes, 5.0 notes/s, 3 min 00 s left'
    >>> progress_line(7, None, "steps", 70.0)
    '7 steps, 0.10 steps/s'
    >>> progress_line(0, 4, "files", 0.0)
    '0/4 files'
    """
    parts = [f"{done}/{total} {unit}" if total is not None else f"{done} {unit}"]
    if done and seconds > 0:
        rate = done / seconds
        parts.append(f"{rate:.{1 if rate >= 1 else 2}f} {unit}/s")
        if total is not None:
            parts.append(f"{duration((total - done) / rate)} left" if done < total else f"{duration(seconds)} in all")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """A length of time for a person to read.

    >>> duration(4.21), duration(75), duration(7260)
    ('4.2 s', '1 min 15 s', '2 h 01 min')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
