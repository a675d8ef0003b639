"""Options that `play` and `render` share: what sounds, and how the synth is set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli.song import channel_list
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.patch import Patch
    from nsynth_lab.render.ensemble import Playing
    from nsynth_lab.render.session import Session
    from nsynth_lab.synth.settings import Settings

BLOCKS = (64, 128, 256, 512, 1024)
USUAL_VOICES = 16
USUAL = ("poly", 1, 440.0)  # mode, unison, A4

SourcesArgument = Annotated[
    list[str] | None,
    typer.Argument(help="One, two or four instruments: names, sound files or .latents files.", metavar="A B [C D]"),
]
PositionOption = Annotated[
    str, typer.Option(help="0 is A, 1 is B; with four instruments two numbers: 0.2,0.7.", show_default="the middle")
]
VoicesOption = Annotated[
    int | None, typer.Option(help="How many notes may sound at once.", show_default=str(USUAL_VOICES))
]
SongVoicesOption = Annotated[
    int | None, typer.Option(help="How many notes may sound at once.", show_default="as many as there are")
]
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
ChannelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--channel",
        help="What a MIDI channel plays: instruments or a preset, as 2=cello, 3=oboe,flute, 4-6=glass-cello.",
    ),
]
PresetOption = Annotated[
    str, typer.Option(help="Instead of A B: a preset by name, or a .toml file, with its effects and knobs.")
]
BlockOption = Annotated[int, typer.Option(help="Samples a block: 64, 128, 256, 512 or 1024.")]


@dataclass(frozen=True)
class Choice:
    """What the shared options say, as typed."""

    position: str
    voices: int | None
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

    def check(self) -> None:
        """Refuse before torch is imported what cannot be used, whatever is played.

        Raises:
            UsageError, MidiError: as `settings`.
        """
        self.settings()

    def settings(self) -> Settings:
        """The synth they ask for.

        Raises:
            UsageError, MidiError: a value that cannot be used.
        """
        from nsynth_lab.synth.scala import read_tuning
        from nsynth_lab.synth.settings import Settings
        from nsynth_lab.synth.tuning import equal

        self._check_block()
        if self.keymap and not self.scale:
            raise UsageError("--keymap maps the steps of a scale; give --scale too")
        tuning = read_tuning(self.scale, self.keymap, a4_hz=self.a4) if self.scale else equal(self.a4)
        values: dict[str, Any] = {**_numbers(self.sets), **self._position()}
        if self.controllers:
            values["controllers"] = _controllers(self.controllers)
        return Settings(
            voices=USUAL_VOICES if self.voices is None else self.voices,
            mode=self.mode,
            unison=self.unison,
            mpe=self.mpe,
            tuning=tuning,
            learn=tuple(self.learn),
            **values,
        )

    def settings_of(self, patch: Patch, *, seed: int) -> Settings:
        """The synth of a preset, with the position, parameters and controllers that are named beside it.

        Raises:
            UsageError: a value that cannot be used, or an option that the preset already answers.
        """
        from dataclasses import replace

        from nsynth_lab.render.preset_synth import settings_of

        self._check_block()
        said = (self.mode, self.unison, self.a4, self.scale, self.keymap)
        if self.voices not in (None, USUAL_VOICES) or said != (*USUAL, None, None):
            raise UsageError(
                "--preset says how it is voiced and tuned; leave out --voices, --mode, --unison, --a4, --scale"
            )
        settings = settings_of(patch, mpe=self.mpe, seed=seed)
        values: dict[str, Any] = {**_numbers(self.sets), **self._position()}
        if self.controllers:
            values["controllers"] = {**settings.controllers, **_controllers(self.controllers)}
        return replace(settings, learn=tuple(self.learn), **values)

    def _check_block(self) -> None:
        if self.block not in BLOCKS:
            raise UsageError(f"blocks of {self.block} samples; expected one of {', '.join(map(str, BLOCKS))}")

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
    return [list(first), *(_split(other) for other in others)]


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


@dataclass(frozen=True)
class Instrument:
    """What is to be played: instruments by name and program changes, or a preset, or what single channels have.

    Raises:
        UsageError: none of these or too many, or channels that are none.
        PatchError: a preset that cannot be read.
    """

    sources: Sequence[str]
    programs: Sequence[str]
    preset: str
    channel: Sequence[str] = ()

    def __post_init__(self) -> None:
        if bool(self.sources) == bool(self.preset) and not (self.channel and not self.sources):
            raise UsageError("name the instruments, A B, or a --preset; one of the two")
        if self.preset and self.programs:
            raise UsageError("--program goes with instruments A B; a preset is one program")
        if len(self.named()) != sum(len(channels) for channels, _ in self._own()):
            raise UsageError("--channel gives one channel two instruments")

    def named(self) -> set[int]:
        """Channels that have something of their own."""
        return {channel for channels, _ in self._own() for channel in channels}

    @property
    def plays_all(self) -> bool:
        """Whether there is something for channels that have nothing of their own."""
        return bool(self.sources or self.preset)

    def all_sources(self) -> list[str]:
        """Instruments that are named, those of program changes too; single channels may have presets as well."""
        return [*self.sources, *(name for program in self.programs for name in _split(program))]

    def title(self) -> str:
        """What is played, in a few words.

        >>> Instrument(["flute", "takes/horn.wav"], ["oboe,marimba"], "", ["2=cello"]).title()
        'flute, horn.wav, 2=cello, 1 program more'
        """
        names = [Path(name).name for name in ([self.preset] if self.preset else self.sources)]
        more = [f"{len(self.programs)} program{'s' * (len(self.programs) > 1)} more"] * bool(self.programs)
        return ", ".join([*names, *self.channel, *more])

    def _own(self) -> list[tuple[tuple[int, ...], list[str]]]:
        own = []
        for text in self.channel:
            channels, _, names = text.partition("=")
            if not names.strip(" ,"):
                raise UsageError(f"--channel {text}: expected channels and what they play, as 2=cello")
            own.append((channel_list(channels), _split(names)))
        return own

    def engine(self, choice: Choice, session: Session, *, live: bool, ahead_samples: int) -> Playing:
        """What plays it; offline as many voices as there are, unless a number was chosen.

        Raises:
            UsageError, AudioError, LatentsError, PatchError, PluginError: something it is made of cannot be used.
        """
        from nsynth_lab.patch.library import find_preset
        from nsynth_lab.render.parts import Parts

        if choice.mpe and self.channel:
            raise UsageError("--mpe gives each note a channel of its own; leave out --channel")
        unlimited = choice.voices is None and not live
        parts = Parts(session, self._own(), live=live, ahead_samples=ahead_samples, unlimited=unlimited)
        if self.preset:
            patch = find_preset(self.preset).with_macros_applied()
            return parts.patched(patch, choice.settings_of(patch, seed=session.seed), choice.settings)
        programs = program_list(self.sources, self.programs) if self.sources else []
        return parts.playing(programs, choice.settings)
