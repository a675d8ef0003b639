"""How real libraries name their files: whole folders of each, with what every name means.

After the file lists of the libraries themselves and the manuals of what writes such names. `middle_c` is how the maker
counts octaves; what only the sound can tell has `heard`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
LETTER_S = tuple(name.replace("#", "s") for name in SHARPS)
GERMAN = ("C", "Cis", "D", "Es", "E", "F", "Fis", "G", "As", "A", "B", "H")
DYNAMICS = {
    "pianissimo": 33, "piano": 49, "mezzo-piano": 64, "mezzo-forte": 80, "forte": 96, "fortissimo": 112,
    "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "soft": 49, "medium": 80, "loud": 96, "hard": 112,
}  # fmt: skip


@dataclass(frozen=True)
class File:
    """A file of a library: its path without its ending, and what it is. A scale has no pitch of its own."""

    path: str
    pitch: int | None
    velocity: int = 100


@dataclass(frozen=True)
class Scheme:
    """A library's way to name files; `heard`: names alone do not tell all of it."""

    title: str
    files: tuple[File, ...]
    heard: bool = False


def name(pitch: int, names: Sequence[str] = SHARPS, *, middle_c: int = 4) -> str:
    return f"{names[pitch % 12]}{pitch // 12 - 5 + middle_c}"


def layer(number: int, of: int) -> int:
    return round(127 * number / of)


def schemes() -> list[Scheme]:
    """All of them, the same at every call."""
    return [
        Scheme(title, tuple(files), title.endswith("*"))
        for title, files in {
            "Philharmonia": _philharmonia(),
            "Salamander": _salamander(),
            "Iowa piano": (
                File(f"Piano.{word}.{name(pitch, FLATS)}", pitch, DYNAMICS[word])
                for pitch in range(24, 108, 5)
                for word in ("pp", "mf", "ff")
            ),
            "Iowa scales": (File(f"Flute.vib.pp.C{octave}B{octave}", None) for octave in (4, 5, 6)),
            "VSCO 2 solo violin": (
                File(f"LLVln_Pizz_{name(pitch)}_{word}_RR{take}", pitch, DYNAMICS[word.lower()])
                for pitch in (55, 57, 60, 64, 67, 69, 72, 76, 79, 81)
                for word in "pf"
                for take in (1, 2)
            ),
            "VSCO 2 horn *": (
                File(f"MOHorn_sus_{name(pitch, middle_c=3)}_v{number}_1", pitch, layer(number, 3))
                for pitch in (33, 36, 39, 43, 46, 50, 53, 57, 60, 65)
                for number in (1, 2, 3)
            ),
            "VCSL recorder": (
                File(f"AltRecorder_Sus_{name(pitch)}_rr{take}_Main", pitch)
                for pitch in (53, 56, 58, 60, 62, 64, 66, 68, 70, 72, 74, 76)
                for take in (1, 2)
            ),
            "Sonatina": (
                File(f"1st-violins-piz-rr{take}-{name(pitch).lower()}", pitch)
                for pitch in range(55, 96, 3)
                for take in (1, 2)
            ),
            "VCSL zither": (
                File(f"{name(pitch)}_{word}_1", pitch, DYNAMICS[word])
                for pitch in range(37, 72, 2)
                for word in ("mf", "f", "ff")
            ),
            "Weresax *": (
                File(f"{name(pitch, FLATS, middle_c=3).lower()}_{word}_rr{take}_cnd", pitch, DYNAMICS[word])
                for pitch in range(50, 76, 3)
                for word in "pf"
                for take in (1, 2)
            ),
            "NSynth": (
                File(f"guitar_acoustic_001-{pitch:03d}-{velocity:03d}", pitch, velocity)
                for pitch in range(21, 109, 7)
                for velocity in (25, 50, 75, 100, 127)
            ),
            "SamplerBox numbers": (
                File(f"{pitch}-{velocity}", pitch, velocity) for pitch in range(36, 97, 3) for velocity in (40, 80, 127)
            ),
            "SamplerBox notes": (
                File(f"{name(pitch)}-{velocity}", pitch, velocity)
                for pitch in range(36, 97, 3)
                for velocity in (40, 80, 127)
            ),
            "autosampler, one layer": (File(f"Juno-60_{name(pitch)}", pitch) for pitch in range(24, 97, 3)),
            "autosampler, velocities": (
                File(f"Pad-{name(pitch)}-{velocity}", pitch, velocity)
                for pitch in range(24, 97, 4)
                for velocity in (64, 100, 127)
            ),
            "Kontakt": (
                File(f"Piano_{pitch:03d}_{name(pitch, middle_c=3)}_vel_{velocity}", pitch, velocity)
                for pitch in range(21, 109, 6)
                for velocity in (40, 80, 127)
            ),
            "Logic *": _logic(),
            "Volca Keys": (
                File(f"Volca Keys Poly-V127-{pitch}-{name(pitch, middle_c=3)}", pitch, 127)
                for pitch in range(29, 97, 4)
            ),
            "SampleRobot": (
                File(f"Strings_{pitch:03d}_{name(pitch)}_V{velocity:03d}_R{take}", pitch, velocity)
                for pitch in range(36, 97, 6)
                for velocity in (64, 127)
                for take in (1, 2)
            ),
            "MPC": (File(f"Pad_{name(pitch, middle_c=3)}", pitch) for pitch in range(0, 121, 6)),
            "German": (
                File(f"Klavier_{name(pitch, GERMAN)}_{word}", pitch, DYNAMICS[word])
                for pitch in range(40, 80)
                for word in ("p", "mf", "f")
            ),
            "Pianobook": (
                File(f"Felt Piano {name(pitch)} {word} RR{take}", pitch, DYNAMICS[word.lower()])
                for pitch in range(36, 97, 5)
                for word in ("Soft", "Medium", "Hard")
                for take in (1, 2)
            ),
            "Freesound": (File(f"Alto sax - {name(pitch)}", pitch) for pitch in range(49, 81, 2)),
            "Freesound, piano keys *": (
                File(f"{39148 + key}__jobro__piano-ff-{key:03d}", key + 20, 112) for key in range(9, 80, 4)
            ),
            "jRhodes *": (
                File(f"A_{pitch:03d}__{name(pitch)}_{number}", pitch, layer(number, 5))
                for pitch in (29, 35, 40, 45, 50, 55, 59, 62, 65, 71)
                for number in range(1, 6)
            ),
            "tonejs": (File(f"bassoon/{name(pitch, LETTER_S)}", pitch) for pitch in range(34, 70, 3)),
            "flats": (
                File(f"Harp {name(pitch, FLATS)} L{number}", pitch, layer(number, 3))
                for pitch in range(30, 80, 3)
                for number in (1, 2, 3)
            ),
            "folders of dynamics": (
                File(f"{word}/Celesta_{name(pitch)}", pitch, DYNAMICS[word.lower()])
                for word in ("Soft", "Loud")
                for pitch in range(60, 90, 4)
            ),
            "Yamaha piano": (
                File(f"grand_{name(pitch, middle_c=3)}_v{number}", pitch, layer(number, 2))
                for pitch in range(21, 109)
                for number in (1, 2)
            ),
            "first violins": (File(f"Vl1/Vl1_{name(pitch)}_sus", pitch) for pitch in range(55, 90, 3)),
            "FreePats": (
                File(f"{name(pitch)}v{letter}", pitch, velocity)
                for pitch in range(24, 100, 4)
                for letter, velocity in (("L", 49), ("M", 80), ("H", 96))
            ),
            "TinySOL": (
                File(
                    f"Vc-ord-{name(pitch)}-{word}-{1 + pitch % 4}c-{'N' if pitch % 3 else 'R100u'}",
                    pitch,
                    DYNAMICS[word],
                )
                for pitch in range(36, 76, 3)
                for word in ("pp", "mf", "ff")
            ),
            "ranges of velocities": (
                File(f"Keys_{name(pitch)}_{low}-{high}", pitch, high)
                for pitch in range(36, 90, 6)
                for low, high in ((1, 63), (64, 127))
            ),
            "ranges behind a v": (
                File(f"EPiano {name(pitch)} v{low}-{high}", pitch, high)
                for pitch in range(36, 90, 6)
                for low, high in ((0, 50), (51, 100), (101, 127))
            ),
            "Mellotron": (File(f"{pitch - 42:02d} {name(pitch)}", pitch) for pitch in range(43, 78)),
            "Iowa strings": (
                File(
                    f"Cello.arco.{word}.sul{'CGDA'[(pitch - 36) // 12]}.{name(pitch, FLATS)}.stereo",
                    pitch,
                    DYNAMICS[word],
                )
                for pitch in range(36, 80, 3)
                for word in ("pp", "ff")
            ),
            "pedal of an organ": (
                File(f"Pedal Bourdon {pitch:03d}-{name(pitch)}", pitch) for pitch in range(36, 67, 3)
            ),
            "minus signs": (File(f"sine {name(pitch)}", pitch) for pitch in range(5, 125, 7)),
        }.items()
    ]


def _philharmonia() -> Iterator[File]:
    for pitch in range(34, 73, 3):
        for length in ("025", "05", "1", "15", "long"):
            for word in ("pianissimo", "piano", "mezzo-piano", "mezzo-forte", "forte", "fortissimo")[pitch % 2 :: 2]:
                yield File(f"bassoon_{name(pitch, LETTER_S)}_{length}_{word}_normal", pitch, DYNAMICS[word])


def _salamander() -> Iterator[File]:
    for pitch in range(21, 109, 3):
        for number in range(1, 17):
            yield File(f"{name(pitch)}v{number}", pitch, layer(number, 16))


def _logic() -> Iterator[File]:
    chance = random.Random(1)
    for pitch in range(36, 97, 4):
        for velocity in (63, 127):
            tail = "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=4))
            yield File(f"Bells-{name(pitch, middle_c=3)}-V{velocity}-{tail}", pitch, velocity)
