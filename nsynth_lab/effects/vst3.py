"""Vst3: one loaded plugin. The only place that knows how pedalboard treats third-party plugins.

Facts about pedalboard 0.9 that shaped this module:

- On loading, and whenever a parameter is read, pedalboard samples every parameter at 1,001 positions; for a
  convolution reverb that takes 86 s. So the sampling is skipped while loading, and parameters are set on the plugin's
  own scale of 0 to 1, whose meaning `plugin_info` keeps from the scan.
- It accepts unknown attributes silently. So nothing is ever set by attribute.
- A plugin must be loaded and reset on the main thread; afterwards any other thread may run it.
- Mono plugins refuse two channels: they get one instance per channel.
"""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from nsynth_lab.effects.effect import CHANNELS, MAX_BLOCK_SAMPLES
from nsynth_lab.effects.pedal import pedalboard, run, warm_up
from nsynth_lab.errors import PluginError
from nsynth_lab.silence_stderr import silence_output
from nsynth_lab.units import SAMPLE_RATE, FloatArray

INITIALIZATION_SECONDS = 10.0
SILENT_BLOCK_SECONDS = 0.05


class Vst3:
    """A loaded plugin: one instance, or for a mono plugin one per channel.

    Raises:
        PluginError: it cannot be loaded here.
        MissingError: pedalboard is not installed.
    """

    def __init__(self, path: str, name: str, *, instances: int = 1) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise PluginError(f"{name}: plugins must be loaded on the main thread")
        self.name = name
        self.latency_samples = 0
        self._channels = CHANNELS
        with silence_output():
            self.instances = [_load(path, name) for _ in range(instances)]

    @property
    def is_instrument(self) -> bool:
        """Whether it plays notes, instead of processing sound."""
        return bool(self.instances[0].is_instrument)

    def warm_up(self, channels: int) -> int:
        """Reset it and process silence; returns its latency in samples."""
        try:
            with silence_output():
                self.latency_samples = max(warm_up(one, channels // len(self.instances)) for one in self.instances)
        except (RuntimeError, ValueError) as error:
            raise PluginError(f"{self.name}: {_first_line(error)}") from error
        return self.latency_samples

    def process(self, block: FloatArray) -> FloatArray:
        """Process one block [channels, samples], with as many channels as it was warmed up with."""
        if len(self.instances) == 1:
            return run(self.instances[0], block)
        import numpy as np

        return np.concatenate([run(one, block[k : k + 1]) for k, one in enumerate(self.instances)])

    def set_parameter(self, title: str, raw: float) -> None:
        """Set a parameter on the plugin's own scale of 0 to 1."""
        for one in self.instances:
            one._get_parameter(title).raw_value = raw

    def state(self) -> bytes:
        """Its complete state, in the plugin's own format."""
        return bytes(self.instances[0].raw_state)

    def close(self) -> None:
        """Unload it here, not at the end of the process, where its messages could no longer be discarded."""
        with silence_output():
            self.instances.clear()
            gc.collect()

    def parameter(self, title: str) -> float:
        """A parameter's value on the plugin's own scale of 0 to 1; not updated by `restore`."""
        return float(self.instances[0]._get_parameter(title).raw_value)

    def play_note(self, note: int, velocity: int, *, hold_seconds: float, seconds: float) -> FloatArray:
        """One note of an instrument, from silence: [channels, samples] at 48 kHz. On the main thread.

        The C library's random generator is seeded first, so that plugins which use it play every note alike.

        Raises:
            PluginError: it cannot play.
        """
        _seed_c_random()
        return self._play([(bytes((0x90, note, velocity)), 0.0), (bytes((0x80, note, 0)), hold_seconds)], seconds)

    def begin_stream(self) -> None:
        """Reset an instrument, so that `stream` plays it from silence; same notes sound alike, as in `play_note`."""
        self.play_silence()
        self.latency_samples = int(self.instances[0].reported_latency_samples)
        _seed_c_random()

    def stream(self, events: Sequence[tuple[int, bytes]], samples: int) -> FloatArray:
        """The next block [1 or 2, samples] of an instrument, which goes on from the last one.

        `events` are MIDI messages, each at a sample of this block. pedalboard rounds times down, so they and the length
        are given half a sample late.
        """
        timed = [(data, (at + 0.5) / SAMPLE_RATE) for at, data in events]
        out: FloatArray = self.instances[0].process(
            timed,
            (samples + 0.5) / SAMPLE_RATE,
            SAMPLE_RATE,
            num_channels=self._channels,
            buffer_size=MAX_BLOCK_SAMPLES,
            reset=False,
        )
        return out

    def play_silence(self) -> None:
        """One block of an instrument without notes: changed parameters reach the plugin itself."""
        self._play([], SILENT_BLOCK_SECONDS)

    def _play(self, events: list[tuple[bytes, float]], seconds: float) -> FloatArray:
        error: Exception | None = None
        for channels in (CHANNELS, 1):
            try:
                with silence_output():
                    out: FloatArray = self.instances[0].process(
                        events, seconds, SAMPLE_RATE, num_channels=channels, buffer_size=MAX_BLOCK_SAMPLES, reset=True
                    )
                self._channels = channels
                return out
            except (RuntimeError, ValueError) as refused:
                error = refused
        raise PluginError(f"{self.name}: cannot play a note: {_first_line(error or ValueError())}")

    def restore(self, state: bytes, *, is_preset: bool = False) -> None:
        """Set its complete state; `is_preset` if the bytes are those of a .vstpreset file.

        Raises:
            PluginError: the plugin refuses it.
        """
        try:
            with silence_output():
                for one in self.instances:
                    # plain assignment would look for a parameter of that name first, sampling all of them
                    object.__setattr__(one, "preset_data" if is_preset else "raw_state", state)
        except (RuntimeError, ValueError) as error:
            raise PluginError(f"{self.name}: does not take this state: {_first_line(error)}") from error

    def restore_checked(self, state: bytes, *, of: str, is_preset: bool = False) -> str:
        """As `restore`, then read back: a remark if the plugin ignored or changed the state, which is that `of` a file.

        Raises:
            PluginError: the plugin refuses it.
        """
        before = self.state()
        self.restore(state, is_preset=is_preset)
        if self.is_instrument:
            self.play_silence()
        after = self.state()
        if after == state or (is_preset and after != before):
            return ""
        if after == before:
            return f"{self.name} was not changed by {of}: it already has that state, or did not accept it"
        return f"{self.name} reports another state than that of {of}; check by ear that the sound is right"


def plugin_names(path: str) -> list[str]:
    """Names of the plugins in a .vst3.

    Raises:
        PluginError: none that can be loaded.
    """
    try:
        return [str(name) for name in pedalboard().VST3Plugin.get_plugin_names_for_file(path)]
    except (ImportError, RuntimeError, ValueError) as error:
        raise PluginError(f"{path}: no VST3 plugin: {_first_line(error)}") from error


def _seed_c_random() -> None:
    """Call the C library's srand; where it cannot be reached (Windows), plugins have a C library of their own."""
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
    """Skips pedalboard's sampling of all parameters while loading; has no effect on versions that do none."""
    hook = "__set_initial_parameter_values__"
    owner = next((kind for kind in library.VST3Plugin.__mro__ if hook in vars(kind)), None)
    if owner is None:
        yield
        return
    original = vars(owner)[hook]
    setattr(owner, hook, lambda _plugin, _values: None)
    try:
        yield
    finally:
        setattr(owner, hook, original)


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
