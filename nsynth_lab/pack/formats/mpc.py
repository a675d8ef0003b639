"""Akai MPC: one folder per position with a keygroup program, NAME.xpm, and its clips, as the MPC wants them together.

A keygroup is a key range with four layers: velocities, or round robins of one velocity, played in turn. Where a range
has more than four of these it has several keygroups. Zones play their clips from `SliceStart` to `SliceEnd`, which is
also where a loop ends, and root keys count from 1.

The format is not published. Sources: programs saved by the MPC, and the reader and writer of ConvertWithMoss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from nsynth_lab.legible import encodable
from nsynth_lab.pack.format_table import MPC_LAYERS
from nsynth_lab.pack.formats.copies import clip_as_wav, clip_name
from nsynth_lab.pack.formats.zones import PackInfo, PackLayer, PackMap, PackZone, PlannedClip
from nsynth_lab.units import db_to_gain

FOLDER, ENDING = "MPC", ".WAV"
SHORTEST_SECONDS, LONGEST_SECONDS = 0.001, 100.0  # of an envelope's stage, on a logarithmic scale of 0 to 1
IN_TURN, BY_VELOCITY = 0, 1
NOTE_ON = 2
MIDDLE = "0.500000"
NO_SLICE = 129


def mpc_files(about: PackInfo, clips: Sequence[PlannedClip]) -> list[str]:
    """The files of the format."""
    programs = [_program(about, label) for label in dict.fromkeys(clip.label for clip in clips)]
    kept = [clip for clip in clips if clip.take <= MPC_LAYERS]
    return programs + [f"{_folder(about, clip.label)}/{clip_name(clip.file, ENDING)}" for clip in kept]


def mpc_writers(folder: Path, pack: PackMap) -> dict[str, Callable[[Path], object]]:
    """What writes each of the files, from the clips in `folder`."""

    def clip(zone: PackZone) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(clip_as_wav(folder, pack, zone))

    def program(layer: PackLayer) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(program_xml(pack, layer))

    writers: dict[str, Callable[[Path], object]] = {}
    for layer in pack.layers:
        writers[_program(pack.about, layer.label)] = program(layer)
        within = _folder(pack.about, layer.label)
        writers |= {f"{within}/{clip_name(zone.file, ENDING)}": clip(zone) for zone in _kept(layer)}
    return writers


def program_xml(pack: PackMap, layer: PackLayer) -> bytes:
    """The program of one position."""
    root = Element("MPCVObject")
    version = SubElement(root, "Version")
    for tag, text in (("File_Version", "2.1"), ("Application", "MPC-V"), ("Platform", "Linux")):
        _add(version, tag, text)
    program = SubElement(root, "Program", type="Keygroup")
    _add(program, "ProgramName", encodable(f"{pack.about.stem}_{layer.label}"))
    instruments = SubElement(program, "Instruments")
    levels = pack.levels_db(lambda share: 1 - pack.tracking * (1 - share))
    groups = list(keygroups(layer))
    for number, zones in enumerate(groups, start=1):
        _instrument(instruments, number, zones, levels, pack.tracking)
    notes = SubElement(program, "PadNoteMap")
    for pad in range(128):
        _add(SubElement(notes, "PadNote", number=str(pad + 1)), "Note", pad)
    _add(program, "KeygroupNumKeygroups", len(groups))
    _add(program, "KeygroupPitchBendRange", f"{2 / 12:.6f}")
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def keygroups(layer: PackLayer) -> Iterator[list[PackZone]]:
    """The zones of each keygroup, at most four."""
    ranges: dict[tuple[int, ...], list[PackZone]] = {}
    for zone in sorted(_kept(layer), key=lambda one: (one.root, one.velocity, one.take)):
        own = (zone.velocity,) if zone.takes > 1 else ()
        ranges.setdefault((zone.low_key, zone.high_key, *own), []).append(zone)
    for zones in ranges.values():
        yield from (zones[first : first + MPC_LAYERS] for first in range(0, len(zones), MPC_LAYERS))


def _folder(about: PackInfo, label: str) -> str:
    return f"{FOLDER}/{about.stem}_{label}"


def _program(about: PackInfo, label: str) -> str:
    return f"{_folder(about, label)}/{about.stem}_{label}.xpm"


def _kept(layer: PackLayer) -> list[PackZone]:
    return [zone for zone in layer.zones if zone.take <= MPC_LAYERS]


def _instrument(
    instruments: Element, number: int, zones: Sequence[PackZone], levels: dict[str, float], tracking: float
) -> None:  # fmt: skip
    instrument = SubElement(instruments, "Instrument", number=str(number))
    release = sum(zone.release_seconds for zone in zones) / len(zones)
    for tag, value in (
        ("Volume", _volume(0.0)), ("Pan", MIDDLE), ("TuneCoarse", 0), ("TuneFine", 0), ("LowNote", zones[0].low_key),
        ("HighNote", zones[0].high_key), ("IgnoreBaseNote", "False"), ("VelocitySensitivity", f"{tracking:.6f}"),
        ("VolumeAttack", _stage(0.0)), ("VolumeHold", _stage(0.0)), ("VolumeDecay", _stage(0.0)),
        ("VolumeSustain", "1.000000"), ("VolumeRelease", _stage(release)),
        ("ZonePlay", IN_TURN if zones[0].takes > 1 else BY_VELOCITY), ("TriggerMode", NOTE_ON),
    ):  # fmt: skip
        _add(instrument, tag, value)
    layers = SubElement(instrument, "Layers")
    for place, zone in enumerate(zones, start=1):
        _layer(layers, place, zone, levels[zone.file])


def _layer(layers: Element, place: int, zone: PackZone, level_db: float) -> None:
    layer = SubElement(layers, "Layer", number=str(place))
    start, end = (zone.loop.start, zone.loop.end) if zone.loop else (0, zone.samples)
    for tag, value in (
        ("Active", "True"), ("Volume", _volume(level_db)), ("Pan", MIDDLE), ("Pitch", "0.000000"), ("TuneCoarse", 0),
        ("TuneFine", 0), ("VelStart", zone.low_velocity), ("VelEnd", zone.high_velocity), ("SampleStart", 0),
        ("SampleEnd", 0), ("LoopStart", 0), ("LoopEnd", 0), ("LoopCrossfadeLength", 0), ("LoopTune", 0),
        ("RootNote", zone.root + 1), ("KeyTrack", "True"), ("SampleName", clip_name(zone.file, "")),
        ("SampleFile", ""), ("SliceIndex", NO_SLICE), ("Direction", 0), ("Offset", 0), ("SliceStart", 0),
        ("SliceEnd", end), ("SliceLoopStart", start), ("SliceLoop", 1 if zone.loop else 0),
        ("SliceLoopCrossFadeLength", 0),
    ):  # fmt: skip
        _add(layer, tag, value)


def _volume(level_db: float) -> str:
    """A level as the MPC has it: the root of half the gain, so that 1 is 6 dB.

    >>> _volume(0.0), _volume(-12.0)
    ('0.707107', '0.354393')
    """
    return f"{math.sqrt(db_to_gain(level_db) / 2):.6f}"


def _stage(seconds: float) -> str:
    """The length of an envelope's stage.

    >>> _stage(0.0), _stage(0.1), _stage(100.0)
    ('0.000000', '0.400000', '1.000000')
    """
    within = min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
    return f"{math.log(within / SHORTEST_SECONDS) / math.log(LONGEST_SECONDS / SHORTEST_SECONDS):.6f}"


def _add(parent: Element, tag: str, value: object) -> None:
    SubElement(parent, tag).text = str(value)
