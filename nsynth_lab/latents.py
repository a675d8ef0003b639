"""Latents: the code of one note, read and written as safetensors, with the id of the model it belongs to.

Four streams (described in `nsynth_lab.model`), one row per frame. Frame t describes the instant at which block t ends,
sample (t + 1) * 512; so a decoder that knows frames 0 to t can play block t. Three more are there only where they are
needed: `unpitched` in sounds without a clear pitch, such as drums and noises, and `width` in stereo sounds. `detail`
corrects what the decoder makes of the others. `nsynth_lab.unpitched`, `nsynth_lab.width` and `nsynth_lab.detail`
describe them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab import detail, unpitched, width
from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.audio import check_target
from nsynth_lab.errors import LatentsError
from nsynth_lab.legible import encodable_in
from nsynth_lab.note import note_name
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, frames_to_seconds
from nsynth_lab.wording import in_python

TIMBRE_DIMS = 16
PARTIAL_SLOTS = 128
TIMBRE_LIMIT = 3.0  # the largest value that the encoder gives
ENDING = ".latents"
# of files with a stream that older versions do not know
FORMAT_VERSION, UNPITCHED_VERSION, WIDTH_VERSION, DETAIL_VERSION = 1, 2, 3, 4
MAX_FRAMES = 90_000
MAX_FILE_BYTES = 64 * 2**20
SILENCE_DB, LOUDEST_DB = -100.0, 20.0  # range of `loudness_db`
CENTS_LIMIT = 200.0


@dataclass(frozen=True, repr=False)
class Latents:
    """The code of one note, in frames of 512 samples at 48 kHz.

    Attributes:
        timbre: [frames, 16] the encoder's output.
        loudness_db: [frames] A-weighted level, at least -100.
        f0_cents: [frames] deviation from the nominal note, within +-200.
        partials: [128] or, for a morph, [frames, 128]: offset of partial k from k * f0, in units of f0, within
            (-0.5, 0.5). Slot 0 is a sub-octave at f0 / 2, with an offset within (-0.25, 0.25).
        note: nominal MIDI note number, to which the streams are relative.
        velocity: MIDI velocity 1 to 127 with which the note was played.
        attack_frames: length of the attack; the sustain begins there.
        release_frame: frame at which the key is released; equal to `frames` if the note has no release.
        model_id: id of the encoder that made `timbre`.
        provenance: where the note comes from; JSON values.
        unpitched: [frames, 162] noise and resonances of a sound that has no clear pitch or only in part, or None.
        width: [frames, 17] level difference and likeness of the two sides of a stereo sound, or None for a mono one.
        detail: [frames, 129] by how many dB partials and noise differ from what the decoder makes of the rest, or None.

    Raises:
        LatentsError: shapes that do not match, or values that are not finite.
    """

    timbre: FloatArray
    loudness_db: FloatArray
    f0_cents: FloatArray
    partials: FloatArray
    note: int
    velocity: int = 100
    attack_frames: int = 0
    release_frame: int = -1
    model_id: str = ""
    provenance: dict[str, Any] = field(default_factory=dict, compare=False)
    unpitched: FloatArray | None = None
    width: FloatArray | None = None
    detail: FloatArray | None = None

    def __post_init__(self) -> None:
        frames = self.loudness_db.size
        if self.release_frame < 0:
            object.__setattr__(self, "release_frame", frames)
        shapes = {
            "loudness_db": (self.loudness_db.shape, (frames,)),
            "timbre": (self.timbre.shape, (frames, TIMBRE_DIMS)),
            "f0_cents": (self.f0_cents.shape, (frames,)),
            "partials": (self.partials.shape[-1:], (PARTIAL_SLOTS,)),
        }
        for name, (came, expected) in shapes.items():
            if came != expected:
                raise LatentsError(f"latents: {name} has shape {came}, expected {expected}")
        if self.partials.shape[:-1] not in ((), (frames,)):
            raise LatentsError(f"latents: partials has shape {self.partials.shape}, expected one row, or {frames}")
        if not 1 <= frames <= MAX_FRAMES:
            raise LatentsError(f"latents: {frames} frames, expected 1 to {MAX_FRAMES}")
        if not 0 <= self.attack_frames <= self.release_frame <= frames:
            raise LatentsError("latents: attack and release must lie in order within the note")
        for name, dims in (("unpitched", unpitched.DIMS), ("width", width.DIMS), ("detail", detail.DIMS)):
            rows = getattr(self, name)
            if rows is not None and rows.shape != (frames, dims):
                raise LatentsError(f"latents: {name} has shape {rows.shape}, expected {(frames, dims)}")
        for name in (*_STREAMS, "unpitched", "width", "detail"):
            stream = getattr(self, name)
            if stream is not None and not np.isfinite(stream).all():
                raise LatentsError(f"latents: {name} holds NaN or infinite values")

    @property
    def frames(self) -> int:
        """Length in frames."""
        return len(self.loudness_db)

    @property
    def samples(self) -> int:
        """Length in samples."""
        return self.frames * HOP_SAMPLES

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return frames_to_seconds(self.frames)

    @property
    def pitched(self) -> float:
        """How pitched the sound is, 0 (a cymbal) to 1 (a flute); see `unpitched.tone_share`."""
        if self.unpitched is None:
            return 1.0
        power = 10.0 ** (np.asarray(self.loudness_db, np.float64) / 10.0)
        return float(np.average(self.unpitched[:, unpitched.PITCHED], weights=power))

    @property
    def has_tone(self) -> bool:
        """Whether anything in it has a pitch, so that timbre, f0 and partials mean something."""
        return self.unpitched is None or bool((self.unpitched[:, unpitched.PITCHED] > 0).any())

    def at_note(self, note: int) -> Latents:
        """The same sound at another nominal note; its noise moves with it as far as `track` says.

        Details fade with the distance (see `detail.share_at`) and do not come back on the way back.
        """
        if note == self.note:
            return self
        semitones, rows, offsets = note - self.note, self.unpitched, self.detail
        if rows is not None:
            rows = unpitched.moved(rows, semitones * np.asarray(rows[:, unpitched.TRACK], np.float64))
        return replace(
            self, note=note, unpitched=rows, detail=None if offsets is None else detail.moved(offsets, semitones)
        )

    def tracking(self, track: float | None) -> Latents:
        """The same sound, whose noise follows the keys by `track`, 0 (not at all) to 1; None leaves it as it is."""
        if self.unpitched is None or track is None:
            return self
        rows = self.unpitched.copy()
        rows[:, unpitched.TRACK] = track
        return replace(self, unpitched=rows)

    @in_python()
    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write a .latents file, and return its path.

        Args:
            path: the file.
            force: whether a file that exists is replaced.

        Raises:
            UsageError: missing folder, or the file exists and `force` was not said.
        """
        return write_latents(path, self, force=force)

    def __repr__(self) -> str:
        return f"Latents({note_name(self.note)}, velocity {self.velocity}, {self.frames} frames, {self.seconds:.2f} s)"

    def partials_per_frame(self) -> FloatArray:
        """`partials` as [frames, 128], even if they are stored as [128]."""
        return np.broadcast_to(self.partials, (self.frames, PARTIAL_SLOTS))


def write_latents(path: str | Path, latents: Latents, *, force: bool = False) -> Path:
    """Write a .latents file: float32 tensors and a JSON header.

    Raises:
        UsageError: the target cannot be written (see `nsynth_lab.audio.check_target`).
    """
    from safetensors.numpy import save

    path = Path(path)
    check_target(path, force=force)
    tensors: dict[str, NDArray[Any]] = {
        name: np.ascontiguousarray(getattr(latents, name), np.float32) for name in _STREAMS
    }
    if latents.unpitched is not None:
        tensors |= dict(zip(unpitched.TENSORS, unpitched.stored(latents.unpitched), strict=True))
    if latents.width is not None:
        tensors[width.TENSOR] = width.stored(latents.width)
    if latents.detail is not None:
        tensors[detail.TENSOR] = detail.stored(latents.detail)
    with atomic_write(path, LatentsError) as beside:
        beside.write_bytes(save(tensors, metadata={"nsynth_lab": json.dumps(encodable_in(_header(latents)))}))
    return path


def read_latents(path: str | Path) -> Latents:
    """Read a .latents file. Safe for untrusted files: nothing is unpickled, and sizes are bounded.

    Raises:
        LatentsError: missing, damaged, too large, of another version, or values out of range.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise LatentsError(f"{path}: no such file")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise LatentsError(f"{path}: larger than {MAX_FILE_BYTES} bytes; not one note's latents")
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = json.loads((file.metadata() or {})["nsynth_lab"])
            _check_header(header)
            streams = {name: file.get_tensor(name) for name in _STREAMS}
            version, names = header["format_version"], set(file.keys())
            rows, sides, offsets = None, None, None
            if version == UNPITCHED_VERSION or unpitched.TENSORS[0] in names:
                rows = unpitched.from_stored(*(file.get_tensor(name) for name in unpitched.TENSORS))
            if version == WIDTH_VERSION or width.TENSOR in names:
                sides = width.from_stored(file.get_tensor(width.TENSOR))
            if version == DETAIL_VERSION:
                offsets = detail.from_stored(file.get_tensor(detail.TENSOR), len(streams["timbre"]))
        return replace(_latents(header, streams), unpitched=rows, width=sides, detail=offsets)
    except LatentsError as error:
        raise LatentsError(f"{path}: {error}") from error
    except (SafetensorError, LookupError, ValueError, TypeError, ArithmeticError, RecursionError, OSError) as error:
        raise LatentsError(f"{path}: not a latents file, or damaged ({error}); make it again with encode") from error


def _check_header(header: Any) -> None:
    if not isinstance(header, dict):
        raise LatentsError("not a latents file, or damaged; make it again with encode")
    known_versions = (FORMAT_VERSION, UNPITCHED_VERSION, WIDTH_VERSION, DETAIL_VERSION)
    if (version := header.get("format_version")) not in known_versions:
        known = f"{FORMAT_VERSION} to {DETAIL_VERSION}"
        raise LatentsError(f"latents format {version}, this version reads {known}; encode it again")
    for name, value in _FIXED.items():
        if header.get(name) != value:
            raise LatentsError(f"made with {name} {header.get(name)}, this version works with {value}; encode it again")
    for name, (low, high) in {"note": (0, 127), "velocity": (1, 127)}.items():
        if not low <= int(header[name]) <= high:
            raise LatentsError(f"{name} {header[name]} is outside {low} to {high}")


def _latents(header: dict[str, Any], streams: dict[str, FloatArray]) -> Latents:
    for name, stream in streams.items():
        if stream.dtype != np.float32:
            raise LatentsError(f"latents: {name} holds {stream.dtype}, expected float32")
    return Latents(
        timbre=streams["timbre"],
        loudness_db=streams["loudness_db"].clip(SILENCE_DB, LOUDEST_DB),
        f0_cents=streams["f0_cents"].clip(-CENTS_LIMIT, CENTS_LIMIT),
        partials=streams["partials"].clip(-0.5, 0.5),
        note=int(header["note"]),
        velocity=int(header["velocity"]),
        attack_frames=int(header["attack_frames"]),
        release_frame=int(header["release_frame"]),
        model_id=str(header["model_id"]),
        provenance=dict(header["provenance"]),
    )


_STREAMS = ("timbre", "loudness_db", "f0_cents", "partials")
_FIXED = {"sample_rate": SAMPLE_RATE, "hop_samples": HOP_SAMPLES, "timbre_dims": TIMBRE_DIMS}


def _header(latents: Latents) -> dict[str, Any]:
    newer = {DETAIL_VERSION: latents.detail, WIDTH_VERSION: latents.width, UNPITCHED_VERSION: latents.unpitched}
    version = next((number for number, stream in newer.items() if stream is not None), FORMAT_VERSION)
    return {
        "format_version": version,
        "model_id": latents.model_id,
        **_FIXED,
        "note": latents.note,
        "velocity": latents.velocity,
        "attack_frames": latents.attack_frames,
        "release_frame": latents.release_frame,
        "provenance": latents.provenance,
    }


def with_silence(latents: Latents, frames: int) -> Latents:
    """The same latents with silent frames appended, so that the decoder plays out its latency."""
    if not frames:
        return latents
    moving = latents.partials.ndim == 2
    return replace(
        latents,
        timbre=np.pad(latents.timbre, ((0, frames), (0, 0)), mode="edge"),
        loudness_db=np.pad(latents.loudness_db, (0, frames), constant_values=SILENCE_DB),
        f0_cents=np.pad(latents.f0_cents, (0, frames), mode="edge"),
        partials=np.pad(latents.partials, ((0, frames), (0, 0)), mode="edge") if moving else latents.partials,
        unpitched=None if (rows := latents.unpitched) is None else np.pad(rows, ((0, frames), (0, 0)), mode="edge"),
        width=None if (rows := latents.width) is None else np.pad(rows, ((0, frames), (0, 0)), mode="edge"),
        detail=None if (rows := latents.detail) is None else np.pad(rows, ((0, frames), (0, 0)), mode="edge"),
    )


def beginning(latents: Latents, frames: int) -> Latents:
    """The first `frames` of a note, or all if it is shorter."""
    moving = latents.partials.ndim == 2
    return replace(
        latents,
        timbre=latents.timbre[:frames],
        loudness_db=latents.loudness_db[:frames],
        f0_cents=latents.f0_cents[:frames],
        partials=latents.partials[:frames] if moving else latents.partials,
        attack_frames=min(latents.attack_frames, frames),
        release_frame=min(latents.release_frame, frames),
        unpitched=None if latents.unpitched is None else latents.unpitched[:frames],
        width=None if latents.width is None else latents.width[:frames],
        detail=None if latents.detail is None else latents.detail[:frames],
    )
