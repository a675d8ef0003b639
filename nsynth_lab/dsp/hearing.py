"""hear(audio): what a recording of one note is when it is listened to, and what is wrong with it, in sentences.

One judgement for all that takes recordings: data sets leave doubtful ones out, `encode`, `blend` and `play` warn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nsynth_lab.audio import Audio
from nsynth_lab.dsp import recording
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.dsp.pitch_guess import SURE, UNHEARD, measure_note
from nsynth_lab.note import note_name
from nsynth_lab.units import Doubles, FloatArray

AGREE_SEMITONES = 0.7
WINDOW_SECONDS = 0.25
MOST_WINDOWS = 64
GLANCE = 4
PARTIALS = (19.02, 27.86, 31.02, 33.69)  # semitones of the third, fifth, sixth and seventh
STEADY_SEMITONES = 0.3
LOUD_DB = -25.0  # below the loudest window: what is fainter is a tail
GAP_DB, GAP_SECONDS, AGAIN_DB = -45.0, 0.1, -15.0
MOST_NAMED = 6


@dataclass(frozen=True)
class Heard:
    """What was heard.

    Attributes:
        peak_db, level_db: largest magnitude, and its loudest 10 ms, in dB of full scale.
        seconds: length of the sound, without the silence around it, as far as it was heard.
        whole_seconds: length of all of it.
        measured, trust: its note, as `measure_note` says.
        clipped: whether its tops are cut off.
        background_db: level of what precedes the note, against its loudest 10 ms; -120 where nothing does.
        notes: MIDI notes that follow each other, where there is more than one.
        sounds: how many sounds with silence between them.
        remarks: what was done to it to hear it: an offset taken off, cancelling channels told apart.
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
        """Whether it holds nothing."""
        return self.peak_db < recording.SILENT_DB


def hear(audio: Audio, *, max_seconds: float) -> Heard:
    """Listen to at most `max_seconds` of the sound in `audio`."""
    mono, remarks = one_channel(audio.samples, audio.sample_rate)
    peak_db = recording.peak_db(mono)
    if peak_db < recording.SILENT_DB:
        return Heard(peak_db, remarks=remarks)
    trimmed = recording.trim(mono, audio.sample_rate, max_seconds=max_seconds)
    measured, trust = measure_note(trimmed.samples, audio.sample_rate)
    level_db = recording.level_db(trimmed.samples, audio.sample_rate)
    return Heard(
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


def doubts_of(heard: Heard) -> tuple[str, ...]:
    """What is wrong with a recording as one of a single note, whatever note it is said to be."""
    return tuple(_doubts(heard))


def warnings_of(heard: Heard, *, note: int | None) -> tuple[str, ...]:
    """What to tell who uses a recording all the same, as the given `note` or, with None, as the one that is heard."""
    said = [*heard.remarks, *_doubts(heard)]
    if heard.silent:
        said.append(f"very quiet: its peak is {heard.peak_db:.0f} dBFS")
    elif heard.notes:
        pass  # which of them would be meant?
    elif note is not None:
        said.append(pitch_doubt(heard, note, said="given"))
    elif heard.trust < SURE:
        said.append(
            f"unclear pitch: sounds most like {_name(heard)}; say which note it is with --note if that is wrong"
        )
    return tuple(filter(None, said))


def _name(heard: Heard) -> str:
    return note_name(min(127, max(0, round(heard.measured))))


def _doubts(heard: Heard) -> Iterator[str]:
    if len(heard.notes) > 1:
        names = ", ".join(map(note_name, heard.notes[:MOST_NAMED])) + ", ..." * (len(heard.notes) > MOST_NAMED)
        yield f"several notes: {names} follow each other; expected one note a file"
    elif heard.sounds > 1:
        yield f"several sounds: {heard.sounds} with silence between them; expected one note a file"
    if heard.clipped:
        yield "clipped: its tops are cut off at full scale"
    if heard.background_db > recording.BACKGROUND_DB:
        yield f"noisy: the background is only {-heard.background_db:.0f} dB below the note"


def pitch_doubt(heard: Heard, note: int, *, said: str, low_octave: bool = False, hint: str = "") -> str:
    """How what is heard differs from the `note` that it is `said` to be ("named", "given"); empty where it agrees.

    `low_octave` allows an octave below: a 16-foot stop sounds there. `hint` says what to do about an octave.
    """
    if heard.trust < UNHEARD:
        return f"no clear pitch: {said} {note_name(note)}, but it sounds like noise or several notes"
    apart = heard.measured - note
    if heard.trust < SURE or abs(apart) <= AGREE_SEMITONES:
        return ""
    octaves = round(apart / 12)
    if octaves and abs(apart - 12 * octaves) <= AGREE_SEMITONES:
        if low_octave and octaves < 0:
            return ""
        what = f"{abs(octaves)} octave{'s' * (abs(octaves) > 1)} {'higher' if octaves > 0 else 'lower'}"
        return f"octave: {said} {note_name(note)}, sounds {what}{hint}"
    sounds = f"{_name(heard)} ({heard.measured:.1f})"
    what = "name" if said == "named" else "note"
    return f"{what} and sound disagree: {said} {note_name(note)} ({note}), sounds like {sounds}"


def _notes(samples: FloatArray, sample_rate: int) -> tuple[int, ...]:
    """Notes that follow each other, octaves aside: each holds still for two windows, which overlap by half.

    A glance at every fourth window tells whether there may be any.
    """
    window = round(WINDOW_SECONDS * sample_rate)
    starts = range(0, len(samples) - window, window // 2)[:MOST_WINDOWS]
    parts = [samples[start : start + window] for start in starts]
    levels_db = [recording.mean_level_db(part) for part in parts]
    parts = [part for part, level in zip(parts, levels_db, strict=True) if level > max(levels_db) + LOUD_DB]
    glance = [note for note in _sure_notes(parts[::GLANCE], sample_rate) if note is not None]
    if not any(_differ(note, glance[0]) for note in glance[1:]):
        return ()
    found: list[float] = []
    last: float | None = None
    for note in _sure_notes(parts, sample_rate):
        still = note is not None and last is not None and abs(note - last) <= STEADY_SEMITONES
        if note is not None and still and (not found or _differ(note, found[-1])):
            found.append(note)
        last = note
    numbers = [min(127, max(0, round(note))) for note in found]
    return tuple(numbers) if len(set(numbers)) > 1 else ()


def _sure_notes(parts: list[FloatArray], sample_rate: int) -> Iterator[float | None]:
    for part in parts:
        note, trust = measure_note(part, sample_rate)
        yield note if trust >= SURE else None


def _differ(one: float, other: float) -> bool:
    """Whether they are different notes, octaves aside; one may be the other's third to seventh partial, heard alone."""
    apart = abs(one - other)
    octaves = abs((apart + 6) % 12 - 6)
    return octaves > AGREE_SEMITONES and all(abs(apart - partial) > AGREE_SEMITONES for partial in PARTIALS)


def _sounds(level_db: Doubles) -> int:
    """How often the level in blocks of 10 ms comes back from silence to within 15 dB of its peak."""
    relative = level_db - level_db.max()
    least = round(GAP_SECONDS / recording.BLOCK_SECONDS)
    sounds, quiet, waiting = 0, 0, True
    for level in relative:
        quiet = quiet + 1 if level < GAP_DB else 0
        waiting = waiting or quiet >= least
        if waiting and level > AGAIN_DB:
            sounds, waiting = sounds + 1, False
    return max(1, sounds)
