"""The figures of a bench as tables of text, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Figures = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """A title, column headings, and rows of text."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(figures: Figures) -> list[Table]:
    """A table for each section that was measured, in order."""
    return [make(figures[name]) for name, make in MAKERS.items() if name in figures]


def spread(figure: Figures, digits: int = 1) -> str:
    """The median, with the lowest and the highest in parentheses.

    >>> spread({"median": 2.0, "low": 1.5, "high": 2.25})
    '2.0 (1.5 to 2.2)'
    """
    median, low, high = (f"{figure[key]:.{digits}f}" for key in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


def times(figure: Figures) -> str:
    """A multiple of real time; the first run, which warms up, is not counted.

    >>> times({"median": 8.62, "low": 7.0, "high": 9.0})
    '8.6x real time (7.0 to 9.0)'
    """
    median, limits = spread(figure).split(" ", 1)
    return f"{median}x real time {limits}"


def percent(share: float) -> str:
    """A share as a percentage.

    >>> percent(0.123)
    '12 %'
    """
    return f"{100 * share:.0f} %"


def _machine(one: Figures) -> Table:
    rates = one["rates"]
    rows = [
        ("processor", f"{one['processor']}, {one['cores']} cores, {one['threads']} threads"),
        ("system", f"{one['system']}, Python {one['python']}, torch {one['torch']}"),
        ("measured on", rates["name"]),
        ("matrix products", f"{rates['matrix_gflops']:.0f} GFLOPS, {rates['matrix_bf16_gflops']:.0f} in bfloat16"),
        ("memory bandwidth", f"{rates['read_gb_s']:.1f} GB/s, {rates['cached_read_gb_s']:.1f} GB/s cached"),
    ]
    return Table("machine", ("", ""), tuple(rows))


def _offline(one: Figures) -> Table:
    ways = (
        "encode",
        "encode_at_once",
        "encode_without_fitting",
        "decode",
        "decode_one_by_one",
        "decode_by_seconds",
        "decode_by_notes",
    )
    rows = [
        (way.replace("_", " "), str(rate["notes"]), f"{rate['seconds']:g} s", times(rate["real_time"]))
        for way in ways
        for rate in one[way]
    ]
    gain = ("speed-up of a batch over single notes", "", "", f"{one['batch_gain']:.2f}x")
    return Table("offline", ("", "notes", "length", "speed"), (*rows, gain))


def _streaming(one: Figures) -> Table:
    rows = [
        (str(load["block_samples"]), str(load["voices"]), *(percent(load[key]) for key in ("median", "p99", "p999")),
         f"{load['late']} of {load['blocks']}", str(load["threads"]))
        for load in one["loads"]
    ]  # fmt: skip
    rows += [
        (block, f"{one['calm_voices'][block]} without dropouts, {most} at most", "", "", "", "", "")
        for block, most in one["voices_at_deadline"].items()
    ]
    head = ("block", "voices", "median", "99 %", "99.9 %", "late", "threads")
    return Table("streaming: time of a block as a share of its deadline", head, tuple(rows))


def _controllers(one: Figures) -> Table:
    rows = [
        (storm["name"], when, *(percent(storm[when][key]) for key in ("median", "p99", "p999")),
         f"{storm[when]['late']} of {storm[when]['blocks']}")
        for storm in one["storms"] for when in ("still", "moved")
    ]  # fmt: skip
    title = (
        f"{one['messages_per_second']} controller messages per second, {one['voices']} voices, blocks of "
        f"{one['block_samples']}: time of a block as a share of its deadline"
    )
    return Table(title, ("", "", "median", "99 %", "99.9 %", "late"), tuple(rows))


def _limit(one: Figures) -> Table:
    rows = [
        (f"step of {step['voices']} voices", f"{step['microseconds']['median']:.0f} us",
         f"{step['gflops']:.1f} GFLOPS, {percent(step['share_of_matrix_rate'])}",
         f"{step['weights_gb_s']:.1f} GB/s, {percent(step['share_of_read_rate'])}", percent(step["share_of_limit"]))
        for step in one["steps"]
    ]  # fmt: skip
    rows += [(part["kind"], f"{part['calls']:.0f} calls", "", "", percent(part["share"])) for part in one["parts"]]
    return Table(
        "share of the peak rates (one thread), and profile of a block",
        ("", "", "arithmetic", "weights read", "share"),
        tuple(rows),
    )


def _startup(one: Figures) -> Table:
    names = ("help_seconds", "blend_seconds", "first_sound_seconds")
    words = ("--help", "blend, 2 s of sound", "play, to the first sound")
    return Table("start-up", ("", "seconds"), tuple(zip(words, (spread(one[name], 2) for name in names), strict=True)))


def _memory(one: Figures) -> Table:
    words = ("--help", "blend", f"{one['voices']} voices playing")
    held = (f"{one[name]:.0f} MiB" for name in ("help_mib", "blend_mib", "voices_mib"))
    return Table("peak memory", ("", ""), tuple(zip(words, held, strict=True)))


def _training(one: Figures) -> Table:
    what = f"batch {one['batch']} x {one['seconds_a_crop']:g} s, {one['device']}, {one['threads']} threads"
    return Table("training", ("", "steps per second"), ((what, spread(one["steps_per_second"], 2)),))


def _busy(one: Figures) -> Table:
    rows = [
        (each["command"], _others(each["busy"]), f"{each['seconds']['median']:.2f} s", spread(each["times"], 2),
         percent(each["theirs"]["median"]) if each["theirs"]["median"] else "")
        for each in one["commands"]
    ]  # fmt: skip
    playing = f"play, {one['voices']} voices, blocks of {one['block_samples']}"
    rows += [
        (playing, _others(int(count)), f"{100 * share['median']:.2f} % of blocks late", "", "")
        for count, share in one["late"].items()
    ]
    head = ("", "beside", "", "times as long", "of a processor for each of the others")
    return Table("on a busy machine", head, tuple(rows))


def _following(one: Figures) -> Table:
    load = one["load"]
    shares = (percent(load[key]) for key in ("median", "p99", "p999"))
    heard = f"{one['latency_ms']:.1f} ms, jitter {one['jitter_ms']:.1f} ms"
    rows = ((str(load["block_samples"]), *shares, f"{load['late']} of {load['blocks']}", heard),)
    head = ("block", "median", "99 %", "99.9 %", "late", "from a tone to its sound, without the device")
    return Table("following an input: time of a block as a share of its deadline", head, rows)


def _duet(one: Figures) -> Table:
    load = one["load"]
    shares = (percent(load[key]) for key in ("median", "p99", "p999"))
    written = f"{one['answer_ms']:.0f} ms, at most {one['slowest_ms']:.0f} ms"
    late = f"{load['late']} of {load['blocks']}"
    rows = ((str(load["block_samples"]), *shares, late, written, f"{one['first_note_ms']:.1f} ms"),)
    head = ("block", "median", "99 %", "99.9 %", "late", "eight answers of four bars", "first note after the decision")
    return Table("a duet: time of a block as a share of its deadline", head, rows)


def _hosting(one: Figures) -> Table:
    rows = [
        (row["plugin"], row["kind"], str(row["block_samples"]),
         *(f"{row[key]:.0f} us" for key in ("apart_us", "apart_p99_us", "here_us", "here_p99_us")))
        for row in one["rows"]
    ]  # fmt: skip
    head = ("", "", "block", "own process", "99 %", "this process", "99 %")
    return Table("a block of a plugin", head, tuple(rows))


def _others(count: int) -> str:
    return f"{count} busy" if count else "nothing"


MAKERS: dict[str, Callable[[Figures], Table]] = {
    "machine": _machine,
    "offline": _offline,
    "streaming": _streaming,
    "controllers": _controllers,
    "following": _following,
    "duet": _duet,
    "hosting": _hosting,
    "limit": _limit,
    "startup": _startup,
    "memory": _memory,
    "training": _training,
    "busy": _busy,
}
