"""The stage of a performance: devices, keyboards, clock and other programs, as `play`, `duet` and `loops play` ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from nsynth_lab.cli.bundles import Command, bundled
from nsynth_lab.cli.clocks import ClockOption, check_clock
from nsynth_lab.cli.options import ForceOption
from nsynth_lab.cli.remote import OscOption, OscOutOption, Remote
from nsynth_lab.errors import UsageError

MidiOption = Annotated[
    str, typer.Option(help="A MIDI input, by a part of its name, or all; none leaves the computer's keyboard.")
]
OutputDeviceOption = Annotated[str, typer.Option("--device", help="An audio output, by name.")]
JackOption = Annotated[
    bool, typer.Option("--jack", help="Play through JACK or PipeWire, each part on outputs of its own.")
]
VirtualMidiOption = Annotated[
    bool,
    typer.Option(
        "--virtual-midi/--no-virtual-midi", help="Offer other programs a MIDI port, nsynth-lab, where the system can."
    ),
]
LatencyOption = Annotated[str, typer.Option(help="low, or high where the sound breaks up.")]
RecordOption = Annotated[Path | None, typer.Option(help="Also write what is played to this sound file.")]
DurationOption = Annotated[float, typer.Option(min=0, help="Seconds of sound; 0 plays until Esc or Ctrl-C.")]


@dataclass(frozen=True)
class Stage:
    """The devices of a performance: audio output, keyboards, recording, and who plays along.

    Attributes:
        midi: a MIDI input by a part of its name, or all; the computer's keyboard, if empty.
        virtual_midi: whether other programs are offered a MIDI port, where the system has such ports.
        clock: whose tempo, start and stop are followed (see `clocks`); nobody's, if empty.
        output_device: an audio output by name; the default one, if empty.
        jack: whether it plays through JACK, with ports for each part, instead of the device.
        latency: low or high.
        record: the sound file that it is recorded into.
        duration: seconds; 0 until the player has had enough.
        osc, osc_out: the ports of other programs, as typed (see `Remote`).
        force: whether that file may be there already.
        block: samples of a block.
    """

    midi: str = ""
    virtual_midi: bool = False
    clock: str = ""
    output_device: str = ""
    jack: bool = False
    latency: str = "low"
    record: Path | None = None
    duration: float = 0.0
    osc: str = ""
    osc_out: str = ""
    force: bool = False
    block: int = 256

    @property
    def remote(self) -> Remote:
        """Who plays along over OSC."""
        return Remote(self.osc, self.osc_out)

    def check(self) -> None:
        """Check that the performance can take place, before any work.

        Raises:
            UsageError: an unknown latency or clock, no such port, or a file that cannot be written.
            MissingError: a package that it needs is not installed.
        """
        from nsynth_lab.render import SOUND_ENDINGS, check_outputs
        from nsynth_lab.sinks.device import LATENCIES

        if self.latency not in LATENCIES:
            raise UsageError(f"latency '{self.latency}'; expected low or high")
        if self.jack:
            from nsynth_lab.sinks.jack_sink import load_jack

            if self.output_device:
                raise UsageError("--jack and --device both say where it plays; give one of them")
            load_jack()
        check_clock(self.clock, has_port=bool(self.midi) or self.virtual_midi)
        self.remote.check()
        check_outputs([self.record] if self.record else [], endings=SOUND_ENDINGS, force=self.force)


# name: its option and its default; the names are those of `Stage`
STAGE: dict[str, tuple[Any, Any]] = {
    "midi": (MidiOption, ""),
    "virtual_midi": (VirtualMidiOption, True),
    "clock": (ClockOption, ""),
    "output_device": (OutputDeviceOption, ""),
    "jack": (JackOption, False),
    "latency": (LatencyOption, "low"),
    "record": (RecordOption, None),
    "duration": (DurationOption, 0.0),
    "osc": (OscOption, ""),
    "osc_out": (OscOutOption, ""),
    "force": (ForceOption, False),
}


def staged() -> Callable[[Command], Command]:
    """Gives a command the options of a performance where it has `stage`, and hands them over as one `Stage`."""
    return bundled("stage", STAGE, Stage)
