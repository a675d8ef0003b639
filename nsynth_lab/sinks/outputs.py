"""The audio outputs of this machine, and whether each can play 48 kHz stereo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nsynth_lab.silence_stderr import silence_stderr
from nsynth_lab.sinks.device import CHANNELS, load_sounddevice, one_line
from nsynth_lab.units import SAMPLE_RATE


@dataclass(frozen=True)
class Output:
    """An audio output.

    Attributes:
        name: to be passed to `DeviceSink`.
        host: PortAudio's host API.
        channels: how many it has.
        low_ms, high_ms: the latencies it suggests.
        default: whether it is the system's default output.
        problem: why it cannot play 48 kHz stereo; empty if it can.
    """

    name: str
    host: str
    channels: int
    low_ms: float
    high_ms: float
    default: bool
    problem: str


def outputs(*, again: bool = False) -> list[Output]:
    """All audio outputs of this machine; `again`, while none of them plays, to find those that are new.

    Raises:
        MissingError: PortAudio is not installed.
    """
    sounddevice = load_sounddevice()
    if again:  # PortAudio lists only devices that existed when it was initialized
        with silence_stderr():
            sounddevice._terminate()
            sounddevice._initialize()
    hosts = sounddevice.query_hostapis()
    default = sounddevice.default.device[1]
    rows = []
    for index, device in enumerate(sounddevice.query_devices()):
        if device["max_output_channels"] < 1:
            continue
        rows.append(
            Output(
                name=str(device["name"]),
                host=str(hosts[device["hostapi"]]["name"]),
                channels=int(device["max_output_channels"]),
                low_ms=1000 * float(device["default_low_output_latency"]),
                high_ms=1000 * float(device["default_high_output_latency"]),
                default=index == default,
                problem=_problem(sounddevice, index),
            )
        )
    return rows


def _problem(sounddevice: Any, index: int) -> str:
    try:
        with silence_stderr():
            sounddevice.check_output_settings(device=index, channels=CHANNELS, samplerate=SAMPLE_RATE)
    except (sounddevice.PortAudioError, ValueError) as error:
        return one_line(error)
    return ""
