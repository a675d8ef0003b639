"""Converts tables of a TOML file to the dataclasses of a patch and back, by the rules of the fields."""

from __future__ import annotations

from dataclasses import MISSING, Field
from typing import Any, TypeVar

from nsynth_lab.errors import PatchError
from nsynth_lab.patch.rules import Rule, rules_of
from nsynth_lab.wording import did_you_mean, quoted

Owner = TypeVar("Owner")


def from_table(of: type[Owner], given: Any) -> Owner:
    """A dataclass with rules from a table.

    Raises:
        PatchError: an unknown key, one that is missing, or a value that breaks its rule.
    """
    if not isinstance(given, dict):
        raise PatchError(f"{quoted(given)} is not a table")
    known = {one.name: (one, rule) for one, rule in rules_of(of)}
    for key in given:
        if key not in known:
            raise PatchError(f"unknown key {quoted(key)}; {did_you_mean(key, list(known))}", place=_safe(key))
    values = {}
    for name, (one, rule) in known.items():
        if name in given:
            try:
                values[name] = _read(rule, given[name])
            except PatchError as error:
                raise error.below(name) from None
        elif one.default is MISSING and one.default_factory is MISSING:
            raise PatchError(f"missing; {rule.says}", place=name)
    return of(**values)


def to_table(value: Any) -> dict[str, Any]:
    """The table of a dataclass with rules: required fields, and those that differ from their defaults."""
    written = {}
    implied = value.implied() if hasattr(value, "implied") else {}
    for one, rule in rules_of(value):
        here = getattr(value, one.name)
        if here != implied.get(one.name, _default(one)):
            written[one.name] = _write(rule, here)
    return written


def _read(rule: Rule, given: Any) -> Any:
    if rule.kind == "table":
        return from_table(rule.of, given)
    if rule.kind != "tables":
        return rule.check(given)
    read = []
    for index, item in enumerate(rule.check_count(given), start=1):
        try:
            read.append(from_table(rule.of, item))
        except PatchError as error:
            raise error.below(str(index)) from None
    return tuple(read)


def _write(rule: Rule, value: Any) -> Any:
    if rule.kind == "table":
        return to_table(value)
    if rule.kind == "tables":
        return [to_table(one) for one in value]
    if rule.kind == "number":
        return _short(value)
    if rule.kind == "numbers":
        return _short(value[0]) if len(value) == 1 and rule.least <= 1 else [_short(one) for one in value]
    if rule.kind == "points":
        return [[_short(one) for one in point] for point in value]
    if rule.kind == "parameters":
        return {name: _short(one) if type(one) is float else one for name, one in value.items()}
    return list(value) if rule.kind in ("texts", "names") else value


def _short(value: float) -> float | int:
    """Whole values as integers, so that files keep their look."""
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _default(one: Field[Any]) -> Any:
    if one.default_factory is not MISSING:
        return one.default_factory()
    return one.default


def _safe(key: str) -> str:
    return quoted(key).strip("'")
