"""Vst3: one loaded plugin. The only place that knows how pedalboard treats third-party binaries.

What had to be known (pedalboard 0.9):

- On loading, and whenever a parameter is asked for, pedalboard samples every parameter at 1,001 places; for a
  convolution reverb that takes 86 s. So its sampling is left out while loading, and parameters are moved on the
  plugin's own scale of 0 to 1, whose meaning `plugin_info` keeps from the scan.
- It takes unknown attributes without a word. So nothing is ever set by attribute.
- A plugin must be loaded and reset on the main thread; it then runs on any other.
- Mono plugins refuse two channels: one instance a channel.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from nsynth_lab.effects.effect import MAX_BLOCK_SAMPLES
from nsynth_lab.effects.pedal import pedalboard, run, warm_up
from nsynth_lab.errors import PluginError
from nsynth_lab.units import SAMPLE_RATE, FloatArray

INITIALIZATION_SECONDS = 10.0
NOTHING_SECONDS = 0.05


class Vst3:
    """A plugin loaded once for each channel it cannot do together with the other.

    Raises:
        PluginError: it cannot be loaded here.
        MissingError: pedalboard is not installed.
    """

    def __init__(self, path: str, name: str, *, instances: int = 1) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise PluginError(f"{name}: plugins must be loaded on the main thread")
        self.name = name
        with quiet():
            self.instances = [_load(path, name) for _ in range(instances)]

    def warm_up(self, channels: int) -> int:
        """Reset it and send silence through; returns its latency in samples."""
        try:
            with quiet():
                return max(warm_up(one, channels // len(self.instances)) for one in self.instances)
        except (RuntimeError, ValueError) as error:
            raise PluginError(f"{self.name}: {_first_line(error)}") from error

    def process(self, block: FloatArray) -> FloatArray:
        """One block [channels, samples], as many channels as it was warmed up with."""
        if len(self.instances) == 1:
            return run(self.instances[0], block)
        import numpy as np

        return np.concatenate([run(one, block[k : k + 1]) for k, one in enumerate(self.instances)])

    def move(self, title: str, raw: float) -> None:
        """Set a parameter on the plugin's own scale of 0 to 1."""
        for one in self.instances:
            one._get_parameter(title).raw_value = raw

    def state(self) -> bytes:
        """Its whole state, as the plugin packs it."""
        return bytes(self.instances[0].raw_state)

    def close(self) -> None:
        """Unload it: here, and not at the end of the process, where what it prints would be heard."""
        with quiet():
            self.instances.clear()
            gc.collect()

    def position(self, title: str) -> float:
        """Where a parameter stands on the plugin's own scale of 0 to 1; not told anew after `restore`."""
        return float(self.instances[0]._get_parameter(title).raw_value)

    def note(self, note: int, velocity: int, *, hold_seconds: float, seconds: float) -> FloatArray:
        """One note of an instrument, from silence: [channels, samples] at 48 kHz; on the main thread.

        C's dice are thrown anew before it: what a plugin takes from them is the same in each note.

        Raises:
            PluginError: it cannot play.
        """
        _throw_anew()
        return self._play([(bytes((0x90, note, velocity)), 0.0), (bytes((0x80, note, 0)), hold_seconds)], seconds)

    def play_nothing(self) -> None:
        """An instrument's next block: what was moved reaches the plugin itself."""
        self._play([], NOTHING_SECONDS)

    def _play(self, events: list[tuple[bytes, float]], seconds: float) -> FloatArray:
        error: Exception | None = None
        for channels in (2, 1):
            try:
                with quiet():
                    out: FloatArray = self.instances[0].process(
                        events, seconds, SAMPLE_RATE, num_channels=channels, buffer_size=MAX_BLOCK_SAMPLES, reset=True
                    )
                return out
            except (RuntimeError, ValueError) as refused:
                error = refused
        raise PluginError(f"{self.name}: cannot play a note: {_first_line(error or ValueError())}")

    def restore(self, state: bytes, *, is_preset: bool = False) -> None:
        """Set its whole state; `is_preset` where the bytes are those of a .vstpreset file.

        Raises:
            PluginError: it does not take it.
        """
        try:
            with quiet():
                for one in self.instances:
                    # the plain way would look for a parameter of that name first, and sample all of them
                    object.__setattr__(one, "preset_data" if is_preset else "raw_state", state)
        except (RuntimeError, ValueError) as error:
            raise PluginError(f"{self.name}: does not take this state: {_first_line(error)}") from error


def plugin_names(path: str) -> list[str]:
    """The plugins that a .vst3 holds.

    Raises:
        PluginError: it holds none that can be loaded.
    """
    try:
        return [str(name) for name in pedalboard().VST3Plugin.get_plugin_names_for_file(path)]
    except (ImportError, RuntimeError, ValueError) as error:
        raise PluginError(f"{path}: no VST3 plugin: {_first_line(error)}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Plugins print thousands of lines to the process's own streams; not while this holds."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept, nowhere = [os.dup(1), os.dup(2)], os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        for stream, copy in enumerate(kept, start=1):
            os.dup2(copy, stream)
            os.close(copy)
        os.close(nowhere)


def _throw_anew() -> None:
    """Where the C library is not to be had under that name, plugins bring their own."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).srand(1)


def _load(path: str, name: str) -> Any:
    library = pedalboard()
    try:
        with _without_sampling(library):
            return library.VST3Plugin(path, plugin_name=name, initialization_timeout=INITIALIZATION_SECONDS)
    except (ImportError, RuntimeError, ValueError) as error:
        raise PluginError(f"{name}: cannot be loaded: {_first_line(error)}") from error


@contextmanager
def _without_sampling(library: Any) -> Iterator[None]:
    """Loading without pedalboard's sampling of all parameters; where a later version has none, nothing changes."""
    hook = "__set_initial_parameter_values__"
    owner = next((kind for kind in library.VST3Plugin.__mro__ if hook in vars(kind)), None)
    if owner is None:
        yield
        return
    usual = vars(owner)[hook]
    setattr(owner, hook, lambda _plugin, _values: None)
    try:
        yield
    finally:
        setattr(owner, hook, usual)


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
