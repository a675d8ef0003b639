"""What `translate` makes: the sound, its picture, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsynth_lab.cli import console, recipes
from nsynth_lab.cli.delivery import Delivery

if TYPE_CHECKING:
    from nsynth_lab.analysis.heard_note import HeardNote
    from nsynth_lab.analysis.phrase import Phrase
    from nsynth_lab.analysis.transcription import Transcript
    from nsynth_lab.render.ensemble import Playing
    from nsynth_lab.translate.played import Played
    from nsynth_lab.units import FloatArray


@dataclass(frozen=True)
class Rest:
    """What is kept of a sound beside its notes, and how loud."""

    source: Path
    notes: Sequence[HeardNote]
    gain_db: float

    def beside(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        """`blocks` with it added."""
        from nsynth_lab.analysis.source_blocks import source_blocks
        from nsynth_lab.translate.residual import beside, residual
        from nsynth_lab.units import SAMPLE_RATE

        return beside(blocks, residual(source_blocks(self.source, SAMPLE_RATE), self.notes), gain_db=self.gain_db)


def render(
    engine: Playing,
    played: Played,
    heard: Transcript | Phrase,
    path: Path,
    delivery: Delivery,
    recipe: recipes.Recipe,
    *,
    rest: Rest | None,
    force: bool,
) -> float:
    """Write the sound; its peak."""
    from nsynth_lab.render.song import blocks_of
    from nsynth_lab.sinks.file import FileSink

    comment = recipe.comment(delivery.place(path))
    with (
        console.sound_progress(heard.seconds, "playing") as advance,
        FileSink(path, sound_format=delivery.sound_format, comment=comment, force=force) as sink,
    ):
        blocks: Iterator[FloatArray] = blocks_of(engine, played.events, end_sample=heard.samples)
        for block in rest.beside(blocks) if rest else blocks:
            sink.write(block)
            advance(block.shape[1])
    return sink.peak


def draw(path: Path, source: Path, sound: Path, heard: Transcript | Phrase, played: Played, *, force: bool) -> None:
    """Draw what was heard and what was played."""
    from nsynth_lab.analysis.phrase import Phrase
    from nsynth_lab.translate.picture import draw_transcript, draw_translation

    if isinstance(heard, Phrase):
        title = f"{heard.provenance.get('file', 'phrase')} → {sound.name}"
        draw_translation(path, heard, played, title=title, force=force)
    else:
        draw_transcript(path, heard, title=f"{source.name} → {sound.name}", force=force)


def report(figures: dict[str, Any], *, as_json: bool) -> None:
    """Say what was made; its keys are those of --json."""
    if as_json:
        console.print_json(figures)
        return
    moved = f", moved by {figures['transposed']:+g} semitones" if figures["transposed"] else ""
    console.show(
        f"model {figures['model']}: {figures['seconds']:.2f} s, {figures['tone_seconds']:.2f} s of tone in "
        f"{figures['notes']} notes{moved}, peak {figures['peak']:.3f}"
    )
    console.show(figures["file"])
