"""Hear and see a run while it trains: a log for TensorBoard, and held-out notes beside their decoded twins.

run/log/                    loss, rate, speed and health for TensorBoard
run/log/warnings.txt        what was wrong with the run, and at which step (see `diagnosis`)
run/listen/000500/NOTE.wav  the note, half a second of nothing, its twin
run/listen/000500.png       their spectrograms side by side
run/weights.safetensors     the averaged model, ready to decode
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.errors import MissingError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import save_weights
from nsynth_lab.train.diagnosis import NoteHealth, TimbreSpread, diagnose, measure_spread, note_health
from nsynth_lab.train.options import Report, TrainOptions
from nsynth_lab.train.reconstruction import Twin, decode_twin
from nsynth_lab.units import SAMPLE_RATE

HEARD_NOTES = 6
STEPS_BETWEEN_LOGS = 20
GAP_SAMPLES = SAMPLE_RATE // 2
INHERITED = ("model_id", "trained_on", "licences", "base")


class Listener:
    """A context manager that `train` reports to; `warn` is called with a line for each failure.

    `base` is the header of the checkpoint that the run began from: its sources are the new weights' sources too.
    """

    def __init__(
        self,
        run: Path,
        notes: PreparedNotes,
        options: TrainOptions,
        *,
        warn: Callable[[str], None],
        base: dict[str, Any] | None = None,
    ) -> None:
        self.run, self.notes, self.options, self.warn, self.base = run, notes, options, warn, base or {}
        self._last: Report | None = None
        held_out = [note for note, entry in enumerate(notes.index) if entry["held_out"]] or list(range(len(notes)))
        self.heard = held_out[:: max(1, len(held_out) // HEARD_NOTES)][:HEARD_NOTES]

    def __enter__(self) -> Listener:
        self.run.mkdir(parents=True, exist_ok=True)
        self._log = _summary_writer(self.run / "log")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._log is not None:
            self._log.close()

    def report(self, at: Report) -> None:
        """Log a step."""
        self._last = at
        if self._log is not None and at.step % STEPS_BETWEEN_LOGS == 0:
            for name, value in asdict(at).items():
                if name not in ("step", "steps"):
                    self._log.add_scalar(name, value, at.step)

    def listen(self, model: Autoencoder, step: int) -> None:
        """Write weights, sounds and a picture, and warn of what is wrong with them.

        Where the sound or picture library is missing, the weights alone are written.
        """
        save_weights(self.run, model, about=self._about(step))
        folder = self.run / "listen" / f"{step:06d}"
        folder.mkdir(parents=True, exist_ok=True)
        twins = {str(self.notes.index[note]["note_str"]): decode_twin(model, self.notes, note) for note in self.heard}
        self._examine([note_health(twin) for twin in twins.values()], measure_spread(model, self.notes), step)
        try:
            self._write(folder, twins)
        except MissingError:
            return

    def _examine(self, heard: list[NoteHealth], spread: TimbreSpread | None, step: int) -> None:
        if self._log is not None:
            self._log.add_scalar("health/level_db", np.median([note.level_db for note in heard]), step)
            self._log.add_scalar("health/added_noise_db", np.median([note.added_noise_db for note in heard]), step)
            if spread is not None:
                self._log.add_scalar("health/timbre_between_instruments", spread.share, step)
        for failure in diagnose(heard, spread, None if self.options.base else self._last):
            self.warn(failure.message)
            note_warning(self.run, failure.message, step=step)

    def _about(self, step: int) -> dict[str, Any]:
        """What the weights' header says of where they come from."""
        return {
            "steps": step,
            "options": asdict(self.options),
            "trained_on": dict(Counter(str(entry["instrument"]).split("/")[0] for entry in self.notes.index)),
            "licences": dict(Counter(str(entry.get("licence") or "unknown") for entry in self.notes.index)),
            **({"base": {key: self.base.get(key) for key in INHERITED}} if self.base else {}),
        }

    def _write(self, folder: Path, twins: dict[str, Twin]) -> None:
        from nsynth_lab.picture import Panel, draw_spectrograms

        panels = []
        for name, twin in twins.items():
            gap = np.zeros(GAP_SAMPLES, np.float32)
            samples = np.concatenate([twin.recorded, gap, twin.decoded])[None]
            write_audio(folder / f"{name}.wav", Audio(samples.clip(-1.0, 1.0)), force=True)
            panels += [Panel(name, twin.recorded), Panel("decoded", twin.decoded)]
        draw_spectrograms(folder.with_suffix(".png"), panels, title=f"step {folder.name}", force=True)


def note_warning(run: Path, message: str, *, step: int) -> None:
    """Add a line to the run's warnings."""
    (run / "log").mkdir(parents=True, exist_ok=True)
    with open(run / "log" / "warnings.txt", "a", encoding="utf-8") as file:
        file.write(f"step {step}: {message}\n")


def _summary_writer(folder: Path) -> Any:
    """TensorBoard's writer, or None where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
