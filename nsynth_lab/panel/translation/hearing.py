r"""Hearing: what a job does with a sound that somebody has sent, in a process that may die of it.

    file --> first 20 min, mono, 48 kHz --> followed --> phrase.phrase, its notes
                                        \-> source.pcm, to be heard beside it; spectrogram.u8, to be drawn under it

A `.phrase` file, which was followed before, is taken as it is: it has no sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.analysis.follower import DEFAULT_GATE_DB
from nsynth_lab.analysis.phrase import ENDING, LOOK_AHEAD_HOPS, Phrase, follow, read_phrase, write_phrase
from nsynth_lab.analysis.source_blocks import mains_hum, source_blocks, without_hum
from nsynth_lab.audio import length_seconds
from nsynth_lab.errors import AudioError, NsynthLabError
from nsynth_lab.panel.translation.heard import LONGEST_SECONDS, MOST_NOTES
from nsynth_lab.panel.translation.spectrogram import NoteSpectrogram
from nsynth_lab.translate.heard_notes import heard_notes
from nsynth_lab.units import SAMPLE_RATE, FloatArray

PHRASE, SOURCE, SPECTROGRAM = "phrase.phrase", "source.pcm", "spectrogram.u8"
FULL = 32767.0

Tell = Callable[[float, float, str], None]


def hear_file(
    folder: Path, tell: Tell, *, file: str, into: str, title: str, gate_db: float = DEFAULT_GATE_DB
) -> dict[str, Any]:
    """Follow a sound; leaves the three files in the folder `into`, and says what a page is to show.

    Args:
        folder: of the job; not used.
        tell: progress: seconds heard, of how many, what is being done.
        file: the sound, or a `.phrase`.
        into: a folder.
        title: what the player calls it.
        gate_db: peak level below which nothing is heard.

    Raises:
        AudioError, PhraseError: no sound file that can be read; shorter than a moment; without any tone.
    """
    del folder
    path, there = Path(file), Path(into)
    tell(0.0, 0.0, "reading")
    try:
        if path.suffix.lower() == ENDING:
            phrase, peak, remarks = _read(path), 0.0, list[str]()
        else:
            phrase, peak, remarks = _heard(path, there, tell, title, gate_db)
    except NsynthLabError as error:  # without the name that the file has here
        raise type(error)(str(error).removeprefix(f"{path}: ")) from error
    if phrase.is_toneless:
        raise AudioError("no tone was heard; expected a tune in one voice: hum, whistle, sing or play it nearer")
    if phrase.sounds_like_several:
        remarks.append("several notes seem to sound at once, and one voice is followed")
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


def _read(path: Path) -> Phrase:
    phrase = read_phrase(path)
    if phrase.seconds > LONGEST_SECONDS:
        raise AudioError(f"longer than {LONGEST_SECONDS / 60:g} minutes; nsynth-lab translate plays it from a shell")
    return phrase


def _heard(path: Path, there: Path, tell: Tell, title: str, gate_db: float) -> tuple[Phrase, float, list[str]]:
    total, done = min(length_seconds(path), LONGEST_SECONDS), 0

    def advance(samples: int) -> None:
        nonlocal done
        done += samples
        tell(min(done / SAMPLE_RATE, total), total, "listening")

    picture, hum = NoteSpectrogram(), mains_hum(path)
    with (there / SOURCE).open("wb") as file:
        kept = _Kept(file, picture)
        phrase = follow(
            without_hum(kept.all_of(source_blocks(path, SAMPLE_RATE)), SAMPLE_RATE, hum),
            gate_db=gate_db,
            look_ahead_hops=LOOK_AHEAD_HOPS,
            provenance={"file": title},
            advance=advance,
        )
    (there / SPECTROGRAM).write_bytes(picture.pixels())
    remarks = [f"only its first {LONGEST_SECONDS / 60:g} minutes are used"] if kept.is_cut else []
    if hum is not None:
        remarks.append(hum.told())
    if kept.peak > 1.0:
        remarks.append("it is clipped: its loudest samples exceed full scale")
    return phrase, min(kept.peak, 1.0), remarks


class _Kept:
    """Blocks on their way to the follower, written and drawn as they pass, up to the longest that is used."""

    def __init__(self, file: Any, picture: NoteSpectrogram) -> None:
        self._file, self._picture = file, picture
        self.peak, self.is_cut = 0.0, False

    def all_of(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        left = round(LONGEST_SECONDS * SAMPLE_RATE)
        for block in blocks:
            some = block[:left]
            self.is_cut = len(block) > left
            left -= len(some)
            self.peak = max(self.peak, float(np.abs(some).max(initial=0.0)))
            self._file.write((some.clip(-1.0, 1.0) * FULL).round().astype("<i2").tobytes())
            self._picture.hear(some)
            yield some
            if self.is_cut:
                return
