"""screen(recordings): analyses recordings and decides which can be used, with a reason for every decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from nsynth_lab.audio import read_audio
from nsynth_lab.dataset.note_writer import Entry, note_entry
from nsynth_lab.dataset.recordings import Recording
from nsynth_lab.dataset.resolve_names import resolve_names
from nsynth_lab.dsp.inspection import Inspection, doubts_of, inspect_recording, pitch_doubt
from nsynth_lab.dsp.pitch_guess import SURE
from nsynth_lab.dsp.recording import SHORTEST_SECONDS
from nsynth_lab.errors import AudioError
from nsynth_lab.legible import encodable
from nsynth_lab.workers import in_parallel

PitchFrom = Literal["auto", "name", "measured"]
LONGEST_READ_SECONDS = 60.0


@dataclass(frozen=True)
class ScreeningResult:
    """The decision about one file, and the reasons.

    Attributes:
        file: path below the folder of recordings.
        outcome: "taken", "doubtful" or "left out".
        reasons: what is doubtful or wrong; empty if nothing is.
        note_str: the note's name in the data set; empty if it gets none.
        instrument_name, velocity: of the note.
        pitch, pitch_from: MIDI note and its origin, "name" or "measured"; None if the pitch is unknown.
        measured, trust: the result of `measure_note`.
        seconds: length after trimming.
        remarks: corrections made to the file that are no reason to doubt it.
        read_as: how its name was read, together with the names built alike.
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


def screen(
    recordings: list[Recording],
    *,
    pitch_from: PitchFrom,
    max_seconds: float,
    jobs: int | None = 1,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[list[Recording], list[ScreeningResult]]:
    """Analyse all files, resolve how their names are read, and decide on each.

    Args:
        recordings: as `find_recordings` returns them.
        pitch_from: "auto" takes the pitch from the name and checks it, or measures it if the name has none; "name" does
            not check; "measured" ignores the names.
        max_seconds: longer sounds are shortened.
        jobs: number of processes; None for one for each processor that may be used.
        advance: called with 1 after each file.

    Returns:
        The recordings with resolved pitches and velocities, and one result for each. Unreadable files raise nothing:
        they are left out with that reason.
    """
    inspections: list[Inspection | str] = []
    for _, one in in_parallel(partial(_inspect, max_seconds=max_seconds), recordings, jobs=jobs, chunk=8):
        inspections.append(one)
        advance(1)
    recordings = resolve_names(
        recordings, [None if isinstance(one, str) else one for one in inspections], by_sound=pitch_from == "auto"
    )
    return recordings, [
        _judge(recording, one, pitch_from, max_seconds) for recording, one in zip(recordings, inspections, strict=True)
    ]


def _inspect(recording: Recording, *, max_seconds: float) -> Inspection | str:
    try:
        return inspect_recording(read_audio(recording.path, max_seconds=LONGEST_READ_SECONDS), max_seconds=max_seconds)
    except AudioError as error:
        return f"unreadable: {encodable(str(error).removeprefix(f'{recording.path}: '))}"


def _judge(
    recording: Recording, inspection: Inspection | str, pitch_from: PitchFrom, max_seconds: float
) -> ScreeningResult:
    left_out = ScreeningResult(
        recording.file, "left out", instrument_name=recording.instrument_name, velocity=recording.velocity
    )
    left_out = replace(left_out, read_as=scheme_in_words(recording))
    if isinstance(inspection, str):
        return replace(left_out, reasons=(inspection,))
    if inspection.silent:
        return replace(left_out, reasons=(f"silent: peak {inspection.peak_db:.0f} dBFS",))
    found = replace(
        left_out,
        measured=round(inspection.measured, 2),
        trust=round(inspection.trust, 2),
        seconds=round(inspection.seconds, 3),
        remarks=_remarks(inspection, max_seconds),
    )
    if inspection.seconds < SHORTEST_SECONDS:
        return replace(found, reasons=(f"too short: {inspection.seconds * 1000:.0f} ms of sound",))
    if not recording.family:
        return replace(found, reasons=("no family: give one with --family, or put it into a folder of that name",))
    pitch, origin, doubt = _pitch(recording, inspection, pitch_from)
    if pitch is None:
        return replace(found, reasons=(doubt,))
    doubts = tuple(filter(None, (doubt, recording.parsed.doubt, *doubts_of(inspection))))
    return replace(
        found,
        outcome="doubtful" if doubts else "taken",
        reasons=doubts,
        note_str=recording_entry(recording, pitch, 0)["note_str"],
        pitch=pitch,
        pitch_from=origin,
    )


def _remarks(inspection: Inspection, max_seconds: float) -> tuple[str, ...]:
    long = f"long: {inspection.whole_seconds:.1f} s of sound, of which the first {max_seconds:g} s are used"
    return (*inspection.remarks, *([long] if inspection.whole_seconds > max_seconds + 0.01 else []))


def _pitch(recording: Recording, inspection: Inspection, pitch_from: PitchFrom) -> tuple[int | None, str, str]:
    """(MIDI note, its origin, doubt) of one file; None if neither the name nor the sound gives a pitch."""
    parsed = None if pitch_from == "measured" else recording.parsed.pitch
    if parsed is not None:
        low, middle_c = recording.family == "organ", recording.scheme.middle_c
        hint = f"; is middle C not C{middle_c} here (--middle-c)?" if recording.parsed.pitch_by == "note" else ""
        doubt = pitch_doubt(inspection, parsed, said="named", low_octave=low, hint=hint)
        return parsed, "name", doubt if pitch_from == "auto" else ""
    if inspection.trust < SURE or not 0 <= round(inspection.measured) <= 127:
        return None, "", f"no pitch: none in its name, and none can be measured (trust {inspection.trust:.2f})"
    return round(inspection.measured), "measured", ""


def scheme_in_words(recording: Recording) -> str:
    """How a recording's name was read, as one line of text."""
    scheme = recording.scheme
    return "; ".join(filter(None, (scheme.pattern, scheme.octave, scheme.velocities)))


def recording_entry(recording: Recording, pitch: int, sample_rate: int) -> Entry:
    """The data set entry of a recording whose pitch is known."""
    return note_entry(
        family=recording.family,
        instrument_source=recording.source,
        number=recording.number,
        pitch=pitch,
        velocity=recording.velocity,
        sample_rate=sample_rate,
        instrument_name=recording.instrument_name,
    )
