"""Small SoundFonts, written by hand: as many presets, names, ranges and oddities as a test wants."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

PERIODS, ROOT = 100, 69
COMPRESSED = 0x10
Zone = tuple[int, int, int, int]  # lowest and highest key, softest and hardest velocity
EVERYWHERE: Zone = (0, 127, 0, 127)


@dataclass(frozen=True)
class MadePreset:
    """A preset with an instrument of its own, one zone of it for each of `zones`."""

    name: str | bytes = "Tone"
    program: int = 0
    bank: int = 0
    zones: Sequence[Zone] = (EVERYWHERE,)
    within: tuple[int, int] = (0, 127)  # keys of the preset's zone


def tone(note: int = ROOT, *, seconds: float = 0.5) -> FloatArray:
    """A steady sound of six partials."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    waves = sum(np.sin(2 * np.pi * note_to_hz(note) * order * at) / order for order in range(1, 7))
    return np.asarray(0.2 * waves, np.float32)


def write_font(path: Path, presets: Sequence[MadePreset], *, sample_kind: int = 1, compressed: bool = False) -> Path:
    """A SoundFont whose presets all play one looped A4; compressed as MuseScore does for SF3."""
    sound = tone()
    period = SAMPLE_RATE / note_to_hz(ROOT)
    loop = (round(8 * period), round((8 + PERIODS) * period))
    if compressed:
        ogg = write_audio(path.with_suffix(".ogg"), Audio(sound[None]))
        data, ends, kind = ogg.read_bytes(), (0, ogg.stat().st_size, *loop), sample_kind | COMPRESSED
    else:
        data = (sound * 32767).astype("<i2").tobytes() + bytes(92)
        ends, kind = (0, len(sound), *loop), sample_kind
    info = chunk(
        b"LIST", b"INFO" + chunk(b"ifil", struct.pack("<HH", 3 if compressed else 2, 1)) + chunk(b"INAM", b"made\0\0")
    )
    tables = _tables(presets, struct.pack("<20s5IBbHH", b"tone", *ends, SAMPLE_RATE, ROOT, 0, 0, kind))
    body = b"sfbk" + info + chunk(b"LIST", b"sdta" + chunk(b"smpl", data)) + chunk(b"LIST", b"pdta" + tables)
    path.write_bytes(chunk(b"RIFF", body))
    return path


def chunk(name: bytes, data: bytes) -> bytes:
    """A RIFF chunk, padded."""
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _tables(presets: Sequence[MadePreset], sample: bytes) -> bytes:
    rows: dict[str, list[bytes]] = {name: [] for name in ("phdr", "pbag", "pgen", "inst", "ibag", "igen")}
    for number, one in enumerate(presets):
        name = one.name.encode("utf-8") if isinstance(one.name, str) else one.name
        rows["phdr"].append(struct.pack("<20sHHHIII", name[:20], one.program, one.bank, len(rows["pbag"]), 0, 0, 0))
        rows["pbag"].append(struct.pack("<HH", len(rows["pgen"]), 0))
        rows["pgen"] += [struct.pack("<HBB", 43, *one.within), struct.pack("<HH", 41, number)]
        rows["inst"].append(struct.pack("<20sH", b"made", len(rows["ibag"])))
        for low, high, softest, hardest in one.zones:
            rows["ibag"].append(struct.pack("<HH", len(rows["igen"]), 0))
            ranges = [struct.pack("<HBB", 43, low, high), struct.pack("<HBB", 44, softest, hardest)]
            rows["igen"] += [*ranges, struct.pack("<HH", 54, 1), struct.pack("<HH", 53, 0)]
    rows["phdr"].append(struct.pack("<20sHHHIII", b"EOP", 0, 0, len(rows["pbag"]), 0, 0, 0))
    rows["inst"].append(struct.pack("<20sH", b"EOI", len(rows["ibag"])))
    for bag, generators in (("pbag", "pgen"), ("ibag", "igen")):
        rows[bag].append(struct.pack("<HH", len(rows[generators]), 0))
        rows[generators].append(bytes(4))
    chunks = {name: b"".join(rows[name]) for name in rows}
    chunks |= {"pmod": bytes(10), "imod": bytes(10), "shdr": sample + struct.pack("<20s26x", b"EOS")}
    order = ("phdr", "pbag", "pmod", "pgen", "inst", "ibag", "imod", "igen", "shdr")
    return b"".join(chunk(name.encode(), chunks[name]) for name in order)
