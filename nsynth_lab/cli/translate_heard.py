"""What `translate` hears in a sound file, a phrase that is followed or notes, with progress and remarks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nsynth_lab.cli import console
from nsynth_lab.errors import AudioError

if TYPE_CHECKING:
    from nsynth_lab.analysis.heard_note import HeardNote
    from nsynth_lab.analysis.phrase import Phrase
    from nsynth_lab.analysis.transcription import Transcript
    from nsynth_lab.units import FloatArray


def transcribed(source: Path, gate_db: float) -> Transcript:
    """The notes of a recording in which several sound at once."""
    from nsynth_lab.analysis.basic_pitch import RATE
    from nsynth_lab.analysis.transcription import transcribe
    from nsynth_lab.audio import length_seconds

    blocks = heard_blocks(source, RATE)
    with console.sound_progress(length_seconds(source), "listening") as advance:
        return transcribe(blocks, gate_db=gate_db, advance=advance)


def notes_in(source: Path, heard: Transcript | Phrase, gate_db: float, *, as_notes: bool) -> Sequence[HeardNote]:
    """What is played as notes; nothing where the phrase is followed moment by moment.

    Raises:
        AudioError: there is nothing to play.
    """
    from nsynth_lab.analysis.phrase import Phrase
    from nsynth_lab.translate.heard_notes import heard_notes

    if not isinstance(heard, Phrase):
        if not heard.notes:
            raise AudioError(f"{source}: no notes were heard; expected music louder than {gate_db:g} dB (--gate)")
        return heard.notes
    if heard.is_toneless:
        raise AudioError(
            f"{source}: no tone was heard; expected a tune in one voice, louder than {gate_db:g} dB (--gate)"
        )
    if heard.sounds_like_several or _are_two_voices(source, heard):
        console.say(f"warning: {source}: several notes seem to sound at once; --polyphonic hears them all")
    if as_notes and not (notes := heard_notes(heard)):
        raise AudioError(f"{source}: no tone is long enough for a note; leave out --as-notes to have it followed")
    return notes if as_notes else []


def _are_two_voices(source: Path, heard: Phrase) -> bool:
    """Whether two voices were followed as one; a phrase that is read has no sound to tell by."""
    from nsynth_lab.analysis.phrase import ENDING
    from nsynth_lab.analysis.source_blocks import source_blocks
    from nsynth_lab.analysis.two_voices import sounds_like_two
    from nsynth_lab.units import SAMPLE_RATE

    return source.suffix.lower() != ENDING and sounds_like_two(source_blocks(source, SAMPLE_RATE), heard)


def followed(source: Path, gate_db: float) -> Phrase:
    """A phrase, read or heard."""
    from nsynth_lab.analysis.phrase import ENDING, LOOK_AHEAD_HOPS, follow, read_phrase
    from nsynth_lab.audio import length_seconds
    from nsynth_lab.units import SAMPLE_RATE

    if source.suffix.lower() == ENDING:
        return read_phrase(source)
    blocks = heard_blocks(source, SAMPLE_RATE)
    with console.sound_progress(length_seconds(source), "listening") as advance:
        return follow(
            blocks,
            gate_db=gate_db,
            look_ahead_hops=LOOK_AHEAD_HOPS,
            provenance={"file": source.name},
            advance=advance,
        )


def heard_blocks(source: Path, rate: int) -> Iterator[FloatArray]:
    """Mono blocks [samples] of a sound file at `rate` in Hz, without a hum of the mains; that and clipping are told."""
    from nsynth_lab.analysis.source_blocks import first_look, source_blocks, without_hum
    from nsynth_lab.audio import length_seconds

    with console.sound_progress(length_seconds(source), "reading") as advance:
        look = first_look(source, advance=advance)
    for line in look.told():
        console.say(f"{source}: {line}")
    return without_hum(source_blocks(source, rate), rate, look.hum)
