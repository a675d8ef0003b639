"""Hear and see a run while it trains: a log for TensorBoard, and held-out notes beside their decoded twins.

run/log/                    loss, rate and speed for TensorBoard
run/listen/000500/NOTE.wav  the note, half a second of nothing, its twin
run/listen/000500.png       their spectrograms side by side
run/weights.safetensors     the averaged model, ready to decode
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.errors import MissingError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import save_weights
from nsynth_lab.train.loop import Report, TrainOptions
from nsynth_lab.train.prepare import PreparedNotes
from nsynth_lab.train.twin import decode_twin
from nsynth_lab.units import SAMPLE_RATE

HEARD_NOTES = 6
STEPS_BETWEEN_LOGS = 20
GAP_SAMPLES = SAMPLE_RATE // 2


class Listener:
    """A context manager that `train` reports to."""

    def __init__(self, run: Path, notes: PreparedNotes, options: TrainOptions) -> None:
        self.run, self.notes, self.options = run, notes, options
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
        if self._log is not None and at.step % STEPS_BETWEEN_LOGS == 0:
            for name, value in asdict(at).items():
                if name not in ("step", "steps"):
                    self._log.add_scalar(name, value, at.step)

    def listen(self, model: Autoencoder, step: int) -> None:
        """Write weights, sounds and a picture; where the sound or picture library is missing, the weights alone."""
        save_weights(self.run, model, about=self._about(step))
        folder = self.run / "listen" / f"{step:06d}"
        folder.mkdir(parents=True, exist_ok=True)
        pairs = {str(self.notes.index[note]["note_str"]): decode_twin(model, self.notes, note) for note in self.heard}
        try:
            self._write(folder, pairs)
        except MissingError:
            return

    def _about(self, step: int) -> dict[str, Any]:
        """What the weights' header says of where they come from."""
        return {
            "steps": step,
            "options": asdict(self.options),
            "trained_on": dict(Counter(str(entry["instrument"]).split("/")[0] for entry in self.notes.index)),
            "licences": dict(Counter(str(entry.get("licence") or "unknown") for entry in self.notes.index)),
        }

    def _write(self, folder: Path, pairs: dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]) -> None:
        from nsynth_lab.picture import Panel, draw_spectrograms

        panels = []
        for name, (twin, original) in pairs.items():
            gap = np.zeros(GAP_SAMPLES, np.float32)
            samples = np.concatenate([original, gap, twin])[None]
            write_audio(folder / f"{name}.wav", Audio(samples.clip(-1.0, 1.0)), force=True)
            panels += [Panel(name, original), Panel("decoded", twin)]
        draw_spectrograms(folder.with_suffix(".png"), panels, title=f"step {folder.name}", force=True)


def _summary_writer(folder: Path) -> Any:
    """TensorBoard's writer, or None where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
