"""SFZ: one text file per position, and one that morphs through all of them with the mod wheel.

The plain files use opcodes of SFZ version 1 only. The morph plays all positions at once, each faded in and out by the
controller around its place; the controller's name and initial value use version 2's `label_cc` and `set_cc`.

Source: the opcode lists of the SFZ format (sfzformat.com).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nsynth_lab.legible import encodable
from nsynth_lab.pack.formats.zones import (
    HIGHEST_VELOCITY,
    LOWEST_VELOCITY,
    PackInfo,
    PackLayer,
    PackMap,
    PackZone,
    PlannedClip,
)

MOD_WHEEL = 1
MORPH = "morph"
# opcode, its value for a zone, and the default value, which is left out
OPCODES: tuple[tuple[str, Callable[[PackZone], object], object], ...] = (
    ("lokey", lambda zone: zone.low_key, None),
    ("hikey", lambda zone: zone.high_key, None),
    ("seq_length", lambda zone: zone.takes, 1),
    ("seq_position", lambda zone: zone.take, 1),
    ("pitch_keycenter", lambda zone: zone.root, None),
    ("ampeg_release", lambda zone: f"{zone.release_seconds:.3f}", None),
    ("loop_mode", lambda zone: "loop_continuous" if zone.loop else "no_loop", None),
    ("loop_start", lambda zone: zone.loop.start if zone.loop else None, None),
    ("loop_end", lambda zone: zone.loop.end - 1 if zone.loop else None, None),
)


def sfz_files(about: PackInfo, clips: Sequence[PlannedClip]) -> list[str]:
    """The files of the format."""
    labels = list(dict.fromkeys(clip.label for clip in clips))
    return [*(_file(about, label) for label in labels), *([_file(about, MORPH)] if _can_morph(labels) else [])]


def sfz_writers(_: Path, pack: PackMap) -> dict[str, Callable[[Path], object]]:
    """What writes each of the files."""

    def text(content: str) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(encodable(content).encode("utf-8"))

    files = {_file(pack.about, layer.label): text(sfz_text(pack, layer)) for layer in pack.layers}
    morphs = _can_morph([layer.label for layer in pack.layers])
    return files | ({_file(pack.about, MORPH): text(morph_text(pack))} if morphs else {})


def sfz_text(pack: PackMap, layer: PackLayer) -> str:
    """The SFZ file of one position."""
    lines = [*_head(pack, layer.title), _global(pack), *(_region(pack, zone) for zone in layer.zones)]
    return "\n".join(lines) + "\n"


def morph_text(pack: PackMap) -> str:
    """An SFZ file with all positions of a line, crossfaded by the mod wheel."""
    start = round(127 * (pack.layers[0].place[0] + pack.layers[-1].place[0]) / 2)
    lines = [
        *_head(pack, "the mod wheel morphs"),
        f"<control> label_cc{MOD_WHEEL}=Blend set_cc{MOD_WHEEL}={start}",
        _global(pack),
    ]
    for layer, fade in zip(pack.layers, _fades([layer.place[0] for layer in pack.layers]), strict=True):
        lines.append(" ".join(["<group>", "xf_cccurve=gain", *fade]))
        lines += [_region(pack, zone) for zone in layer.zones]
    return "\n".join(lines) + "\n"


def _file(about: PackInfo, label: str) -> str:
    return f"{about.stem}_{label}.sfz"


def _can_morph(labels: Sequence[str]) -> bool:
    """Whether there are several positions on a line, which one controller can morph through."""
    return len(labels) > 1 and all(label.startswith("p") for label in labels)


def _head(pack: PackMap, title: str) -> Iterator[str]:
    for text in (f"{pack.about.title}: {title}", pack.about.author, pack.about.licence, pack.about.software):
        if text:
            yield "// " + " ".join(text.split())


def _global(pack: PackMap) -> str:
    return f"<global> ampeg_attack=0 amp_veltrack={100 * pack.tracking:.1f}"


def _region(pack: PackMap, zone: PackZone) -> str:
    values = [(name, value(zone), default) for name, value, default in OPCODES]
    opcodes = [f"{name}={value}" for name, value, default in values if value is not None and value != default]
    volume_db = zone.volume_db + pack.makeup_db(zone, lambda share: 1 - pack.tracking * (1 - share**2))
    layer = [f"{name}={value}" for name, value in _velocities(zone, pack.crossfade).items()]
    return " ".join(["<region>", f"sample={zone.file}", *layer, *opcodes, f"volume={volume_db:.2f}"])


def _velocities(zone: PackZone, fade: int) -> dict[str, object]:
    """Opcodes of the zone's velocity range; with a crossfade it overlaps its neighbours', fading in and out there."""
    low, high = zone.low_velocity, zone.high_velocity
    if not fade:
        return {"lovel": low, "hivel": high}
    rising, falling = low > LOWEST_VELOCITY, high < HIGHEST_VELOCITY
    fades: dict[str, object] = {"lovel": low - fade * rising, "hivel": high + fade * falling}
    if rising:
        fades |= {"xfin_lovel": low - fade, "xfin_hivel": low + fade - 1}
    if falling:
        fades |= {"xfout_lovel": high - fade + 1, "xfout_hivel": high + fade}
    return fades | ({"xf_velcurve": "gain"} if rising or falling else {})


def _fades(places: Sequence[float]) -> Iterator[list[str]]:
    """Opcodes that fade each of ascending `places` (0 to 1) in from its predecessor and out to its successor."""
    marks = [round(127 * place) for place in places]
    for index, mark in enumerate(marks):
        fade = []
        if index > 0:
            fade += [f"xfin_locc{MOD_WHEEL}={marks[index - 1]}", f"xfin_hicc{MOD_WHEEL}={mark}"]
        if index < len(marks) - 1:
            fade += [f"xfout_locc{MOD_WHEEL}={mark}", f"xfout_hicc{MOD_WHEEL}={marks[index + 1]}"]
        yield fade
