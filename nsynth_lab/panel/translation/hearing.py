r"""Hearing: what a job does with a sound that somebody has sent, in a process that may die of it.

    file --> first 20 min, mono, 48 kHz --> followed --> phrase.phrase, its notes
                                        \-> source.pcm, to be heard beside it; spectrogram.u8, to be drawn under it

A `.phrase` file, which was followed before, is taken as it is: it has no sound. Where several notes are to be heard at
once, `several` has them heard, with what is left of the sound without them; the phrase then has levels, and no pitch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nsynth_lab.analysis.basic_pitch import RATE
from nsynth_lab.analysis.follower import DEFAULT_GATE_DB, HOP
from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.analysis.key_levels import ROW_SECONDS
from nsynth_lab.analysis.phrase import ENDING, LOOK_AHEAD_HOPS, Phrase, follow, read_phrase, write_phrase
from nsynth_lab.analysis.source_blocks import first_look, source_blocks, without_hum
from nsynth_lab.analysis.transcription import Transcript, transcribe
from nsynth_lab.analysis.two_voices import sounds_like_two
from nsynth_lab.audio import length_seconds
from nsynth_lab.dsp.loudness import FLOOR_DB
from nsynth_lab.errors import AudioError, NsynthLabError
from nsynth_lab.panel.translation.heard import LONGEST_SECONDS, MOST_NOTES
from nsynth_lab.panel.translation.note_file import NOTES, write_notes
from nsynth_lab.panel.translation.spectrogram import NoteSpectrogram
from nsynth_lab.translate.heard_notes import heard_notes
from nsynth_lab.translate.residual import residual
from nsynth_lab.units import SAMPLE_RATE, FloatArray

PHRASE, SOURCE, REST, SPECTROGRAM = "phrase.phrase", "source.pcm", "rest.pcm", "spectrogram.u8"
FULL = 32767.0

Tell = Callable[[float, float, str], None]


def hear_file(
    folder: Path,
    tell: Tell,
    *,
    file: str,
    into: str,
    title: str,
    gate_db: float = DEFAULT_GATE_DB,
    several: bool = False,
) -> dict[str, Any]:
    """Follow a sound; leaves the three files in the folder `into`, and says what a page is to show.

    Args:
        folder: of the job; not used.
        tell: progress: seconds heard, of how many, what is being done.
        file: the sound, or a `.phrase`.
        into: a folder.
        title: what the player calls it.
        gate_db: peak level below which nothing is heard.
        several: whether several notes at once are heard.

    Raises:
        AudioError, PhraseError: no sound file that can be read; shorter than a moment; without any tone.
        MissingError: what hears several notes is not installed.
    """
    del folder
    path, there = Path(file), Path(into)
    tell(0.0, 0.0, "reading")
    try:
        if path.suffix.lower() == ENDING:
            phrase, notes, peak, remarks = *_read(path), 0.0, list[str]()
        else:
            listening = _Listening(path, there, tell)
            phrase, notes = listening.to_several(title, gate_db) if several else listening.to_one(title, gate_db)
            peak, remarks = listening.peak, listening.remarks()
    except NsynthLabError as error:  # without the name that the file has here
        raise type(error)(str(error).removeprefix(f"{path}: ")) from error
    if notes is None and (phrase.sounds_like_several or _are_two_voices(there / SOURCE, phrase)):
        remarks.append("several notes seem to sound at once, and one voice is followed: tick several notes")
    if notes is None:
        tell(phrase.seconds, phrase.seconds, "finding its notes")
        notes = heard_notes(phrase)
    if len(notes) > MOST_NOTES:
        remarks.append(f"only its first {MOST_NOTES} notes are shown")
    write_phrase(there / PHRASE, phrase)
    rows = [
        (note.begin_sample / SAMPLE_RATE, note.end_sample / SAMPLE_RATE, note.pitch, note.level_db)
        for note in notes[:MOST_NOTES]
    ]
    return {"notes": [[round(number, 3) for number in row] for row in rows], "peak": peak, "remarks": remarks}


def _are_two_voices(sound: Path, phrase: Phrase) -> bool:
    """Whether two voices were followed as one in a sound that was kept; a `.phrase` has none."""
    if not sound.is_file():
        return False
    pcm = np.memmap(sound, "<i2", "r")
    parts = (pcm[at : at + SAMPLE_RATE].astype(np.float32) / FULL for at in range(0, len(pcm), SAMPLE_RATE))
    return sounds_like_two(parts, phrase)


Heard = tuple[Phrase, Sequence[HeardNote] | None]


def _read(path: Path) -> Heard:
    phrase = read_phrase(path)
    if phrase.seconds > LONGEST_SECONDS:
        raise AudioError(f"longer than {LONGEST_SECONDS / 60:g} minutes; nsynth-lab translate plays it from a shell")
    return _with_tones(phrase), None


def _with_tones(phrase: Phrase) -> Phrase:
    """The phrase.

    Raises:
        AudioError: there is no tone in it.
    """
    if phrase.is_toneless:
        raise AudioError("no tone was heard; expected a tune in one voice: hum, whistle, sing or play it nearer")
    return phrase


class _Listening:
    """A sound file on its way to what hears it, kept and drawn as it passes.

    Attributes:
        peak: amplitude, up to 1.
    """

    def __init__(self, path: Path, there: Path, tell: Tell) -> None:
        self._path, self._there, self._tell = path, there, tell
        self._total, self._done = min(length_seconds(path), LONGEST_SECONDS), 0
        self._look = first_look(path)
        self._loudest, self._is_cut = 0.0, False

    @property
    def peak(self) -> float:
        return min(self._loudest, 1.0)

    def to_one(self, title: str, gate_db: float) -> Heard:
        """One voice, followed."""
        picture = NoteSpectrogram()
        with (self._there / SOURCE).open("wb") as file:
            phrase = follow(
                without_hum(self._kept(file, picture), SAMPLE_RATE, self._look.hum),
                gate_db=gate_db,
                look_ahead_hops=LOOK_AHEAD_HOPS,
                provenance={"file": title},
                advance=self._advance,
            )
        (self._there / SPECTROGRAM).write_bytes(picture.pixels())
        return _with_tones(phrase), None

    def to_several(self, title: str, gate_db: float) -> Heard:
        """Several notes at once; what is left without them is kept too."""
        blocks = first_seconds(
            without_hum(source_blocks(self._path, RATE), RATE, self._look.hum), RATE, LONGEST_SECONDS
        )
        transcript = transcribe(blocks, gate_db=gate_db, advance=self._advance)
        if not transcript.notes:
            raise AudioError("no notes were heard; expected music: play it louder, or lower the gate")
        write_notes(self._there / NOTES, transcript.notes)
        picture = NoteSpectrogram()
        with (self._there / SOURCE).open("wb") as file, (self._there / REST).open("wb") as rest:
            for block in residual(self._kept(file, picture), transcript.notes):
                rest.write(_as_pcm(block))
        (self._there / SPECTROGRAM).write_bytes(picture.pixels())
        return levels_of(transcript, title), transcript.notes

    def remarks(self) -> list[str]:
        """What a player should know of it."""
        found = [f"only its first {LONGEST_SECONDS / 60:g} minutes are used"] if self._is_cut else []
        if self._loudest > 1.0 and not self._look.is_clipped:
            found.append("its loudest samples exceed full scale, and are cut off here")
        found += self._look.told()
        return found

    def _advance(self, samples: int) -> None:
        self._done += samples
        self._tell(min(self._done / SAMPLE_RATE, self._total), self._total, "listening")

    def _kept(self, file: BinaryIO, picture: NoteSpectrogram) -> Iterator[FloatArray]:
        """Mono blocks at 48 kHz, up to the longest that is used."""
        come = 0
        for block in first_seconds(source_blocks(self._path, SAMPLE_RATE), SAMPLE_RATE, LONGEST_SECONDS):
            come += len(block)
            self._loudest = max(self._loudest, float(np.abs(block).max(initial=0.0)))
            file.write(_as_pcm(block))
            picture.hear(block)
            yield block
        self._is_cut = come == round(LONGEST_SECONDS * SAMPLE_RATE)


def first_seconds(blocks: Iterable[FloatArray], rate: int, seconds: float) -> Iterator[FloatArray]:
    """The blocks [samples] at `rate` in Hz up to there."""
    left = round(seconds * rate)
    for block in blocks:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return


def levels_of(transcript: Transcript, title: str) -> Phrase:
    """A phrase of the same length and level, without any pitch."""
    hops = max(transcript.samples // HOP, 1)
    level_db = 10.0 * np.log10((10.0 ** (transcript.spectrum.astype(np.float64) / 10.0)).sum(axis=1))
    at = (np.arange(hops) + 0.5) * HOP / SAMPLE_RATE
    times = np.arange(len(level_db)) * ROW_SECONDS
    level = np.interp(at, times, level_db).clip(FLOOR_DB, 0.0).astype(np.float32)
    nothing = np.zeros(hops, np.float32)
    return Phrase(np.full(hops, np.nan, np.float32), level, nothing, nothing, provenance={"file": title})


def _as_pcm(block: FloatArray) -> bytes:
    return (block.clip(-1.0, 1.0) * FULL).round().astype("<i2").tobytes()
