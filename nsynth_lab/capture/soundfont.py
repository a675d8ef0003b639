"""SoundFontSource: a preset of a SoundFont as a source, played by FluidSynth."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nsynth_lab.capture.source import KeyVelocity, SourceInfo, file_hash, key_remarks
from nsynth_lab.dataset.fluidsynth import SoundFontPlayer
from nsynth_lab.dataset.font_file import read_font_info
from nsynth_lab.dataset.font_presets import DRUM_BANK, FontPreset, find_preset, is_general_midi, read_presets
from nsynth_lab.dataset.general_midi import PROGRAMS, playing_range
from nsynth_lab.dsp.offset import remove_dc, to_sides
from nsynth_lab.errors import DatasetError
from nsynth_lab.silence_stderr import silence_output
from nsynth_lab.units import SAMPLE_RATE, FloatArray


class SoundFontSource:
    """A `Source`. Family and playing range are known only for General MIDI's programs.

    Args:
        font: .sf2 or .sf3.
        bank, program: of the preset; None if it is the only one.

    Raises:
        DatasetError: not a SoundFont, or a damaged one.
        UsageError: it has no such preset, or several.
        MissingError: FluidSynth is not installed.
    """

    def __init__(self, font: Path, *, bank: int | None = None, program: int | None = None) -> None:
        info, presets = read_font_info(font), read_presets(font)
        preset = find_preset(font, presets, bank=bank, program=program)
        self._preset = preset
        with silence_output():  # libraries that FluidSynth uses print about damaged fonts
            self._player = SoundFontPlayer(font)
        if not self._player.select(preset.program, bank=preset.bank):
            self._player.close()
            raise DatasetError(f"{font}: FluidSynth cannot find its preset {preset.label}; the SoundFont is damaged")
        known = PROGRAMS.get(preset.program) if preset.bank == 0 and is_general_midi(presets) else None
        lowest, highest = playing_range(preset.keys)
        if known and any(known.low <= key <= known.high for key in preset.keys):
            lowest, highest = max(known.low, preset.keys[0]), min(known.high, preset.keys[-1])
        self.info = SourceInfo(
            kind="soundfont",
            recipe={
                "file": font.name, "sha256": file_hash(font), "bank": preset.bank, "program": preset.program,
                "preset": preset.name,
            },
            name=preset.name,
            family=known.family if known else "",
            source=known.source if known else "acoustic",
            licence=info.terms,
            attribution=info.attribution,
            lowest=lowest,
            highest=highest,
            playable=preset.keys,
            remarks=tuple(_remarks(preset, lowest=lowest, highest=highest)),
        )  # fmt: skip

    def keys(self, wanted: list[KeyVelocity]) -> list[KeyVelocity]:
        """All of them; a velocity without a sample raises an error when it is played."""
        return wanted

    def play(self, key: KeyVelocity, *, hold_seconds: float, seconds: float) -> FloatArray:
        """See `Source.play`."""
        if not self._preset.mapped[key.note, key.velocity]:
            softest, hardest = self._preset.velocities or (0, 0)
            raise DatasetError(
                f"no sample is mapped to this key at velocity {key.velocity}; the preset has {softest} to {hardest}"
            )
        sound = self._player.play_sides(
            self._preset.program, key.note, velocity=key.velocity, hold_seconds=hold_seconds, seconds=seconds,
            bank=self._preset.bank,
        )  # fmt: skip
        return np.stack([remove_dc(side, sample_rate=SAMPLE_RATE) for side in to_sides(sound)])

    def actual_hold(self, hold_seconds: float) -> float | None:
        """As requested."""
        return hold_seconds

    def close(self) -> None:
        """Free its resources."""
        self._player.close()


def _remarks(preset: FontPreset, *, lowest: int, highest: int) -> list[str]:
    drums = [f"bank {DRUM_BANK} is for drum kits: every key of {preset.label} may be another drum"]
    return drums * (preset.bank == DRUM_BANK) + key_remarks(preset.keys, lowest=lowest, highest=highest)
