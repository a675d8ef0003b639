"""What the server tells pages: the state of all that they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nsynth_lab.panel.messages.fields import SHORT, values
from nsynth_lab.patch.fields import REQUIRED, choice, flag, number, numbers, points, text, texts, whole
from nsynth_lab.tempo import DEFAULT_BPM

VERSION = 1  # of all messages


@dataclass(frozen=True)
class Welcome:
    """The socket is open."""

    version: int = whole(VERSION, low=1, high=1_000_000, says="of these messages")
    program: str = text("", most=SHORT, says="version of nsynth-lab")
    sample_rate: int = whole(48_000, low=1, high=1_000_000, says="of the sound, in Hz")
    block_samples: int = whole(256, low=1, high=65_536, says="in a frame of sound")


@dataclass(frozen=True)
class State:
    """The sound that all pages share, whenever it has changed."""

    revision: int = whole(0, low=0, high=2**53, says="rises with every change")
    patch: dict[str, Any] = values(says="the patch, as the tables of a preset file, without what is at its default")
    targets: dict[str, Any] = values(says="of every parameter that can be set: its value, low, high, unit and meaning")
    preset: str = text("", most=SHORT, says="name of the preset it began as, until its instruments change")
    is_changed: bool = flag(False, says="whether it has been changed since it was loaded or saved")
    taken_out: dict[str, Any] = values(says="effects that failed and were taken out, by label, and why")
    can_undo: bool = flag(False, says="whether there is a change to undo")
    can_redo: bool = flag(False, says="whether there is one to do again")


@dataclass(frozen=True)
class Status:
    """How it goes, ten times a second."""

    voices: int = whole(0, low=0, high=1_000_000, says="sounding")
    x: float = number(0.5, low=0.0, high=1.0, says="where the blend is, from left to right")
    y: float = number(0.5, low=0.0, high=1.0, says="from top to bottom")
    load: float = number(0.0, low=0.0, high=1e6, says="99th percentile of the share of its deadline that a block took")
    peak: float = number(0.0, low=0.0, high=1e6, says="amplitude of the last block")
    underruns: int = whole(0, low=0, high=2**53, says="blocks that came too late")
    latency_ms: float = number(0.0, low=0.0, high=1e9, unit="ms", says="from a key's message to the sound leaving here")
    stolen: int = whole(0, low=0, high=2**53, says="voices stolen because all were in use, or the machine was too slow")
    output: str = choice("socket", ("socket", "device", "host"), says="where the sound goes; host: to a DAW's track")
    device: str = text("", most=SHORT, says="name of the device, if it goes there; the default one if empty")
    latency: str = choice("low", ("low", "high"), says="of the device")
    tempo_bpm: float = number(DEFAULT_BPM, low=0.0, high=1e9, says="quarter notes a minute, of what is in beats")
    clock: str = choice("", ("", "midi", "link"), says="whose tempo that is; the sound's own if empty")
    clock_is: str = choice("", ("", "not heard", "stands still", "runs"), says="how that clock is heard")


@dataclass(frozen=True)
class Keys:
    """Which keys are down, on all pages and MIDI ports together."""

    down: tuple[float, ...] = numbers((), low=0, high=127, least=0, most=128, says="MIDI note numbers")


@dataclass(frozen=True)
class MidiPorts:
    """The MIDI ports of this machine, whenever there are others."""

    watched: bool = flag(False, says="whether a page has asked for them; what follows is empty until then")
    listen: str = text("", most=SHORT, says="what was chosen: all, a part of a name, or none")
    names: tuple[str, ...] = texts((), least=0, most=1_000, says="of all inputs")
    open: tuple[str, ...] = texts((), least=0, most=1_000, says="of those that are listened to")
    problem: str = text("", most=1_000, says="why there can be none on this machine")


@dataclass(frozen=True)
class Notes:
    """Where each note of an MPE controller is on the pad, thirty times a second while one sounds."""

    notes: tuple[tuple[float, ...], ...] = points(
        high=127, least=4, longest=4, most=128, says="[key, x, y, pressure], all but the key 0 to 1"
    )


@dataclass(frozen=True)
class Presets:
    """A preset has been saved or removed, or an instrument added: /api/presets and /api/instruments have the lists."""


@dataclass(frozen=True)
class JobRows:
    """Long work, whenever it has changed, at most ten times a second."""

    jobs: dict[str, Any] = values(
        says="by its name, oldest first: kind, title, state (waiting, running, done, failed, cancelled), done, total, "
        "says, seconds (it has run), files (name, bytes; at /api/jobs/NAME/FILE), about, result"
    )


@dataclass(frozen=True)
class Recordings:
    """The recordings of this session, whenever they have changed. Those that are being encoded are jobs.

    Of each both sounds can be had: /api/recordings/{recording}/original.wav and reconstruction.wav.
    """

    recordings: dict[str, Any] = values(says="of each its name as a corner, its note, mel error and waveforms")


@dataclass(frozen=True)
class Phrases:
    """The phrases of this session, whenever they have changed. Those that are being listened to are jobs.

    Of each can be had: /api/phrases/{phrase}/picture, notes.mid and phrase.phrase.
    """

    phrases: dict[str, Any] = values(
        says="by name, oldest first: title, seconds, tone_seconds, notes, lowest, highest, several, has_sound, remarks"
    )


@dataclass(frozen=True)
class Translation:
    """How phrases are played, and what plays: whenever that changes, and ten times a second while something does."""

    options: dict[str, Any] = values(says="the fields of `translate`")
    phrase: str = text("", most=SHORT, says="which phrase plays; empty if none does")
    at: float = number(0.0, low=0.0, high=1e6, unit="s", says="where in it")
    moved: float = number(0.0, low=-96.0, high=96.0, unit="semitones", says="by which it is moved, octaves and all")
    listens: str = choice("nothing", ("nothing", "machine", "page"), says="whether something comes in live, and where")
    device: str = text("", most=SHORT, says="name of the machine's input; the default one if empty")
    note: float = number(-1.0, low=-1.0, high=128.0, says="heard last, live, as a note number; -1 without a tone")
    level_db: float = number(-100.0, low=-200.0, high=100.0, unit="dB", says="heard last, A-weighted")
    latency_ms: float = number(0.0, low=0.0, high=1e9, unit="ms", says="from a sound at the input to it leaving here")
    howls: bool = flag(False, says="whether the microphone hears the loudspeakers, so that it is turned down")


@dataclass(frozen=True)
class Playing:
    """Which tune or palette plays, and where: whenever that changes, and ten times a second meanwhile."""

    tune: str = text("", most=SHORT, says="its job; the last one when nothing plays")
    on: bool = flag(False, says="whether it plays")
    at: float = number(0.0, low=0.0, high=1e6, unit="s", says="how far it is, at its own tempo")
    speed: float = number(1.0, low=0.25, high=4.0, says="see `tune_way`")
    loop: bool = flag(False, says="see `tune_way`")
    change: str = choice("bar", ("bar", "slot"), says="see `tune_way`")
    together: bool = flag(False, says="see `tune_way`")
    x: float = number(0.5, low=0.0, high=1.0, says="place on the palette, from left to right")
    y: float = number(0.5, low=0.0, high=1.0, says="from top to bottom")
    column: int = whole(0, low=0, high=100, says="of the loop that plays")
    row: int = whole(0, low=0, high=100, says="of the loop that plays")
    path: tuple[tuple[float, ...], ...] = points(high=3600, least=3, longest=3, most=500, says="see `tune_place`")


@dataclass(frozen=True)
class Partner:
    """The partner of a duet: what it does, and the notes of both; whenever that changes.

    Times are seconds since the duet began. /api/duet.mid has all that both have played, until the next duet begins.
    """

    options: dict[str, Any] = values(says="the fields of `duet`")
    doing: str = choice(
        "off",
        ("off", "begins", "listens", "thinks", "answers", "plays along", "has finished"),
        says="at the moment; off when there is no duet",
    )
    turn: int = whole(0, low=0, high=2**53, says="answers begun")
    late: int = whole(0, low=0, high=2**53, says="of them began on a later beat, because they took too long to write")
    heard: str = text("", most=SHORT, says="metre, key and tempo of the phrase that is answered, in words")
    at: float = number(0.0, low=0.0, high=1e9, unit="s", says="how far the duet is")
    first: int = whole(0, low=0, high=2**53, says="how many notes were played before the first of `notes`")
    notes: tuple[tuple[float, ...], ...] = points(
        high=1e9, least=4, longest=4, most=200,
        says="[second, seconds it lasts, key, 1 if it is the partner's] of the latest notes; 0 s: it sounds still",
    )  # fmt: skip
    coming: tuple[tuple[float, ...], ...] = points(
        high=1e9, least=3, longest=3, most=1_000, says="[second, seconds it lasts, key] of what the partner will play"
    )
    bars: tuple[float, ...] = numbers(
        (), low=0, high=1e9, least=0, most=100, says="when the bars of the latest answer begin, and its end"
    )


@dataclass(frozen=True)
class Evolution:
    """The evolution that is open, and those that there are, whenever that changes.

    The sound of a member is at /api/evolutions/{name}/generation-{generation}-{number}.wav once it is made.
    """

    name: str = text("", most=SHORT, says="of its folder; empty: none is open")
    names: tuple[str, ...] = texts((), least=0, most=100, says="of all that can be gone on with, the newest first")
    what: str = choice("", ("", "tunes", "presets", "instruments"), says="what it breeds; empty until it has begun")
    generation: int = whole(0, low=0, high=1000, says="the number of the present generation; 0 until there is one")
    members: dict[str, Any] = values(
        says="of the present generation, by number: descent, words, is_made; notes [at, length, key] of a tune, in "
        "seconds; picture of a sound, base64: levels of 32 rows from the top and 48 columns, 255 the loudest"
    )
    liked: tuple[float, ...] = numbers((), low=1, high=6, least=0, most=6, says="numbers of those liked, best first")
    settings: dict[str, Any] = values(says="what it began with, as texts")
    folder: str = text("", most=10_000, says="where it is on the machine")
    job: str = text("", most=SHORT, says="that makes something for it; empty: none")
    awaits: bool = flag(False, says="whether that job is to bring another generation, which has not come yet")


@dataclass(frozen=True)
class Trouble:
    """Something did not work, in one line."""

    says: str = text(REQUIRED, least=1, most=10_000, says="what was expected, what came, what to do")
