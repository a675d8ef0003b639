"""page(figures, examples): a report as an HTML page, with tables of figures and examples with players."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from nsynth_lab.html_page import document, table

MARK = '<meta name="generator" content="nsynth-lab evaluate">'
COLUMNS = ("mean", "median", "p90")


def page(
    figures: dict[str, Any], examples: Sequence[dict[str, str]], translations: Sequence[dict[str, str]] = ()
) -> str:
    """The page as text; each of `examples` has stem, family, rank, instrument, note, error and licence.

    Each of `translations` has stem, phrase, target and error.
    """
    sections = "\n".join(_section(name, figures) for name, value in figures.items() if isinstance(value, dict))
    listening = "\n".join(_example(example) for example in examples)
    tunes = "\n".join(_translation(one) for one in translations)
    left_out = figures.get("left_out", [])
    body = f"""<h1>Model {escape(str(figures["model"]))}</h1>
<p>{figures["notes"]} notes{f"; {len(left_out)} could not be used" if left_out else ""}.</p>
{sections}
{"<h2>Best, median and worst of each family</h2>" if listening else ""}
{listening}
{"<h2>Tunes, each with the instrument that follows it worst</h2>" if tunes else ""}
{tunes}"""
    return document(body, title=f"nsynth-lab evaluate: model {figures['model']}", mark=MARK)


def metrics_of(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The metrics of a section and of the sections nested in it, with their names.

    >>> dict(metrics_of({"pairs": 3, "world": {"mel_error_db": {"mean": 2.0}}}))
    {'world mel_error_db': {'mean': 2.0}}
    """
    for name, inner in value.items():
        if isinstance(inner, dict) and "mean" in inner:
            yield f"{prefix}{name}", inner
        elif isinstance(inner, dict):
            yield from metrics_of(inner, f"{prefix}{name} ")


def shares_of(metric: dict[str, Any]) -> str:
    """A metric's shares within or beyond limits, as text.

    >>> shares_of({"mean": 3.0, "within_5": 0.8, "within_20": 1.0})
    'within 5: 80 %, 20: 100 %'
    """
    kinds = {"within_": "within ", "at_least_": "at least "}
    return ", ".join(
        words + ", ".join(f"{name.removeprefix(kind)}: {100 * metric[name]:.0f} %" for name in names)
        for kind, words in kinds.items()
        if (names := [name for name in metric if name.startswith(kind)])
    )


def goal_of(metric: dict[str, Any]) -> str:
    """A metric's goal and whether its mean reaches it, as text.

    >>> goal_of({"mean": 0.97, "goal": "at least 0.95", "reached": True})
    'at least 0.95: reached'
    """
    return f"{metric['goal']}: {'reached' if metric['reached'] else 'missed'}" if "goal" in metric else ""


def peers_of(figures: dict[str, Any], section: str) -> dict[str, dict[str, str]]:
    """Peer -> metric -> its mean, for the peers that have metrics of this section.

    >>> peers_of({"peers": {"world": {"blends": {"monotonicity": {"mean": 0.9}}}}}, "blends")
    {'world': {'monotonicity': '0.90'}}
    """
    found = {name: peer.get(section, {}) for name, peer in figures.get("peers", {}).items() if isinstance(peer, dict)}
    return {
        name: {metric: format_figure(one.get("mean")) for metric, one in metrics_of(metrics)}
        for name, metrics in found.items()
        if metrics
    }


def _section(name: str, figures: dict[str, Any]) -> str:
    found = dict(metrics_of(figures[name]))
    if not found:
        return ""
    peers = peers_of(figures, name)
    goals = ["goal"] if any("goal" in one for one in found.values()) else []
    head = ["", *COLUMNS, *goals, "", *(f"{as_words(peer)}, mean" for peer in peers)]
    rows = [
        [
            as_words(metric), *(format_figure(one.get(column)) for column in COLUMNS), *([goal_of(one)] * len(goals)),
            shares_of(one),
            *(means.get(metric, "") for means in peers.values()),
        ]
        for metric, one in found.items()
    ]  # fmt: skip
    return f"<h2>{escape(as_words(name))}</h2>\n{table(rows, head=head)}\n" + "".join(
        _grouped(found, by) for by in ("by_family", "by_phrase")
    )


def _grouped(found: dict[str, dict[str, Any]], by: str) -> str:
    """The means of metrics for each group, such as each family."""
    groups = sorted({group for one in found.values() for group in one.get(by, {})})
    grid = [
        [as_words(metric), *(format_figure(one[by].get(group)) for group in groups)]
        for metric, one in found.items()
        if by in one
    ]
    if not grid:
        return ""
    means = table(grid, head=["mean", *(as_words(group) for group in groups)])
    return f"<details><summary>{as_words(by)}</summary>{means}</details>"


def _example(one: dict[str, str]) -> str:
    text = {key: escape(value) for key, value in one.items()}
    players = _players(text["stem"], ("original", "decoded"))
    return (
        f"<figure><figcaption><b>{text['family']}, {text['rank']}: {text['error']}</b> "
        f"{text['instrument']}, {text['note']} <small>{text['licence']}</small></figcaption>\n"
        f'<img loading="lazy" src="pictures/{text["stem"]}.png" alt="Spectrograms: original and decoded">\n'
        f"<div>{players}</div></figure>"
    )


def _translation(one: dict[str, str]) -> str:
    text = {key: escape(value) for key, value in one.items()}
    return (
        f"<figure><figcaption><b>{text['phrase']}, {text['target']}: {text['error']}</b></figcaption>\n"
        f'<img loading="lazy" src="pictures/{text["stem"]}.png" alt="Pitch and level of both">'
        f"\n<div>{_players(text['stem'], ('source', 'translated'))}</div></figure>"
    )


def _players(stem: str, names: Sequence[str]) -> str:
    return " ".join(
        f'<label>{name} <audio controls preload="none" src="sounds/{stem}-{name}.flac"></audio></label>'
        for name in names
    )


def as_words(name: str) -> str:
    """A key such as `mel_error_db` as words."""
    words = {"db": "dB", "plus": "+"}
    return " ".join(words.get(word, word) for word in name.split("_"))


def format_figure(value: float | None) -> str:
    """A figure with two decimals; empty for None."""
    return "" if value is None else f"{value:.2f}"
