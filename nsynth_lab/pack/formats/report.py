"""The quality report of a pack: its figures in a few rows, and a page with every clip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from statistics import median
from typing import Any

from nsynth_lab.note import note_name
from nsynth_lab.pack.formats.zones import PackMap, missing
from nsynth_lab.pack.quality import LOOPED

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.1rem 0.7rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
div.wide { overflow-x: auto; } img { max-width: 20rem; } audio { display: block; margin: 1rem 0; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } th, td { border-color: #444; } }
"""
# heading, key in a clip's quality, format
COLUMNS = (
    ("peak dB", "peak_db", "{:.1f}"),
    ("level dB", "loudness_db", "{:.1f}"),
    ("pitch cents", "pitch_cents", "{:+.2f}"),
    ("clicks", "clicks", "{}"),
    ("noise dB", "noise_db", "{:.1f}"),
    ("above 20 kHz dB", "above_20khz_db", "{:.1f}"),
    ("loop", "loop", "{}"),
    ("loop error dB", "loop_error_db", "{:.1f}"),
    ("seam dB", "loop_step_db", "{:.1f}"),
)


def summary(pack: PackMap, records: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The figures of a pack: what, and how much."""
    qualities = [record["quality"] for record in records]
    gaps = sum(len(missing(layer)) for layer in pack.layers)
    return [
        ("pitch error", _spread([abs(value) for value in _known(qualities, "pitch_cents")], "cents", worst=max)),
        ("level", _range(_known(qualities, "loudness_db"), "dB (A)")),
        ("peak", f"{max(_known(qualities, 'peak_db')):.1f} dB below full scale"),
        ("clicks", str(sum(quality["clicks"] for quality in qualities))),
        ("noise floor", _spread(_known(qualities, "noise_db"), "dB", worst=max)),
        ("above 20 kHz", _spread(_known(qualities, "above_20khz_db"), "dB", worst=max)),
        ("loops", _loops(qualities)),
        ("loop error", _spread(_known(qualities, "loop_error_db"), "dB", worst=max)),
        ("step at the seam", _spread(_known(qualities, "loop_step_db"), "dB", worst=max)),
        ("missing zones", f"{gaps} of {len(pack.layers) * 128 * 127:,} keys and velocities"),
    ]


def report_page(pack: PackMap, records: Sequence[Mapping[str, Any]]) -> str:
    """The whole page."""
    rows = "\n".join(
        f"<tr><td>{escape(what)}</td><td>{escape(much)}</td></tr>" for what, much in summary(pack, records)
    )
    heads = "".join(f"<th>{escape(heading)}</th>" for heading, _, _ in COLUMNS)
    clips = "\n".join(_row(record) for record in records)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(pack.about.title)}: quality report</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(pack.about.title)}</h1>
<img src="cover.png" alt="Spectra of the positions, from the first to the last">
<audio controls src="preview.flac"></audio>
<table>
{rows}
</table>
<p>Loop error: what follows the loop against what lies at its start, before they are joined. Seam: the same around the
joint, after. Noise: between the partials, relative to the whole. Above 20 kHz: all that sounds there, relative to the
whole.</p>
<div class="wide">
<table>
<tr><th>clip</th><th>note</th><th>velocity</th><th>position</th>{heads}</tr>
{clips}
</table>
</div>
</body>
</html>
"""


def _row(record: Mapping[str, Any]) -> str:
    zone = record["zone"]
    place = ", ".join(f"{value:g}" for value in record["position"])
    file = str(record["file"])
    cells = [f'<a href="{escape(file)}">{escape(file.rpartition("/")[2])}</a>']
    cells += [note_name(zone["root"]), str(zone["velocity"]), place]
    cells += [_cell(record["quality"][key], shown) for _, key, shown in COLUMNS]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _cell(value: object, shown: str) -> str:
    return "" if value is None else escape(shown.format(value))


def _known(qualities: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    return [quality[key] for quality in qualities if quality[key] is not None]


def _spread(values: Sequence[float], unit: str, *, worst: Any) -> str:
    return f"{median(values):.1f} {unit} in the middle, {worst(values):.1f} at worst" if values else "none measured"


def _range(values: Sequence[float], unit: str) -> str:
    return f"{min(values):.1f} to {max(values):.1f} {unit}"


def _loops(qualities: Sequence[Mapping[str, Any]]) -> str:
    words = [quality["loop"] for quality in qualities]
    others = sorted({word for word in words if word != LOOPED})
    return ", ".join([f"{words.count(LOOPED)} looped", *_counted(words, others)])


def _counted(words: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    for word in others:
        yield f"{words.count(word)} not ({word})"
