"""TrainingMonitor: follows a run while it trains, with a log for TensorBoard and held-out notes to listen to.

run/log/                    loss, learning rate, speed and health for TensorBoard
run/log/warnings.txt        warnings about the run, with their steps (see `diagnosis`)
run/listen/000500/NOTE.wav  a held-out note, half a second of silence, its reconstruction
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
from nsynth_lab.train.diagnosis import TimbreSpread, diagnose, measure_spread
from nsynth_lab.train.options import TrainingProgress, TrainOptions
from nsynth_lab.train.reconstruction import NoteHealth, Reconstruction, note_health, reconstruct
from nsynth_lab.units import SAMPLE_RATE

MONITORED_NOTES = 6
STEPS_BETWEEN_LOGS = 20
GAP_SAMPLES = SAMPLE_RATE // 2
INHERITED_KEYS = ("model_id", "trained_on", "licences", "base")


class TrainingMonitor:
    """Provides the callbacks of `loop.train`; use it as a context manager, which closes the log.

    Args:
        run: folder of the run.
        notes: that the run trains on.
        options: of the run; stored in the header of the weights.
        warn: called with a line for every failure that `diagnosis` finds.
        base: header of the checkpoint that the run started from; its sources are sources of the new weights, too.
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
        self._last: TrainingProgress | None = None
        held_out = [note for note, entry in enumerate(notes.index) if entry["held_out"]] or list(range(len(notes)))
        self.monitored = held_out[:: max(1, len(held_out) // MONITORED_NOTES)][:MONITORED_NOTES]

    def __enter__(self) -> TrainingMonitor:
        self.run.mkdir(parents=True, exist_ok=True)
        self._log = _summary_writer(self.run / "log")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._log is not None:
            self._log.close()

    def on_step(self, progress: TrainingProgress) -> None:
        """Log a step, every so often."""
        self._last = progress
        if self._log is not None and progress.step % STEPS_BETWEEN_LOGS == 0:
            for name, value in asdict(progress).items():
                if name not in ("step", "steps"):
                    self._log.add_scalar(name, value, progress.step)

    def on_save(self, model: Autoencoder, step: int) -> None:
        """Write weights, sounds and spectrograms, and warn about failures.

        If the sound or plotting library is not installed, only the weights are written.
        """
        save_weights(self.run, model, about=self._about(step))
        folder = self.run / "listen" / f"{step:06d}"
        folder.mkdir(parents=True, exist_ok=True)
        reconstructions = {
            str(self.notes.index[note]["note_str"]): reconstruct(model, self.notes, note) for note in self.monitored
        }
        health = [note_health(one) for one in reconstructions.values()]
        self._diagnose(health, measure_spread(model, self.notes), step)
        try:
            self._write(folder, reconstructions)
        except MissingError:
            return

    def _diagnose(self, health: list[NoteHealth], spread: TimbreSpread | None, step: int) -> None:
        if self._log is not None:
            self._log.add_scalar("health/level_db", np.median([note.level_db for note in health]), step)
            self._log.add_scalar("health/added_noise_db", np.median([note.added_noise_db for note in health]), step)
            if spread is not None:
                self._log.add_scalar("health/timbre_between_instruments", spread.share, step)
        for failure in diagnose(health, spread, None if self.options.base else self._last):
            self.warn(failure.message)
            note_warning(self.run, failure.message, step=step)

    def _about(self, step: int) -> dict[str, Any]:
        """The origin of the weights, for their header."""
        return {
            "steps": step,
            "options": asdict(self.options),
            "trained_on": dict(Counter(str(entry["instrument"]).split("/")[0] for entry in self.notes.index)),
            "licences": dict(Counter(str(entry.get("licence") or "unknown") for entry in self.notes.index)),
            **({"base": {key: self.base.get(key) for key in INHERITED_KEYS}} if self.base else {}),
        }

    def _write(self, folder: Path, reconstructions: dict[str, Reconstruction]) -> None:
        from nsynth_lab.picture import Panel, draw_spectrograms

        panels = []
        for name, reconstruction in reconstructions.items():
            gap = np.zeros(GAP_SAMPLES, np.float32)
            samples = np.concatenate([reconstruction.recorded, gap, reconstruction.decoded])[None]
            write_audio(folder / f"{name}.wav", Audio(samples.clip(-1.0, 1.0)), force=True)
            panels += [Panel(name, reconstruction.recorded), Panel("decoded", reconstruction.decoded)]
        draw_spectrograms(folder.with_suffix(".png"), panels, title=f"step {folder.name}", force=True)


def note_warning(run: Path, message: str, *, step: int) -> None:
    """Append a line to the run's warnings."""
    (run / "log").mkdir(parents=True, exist_ok=True)
    with open(run / "log" / "warnings.txt", "a", encoding="utf-8") as file:
        file.write(f"step {step}: {message}\n")


def _summary_writer(folder: Path) -> Any:
    """TensorBoard's writer, or None if TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
