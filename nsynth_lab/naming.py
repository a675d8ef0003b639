"""Names of instruments and presets, in any script: validated, compared, and turned into distinct file names."""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata

from nsynth_lab.errors import UsageError
from nsynth_lab.legible import JOINERS, is_hidden, legible

LONGEST_NAME, LONGEST_STEM, DIGEST = 60, 60, 10
MOST_FOLDED = 4096  # names are looked up again and again, and folding one takes as long as a thousand comparisons
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
_BETWEEN = {"Zs", "Pd", "Pc"}  # spaces, hyphens and underscores of every script
_LETTERS = {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d"}
_PATH = re.compile(r"[/~\\]|[A-Za-z]:|(.*[/\\])?\.{1,2}([/\\].*)?$")


def checked_name(text: str) -> str:
    r"""A valid name in normal form: letters composed (NFC), every kind of space as a plain one.

    Raises:
        UsageError: not 1 to 60 printable characters, only spaces and hyphens, or a path.

    >>> checked_name(" my\u3000strings "), checked_name("AC/DC organ")
    ('my strings', 'AC/DC organ')
    """
    spaced = "".join(" " if unicodedata.category(one) == "Zs" else one for one in unicodedata.normalize("NFC", text))
    name = spaced.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise UsageError(f"a name of {len(name)} characters; expected 1 to {LONGEST_NAME} printable characters")
    if any(is_hidden(letter) for letter in name):
        raise UsageError(f"name '{legible(name)}': expected 1 to {LONGEST_NAME} printable characters")
    if not folded(name):
        raise UsageError(f"name '{name}': expected something beside spaces, hyphens and underscores")
    if _PATH.match(name):
        raise UsageError(f"name '{name}' reads as a path; choose another")
    return name


@functools.lru_cache(maxsize=MOST_FOLDED)
def folded(name: str) -> str:
    """A form by which names are compared: regardless of case, composition, and spaces, hyphens or underscores.

    >>> folded("My_Strings") == folded("my  strings") == folded("MY-STRINGS")
    True
    >>> folded("Ｃafé") == folded("cafe\u0301"), folded("琵琶 solo") == folded("笛子 solo")
    (True, False)
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    parted = "".join(" " if unicodedata.category(letter) in _BETWEEN else letter for letter in plain)
    return " ".join(parted.translate(dict.fromkeys(map(ord, JOINERS))).split())


def file_stem(name: str, *, instead: str) -> str:
    """A file name without extension that works on every system; equal for names that are equal when `folded`.

    If letters are lost, a digest keeps different names apart; if none is left, the file name begins with `instead`.

    >>> file_stem("Glass_Cello", instead="preset"), file_stem("Flöte", instead="x"), file_stem("con", instead="x")
    ('glass-cello', 'flote-84312b8b32', 'con-1143da2bc5')
    >>> file_stem("琵琶", instead="preset") == file_stem("笛子", instead="preset")
    False
    """
    plain = folded(name)
    slug = "-".join(re.findall(r"[a-z0-9]+", latin(plain)))
    return slug if slug == plain.replace(" ", "-") and is_safe(slug) else digest_stem(name, instead=instead)


def digest_stem(name: str, *, instead: str) -> str:
    """As `file_stem`, but always with a digest."""
    plain = folded(name)
    slug = "-".join(re.findall(r"[a-z0-9]+", latin(plain)))[:LONGEST_STEM].strip("-")
    return f"{slug or instead}-{digest_of(name)}"


def digest_of(name: str) -> str:
    """Ten hexadecimal digits that differ if the `folded` names differ."""
    return hashlib.sha256(folded(name).encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST]


def is_safe(stem: str) -> bool:
    """Whether an ASCII stem is not empty, not too long, and not the name of a device on Windows."""
    return 0 < len(stem) <= LONGEST_STEM and stem.lower().partition(".")[0] not in RESERVED


def latin(text: str) -> str:
    """The letters of a text that ASCII can express, without accents.

    >>> latin("Flöte, Größe, 琵琶")
    'Flote, Grosse, '
    """
    plain = "".join(_LETTERS.get(letter, letter) for letter in text)
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode("ascii")
