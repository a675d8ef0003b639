"""HTML pages that open from disk: the frame, the style and the tables of reports, galleries and benches."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.7rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
div.wide { overflow-x: auto; } figure { margin: 1rem 0 2rem; } img { max-width: 100%; }
audio { vertical-align: middle; } small { color: #555; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } th, td { border-color: #444; }
small { color: #aaa; } }
"""


class Html(str):
    """Text that is HTML already and must not be escaped again."""

    __slots__ = ()


def document(body: str, *, title: str, mark: str = "", style: str = "") -> str:
    """A whole page around `body`, which is HTML; `title` is text.

    `mark` is a meta tag by which a command recognizes its own pages; `style` is CSS that follows `STYLE`.
    """
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{mark}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def table(rows: Sequence[Sequence[str]], *, head: Sequence[str] = ()) -> str:
    """A table, scrolling sideways if it is wide. Cells are text, unless they are `Html`.

    >>> print(table([["a & b", Html("<b>1</b>")]], head=["what", ""]))
    <div class="wide"><table>
    <tr><th>what</th><th></th></tr>
    <tr><td>a &amp; b</td><td><b>1</b></td></tr>
    </table></div>
    """
    lines = [_row(head, "th")] if any(head) else []
    lines += [_row(row, "td") for row in rows]
    return "\n".join(['<div class="wide"><table>', *lines, "</table></div>"])


def _row(cells: Sequence[str], tag: str) -> str:
    return (
        "<tr>"
        + "".join(f"<{tag}>{cell if isinstance(cell, Html) else escape(cell)}</{tag}>" for cell in cells)
        + "</tr>"
    )
