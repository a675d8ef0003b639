"""`--metre` and `--key`: what is none is a wrong request, and is told before anything else is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nsynth_lab.errors import TuneError, UsageError


def checked_metre(text: str) -> str:
    """The metre as it was written; a callback of options. An empty text is none.

    Raises:
        UsageError: it is no metre.
    """
    from nsynth_lab.tune.metre import parse_metre

    if text:
        with as_requested():
            parse_metre(text)
    return text


def checked_key(text: str) -> str:
    """The key as it was written; a callback of options. An empty text is none.

    Raises:
        UsageError: it is no key.
    """
    from nsynth_lab.tune.key import parse_key

    if text:
        with as_requested():
            parse_key(text)
    return text


@contextmanager
def as_requested() -> Iterator[None]:
    """What is wrong about a tune in this context was asked for: it is a UsageError."""
    try:
        yield
    except TuneError as error:
        raise UsageError(str(error)) from error
