"""Wording: values quoted safely, suggestions for misspelt names, Python's words for options, and lists as typed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nsynth_lab.errors import NsynthLabError

REMOVED_IN = "0.3"  # the release in which names that have been replaced no longer work


def did_you_mean(name: str, names: list[str]) -> str:
    """A suggestion for an unknown name: the closest of `names`, or all of them.

    >>> did_you_mean("roomsize", ["room_size", "damping"])
    'did you mean room_size?'
    """
    close = difflib.get_close_matches(name[:100], names, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(names[:40])}"


def quoted(value: Any) -> str:
    """A value from an untrusted file, short and safe to print.

    >>> quoted("a" * 100), quoted([1, 2])
    ("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaa...", '[1, 2]')
    """
    try:
        said = f"a list of {len(value)}" if isinstance(value, list) and len(value) > 20 else repr(value)
    except ValueError:  # Python refuses to print integers of more than 4,300 digits
        said = "a number of thousands of digits"
    said = "".join(letter if letter.isprintable() else "?" for letter in said[:200])
    return said if len(said) <= 33 else f"{said[:30]}..."


QUALITIES = ("excellent", "good", "fair", "poor")
WITH_PITCH_DB, UNPITCHED_DB = (0.6, 1.2, 1.8), (1.2, 2.2, 3.0)  # below each of them, one of the qualities


def quality_of_error(mel_error_db: float, *, has_pitch: bool = True) -> str:
    """A mel error in words, so that a number of dB also says whether it is good.

    The scale is what the default checkpoint reaches on recordings that it was not trained on: mallets 0.56 dB, half of
    all notes below 0.98 dB, reeds and strings 1.5 dB (checkpoints/default/README.md). Infinity, not a number: poor.
    Of a drum or a noise it is another: even two takes of one noise are 1.8 dB apart, and shaped noise is at 2.4 dB.

    >>> [quality_of_error(db) for db in (0.4, 1.0, 1.5, 2.5)]
    ['excellent', 'good', 'fair', 'poor']
    >>> [quality_of_error(db, has_pitch=False) for db in (0.4, 2.0, 2.8, 3.5)]
    ['excellent', 'good', 'fair', 'poor']
    """
    limits = WITH_PITCH_DB if has_pitch else UNPITCHED_DB
    return QUALITIES[sum(not mel_error_db < limit for limit in limits)]


def renamed(old: str, new: str) -> str:
    """What somebody who wrote a name that has been replaced is told.

    >>> renamed("--out", "--output")
    '--out is now --output; the old name goes in 0.3'
    """
    return f"{old} is now {new}; the old name goes in {REMOVED_IN}"


def counted(number: int, noun: str) -> str:
    """A number of things, in the singular or the plural.

    >>> counted(1, "note"), counted(0, "note")
    ('1 note', '0 notes')
    """
    return f"{number} {noun}{'s' * (number != 1)}"


def listed(text: str) -> list[str]:
    """What is written with commas between.

    >>> listed("flute, choir aahs,")
    ['flute', 'choir aahs']
    """
    return [word.strip() for word in text.split(",") if word.strip()]


_OPTION = re.compile(r"`[^`]*`|--([a-z][a-z0-9-]*)")
_ARGUMENTS = {"a4": "a4_hz", "duration": "seconds", "force": "force=True", "part": "parts", "set": "settings"}


def python_words(line: str) -> str:
    """A sentence for the command line with the arguments of Python where it names options; commands stay.

    >>> python_words("give --midi-channels, or add --force (see `nsynth-lab play --help`)")
    'give midi_channels, or add force=True (see `nsynth-lab play --help`)'
    """

    def argument(found: re.Match[str]) -> str:
        option = found[1]
        return _ARGUMENTS.get(option, option.replace("-", "_")) if option else found[0]

    return _OPTION.sub(argument, line)


@contextmanager
def in_python() -> Iterator[None]:
    """Errors raised inside are said in `python_words`."""
    try:
        yield
    except NsynthLabError as error:
        error.args = tuple(python_words(str(part)) for part in error.args)
        raise
