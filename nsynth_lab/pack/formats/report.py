"""The quality report of a pack, report.html: a summary in a few rows, and a table of all clips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from statistics import median
from typing import Any

from nsynth_lab.html_page import Html, document, table
from nsynth_lab.note import note_name
from nsynth_lab.pack.formats.zones import PackMap, missing_zones
from nsynth_lab.pack.quality import LOOPED

STYLE = "img { max-width: 20rem; } audio { display: block; margin: 1rem 0; }"
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
    """The figures of a pack: (what was measured, the result)."""
    qualities = [record["quality"] for record in records]
    gaps = sum(len(missing_zones(layer)) for layer in pack.layers)
    return [
        ("pitch error", _spread([abs(value) for value in _known(qualities, "pitch_cents")], "cents", worst=max)),
        ("level", _range(_known(qualities, "loudness_db"), "dB (A)")),
        ("peak", f"{max(_known(qualities, 'peak_db')):.1f} dBFS"),
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
    head = ["clip", "note", "velocity", "position", *(heading for heading, _, _ in COLUMNS)]
    body = f"""<h1>{escape(pack.about.title)}</h1>
<img src="cover.png" alt="Spectra of the positions, from the first to the last">
<audio controls src="preview.flac"></audio>
{table(summary(pack, records))}
<p>Loop error: the difference between the sound after the end of the loop and the sound after its start, relative to
the latter, before the seam is crossfaded. Seam: the same in the samples around the seam, after crossfading. Noise: the
level between the partials, relative to the whole. Above 20 kHz: the level above the range of hearing, relative to the
whole.</p>
{table([_cells(record) for record in records], head=head)}"""
    return document(body, title=f"{pack.about.title}: quality report", style=STYLE)


def _cells(record: Mapping[str, Any]) -> list[str]:
    zone = record["zone"]
    place = ", ".join(f"{value:g}" for value in record["position"])
    file = str(record["file"])
    link = Html(f'<a href="{escape(file)}">{escape(file.rpartition("/")[2])}</a>')
    figures = [_shown(record["quality"][key], form) for _, key, form in COLUMNS]
    return [link, note_name(zone["root"]), str(zone["velocity"]), place, *figures]


def _shown(value: object, form: str) -> str:
    return "" if value is None else form.format(value)


def _known(qualities: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    return [quality[key] for quality in qualities if quality[key] is not None]


def _spread(values: Sequence[float], unit: str, *, worst: Any) -> str:
    return f"median {median(values):.1f} {unit}, worst {worst(values):.1f} {unit}" if values else "none measured"


def _range(values: Sequence[float], unit: str) -> str:
    return f"{min(values):.1f} to {max(values):.1f} {unit}"


def _loops(qualities: Sequence[Mapping[str, Any]]) -> str:
    words = [quality["loop"] for quality in qualities]
    others = sorted({word for word in words if word != LOOPED})
    return ", ".join([f"{words.count(LOOPED)} looped", *_counted(words, others)])


def _counted(words: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    for word in others:
        yield f"{words.count(word)} not ({word})"
