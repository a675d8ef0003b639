"""A folder of single notes as a source: each file is one note, its pitch in its name, or measured."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from nsynth_lab import messages
from nsynth_lab.audio import read_clip
from nsynth_lab.capture.source import About, Key
from nsynth_lab.dataset.recordings import Take, find_takes, shown
from nsynth_lab.dataset.screening import Finding, examine, read_as
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.errors import UsageError
from nsynth_lab.units import FloatArray

LONGEST_SECONDS = 60.0
MOST_TOLD = 10


class FolderSource:
    """A `Source`. Files that are doubtful (name and sound disagree, clipped, noisy) are told in `left_out`.

    Raises:
        UsageError: no such folder, no sound file in it, or none that can be used.
    """

    def __init__(self, folder: Path, *, family: str = "") -> None:
        takes = find_takes(folder, family=family or "string", instrument=shown(folder.resolve().name))
        self.left_out: dict[str, str] = {}
        self._takes: dict[Key, Take] = {}
        takes, findings = examine(takes, pitch_from="auto", max_seconds=LONGEST_SECONDS)
        for take, found in zip(takes, findings, strict=True):
            self._take_in(take, found)
        _tell(takes, findings)
        if not self._takes:
            first = next(iter(self.left_out.values()))
            raise UsageError(f"{folder}: none of {len(takes)} files can be used: {first}")
        files = "\n".join(f"{take.file} {take.path.stat().st_size}" for take in takes)
        self.about = About(
            kind="folder",
            recipe={"folder": shown(folder.resolve().name), "files": hashlib.sha256(files.encode()).hexdigest()[:16]},
            source="acoustic",
            lowest=min(key.note for key in self._takes),
            highest=max(key.note for key in self._takes),
        )

    def keys(self, wanted: list[Key]) -> list[Key]:  # noqa: ARG002 files are there or not
        """All that there are."""
        return sorted(self._takes)

    def play(self, key: Key, *, hold_seconds: float, seconds: float) -> FloatArray:  # noqa: ARG002 a file is as it is
        """The recording, at most `seconds` of it."""
        clip = read_clip(self._takes[key].path, max_seconds=seconds)
        mono, _ = one_channel(clip.samples, clip.sample_rate)
        return np.asarray(resample(mono[None], clip.sample_rate)[0], np.float32)

    def hold_of(self, key: Key, hold_seconds: float) -> float | None:  # noqa: ARG002 nobody has said
        """Nobody knows."""
        return None

    def close(self) -> None:
        """Give back what it holds."""

    def _take_in(self, take: Take, found: Finding) -> None:
        key = Key(found.pitch, take.velocity) if found.pitch is not None else None
        if found.outcome != "taken" or key is None:
            self.left_out[take.file] = "; ".join(found.reasons)
        elif key in self._takes:
            self.left_out[take.file] = f"the same note and velocity as {self._takes[key].file}"
        else:
            self._takes[key] = take


def _tell(takes: list[Take], findings: list[Finding]) -> None:
    """How the files' names were read, and what was done to which of them."""
    for told in dict.fromkeys(map(read_as, takes)):
        messages.emit(f"names as {told}")
    remarks = [f"{found.file}: {remark}" for found in findings for remark in found.remarks if found.outcome == "taken"]
    for line in remarks[:MOST_TOLD]:
        messages.emit(f"warning: {line}")
    if len(remarks) > MOST_TOLD:
        messages.emit(f"warning: and {len(remarks) - MOST_TOLD} more like these")
