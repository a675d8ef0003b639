"""The one loop that pulls blocks through all of it: a patch of sources -> blend -> decoder -> audio.

A `Session` holds what is loaded once: the checkpoint, its bank, the device and the seed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nsynth_lab import __version__
from nsynth_lab.audio import Audio, check_target, read_clip
from nsynth_lab.blend import Curve, blend, corners, pair
from nsynth_lab.dsp.measure import measure
from nsynth_lab.errors import AudioError, CheckpointError, LatentsError, MissingError, UsageError
from nsynth_lab.latents import SILENCE_DB, Latents, read_latents
from nsynth_lab.model.bank import Bank, load_bank
from nsynth_lab.model.checkpoint import Checkpoint, load_checkpoint
from nsynth_lab.model.codec import decode, encode
from nsynth_lab.note import Note, note_name
from nsynth_lab.units import FRAME_RATE_HZ, HOP_SAMPLES, FloatArray, cents_to_ratio, db_to_gain, seconds_to_frames

DEFAULT_CHECKPOINT = Path(__file__).resolve().parent.parent / "checkpoints" / "default"
LATENTS_ENDING = ".latents"
SOUND_ENDINGS = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")
LONGEST_NOTE_SECONDS = 30.0
SHORTEST_RENDER_SECONDS, LONGEST_RENDER_SECONDS = 0.05, 600.0
LOUD_DB = 30.0
CEILING = db_to_gain(-0.3)
FADE_SAMPLES = 480

Advance = Callable[[int], None]


@dataclass(frozen=True)
class BlendRequest:
    """One blend: who, where between them, which note, how long.

    Attributes:
        sources: names of the bank, sound files or .latents files; two, or four for corners.
        position: [1] between two, [2] between four; ignored where `curve` is given.
        curve: position over time, for two sources.
        timbre, loudness, partials: a position of its own for a stream, for two sources.

    Raises:
        UsageError: numbers that do not fit each other, or out of range.
    """

    sources: tuple[str, ...]
    note: Note
    seconds: float = 3.0
    position: tuple[float, ...] = (0.5,)
    curve: Curve | None = None
    timbre: float | None = None
    loudness: float | None = None
    partials: float | None = None

    def __post_init__(self) -> None:
        if len(self.sources) not in (2, 4):
            raise UsageError(f"{len(self.sources)} sources; a blend takes two (A B) or four (A B C D)")
        if len(self.position) != len(self.sources) // 2:
            raise UsageError(
                f"position has {len(self.position)} number(s); {len(self.sources)} sources take "
                f"{'one, as 0.5' if len(self.sources) == 2 else 'two, as 0.2,0.7'}"
            )
        if len(self.sources) == 4 and any(
            value is not None for value in (self.curve, self.timbre, self.loudness, self.partials)
        ):
            raise UsageError("--curve, --timbre, --loudness and --partials are for blends of two sources")
        check_seconds(self.seconds)

    def weights(self) -> NDArray[np.float64]:
        """[sources], or [frames, sources] along a curve."""
        if self.curve is not None:
            seconds = (np.arange(self.frames) + 1) / FRAME_RATE_HZ
            return pair(self.curve.at(seconds))
        return pair(self.position[0]) if len(self.sources) == 2 else corners(*self.position)

    @property
    def frames(self) -> int:
        """Length in frames."""
        return seconds_to_frames(self.seconds)

    @property
    def samples(self) -> int:
        """Length in samples."""
        return self.frames * HOP_SAMPLES

    def title(self) -> str:
        """Where the blend is, in a word."""
        return "morph" if self.curve else ", ".join(f"{value:.3g}" for value in self.position)


@dataclass(frozen=True)
class Rendered:
    """A decoded note, and how many seconds its decoding alone took."""

    audio: Audio
    decode_seconds: float


class Session:
    """A checkpoint loaded once, and what can be done with it.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        MissingError: the device asked for is not there.
    """

    def __init__(self, folder: str | Path | None = None, *, device: str = "auto", seed: int = 0) -> None:
        self.folder = Path(folder or DEFAULT_CHECKPOINT)
        self.device = pick_device(device)
        self.seed = seed

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Weights, on the device."""
        return load_checkpoint(self.folder, device=self.device)

    @cached_property
    def bank(self) -> Bank:
        """Instruments by name.

        Raises:
            CheckpointError: it cannot be used, or was encoded by other weights.
        """
        bank = load_bank(self.folder)
        if bank.model_id != self.checkpoint.model_id:
            raise CheckpointError(
                f"{self.folder}: its bank was encoded by model {bank.model_id}, its weights are "
                f"{self.checkpoint.model_id}; build the bank again with `nsynth-lab bank`"
            )
        return bank

    def instruments(self) -> list[dict[str, Any]]:
        """One row an instrument of the bank: name, family, source, range, velocity layers, licence, attribution."""
        rows = []
        for entry in self.bank.entries.values():
            zones = [self.bank.zones[index] for index in entry.zones]
            rows.append(
                {
                    "name": entry.instrument.name,
                    "family": entry.instrument.family,
                    "source": entry.instrument.source,
                    "lowest": note_name(min(zone.note for zone in zones)),
                    "highest": note_name(max(zone.note for zone in zones)),
                    "velocities": sorted({zone.velocity for zone in zones}),
                    "licence": entry.licence,
                    "attribution": entry.attribution,
                }
            )
        return rows

    def stamp(self) -> dict[str, Any]:
        """What makes a file again, beside its parameters: model, seed, version."""
        return {"model": self.checkpoint.model_id, "seed": self.seed, "nsynth_lab": __version__}

    def recipe(self, request: BlendRequest) -> dict[str, Any]:
        """All that a blend was made from, as plain values."""
        return {"command": "blend", **asdict(request), **self.stamp()}

    def encode(self, path: str | Path, *, note: int | None = None, velocity: int = 100) -> Latents:
        """A recording of one note to latents; of a long file, its first 30 s.

        Raises:
            AudioError: it cannot be used, or no pitch is given and none can be heard.
        """
        clip = read_clip(path, max_seconds=LONGEST_NOTE_SECONDS)
        try:
            return encode(clip, self.checkpoint, note=note, velocity=velocity)
        except AudioError as error:
            raise AudioError(f"{path}: {error}") from error

    def source(self, text: str, note: Note) -> Latents:
        """A name of the bank, a sound file or a .latents file, moved to `note`.

        Raises:
            UsageError: an unknown name; the closest are offered.
            AudioError, LatentsError: a file that cannot be used.
        """
        path = Path(text)
        if path.suffix.lower() == LATENTS_ENDING:
            return read_latents(path).at_note(note.number)
        if path.suffix.lower() in SOUND_ENDINGS or os.path.isfile(path):  # not Path's own, which a long name upsets
            return self.encode(path, velocity=note.velocity).at_note(note.number)
        return self.bank.latents(text, note)

    def blend(self, request: BlendRequest, sources: Sequence[Latents] | None = None) -> Latents:
        """The latents of a blend; `sources` may be handed in where many blends share them."""
        notes = sources or [self.source(text, request.note) for text in request.sources]

        def own(position: float | None) -> NDArray[np.float64] | None:
            return None if position is None else pair(position)

        return blend(
            notes,
            request.weights(),
            frames=request.frames,
            timbre=own(request.timbre),
            loudness=own(request.loudness),
            partials=own(request.partials),
        )

    def render(self, latents: Latents, *, advance: Advance = lambda _: None) -> Rendered:
        """Decode a whole note, mono, block by block; `advance` hears of the samples done.

        Ends are faded over 10 ms, and a note louder than -0.3 dBFS is turned down to that.

        Raises:
            LatentsError: the latents belong to another model, or lie so far out that what comes is no sound.
        """
        checkpoint = self.checkpoint
        started = time.perf_counter()
        blocks: list[FloatArray] = []
        for block in decode(latents, checkpoint, seed=self.seed):
            blocks.append(block)
            advance(len(block))
        seconds = time.perf_counter() - started
        samples = np.concatenate(blocks)
        if not np.isfinite(samples).all():
            raise LatentsError("decoding gave NaN or infinite samples: these latents are out of the model's range")
        return Rendered(Audio(_finished(samples)[None]), seconds)


def measured_f0_hz(audio: Audio, note: Note) -> float | None:
    """Median f0 in Hz of the loud part of a decoded note; None where nothing sounds."""
    streams = measure(audio.mono(), note=note.number)
    loud = streams.loudness_db > max(streams.loudness_db.max() - LOUD_DB, SILENCE_DB)
    if not loud.any():
        return None
    return round(float(note.hz * cents_to_ratio(float(np.median(streams.f0_cents[loud])))), 3)


def pick_device(name: str) -> str:
    """'auto' to the best device there is; 'cpu' and 'cuda' as they are.

    Raises:
        UsageError: another name.
        MissingError: CUDA asked for and not there.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"device '{name}'; expected auto, cpu or cuda")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise MissingError("no CUDA device can be used on this machine; use --device cpu (see `nsynth-lab doctor`)")
    return "cuda" if available and name != "cpu" else "cpu"


def check_seconds(seconds: float) -> float:
    """The length asked for, if it can be rendered.

    Raises:
        UsageError: it cannot.
    """
    if not SHORTEST_RENDER_SECONDS <= seconds <= LONGEST_RENDER_SECONDS:
        raise UsageError(
            f"duration {seconds:g} s; expected {SHORTEST_RENDER_SECONDS:g} to {LONGEST_RENDER_SECONDS:g} s"
        )
    return seconds


def check_outputs(
    paths: Sequence[Path], *, endings: Sequence[str], sources: Sequence[str | Path] = (), force: bool
) -> None:
    """Refuse before the work rather than after it: `check_target`, an unknown ending, a file that is also a source.

    Raises:
        UsageError: see above.
    """
    for path in paths:
        if path.name and path.suffix.lower() not in endings:
            raise UsageError(f"{path}: unknown ending '{path.suffix}'; use one of {' '.join(endings)}")
        try:
            check_target(path, force=force)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}; choose another name") from error
        for source in sources:
            if os.path.exists(source) and os.path.exists(path) and os.path.samefile(source, path):
                raise UsageError(f"{path}: is one of the sources; write to another file")


def _finished(samples: FloatArray) -> FloatArray:
    out = samples.copy()
    fade = min(FADE_SAMPLES, len(out))
    out[len(out) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    peak = float(np.abs(out).max(initial=0.0))
    return out * np.float32(CEILING / peak) if peak > CEILING else out
