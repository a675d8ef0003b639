"""File names of a pack: ASCII without spaces; sorting them sorts the notes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nsynth_lab.naming import DIGEST, digest_of, is_safe, latin
from nsynth_lab.note import note_name

LONGEST = 60
_WORDS = str.maketrans({"#": "s", "&": "and", "+": "-", "/": "-", "\\": "-"})


def stem(text: str) -> str:
    """A name for every file system and sampler; a digest distinguishes names with letters that ASCII does not have.

    >>> stem("Flöte / Cello"), stem("../../etc"), stem("  "), stem("CON")
    ('Flote-Cello', 'etc', 'pack', 'CON-pack')
    >>> stem("琵琶 + 笛子"), stem("Цимбалы 2")
    ('pack-a23c55e34d', '2-c3cad2b26a')
    """
    joined = re.sub(r"[^A-Za-z0-9.]+", "-", latin(text.translate(_WORDS)))
    cut = re.sub(r"-?\.[.-]*", ".", re.sub(r"-+", "-", joined)).strip("-.")[:LONGEST].strip("-.")
    if any(letter.isalpha() and not latin(letter) for letter in text):
        return f"{cut[: LONGEST - DIGEST - 1].strip('-.') or 'pack'}-{digest_of(text)}"
    return cut if is_safe(cut) else f"{cut.replace('.', '-')}-pack".strip("-")


def position_label(place: Sequence[float]) -> str:
    """A label for a position, or for the weights of four or more sources, in hundredths; a single source is at 0.

    >>> position_label([0.25]), position_label([0.2, 1.0]), position_label([0.1, 0.2, 0.3, 0.4]), position_label([])
    ('p025', 'x020y100', 'w010-020-030-040', 'p000')
    """
    hundredths = [f"{round(100 * value):03d}" for value in place or (0.0,)]
    if len(hundredths) == 1:
        return f"p{hundredths[0]}"
    return f"x{hundredths[0]}y{hundredths[1]}" if len(hundredths) == 2 else f"w{'-'.join(hundredths)}"


def clip_file(pack_stem: str, label: str, *, note: int, velocity: int, take: int, ending: str) -> str:
    """Path of a clip within its pack; `take` is the round robin, from 1.

    >>> clip_file("Reed", "p050", note=61, velocity=80, take=1, ending=".wav")
    'Samples/p050/Reed_p050_061_Cs4_v080_rr1.wav'
    """
    name = note_name(note).replace("#", "s")
    return f"Samples/{label}/{pack_stem}_{label}_{note:03d}_{name}_v{velocity:03d}_rr{take}{ending}"
