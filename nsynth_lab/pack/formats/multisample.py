"""Bitwig Studio and PreSonus Studio One: one .multisample per position, a zip file of multisample.xml and the clips.

Levels and loops are part of the file; envelopes and how far the level follows velocity are up to the sampler's preset.

Source: the format's description and schema by Bitwig and PreSonus (github.com/bitwig/multisample).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from nsynth_lab.legible import encodable
from nsynth_lab.pack.formats.copies import clip_as_wav, clip_name, write_zip
from nsynth_lab.pack.formats.zones import PackInfo, PackLayer, PackMap, PackZone, PlannedClip

MAP, ENDING = "multisample.xml", ".wav"


def multisample_files(about: PackInfo, clips: Sequence[PlannedClip]) -> list[str]:
    """The files of the format."""
    return [_file(about, label) for label in dict.fromkeys(clip.label for clip in clips)]


def multisample_writers(folder: Path, pack: PackMap) -> dict[str, Callable[[Path], object]]:
    """What writes each of the files, from the clips in `folder`."""

    def writer(layer: PackLayer) -> Callable[[Path], object]:
        return lambda path: write_zip(path, _members(folder, pack, layer))

    return {_file(pack.about, layer.label): writer(layer) for layer in pack.layers}


def multisample_xml(pack: PackMap, layer: PackLayer) -> bytes:
    """The map of one position."""
    root = Element("multisample", name=encodable(layer.title))
    about = pack.about
    for name, text in (
        ("generator", about.software), ("category", ""), ("creator", about.author),
        ("description", ". ".join(filter(None, (about.comment, about.licence)))),
    ):  # fmt: skip
        SubElement(root, name).text = encodable(text)
    SubElement(root, "keywords")
    levels = pack.levels_db(lambda _: 1.0)
    for zone in layer.zones:
        _sample(root, zone, levels[zone.file])
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _file(about: PackInfo, label: str) -> str:
    return f"{about.stem}_{label}.multisample"


def _members(folder: Path, pack: PackMap, layer: PackLayer) -> Iterator[tuple[str, bytes]]:
    yield MAP, multisample_xml(pack, layer)
    for zone in layer.zones:
        yield clip_name(zone.file, ENDING), clip_as_wav(folder, pack, zone)


def _sample(root: Element, zone: PackZone, gain_db: float) -> None:
    sample = SubElement(root, "sample", {
        "file": clip_name(zone.file, ENDING),
        "sample-start": "0",
        "sample-stop": str(zone.samples),
        "gain": f"{gain_db:.2f}",
        "zone-logic": "round-robin" if zone.takes > 1 else "always-play",
    })  # fmt: skip
    SubElement(
        sample, "key", root=str(zone.root), low=str(zone.low_key), high=str(zone.high_key), track="1", tune="0"
    )  # fmt: skip
    SubElement(sample, "velocity", low=str(zone.low_velocity), high=str(zone.high_velocity))
    SubElement(sample, "select")
    start, stop = (zone.loop.start, zone.loop.end) if zone.loop else (0, zone.samples)
    SubElement(sample, "loop", mode="loop" if zone.loop else "off", start=str(start), stop=str(stop), fade="0")
