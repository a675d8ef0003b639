"""Renoise: one .xrni per position, a zip file of Instrument.xml and the clips as FLAC, numbered in the map's order.

The format is that of Renoise 3.3, which later versions and Redux read. Renoise has keys 0 to 119: what lies above is
left out. Round robins are zones that overlap, played in turn. An instrument's velocity acts on its level wholly or not
at all; whichever is nearer to the pack is written.

Sources: instruments that Renoise has saved; the Lua reference of its samples and mappings (github.com/renoise/xrnx).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.legible import encodable
from nsynth_lab.pack.format_table import RENOISE_HIGHEST_KEY
from nsynth_lab.pack.formats.copies import clip_name, write_zip
from nsynth_lab.pack.formats.wav import read_clip_samples
from nsynth_lab.pack.formats.zones import PackInfo, PackLayer, PackMap, PackZone, PlannedClip
from nsynth_lab.units import db_to_gain

DOCUMENT_VERSION = "33"
MAP = "Instrument.xml"
LONGEST_SECONDS = 60.0  # of an envelope's stage; its value is the cube root of its share of these
FOLLOWS = 0.25  # tracking from which velocity acts on the level
MIDDLE = 0.5


def renoise_files(about: PackInfo, clips: Sequence[PlannedClip]) -> list[str]:
    """The files of the format."""
    return [_file(about, label) for label in dict.fromkeys(clip.label for clip in clips)]


def renoise_writers(folder: Path, pack: PackMap) -> dict[str, Callable[[Path], object]]:
    """What writes each of the files, from the clips in `folder`."""

    def writer(layer: PackLayer) -> Callable[[Path], object]:
        return lambda path: write_zip(path, _members(folder, pack, layer))

    return {_file(pack.about, layer.label): writer(layer) for layer in pack.layers}


def instrument_xml(pack: PackMap, layer: PackLayer) -> bytes:
    """The map of one position."""
    root = Element("RenoiseInstrument", doc_version=DOCUMENT_VERSION)
    about = pack.about
    _add(root, "Name", encodable(layer.title))
    properties = SubElement(root, "GlobalProperties", type="InstrumentGlobalProperties")
    _add(properties, "Volume", "1.0")
    comments = SubElement(properties, "Comments")
    for line in filter(None, (about.comment, about.author, about.licence, about.software)):
        _add(comments, "Comment", encodable(line))
    generator = SubElement(root, "SampleGenerator")
    samples = SubElement(generator, "Samples", type="SampleList")
    levels = pack.levels_db((lambda share: share) if _follows(pack) else (lambda _: 1.0))
    for zone in _kept(layer):
        _sample(samples, zone, levels[zone.file], follows=_follows(pack))
    _envelope(SubElement(generator, "ModulationSets"), layer)
    in_turn = any(zone.takes > 1 for zone in layer.zones)
    _add(generator, "KeyzoneOverlappingMode", "Cycle" if in_turn else "Play All")
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _file(about: PackInfo, label: str) -> str:
    return f"{about.stem}_{label}.xrni"


def _kept(layer: PackLayer) -> list[PackZone]:
    return [zone for zone in layer.zones if zone.low_key <= RENOISE_HIGHEST_KEY]


def _follows(pack: PackMap) -> bool:
    return pack.tracking >= FOLLOWS


def _members(folder: Path, pack: PackMap, layer: PackLayer) -> Iterator[tuple[str, bytes]]:
    yield MAP, instrument_xml(pack, layer)
    width = max(2, len(str(len(_kept(layer)))))
    for number, zone in enumerate(_kept(layer)):
        yield f"SampleData/Sample{number:0{width}d} ({clip_name(zone.file, '')}).flac", _flac(folder, pack, zone)


def _flac(folder: Path, pack: PackMap, zone: PackZone) -> bytes:
    if zone.file.endswith(".flac"):
        return (folder / zone.file).read_bytes()
    sound = Audio(read_clip_samples(folder, zone.file), pack.sample_rate)
    with TemporaryDirectory() as within:
        return write_audio(Path(within, "clip.flac"), sound, subtype=f"PCM_{pack.bits}").read_bytes()


def _sample(samples: Element, zone: PackZone, gain_db: float, *, follows: bool) -> None:
    sample = SubElement(samples, "Sample")
    name = clip_name(zone.file, "")
    transpose = min(RENOISE_HIGHEST_KEY - zone.root, 0)
    start, end = (zone.loop.start, zone.loop.end) if zone.loop else (0, zone.samples)
    for tag, value in (
        ("Name", name), ("FileName", name), ("Volume", f"{db_to_gain(gain_db):.6f}"), ("Panning", MIDDLE),
        ("Transpose", transpose), ("Finetune", 0), ("NewNoteAction", "NoteOff"), ("InterpolationMode", "Sinc"),
        ("LoopMode", "Forward" if zone.loop else "Off"), ("LoopRelease", "false"), ("LoopStart", start),
        ("LoopEnd", end), ("ModulationSetIndex", 0),
    ):  # fmt: skip
        _add(sample, tag, value)
    mapping = SubElement(sample, "Mapping")
    for tag, value in (
        ("Layer", "Note-On Layer"), ("BaseNote", zone.root + transpose), ("NoteStart", zone.low_key),
        ("NoteEnd", min(zone.high_key, RENOISE_HIGHEST_KEY)), ("MapKeyToPitch", "true"),
        ("VelocityStart", zone.low_velocity), ("VelocityEnd", zone.high_velocity),
        ("MapVelocityToVolume", "true" if follows else "false"),
    ):  # fmt: skip
        _add(mapping, tag, value)


def _envelope(sets: Element, layer: PackLayer) -> None:
    """One modulation for all samples: on and off with the key, with the mean of the zones' releases."""
    releases = [zone.release_seconds for zone in layer.zones]
    one = SubElement(sets, "ModulationSet")
    _add(one, "SelectedPresetName", "Init")
    _add(one, "SelectedPresetLibrary", "Bundled Content")
    _add(one, "SelectedPresetIsModified", "true")
    devices = SubElement(one, "Devices")
    mixer = _device(devices, "SampleMixerModulationDevice")
    for tag, level in (("Volume", 1.0), ("Panning", 0.0), ("Pitch", 0.0)):
        _parameter(mixer, tag, level)
    _add(mixer, "PitchModulationRange", 12)
    for tag, level in (("Cutoff", 64.0), ("Resonance", 64.0), ("Drive", 0.0)):
        _parameter(mixer, tag, level)
    stages = _device(devices, "SampleAhdsrModulationDevice")
    for tag, text in (("Target", "Volume"), ("Operator", "*"), ("Bipolar", "false"), ("TempoSynced", "false")):
        _add(stages, tag, text)
    release = min(sum(releases) / len(releases) / LONGEST_SECONDS, 1.0) ** (1 / 3)
    for tag, level in (("Attack", 0.0), ("Hold", 0.0), ("Decay", 0.0), ("Sustain", 1.0), ("Release", release)):
        _parameter(stages, tag, level)
    _add(one, "Name", "Set 1")
    _add(one, "FilterType", 0)
    _add(one, "FilterBankVersion", 3)


def _device(devices: Element, kind: str) -> Element:
    device = SubElement(devices, kind, type=kind)
    _parameter(device, "IsActive", 1.0)
    return device


def _parameter(device: Element, tag: str, value: float) -> None:
    parameter = SubElement(device, tag)
    _add(parameter, "Value", f"{value:.6f}")
    _add(parameter, "Visualization", "Device only")


def _add(parent: Element, tag: str, value: object) -> None:
    SubElement(parent, tag).text = str(value)
