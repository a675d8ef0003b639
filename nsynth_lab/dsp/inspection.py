"""inspect_recording(audio): what a recording of one note sounds like, and what is wrong with it, in sentences.

Everything that accepts recordings uses it: data sets leave doubtful ones out; `encode`, `blend` and `play` warn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nsynth_lab.audio import Audio
from nsynth_lab.dsp import recording
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.dsp.pitch_guess import CLEAR, SURE, UNHEARD, measure_note
from nsynth_lab.note import UNPITCHED, note_name
from nsynth_lab.units import Doubles, FloatArray
from nsynth_lab.wording import counted

AGREE_SEMITONES = 0.7
WINDOW_SECONDS = 0.25
MOST_WINDOWS = 64
QUICK_STEP = 4  # first only every fourth window is measured
PARTIALS = (19.02, 27.86, 31.02, 33.69)  # semitones of partials 3, 5, 6 and 7 above the fundamental
STEADY_SEMITONES = 0.3
LOUD_DB = -25.0  # relative to the loudest window: anything quieter is a tail
GAP_DB, GAP_SECONDS, AGAIN_DB = -45.0, 0.1, -15.0
MOST_NAMED = 6


@dataclass(frozen=True)
class Inspection:
    """What a recording sounds like.

    Attributes:
        peak_db, level_db: its peak, and the RMS level of its loudest 10 ms, in dBFS.
        seconds: length without the silence around it, up to the maximum that was inspected.
        whole_seconds: the same without the maximum.
        measured, trust: its fractional MIDI note and the confidence in it, from `measure_note`.
        clipped: whether its peaks are clipped.
        background_db: level before the note relative to its loudest 10 ms; -120 if there is no background.
        notes: if several notes follow each other, their MIDI numbers; otherwise empty.
        sounds: number of sounds with silence between them.
        remarks: what had to be done first, such as removing a DC offset, or reversing one of two channels.
    """

    peak_db: float
    level_db: float = -120.0
    seconds: float = 0.0
    whole_seconds: float = 0.0
    measured: float = 0.0
    trust: float = 0.0
    clipped: bool = False
    background_db: float = -120.0
    notes: tuple[int, ...] = ()
    sounds: int = 1
    remarks: tuple[str, ...] = ()

    @property
    def silent(self) -> bool:
        """Whether it is empty."""
        return self.peak_db < recording.SILENT_DB


def inspect_recording(audio: Audio, *, max_seconds: float) -> Inspection:
    """Inspect at most `max_seconds` of the sound in `audio`."""
    mono, remarks = one_channel(audio.samples, audio.sample_rate)
    peak_db = recording.peak_db(mono)
    if peak_db < recording.SILENT_DB:
        return Inspection(peak_db, remarks=remarks)
    trimmed = recording.trim(mono, audio.sample_rate, max_seconds=max_seconds)
    measured, trust = measure_note(trimmed.samples, audio.sample_rate)
    level_db = recording.level_db(trimmed.samples, audio.sample_rate)
    return Inspection(
        peak_db,
        level_db=float(level_db.max()),
        seconds=len(trimmed.samples) / audio.sample_rate,
        whole_seconds=trimmed.whole_seconds,
        measured=measured,
        trust=trust,
        clipped=recording.is_clipped(audio.samples),
        background_db=trimmed.background_db,
        notes=_notes(trimmed.samples, audio.sample_rate),
        sounds=_sounds(level_db),
        remarks=remarks,
    )


def doubts_of(found: Inspection) -> tuple[str, ...]:
    """What is wrong with a recording of a single note, whatever note it should be."""
    return tuple(_doubts(found))


def warnings_of(found: Inspection, *, note: int | None) -> tuple[str, ...]:
    """Warnings for a user of the recording, as the given `note` or, with None, as the note it sounds like.

    `note.UNPITCHED` stands for none.
    """
    warnings = [*found.remarks, *_doubts(found)]
    if found.silent:
        warnings.append(f"very quiet: its peak is {found.peak_db:.0f} dBFS")
    elif found.notes:
        pass  # the doubts name them already
    elif note == UNPITCHED:
        pass
    elif note is not None:
        warnings.append(pitch_doubt(found, note, said="given"))
    elif found.trust < CLEAR:
        warnings.append("no clear pitch: taken as a drum or a noise; if it has a note, say which")
    elif found.trust < SURE:
        warnings.append(
            f"unclear pitch: sounds most like {_name(found)}; say which note it is with --note if that is wrong"
        )
    return tuple(filter(None, warnings))


def _name(found: Inspection) -> str:
    return note_name(min(127, max(0, round(found.measured))))


def _doubts(found: Inspection) -> Iterator[str]:
    if len(found.notes) > 1:
        names = ", ".join(map(note_name, found.notes[:MOST_NAMED])) + ", ..." * (len(found.notes) > MOST_NAMED)
        yield f"several notes: {names} follow each other; expected one note a file"
    elif found.sounds > 1:
        yield f"several sounds: {found.sounds} with silence between them; expected one note a file"
    if found.clipped:
        yield "clipped: its tops are cut off at full scale"
    if found.background_db > recording.BACKGROUND_DB:
        yield f"noisy: the background is only {-found.background_db:.0f} dB below the note"


def pitch_doubt(found: Inspection, note: int, *, said: str, low_octave: bool = False, hint: str = "") -> str:
    """How the sound disagrees with the `note` it is `said` to be ("named", "given"); empty if it agrees.

    `low_octave` accepts an octave below, where a 16-foot stop sounds. `hint` says what to do about a wrong octave.
    """
    if found.trust < UNHEARD:
        return f"no clear pitch: {said} {note_name(note)}, but it sounds like noise or several notes"
    apart = found.measured - note
    if found.trust < SURE or abs(apart) <= AGREE_SEMITONES:
        return ""
    octaves = round(apart / 12)
    if octaves and abs(apart - 12 * octaves) <= AGREE_SEMITONES:
        if low_octave and octaves < 0:
            return ""
        what = f"{counted(abs(octaves), 'octave')} {'higher' if octaves > 0 else 'lower'}"
        return f"octave: {said} {note_name(note)}, sounds {what}{hint}"
    sounds = f"{_name(found)} ({found.measured:.1f})"
    what = "name" if said == "named" else "note"
    return f"{what} and sound disagree: {said} {note_name(note)} ({note}), sounds like {sounds}"


def _notes(samples: FloatArray, sample_rate: int) -> tuple[int, ...]:
    """Different notes, regardless of octave, that follow each other; each is steady for two half-overlapping windows.

    Every fourth window is measured first; if those agree, there is only one note.
    """
    window = round(WINDOW_SECONDS * sample_rate)
    starts = range(0, len(samples) - window, window // 2)[:MOST_WINDOWS]
    parts = [samples[start : start + window] for start in starts]
    levels_db = [recording.mean_level_db(part) for part in parts]
    parts = [part for part, level in zip(parts, levels_db, strict=True) if level > max(levels_db) + LOUD_DB]
    some = [note for note in _sure_notes(parts[::QUICK_STEP], sample_rate) if note is not None]
    if not any(_differ(note, some[0]) for note in some[1:]):
        return ()
    found: list[float] = []
    last: float | None = None
    for note in _sure_notes(parts, sample_rate):
        steady = note is not None and last is not None and abs(note - last) <= STEADY_SEMITONES
        if note is not None and steady and (not found or _differ(note, found[-1])):
            found.append(note)
        last = note
    numbers = [min(127, max(0, round(note))) for note in found]
    return tuple(numbers) if len(set(numbers)) > 1 else ()


def _sure_notes(parts: list[FloatArray], sample_rate: int) -> Iterator[float | None]:
    for part in parts:
        note, trust = measure_note(part, sample_rate)
        yield note if trust >= SURE else None


def _differ(one: float, other: float) -> bool:
    """Whether two notes differ in more than octaves, and neither is the other's third to seventh partial."""
    apart = abs(one - other)
    octaves = abs((apart + 6) % 12 - 6)
    return octaves > AGREE_SEMITONES and all(abs(apart - partial) > AGREE_SEMITONES for partial in PARTIALS)


def _sounds(level_db: Doubles) -> int:
    """How often the level [blocks of 10 ms] rises from silence to within 15 dB of its peak."""
    relative = level_db - level_db.max()
    shortest_gap = round(GAP_SECONDS / recording.BLOCK_SECONDS)
    sounds, quiet, in_gap = 0, 0, True
    for level in relative:
        quiet = quiet + 1 if level < GAP_DB else 0
        in_gap = in_gap or quiet >= shortest_gap
        if in_gap and level > AGAIN_DB:
            sounds, in_gap = sounds + 1, False
    return max(1, sounds)
