"""An SFZ instrument as a source, played by sfizz. The only door to pysfizz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.capture.keys import remarks_on
from nsynth_lab.capture.sfz_map import read_map
from nsynth_lab.capture.sfz_text import MAX_BYTES
from nsynth_lab.capture.source import About, Key, file_hash
from nsynth_lab.dataset.played_range import usual_range
from nsynth_lab.errors import AudioError, MissingError, UsageError
from nsynth_lab.legible import encodable
from nsynth_lab.silence_stderr import silence_output
from nsynth_lab.units import SAMPLE_RATE, FloatArray

BLOCK_SAMPLES = 1024
SWITCH_SECONDS = 0.05


class SfzSource:
    """A `Source`. Each note is played by a fresh engine: voices of an earlier one would sound on.

    Args:
        path: .sfz.
        keyswitch: MIDI note that chooses an articulation; its default if None.

    Raises:
        UsageError: no SFZ file, or one whose samples are not there.
        MissingError: pysfizz is not installed.
    """

    def __init__(self, path: Path, *, keyswitch: int | None = None) -> None:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: no SFZ file of up to {MAX_BYTES // 2**20} MiB")
        if encodable(str(path.resolve())) != str(path.resolve()):
            raise UsageError(f"{path}: sfizz opens no file whose name, or its folder's, is not UTF-8; rename it")
        self._path = path
        self._map = read_map(path, keyswitch=keyswitch)
        there = self._engine().playable_keys
        keys = tuple(sorted({int(key) for key in there} & set(self._map.keys)))
        if not keys:
            raise UsageError(f"{path}: none of its keys starts a sound by itself")
        lowest, highest = usual_range(keys)
        chosen = {} if keyswitch is None else {"keyswitch": keyswitch}
        self.about = About(
            kind="sfz",
            recipe={"file": path.name, "sha256": file_hash(path), **chosen},
            source="acoustic",
            lowest=lowest,
            highest=highest,
            playable=keys,
            remarks=(*self._map.remarks(), *remarks_on(keys, lowest=lowest, highest=highest)),
        )

    def keys(self, wanted: list[Key]) -> list[Key]:
        """All of them: a velocity that has no sample says so when it is played."""
        return wanted

    def play(self, key: Key, *, hold_seconds: float, seconds: float) -> FloatArray:
        """One note."""
        if not self._map.mapped[key.note, key.velocity]:
            what = "the sample is missing" if self._map.missing[key.note, key.velocity] else "no region is mapped"
            raise AudioError(f"{what} at velocity {key.velocity}")
        engine = self._engine()
        if self._map.switch is not None and not self._map.is_default:
            engine.render_note(self._map.switch, 1, SWITCH_SECONDS / 2, SWITCH_SECONDS)
        sound = np.asarray(engine.render_note(key.note, key.velocity, hold_seconds, seconds), np.float32)
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
        with silence_output():
            loaded = engine.load_sfz_file(str(self._path), quiet=False)
        if not loaded:
            raise UsageError(f"{self._path}: sfizz cannot load it; it is no SFZ file, or its samples cannot be read")
        return engine
