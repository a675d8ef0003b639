r"""Untrusted text, such as file names, made safe to print and to write.

A file name on disk is a sequence of bytes. Python represents bytes that are not UTF-8 as lone surrogates: these
open the file again, but can be neither printed nor written. A name may also contain terminal control sequences.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

JOINERS = "\u200c\u200d"  # invisible, but part of how Persian, Indian scripts and emoji are written
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def encodable(text: str) -> str:
    r"""The text with every byte that was not UTF-8 escaped, so that it can be written to files and JSON.

    >>> print(encodable("Fl\udcf6te"), encodable("Flöte"))
    Fl\xf6te Flöte
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(_escaped(letter) if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    return text


def encodable_in(value: Any) -> Any:
    r"""A copy of nested dictionaries and lists with every text made `encodable`, ready for JSON.

    >>> encodable_in({"files": ["Fl\udcf6te.wav"], "notes": (60,)})
    {'files': ['Fl\\xf6te.wav'], 'notes': [60]}
    """
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, Mapping):
        return {encodable_in(key): encodable_in(one) for key, one in value.items()}
    return [encodable_in(one) for one in value] if isinstance(value, (list, tuple)) else value


def legible(text: str) -> str:
    r"""The text with every control character escaped, so that it is safe to show in a terminal.

    >>> print(legible("a\x1b[31mb\u202ec"), legible("琵琶\u3000solo"))
    a\x1b[31mb\u202ec 琵琶　solo
    """
    return text if text.isprintable() else "".join(_escaped(one) if is_hidden(one) else one for one in text)


def is_hidden(letter: str) -> bool:
    """Whether a character is invisible but acts: control characters, direction marks, lone surrogates."""
    return unicodedata.category(letter) in _HIDDEN and letter not in JOINERS


def _escaped(letter: str) -> str:
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
