"""SoundFont 2.04: one file with one preset per position, written in one pass over the clips.

    RIFF sfbk
      LIST INFO    version, engine, names, author, licence
      LIST sdta    smpl: the upper 16 bits of every clip; sm24: the lower 8 bits, in a pack of 24 bits
      LIST pdta    tables of records: presets -> instruments -> zones -> sample headers

Each table ends with a terminal record that says where the next one would begin. SoundFont has no round robins: only the
first is written. A zone's own level is applied to its samples; how far it follows velocity is set by a modulator.

Source: SoundFont Technical Specification 2.04 (Creative, 2006).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.errors import PackError
from nsynth_lab.pack.formats.wav import chunk, packed, pcm, read_clip_samples
from nsynth_lab.pack.formats.zones import PackInfo, PackMap, PackZone, PlannedClip
from nsynth_lab.units import FloatArray, db_to_gain

ReadClip = Callable[[str], FloatArray]

ZEROS = 46  # silent samples after each clip, as the specification demands
MOST_BYTES = 2**32 - 2**20
LAYOUT = {
    "phdr": "<20sHHHIII", "pbag": "<HH", "pmod": "<HHhHH", "pgen": "<HH", "inst": "<20sH", "ibag": "<HH",
    "imod": "<HHhHH", "igen": "<HH", "shdr": "<20sIIIIIBbHH",
}  # fmt: skip
KEY_RANGE, VELOCITY_RANGE, SAMPLE_MODES, ROOT_KEY, FINE_TUNE, RELEASE, INSTRUMENT, SAMPLE_ID = (
    43, 44, 54, 58, 52, 38, 41, 53,
)  # fmt: skip
ATTENUATION, VELOCITY_CONCAVE_DOWN, FULL_CENTIBELS = 48, 0x0502, 960
MONO, RIGHT, LEFT = 1, 2, 4
PAN, SIDE = 17, 500


@dataclass(frozen=True)
class PlacedChannel:
    """One channel of a zone, and where its samples start in the sample data."""

    zone: PackZone
    name: str
    start: int
    channel: int = 0


def sf2_files(about: PackInfo, _: Sequence[PlannedClip]) -> list[str]:
    """The files of the format."""
    return [f"{about.stem}.sf2"]


def sf2_writers(folder: Path, pack: PackMap) -> dict[str, Callable[[Path], object]]:
    """What writes each of the files, from the clips in `folder`."""
    return {f"{pack.about.stem}.sf2": lambda path: write_sf2(path, pack, lambda file: read_clip_samples(folder, file))}


def write_sf2(path: Path, pack: PackMap, read: ReadClip) -> Path:
    """Write the file; `read` returns the samples [channels, samples] of a clip.

    Raises:
        PackError: more sound than a SoundFont can hold.
    """
    placed = [list(zones) for zones in _placed(pack)]
    last = placed[-1][-1]
    total = last.start + last.zone.samples + ZEROS
    if total * (pack.bits // 8) > MOST_BYTES:
        raise PackError(f"{path.name}: {total:,} samples are more than a SoundFont holds (4 GiB): leave sf2 out")
    info, tables = _info(pack), _tables(pack, placed)
    low = total + total % 2 if pack.bits == 24 else 0
    data = 4 + (8 + 2 * total) + (8 + low if low else 0)
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 4 + len(info) + 8 + data + len(tables)) + b"sfbk" + info)
        file.write(b"LIST" + struct.pack("<I", data) + b"sdta")
        _write_samples(file, pack, placed, read, total)
        file.write(tables)
    return path


def _placed(pack: PackMap) -> Iterator[Iterator[PlacedChannel]]:
    start = 0
    for layer in pack.layers:
        zones = []
        for zone in layer.zones:
            if zone.take == 1:
                name = f"{layer.label} {zone.root:03d} v{zone.velocity:03d}"
                for channel in range(zone.channels):
                    side = "LR"[channel] if zone.channels == 2 else ""
                    zones.append(PlacedChannel(zone, name + side, start, channel))
                    start += zone.samples + ZEROS
        yield iter(zones)


def _write_samples(
    file: BinaryIO, pack: PackMap, placed: Sequence[Sequence[PlacedChannel]], read: ReadClip, total: int
) -> None:
    """Write `smpl` and then, reading the clips again, `sm24`."""
    file.write(b"smpl" + struct.pack("<I", 2 * total))
    for values in _values(pack, placed, read):
        file.write(packed(values >> (pack.bits - 16), bits=16))
    if pack.bits == 24:
        file.write(b"sm24" + struct.pack("<I", total))
        for values in _values(pack, placed, read):
            file.write((values & 0xFF).astype(np.uint8).tobytes())
        file.write(b"\0" * (total % 2))


def _values(pack: PackMap, placed: Sequence[Sequence[PlacedChannel]], read: ReadClip) -> Iterator[NDArray[np.int32]]:
    """The samples of each clip, at its zone's level relative to the loudest zone, with the silence after it."""
    levels = [_level_db(pack, one.zone) for zones in placed for one in zones]
    for one, level_db in zip((one for zones in placed for one in zones), levels, strict=True):
        samples = read(one.zone.file)[one.channel] * np.float32(db_to_gain(level_db - max(levels)))
        yield np.pad(pcm(samples, bits=pack.bits), (0, ZEROS))


def _level_db(pack: PackMap, zone: PackZone) -> float:
    """The zone's own level, plus what the sampler takes away at the velocity the clip was made for."""
    return zone.volume_db + pack.makeup_db(zone, lambda share: share ** (2.0 * pack.tracking))


def _tracking_centibels(pack: PackMap) -> int:
    return round(pack.tracking * FULL_CENTIBELS)


def _info(pack: PackMap) -> bytes:
    about = pack.about
    texts = (
        (b"isng", "EMU8000"), (b"INAM", about.title), (b"IENG", about.author), (b"IPRD", "nsynth_lab"),
        (b"ICOP", about.licence), (b"ICMT", about.comment), (b"ISFT", about.software),
    )  # fmt: skip
    chunks = [chunk(b"ifil", struct.pack("<HH", 2, 4))]
    chunks += [chunk(name, _text(text)) for name, text in texts if text]
    return chunk(b"LIST", b"INFO" + b"".join(chunks))


def _text(text: str) -> bytes:
    """At most 256 bytes, ended by one or two zeros so that the length is even."""
    cut = text.encode("ascii", "replace")[:254]
    return cut + b"\0" * (2 - len(cut) % 2)


def _tables(pack: PackMap, placed: Sequence[Sequence[PlacedChannel]]) -> bytes:
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in LAYOUT}
    samples = 0
    for number, (layer, zones) in enumerate(zip(pack.layers, placed, strict=True)):
        rows["phdr"].append((_name(layer.title), number % 128, number // 128, len(rows["pbag"]), 0, 0, 0))
        rows["pbag"].append((len(rows["pgen"]), 0))
        rows["pgen"].append((INSTRUMENT, number))
        rows["inst"].append((_name(layer.title), len(rows["ibag"])))
        rows["ibag"].append((len(rows["igen"]), len(rows["imod"])))
        rows["imod"].append((VELOCITY_CONCAVE_DOWN, ATTENUATION, _tracking_centibels(pack), 0, 0))
        for one in zones:
            rows["ibag"].append((len(rows["igen"]), len(rows["imod"])))
            rows["igen"] += _generators(one, samples)
            rows["shdr"].append(_header(one, samples, pack.sample_rate))
            samples += 1
    rows["phdr"].append((b"EOP", 0, 0, len(rows["pbag"]), 0, 0, 0))
    rows["pbag"].append((len(rows["pgen"]), 0))
    rows["inst"].append((b"EOI", len(rows["ibag"])))
    rows["ibag"].append((len(rows["igen"]), len(rows["imod"])))
    rows["shdr"].append((b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0))
    for name in ("pmod", "imod"):
        rows[name].append((0, 0, 0, 0, 0))
    for name in ("pgen", "igen"):
        rows[name].append((0, 0))
    if max(len(table) for table in rows.values()) > 2**16:
        raise PackError("more zones than a SoundFont holds (65,536 records a table): leave sf2 out of --formats")
    tables = [
        chunk(name.encode(), b"".join(struct.pack(layout, *row) for row in rows[name]))
        for name, layout in LAYOUT.items()
    ]
    return chunk(b"LIST", b"pdta" + b"".join(tables))


def _generators(one: PlacedChannel, sample: int) -> list[tuple[object, ...]]:
    """The zone's generators; the format demands the ranges first and the sample last."""
    zone = one.zone
    side = (SIDE if one.channel else -SIDE) & 0xFFFF
    return [
        (KEY_RANGE, zone.low_key | zone.high_key << 8),
        (VELOCITY_RANGE, zone.low_velocity | zone.high_velocity << 8),
        *([(PAN, side)] if zone.channels == 2 else []),
        (RELEASE, round(1200 * math.log2(zone.release_seconds)) & 0xFFFF),
        (SAMPLE_MODES, 1 if zone.loop else 0),
        (SAMPLE_ID, sample),
    ]


def _header(one: PlacedChannel, number: int, sample_rate: int) -> tuple[object, ...]:
    """Sample header `number`; the headers of a clip's two channels are neighbours and refer to each other."""
    zone, start = one.zone, one.start
    loop = (zone.loop.start, zone.loop.end) if zone.loop else (0, 0)
    ends = (start, start + zone.samples, start + loop[0], start + loop[1])
    correction_cents = 0
    return (_name(one.name), *ends, sample_rate, zone.root, correction_cents, *_side(one, number))


def _side(one: PlacedChannel, number: int) -> tuple[int, int]:
    """(header number of the other channel, which channel this is)."""
    if one.zone.channels == 1:
        return 0, MONO
    return (number - 1, RIGHT) if one.channel else (number + 1, LEFT)


def _name(text: str) -> bytes:
    return text.encode("ascii", "replace")[:19]
