"""An SFZ instrument as a source, played by sfizz. The only door to pysfizz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.capture.source import About, Key, file_hash
from nsynth_lab.effects.vst3 import quiet
from nsynth_lab.errors import MissingError, UsageError
from nsynth_lab.units import SAMPLE_RATE, FloatArray

MAX_BYTES = 16 * 2**20
BLOCK_SAMPLES = 1024


class SfzSource:
    """A `Source`. Each note is played by a fresh engine: voices of an earlier one would sound on.

    Raises:
        UsageError: no SFZ file, or one whose samples are not there.
        MissingError: pysfizz is not installed.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: no SFZ file of up to {MAX_BYTES // 2**20} MiB")
        self._path = path
        self._playable = {int(key) for key in self._engine().playable_keys}
        if not self._playable:
            raise UsageError(f"{path}: no key of it can be played; are its samples there?")
        self.about = About(
            kind="sfz",
            recipe={"file": path.name, "sha256": file_hash(path)},
            source="acoustic",
            lowest=min(self._playable),
            highest=max(self._playable),
        )

    def keys(self, wanted: list[Key]) -> list[Key]:
        """Those that have a region."""
        return [key for key in wanted if key.note in self._playable]

    def play(self, key: Key, *, hold_seconds: float, seconds: float) -> FloatArray:
        """One note."""
        sound = np.asarray(self._engine().render_note(key.note, key.velocity, hold_seconds, seconds), np.float32)
        return np.asarray(np.atleast_2d(sound).mean(axis=0), np.float32)

    def hold_of(self, key: Key, hold_seconds: float) -> float | None:  # noqa: ARG002 all are held as asked
        """As asked."""
        return hold_seconds

    def close(self) -> None:
        """Give back what it holds."""

    def _engine(self) -> Any:  # the library ships no types
        try:
            import pysfizz
        except ImportError as error:
            raise MissingError(f"capturing SFZ needs pysfizz: pip install 'nsynth-lab[sfz]' ({error})") from error
        engine = pysfizz.Synth(sample_rate=SAMPLE_RATE, block_size=BLOCK_SAMPLES)
        with quiet():
            loaded = engine.load_sfz_file(str(self._path), quiet=False)
        if not loaded:
            raise UsageError(f"{self._path}: cannot be loaded; it is no SFZ file, or its samples are missing")
        return engine
