"""A program of a SoundFont as a source, played by FluidSynth."""

from __future__ import annotations

from pathlib import Path

from nsynth_lab.capture.source import About, Key, file_hash
from nsynth_lab.dsp.offset import remove_dc
from nsynth_lab.errors import UsageError
from nsynth_lab.train.font_info import read_font_info
from nsynth_lab.train.general_midi import PROGRAMS
from nsynth_lab.train.synthesizer import SoundFontPlayer
from nsynth_lab.units import SAMPLE_RATE, FloatArray


class SoundFontSource:
    """A `Source`.

    Raises:
        DatasetError: not a SoundFont, or a damaged one.
        UsageError: it has no such program.
        MissingError: FluidSynth is not installed.
    """

    def __init__(self, font: Path, *, bank: int, program: int) -> None:
        info = read_font_info(font)
        self._player = SoundFontPlayer(font)
        self._bank, self._program = bank, program
        if not self._player.select(program, bank=bank):
            raise UsageError(f"{font}: has no program {program} in bank {bank}")
        known = PROGRAMS.get(program) if bank == 0 else None
        self.about = About(
            kind="soundfont",
            recipe={"file": font.name, "sha256": file_hash(font), "bank": bank, "program": program},
            family=known.family if known else "",
            source=known.source if known else "synthetic",
            licence=info.terms,
            attribution=info.attribution,
            **({"lowest": known.low, "highest": known.high} if known else {}),
        )

    def keys(self, wanted: list[Key]) -> list[Key]:
        """All of them: what it lacks is silent."""
        return wanted

    def play(self, key: Key, *, hold_seconds: float, seconds: float) -> FloatArray:
        """One note."""
        sound = self._player.play(
            self._program, key.note, velocity=key.velocity, hold_seconds=hold_seconds, seconds=seconds, bank=self._bank
        )
        return remove_dc(sound, sample_rate=SAMPLE_RATE)

    def hold_of(self, key: Key, hold_seconds: float) -> float | None:  # noqa: ARG002 all are held as asked
        """As asked."""
        return hold_seconds

    def close(self) -> None:
        """Give back what it holds."""
        self._player.close()
