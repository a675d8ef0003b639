"""document: the frame of every page that is written: reports, galleries, benches."""

from __future__ import annotations


def document(body: str, *, title: str, mark: str, style: str) -> str:
    """A whole HTML page of `body`; `title` and `body` are escaped already, `mark` is the tag that says who made it."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{mark}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
