"""The reference of preset files as Markdown, generated from the rules; `presets/README.md` contains it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field
from typing import Any

from nsynth_lab.patch.effect_table import EFFECTS, describe
from nsynth_lab.patch.patch import Patch
from nsynth_lab.patch.rules import Rule, plain, rules_of

_KINDS = {
    "number": "number",
    "whole": "whole number",
    "flag": "true or false",
    "text": "text",
    "numbers": "numbers",
    "points": "points in time",
    "texts": "texts",
    "names": "texts",
    "parameters": "table",
}


def schema_page() -> str:
    """All keys of all tables with their kinds, ranges and defaults, then the effects and their parameters."""
    lines = ["## Keys", *_table("", Patch), "## Effects", ""]
    for row in EFFECTS.values():
        lines += [f"**{row.name}**: {row.says}; mix {plain(row.mix)} if not given", ""]
        lines += [f"- `{one.name}` {describe(one)}" for one in row.parameters]
        lines += [""] * bool(row.parameters)
    return "\n".join(lines).rstrip() + "\n"


def _table(title: str, owner: Any) -> Iterator[str]:
    yield from ("", "| key | what it is | default | what for |", "|---|---|---|---|")
    inner = []
    for one, rule in rules_of(owner):
        if rule.kind in ("table", "tables"):
            name = f"{title}.{one.name}".strip(".")
            inner.append((name, rule))
            yield f"| `{one.name}` | {_heading(name, rule)} | {_default(one, rule)} | {rule.says} |"
        else:
            yield f"| `{one.name}` | {_kind(rule)} | {_default(one, rule)} | {rule.says} |"
    yield ""
    for name, rule in inner:
        yield f"### {_heading(name, rule)}"
        yield from _table(name, rule.of)


def _heading(name: str, rule: Rule) -> str:
    return f"`[[{name}]]`, up to {rule.most}" if rule.kind == "tables" else f"`[{name}]`"


def _kind(rule: Rule) -> str:
    if rule.choices:
        return " or ".join(rule.choices)
    words = [_KINDS[rule.kind]]
    if rule.kind in ("number", "whole", "numbers"):
        words.append(rule.span())
    if rule.kind == "text":
        words.append(f"of up to {rule.most:,} characters")
    if rule.kind in ("numbers", "texts", "names"):
        words.insert(0, f"{rule.least} to {rule.most}")
    return " ".join(words)


def _default(one: Field[Any], rule: Rule) -> str:
    if one.default is MISSING and rule.kind not in ("table", "parameters"):
        return "required"
    if one.default is MISSING and one.default_factory is MISSING:
        return "required"
    value = one.default
    if value in (MISSING, (), "") or rule.kind == "table":
        return ""
    if isinstance(value, tuple):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return plain(value) if isinstance(value, (int, float)) else str(value)
