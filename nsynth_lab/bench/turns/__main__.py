"""The command line of `python -m nsynth_lab.bench.turns`, which `scripts/bench_start` calls."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from nsynth_lab.atomic_file import write_json
from nsynth_lab.bench.script import check_figures_file, exit_code_of
from nsynth_lab.bench.turns.child import Version
from nsynth_lab.bench.turns.commands import COMMANDS, chosen
from nsynth_lab.bench.turns.compare import Compared, compare
from nsynth_lab.bench.turns.table import imports_table, times_table
from nsynth_lab.errors import UsageError
from nsynth_lab.wording import listed


def main(arguments: Sequence[str]) -> int:
    """Compare, print Markdown tables, and return the exit code: 0, 1 for a failure, 2 for usage, 130 for Ctrl-C."""
    return exit_code_of(lambda: _run(_parsed(arguments)))


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    about = "Time whole commands of two checkouts in turns, alone and beside a busy process, each with its own .venv."
    parser = argparse.ArgumentParser(prog="scripts/bench_start", description=about)
    parser.add_argument("old", type=Path, help="the checkout to compare with")
    parser.add_argument("new", type=Path, help="the checkout that should be quicker")
    parser.add_argument("--turns", type=int, default=5, help="runs of each command of each version; default: 5")
    parser.add_argument("--slow-turns", type=int, default=2, help="the same where loops must be compiled; default: 2")
    parser.add_argument("--busy", default="0,1", help="how many busy processes run beside; default: 0,1")
    parser.add_argument("--only", default="", help="only commands whose names contain one of these, such as blend,pack")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args(arguments)


def _run(asked: argparse.Namespace) -> None:
    commands = chosen(listed(asked.only))
    if not commands:
        names = "; ".join(one.name for one in COMMANDS)
        raise UsageError(f"--only {asked.only}: no such command; expected part of a name: {names}")
    if min(asked.turns, asked.slow_turns) < 1:
        raise UsageError("--turns and --slow-turns: expected at least 1")
    busy = _counts(asked.busy)
    check_figures_file(asked.json)
    found: list[Compared] = []
    with tempfile.TemporaryDirectory() as folder:
        old, new = Version("old", asked.old, Path(folder)), Version("new", asked.new, Path(folder))
        for command in commands:
            turns = asked.slow_turns if command.is_slow else asked.turns
            found += compare(command, old, new, turns=turns, busy=busy, say=_say)
    print(times_table(found), imports_table(found), sep="\n\n")
    if asked.json is not None:
        write_json(asked.json, {"turns": asked.turns, "compared": [asdict(one) for one in found]})


def _counts(text: str) -> list[int]:
    counts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in counts):
        raise UsageError(f"--busy {text}: expected numbers of processes separated by commas, such as 0,1,2")
    return [int(part) for part in counts]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
