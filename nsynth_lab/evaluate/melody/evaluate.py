"""Every figure of the melody model, and its table: what was measured, what was aimed at, and whether it is met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab.evaluate.melody import looping, others, writing
from nsynth_lab.evaluate.melody.bare_midi import found_in_midi, told_in_notation
from nsynth_lab.evaluate.melody.held_out import Data
from nsynth_lab.evaluate.melody.measures import HISTOGRAMS
from nsynth_lab.evaluate.melody.ngram import NGram
from nsynth_lab.melody.bar_lines import BarLines
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.steps import BARS_AGO
from nsynth_lab.train.melody.harmony import COUNTED

ALIKE_WITHIN, ENDS_WITHIN, BLEND_WITHIN = 0.06, 0.08, 0.15
MOST_TIMES = 3.0
Say = Callable[[str], object]


@dataclass(frozen=True)
class Row:
    """A line of the table; `met` is None where something is only shown beside."""

    what: str
    goal: str
    measured: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """In a word."""
        return {True: "met", False: "missed", None: ""}[self.met]


def figures(
    model: MelodyModel,
    data: Data,
    folder: Path,
    *,
    tunes: int,
    pairs: int,
    seed: int,
    checkpoint: Path | None,
    peer_minutes: float,
    say: Say,
    progress: Callable[..., Any],
) -> dict[str, Any]:
    """All figures; `progress` is `console.progress`. Peers are trained for so many minutes each, for 0 none is."""
    long = NGram(data.learnt_samples)
    with progress(len(data.kept), "tunes", "bits a note") as advance:
        found: dict[str, Any] = {"bits": writing.bits(model, data, long, advance)}
    with progress(len(writing.TEMPERATURES) * tunes, "tunes", "writing") as advance:
        samples = writing.written(model, tunes=tunes, seed=seed, advance=advance)
    free = samples[writing.FULL]
    found["writing"] = writing.repetition(samples, data.kept_samples)
    found["likeness"] = writing.likeness(free, data, seed=seed)
    found["copies"] = writing.copies(free, data)
    found["kinds"] = writing.kinds(model, data, seed=seed)
    with progress(len(writing.TEMPERATURES) * tunes, "tunes", "going on") as advance:
        found["continuing"] = writing.continued(model, data, tunes=tunes, seed=seed, advance=advance)
    found["loops"] = looping.rebuilt(model, data)
    with progress(pairs, "pairs", "between") as advance:
        found["between"] = looping.between(model, data, long, pairs=pairs, seed=seed, advance=advance)
    told = told_in_notation(data.kept, seed=seed)
    with progress(len(told), "tunes", "reading MIDI") as advance:
        found["midi"] = found_in_midi(told, BarLines(model), advance=advance)
    found["keys"] = others.keys(folder)
    found["chords"] = others.chords(model, data)
    found["cost"] = others.cost(checkpoint)
    if peer_minutes:
        from nsynth_lab.evaluate.melody.peers.compare import peers

        found["peers"] = peers(data, minutes=peer_minutes, seed=seed, say=say)
    return found


def rows(found: dict[str, Any]) -> list[Row]:
    """The table."""
    return [*_writing(found), *_likeness(found), *_loops(found), *_others(found), *_peers(found)]


def _writing(found: dict[str, Any]) -> list[Row]:
    bits, tunes, on = found["bits"], found["writing"], found["continuing"]
    ours, people = tunes["written"], tunes["people"]
    ahead = bits["ngram_with_tune"] - bits["writer"]
    stuck = sum([*tunes["stuck"].values(), *on["stuck"].values()])
    longest = max([*tunes["long_runs"].values(), *on["long_runs"].values()])
    apart = {bars: abs(ours["alike"][str(bars)] - people["alike"][str(bars)]) for bars in BARS_AGO}
    table = [
        Row("bits a note on held-out tunes", "<= 2.1", f"{bits['writer']:.3f}", bits["writer"] <= 2.1),
        Row(
            "below the long-and-short-term n-gram", ">= 0.8", f"{ahead:.3f} ({bits['ngram_with_tune']:.3f})",
            ahead >= 0.8,
        ),
        Row("stuck, at every freedom, greedy too", "0", str(stuck), not stuck),
        Row("one pitch 8 times or more", "<= 0.01", f"{longest:.3f}", longest <= 0.01),
        Row(
            "bars heard before", "0.15 to 0.33", f"{ours['heard_before']:.3f} (people {people['heard_before']:.3f})",
            0.15 <= ours["heard_before"] <= 0.33,
        ),
    ]  # fmt: skip
    for bars, difference in apart.items():
        measured = f"{ours['alike'][str(bars)]:.3f} (people {people['alike'][str(bars)]:.3f})"
        table.append(Row(f"same pitch {bars} bars ago", f"within {ALIKE_WITHIN}", measured, difference <= ALIKE_WITHIN))
    ends = abs(ours["ends_on_tonic"] - people["ends_on_tonic"])
    return [
        *table,
        Row(
            "notes in scale", ">= 0.985",
            f"{ours['in_scale']:.4f} (people {people['in_scale']:.4f})", ours["in_scale"] >= 0.985,
        ),
        Row(
            "ends on the tonic", f"within {ENDS_WITHIN}",
            f"{ours['ends_on_tonic']:.3f} (people {people['ends_on_tonic']:.3f})", ends <= ENDS_WITHIN,
        ),
        Row("notes over a bar line", "0", f"{ours['over_bar_lines']:g}", ours["over_bar_lines"] == 0),
        Row("ended by itself", ">= 0.97", f"{ours['ended']:.3f}", ours["ended"] >= 0.97),
    ]  # fmt: skip


def _likeness(found: dict[str, Any]) -> list[Row]:
    table = []
    for name in HISTOGRAMS:
        one = found["likeness"][name]
        times = one["written"] / one["people"]
        measured = f"{times:.2f} x ({one['written']:.4f}, people {one['people']:.4f})"
        table.append(Row(f"divergence: {name}", f"<= {MOST_TIMES:g} x people's", measured, times <= MOST_TIMES))
    ours, people, kinds = found["copies"]["written"], found["copies"]["people"], found["kinds"]
    return [
        *table,
        Row(
            "longest run shared with what was learnt", "<= people's, <= 24",
            f"{ours['longest']} notes (people {people['longest']})", ours["longest"] <= min(people["longest"], 24),
        ),
        Row("12-note runs that are new", ">= 0.98", f"{ours['new_runs_of_12']:.4f}", ours["new_runs_of_12"] >= 0.98),
        Row(
            "500 that ask for nothing: metre, mode; modes", "<= 0.02 each; 5",
            f"{kinds['metre']:.4f}, {kinds['mode']:.4f}; {len(kinds['modes'])}",
            max(kinds["metre"], kinds["mode"]) <= 0.02 and len(kinds["modes"]) >= 5,
        ),
    ]  # fmt: skip


def _loops(found: dict[str, Any]) -> list[Row]:
    between = found["between"]
    table = []
    for name, least in (("6/8", 0.96), ("4/4", 0.95)):
        one = found["loops"][name]
        table += [
            Row(f"loops in {name}: slots right", f">= {least}", f"{one['slots']:.4f}", one["slots"] >= least),
            Row(f"loops in {name}: whole loops right", ">= 0.5", f"{one['whole']:.3f}", one["whole"] >= 0.5),
        ]
    more = between["middle_bits"] - between["real_bits"]
    return [
        *table,
        Row(
            "between two loops: middle above real, bits", f"<= {BLEND_WITHIN}",
            f"{more:+.3f} ({between['middle_bits']:.2f}, real {between['real_bits']:.2f})", more <= BLEND_WITHIN,
        ),
        Row("pairs that lead away (Spearman >= 0.9)", ">= 0.95", f"{between['rising']:.3f}", between["rising"] >= 0.95),
        Row(
            "even: largest step in mean steps", "<= 1.8",
            f"{between['largest_step_even']:.2f} (not even: {between['largest_step']:.2f})",
            between["largest_step_even"] <= 1.8,
        ),
        Row("both ends exactly", "1", f"{between['ends_exact']:g}", between["ends_exact"] == 1),
    ]  # fmt: skip


def _others(found: dict[str, Any]) -> list[Row]:
    chords, cost, keys, midi = found["chords"], found["cost"], found["keys"], found["midi"]
    table = []
    if keys:
        table.append(Row("tonic found in MIDI files", ">= 0.85", f"{keys['right']:.3f}", keys["right"] >= 0.85))
    if midi["tunes"]:
        metre = f"{midi['metre']:.3f}; {midi['metre_but_for_halves']:.3f}"
        table += [
            Row("found in MIDI without signatures: metre; 2/4 as good as 4/4", "", metre, None),
            Row("upbeat; where the metre is given", "", f"{midi['upbeat']:.3f}; {midi['upbeat_of_metre']:.3f}", None),
            Row("tonic; mode too", "", f"{midi['tonic']:.3f}; {midi['mode']:.3f}", None),
            Row("form, where a section is repeated", "", f"{midi['form']:.3f}", None),
        ]
    for name, one in chords.items():
        measured = f"{one['same']:.3f} (root {one['same_root']:.3f}; of I, IV, V {one['best_of_three']:.3f})"
        goal, met = (">= 0.66", one["same"] >= 0.66) if name == COUNTED else ("", None)
        table.append(Row(f"{name}: half bars with the chord that was written", goal, measured, met))
    return [
        *table,
        Row(
            "a tune of 32 bars, with the start of the program",
            "<= 1 s",
            f"{cost['seconds']:.2f} s",
            cost["seconds"] <= 1,
        ),
        Row("the file", "about 5 MB", f"{cost['megabytes']:.2f} MB", cost["megabytes"] <= 5.5),
    ]


def _peers(found: dict[str, Any]) -> list[Row]:
    """Each peer beside ours after as long a training; nothing, if none was trained."""
    peers = found.get("peers")
    if not peers:
        return []
    ours = peers["bits"]["ours"]
    table = [
        Row(
            f"{name}, {peers['minutes']:g} min: bits a note", "above ours", f"{bits:.3f} (ours {ours:.3f})", bits > ours
        )
        for name, bits in peers["bits"].items()
        if name != "ours"
    ]
    for metre, loops in peers["loops"].items():
        slots, whole = loops["ours"]
        for name in loops:
            if name != "ours":
                measured = f"{loops[name][0]:.3f}, {loops[name][1]:.3f} (ours {slots:.3f}, {whole:.3f})"
                what = f"{name}, {peers['minutes']:g} min: slots and whole loops in {metre}"
                table.append(Row(what, "below ours", measured, loops[name][0] < slots and loops[name][1] < whole))
    return table
