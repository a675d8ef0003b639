"""Silences libraries that write to the process's streams behind Python's back.

ALSA and JACK print to stderr while they look for devices; plugins print thousands of lines to both streams.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STDOUT, STDERR = 1, 2


@contextmanager
def silence_stderr() -> Iterator[None]:
    """Discard everything written to stderr inside the block, by C libraries too. Exceptions are raised as usual."""
    with _discard(STDERR):
        yield


@contextmanager
def silence_output() -> Iterator[None]:
    """Discard everything written to stdout and stderr inside the block, by C libraries too."""
    with _discard(STDOUT, STDERR):
        yield


@contextmanager
def _discard(*descriptors: int) -> Iterator[None]:
    sys.stdout.flush()
    sys.stderr.flush()
    saved, null = {number: os.dup(number) for number in descriptors}, os.open(os.devnull, os.O_WRONLY)
    try:
        for number in descriptors:
            os.dup2(null, number)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in saved.items():
            os.dup2(copy, number)
            os.close(copy)
        os.close(null)
