"""What a page asks for that takes a while: takes, packs, plugins looked for, recordings encoded and kept."""

from __future__ import annotations

from dataclasses import dataclass

from nsynth_lab.note import INSTRUMENT_FAMILIES
from nsynth_lab.pack.format_table import USUAL, listed_formats
from nsynth_lab.panel.messages.fields import LONGER, SHORT
from nsynth_lab.patch.fields import REQUIRED, choice, flag, number, text, whole


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
