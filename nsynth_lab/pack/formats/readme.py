"""README.md and LICENCE.txt of a pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nsynth_lab.note import note_name
from nsynth_lab.pack.formats.preset_words import preset_lines
from nsynth_lab.pack.formats.zones import PackMap
from nsynth_lab.pack.quality import LOOPED
from nsynth_lab.patch.preset_file import parse_preset


def readme_text(
    pack: PackMap, values: Mapping[str, Any], records: Sequence[Mapping[str, Any]], *, formats: Sequence[str]
) -> str:
    """README.md."""
    recipe = values["recipe"]
    loaded = {name: text for name, text in _loaded(pack) if name in formats}
    lines = [
        f"# {pack.about.title}",
        "",
        f"{pack.about.comment}.",
        "",
        *[f"- {text}" for text in loaded.values()],
        "",
        *_clips(pack, recipe, records),
        *_loops(records),
        "",
        *(_preset(recipe, records) if recipe.get("preset") else ()),
        "`manifest.json` makes this pack again, bit for bit: `nsynth-lab pack --from manifest.json -o FOLDER`.",
        f"Made by {values['nsynth_lab']} of nsynth_lab with model {values['model']}, seed {recipe['seed']}.",
        "`report.html` has the measurements of every clip.",
        "",
        *_credits(pack, values),
    ]
    return "\n".join(lines) + "\n"


def _loaded(pack: PackMap) -> Iterator[tuple[str, str]]:
    """(format, one line on its files) for every format."""
    several = len(pack.layers) > 1
    takes = max(zone.takes for layer in pack.layers for zone in layer.zones)
    morph = "; `_morph.sfz` has them all, blended by the mod wheel" if pack.on_a_line else ""
    yield "sfz", f"`.sfz`: one file per position{morph}" if several else "`.sfz`: for sfizz and other SFZ players"
    without = " (without round robins, which SoundFont does not have)" if takes > 1 else ""
    yield "sf2", ("`.sf2`: one preset per position, from program 0 up" if several else "`.sf2`: one preset") + without
    yield "decentsampler", f"`.dspreset`: knobs for {'blend, ' if several else ''}attack and release"
    each = ", one file per position" if several else ""
    yield "multisample", f"`.multisample`: for Bitwig Studio and Studio One{each}"
    velocities = len({zone.velocity for layer in pack.layers for zone in layer.zones}) > 1
    reduced = " (with the loudest velocity alone)" if velocities else ""
    yield "op-xy", f"`OP-XY/`: `.preset` folders for `presets` on the device{reduced}"
    yield "renoise", f"`.xrni`: for Renoise and Redux{each}"
    live = " 12" if takes > 1 else " 11 and later"
    yield "ableton", f"`Ableton/`: presets for Sampler of Live{live}; copy what is in it into Live's User Library"
    yield "mpc", "`MPC/`: keygroup programs for Akai's MPC, in folders with their clips"
    yield "wav", "`Samples/`: WAV files with root key and loop, for every other sampler"


def _clips(pack: PackMap, recipe: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Number and length of the clips, their notes, velocities and key ranges."""
    zones = [zone for layer in pack.layers for zone in layer.zones]
    roots, lengths = sorted({zone.root for zone in zones}), [zone.samples / pack.sample_rate for zone in zones]
    long = f"{min(lengths):.3g}" + (f" to {max(lengths):.3g}" if max(lengths) - min(lengths) > 0.05 else "")
    positions = f"{len(pack.layers)} positions" if len(pack.layers) > 1 else "one position"
    takes = f", {recipe['takes']} round robins" if recipe["takes"] > 1 else ""
    yield f"{len(records)} clips of {long} s, {pack.sample_rate} Hz, {pack.bits} bits, in tune at their root keys:"
    yield (
        f"{positions}, {_counted(len(roots), 'note')} from {note_name(roots[0])} to {note_name(roots[-1])}, "
        f"{'velocities' if len(recipe['velocities']) > 1 else 'velocity'} "
        f"{', '.join(map(str, recipe['velocities']))}{takes}."
    )
    low, high = min(zone.low_key for zone in zones), max(zone.high_key for zone in zones)
    yield f"Keys {note_name(low)} to {note_name(high)} play at all velocities, each with the nearest clip."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def _preset(recipe: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    troubles = sorted({trouble for record in records for trouble in record.get("troubles", ())})
    yield from preset_lines(parse_preset(recipe["preset"]), recipe["positions"], troubles)
    yield ""


def licence_text(pack: PackMap, values: Mapping[str, Any]) -> str:
    """LICENCE.txt: the pack's own licence, if it has one, and those of its sources."""
    own = f"{pack.about.title}: {pack.about.licence}" if pack.about.licence else "This pack has no licence of its own."
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
