"""read_names(stems): reads pitch, velocity and velocity layer from the file names of one folder.

It understands NSynth's own names, note names in English (C#4, Cs4, Db4) and German (Cis4, Es4, H3), MIDI numbers
(061), velocities (v100, vel_100, C3-127), layers (v1 to v16, layer2), and dynamics as letters and words (pp,
mezzo-forte, soft). Much of this is ambiguous in a single name, so names that are built alike are read as a group
(`name_groups`). What the names leave open, `resolve_names` decides by the sound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from nsynth_lab.dataset.labels import NSYNTH_NAME
from nsynth_lab.dataset.name_groups import MEANINGFUL_KINDS, NameGroup, NamingScheme, ParsedName
from nsynth_lab.dataset.name_notes import MIN_AGREEMENT, detect_spelling
from nsynth_lab.dataset.name_tokens import NameToken, join_octaves, tokenize_name


def read_name(stem: str, *, middle_c: int | None = None) -> ParsedName:
    """Read one file name without its ending, as if it were alone in its folder.

    >>> read_name("Upright_C#4_mf").pitch, read_name("Upright_C#4_mf").velocity
    (61, 80)
    >>> read_name("violin 061 v100").pitch, read_name("Pack_Oboe_C3_060_v2_rr1").layer
    (61, 2)
    >>> read_name("synth_lead_synthetic_004-036-127").nsynth
    ('synth_lead', 'synthetic', 4)
    >>> read_name("take 3")
    ParsedName(pitch=None, velocity=None, layer=None, nsynth=None, pitch_by='', count=None, doubt='')
    """
    return read_names([stem], middle_c=middle_c)[0][0]


def read_names(stems: Sequence[str], *, middle_c: int | None = None) -> list[tuple[ParsedName, NamingScheme]]:
    """Read all names of one folder (without their endings) together.

    `middle_c` is the octave number which the names' author gives to middle C, if known; otherwise the names decide,
    and if they do not it is 4.

    >>> [named.layer for named, _ in read_names(["A0v1", "A0v9", "A0v16"])]
    [1, 9, 16]
    >>> [named.pitch for named, _ in read_names(["Pad-29-F0", "Pad-31-G0"])]
    [29, 31]
    """
    names = _tokenize_all(stems)
    spelling = detect_spelling(token for tokens in names for token in tokens if token.kind == "note")
    words = {token.text for tokens in names for token in tokens if token.kind == "word"}
    leads = Counter(map(_lead, names))
    groups: dict[tuple[str, ...], list[int]] = {}
    marks: dict[str, set[int]] = {}
    for index, tokens in enumerate(names):
        if not NSYNTH_NAME.fullmatch(stems[index].lower()):
            lead = _lead(tokens) if leads[_lead(tokens)] > 1 else ""
            kinds = (token.kind for token in tokens if token.kind in MEANINGFUL_KINDS)
            groups.setdefault((lead, *kinds), []).append(index)
            marks.setdefault(lead, set()).update(token.number for token in tokens if token.kind == "velocity")
    found = [(_nsynth(stem), NamingScheme("NSynth's names")) for stem in stems]
    for (lead, *_), members in groups.items():
        group = NameGroup([names[index] for index in members], spelling, marks[lead], words, middle_c=middle_c)
        scheme = replace(group.scheme(), pack=lead)
        for index, parsed in zip(members, group.names(), strict=True):
            found[index] = (parsed, scheme)
    return found


def _tokenize_all(stems: Sequence[str]) -> list[tuple[NameToken, ...]]:
    """The tokens of every name; if no name has a note, separated letters and octaves (C 4) are read as notes."""
    names = [tokenize_name(stem) for stem in stems]
    if any(token.kind == "note" for tokens in names for token in tokens):
        return names
    apart = [tokenize_name(join_octaves(stem)) for stem in stems]
    notes = [token.text for tokens in apart for token in tokens if token.kind == "note"]
    return apart if len(notes) >= MIN_AGREEMENT * len(names) and len(set(notes)) > 1 else names


def _lead(tokens: tuple[NameToken, ...]) -> str:
    """The first word of a name, by which several packs in one folder are told apart."""
    return tokens[0].text if tokens and tokens[0].kind == "word" and tokens[0].text.isalpha() else ""


def _nsynth(stem: str) -> ParsedName:
    match = NSYNTH_NAME.fullmatch(stem.lower())
    if match is None or int(match["pitch"]) > 127 or not 1 <= int(match["velocity"]) <= 127:
        return ParsedName()
    instrument = (match["family"], match["source"], int(match["number"]))
    return ParsedName(int(match["pitch"]), int(match["velocity"]), nsynth=instrument, pitch_by="number")
