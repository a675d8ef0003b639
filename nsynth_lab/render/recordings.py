"""Recordings: each sound, from a file or an array, is encoded once and cached between commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from nsynth_lab import messages
from nsynth_lab.audio import MAX_SECONDS, Audio, as_clip, file_hash, read_clip, samples_hash
from nsynth_lab.errors import AudioError
from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.encodings import EncodedRecording, EncodingCache, encoding_key
from nsynth_lab.note import UNPITCHED

LONGEST_NOTE_SECONDS = 30.0

Progress = Callable[[int, str, str], AbstractContextManager[Callable[..., None]]]
Recording = str | Path | Audio


class Recordings:
    """Sounds encoded by one model on one device.

    `progress(total, unit, title)` shows the progress of encoding.
    """

    def __init__(self, checkpoint: Checkpoint, *, device: str, encodings: EncodingCache, progress: Progress) -> None:
        self._checkpoint = checkpoint
        self._device = device
        self._encodings = encodings
        self._progress = progress
        self._hashes: dict[tuple[str, int, int], str] = {}
        self._known: dict[str, EncodedRecording] = {}

    def latents(
        self,
        recording: Recording,
        *,
        note: int | None,
        velocity: int,
        rounds: int,
        detail: bool = True,
        warn: bool = True,
    ) -> Latents:
        """Latents of a recording of one note, fitted in `rounds` rounds; of a long one, its first 30 s.

        `detail` is as in `codec.encode`. `warn` tells what is doubtful about it.

        Raises:
            AudioError: it cannot be used, or no pitch is given and none can be detected.
        """
        key = encoding_key(
            self.hash_of(recording),
            model_id=self._checkpoint.model_id,
            device=self._device,
            note=note,
            rounds=rounds,
            detail=detail,
        )
        if key not in self._known:
            self._known[key] = self._encodings.get(key, lambda: self._encode(recording, note, rounds, detail))
            for warning in self._known[key].warnings if warn else ():
                messages.emit(f"warning: {called(recording)}: {warning}")
        return replace(self._known[key].latents, velocity=velocity)

    def hash_of(self, recording: Recording) -> str:
        """SHA-256 of a sound; a file is read again only if it has changed.

        Raises:
            AudioError: it is missing or empty.
        """
        if isinstance(recording, Audio):
            return samples_hash(recording)
        try:
            stat = os.stat(recording)
        except OSError:
            return file_hash(recording)  # raises the error
        known = (str(recording), stat.st_size, stat.st_mtime_ns)
        if known not in self._hashes:
            self._hashes[known] = file_hash(recording)
        return self._hashes[known]

    def _encode(self, recording: Recording, note: int | None, rounds: int, detail: bool) -> EncodedRecording:
        from nsynth_lab.dsp.inspection import inspect_recording, warnings_of
        from nsynth_lab.model.codec import cut, encode_cut  # torch takes two seconds to import

        whole = clip_of(recording)
        clip = replace(whole, samples=whole.samples[:, : int(LONGEST_NOTE_SECONDS * whole.sample_rate)])
        warnings = (
            *_length_warning(whole),
            *warnings_of(inspect_recording(clip, max_seconds=LONGEST_NOTE_SECONDS), note=note),
        )
        try:
            part = cut(clip)
            heard = part.clear_note() if note is None else note
            fitted = rounds > 0 and heard != UNPITCHED
            fitting = self._progress(rounds, "rounds", "fitting") if fitted else nullcontext(lambda: None)
            with fitting as advance:
                latents = encode_cut(part, self._checkpoint, note=heard, rounds=rounds, detail=detail, advance=advance)
        except AudioError as error:
            raise AudioError(f"{called(recording)}: {error}") from error
        return EncodedRecording(latents, warnings)


def clip_of(recording: Recording, *, max_seconds: float = MAX_SECONDS) -> Audio:
    """The first `max_seconds` of a usable recording, from its file or its array.

    Raises:
        AudioError: it cannot be used (see `audio.read_clip`).
    """
    if not isinstance(recording, Audio):
        return read_clip(recording, max_seconds=max_seconds)
    first = recording.samples[:, : int(max_seconds * recording.sample_rate)]
    return as_clip(replace(recording, samples=first), called(recording))


def called(recording: Recording) -> str:
    """What messages call a recording."""
    return "the recording" if isinstance(recording, Audio) else str(recording)


def _length_warning(whole: Audio) -> list[str]:
    if whole.seconds <= LONGEST_NOTE_SECONDS:
        return []
    length = f"{whole.seconds:.1f} s" if whole.seconds < MAX_SECONDS else f"{MAX_SECONDS:g} s or more"
    return [f"long: {length}, of which the first {LONGEST_NOTE_SECONDS:g} s are used; expected one note"]
