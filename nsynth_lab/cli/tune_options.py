"""Checks `--metre` and `--key` before anything else is done: one that cannot be read is a usage error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nsynth_lab.errors import TuneError, UsageError


def checked_metre(text: str) -> str:
    """Return `text` unchanged if it is a metre or empty; a callback for typer's options.

    Raises:
        UsageError: it cannot be read as a metre.
    """
    from nsynth_lab.tune.metre import parse_metre

    if text:
        with as_requested():
            parse_metre(text)
    return text


def checked_key(text: str) -> str:
    """Return `text` unchanged if it is a key or empty; a callback for typer's options.

    Raises:
        UsageError: it cannot be read as a key.
    """
    from nsynth_lab.tune.key import parse_key

    if text:
        with as_requested():
            parse_key(text)
    return text


@contextmanager
def as_requested() -> Iterator[None]:
    """Turn a TuneError raised in this context into a UsageError, because the option asked for it."""
    try:
        yield
    except TuneError as error:
        raise UsageError(str(error)) from error
