"""PlayRequest: instruments or a preset and the settings of the synth, as `play`, `render` or a script ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.channel_list import channel_list
from nsynth_lab.note import note_name
from nsynth_lab.patch import Patch
from nsynth_lab.patch.library import find_preset
from nsynth_lab.patch.place import (
    MAX_POSITIONED_SOURCES,
    Place,
    as_position,
    check_count,
    check_position,
    check_weights,
    middle,
    parse_numbers,
)
from nsynth_lab.patch.sources import check_interpolation
from nsynth_lab.tempo import DEFAULT_BPM, check_bpm
from nsynth_lab.wording import counted, listed

if TYPE_CHECKING:
    from nsynth_lab.render.ensemble import Playing
    from nsynth_lab.render.session import Session, Source
    from nsynth_lab.synth.settings import Settings

BLOCKS = (64, 128, 256, 512, 1024)
DEFAULT_VOICES = 16

Names = tuple[str, ...]


@dataclass(frozen=True)
class PlayRequest:
    """What is played (instruments, a preset, or instruments of single channels) and how the synth is set.

    Attributes:
        sources: one to eight instruments by name, sound files, .latents files or latents.
        preset: a preset by name, or a .toml file, instead of them.
        programs: further instruments, selected by program changes 1, 2 ..
        channels: MIDI channels from 0, each with its own instruments or preset.
        position, weights: where the blend begins (see `patch.place`); the middle, or the preset's own, if not given.
        path: linear or spherical; the preset's own if not given.
        track: how far drums and noises follow the keys, 0 to 1; the preset's own, or as captured, if not given.
        voices: how many may sound at once; if not given, 16 live and unlimited offline.
        mode, unison, mpe: as in `synth.settings`.
        a4: concert pitch in Hz.
        scale, keymap: Scala files.
        values: parameters of `synth.settings.PARAMETERS` that are set.
        controllers: controller numbers and the parameters that they move.
        learn: parameters waiting for MIDI learn.
        block: samples per block.
        follow: how far notes that follow a phrase keep to its level rather than decay, 0 to 1.
        tempo: beats a minute, of a MIDI file too; if not given its own, or the preset's, or 120.

    Raises:
        UsageError: nothing to play or too much, or values that cannot be used.
        MidiError: a scale that cannot be read.
    """

    sources: tuple[Source, ...] = ()
    preset: str = ""
    programs: tuple[tuple[Source, ...], ...] = ()
    channels: tuple[tuple[tuple[int, ...], tuple[Source, ...]], ...] = ()
    position: Place | None = None
    weights: Place | None = None
    path: str | None = None
    track: float | None = None
    voices: int | None = None
    mode: str = "poly"
    unison: int = 1
    mpe: bool = False
    a4: float = 440.0
    scale: Path | None = None
    keymap: Path | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    controllers: Mapping[int, str] = field(default_factory=dict)
    learn: Names = ()
    block: int = 256
    follow: float = 1.0
    tempo: float | None = None

    def __post_init__(self) -> None:
        if bool(self.sources) == bool(self.preset) and not (self.channels and not self.sources):
            raise UsageError("name the instruments, A B, or a --preset; one of the two")
        if self.preset and self.programs:
            raise UsageError("--program-change goes with instruments A B; a preset is one program")
        if len(self.named()) != sum(len(channels) for channels, _ in self.channels):
            raise UsageError("--part gives one channel two instruments")
        if self.mpe and self.channels:
            raise UsageError("--mpe gives each note a channel of its own; leave out --part")
        if self.block not in BLOCKS:
            raise UsageError(f"blocks of {self.block} samples; expected one of {', '.join(map(str, BLOCKS))}")
        if self.path is not None:
            check_interpolation(self.path)
        if self.tempo is not None:
            check_bpm(self.tempo)
        if self.sources:
            check_count(len(self.sources))
        self.settings()

    def named(self) -> set[int]:
        """Channels with their own instruments or preset."""
        return {channel for channels, _ in self.channels for channel in channels}

    @property
    def plays_all(self) -> bool:
        """Whether the other channels play something too."""
        return bool(self.sources or self.preset)

    def all_sources(self) -> list[str]:
        """All instruments and files of the sources and programs, without those of single channels."""
        sources = [*self.sources, *(source for program in self.programs for source in program)]
        return [source for source in sources if isinstance(source, str)]

    def title(self) -> str:
        """A short title of what is played.

        >>> more = {"programs": (("oboe", "marimba"),), "channels": (((1,), ("cello",)),)}
        >>> PlayRequest(("flute", "takes/horn.wav"), **more).title()
        'flute, horn.wav, 2=cello, 1 program more'
        """
        names = [_short(source) for source in ([self.preset] if self.preset else self.sources)]
        own = [f"{_written(channels)}={','.join(map(_short, sources))}" for channels, sources in self.channels]
        more = [f"{counted(len(self.programs), 'program')} more"] * bool(self.programs)
        return ", ".join([*names, *own, *more])

    def settings(self) -> Settings:
        """Settings of the synth for instruments.

        Raises:
            UsageError, MidiError: a value that cannot be used.
        """
        from nsynth_lab.synth.scala import tuning_of
        from nsynth_lab.synth.settings import WEIGHTS, Settings

        tuning = tuning_of(self.scale, self.keymap, a4_hz=self.a4)
        values: dict[str, Any] = {**self._place_values(len(self.sources)), **self._tracks(), **self.values}
        if self.controllers:
            values["controllers"] = dict(self.controllers)
        moved = {*self.values, *self.controllers.values(), *self.learn}
        return Settings(
            voices=DEFAULT_VOICES if self.voices is None else self.voices,
            mode=self.mode,
            unison=self.unison,
            mpe=self.mpe,
            tuning=tuning,
            learn=self.learn,
            weighted=self.weights is not None or not moved.isdisjoint(WEIGHTS),
            interpolation=self.path or "linear",
            follow=self.follow,
            tempo_bpm=self.tempo or DEFAULT_BPM,
            **values,
        )

    def patch(self) -> Patch:
        """The preset with its macros applied.

        Raises:
            UsageError: there is none of that name.
            PatchError: it cannot be read.
        """
        patch = find_preset(self.preset).with_macros_applied()
        return patch if self.path is None else replace(patch, blend=replace(patch.blend, interpolation=self.path))

    def settings_of(self, patch: Patch, *, seed: int) -> Settings:
        """Settings of the synth for a preset, with the position, parameters and controllers of this request.

        Raises:
            UsageError: a value that cannot be used, or an option that the preset already answers.
        """
        from nsynth_lab.render.preset_synth import settings_of

        voiced = (self.mode, self.unison, self.a4, self.scale, self.keymap)
        if self.voices not in (None, DEFAULT_VOICES) or voiced != ("poly", 1, 440.0, None, None):
            raise UsageError(
                "--preset says how it is voiced and tuned; leave out --voices, --mode, --unison, --a4, --scale"
            )
        count = len(patch.blend.corners)
        if self.weights is not None and count == MAX_POSITIONED_SOURCES and not patch.blend.is_weighted:
            raise UsageError(f"{patch.name} blends its four corners by a position: give --position")
        values: dict[str, Any] = {**self._place_values(count), **self._tracks(), **self.values}
        settings = settings_of(patch, mpe=self.mpe, seed=seed)
        if self.controllers:
            values["controllers"] = {**settings.controllers, **self.controllers}
        if self.tempo is not None:
            values["tempo_bpm"] = self.tempo
        return replace(settings, learn=self.learn, follow=self.follow, **values)

    def engine(self, session: Session, *, live: bool, ahead_samples: int, apart: bool = False) -> Playing:
        """An engine for it; offline with unlimited voices unless a number was given; with `apart` one for each part.

        Raises:
            UsageError, AudioError, LatentsError, PatchError, PluginError: something it is made of cannot be used.
        """
        from nsynth_lab.render.parts import Parts

        unlimited = self.voices is None and not live
        parts = Parts(
            session,
            self.channels,
            live=live,
            ahead_samples=ahead_samples,
            unlimited=unlimited,
            of_presets=self._tracks() | ({} if self.tempo is None else {"tempo_bpm": self.tempo}),
            apart=apart,
        )
        if self.preset:
            patch = self.patch()
            return parts.patched(patch, self.settings_of(patch, seed=session.seed), self.settings)
        return parts.playing([self.sources, *self.programs] if self.sources else [], self.settings)

    def _tracks(self) -> dict[str, float]:
        """The synth parameter for how far drums and noises follow the keys, if it is given."""
        return {} if self.track is None else {"track": self.track}

    def _place_values(self, sources: int) -> dict[str, Any]:
        """The synth parameters for the starting position of a blend of `sources` sources; the centre if none is given.

        Without sources (only channels have some) the position applies to all channels.
        """
        from nsynth_lab.synth.settings import WEIGHTS

        if self.position is not None and self.weights is not None:
            raise UsageError("--position and --weights say the same thing: give one of them")
        if self.weights is not None and (sources or not self.preset):
            weights = check_weights(self.weights, sources)
            return _by_axis(as_position(weights)) or dict(zip(WEIGHTS, weights, strict=False))
        if self.position is not None:
            return _by_axis(check_position(self.position, sources) if sources else self.position[:2])
        return _by_axis(middle(sources)) if sources == 3 and not self.preset else {}


def _by_axis(place: Place) -> dict[str, Any]:
    return dict(zip("xy", place, strict=False))


def _short(source: Source) -> str:
    return Path(source).name if isinstance(source, str) else f"latents of {note_name(source.note)}"


def _written(channels: Sequence[int]) -> str:
    """Channels in musicians' numbering, from 1.

    >>> _written((0, 2, 3, 4))
    '1,3-5'
    """
    ends: list[list[int]] = []
    for channel in channels:
        if ends and channel == ends[-1][1] + 1:
            ends[-1][1] = channel
        else:
            ends.append([channel, channel])
    return ",".join(f"{low + 1}" if low == high else f"{low + 1}-{high + 1}" for low, high in ends)


def parse_play(
    sources: Sequence[str] | None = None,
    *,
    position: str | None = None,
    weights: str | None = None,
    sets: Sequence[str] | None = None,
    controllers: Sequence[str] | None = None,
    learn: Sequence[str] | None = None,
    programs: Sequence[str] | None = None,
    channels: Sequence[str] | None = None,
    **others: Any,
) -> PlayRequest:
    """A request as typed; `others` are fields of it.

    Raises:
        UsageError, MidiError: words that cannot be parsed, or what `PlayRequest` refuses.

    >>> parse_play(["flute"], sets=["release_seconds=0.3"], channels=["2-3=cello, oboe"]).channels
    (((1, 2), ('cello', 'oboe')),)
    """
    from nsynth_lab.synth.parameter_words import parse_setting

    return PlayRequest(
        sources=tuple(sources or ()),
        position=None if position is None else parse_numbers(position, what="position"),
        weights=None if weights is None else parse_numbers(weights, what="weights"),
        values=dict(map(parse_setting, sets or ())),
        controllers=_controllers(controllers or ()),
        learn=tuple(map(_parameter, learn or ())),
        programs=tuple(tuple(listed(program)) for program in programs or ()),
        channels=tuple(map(_channel, channels or ())),
        **others,
    )


def _controllers(words: Sequence[str]) -> dict[int, str]:
    found = {}
    for word in words:
        number, _, name = word.partition("=")
        if not number.isdecimal():
            raise UsageError(f"--cc {word}: expected a controller's number and a parameter, such as 21=volume_db")
        found[int(number)] = _parameter(name)
    return found


def _parameter(name: str) -> str:
    from nsynth_lab.synth.parameter_words import WORDS, parameter_of

    parameter = parameter_of(name)
    if parameter not in {word.parameter for word in WORDS.values()}:
        raise UsageError(f"'{name}' is no parameter of the synth; expected one of {', '.join(WORDS)}")
    return parameter


def _channel(text: str) -> tuple[tuple[int, ...], Names]:
    channels, _, names = text.partition("=")
    if not names.strip(" ,"):
        raise UsageError(f"--part {text}: expected channels and what they play, such as 2=cello")
    return channel_list(channels), tuple(listed(names))
