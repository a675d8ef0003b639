"""Fields of dataclasses with their rules: `x: float = number(0.5, low=0, high=1, says="...")`.

The first argument is the default, or `REQUIRED`.
"""

from __future__ import annotations

from dataclasses import MISSING, field
from typing import Any

from nsynth_lab.patch.rules import RULE, Rule

REQUIRED: Any = MISSING


def number(default: float, *, low: float, high: float, says: str, unit: str = "") -> Any:
    """A number from `low` to `high`."""
    return _field(default, Rule("number", says, low, high, unit))


def whole(default: int, *, low: int, high: int, says: str, unit: str = "") -> Any:
    """A whole number from `low` to `high`."""
    return _field(default, Rule("whole", says, low, high, unit))


def flag(default: bool, *, says: str) -> Any:
    """True or false."""
    return _field(default, Rule("flag", says))


def text(default: Any, *, most: int, says: str, least: int = 0) -> Any:
    """One line of printable text."""
    return _field(default, Rule("text", says, least=least, most=most))


def choice(default: Any, choices: tuple[str, ...], *, says: str) -> Any:
    """One of the words `choices`."""
    return _field(default, Rule("text", says, most=100, choices=choices))


def numbers(default: Any, *, low: float, high: float, least: int, most: int, says: str, unit: str = "") -> Any:
    """Several numbers; a single one may be written without brackets."""
    return _field(default, Rule("numbers", says, low, high, unit, least, most))


def points(*, high: float, least: int, longest: int, most: int, says: str) -> Any:
    """Points in time, each [seconds, place...] of `least` to `longest` numbers; none by default."""
    return _field((), Rule("points", says, 0.0, high, most=most, each=(least, longest)))


def texts(default: Any, *, least: int, most: int, says: str) -> Any:
    """Several texts."""
    return _field(default, Rule("texts", says, least=least, most=most))


def names(*, least: int, most: int, says: str) -> Any:
    """Names of instruments or files."""
    return _field(REQUIRED, Rule("names", says, least=least, most=most))


def table(of: Any, *, says: str) -> Any:
    """A table."""
    return field(default_factory=of, metadata={RULE: Rule("table", says, of=of)})


def tables(of: Any, *, most: int, says: str) -> Any:
    """A list of tables of one kind, empty by default."""
    return _field((), Rule("tables", says, most=most, of=of))


def parameters(*, most: int, says: str) -> Any:
    """Parameters of an effect or plugin by name: numbers, true and false, texts."""
    return field(default_factory=dict, metadata={RULE: Rule("parameters", says, -1e9, 1e9, most=most)})


def _field(default: Any, rule: Rule) -> Any:
    return field(default=default, metadata={RULE: rule})
