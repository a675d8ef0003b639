"""examine(takes): hear recordings and decide what to do with each; every reason is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from nsynth_lab.audio import read_audio
from nsynth_lab.dataset.note_writer import Entry, note_entry
from nsynth_lab.dataset.recordings import Take, shown
from nsynth_lab.dataset.settle import settle
from nsynth_lab.dsp import recording
from nsynth_lab.dsp.inspection import Inspection, doubts_of, inspect_recording, pitch_doubt
from nsynth_lab.dsp.pitch_guess import SURE
from nsynth_lab.errors import AudioError
from nsynth_lab.workers import in_parallel

PitchFrom = Literal["auto", "name", "measured"]
LONGEST_READ_SECONDS = 60.0


@dataclass(frozen=True)
class Finding:
    """What was decided about one file, and why.

    Attributes:
        file: path below the folder of recordings.
        outcome: "taken", "doubtful" or "left out".
        reasons: what is doubtful or wrong; empty where nothing is.
        note_str: its name in the data set; empty where it has none.
        instrument_name, velocity: as taken.
        pitch, pitch_from: MIDI note and where it comes from, "name" or "measured"; None where there is none.
        measured, trust: what `measure_note` says.
        seconds: length after trimming.
        remarks: what was done to it, and is no reason to doubt it.
        read_as: how its name was read, together with those built alike.
    """

    file: str
    outcome: str
    reasons: tuple[str, ...] = ()
    note_str: str = ""
    instrument_name: str = ""
    velocity: int = 0
    pitch: int | None = None
    pitch_from: str = ""
    measured: float = 0.0
    trust: float = 0.0
    seconds: float = 0.0
    remarks: tuple[str, ...] = ()
    read_as: str = ""


def examine(
    takes: list[Take],
    *,
    pitch_from: PitchFrom,
    max_seconds: float,
    jobs: int | None = 1,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[list[Take], list[Finding]]:
    """Hear all files, settle how their names are read, and decide on each.

    The takes come back with the pitches and velocities that were settled. Nothing is raised: what cannot be read is
    left out, and says so.
    """
    heard: list[Inspection | str] = []
    for _, one in in_parallel(partial(_hear, max_seconds=max_seconds), takes, jobs=jobs, chunk=8):
        heard.append(one)
        advance(1)
    takes = settle(takes, [None if isinstance(one, str) else one for one in heard], by_sound=pitch_from == "auto")
    return takes, [_judge(take, one, pitch_from, max_seconds) for take, one in zip(takes, heard, strict=True)]


def _hear(take: Take, *, max_seconds: float) -> Inspection | str:
    try:
        return inspect_recording(read_audio(take.path, max_seconds=LONGEST_READ_SECONDS), max_seconds=max_seconds)
    except AudioError as error:
        return f"unreadable: {shown(str(error).removeprefix(f'{take.path}: '))}"


def _judge(take: Take, heard: Inspection | str, pitch_from: PitchFrom, max_seconds: float) -> Finding:
    left_out = Finding(take.file, "left out", instrument_name=take.instrument_name, velocity=take.velocity)
    left_out = replace(left_out, read_as=read_as(take))
    if isinstance(heard, str):
        return replace(left_out, reasons=(heard,))
    if heard.silent:
        return replace(left_out, reasons=(f"silent: peak {heard.peak_db:.0f} dBFS",))
    found = replace(
        left_out,
        measured=round(heard.measured, 2),
        trust=round(heard.trust, 2),
        seconds=round(heard.seconds, 3),
        remarks=_remarks(heard, max_seconds),
    )
    if heard.seconds < recording.SHORTEST_SECONDS:
        return replace(found, reasons=(f"too short: {heard.seconds * 1000:.0f} ms of sound",))
    if not take.family:
        return replace(found, reasons=("no family: name one with --family, or put it into a folder of that name",))
    pitch, origin, doubt = _pitch(take, heard, pitch_from)
    if pitch is None:
        return replace(found, reasons=(doubt,))
    doubts = tuple(filter(None, (doubt, take.named.doubt, *doubts_of(heard))))
    return replace(
        found,
        outcome="doubtful" if doubts else "taken",
        reasons=doubts,
        note_str=take_entry(take, pitch, 0)["note_str"],
        pitch=pitch,
        pitch_from=origin,
    )


def _remarks(heard: Inspection, max_seconds: float) -> tuple[str, ...]:
    long = f"long: {heard.whole_seconds:.1f} s of sound, its first {max_seconds:g} s are taken"
    return (*heard.remarks, *([long] if heard.whole_seconds > max_seconds + 0.01 else []))


def _pitch(take: Take, heard: Inspection, pitch_from: PitchFrom) -> tuple[int | None, str, str]:
    """(MIDI note, where from, doubt) of one file; no note where there is none to be had."""
    named = None if pitch_from == "measured" else take.named.pitch
    if named is not None:
        low, middle_c = take.family == "organ", take.reading.middle_c
        hint = f"; is middle C not C{middle_c} here (--middle-c)?" if take.named.pitch_by == "note" else ""
        doubt = pitch_doubt(heard, named, said="named", low_octave=low, hint=hint)
        return named, "name", doubt if pitch_from == "auto" else ""
    if heard.trust < SURE or not 0 <= round(heard.measured) <= 127:
        return None, "", f"no pitch: none in its name, and none can be heard (trust {heard.trust:.2f})"
    return round(heard.measured), "measured", ""


def read_as(take: Take) -> str:
    """How a take's name was read, in words."""
    reading = take.reading
    return "; ".join(filter(None, (reading.pattern, reading.octave, reading.velocities)))


def take_entry(take: Take, pitch: int, sample_rate: int) -> Entry:
    """The data set entry of a take once its pitch is known."""
    return note_entry(
        family=take.family,
        instrument_source=take.source,
        number=take.number,
        pitch=pitch,
        velocity=take.velocity,
        sample_rate=sample_rate,
        instrument_name=take.instrument_name,
    )
