"""Options that `play` and `render` share: what sounds, and how the synth is set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.synth.settings import Settings

BLOCKS = (64, 128, 256, 512, 1024)

PositionOption = Annotated[
    str, typer.Option(help="0 is A, 1 is B; with four instruments two numbers: 0.2,0.7.", show_default="the middle")
]
VoicesOption = Annotated[int, typer.Option(help="How many notes may sound at once.")]
ModeOption = Annotated[str, typer.Option(help="poly, mono or legato.")]
UnisonOption = Annotated[int, typer.Option(help="Voices a key.")]
MpeOption = Annotated[bool, typer.Option("--mpe", help="Channels 2 to 16 each carry one note (MPE).")]
A4Option = Annotated[float, typer.Option(help="Hz of A4.")]
ScaleOption = Annotated[Path | None, typer.Option(help="A Scala scale, .scl.")]
KeymapOption = Annotated[Path | None, typer.Option(help="A Scala keyboard mapping, .kbm, for --scale.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="A parameter, as release_ms=300; several times for several.")
]
ControllerOption = Annotated[
    list[str] | None, typer.Option("--cc", help="A controller and what it moves, as 21=volume_db; 1=x if not given.")
]
LearnOption = Annotated[
    list[str] | None, typer.Option("--learn", help="A parameter that the next controller moved will move from then on.")
]
ProgramOption = Annotated[
    list[str] | None,
    typer.Option("--program", help="What a program change brings, as 'oboe,marimba'; several times for 2, 3, ..."),
]
BlockOption = Annotated[int, typer.Option(help="Samples a block: 64, 128, 256, 512 or 1024.")]


@dataclass(frozen=True)
class Choice:
    """What the shared options say, as typed."""

    position: str
    voices: int
    mode: str
    unison: int
    mpe: bool
    a4: float
    scale: Path | None
    keymap: Path | None
    sets: Sequence[str]
    controllers: Sequence[str]
    block: int
    learn: Sequence[str] = ()

    def settings(self) -> Settings:
        """The synth they ask for.

        Raises:
            UsageError, MidiError: a value that cannot be used.
        """
        from nsynth_lab.synth.scala import read_tuning
        from nsynth_lab.synth.settings import Settings
        from nsynth_lab.synth.tuning import equal

        if self.block not in BLOCKS:
            raise UsageError(f"blocks of {self.block} samples; expected one of {', '.join(map(str, BLOCKS))}")
        if self.keymap and not self.scale:
            raise UsageError("--keymap maps the steps of a scale; give --scale too")
        tuning = read_tuning(self.scale, self.keymap, a4_hz=self.a4) if self.scale else equal(self.a4)
        values: dict[str, Any] = {**_numbers(self.sets), **self._position()}
        if self.controllers:
            values["controllers"] = _controllers(self.controllers)
        return Settings(
            voices=self.voices,
            mode=self.mode,
            unison=self.unison,
            mpe=self.mpe,
            tuning=tuning,
            learn=tuple(self.learn),
            slot_samples=min(self.block, 256),
            **values,
        )

    def _position(self) -> dict[str, float]:
        if not self.position:
            return {}
        try:
            return dict(zip("xy", (float(part) for part in self.position.split(",", 1)), strict=False))
        except ValueError:
            raise UsageError(f"position '{self.position}'; expected a number as 0.5, or two as 0.2,0.7") from None


def _numbers(words: Sequence[str]) -> dict[str, float]:
    from nsynth_lab.synth.settings import PARAMETERS

    out = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            out[name] = float(value)
        except ValueError:
            name = ""
        if name not in PARAMETERS:
            raise UsageError(f"--set {word}: expected NAME=NUMBER, the name one of {', '.join(PARAMETERS)}")
    return out


def _controllers(words: Sequence[str]) -> dict[int, str]:
    out = {}
    for word in words:
        number, _, name = word.partition("=")
        if not number.isdecimal():
            raise UsageError(f"--cc {word}: expected a controller's number and a parameter, as 21=volume_db")
        out[int(number)] = name
    return out


def program_list(first: Sequence[str], others: Sequence[str]) -> list[list[str]]:
    """The programs: what was named first, and one for each `--program`."""
    return [list(first), *([name.strip() for name in other.split(",") if name.strip()] for other in others)]
