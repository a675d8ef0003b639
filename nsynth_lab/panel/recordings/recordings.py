"""Recordings: the players' own sounds of this session; any thread may call it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsynth_lab.capture.plan import CapturePlan
from nsynth_lab.capture.source import LONGEST_RECORDING_SECONDS
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import Latents, read_latents
from nsynth_lab.legible import encodable_in
from nsynth_lab.model.bank import Bank, BankEntry
from nsynth_lab.model.user_bank import keep, user_instrument_path
from nsynth_lab.note import Instrument as Named
from nsynth_lab.note import note_name
from nsynth_lab.panel.jobs.limits import GIB, Limits
from nsynth_lab.panel.jobs.sent import SentSounds
from nsynth_lab.panel.messages.producing import EncodeRecording, KeepRecording, RemoveRecording
from nsynth_lab.panel.messages.shown import Recordings as Shown
from nsynth_lab.panel.recordings.encoding import ORIGINAL, RECONSTRUCTION, VELOCITY, ZONE
from nsynth_lab.panel.recordings.names import MARK, free_name, title_of
from nsynth_lab.panel.recordings.outcome import Outcome
from nsynth_lab.version import __version__
from nsynth_lab.wording import quoted

if TYPE_CHECKING:
    from nsynth_lab.panel.instrument import Instrument
    from nsynth_lab.panel.jobs.jobs import Jobs

KIND = "recording"  # of its jobs
WORK = "nsynth_lab.panel.recordings.encoding:encode_file"
LIMITS = Limits(memory_bytes=3 * GIB, processor_seconds=600, file_bytes=64 << 20)
MOST, MOST_AT_ONCE = 32, 8
SOUNDS = (ORIGINAL, RECONSTRUCTION)


@dataclass(frozen=True)
class Recorded:
    """A recording that is encoded: what it is called, what came of it, where its files are, and as what it is kept."""

    name: str
    file: str
    outcome: Outcome
    zone: Latents
    folder: Path
    version: int = 1
    kept: str = ""

    def row(self) -> dict[str, Any]:
        """What pages are told of it."""
        return {
            "name": self.name,
            "title": self.name.removesuffix(MARK),
            "version": self.version,
            "kept": self.kept,
            **asdict(self.outcome),
        }


@dataclass(frozen=True)
class _Begun:
    """A recording that is being encoded: by which job, into which folder, as what, and for which corner."""

    job: str
    folder: Path
    name: str
    file: str
    corner: int


class Recordings(SentSounds[_Begun, Recorded]):
    """Those of this session. `begin` has one encoded and put on its corner; `handle` does what pages ask for.

    They need `jobs` to be open, and end with them: the folder of the jobs holds their files.
    """

    def __init__(self, instrument: Instrument, jobs: Jobs) -> None:
        super().__init__(jobs, kind=KIND, most=MOST, most_at_once=MOST_AT_ONCE, works="being encoded")
        self._instrument, self._session = instrument, instrument.session

    def begin(self, sound: Path, *, file_name: str, corner: int) -> str:
        """Have a sound encoded, and put on that corner once it is; returns what the recording is called in messages.

        Args:
            sound: in a folder of `new_folder`.
            file_name: what the player calls it.
            corner: counted from 0.

        Raises:
            UsageError: as `check_room`.
        """
        with self._lock:
            self.check_room()
            recording = secrets.token_hex(8)
            taken = [*self._session.bank.entries, *(one.name for one in self._begun.values())]
            name = free_name(title_of(file_name), taken)
            self._start(recording, sound, name=name, file=file_name, corner=corner, note=None)
        return recording

    def handle(self, message: EncodeRecording | KeepRecording | RemoveRecording) -> None:
        """Do what a page asks for.

        Raises:
            NsynthLabError: it cannot be done; in one line why.
        """
        match message:
            case EncodeRecording():
                self._encode_again(message.recording, message.note)
            case KeepRecording():
                self._keep(message)
            case RemoveRecording():
                self._remove(message.recording)
        self._tell()

    def shown(self) -> Shown:
        """All that are encoded, oldest first."""
        with self._lock:
            return Shown({recording: one.row() for recording, one in self._ready.items()})

    def sound(self, recording: str, file: str) -> Path | None:
        """The original or the reconstruction as a file; None where there is none."""
        with self._lock:
            found = self._ready.get(recording)
        return found.folder / file if found is not None and file in SOUNDS else None

    def _start(
        self, recording: str, sound: Path, *, name: str, file: str, corner: int, again: bool = False, note: int | None
    ) -> None:
        """Have a sound encoded, for the first time or again; with the lock."""
        into = (sound.parent.parent if again else sound.parent) / secrets.token_hex(4)
        into.mkdir()
        arguments = {
            "file": str(sound),
            "again": again,
            "into": str(into),
            "checkpoint": str(self._session.folder),
            "note": note,
        }
        job = self._jobs.start(
            KIND,
            name.removesuffix(MARK),
            WORK,
            arguments,
            about={"recording": recording, "corner": corner, "again": again},
            then=partial(self._encoded, recording, into),
            limits=LIMITS,
            brief=True,
        )
        self._begun[recording] = _Begun(job, into, name, file, corner)

    def _encoded(self, recording: str, folder: Path, result: Mapping[str, Any]) -> None:
        """The job is done. On a thread of its own."""
        outcome, zone = Outcome.of(result), read_latents(folder / ZONE)
        with self._lock:
            begun, before = self._begun.get(recording), self._ready.get(recording)
            if begun is None or begun.folder != folder:  # it was removed, or is being encoded otherwise
                return
            del self._begun[recording]
            if before is None:
                ready = Recorded(begun.name, begun.file, outcome, zone, folder)
            else:
                outcome = replace(outcome, hash=before.outcome.hash, remarks=before.outcome.remarks)
                ready = replace(before, outcome=outcome, zone=zone, folder=folder, version=before.version + 1)
            self._ready[recording] = ready
            self._session.add(bank_of(ready.name, outcome.family, zone))
        _clear(folder.parent, but=folder)
        if before is None:
            self._instrument.put(ready.name, begun.corner)
        else:
            self._instrument.renew()
        self._tell()

    def _encode_again(self, recording: str, note: int) -> None:
        with self._lock:
            one = self._of(recording)
            if (begun := self._begun.pop(recording, None)) is not None:
                self._forget_job(begun.job)
            sound = one.folder / ORIGINAL
            self._start(recording, sound, name=one.name, file=one.file, corner=-1, again=True, note=note)

    def _keep(self, message: KeepRecording) -> None:
        with self._lock:
            one = self._of(message.recording)
            plan = CapturePlan(message.name, family=message.family, hold_seconds=3.0, seconds=LONGEST_RECORDING_SECONDS)
            name = plan.name.lower()
            self._check_free(name, force=message.force)
            bank = bank_of(name, message.family, one.zone)
            keep(bank, _provenance(one, plan), force=message.force)
            self._session.add(bank, stays=True)
            self._ready[message.recording] = replace(one, kept=name)
        self._instrument.replace(one.name, (name,))
        self._instrument.renew()

    def _check_free(self, name: str, *, force: bool) -> None:
        is_own = user_instrument_path(name).exists()
        if self._session.bank.holds(name) and not is_own:
            raise UsageError(f"'{name}' is an instrument of the bank already: choose another name")
        if is_own and not force:
            raise UsageError(f"'{name}' is in your bank already: choose another name, or have it replaced")

    def _remove(self, recording: str) -> None:
        with self._lock:
            if (one := self._ready.get(recording)) is not None:
                self._instrument.replace(one.name, ())
                del self._ready[recording]
                self._session.remove(one.name)
            if (begun := self._begun.pop(recording, None)) is not None:
                self._forget_job(begun.job)
            found = one or begun or self._of(recording)
        shutil.rmtree(found.folder.parent, ignore_errors=True)

    def _of(self, recording: str) -> Recorded:
        if (found := self._ready.get(recording)) is None:
            raise UsageError(f"no recording {quoted(recording)}: it has been removed")
        return found

    def _folder_of(self, name: str, begun: _Begun) -> Path:
        return begun.folder if name in self._ready else begun.folder.parent


def bank_of(name: str, family: str, zone: Latents) -> Bank:
    """A bank of one instrument with one zone, as `capture` makes it of a recording."""
    from nsynth_lab.capture.bank_builder import normalize_zones

    entry = BankEntry(Named(name, family), (0,))
    return Bank([entry], normalize_zones([zone], family), model_id=zone.model_id)


def _provenance(one: Recorded, plan: CapturePlan) -> dict[str, Any]:
    """What an instrument's file says of where it is from, as `capture` says it of a recording."""
    outcome = one.outcome
    recipe = {"source": "recording", "file": one.file, "hash": outcome.hash, "note": outcome.note, "velocity": VELOCITY}
    note = {"note": note_name(outcome.note), "velocity": VELOCITY, "error_db": outcome.error_db, "left_out": ""}
    return {
        "recipe": encodable_in({**recipe, "plan": asdict(plan)}),
        "notes": [note],
        "nsynth_lab": __version__,
    }


def _clear(home: Path, *, but: Path) -> None:
    """Remove what is no longer needed beside the newest files."""
    for path in home.iterdir():
        if path != but:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
