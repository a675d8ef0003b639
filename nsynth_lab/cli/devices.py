"""`nsynth-lab devices`: audio outputs and inputs and MIDI inputs, and what each can do."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nsynth_lab.cli import console
from nsynth_lab.cli.options import JsonOption
from nsynth_lab.errors import NsynthLabError

if TYPE_CHECKING:
    from nsynth_lab.sinks.outputs import AudioDevice


def devices(as_json: JsonOption = False) -> None:
    """List audio outputs, audio inputs and MIDI inputs, as `nsynth-lab play` takes their names.

    Example: `nsynth-lab devices`
    """
    from nsynth_lab.midi.ports import input_names
    from nsynth_lab.sinks.outputs import inputs, outputs

    audio, no_audio = _tried(outputs)
    heard, no_heard = _tried(inputs)
    ports, no_midi = _tried(input_names)
    if as_json:
        console.print_json(
            {
                "outputs": [asdict(device) for device in audio],
                "audio_inputs": [asdict(device) for device in heard],
                "inputs": ports,
                "problems": list(dict.fromkeys(word for word in (no_audio, no_heard, no_midi) if word)),
            }
        )
        return
    from rich.table import Table

    _show("audio output", "48 kHz stereo", audio, no_audio)
    _show("audio input", "48 kHz", heard, no_heard)
    table = Table("MIDI input", box=None, header_style="bold")
    for port in ports:
        table.add_row(port)
    console.show(table if ports else f"no MIDI input{': ' * bool(no_midi)}{no_midi}")


def _show(kind: str, can: str, devices: list[AudioDevice], problem: str) -> None:
    from rich.table import Table

    table = Table(kind, "through", "channels", "latency", can, box=None, header_style="bold")
    for device in devices:
        name = f"{device.name} (default)" if device.default else device.name
        latency = f"{device.low_ms:.0f} to {device.high_ms:.0f} ms"
        table.add_row(name, device.host, str(device.channels), latency, device.problem or "yes")
    console.show(table if devices else f"no {kind}{': ' * bool(problem)}{problem}")
    console.show("")


def _tried(look: Any) -> tuple[list[Any], str]:
    try:
        return look(), ""
    except NsynthLabError as error:
        return [], str(error)
