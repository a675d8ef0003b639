"""Messages: everything that goes over the panel's socket. A row feeds the parser, the writer, the checks and the help.

A message is a JSON object with its `type` and its fields: `{"type": "note_on", "key": 60, "velocity": 90}`. Binary
frames carry sound, see `sinks.socket_sink`. The first message of a page is `hello`; the first of the server `welcome`.
A page that speaks another version is told so and let go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nsynth_lab.errors import PatchError
from nsynth_lab.note import FAMILIES, INSTRUMENT_FAMILIES
from nsynth_lab.pack.format_table import USUAL, listed_formats
from nsynth_lab.patch.fields import REQUIRED, choice, flag, names, number, numbers, points, text, texts, whole
from nsynth_lab.patch.place import MAX_SOURCES
from nsynth_lab.patch.preset_file import MAX_BYTES
from nsynth_lab.patch.rules import RULE, Rule, rules_of
from nsynth_lab.patch.table import from_table
from nsynth_lab.tempo import DEFAULT_BPM
from nsynth_lab.wording import did_you_mean, quoted

VERSION = 1
LONGEST = MAX_BYTES + 4096  # characters of a message from a page; the longest holds a preset
SHORT, LONGER = 200, 2_000


class ObjectRule(Rule):
    """A JSON object; what is in it is checked by whoever takes it."""

    def _object(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise PatchError(f"{quoted(value)} is not an object")
        return value


class FileRule(Rule):
    """The text of a file, of any characters."""

    def _file(self, value: Any) -> str:
        if not isinstance(value, str):
            raise PatchError(f"{quoted(value)} is not a text")
        if len(value) > self.most:
            raise PatchError(f"a file of {len(value)} characters; expected at most {self.most}")
        return value


def file_text(*, says: str) -> Any:
    """A field that holds the text of a file."""
    return field(metadata={RULE: FileRule("file", says=says, most=MAX_BYTES)})


def values(*, says: str) -> Any:
    """A field that holds a JSON object, empty by default."""
    return field(default_factory=dict, metadata={RULE: ObjectRule("object", says=says)})


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


@dataclass(frozen=True)
class Scan:
    """The machine's VST3 plugins are looked for, as a job; those that work then stand in /api/effects."""


@dataclass(frozen=True)
class Record:
    """A take begins or ends: what sounds is recorded, and is a job whose file can be downloaded."""

    on: bool = flag(True, says="false ends it and keeps it; to throw it away, cancel its job")
    format: str = choice("wav", ("wav", "flac"), says="of the file")


@dataclass(frozen=True)
class Pack:
    """A sample pack of the present sound, as a job: what it will cost, or all of it. The fields are those of `pack`."""

    dry_run: bool = flag(True, says="whether it is only estimated")
    positions: str = text("", most=LONGER, says="such as 0,0.5,1 or 0,0;1,0; here: the present one; empty: all over")
    notes: str = text("C2-C6/3", least=1, most=LONGER, says="notes and ranges with a step in semitones")
    velocities: str = text("40,80,120", least=1, most=LONGER, says="a layer for each")
    round_robin: int = whole(1, low=1, high=16, says="variations of each note")
    crossfade: int = whole(0, low=0, high=63, says="velocities around the border of two layers (SFZ alone)")
    seconds: float = number(4.0, low=0.25, high=60.0, unit="s", says="of sound in each clip")
    loop: bool = flag(True, says="whether notes that are held are looped")
    rate: str = choice("48000", ("48000", "44100"), says="sample rate in Hz")
    bits: str = choice("24", ("16", "24"), says="of each sample")
    flac: bool = flag(False, says="clips as FLAC; without the format wav")
    formats: str = text("", most=SHORT, says=f"of {listed_formats()}; the first {len(USUAL)} if empty")
    name: str = text("", most=SHORT, says="of the pack; the sound's if empty")
    author: str = text("", most=SHORT, says="who made it")
    licence: str = text("", most=SHORT, says="of the sound, such as CC0-1.0")


@dataclass(frozen=True)
class Cancel:
    """A job is ended, and what it has made so far removed."""

    job: str = text(REQUIRED, least=1, most=SHORT, says="its name in `jobs`")


@dataclass(frozen=True)
class Forget:
    """A job is removed with all its files; one that runs is ended first."""

    job: str = text(REQUIRED, least=1, most=SHORT, says="its name in `jobs`")


@dataclass(frozen=True)
class EncodeRecording:
    """A recording is encoded again as another note, because its pitch was measured wrong."""

    recording: str = text(REQUIRED, least=1, most=SHORT, says="which, as in `recordings`")
    note: int = whole(REQUIRED, low=0, high=127, says="MIDI note number")


@dataclass(frozen=True)
class KeepRecording:
    """A recording is kept in the user's bank; it then stands by its new name where it stood on the pad."""

    recording: str = text(REQUIRED, least=1, most=SHORT, says="which, as in `recordings`")
    name: str = text(REQUIRED, least=1, most=60, says="of the new instrument")
    family: str = choice("vocal", INSTRUMENT_FAMILIES, says="what kind of instrument it is")
    force: bool = flag(False, says="whether an instrument of the user's by that name may be replaced")


@dataclass(frozen=True)
class RemoveRecording:
    """A recording is removed from the session, or is not encoded any further; what was kept of it stays."""

    recording: str = text(REQUIRED, least=1, most=SHORT, says="which, as in `recordings`")


@dataclass(frozen=True)
class Translate:
    """How phrases, and what comes in live, are played by what stands on the pad: the options of `translate`."""

    transpose: float = number(0.0, low=-48.0, high=48.0, unit="semitones", says="up, or down if negative")
    follow: float = number(1.0, low=0.0, high=1.0, says="how closely pitch and level follow the source")
    dynamics: float = number(1.0, low=0.0, high=2.0, says="how much of the source's dynamics is kept; 1 all")
    expression: float = number(0.0, low=0.0, high=1.0, says="how much of the source's breath goes into the noise")
    gate: float = number(
        -60.0, low=-120.0, high=0.0, unit="dB",
        says="peak level below which nothing is heard: of what is sent, or comes in live, from now on",
    )  # fmt: skip
    snap: str = text("", most=SHORT, says="where notes may stand: chromatic, a scale such as d-minor, or c,d,eb,g")
    octaves: bool = flag(True, says="whether a phrase is moved by octaves into the range of what plays it")
    as_notes: bool = flag(False, says="whether notes have the attack and sustain of what plays them; not live")
    several: bool = flag(False, says="whether several notes at once are heard in what is sent from now on; not live")
    rest: bool = flag(False, says="whether what is not notes, such as drums, is kept where several notes were heard")
    residual: float = number(0.0, low=-80.0, high=12.0, unit="dB", says="how much louder that is kept")
    loop: bool = flag(False, says="whether a phrase that ends begins again")
    hears: str = choice("translation", ("translation", "source", "both"), says="what is heard of a phrase")


@dataclass(frozen=True)
class PlayPhrase:
    """A phrase begins to play, or ends. It goes along with the pad, the effects and all knobs."""

    phrase: str = text(REQUIRED, least=1, most=SHORT, says="its name in `phrases`")
    on: bool = flag(True, says="false ends it")
    at: float = number(0.0, low=0.0, high=2000.0, unit="s", says="where in the phrase it begins")


@dataclass(frozen=True)
class TakePhrase:
    """A phrase is rendered into a sound file with the present sound, as a job."""

    phrase: str = text(REQUIRED, least=1, most=SHORT, says="its name in `phrases`")
    format: str = choice("wav", ("wav", "flac"), says="of the file")


@dataclass(frozen=True)
class RemovePhrase:
    """A phrase is removed from the session, or is not heard any further."""

    phrase: str = text(
        REQUIRED, least=1, most=SHORT, says="its name in `phrases`, or as the answer to its sound has it"
    )


@dataclass(frozen=True)
class Listen:
    """What comes in live is played, by a microphone of this machine or of the page that asks.

    A page then sends its sound in binary messages: mono samples at 48 kHz, 32-bit floats, at most 4096 at a time.
    """

    to: str = choice("nothing", ("nothing", "machine", "page"), says="where it comes in")
    device: str = text("", most=SHORT, says="name of the machine's input; the default one if empty")
    latency_ms: float = number(0.0, low=0.0, high=2000.0, unit="ms", says="that the page's own microphone takes")


@dataclass(frozen=True)
class Compose:
    """A tune is written, as a job: a new one, what follows after another, or one between two. As `compose` does it."""

    metre: str = text("4/4", most=SHORT, says="of a new tune, such as 6/8")
    key: str = text("D", most=SHORT, says="of a new tune, such as Edor")
    form: str = text("AABB", most=SHORT, says="of a new tune: letters of its sections as they are played")
    bars: int = whole(8, low=1, high=256, says="of each section; when another tune goes on: added to it")
    upbeat: str = text("", most=SHORT, says="length of a new tune's upbeat, such as 1/8; empty: none")
    free: float = number(1.0, low=0.0, high=2.0, says="0 always takes the likeliest note")
    seed: int = whole(0, low=0, high=2**53, says="of chance")
    chords: bool = flag(False, says="whether it has chord symbols")
    second: bool = flag(False, says="whether it has a second voice, in thirds and sixths below")
    begin: str = text("", most=SHORT, says="the job of a tune that goes on")
    between: tuple[str, ...] = texts((), least=0, most=2, says="the jobs of two tunes, between which it lies")
    position: float = number(0.5, low=0.0, high=1.0, says="between those two: 0 is the first")


@dataclass(frozen=True)
class DrawLoop:
    """Two bars are drawn at random, as a job: a tune for a palette."""

    metre: str = text("4/4", most=SHORT, says="such as 6/8")
    key: str = text("D", most=SHORT, says="such as Edor")
    seed: int = whole(0, low=0, high=2**53, says="of chance")


@dataclass(frozen=True)
class Palette:
    """What lies between loops of two to four tunes is written, as a job: rows and columns of loops to move among."""

    tunes: tuple[str, ...] = texts(REQUIRED, least=2, most=4, says="jobs of the tunes at its corners")
    bars: tuple[float, ...] = numbers(
        (), low=1, high=10_000, least=0, most=4, says="where each tune's loop begins, or 1"
    )


@dataclass(frozen=True)
class PlayTune:
    """A tune or a palette is played by the present sound, instead of the one that plays."""

    tune: str = text(REQUIRED, least=1, most=SHORT, says="its job")
    at: float = number(0.0, low=0.0, high=1e6, unit="s", says="where it begins, at its own tempo")


@dataclass(frozen=True)
class StopTune:
    """The tune that plays ends."""


@dataclass(frozen=True)
class TuneWay:
    """How tunes and palettes are played from now on; what is left out becomes what stands here."""

    speed: float = number(1.0, low=0.25, high=4.0, says="2 is twice the tune's own tempo")
    loop: bool = flag(False, says="whether tunes begin again at their end")
    change: str = choice("bar", ("bar", "slot"), says="when a palette's melody may change: at a bar, or a sixteenth")
    together: bool = flag(False, says="whether the place of the blend is the place on the palette")


@dataclass(frozen=True)
class TunePlace:
    """The place on the palette moves, or it follows a path round and round while it plays."""

    x: float = number(0.5, low=0.0, high=1.0, says="from left to right")
    y: float = number(0.5, low=0.0, high=1.0, says="from top to bottom")
    path: tuple[tuple[float, ...], ...] = points(
        high=3600, least=3, longest=3, most=500, says="[seconds, x, y] along a path; empty: it stays there"
    )


@dataclass(frozen=True)
class RenderTune:
    """A tune is played into a sound file by the present sound, as a job of the kind song."""

    tune: str = text(REQUIRED, least=1, most=SHORT, says="its job")
    format: str = choice("wav", ("wav", "flac", "ogg", "mp3"), says="of the file")


@dataclass(frozen=True)
class Duet:
    """A duet begins, goes on otherwise, or ends: a partner answers what is played. The fields are options of `duet`."""

    on: bool = flag(True, says="false ends it")
    answer: str = text("", most=SHORT, says="what the partner plays: instruments, or a preset; empty: what you play")
    along: bool = flag(False, says="whether it plays a second voice below what is played, instead of answers")
    lead: bool = flag(False, says="whether it begins")
    loose: bool = flag(False, says="whether it answers at once, without waiting for the beat")
    turns: int = whole(0, low=0, high=100_000, says="how many answers; 0: no end")
    close: float = number(0.3, low=0.0, high=1.0, says="how near answers keep to what was played")
    free: float = number(1.0, low=0.0, high=2.0, says="0 always takes the likeliest note")
    bpm: float = number(0.0, low=0.0, high=400.0, says="beats a minute; 0: as they are found in what is played")
    metre: str = text("", most=SHORT, says="such as 6/8; empty: as it is found")
    key: str = text("", most=SHORT, says="such as Edor; empty: as it is found")
    seed: int = whole(0, low=0, high=2**53, says="of chance")


@dataclass(frozen=True)
class Evolve:
    """Six tunes, presets or instruments are bred by ear: an evolution begins, or goes on. As `evolve` does it."""

    name: str = text(REQUIRED, least=1, most=60, says="of its folder among what is the user's own")
    what: str = choice("", ("", "tunes", "presets", "instruments"), says="what it is to breed; empty: as it began")
    names: tuple[str, ...] = texts(
        (), least=0, most=MAX_SOURCES, says="what plays the tunes, or what the others are made of; empty: as usual"
    )
    metre: str = text("", most=SHORT, says="of tunes, such as 6/8")
    key: str = text("", most=SHORT, says="of tunes, such as Edor")
    bars: int = whole(4, low=2, high=16, says="of tunes; an even number")
    family: str = choice("", ("", *FAMILIES), says="that instruments are to be heard as; empty: the first one's")
    seed: int = whole(0, low=0, high=2**31 - 1, says="of chance")
    begin: str = text("", most=SHORT, says="a first parent: the job of a tune; of presets `here`, the present sound")


@dataclass(frozen=True)
class LikeMembers:
    """Members of the present generation are liked, instead of those that were."""

    members: tuple[float, ...] = numbers((), low=1, high=6, least=0, most=6, says="their numbers, the best first")


@dataclass(frozen=True)
class NextGeneration:
    """The next six come from those that are liked; if none is, they are six new ones."""


@dataclass(frozen=True)
class UndoGeneration:
    """Back to the generation before, or to the present one while the next is on its way."""


@dataclass(frozen=True)
class SaveMember:
    """A member is saved: a preset or an instrument among the user's own, a tune in the folder and among the tunes."""

    member: int = whole(REQUIRED, low=1, high=6, says="its number in the present generation")
    name: str = text(REQUIRED, least=1, most=60, says="of what is saved")


@dataclass(frozen=True)
class CloseEvolution:
    """The evolution that is open is put away; its folder stays."""


@dataclass(frozen=True)
class RemoveEvolution:
    """An evolution that is not open is removed for good; tunes that were saved in its folder stay there."""

    name: str = text(REQUIRED, least=1, most=SHORT, says="of its folder")


@dataclass(frozen=True)
class MapInstruments:
    """The map of the instruments is made, as a job whose file map.json says where each is, unless there is one already.

    Rows of name, family, x, y (-1 to 1), own and imagined; those that sound alike are near one another.
    """


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


FROM_PAGE: Mapping[str, type] = {
    "hello": Hello, "note_on": NoteOn, "note_off": NoteOff, "bend": Bend, "controller": Controller, "panic": Panic,
    "place": Place, "corners": Corners, "set": Set, "change": Change, "load": Load, "open": Open,
    "open_file": OpenFile, "save": Save, "remove": Remove, "undo": Undo, "redo": Redo, "output": Output,
    "midi": Midi, "midi_in": MidiIn, "clock": Clock,
    "cancel": Cancel, "forget": Forget, "record": Record, "pack": Pack, "scan": Scan,
    "compose": Compose, "draw_loop": DrawLoop, "palette": Palette, "play_tune": PlayTune, "stop_tune": StopTune,
    "tune_way": TuneWay, "tune_place": TunePlace, "render_tune": RenderTune,
    "encode_recording": EncodeRecording, "keep_recording": KeepRecording, "remove_recording": RemoveRecording,
    "translate": Translate, "play_phrase": PlayPhrase, "take_phrase": TakePhrase, "remove_phrase": RemovePhrase,
    "listen": Listen, "duet": Duet,
    "evolve": Evolve, "like_members": LikeMembers, "next_generation": NextGeneration, "undo_generation": UndoGeneration,
    "save_member": SaveMember, "close_evolution": CloseEvolution, "remove_evolution": RemoveEvolution,
    "map_instruments": MapInstruments,
}  # fmt: skip
FROM_SERVER: Mapping[str, type] = {
    "welcome": Welcome, "state": State, "status": Status, "keys": Keys, "presets": Presets,
    "midi_ports": MidiPorts, "notes": Notes, "trouble": Trouble,
    "jobs": JobRows, "recordings": Recordings, "phrases": Phrases, "translation": Translation, "playing": Playing,
    "partner": Partner, "evolution": Evolution,
}  # fmt: skip
_NAMES = {of: name for name, of in (*FROM_PAGE.items(), *FROM_SERVER.items())}


def parse(given: str) -> Any:
    """A message from a page, checked.

    Raises:
        PatchError: not JSON, no such message, an unknown field, or a value that breaks its rule.
    """
    if len(given) > LONGEST:
        raise PatchError(f"a message of {len(given)} characters; expected at most {LONGEST}")
    try:
        fields = json.loads(given)
    except (ValueError, RecursionError) as error:
        raise PatchError("not JSON") from error
    if not isinstance(fields, dict) or not isinstance(name := fields.pop("type", None), str):
        raise PatchError('expected a JSON object with a "type"')
    if (of := FROM_PAGE.get(name)) is None:
        raise PatchError(f"{quoted(name)} is no message; {did_you_mean(name, list(FROM_PAGE))}")
    try:
        return from_table(of, fields)
    except PatchError as error:
        raise error.below(name) from None


def format_message(message: Any) -> str:
    """A message as it goes over the socket."""
    fields = {one.name: getattr(message, one.name) for one, _ in rules_of(message)}
    return json.dumps({"type": _NAMES[type(message)], **fields}, allow_nan=False)


def reference() -> str:
    """All messages in Markdown: who sends them, their fields, and what these may hold."""
    parts = []
    for title, rows in (("From a page", FROM_PAGE), ("From the server", FROM_SERVER)):
        parts += [f"## {title}", *(_described(name, of) for name, of in rows.items())]
    return "\n\n".join(parts) + "\n"


def _described(name: str, of: type) -> str:
    lines = [f"### {name}", "", (of.__doc__ or "").strip()]
    rules = list(rules_of(of))
    if rules:
        lines += ["", "| field | holds | meaning |", "|---|---|---|"]
        lines += [f"| {one.name} | {_holds(rule)} | {rule.says} |" for one, rule in rules]
    return "\n".join(lines)


def _holds(rule: Rule) -> str:
    if rule.choices:
        return " or ".join(rule.choices)
    if rule.kind in ("number", "whole"):
        return f"{rule.low:g} to {rule.high:g}" + f" {rule.unit}" * bool(rule.unit)
    return {
        "flag": "true or false", "text": f"text, at most {rule.most}", "file": f"text of a file, at most {rule.most}",
        "names": "names", "texts": "texts", "numbers": "numbers", "points": "rows of numbers",
    }.get(rule.kind, "object")  # fmt: skip
