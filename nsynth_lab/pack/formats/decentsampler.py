"""DecentSampler: one .dspreset with a group per position, and knobs for blend, attack and release.

The blend knob sets the groups' volumes: each position is loudest at its own place on the knob and silent at its
neighbours'. If the positions are not on a line, each position has a volume knob instead.

Source: the DecentSampler Developers' Guide (decentsampler-developers-guide.readthedocs.io).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from nsynth_lab.pack.formats.zones import PackMap, PackZone

WIDTH, HEIGHT = 812, 375
KNOB_WIDTH, KNOB_Y, TEXT_SIZE = 90, 240, 16
INK = "FFFFFFFF"
LONGEST_ATTACK_SECONDS, LONGEST_RELEASE_SECONDS = 4.0, 10.0
# attribute of a sample, and its value for a zone; with None it is left out
ATTRIBUTES: tuple[tuple[str, Callable[[PackZone], object]], ...] = (
    ("path", lambda zone: zone.file),
    ("rootNote", lambda zone: zone.root),
    ("loNote", lambda zone: zone.low_key),
    ("hiNote", lambda zone: zone.high_key),
    ("loVel", lambda zone: zone.low_velocity),
    ("hiVel", lambda zone: zone.high_velocity),
    ("loopEnabled", lambda zone: "true" if zone.loop else "false"),
    ("loopStart", lambda zone: zone.loop.start if zone.loop else None),
    ("loopEnd", lambda zone: zone.loop.end - 1 if zone.loop else None),
    ("seqMode", lambda zone: "round_robin" if zone.takes > 1 else None),
    ("seqLength", lambda zone: zone.takes if zone.takes > 1 else None),
    ("seqPosition", lambda zone: zone.take if zone.takes > 1 else None),
)


def dspreset_bytes(pack: PackMap, *, background: str) -> bytes:
    """The whole file; `background` is the path of the background picture within the pack."""
    root = Element("DecentSampler", minVersion="1.6.0")
    _interface(root, pack, background)
    groups = SubElement(root, "groups")
    for layer, volume in zip(pack.layers, _initial_volumes(pack), strict=True):
        group = SubElement(
            groups, "group", name=layer.title, volume=f"{volume:.4f}", ampVelTrack=f"{pack.tracking:.4f}",
            attack="0", decay="0", sustain="1", release=f"{_release_seconds(pack):.3f}",
        )  # fmt: skip
        for zone in layer.zones:
            SubElement(group, "sample", _sample(pack, zone))
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _sample(pack: PackMap, zone: PackZone) -> dict[str, str]:
    values = [(name, value(zone)) for name, value in ATTRIBUTES]
    gain_db = zone.volume_db + pack.makeup_db(zone, lambda share: 1 - pack.tracking * (1 - share))
    return {name: str(value) for name, value in values if value is not None} | {"volume": f"{gain_db:.2f}dB"}


def _interface(root: Element, pack: PackMap, background: str) -> None:
    interface = SubElement(root, "ui", width=str(WIDTH), height=str(HEIGHT), bgImage=background, bgColor="FF101018")
    tab = SubElement(interface, "tab", name="main")
    knobs = [*_blend_knobs(pack), ("Attack", 0.0, LONGEST_ATTACK_SECONDS, _envelope("ENV_ATTACK"))]
    knobs += [("Release", _release_seconds(pack), LONGEST_RELEASE_SECONDS, _envelope("ENV_RELEASE"))]
    left = WIDTH // 2 - KNOB_WIDTH * len(knobs) // 2
    for index, (label, value, top, bindings) in enumerate(knobs):
        knob = SubElement(
            tab, "labeled-knob", x=str(max(0, left) + KNOB_WIDTH * index), y=str(KNOB_Y), width=str(KNOB_WIDTH),
            label=label, type="float", minValue="0", maxValue=f"{top:g}", value=f"{value:.4g}",
            textColor=INK, textSize=str(TEXT_SIZE),
        )  # fmt: skip
        for binding in bindings:
            SubElement(knob, "binding", binding)


def _blend_knobs(pack: PackMap) -> Iterator[tuple[str, float, float, list[dict[str, str]]]]:
    if not pack.on_a_line:
        for index, (layer, volume) in enumerate(zip(pack.layers, _initial_volumes(pack), strict=True)):
            yield layer.label, volume, 1.0, [_volume(index, "linear")]
    elif len(pack.layers) > 1:
        bindings = [_volume(index, "table", _table(pack, index)) for index in range(len(pack.layers))]
        yield "Blend", _middle(pack), 1.0, bindings


def _volume(group: int, translation: str, table: str = "") -> dict[str, str]:
    plain = {"type": "amp", "level": "group", "position": str(group), "parameter": "AMP_VOLUME"}
    return plain | {"translation": translation} | ({"translationTable": table} if table else {})


def _envelope(parameter: str) -> list[dict[str, str]]:
    return [{"type": "amp", "level": "instrument", "position": "0", "parameter": parameter}]


def _table(pack: PackMap, index: int) -> str:
    """A translation table, knob value to volume: a triangle over the position's own place."""
    places = [layer.place[0] for layer in pack.layers]
    points = {0.0: _crossfade(places, index, 0.0), 1.0: _crossfade(places, index, 1.0)}
    points |= {place: _crossfade(places, index, place) for place in places}
    return ";".join(f"{place:g},{volume:g}" for place, volume in sorted(points.items()))


def _crossfade(places: list[float], index: int, place: float) -> float:
    """Volume of position `index` of ascending `places` with the knob at `place`: 1 at its own, 0 at its neighbours'."""
    if place <= places[0] or place >= places[-1]:
        return float(index == (0 if place <= places[0] else len(places) - 1))
    above = next(number for number, other in enumerate(places) if other >= place)
    share = (place - places[above - 1]) / (places[above] - places[above - 1])
    return {above: share, above - 1: 1.0 - share}.get(index, 0.0)


def _initial_volumes(pack: PackMap) -> list[float]:
    places = [layer.place[0] for layer in pack.layers]
    if not pack.on_a_line:
        return [1.0, *[0.0] * (len(pack.layers) - 1)]
    return [_crossfade(places, index, _middle(pack)) for index in range(len(places))] if len(places) > 1 else [1.0]


def _middle(pack: PackMap) -> float:
    return (pack.layers[0].place[0] + pack.layers[-1].place[0]) / 2


def _release_seconds(pack: PackMap) -> float:
    """Release of the whole instrument, because one knob sets it: the mean of its zones' releases."""
    releases = [zone.release_seconds for layer in pack.layers for zone in layer.zones]
    return sum(releases) / len(releases)
