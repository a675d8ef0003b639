"""Ableton Live: a Sampler preset per position, and its clips, in the folders of Live's User Library.

    Ableton/
      Presets/Instruments/Sampler/NAME.adv    compressed XML
      Samples/Imported/PACK/...               the clips, which the presets find relative to the User Library

What lies in `Ableton` is copied into the User Library. The file is one of Live 11, which Live 12 reads; with round
robins, which Live 11 does not have, it is one of Live 12. What of Sampler is not used is switched off.

The format is not published. Sources: presets that Live has saved, and the reader and writer of ConvertWithMoss.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from nsynth_lab.legible import encodable
from nsynth_lab.pack.formats.copies import clip_as_wav, clip_name
from nsynth_lab.pack.formats.zones import PackInfo, PackLayer, PackMap, PackZone, PlannedClip
from nsynth_lab.units import db_to_gain

FOLDER, ENDING = "Ableton", ".wav"
PRESETS, SAMPLES = "Presets/Instruments/Sampler", "Samples/Imported"
USER_LIBRARY = 6  # what a path is relative to
LIVE_11 = {"MinorVersion": "11.0_11300", "Creator": "Ableton Live 11.3.22"}
LIVE_12 = {"MinorVersion": "12.0_12203", "Creator": "Ableton Live 12.2.7"}
NO_LOOP, FORWARD = 0, 1
NO_RELEASE_LOOP = 3
WHOLE_TUNE = 100
VOICES = 11
SHORTEST_MS, LONGEST_MS = 1.0, 60_000.0
SILENT = 0.0003162277571


def ableton_files(about: PackInfo, clips: Sequence[PlannedClip]) -> list[str]:
    """The files of the format."""
    presets = [_preset(about, label) for label in dict.fromkeys(clip.label for clip in clips)]
    return presets + [f"{FOLDER}/{_clip(about, clip.file)}" for clip in clips]


def ableton_writers(folder: Path, pack: PackMap) -> dict[str, Callable[[Path], object]]:
    """What writes each of the files, from the clips in `folder`."""

    def clip(zone: PackZone) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(clip_as_wav(folder, pack, zone))

    def preset(layer: PackLayer) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(_compressed(preset_xml(pack, layer)))

    writers = {_preset(pack.about, layer.label): preset(layer) for layer in pack.layers}
    clips = {
        f"{FOLDER}/{_clip(pack.about, zone.file)}": clip(zone) for layer in pack.layers for zone in layer.zones
    }  # fmt: skip
    return writers | clips


def preset_xml(pack: PackMap, layer: PackLayer) -> bytes:
    """The preset of one position, before it is compressed."""
    in_turn = any(zone.takes > 1 for zone in layer.zones)
    root = Element("Ableton", {"MajorVersion": "5", "SchemaChangeCount": "3", **(LIVE_12 if in_turn else LIVE_11)})
    sampler = SubElement(root, "MultiSampler")
    _set(sampler, "LomId", 0)
    _parameter(sampler, "On", True)
    reference = SubElement(SubElement(SubElement(sampler, "LastPresetRef"), "Value"), "FilePresetRef", Id="0")
    _file_reference(reference, f"{PRESETS}/{Path(_preset(pack.about, layer.label)).name}")
    _set(sampler, "UserName", encodable(layer.title))
    _set(sampler, "Annotation", encodable(". ".join(filter(None, (pack.about.comment, pack.about.licence)))))
    player = SubElement(sampler, "Player")
    mapped = SubElement(player, "MultiSampleMap")
    parts = SubElement(mapped, "SampleParts")
    levels = pack.levels_db(lambda share: 1 - pack.tracking * (1 - share))
    for number, zone in enumerate(layer.zones):
        _part(parts, number, zone, pack, levels[zone.file])
    _set(mapped, "LoadInRam", False)
    _set(mapped, "LayerCrossfade", 0)
    if in_turn:
        for name, value in (("RoundRobin", True), ("RoundRobinMode", 0), ("RoundRobinResetPeriod", 0)):
            _set(mapped, name, value)
    _parameter(player, "Reverse", False)
    _parameter(player, "Snap", False)
    _switched_off(player, "SubOsc")
    _set(player, "InterpolationMode", 1)
    _set(player, "UseConstPowCrossfade", True)
    pitch = SubElement(sampler, "Pitch")
    _parameter(pitch, "TransposeKey", 0, -48, 48)
    _parameter(pitch, "TransposeFine", 0, -50, 50)
    _switched_off(pitch, "Envelope")
    for name in ("Filter", "Shaper"):
        _switched_off(sampler, name)
    _volume(sampler, pack, layer)
    for name in ("AuxEnv", "Lfo", "AuxLfos.0", "AuxLfos.1"):
        _switched_off(sampler, name)
    _globals(sampler)
    ElementTree.indent(root, "\t")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + bytes(ElementTree.tostring(root, encoding="utf-8")) + b"\n"


def _preset(about: PackInfo, label: str) -> str:
    return f"{FOLDER}/{PRESETS}/{about.stem}_{label}.adv"


def _clip(about: PackInfo, file: str) -> str:
    return f"{SAMPLES}/{about.stem}/{clip_name(file, ENDING)}"


def _compressed(content: bytes) -> bytes:
    """The content compressed, with no date and no name: the same content gives the same bytes."""
    file = io.BytesIO()
    with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as compressed:
        compressed.write(content)
    return file.getvalue()


def _part(parts: Element, number: int, zone: PackZone, pack: PackMap, level_db: float) -> None:
    part = SubElement(parts, "MultiSamplePart", Id=str(number))
    path = _clip(pack.about, zone.file)
    _set(part, "LomId", 0)
    _set(part, "Name", clip_name(zone.file, ""))
    for name, is_on in (("Selection", True), ("IsActive", True), ("Solo", False)):
        _set(part, name, is_on)
    _range(part, "KeyRange", zone.low_key, zone.high_key)
    _range(part, "VelocityRange", zone.low_velocity, zone.high_velocity)
    _range(part, "SelectorRange", 0, 127)
    for name, value in (
        ("RootKey", zone.root), ("Detune", 0), ("TuneScale", WHOLE_TUNE), ("Panorama", 0),
        ("Volume", f"{db_to_gain(level_db):.6f}"), ("Link", False), ("SampleStart", 0), ("SampleEnd", zone.samples),
    ):  # fmt: skip
        _set(part, name, value)
    start, end = (zone.loop.start, zone.loop.end) if zone.loop else (0, zone.samples)
    _loop(part, "SustainLoop", start, end, FORWARD if zone.loop else NO_LOOP)
    _loop(part, "ReleaseLoop", 0, zone.samples, NO_RELEASE_LOOP)
    sample = SubElement(part, "SampleRef")
    _file_reference(sample, path)
    for name, value in (
        ("LastModDate", 0), ("SampleUsageHint", 0), ("DefaultDuration", zone.samples),
        ("DefaultSampleRate", pack.sample_rate),
    ):  # fmt: skip
        _set(sample, name, value)


def _file_reference(parent: Element, path: str) -> None:
    reference = SubElement(parent, "FileRef")
    for name, value in (
        ("RelativePathType", USER_LIBRARY), ("RelativePath", path), ("Path", f"/{path}"), ("Type", 1),
        ("LivePackName", ""), ("LivePackId", ""), ("OriginalFileSize", 0), ("OriginalCrc", 0),
    ):  # fmt: skip
        _set(reference, name, value)


def _range(part: Element, name: str, low: int, high: int) -> None:
    element = SubElement(part, name)
    for edge, value in (("Min", low), ("Max", high), ("CrossfadeMin", low), ("CrossfadeMax", high)):
        _set(element, edge, value)


def _loop(part: Element, name: str, start: int, end: int, mode: int) -> None:
    loop = SubElement(part, name)
    for edge, value in (("Start", start), ("End", end), ("Mode", mode), ("Crossfade", 0), ("Detune", 0)):
        _set(loop, edge, value)


def _volume(sampler: Element, pack: PackMap, layer: PackLayer) -> None:
    """How far velocity changes the level, and an envelope that is on and off with the key."""
    releases = [zone.release_seconds for zone in layer.zones]
    release_ms = min(max(1000.0 * sum(releases) / len(releases), SHORTEST_MS), LONGEST_MS)
    volume = SubElement(sampler, "VolumeAndPan")
    _parameter(volume, "Volume", 0.0, -36, 36)
    _parameter(volume, "VolumeVelScale", round(pack.tracking, 4), 0, 1)
    envelope = SubElement(volume, "Envelope")
    for name, value, low, high in (
        ("AttackTime", 0.1, 0.1, 20_000), ("AttackLevel", SILENT, SILENT, 1), ("AttackSlope", 0, -1, 1),
        ("DecayTime", SHORTEST_MS, SHORTEST_MS, LONGEST_MS), ("DecayLevel", 1, SILENT, 1), ("DecaySlope", 1, -1, 1),
        ("SustainLevel", 1, SILENT, 1), ("ReleaseTime", round(release_ms, 3), SHORTEST_MS, LONGEST_MS),
        ("ReleaseLevel", SILENT, SILENT, 1), ("ReleaseSlope", 1, -1, 1),
    ):  # fmt: skip
        _parameter(envelope, name, value, low, high)


def _globals(sampler: Element) -> None:
    settings = SubElement(sampler, "Globals")
    for name, value in (
        ("NumVoices", VOICES), ("RetriggerMode", True), ("PitchBendRange", 2), ("MpePitchBendRange", 48),
        ("IsSimpler", False), ("PlaybackMode", 0), ("LegacyMode", False),
    ):  # fmt: skip
        _set(settings, name, value)


def _switched_off(parent: Element, name: str) -> None:
    """A part of Sampler that can be loaded into a slot, and is not."""
    part = SubElement(parent, name)
    _parameter(part, "IsOn", False)
    SubElement(SubElement(part, "Slot"), "Value")


def _parameter(parent: Element, name: str, value: object, low: float = 64, high: float = 127) -> None:
    """A parameter that can be automated and mapped; a switch has the borders of a controller."""
    parameter = SubElement(parent, name)
    _set(parameter, "LomId", 0)
    _set(parameter, "Manual", value)
    borders = SubElement(parameter, "MidiCCOnOffThresholds" if isinstance(value, bool) else "MidiControllerRange")
    _set(borders, "Min", low)
    _set(borders, "Max", high)
    _set(SubElement(parameter, "AutomationTarget", Id="0"), "LockEnvelope", 0)


def _set(parent: Element, name: str, value: object) -> None:
    SubElement(parent, name, Value=str(value).lower() if isinstance(value, bool) else str(value))
