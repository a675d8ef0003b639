"""The help of all messages, made from their rows."""

from __future__ import annotations

from nsynth_lab.panel.messages.table import FROM_PAGE, FROM_SERVER
from nsynth_lab.patch.rules import Rule, rules_of


def reference() -> str:
    """All messages in Markdown: who sends them, their fields, and what these may hold."""
    parts = []
    for title, rows in (("From a page", FROM_PAGE), ("From the server", FROM_SERVER)):
        parts += [f"## {title}", *(_described(name, of) for name, of in rows.items())]
    return "\n\n".join(parts) + "\n"


def _described(name: str, of: type) -> str:
    lines = [f"### {name}", "", (of.__doc__ or "").strip()]
    rules = list(rules_of(of))
    if rules:
        lines += ["", "| field | holds | meaning |", "|---|---|---|"]
        lines += [f"| {one.name} | {_holds(rule)} | {rule.says} |" for one, rule in rules]
    return "\n".join(lines)


def _holds(rule: Rule) -> str:
    if rule.choices:
        return " or ".join(rule.choices)
    if rule.kind in ("number", "whole"):
        return f"{rule.low:g} to {rule.high:g}" + f" {rule.unit}" * bool(rule.unit)
    return {
        "flag": "true or false", "text": f"text, at most {rule.most}", "file": f"text of a file, at most {rule.most}",
        "names": "names", "texts": "texts", "numbers": "numbers", "points": "rows of numbers",
    }.get(rule.kind, "object")  # fmt: skip
