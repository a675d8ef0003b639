"""FolderSource: a folder of single notes as a source; the pitch of each file is in its name, or measured."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nsynth_lab import messages
from nsynth_lab.audio import read_clip
from nsynth_lab.capture.source import KeyVelocity, SourceInfo
from nsynth_lab.dataset.recordings import Recording, find_recordings
from nsynth_lab.dataset.screening import ScreeningResult, scheme_in_words, screen
from nsynth_lab.dsp.offset import to_sides, without_offset
from nsynth_lab.dsp.recording_resampling import resample_recording
from nsynth_lab.errors import UsageError
from nsynth_lab.legible import encodable
from nsynth_lab.units import FloatArray

LONGEST_SECONDS = 60.0
MAX_REMARKS = 10


class FolderSource:
    """A `Source`; doubtful files (name and sound disagree, clipped, noisy) are listed in `left_out` with the reason.

    Raises:
        UsageError: no such folder, no sound file in it, or none that can be used.
    """

    def __init__(self, folder: Path, *, family: str = "") -> None:
        name = encodable(folder.resolve().name)
        recordings = find_recordings(folder, family=family or "string", instrument=name)
        self.left_out: dict[str, str] = {}
        self._recordings: dict[KeyVelocity, Recording] = {}
        recordings, results = screen(recordings, pitch_from="auto", max_seconds=LONGEST_SECONDS)
        for recording, result in zip(recordings, results, strict=True):
            self._add(recording, result)
        _emit_remarks(recordings, results)
        if not self._recordings:
            first = next(iter(self.left_out.values()))
            raise UsageError(f"{folder}: none of {len(recordings)} files can be used: {first}")
        files = "\n".join(f"{one.file} {one.path.stat().st_size}" for one in recordings)
        self.info = SourceInfo(
            kind="folder",
            recipe={"folder": name, "files": hashlib.sha256(files.encode()).hexdigest()[:16]},
            source="acoustic",
            lowest=min(key.note for key in self._recordings),
            highest=max(key.note for key in self._recordings),
        )

    def keys(self, wanted: list[KeyVelocity]) -> list[KeyVelocity]:  # noqa: ARG002  (only these exist)
        """All notes in the folder."""
        return sorted(self._recordings)

    def play(self, key: KeyVelocity, *, hold_seconds: float, seconds: float) -> FloatArray:  # noqa: ARG002
        """The recording, at most `seconds` of it."""
        clip = read_clip(self._recordings[key].path, max_seconds=seconds)
        sides = to_sides(without_offset(clip.samples, clip.sample_rate))
        return resample_recording(sides, clip.sample_rate)

    def actual_hold(self, hold_seconds: float) -> float | None:  # noqa: ARG002
        """None: unknown for recordings."""
        return None

    def close(self) -> None:
        """Nothing to free."""

    def _add(self, recording: Recording, result: ScreeningResult) -> None:
        key = KeyVelocity(result.pitch, recording.velocity) if result.pitch is not None else None
        if result.outcome != "taken" or key is None:
            self.left_out[recording.file] = "; ".join(result.reasons)
        elif key in self._recordings:
            self.left_out[recording.file] = f"the same note and velocity as {self._recordings[key].file}"
        else:
            self._recordings[key] = recording


def _emit_remarks(recordings: list[Recording], results: list[ScreeningResult]) -> None:
    """Tell the user how the file names were read, and what was corrected in which file."""
    for words in dict.fromkeys(map(scheme_in_words, recordings)):
        messages.emit(f"names such as {words}")
    remarks = [f"{one.file}: {remark}" for one in results for remark in one.remarks if one.outcome == "taken"]
    for line in remarks[:MAX_REMARKS]:
        messages.emit(f"warning: {line}")
    if len(remarks) > MAX_REMARKS:
        messages.emit(f"warning: and {len(remarks) - MAX_REMARKS} more like these")
