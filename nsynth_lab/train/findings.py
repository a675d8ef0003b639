"""examine(take): hear one recording and decide what to do with it; every reason is written down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from nsynth_lab.audio import read_audio
from nsynth_lab.dsp.pitch_guess import SURE, UNHEARD, measure_note
from nsynth_lab.errors import AudioError
from nsynth_lab.note import note_name
from nsynth_lab.train import recording
from nsynth_lab.train.note_writer import Entry, note_entry
from nsynth_lab.train.takes import Take

PitchFrom = Literal["auto", "name", "measured"]
AGREE_SEMITONES = 0.7
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


def examine(take: Take, *, pitch_from: PitchFrom, max_seconds: float) -> Finding:
    """Hear one file and decide. Nothing is raised: what cannot be read is left out, and says so."""
    left_out = Finding(take.file, "left out", instrument_name=take.instrument_name, velocity=take.velocity)
    try:
        audio = read_audio(take.path, max_seconds=LONGEST_READ_SECONDS)
    except AudioError as error:
        return replace(left_out, reasons=(f"unreadable: {str(error).partition(': ')[2]}",))
    if recording.peak_db(audio.samples) < recording.SILENT_DB:
        return replace(left_out, reasons=(f"silent: peak {recording.peak_db(audio.samples):.0f} dBFS",))
    trimmed = recording.trim(audio.mono(), audio.sample_rate, max_seconds=max_seconds)
    seconds = len(trimmed.samples) / audio.sample_rate
    measured, trust = measure_note(trimmed.samples, audio.sample_rate)
    heard = replace(left_out, measured=round(measured, 2), trust=round(trust, 2), seconds=round(seconds, 3))
    if seconds < recording.SHORTEST_SECONDS:
        return replace(heard, reasons=(f"too short: {seconds * 1000:.0f} ms of sound",))
    if not take.family:
        return replace(heard, reasons=("no family: name one with --family, or put it into a folder of that name",))
    pitch, origin, doubts = _pitch(take, measured, trust, pitch_from)
    if pitch is None:
        return replace(heard, reasons=doubts)
    if recording.is_clipped(audio.samples):
        doubts += ("clipped: its tops are cut off at full scale",)
    if trimmed.background_db > recording.BACKGROUND_DB:
        doubts += (f"noisy: the background is only {-trimmed.background_db:.0f} dB below the note",)
    entry = take_entry(take, pitch, audio.sample_rate)
    return replace(
        heard,
        outcome="doubtful" if doubts else "taken",
        reasons=doubts,
        note_str=entry["note_str"],
        pitch=pitch,
        pitch_from=origin,
    )


def _pitch(take: Take, measured: float, trust: float, pitch_from: PitchFrom) -> tuple[int | None, str, tuple[str, ...]]:
    """(MIDI note, where from, doubts) of one file; no note where there is none to be had."""
    named = None if pitch_from == "measured" else take.named.pitch
    heard = round(measured) if trust >= SURE and 0 <= round(measured) <= 127 else None
    if named is None:
        if heard is None:
            return None, "", (f"no pitch: none in its name, and none can be heard (trust {trust:.2f})",)
        return heard, "measured", ()
    doubts: tuple[str, ...] = ()
    if pitch_from == "auto" and trust < UNHEARD:
        doubts = (f"no clear pitch: named {note_name(named)}, but it sounds like noise or several notes",)
    elif pitch_from == "auto" and trust >= SURE and abs(measured - named) > AGREE_SEMITONES:
        doubts = _disagreement(take, named, measured)
    return named, "name", doubts


def _disagreement(take: Take, named: int, measured: float) -> tuple[str, ...]:
    apart = measured - named
    octaves = round(apart / 12)
    if octaves and abs(apart - 12 * octaves) <= AGREE_SEMITONES:
        if take.family == "organ" and octaves < 0:
            return ()  # a 16-foot stop sounds an octave below its key
        what = f"{abs(octaves)} octave{'s' * (abs(octaves) > 1)} {'higher' if octaves > 0 else 'lower'}"
        return (f"octave: named {note_name(named)}, sounds {what}; is middle C not C4 here (--middle-c)?",)
    sounds = f"{note_name(round(measured))} ({measured:.1f})"
    return (f"name and sound disagree: named {note_name(named)} ({named}), sounds like {sounds}",)


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
