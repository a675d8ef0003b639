"""What a page asks of the sound: keys, wheels, the blend, presets, undo, outputs, ports and the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nsynth_lab.panel.messages.fields import SHORT, file_text, values
from nsynth_lab.patch.fields import REQUIRED, choice, flag, names, number, numbers, text, whole
from nsynth_lab.patch.place import MAX_SOURCES


@dataclass(frozen=True)
class Hello:
    """A page has opened the socket."""

    version: int = whole(REQUIRED, low=1, high=1_000_000, says="of these messages")
    sound: bool = flag(True, says="whether it wants the sound over the socket")
    store: float = number(15.0, low=0.0, high=2000.0, unit="ms", says="of sound that it buffers: later is an underrun")


@dataclass(frozen=True)
class NoteOn:
    """A key goes down."""

    key: int = whole(REQUIRED, low=0, high=127, says="MIDI note number")
    velocity: int = whole(100, low=1, high=127, says="how hard")


@dataclass(frozen=True)
class NoteOff:
    """A key goes up."""

    key: int = whole(REQUIRED, low=0, high=127, says="MIDI note number")


@dataclass(frozen=True)
class Bend:
    """The pitch wheel moves."""

    value: float = number(REQUIRED, low=-1.0, high=1.0, says="-1 all the way down, 1 all the way up")


@dataclass(frozen=True)
class Controller:
    """A controller moves: 1 modulation, 64 the sustain pedal."""

    number: int = whole(REQUIRED, low=0, high=127, says="its number")
    value: int = whole(REQUIRED, low=0, high=127, says="where it is")


@dataclass(frozen=True)
class Panic:
    """Nothing sounds any more."""


@dataclass(frozen=True)
class Place:
    """The blend moves while it sounds. `place` with `keep` ends a drag, and can be undone."""

    x: float = number(REQUIRED, low=0.0, high=1.0, says="from left to right")
    y: float = number(0.5, low=0.0, high=1.0, says="from top to bottom")
    keep: bool = flag(False, says="whether this is where it stays")


@dataclass(frozen=True)
class Corners:
    """Other instruments on the corners of the pad."""

    names: tuple[str, ...] = names(least=1, most=MAX_SOURCES, says="instruments of the bank, one to eight")


@dataclass(frozen=True)
class Set:
    """A parameter of the patch is set, by its name in a preset file."""

    target: str = text(REQUIRED, least=1, most=SHORT, says="such as envelope.attack_seconds; effects.reverb.mix")
    value: float = number(REQUIRED, low=-1e6, high=1e6, says="in the parameter's unit")
    keep: bool = flag(True, says="false while a knob is being turned")


@dataclass(frozen=True)
class Change:
    """Fields of the patch are replaced, as a preset file writes them: voice mode, effects and their order, tuning."""

    patch: dict[str, Any] = values(says="tables of a patch that take the place of the present ones, as in `state`")
    within: dict[str, Any] = values(says="the same, but of these tables what is not named stays as it is")


@dataclass(frozen=True)
class OpenFile:
    """A file is opened: a preset, which takes the place of the present patch, or a Scala scale, which tunes it."""

    name: str = text(REQUIRED, least=1, most=400, says="of the file; it ends with .toml or .scl")
    text: str = file_text(says="what is in it")


@dataclass(frozen=True)
class Load:
    """A preset is loaded."""

    preset: str = text(REQUIRED, least=1, most=SHORT, says="its name")


@dataclass(frozen=True)
class Open:
    """A whole patch takes the place of the present one: from a shared file, or from a page's address."""

    patch: dict[str, Any] = values(says="the patch, as in `state`")


@dataclass(frozen=True)
class Save:
    """The patch is saved among the user's own presets."""

    name: str = text(REQUIRED, least=1, most=60, says="its new name")
    force: bool = flag(False, says="whether a preset of that name may be replaced")
    about: dict[str, Any] = values(says="its tags, description and author, as far as these change")


@dataclass(frozen=True)
class Remove:
    """A preset of the user's own is removed for good."""

    preset: str = text(REQUIRED, least=1, most=SHORT, says="its name")


@dataclass(frozen=True)
class Undo:
    """The last change is undone."""


@dataclass(frozen=True)
class Redo:
    """What was undone is done again."""


@dataclass(frozen=True)
class Output:
    """Where the sound goes."""

    to: str = choice("socket", ("socket", "device"), says="the pages, or the machine's audio device")
    device: str = text("", most=SHORT, says="name of the device; the default one if empty")
    latency: str = choice("", ("", "low", "high"), says="of the device; as it is if empty")


@dataclass(frozen=True)
class Midi:
    """The MIDI ports of this machine are listened to, and watched from now on (see `midi_ports`)."""

    listen: str = text("", most=SHORT, says="all, or those with this in their name; none if empty")


@dataclass(frozen=True)
class MidiIn:
    """A MIDI keyboard of the page was played: whole messages, each on its own channel, as a port would bring them.

    What it holds is let go when the page goes.
    """

    bytes: tuple[float, ...] = numbers(REQUIRED, low=0, high=255, least=2, most=384, says="of the messages")


@dataclass(frozen=True)
class Clock:
    """The tempo, the beat, start and stop of another program are followed from now on; see `status` for how it goes.

    MIDI clock is heard on the ports that are listened to, all of them if none were, and on a port of the panel's own.
    """

    follow: str = choice("", ("", "midi", "link"), says="MIDI clock, Ableton Link, or the sound's own tempo if empty")
