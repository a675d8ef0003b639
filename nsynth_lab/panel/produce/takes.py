"""Takes: what sounds, written to a file while it is played, wherever it goes: to the pages or to a device."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from nsynth_lab import messages
from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.folders import data_folder, make_folder
from nsynth_lab.pack.formats.names import stem
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.sinks.file import FileSink
from nsynth_lab.sinks.recorder import Recorder
from nsynth_lab.units import SAMPLE_RATE, gain_to_db
from nsynth_lab.version import __version__

if TYPE_CHECKING:
    from nsynth_lab.panel.instrument import Instrument

KIND = "take"
LONGEST_SECONDS = 3 * 3600.0  # a WAV file may have 4 GB
POLL_SECONDS = 0.25


def clipped(peak: float) -> list[str]:
    """What is said of a file whose loudest samples did not fit into it; nothing if they did."""
    return [f"it is too loud by {gain_to_db(peak):.1f} dB and clipped: turn the level down"] if peak > 1.0 else []


class Take:
    """One take: a thread that waits for its end and finishes its file."""

    def __init__(self, instrument: Instrument, jobs: Jobs, *, number: int, ending: str) -> None:
        patch = instrument.patch
        self._instrument, self._jobs = instrument, jobs
        self.stopped, self._thrown_away = threading.Event(), threading.Event()
        title = f"Take {number}"
        about = {"sound": patch.name, "format": ending}
        self._name = jobs.host(KIND, title, about=about, own=self._throw_away)
        path = jobs.folder_of(self._name) / f"{stem(f'{patch.name} take {number}')}.{ending}"
        comment = f"{patch.name}, played in nsynth_lab {__version__}, model {instrument.session.checkpoint.model_id}"
        try:
            self._sink = FileSink(path, comment=comment)
        except NsynthLabError as error:
            jobs.finish(self._name, failed=str(error))
            raise
        self._recorder = Recorder(self._sink)
        instrument.hear(self._recorder.write)
        self._thread = threading.Thread(target=self._run, name="take", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether nothing more is recorded."""
        return self.stopped.is_set()

    def stop(self) -> None:
        """End it, and wait until its file is whole."""
        self.stopped.set()
        self._thread.join()

    def _throw_away(self) -> None:
        self._thrown_away.set()
        self.stopped.set()

    def _run(self) -> None:
        recorder = self._recorder
        while not self.stopped.wait(POLL_SECONDS):
            if recorder.ended or recorder.samples > LONGEST_SECONDS * SAMPLE_RATE:
                self.stopped.set()
        self._instrument.hear(None)
        recorder.close()
        seconds = recorder.samples / SAMPLE_RATE
        troubles = [*recorder.troubles(), *clipped(self._sink.peak)]
        if self._thrown_away.is_set() or seconds:
            result = {"file": recorder.name, "seconds": seconds, "peak": self._sink.peak, "troubles": troubles}
            self._jobs.finish(self._name, result)
        else:
            self._jobs.finish(self._name, failed="; ".join(troubles) or "nothing has sounded: there is no output")


class Takes:
    """All takes, one after the other."""

    def __init__(self, instrument: Instrument, jobs: Jobs) -> None:
        self._instrument, self._jobs = instrument, jobs
        self._lock = threading.Lock()
        self._now: Take | None = None
        self._number = 0

    def start(self, *, ending: str) -> None:
        """Begin a take.

        Raises:
            UsageError: one goes on already, or there is no room.
            AudioError: its file cannot be written.
        """
        with self._lock:
            if self._now is not None and not self._now.is_over:
                raise UsageError("a take is being recorded already; end it first")
            if self._now is not None:
                self._now.stop()
            self._number += 1
            self._now = Take(self._instrument, self._jobs, number=self._number, ending=ending)

    def stop(self) -> None:
        """End the take, and keep it.

        Raises:
            UsageError: there is none.
        """
        with self._lock:
            if self._now is None or self._now.is_over:
                raise UsageError("no take is being recorded")
            self._now.stop()

    def close(self) -> None:
        """End the take that goes on, if there is one, and keep those that nobody has: they can't be made again."""
        with self._lock:
            if self._now is not None:
                self._now.stop()
        for path in self._jobs.unclaimed(KIND):
            try:
                messages.emit(f"a take that was not downloaded is kept: {_kept(path)}")
            except (NsynthLabError, OSError) as error:
                messages.emit(f"warning: {path.name} is lost: {error}")


def kept_folder() -> Path:
    """Where takes are kept that nobody has downloaded before the panel ended."""
    return data_folder() / "takes"


def _kept(path: Path) -> Path:
    """Move a take there, under a name of its own."""
    folder = make_folder(kept_folder(), NsynthLabError)
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    return Path(shutil.move(path, target))
