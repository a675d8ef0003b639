"""The figures of a run on a graphics card as a table in Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Figures = dict[str, Any]
Row = tuple[str, str]


def table(figures: Figures) -> str:
    """All parts that were run, in order, one row a figure.

    >>> print(table({"card": "none", "tests": {"counts": {"passed": 3}, "failures": []}}))
    | none | |
    |---|---|
    | tests that need a card | 3 passed |
    """
    rows = [row for name, make in MAKERS.items() if name in figures for row in _rows(name, make, figures[name])]
    return "\n".join([f"| {figures['card']} | |", "|---|---|", *(f"| {what} | {found} |" for what, found in rows)])


def _rows(name: str, make: Callable[[Figures], list[Row]], part: Figures) -> list[Row]:
    if "failed" in part:
        last = (part["failed"].splitlines() or ["no word"])[-1]
        return [(name, f"failed: {last}".replace("|", "/"))]
    return make(part)


def _tests(part: Figures) -> list[Row]:
    return [
        ("tests that need a card", ", ".join(f"{count} {word}" for word, count in part["counts"].items()) or "none ran")
    ]


def _voices(part: Figures) -> list[Row]:
    rows = [(f"a step of {step['voices']} voices", f"{step['ms']:.2f} ms ({step['batch']})") for step in part["steps"]]
    for load in part["loads"]:
        median_ms = load["median"] * load["block_ms"]
        rows.append((
            f"blocks of {load['block_samples']} ({load['block_ms']:.2f} ms), {load['voices']} voices",
            f"{median_ms:.2f} ms, 99.9 % within {load['p999_ms']:.2f} ms, {load['late']} of {load['blocks']} late",
        ))  # fmt: skip
    return rows + [("told", line) for line in part["told"]]


def _pack(part: Figures) -> list[Row]:
    rows = [(key, one) for key, one in part.items() if isinstance(one, dict)]
    return [(f"`pack` of {one['clips']} clips, {device}", f"{one['seconds']:.1f} s") for device, one in rows]


def _training(part: Figures) -> list[Row]:
    rows = [
        (f"training, {run['batch']} crops a step, {run['device']}", f"{run['steps_per_second']:.1f} steps a second")
        for run in part["runs"]
    ]
    right = "" if part["sum_is_right"] else ", and wrong"
    return [*rows, (f"a sum of gradients, {part['backend']}, one process", f"{part['sum_ms']:.2f} ms{right}")]


MAKERS: dict[str, Callable[[Figures], list[Row]]] = {
    "tests": _tests,
    "voices": _voices,
    "pack": _pack,
    "training": _training,
}
