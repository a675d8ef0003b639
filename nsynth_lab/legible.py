r"""Text from outside, such as names of files, made safe to print and to write.

A name on disk is a row of bytes. Python keeps those of its bytes that are no UTF-8 as lone surrogates, which open the
file again but can be neither printed nor written; and a name may hold what colours a terminal or turns its lines.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

JOINERS = "\u200c\u200d"  # invisible, but part of how Persian, Indian scripts and emoji are written
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def encodable(text: str) -> str:
    r"""The same text, each byte that was no UTF-8 as its number: what files and JSON can hold.

    >>> print(encodable("Fl\udcf6te"), encodable("Flöte"))
    Fl\xf6te Flöte
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(_numbered(letter) if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    return text


def encodable_in(value: Any) -> Any:
    r"""The same dictionaries and lists, each text in them `encodable`: what is written as JSON.

    >>> encodable_in({"files": ["Fl\udcf6te.wav"], "notes": (60,)})
    {'files': ['Fl\\xf6te.wav'], 'notes': [60]}
    """
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, Mapping):
        return {encodable_in(key): encodable_in(one) for key, one in value.items()}
    return [encodable_in(one) for one in value] if isinstance(value, (list, tuple)) else value


def legible(text: str) -> str:
    r"""The same text, each character that acts rather than shows as its number: what a terminal may be given.

    >>> print(legible("a\x1b[31mb\u202ec"), legible("琵琶\u3000solo"))
    a\x1b[31mb\u202ec 琵琶　solo
    """
    return text if text.isprintable() else "".join(_numbered(one) if is_hidden(one) else one for one in text)


def is_hidden(letter: str) -> bool:
    """Whether a character does something rather than show something: controls, turns of direction, lone surrogates."""
    return unicodedata.category(letter) in _HIDDEN and letter not in JOINERS


def _numbered(letter: str) -> str:
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
