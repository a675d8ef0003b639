"""Reads and checks the options of `compose`."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsynth_lab.cli.tune_options import as_requested
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.tune.key import Key
    from nsynth_lab.tune.metre import Metre

ANY = "any"
NOT_WITH = {"begin": ("form", "upbeat"), "between": ("form", "upbeat", "bars")}


@dataclass(frozen=True)
class Asked:
    """The options as given on the command line."""

    metre: Metre | None
    key: Key | None
    form: str
    bars: int | None
    upbeat: str
    free: float | None
    style: str
    seed: int
    count: int

    @property
    def style_number(self) -> int:
        """The collection's place in `STYLES`, or `ANY_STYLE`.

        Raises:
            UsageError: there is none of that name.
        """
        from nsynth_lab.melody.conditions import ANY_STYLE, STYLES

        if self.style == ANY:
            return ANY_STYLE
        if self.style not in STYLES:
            raise UsageError(f"--style {self.style}: unknown; expected {ANY}, {', '.join(STYLES)}")
        return STYLES.index(self.style)


def check_together(
    *, begin: Path | None, between: tuple[Path, Path] | None, position: str | None, asked: dict[str, Any]
) -> None:
    """Check that the options can be used together.

    Raises:
        UsageError: see above.
    """
    if begin is not None and between is not None:
        raise UsageError("--begin continues one tune, --between writes one between two: choose one")
    for name, given in (("begin", begin), ("between", between)):
        wrong = [f"--{option}" for option in NOT_WITH[name] if asked[option]] if given is not None else []
        if wrong:
            raise UsageError(f"{wrong[0]} does not go with --{name}: the tune that is given has its own")
    if position is not None and between is None:
        raise UsageError("--position says where --between writes a tune; name two tunes")


def check_own_sound(begin: Path | None, instruments: list[str], *, asked: bool) -> Path | None:
    """The recording to be continued with its own sound, or None.

    Raises:
        UsageError: there is no recording, or an instrument is named too.
    """
    from nsynth_lab.cli.tune_given import SOUNDS
    from nsynth_lab.render.output_paths import SOUND_ENDINGS

    if not asked:
        return None
    if begin is None or begin.suffix.lower() not in SOUNDS or begin.suffix.lower() not in SOUND_ENDINGS:
        raise UsageError("--own-sound takes its sound from a recording: give one with --begin, such as hum.wav")
    if instruments:
        raise UsageError(f"--own-sound plays with the recording's own notes; leave out {', '.join(instruments)}")
    return begin


def position_of(text: str | None) -> float:
    """The position between two tunes.

    Raises:
        UsageError: not from 0 to 1.
    """
    try:
        found = 0.5 if text is None else float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise UsageError(f"--position {text}; expected 0, the first tune, to 1, the second")
    return found


def metre_of(text: str) -> Metre | None:
    """The requested metre, or None."""
    from nsynth_lab.melody.conditions import metre_number
    from nsynth_lab.tune.metre import parse_metre

    if text in ("", ANY):
        return None
    with as_requested():
        found = parse_metre(text)
        metre_number(found)
    return found


def key_of(text: str) -> Key | None:
    """The requested key, or None."""
    from nsynth_lab.tune.key import NO_MODE, parse_key

    if text in ("", ANY):
        return None
    with as_requested():
        found = parse_key(text)
    if found.mode == NO_MODE:
        raise UsageError(f"--key {text}; expected a tonic and a mode, such as G, Em or Edor")
    return found


def length_of(text: str) -> Fraction:
    """The requested length of the upbeat; 0 for none, and for any."""
    if text in ("", ANY):
        return Fraction(0)
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError(f"--upbeat {text}; expected a length such as 1/8, or {ANY}") from error
