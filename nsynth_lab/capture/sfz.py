"""SfzSource: an SFZ instrument as a source, played by sfizz. The only module that uses pysfizz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.capture.sfz_map import read_map
from nsynth_lab.capture.sfz_text import MAX_BYTES
from nsynth_lab.capture.source import KeyVelocity, SourceInfo, file_hash, key_remarks
from nsynth_lab.dataset.general_midi import playing_range
from nsynth_lab.dsp.offset import to_sides
from nsynth_lab.errors import AudioError, MissingError, UsageError
from nsynth_lab.legible import encodable
from nsynth_lab.silence_stderr import silence_output
from nsynth_lab.units import SAMPLE_RATE, FloatArray

BLOCK_SAMPLES = 1024
SWITCH_SECONDS = 0.05


class SfzSource:
    """A `Source`. Each note is played by a new engine, because voices of an earlier note would continue to sound.

    Args:
        path: .sfz file.
        keyswitch: MIDI note that selects an articulation; None for the default one.

    Raises:
        UsageError: not an SFZ file, or one whose samples are missing.
        MissingError: pysfizz is not installed.
    """

    def __init__(self, path: Path, *, keyswitch: int | None = None) -> None:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: not an SFZ file of up to {MAX_BYTES // 2**20} MiB")
        if encodable(str(path.resolve())) != str(path.resolve()):
            raise UsageError(f"{path}: sfizz cannot open files whose name or folder is not UTF-8; rename it")
        self._path = path
        self._map = read_map(path, keyswitch=keyswitch)
        playable = self._engine().playable_keys
        keys = tuple(sorted({int(key) for key in playable} & set(self._map.keys)))
        if not keys:
            raise UsageError(f"{path}: none of its keys plays a sound by itself")
        lowest, highest = playing_range(keys)
        chosen = {} if keyswitch is None else {"keyswitch": keyswitch}
        self.info = SourceInfo(
            kind="sfz",
            recipe={"file": path.name, "sha256": file_hash(path), **chosen},
            source="acoustic",
            lowest=lowest,
            highest=highest,
            playable=keys,
            remarks=(*self._map.remarks(), *key_remarks(keys, lowest=lowest, highest=highest)),
        )

    def keys(self, wanted: list[KeyVelocity]) -> list[KeyVelocity]:
        """All of them; a velocity without a sample raises an error when it is played."""
        return wanted

    def play(self, key: KeyVelocity, *, hold_seconds: float, seconds: float) -> FloatArray:
        """See `Source.play`."""
        if not self._map.mapped[key.note, key.velocity]:
            what = "the sample is missing" if self._map.missing[key.note, key.velocity] else "no region is mapped"
            raise AudioError(f"{what} at velocity {key.velocity}")
        engine = self._engine()
        if self._map.switch is not None and not self._map.is_default:
            engine.render_note(self._map.switch, 1, SWITCH_SECONDS / 2, SWITCH_SECONDS)
        sound = np.asarray(engine.render_note(key.note, key.velocity, hold_seconds, seconds), np.float32)
        return to_sides(np.atleast_2d(sound))

    def actual_hold(self, hold_seconds: float) -> float | None:
        """As requested."""
        return hold_seconds

    def close(self) -> None:
        """Nothing to free."""

    def _engine(self) -> Any:  # the library has no types
        try:
            import pysfizz
        except ImportError as error:
            raise MissingError(f"capturing SFZ needs pysfizz: pip install 'nsynth-lab[sfz]' ({error})") from error
        engine = pysfizz.Synth(sample_rate=SAMPLE_RATE, block_size=BLOCK_SAMPLES)
        with silence_output():
            loaded = engine.load_sfz_file(str(self._path), quiet=False)
        if not loaded:
            raise UsageError(f"{self._path}: sfizz cannot load it; not an SFZ file, or its samples cannot be read")
        return engine
