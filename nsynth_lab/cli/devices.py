"""`nsynth-lab devices`: audio outputs and MIDI inputs, and what each can do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nsynth_lab.cli import console
from nsynth_lab.cli.options import JsonOption
from nsynth_lab.errors import NsynthLabError


def devices(as_json: JsonOption = False) -> None:
    """List audio outputs and MIDI inputs, as `nsynth-lab play` takes their names.

    Example: `nsynth-lab devices`
    """
    from nsynth_lab.midi.ports import input_names
    from nsynth_lab.sinks.outputs import outputs

    audio, no_audio = _tried(outputs)
    ports, no_midi = _tried(input_names)
    if as_json:
        rows = [asdict(output) for output in audio]
        console.print_json(
            {"outputs": rows, "inputs": ports, "problems": [word for word in (no_audio, no_midi) if word]}
        )
        return
    from rich.table import Table

    table = Table("audio output", "through", "channels", "latency", "48 kHz stereo", box=None, header_style="bold")
    for output in audio:
        name = f"{output.name} (default)" if output.default else output.name
        latency = f"{output.low_ms:.0f} to {output.high_ms:.0f} ms"
        table.add_row(name, output.host, str(output.channels), latency, output.problem or "yes")
    console.show(table if audio else f"no audio output{': ' * bool(no_audio)}{no_audio}")
    console.show("")
    table = Table("MIDI input", box=None, header_style="bold")
    for port in ports:
        table.add_row(port)
    console.show(table if ports else f"no MIDI input{': ' * bool(no_midi)}{no_midi}")


def _tried(look: Any) -> tuple[list[Any], str]:
    try:
        return look(), ""
    except NsynthLabError as error:
        return [], str(error)
