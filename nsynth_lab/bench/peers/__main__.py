"""The command line of `python -m nsynth_lab.bench.peers`, which `scripts/bench_peers` calls."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from nsynth_lab.atomic_file import write_json
from nsynth_lab.bench import machine
from nsynth_lab.bench.peers.compare import PAIRS, Comparison, compare
from nsynth_lab.bench.script import check_figures_file, exit_code_of
from nsynth_lab.bench.timing import Spread
from nsynth_lab.bench.work import Work
from nsynth_lab.errors import MissingError, UsageError
from nsynth_lab.process_tuning import keep_freed_memory
from nsynth_lab.render import Session
from nsynth_lab.wording import listed

REPOSITORY = Path(__file__).resolve().parents[3]


def main(arguments: Sequence[str]) -> int:
    """Compare, print a Markdown table, and return the exit code: 0, 1 for a failure, 2 for usage, 130 for Ctrl-C."""
    keep_freed_memory()  # also to the advantage of the peers
    return exit_code_of(lambda: _run(_parsed(arguments)))


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    about = "Time this project's decoder against others: same machine, same run, same length of audio, random weights."
    parser = argparse.ArgumentParser(prog="scripts/bench_peers", description=about)
    parser.add_argument(
        "--peers", type=Path, default=REPOSITORY.parent / "peers", help="the folder with the sources of the peers"
    )
    parser.add_argument("--only", default="", help="only peers whose names contain one of these, such as rave,nsynth")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint folder; default: the one of nsynth-lab")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args(arguments)


def _run(asked: argparse.Namespace) -> None:
    words = listed(asked.only.lower())
    pairs = [pair for pair in PAIRS if not words or any(word in pair.name.lower() for word in words)]
    if not pairs:
        raise UsageError(
            f"--only {asked.only}: no such peer; expected part of a name: {'; '.join(pair.name for pair in PAIRS)}"
        )
    check_figures_file(asked.json)
    work = Work(Session(asked.checkpoint, device="cpu", user_instruments=False))
    where = machine.measure(work, lambda: None)
    _say(f"{where.processor}, {where.cores} cores, torch {where.torch}, {where.rates.matrix_gflops:.0f} GFLOPS")
    found, left_out = list[Comparison](), list[str]()
    print("| | threads | theirs, x real time | ours, x real time | ours / theirs |\n|---|---|---|---|---|")
    for number, pair in enumerate(pairs, start=1):
        _say(f"{number}/{len(pairs)} {pair.name}")
        try:
            for one in compare(work, asked.peers, pair):
                found.append(one)
                print(_row(one), flush=True)
        except MissingError as error:
            left_out.append(f"{pair.name}: {error}")
    for name, about in {one.name: f"{one.theirs}; ours: {one.ours}" for one in found}.items():
        _say(f"{name}: {about}")
    for line in left_out:
        _say(f"left out: {line.replace('PEERS', str(asked.peers))}")
    if asked.json is not None:
        figures = {
            "model": work.session.checkpoint.model_id,
            "machine": asdict(where),
            "comparisons": [asdict(one) for one in found],
            "left_out": left_out,
        }
        write_json(asked.json, figures)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _row(one: Comparison) -> str:
    columns = [one.name, str(one.threads), *map(_words, (one.theirs_real_time, one.ours_real_time, one.ratio))]
    return f"| {' | '.join(columns)} |"


def _words(figure: Spread) -> str:
    """The median with three digits, and the lowest and the highest in parentheses.

    >>> _words(Spread(median=31.64, low=29.8, high=33.0)), _words(Spread(0.00213, 0.002, 0.0022))
    ('31.6 (29.8 to 33)', '0.00213 (0.002 to 0.0022)')
    """
    return f"{_digits(figure.median)} ({_digits(figure.low)} to {_digits(figure.high)})"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
