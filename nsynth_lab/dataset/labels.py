"""The fields of one entry of `examples.json`, each taken from the entry or else from the note's name, and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

QUALITIES = (
    "bright",
    "dark",
    "distortion",
    "fast_decay",
    "long_release",
    "multiphonic",
    "nonlinear_env",
    "percussive",
    "reverb",
    "tempo-synced",
)
NAME = re.compile(
    r"(?P<instrument>(?P<family>[a-z][a-z_]*)_(?P<source>acoustic|electronic|synthetic)_(?P<number>\d{3}))"
    r"-(?P<pitch>\d{3})-(?P<velocity>\d{3})"
)
NOISE = re.compile(r"brass_acoustic_046-(08[4-9]|09\d|10[0-8])-\d{3}")


def clean(text: object, *, longest: int = 200) -> str:
    r"""Text from a stranger's file, safe to print: no control characters, bounded.

    >>> clean("a\x1b[31mb"), clean(None)
    ('a[31mb', '')
    """
    return "".join(c for c in str("" if text is None else text)[:longest] if c.isprintable())


class UnusableError(Exception):
    """A note that cannot be used; `kind` is one word for the trouble."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def label_of(entry: dict[str, Any], named: dict[str, str], kind: str, known: tuple[str, ...]) -> str:
    """Family or source (`kind`): the entry's word, else its index, else the word in the note's name.

    Raises:
        UnusableError: none of these is one of the `known` words.
    """
    index = entry.get(f"instrument_{kind}")
    by_index = known[index] if type(index) is int and 0 <= index < len(known) else None
    label = entry.get(f"instrument_{kind}_str") or by_index or named.get(kind)
    if label not in known:
        raise UnusableError("label", f"its {kind} is '{clean(label)}'; expected one of {', '.join(known)}")
    return str(label)


def number_of(
    entry: dict[str, Any], named: dict[str, str], key: str, low: int, high: int, *, default: int | None = None
) -> int:
    """A whole number from `low` to `high`: the entry's, else the one in the note's name, else `default`.

    Raises:
        UnusableError: there is none, or it is out of range.
    """
    value: Any = entry.get(key, named.get(key, default))
    if isinstance(value, list) and len(value) == 1:  # the tfrecord way of writing a number
        value = value[0]
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise UnusableError("label", f"it has no {key}, neither as a field nor in its name") from None
    if not low <= number <= high:
        raise UnusableError("label", f"its {key} is {number}; expected {low} to {high}")
    return number


def qualities_of(entry: dict[str, Any]) -> Iterator[str]:
    """The qualities that apply, by name, from the list of names or the ten flags."""
    names, flags = entry.get("qualities_str"), entry.get("qualities")
    if isinstance(names, list):
        yield from (name for name in QUALITIES if name in names)
    elif isinstance(flags, list):
        yield from (name for name, flag in zip(QUALITIES, flags, strict=False) if flag)
