"""SoundFontPlayer(font): plays single notes of a SoundFont into arrays. The only module that uses FluidSynth.

FluidSynth's C library is called through ctypes: fifteen functions, without a Python package in between, and with
float samples where the usual wrapper returns 16 bits. It was chosen over tinysoundfont, which is as fast but ignores
modulators: velocity then changes only the level (the violin of MuseScore_General keeps its spectral centroid of
2,778 Hz at velocities 50 and 127; here it moves from 2,559 to 2,836 Hz), and that font's piano is 17 dB quieter at
velocity 100 than at 50.

Source: https://www.fluidsynth.org/api/ (libfluidsynth 2.x, LGPL-2.1).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from nsynth_lab.dataset.font_file import check_font
from nsynth_lab.errors import DatasetError, MissingError
from nsynth_lab.units import SAMPLE_RATE, FloatArray

SEVENTH_ORDER = 7
_BLOCK_SAMPLES = 64  # FluidSynth computes so many samples at a time
_INSTALL = "apt install libfluidsynth3 (Debian), brew install fluid-synth (macOS), fluidsynth.org (Windows)"
_SETTINGS = {  # dry, and on one thread: several processes render at the same time
    b"synth.reverb.active": 0,
    b"synth.chorus.active": 0,
    b"synth.cpu-cores": 1,
    b"synth.dynamic-sample-loading": 1,
}
_pointer, _int, _double, _text = ctypes.c_void_p, ctypes.c_int, ctypes.c_double, ctypes.c_char_p
_SIGNATURES: dict[str, tuple[Any, ...]] = {  # name: result, arguments
    "new_fluid_settings": (_pointer,),
    "delete_fluid_settings": (None, _pointer),
    "fluid_settings_setint": (_int, _pointer, _text, _int),
    "fluid_settings_setnum": (_int, _pointer, _text, _double),
    "new_fluid_synth": (_pointer, _pointer),
    "delete_fluid_synth": (None, _pointer),
    "fluid_set_log_function": (_pointer, _int, _pointer, _pointer),
    "fluid_version_str": (_text,),
    "fluid_synth_sfload": (_int, _pointer, _text, _int),
    "fluid_synth_program_select": (_int, _pointer, _int, _int, _int, _int),
    "fluid_synth_set_interp_method": (_int, _pointer, _int, _int),
    "fluid_synth_all_sounds_off": (_int, _pointer, _int),
    "fluid_synth_noteon": (_int, _pointer, _int, _int, _int),
    "fluid_synth_noteoff": (_int, _pointer, _int, _int),
    "fluid_synth_write_float": (_int, _pointer, _int, _pointer, _int, _int, _pointer, _int, _int),
}


class SoundFontPlayer:
    """A loaded SoundFont (.sf2 or .sf3) that plays single, dry notes.

    Only the samples of the programs that are played are loaded. Use it as a context manager, which frees the C
    library's memory at the end.

    Raises:
        MissingError: FluidSynth's library is not installed.
        DatasetError: not a SoundFont, or one FluidSynth cannot load.
    """

    def __init__(self, font: str | Path, *, sample_rate: int = SAMPLE_RATE, gain: float = 1.0) -> None:
        check_font(font)
        self._lib = _library()
        self._rate = sample_rate
        self._program: tuple[int, int] | None = None
        self._settings = self._lib.new_fluid_settings()
        for name, value in _SETTINGS.items():
            self._lib.fluid_settings_setint(self._settings, name, value)
        self._lib.fluid_settings_setnum(self._settings, b"synth.sample-rate", float(sample_rate))
        self._lib.fluid_settings_setnum(self._settings, b"synth.gain", gain)
        self._synth = self._lib.new_fluid_synth(self._settings)
        self._font = self._lib.fluid_synth_sfload(self._synth, os.fsencode(font), 1)
        if self._font < 0:
            self.close()
            raise DatasetError(f"{font}: FluidSynth cannot load it; the SoundFont is damaged")

    def select(self, program: int, *, bank: int = 0) -> bool:
        """Select program 0..127 of a bank (bank 0 is General MIDI's); returns False if the font does not have it."""
        if (bank, program) != self._program:  # selecting it again would decompress its samples again
            found = self._lib.fluid_synth_program_select(self._synth, 0, self._font, bank, program)
            self._program = (bank, program) if found == 0 else None
            self._lib.fluid_synth_set_interp_method(self._synth, -1, SEVENTH_ORDER)
        return self._program is not None

    def play(
        self, program: int, note: int, *, velocity: int, hold_seconds: float, seconds: float, bank: int = 0
    ) -> FloatArray:
        """The mean [seconds * sample_rate] of both channels of a note, see `play_sides`."""
        sides = self.play_sides(program, note, velocity=velocity, hold_seconds=hold_seconds, seconds=seconds, bank=bank)
        return np.asarray(sides.mean(axis=0), np.float32)

    def play_sides(
        self, program: int, note: int, *, velocity: int, hold_seconds: float, seconds: float, bank: int = 0
    ) -> FloatArray:
        """Play one note from silence: float32 [2, seconds * sample_rate].

        The key is released after `hold_seconds`.

        Raises:
            DatasetError: the font has no such program.
        """
        if not self.select(program, bank=bank):
            raise DatasetError(f"the SoundFont has no program {program} in bank {bank}")
        samples, held = round(seconds * self._rate), round(hold_seconds * self._rate)
        # Whole blocks, so that nothing is left over for the next note.
        sound = np.zeros((-(-samples // _BLOCK_SAMPLES) * _BLOCK_SAMPLES, 2), np.float32)
        # A voice starts at the gain of the note it played before, so the note is first played once and discarded.
        self._note_on(note, velocity)
        self._write(sound[:_BLOCK_SAMPLES])
        self._note_on(note, velocity)
        self._write(sound[:held])
        self._lib.fluid_synth_noteoff(self._synth, 0, note)
        self._write(sound[held:])
        return sound[:samples].T

    def _note_on(self, note: int, velocity: int) -> None:
        self._lib.fluid_synth_all_sounds_off(self._synth, 0)
        self._write(np.empty((_BLOCK_SAMPLES, 2), np.float32))  # voices are freed only when the next block is computed
        self._lib.fluid_synth_noteon(self._synth, 0, note, velocity)

    def close(self) -> None:
        """Free the synthesizer; calling it again does nothing."""
        if self._settings:
            self._lib.delete_fluid_synth(self._synth)
            self._lib.delete_fluid_settings(self._settings)
            self._settings = None

    def _write(self, block: FloatArray) -> None:
        data = block.ctypes.data
        self._lib.fluid_synth_write_float(self._synth, len(block), data, 0, 2, data, 1, 2)

    def __enter__(self) -> SoundFontPlayer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def library_version() -> str:
    """FluidSynth's version, such as 2.3.1.

    Raises:
        MissingError: FluidSynth is not installed.
    """
    text: bytes = _library().fluid_version_str()
    return text.decode()


@cache
def _library() -> Any:  # ctypes libraries are untyped
    name = ctypes.util.find_library("fluidsynth") or ctypes.util.find_library("libfluidsynth-3")
    try:
        library = ctypes.CDLL(name or "")
        for function, (result, *arguments) in _SIGNATURES.items():
            getattr(library, function).restype = result
            getattr(library, function).argtypes = arguments
    except (OSError, AttributeError) as error:
        raise MissingError(f"playing SoundFonts needs FluidSynth 2: {_INSTALL} ({error})") from error
    if name is None:  # CDLL("") opens the running program itself
        raise MissingError(f"playing SoundFonts needs FluidSynth 2: {_INSTALL}")
    for level in range(5):
        library.fluid_set_log_function(level, None, None)  # silence its log: errors are raised instead
    return library
