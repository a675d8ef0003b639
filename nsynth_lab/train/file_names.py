"""read_name(stem): what a recording's file name says about it: pitch, velocity, velocity layer.

Understood are NSynth's own names, note names (C#4, Cs4, Db4, with middle C = C4 unless told otherwise), MIDI numbers
(061), velocities (v100, vel_100), dynamics (pp to ff) and layers (v1, layer2). A number that agrees with
the note name but for the octave settles the octave, since makers differ about middle C.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nsynth_lab.train.labels import NAME

MIDDLE_C = 4
LOWEST, HIGHEST = 12, 127  # smaller numbers in a file name count takes, not keys
DYNAMICS = {"ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126}  # as notation programs do
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SHIFTS = {"#": 1, "s": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
_NOTE = re.compile(r"(?<![a-z0-9#])([a-g])(#|♯|♭|sharp|flat|s|b)?(-?\d)(?![0-9a-z])")
_NUMBER = re.compile(r"(?<![0-9a-z.])(\d{2,3})(?![0-9a-z])")
_VELOCITY = re.compile(r"(?<![a-z])(?:v|vel|velocity|layer|l)[ _-]?(\d{1,3})(?![0-9])")
_LAYERS = 9  # v1 to v9 number layers, v10 and up are velocities
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Named:
    """What a file name says; None where it is silent.

    Attributes:
        pitch: MIDI note 0..127.
        velocity: 1..127.
        layer: number of the velocity layer, 1 the softest.
        nsynth: family, source and instrument number, of a name in NSynth's scheme.
    """

    pitch: int | None = None
    velocity: int | None = None
    layer: int | None = None
    nsynth: tuple[str, str, int] | None = None


def read_name(stem: str, *, middle_c: int = MIDDLE_C) -> Named:
    """Read a file name without its ending; `middle_c` is the octave number its maker gives to middle C.

    >>> read_name("Upright_C#4_mf").pitch, read_name("Upright_C#4_mf").velocity
    (61, 80)
    >>> read_name("violin 061 v100")
    Named(pitch=61, velocity=100, layer=None, nsynth=None)
    >>> read_name("Pack_Oboe_C3_060_v2_rr1")
    Named(pitch=60, velocity=None, layer=2, nsynth=None)
    >>> read_name("synth_lead_synthetic_004-036-127").nsynth
    ('synth_lead', 'synthetic', 4)
    >>> read_name("sax p F-3")
    Named(pitch=53, velocity=49, layer=None, nsynth=None)
    >>> read_name("take 3")
    Named(pitch=None, velocity=None, layer=None, nsynth=None)
    """
    text = stem.lower()
    if match := NAME.fullmatch(text):
        pitch, velocity = int(match["pitch"]), int(match["velocity"])
        if pitch > 127 or not 1 <= velocity <= 127:
            return Named()
        return Named(pitch, velocity, None, (match["family"], match["source"], int(match["number"])))
    loud, layer = _velocity(text)
    return Named(_pitch(_VELOCITY.sub(" ", text), middle_c), loud, layer)


def _pitch(text: str, middle_c: int) -> int | None:
    by_name = [note for match in _NOTE.finditer(text) if (note := _note(match, middle_c)) is not None]
    numbers = [int(match[1]) for match in _NUMBER.finditer(text) if LOWEST <= int(match[1]) <= HIGHEST]
    for number in numbers:
        if by_name and (number - by_name[-1]) % 12 == 0:
            return number
    return by_name[-1] if by_name else numbers[0] if numbers else None


def _note(match: re.Match[str], middle_c: int) -> int | None:
    """The note, or None; a minus sign that leads below MIDI's notes was a hyphen (Flute_C-4)."""
    step, sign, octave = match.groups()
    for number in (int(octave), abs(int(octave))):
        note = 12 * (number + 5 - middle_c) + _STEPS[step] + _SHIFTS.get(sign or "", 0)
        if 0 <= note <= 127:
            return note
    return None


def _velocity(text: str) -> tuple[int | None, int | None]:
    """(velocity, layer): of `v100` and of `v2`; a dynamic mark counts where there is no velocity."""
    velocity = layer = None
    for match in _VELOCITY.finditer(text):
        number = int(match[1])
        if 1 <= number <= _LAYERS:
            layer = number
        elif number <= 127:
            velocity = number
    marks = [DYNAMICS[word] for word in _WORD.findall(_NOTE.sub(" ", text)) if word in DYNAMICS]
    return velocity or (marks[-1] if marks and layer is None else None), layer
