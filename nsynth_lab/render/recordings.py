"""Recordings: each sound file is encoded once and cached between commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from nsynth_lab import messages
from nsynth_lab.audio import MAX_SECONDS, Audio, file_hash, read_clip
from nsynth_lab.dsp.inspection import inspect_recording, warnings_of
from nsynth_lab.errors import AudioError
from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.encodings import EncodedRecording, EncodingCache, encoding_key

LONGEST_NOTE_SECONDS = 30.0

Progress = Callable[[int, str, str], AbstractContextManager[Callable[..., None]]]


class Recordings:
    """Sound files encoded by one model on one device.

    `progress(total, unit, title)` shows the progress of encoding.
    """

    def __init__(self, checkpoint: Checkpoint, *, device: str, encodings: EncodingCache, progress: Progress) -> None:
        self._checkpoint = checkpoint
        self._device = device
        self._encodings = encodings
        self._progress = progress
        self._hashes: dict[tuple[str, int, int], str] = {}
        self._known: dict[str, EncodedRecording] = {}

    def latents(self, path: str | Path, *, note: int | None, velocity: int, rounds: int) -> Latents:
        """Latents of a recording of one note, fitted in `rounds` rounds; of a long file, its first 30 s.

        Raises:
            AudioError: it cannot be used, or no pitch is given and none can be detected.
        """
        key = encoding_key(
            self.hash_of(path), model_id=self._checkpoint.model_id, device=self._device, note=note, rounds=rounds
        )
        if key not in self._known:
            self._known[key] = self._encodings.get(key, lambda: self._encode(path, note, rounds))
            for warning in self._known[key].warnings:
                messages.emit(f"warning: {path}: {warning}")
        return replace(self._known[key].latents, velocity=velocity)

    def hash_of(self, path: str | Path) -> str:
        """SHA-256 of a file, which is read again only if it has changed.

        Raises:
            AudioError: it is missing or empty.
        """
        try:
            stat = os.stat(path)
        except OSError:
            return file_hash(path)  # raises the error
        known = (str(path), stat.st_size, stat.st_mtime_ns)
        if known not in self._hashes:
            self._hashes[known] = file_hash(path)
        return self._hashes[known]

    def _encode(self, path: str | Path, note: int | None, rounds: int) -> EncodedRecording:
        from nsynth_lab.model.codec import encode  # torch takes two seconds to import

        whole = read_clip(path)
        clip = replace(whole, samples=whole.samples[:, : int(LONGEST_NOTE_SECONDS * whole.sample_rate)])
        warnings = (
            *_length_warning(whole),
            *warnings_of(inspect_recording(clip, max_seconds=LONGEST_NOTE_SECONDS), note=note),
        )
        try:
            with self._progress(rounds, "rounds", "fitting") as advance:
                latents = encode(clip, self._checkpoint, note=note, rounds=rounds, advance=advance)
        except AudioError as error:
            raise AudioError(f"{path}: {error}") from error
        return EncodedRecording(latents, warnings)


def _length_warning(whole: Audio) -> list[str]:
    if whole.seconds <= LONGEST_NOTE_SECONDS:
        return []
    length = f"{whole.seconds:.1f} s" if whole.seconds < MAX_SECONDS else f"{MAX_SECONDS:g} s or more"
    return [f"long: {length}, of which the first {LONGEST_NOTE_SECONDS:g} s are used; expected one note"]
