"""render_instrument(font, folder, ...): plays the notes of one SoundFont instrument and writes them as files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.dataset.fluidsynth import SoundFontPlayer
from nsynth_lab.dataset.font_instruments import FontInstrument
from nsynth_lab.dataset.note_writer import Entry, note_entry
from nsynth_lab.dataset.notes import AUDIO
from nsynth_lab.dsp.offset import remove_dc
from nsynth_lab.errors import UsageError
from nsynth_lab.note import Note
from nsynth_lab.silence_stderr import silence_stderr
from nsynth_lab.units import SAMPLE_RATE, FloatArray, db_to_gain

FADE_SECONDS = 0.02
TAIL_DB = -80.0
SILENT_PEAK = 1e-4
LOUDEST_PEAK = 0.99
SERIES = 7  # so many times 128 programs fit into the three digits of an instrument's number


@dataclass(frozen=True)
class RenderSettings:
    """Which notes of a SoundFont's instruments to render, and how.

    Attributes:
        step, offset: notes are played on the grid offset + k * step, in semitones, within an instrument's range.
        velocities: MIDI velocities 1..127, rising.
        hold_seconds: how long keys are held; the velocities use these in turn, repeating.
        max_seconds: the longest note; one that still sounds then is faded out over its last 20 ms.
        sample_rate: in Hz.
        series: 0..6; 128 * series is added to the instruments' numbers, so that several fonts can share a training.
        ending: "flac" or "wav", both 24 bit.

    Raises:
        UsageError: a value out of range.
    """

    step: int = 4
    offset: int = 0
    velocities: tuple[int, ...] = (25, 50, 75, 100, 127)
    hold_seconds: tuple[float, ...] = (3.0, 3.0, 0.7)
    max_seconds: float = 4.0
    sample_rate: int = SAMPLE_RATE
    series: int = 0
    ending: str = "flac"

    def __post_init__(self) -> None:
        if not 1 <= self.step <= 127:
            raise UsageError(f"a step of {self.step} semitones: use 1 to 127")
        for velocity in self.velocities:
            Note(0, velocity)
        if not self.velocities or not self.hold_seconds:
            raise UsageError("nothing to render: name at least one velocity and hold")
        if not 0.1 <= self.max_seconds <= 60 or not all(0.05 <= hold <= self.max_seconds for hold in self.hold_seconds):
            raise UsageError("use holds from 0.05 s to the longest note, and a longest note from 0.1 to 60 s")
        if not 8_000 <= self.sample_rate <= 96_000:
            raise UsageError(f"a sample rate of {self.sample_rate} Hz: FluidSynth renders at 8,000 to 96,000 Hz")
        if not 0 <= self.series < SERIES:
            raise UsageError(f"series {self.series}: use 0 to {SERIES - 1}")
        if self.ending not in ("flac", "wav"):
            raise UsageError(f"format '{self.ending}': use flac or wav")

    def notes(self, one: FontInstrument) -> list[tuple[int, int, float]]:
        """(note, velocity, hold in seconds) of every note to render of one instrument."""
        holds = self.hold_seconds
        return [
            (note, velocity, holds[index % len(holds)])
            for note in one.notes(step=self.step, offset=self.offset)
            for index, velocity in enumerate(self.velocities)
        ]


def render_instrument(
    font: Path, folder: Path, rendering: RenderSettings, about: dict[str, str], one: FontInstrument
) -> dict[str, Entry]:
    """Render one instrument and write its notes; returns note_str -> entry, an empty entry for a silent note.

    `about` is added to every entry: licence, attribution and origin.
    """
    player = _player(font, rendering.sample_rate)
    rate, entries = rendering.sample_rate, dict[str, Entry]()
    for note, velocity, hold in rendering.notes(one):
        sound = player.play(
            one.program, note, velocity=velocity, hold_seconds=hold, seconds=rendering.max_seconds, bank=one.bank
        )
        sound = remove_dc(sound, sample_rate=rate)
        sound = cut_tail(sound, held_samples=round(hold * rate), fade_samples=round(FADE_SECONDS * rate))
        peak = float(np.abs(sound).max())
        entry = note_entry(
            family=one.family,
            instrument_source=one.source,
            number=one.number + 128 * rendering.series,
            pitch=note,
            velocity=velocity,
            sample_rate=rate,
            instrument_name=one.name,
            bank=one.bank,
            program=one.program,
            preset=one.preset,
            hold_seconds=hold,
            duration=round(len(sound) / rate, 4),
            peak=round(min(peak, LOUDEST_PEAK), 5),
            **about,
        )
        name = entry["note_str"]
        if peak < SILENT_PEAK:
            entries[name] = {}
            continue
        if peak > LOUDEST_PEAK:
            sound *= LOUDEST_PEAK / peak
            entry["scaled_db"] = round(20 * float(np.log10(LOUDEST_PEAK / peak)), 2)
        write_audio(folder / AUDIO / f"{name}.{rendering.ending}", Audio(sound[None], rate), force=True)
        entries[name] = entry
    return entries


def cut_tail(samples: FloatArray, *, held_samples: int, fade_samples: int) -> FloatArray:
    """Cut a note where it has finally fallen 80 dB below its peak, but not before the key is released.

    A note that is still louder at its end is faded out over its last `fade_samples`.
    """
    level = np.abs(samples)
    sounding = np.flatnonzero(level > level.max() * db_to_gain(TAIL_DB))
    end = max(int(sounding[-1]) + 1 if len(sounding) else 0, held_samples)
    kept = samples[:end].copy()
    if end > len(samples) - fade_samples:
        kept[-fade_samples:] *= np.linspace(1.0, 0.0, fade_samples, dtype=np.float32)
    return kept


def probe(sample_rate: int, font: Path) -> None:
    """Load a font in this process, to find out whether FluidSynth can load it.

    Raises:
        DatasetError: FluidSynth cannot load it.
    """
    _player(font, sample_rate)


@lru_cache(maxsize=1)
def _player(font: Path, sample_rate: int) -> SoundFontPlayer:
    with silence_stderr():  # libraries that FluidSynth uses print about damaged fonts; our error says it in one line
        return SoundFontPlayer(font, sample_rate=sample_rate)  # kept as long as its worker process runs
