"""The command line of `python -m nsynth_lab.bench.card`, which `scripts/on_gpu` calls."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nsynth_lab.atomic_file import write_json
from nsynth_lab.bench.card.page import table
from nsynth_lab.bench.card.parts import PARTS, run
from nsynth_lab.bench.script import check_figures_file, exit_code_of
from nsynth_lab.errors import UsageError
from nsynth_lab.version import __version__
from nsynth_lab.wording import listed


def main(arguments: Sequence[str]) -> int:
    """Run the parts, print a table, and return the exit code: 0, 1 if a part failed, 2 for usage, 130 for Ctrl-C."""
    return exit_code_of(lambda: _run(_parsed(arguments)))


def is_failure(part: dict[str, Any]) -> bool:
    """Whether a part came to no end, or found something wrong."""
    return bool("failed" in part or part.get("failures") or part.get("told") or not part.get("sum_is_right", True))


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/on_gpu", description="Try everything on this machine's graphics card."
    )
    parser.add_argument("--dry-run", action="store_true", help="on the processor, as briefly as it can be")
    parser.add_argument("--only", default="", help=f"only these parts: {','.join(PARTS)}")
    parser.add_argument("--figures", type=Path, help="also write the figures to this file, as JSON")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--compute", default="", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _run(asked: argparse.Namespace) -> int:
    if asked.part:
        print(json.dumps(PARTS[asked.part].measure(asked.compute, brief=asked.dry_run)))
        return 0
    figures = _measured(asked)
    print(table(figures))
    return int(any(is_failure(figures[name]) for name in PARTS if name in figures))


def _measured(asked: argparse.Namespace) -> dict[str, Any]:
    names = listed(asked.only) or list(PARTS)
    if unknown := sorted(set(names) - set(PARTS)):
        raise UsageError(f"--only {unknown[0]}: expected some of {', '.join(PARTS)}")
    check_figures_file(asked.figures)
    figures: dict[str, Any] = {
        "nsynth_lab": __version__,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "card": _card(dry_run=asked.dry_run),
        "python": platform.python_version(),
        "dry_run": asked.dry_run,
    }
    for number, name in enumerate(names, start=1):
        print(f"{number}/{len(names)} {name}, at most {PARTS[name].limit_seconds:.0f} s", file=sys.stderr, flush=True)
        figures[name] = run(name, "cpu" if asked.dry_run else "cuda", brief=asked.dry_run)
        if is_failure(figures[name]):
            print(json.dumps(figures[name], indent=2), file=sys.stderr, flush=True)
        if asked.figures is not None:  # after each part: what has been measured is kept, whatever the next one does
            write_json(asked.figures, figures)
    return figures


def _card(*, dry_run: bool) -> str:
    if dry_run:
        return "the processor (a dry run)"
    import torch

    if not torch.cuda.is_available():
        raise UsageError("torch finds no graphics card here; on the processor: scripts/on_gpu --dry-run")
    return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
