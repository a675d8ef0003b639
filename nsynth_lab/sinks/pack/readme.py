"""What a pack says of itself, in words: README.md and LICENCE.txt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nsynth_lab.note import note_name
from nsynth_lab.sinks.pack.quality import LOOPED
from nsynth_lab.sinks.pack.zones import PackMap

LOADED = (
    ("sfz", "`.sfz`: one file a position; `_morph.sfz` has them all, blended by the mod wheel"),
    ("sf2", "`.sf2`: a preset a position, program 0 and up (round robins are left out, SoundFont has none)"),
    ("decentsampler", "`.dspreset`: knobs for blend, attack and release"),
    ("wav", "`Samples/`: WAV with root key, tuning and loop in the file, for every other sampler"),
)


def readme_text(
    pack: PackMap, values: Mapping[str, Any], records: Sequence[Mapping[str, Any]], *, formats: Sequence[str]
) -> str:
    """README.md."""
    recipe = values["recipe"]
    roots = sorted({zone.root for zone in pack.layers[0].zones})
    lines = [
        f"# {pack.about.title}",
        "",
        f"{pack.about.comment}.",
        "",
        *[f"- {text}" for name, text in LOADED if name in formats],
        "",
        f"{len(records)} clips of {recipe['seconds']:g} s, {pack.sample_rate} Hz, {pack.bits} bits: "
        f"{len(pack.layers)} positions, {len(roots)} notes from {note_name(roots[0])} to {note_name(roots[-1])}, "
        f"velocities {', '.join(map(str, recipe['velocities']))}, {recipe['takes']} round robin(s).",
        *_loops(records),
        "",
        "`manifest.json` makes this pack again, bit for bit: `nsynth-lab pack --from manifest.json -o FOLDER`.",
        f"Made by {values['nsynth_lab']} of nsynth_lab with model {values['model']}, seed {recipe['seed']}.",
        "How every clip measures is in `report.html`.",
        "",
        *_credits(pack, values),
    ]
    return "\n".join(lines) + "\n"


def licence_text(pack: PackMap, values: Mapping[str, Any]) -> str:
    """LICENCE.txt: the pack's own, if it was given one, and those of its sources."""
    own = f"{pack.about.title}: {pack.about.licence}" if pack.about.licence else "This pack was given no licence."
    return "\n".join([own, *([f"By {pack.about.author}."] if pack.about.author else []), "", *_credits(pack, values)])


def _loops(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for record in records:
        word = str(record["quality"]["loop"])
        counts[word] = counts.get(word, 0) + 1
    looped = counts.pop(LOOPED, 0)
    reasons = ", ".join(f"{count} ({word})" for word, count in counts.items())
    yield f"{looped} clips are looped" + (f"; not looped: {reasons}." if reasons else ".")


def _credits(pack: PackMap, values: Mapping[str, Any]) -> Iterator[str]:
    if pack.about.author or pack.about.licence:
        yield "By " + (pack.about.author or "an unnamed author") + f", {pack.about.licence or 'no licence given'}."
    yield "Sources:"
    for source in values["sources"]:
        about = ", ".join(str(source[key]) for key in ("licence", "attribution") if source.get(key))
        yield f"- {source['name']}" + (f": {about}" if about else "")
