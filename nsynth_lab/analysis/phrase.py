"""Phrase: what a follower heard of a whole recording, a value of its own; read and written as safetensors.

A phrase is followed once and played by many. Its frames are hops of 256 samples; what they hold is in `follower.Heard`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.analysis.follower import DEFAULT_GATE_DB, HOP, MOST_AT_ONCE, Follower, Heard
from nsynth_lab.analysis.low_attacks import with_low_attacks
from nsynth_lab.analysis.smooth_pitch import smooth_pitch
from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.audio import check_target
from nsynth_lab.dsp.quick_median import quick_median
from nsynth_lab.errors import PhraseError
from nsynth_lab.latents import LOUDEST_DB, SILENCE_DB
from nsynth_lab.legible import encodable_in
from nsynth_lab.units import SAMPLE_RATE, FloatArray

ENDING = ".phrase"
FORMAT_VERSION = 1
MAX_SECONDS = 4 * 3600.0
MAX_FRAMES = int(MAX_SECONDS * SAMPLE_RATE / HOP)
MAX_FILE_BYTES = 64 * 2**20
LOOK_AHEAD_HOPS = 20  # 107 ms, for what need not be played at once; more makes no difference
LOUD_PERCENTILE = 95.0
LOUD_RANGE_DB, LEAST_FRAMES, ONE_VOICE_STRENGTH = 25.0, 60, 0.86
_AT_ONCE = 4096  # frames that are made into objects
_ROWS = ("note", "level_db", "strength", "delay_samples")
_RANGES = {
    "note": (0.0, 127.0),
    "level_db": (SILENCE_DB, LOUDEST_DB),
    "strength": (0.0, 1.0),
    "delay_samples": (0, 8192),
}


@dataclass(frozen=True, repr=False)
class Phrase:
    """A phrase in frames of 256 samples at 48 kHz.

    Attributes:
        note: [frames] pitch as a fractional MIDI note number; NaN where there is no tone.
        level_db: [frames] A-weighted level.
        strength: [frames] how periodic it is, 0 to 1.
        delay_samples: [frames] how long before the end of its frame a pitch was measured.
        provenance: where the phrase comes from; JSON values.

    Raises:
        PhraseError: arrays of different lengths, none, or too many frames.
    """

    note: FloatArray
    level_db: FloatArray
    strength: FloatArray
    delay_samples: FloatArray
    provenance: dict[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        shapes = {getattr(self, name).shape for name in _ROWS}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise PhraseError(f"phrase: arrays of shapes {sorted(shapes)}; expected four of one length")
        if not 1 <= len(self.note) <= MAX_FRAMES:
            raise PhraseError(f"phrase: {len(self.note)} frames; expected 1 to {MAX_FRAMES} ({MAX_SECONDS / 3600:g} h)")

    @property
    def samples(self) -> int:
        """Length in samples."""
        return len(self.note) * HOP

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.samples / SAMPLE_RATE

    @property
    def is_toneless(self) -> bool:
        """Whether no tone was heard anywhere."""
        return bool(np.isnan(self.note).all())

    @property
    def is_in_time(self) -> bool:
        """Whether every pitch was measured around its own moment, which takes a look-ahead."""
        return not self.delay_samples[~np.isnan(self.note)].any()

    @property
    def loud_db(self) -> float:
        """The level that the loudest twentieth of its tones reaches; -100 without any."""
        tones = self.level_db[~np.isnan(self.note)]
        return float(np.percentile(tones, LOUD_PERCENTILE)) if len(tones) else SILENCE_DB

    @property
    def sounding_seconds(self) -> float:
        """How long there is a tone."""
        return int((~np.isnan(self.note)).sum()) * HOP / SAMPLE_RATE

    @property
    def sounds_like_several(self) -> bool:
        """Whether its loud tones are so little periodic that several seem to sound at once."""
        loud = ~np.isnan(self.note) & (self.level_db > self.loud_db - LOUD_RANGE_DB)
        return bool(loud.sum() > LEAST_FRAMES and quick_median(self.strength[loud]) < ONE_VOICE_STRENGTH)

    def heard(self) -> Iterator[Heard]:
        """Its frames, one by one, as the follower gave them."""
        for first in range(0, len(self.note), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            rows = zip(*(getattr(self, name)[part].tolist() for name in _ROWS), strict=True)
            for note, level_db, strength, delay in rows:
                yield Heard(note, level_db, strength, int(delay))

    def __repr__(self) -> str:
        return f"Phrase({self.seconds:.2f} s)"


def follow(
    blocks: Iterable[FloatArray],
    *,
    gate_db: float = DEFAULT_GATE_DB,
    look_ahead_hops: int = 0,
    provenance: dict[str, Any] | None = None,
    advance: Callable[[int], object] = lambda _: None,
) -> Phrase:
    """Follow a sound given in mono blocks [samples] at 48 kHz; `advance` is called with the samples of each block.

    Without a look-ahead it is what is heard live; with one the pitch is smoothed too, and low notes begin
    with their attack.

    Raises:
        PhraseError: shorter than a hop, or longer than four hours.
    """
    follower, parts, frames = Follower(gate_db=gate_db, look_ahead_hops=look_ahead_hops), [], 0
    for block in _gathered(blocks):
        if heard := follower.feed(block):
            parts.append(np.array(heard, np.float32))
            frames += len(heard)
        if frames > MAX_FRAMES:
            raise PhraseError(f"longer than {MAX_SECONDS / 3600:g} hours; cut it into parts")
        advance(len(block))
    if heard := follower.end():
        parts.append(np.array(heard, np.float32))
    if not parts:
        raise PhraseError(f"the sound ends within {1000.0 * HOP / SAMPLE_RATE:.0f} ms; expected a tune in one voice")
    note, level_db, strength, delay_samples = np.concatenate(parts).T
    if look_ahead_hops:
        note = smooth_pitch(with_low_attacks(note, level_db))
    return Phrase(note, level_db, strength, delay_samples, provenance=provenance or {})


def _gathered(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """The same samples in blocks of some 64 hops, which are followed at once, on several threads."""
    waiting: list[FloatArray] = []
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) >= MOST_AT_ONCE * HOP:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def write_phrase(path: str | Path, phrase: Phrase, *, force: bool = False) -> Path:
    """Write a .phrase file.

    Raises:
        UsageError: the target cannot be written (see `nsynth_lab.audio.check_target`).
    """
    from safetensors.numpy import save

    path = Path(path)
    check_target(path, force=force)
    tensors = {name: np.ascontiguousarray(getattr(phrase, name), np.float32) for name in _ROWS}
    header = {"format_version": FORMAT_VERSION, "sample_rate": SAMPLE_RATE, "hop_samples": HOP}
    text = json.dumps(encodable_in({**header, "provenance": phrase.provenance}))
    with atomic_write(path, PhraseError) as beside:
        beside.write_bytes(save(tensors, metadata={"nsynth_lab": text}))
    return path


def read_phrase(path: str | Path) -> Phrase:
    """Read a .phrase file. Safe for untrusted files: nothing is unpickled, and sizes are bounded.

    Raises:
        PhraseError: missing, damaged, too large, of another version, or values out of range.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise PhraseError(f"{path}: no such file")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise PhraseError(f"{path}: larger than {MAX_FILE_BYTES} bytes; not a phrase")
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = json.loads((file.metadata() or {})["nsynth_lab"])
            rows = {name: file.get_tensor(name) for name in _ROWS}
        wanted = {"format_version": FORMAT_VERSION, "sample_rate": SAMPLE_RATE, "hop_samples": HOP}
        came = {name: header[name] for name in wanted}
        if came != wanted:
            raise PhraseError(f"made with {came}, this version reads {wanted}; follow the sound again")
        return Phrase(
            **{name: _checked(name, row) for name, row in rows.items()}, provenance=dict(header["provenance"])
        )
    except PhraseError as error:
        raise PhraseError(f"{path}: {error}") from error
    except (SafetensorError, LookupError, ValueError, TypeError, RecursionError, OSError) as error:
        raise PhraseError(f"{path}: not a phrase, or damaged ({error}); follow the sound again") from error


def _checked(name: str, row: FloatArray) -> FloatArray:
    if row.dtype != np.float32:
        raise PhraseError(f"{name} holds {row.dtype}, expected float32")
    low, high = _RANGES[name]
    known = row[~np.isnan(row)] if name == "note" else row
    if not ((known >= low) & (known <= high)).all():
        raise PhraseError(f"{name} holds values outside {low:g} to {high:g}")
    return row
