"""What is given in Python, as the requests of `render` take it, and their messages as lines of Python's log."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab import messages
from nsynth_lab.audio import Audio
from nsynth_lab.blend.curve import Curve
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import Latents
from nsynth_lab.midi.channel_list import channel_list
from nsynth_lab.note import Note, parse_note
from nsynth_lab.patch.place import parse_numbers
from nsynth_lab.wording import in_python, python_words

if TYPE_CHECKING:
    from nsynth_lab.render.session import Session

Source = str | Path | Latents | Audio
Numbers = Sequence[float] | NDArray[np.floating[Any]]
Place = float | Numbers
Points = Sequence[tuple[float, float]]
Part = Source | Sequence[Source]

_log = logging.getLogger("nsynth_lab")


def note_of(note: str | int, velocity: int = 100) -> Note:
    """A note by its name or number.

    >>> note_of("A4").number, note_of(69).number
    (69, 69)
    """
    return Note(parse_note(str(note)), velocity)


def place_of(place: Place | None, *, what: str) -> tuple[float, ...] | None:
    """A position or weights, from one number, several or an array.

    >>> place_of(0.3, what="position"), place_of([2, 1], what="weights"), place_of(None, what="position")
    ((0.3,), (2.0, 1.0), None)
    """
    return None if place is None else parse_numbers(place, what=what)


def curve_of(points: Points | None) -> Curve | str:
    """(second, position) points as a curve; empty without any.

    >>> curve_of([(0, 0), (1.5, 1)])
    Curve(seconds=(0.0, 1.5), positions=(0.0, 1.0))
    """
    if not points:
        return ""
    try:
        pairs = [(float(at), float(position)) for at, position in points]
    except (TypeError, ValueError):
        raise UsageError("curve: expected (second, position) points, such as [(0, 0), (1.5, 1)]") from None
    return Curve(tuple(at for at, _ in pairs), tuple(position for _, position in pairs))


def channels_of(channels: str | int | Sequence[int]) -> str:
    """MIDI channels as they are typed.

    >>> channels_of([1, 3]), channels_of(2), channels_of("1,3-5")
    ('1,3', '2', '1,3-5')
    """
    return str(channels) if isinstance(channels, str | int) else ",".join(map(str, channels))


def settings_of(settings: Mapping[str, float]) -> dict[str, float]:
    """Parameters of the synth by the names that musicians use, in the synth's own names and units.

    >>> settings_of({"release_seconds": 0.4})
    {'release_ms': 400.0}
    """
    from nsynth_lab.synth.parameter_words import parse_setting

    return dict(parse_setting(f"{name}={value}") for name, value in settings.items())


def source_of(source: Source, session: Session) -> str | Latents:
    """A source as a session takes it; a sound is encoded, a `Path` is a file even where an instrument is called so.

    Raises:
        UsageError: not a source.
        AudioError: a sound that cannot be encoded.
    """
    if isinstance(source, Audio):
        return session.encode(source)
    if isinstance(source, Path):
        return os.path.join(os.curdir, source)
    if not isinstance(source, str | Latents):
        raise UsageError(
            f"source of type {type(source).__name__}; expected the name of an instrument, the path of a file, Latents, "
            "or an array with its rate: Sound(samples, sample_rate)"
        )
    return source


def part_of(channels: int | str, part: Part, session: Session) -> tuple[tuple[int, ...], tuple[str | Latents, ...]]:
    """What single MIDI channels play: the channels, counted from 0, and the sources or the preset."""
    sources = (part,) if isinstance(part, str | Path | Latents | Audio) else part
    return channel_list(channels_of(channels)), tuple(source_of(source, session) for source in sources)


@contextmanager
def spoken() -> Iterator[None]:
    """Errors raised inside are said in the words of Python, and messages become warnings of the logger `nsynth_lab`."""
    messages.subscribe(_warn)
    try:
        with in_python():
            yield
    finally:
        messages.unsubscribe(_warn)


def _warn(line: str) -> None:
    _log.warning("%s", python_words(line.removeprefix("warning: ")))
