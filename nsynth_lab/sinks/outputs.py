"""The audio outputs and inputs of this machine, and whether each can play 48 kHz stereo, or record at 48 kHz."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nsynth_lab.silence_stderr import silence_stderr
from nsynth_lab.sinks.portaudio import CHANNELS, load_sounddevice, one_line, renew_devices
from nsynth_lab.units import SAMPLE_RATE


@dataclass(frozen=True)
class AudioDevice:
    """An audio output or input.

    Attributes:
        name: to be passed to `DeviceSink` or `DeviceInput`.
        host: PortAudio's host API.
        channels: how many it has.
        low_ms, high_ms: the latencies it suggests.
        default: whether it is the system's default.
        problem: why it cannot play 48 kHz stereo, or record at 48 kHz; empty if it can.
    """

    name: str
    host: str
    channels: int
    low_ms: float
    high_ms: float
    default: bool
    problem: str


def outputs(*, again: bool = False) -> list[AudioDevice]:
    """All audio outputs of this machine; `again`, while none of them plays, to find those that are new.

    Raises:
        MissingError: PortAudio is not installed.
    """
    sounddevice = load_sounddevice()
    if again:  # PortAudio lists only devices that existed when it was initialized
        renew_devices(sounddevice)
    return _devices(sounddevice, "output", sounddevice.check_output_settings, channels=CHANNELS)


def inputs() -> list[AudioDevice]:
    """All audio inputs of this machine.

    Raises:
        MissingError: PortAudio is not installed.
    """
    sounddevice = load_sounddevice()
    return _devices(sounddevice, "input", sounddevice.check_input_settings, channels=1)


def _devices(sounddevice: Any, side: str, check: Any, *, channels: int) -> list[AudioDevice]:
    hosts = sounddevice.query_hostapis()
    default = sounddevice.default.device[side == "output"]
    rows = []
    for index, device in enumerate(sounddevice.query_devices()):
        if device[f"max_{side}_channels"] < 1:
            continue
        rows.append(
            AudioDevice(
                name=str(device["name"]),
                host=str(hosts[device["hostapi"]]["name"]),
                channels=int(device[f"max_{side}_channels"]),
                low_ms=1000 * float(device[f"default_low_{side}_latency"]),
                high_ms=1000 * float(device[f"default_high_{side}_latency"]),
                default=index == default,
                problem=_problem(sounddevice, check, index, channels=channels),
            )
        )
    return rows


def _problem(sounddevice: Any, check: Any, index: int, *, channels: int) -> str:
    try:
        with silence_stderr():
            check(device=index, channels=channels, samplerate=SAMPLE_RATE)
    except (sounddevice.PortAudioError, ValueError) as error:
        return one_line(error)
    return ""
