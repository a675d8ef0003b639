"""What the tests read packs with: other people's engines, and small readers of our own where there is none."""

from __future__ import annotations

import importlib.util
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from nsynth_lab.dsp.pitch import instantaneous_hz, track_cents, tracked_orders
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, note_to_hz


def need_module(name: str) -> None:
    """Skip where a reader of other people's is not installed."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed (scripts/setup installs it where it can)")


def need_program(name: str, package: str = "") -> None:
    """Skip where a program is not installed."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed (apt-get install {package or name})")


def cents_off(samples: FloatArray, key: int, *, begin_seconds: float, end_seconds: float) -> float:
    """Mean distance from `key` in cents, between two times."""
    hz = note_to_hz(float(key))
    places = tracked_orders(hz)
    found, power = instantaneous_hz(np.asarray(samples, np.float32), f0_hz=hz, places=places)
    frames = slice(*(round(seconds * SAMPLE_RATE / HOP_SAMPLES) for seconds in (begin_seconds, end_seconds)))
    return float(track_cents(found, power, f0_hz=hz, places=places)[frames].mean())


class Sfizz:
    """An SFZ file in sfizz: `play(key, velocity, seconds)` -> [samples]."""

    def __init__(self, path: Path) -> None:
        # sfizz streams from disk in the background; offline it would run ahead of it and play holes
        self.path = path.with_name(f"ram-{path.name}")
        self.path.write_text(f"<control> hint_ram_based=1\n{path.read_text('utf-8')}", "utf-8")

    def play(self, key: int, velocity: int, *, seconds: float) -> FloatArray:
        """A fresh engine for each note: voices of the last would still sound."""
        import pysfizz

        synth = pysfizz.Synth(sample_rate=SAMPLE_RATE, block_size=1024)
        assert synth.load_sfz_file(str(self.path))
        left, _ = np.asarray(synth.render_note(key, velocity, seconds, seconds + 0.1), np.float32)
        return np.asarray(left, np.float32)


def fluidsynth(font: Path, folder: Path, *, program: int, key: int, velocity: int, seconds: float) -> FloatArray:
    """A note of a SoundFont in fluidsynth, [samples]."""
    midi, wav = folder / "note.mid", folder / "note.wav"
    ticks = round(seconds * 960)  # of 480 a beat, at 120 beats a minute
    track = b"\x00\xc0" + bytes([program]) + b"\x00\x90" + bytes([key, velocity])
    track += _varied(ticks) + b"\x80" + bytes([key, 0]) + b"\x00\xff\x2f\x00"
    midi.write_bytes(b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(track)) + track)
    command = ["fluidsynth", "-ni", "-q", "-r", "48000", "-R", "0", "-C", "0", "-g", "1", "-F", str(wav)]
    done = subprocess.run([*command, str(font), str(midi)], capture_output=True, text=True, check=False)
    assert "error" not in done.stderr
    samples: FloatArray = soundfile.read(wav, dtype="float32")[0][:, 0]
    return samples


def _varied(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def regions(path: Path) -> list[dict[str, str]]:
    """The regions of an SFZ file, each with what its group and the global header say."""
    found: list[dict[str, str]] = []
    heads: dict[str, dict[str, str]] = {"global": {}, "group": {}}
    for header, rest in re.findall(r"^<(\w+)>(.*)$", path.read_text("utf-8"), re.MULTILINE):
        opcodes = dict(re.findall(r"(\w+)=(\S+)", rest))
        if header in heads:
            heads[header] = opcodes
        elif header == "region":
            found.append({**heads["global"], **heads["group"], **opcodes})
    return found


def chunks(data: bytes) -> dict[bytes, bytes]:
    """The chunks of a WAV file."""
    assert data[:4] == b"RIFF"
    assert data[8:12] == b"WAVE"
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    found, at = {}, 12
    while at < len(data):
        length = struct.unpack("<I", data[at + 4 : at + 8])[0]
        found[data[at : at + 4]] = data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    return found


def everything(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def level_db(samples: Any) -> float:
    """Root mean square in dB."""
    return float(10.0 * np.log10(np.mean(np.square(np.asarray(samples, np.float64))) + 1e-20))
