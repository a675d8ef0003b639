"""`nsynth-lab translate`: a phrase becomes the playing of another instrument."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import completions, console, recipes
from nsynth_lab.cli.delivery import Delivery
from nsynth_lab.cli.following import (
    DynamicsOption,
    ExpressionOption,
    FollowOption,
    GateOption,
    OctavesOption,
    SnapOption,
    TransposeOption,
)
from nsynth_lab.cli.options import (
    BitsOption,
    ChannelsOption,
    CheckpointOption,
    ComputeOption,
    ForceOption,
    JsonOption,
    ListenOption,
    PlotOption,
    PositionOption,
    QualityOption,
    RateOption,
    SeedOption,
    SoundOption,
)
from nsynth_lab.errors import AudioError, UsageError
from nsynth_lab.wording import listed

if TYPE_CHECKING:
    from nsynth_lab.analysis.heard_note import HeardNote
    from nsynth_lab.analysis.phrase import Phrase
    from nsynth_lab.analysis.transcription import Transcript
    from nsynth_lab.midi.events import Event
    from nsynth_lab.render.ensemble import Playing
    from nsynth_lab.render.play_request import PlayRequest
    from nsynth_lab.render.session import Session
    from nsynth_lab.units import FloatArray

SourceArgument = Annotated[
    Path, typer.Argument(help="A sound file: humming, whistling, singing, any tune; or a .phrase.", metavar="SOUND")
]
ToOption = Annotated[
    str,
    typer.Option(
        "--to",
        help="What plays it: one to four instruments, such as flute,cello, or a preset.",
        autocompletion=completions.presets_and_instruments,
    ),
]
MidiFileOption = Annotated[Path | None, typer.Option("--midi-file", help="Also write the notes into this .mid file.")]
AsNotesOption = Annotated[
    bool,
    typer.Option(
        "--as-notes",
        help="Play notes with the target's own attack, sustain and release; --follow 0 leaves out their bends.",
    ),
]
PolyphonicOption = Annotated[
    bool, typer.Option("--polyphonic", help="Several notes at once: chords, a song; played as notes.")
]
ResidualOption = Annotated[
    float | None,
    typer.Option(help="With --polyphonic: also keep what is not notes, such as drums, so many dB louder or softer."),
]
DelayOption = Annotated[
    float | None,
    typer.Option(
        help="Milliseconds by which the result comes after the source; 0 lays it over the source.",
        show_default="0; 45 for a .phrase that was heard live",
    ),
]
PhraseOption = Annotated[
    Path | None, typer.Option("--phrase", help="Also write what was heard into this .phrase, to be played again.")
]


def translate(
    context: typer.Context,
    source: SourceArgument,
    to: ToOption,
    output: SoundOption,
    position: PositionOption = None,
    transpose: TransposeOption = 0.0,
    follow: FollowOption = 1.0,
    snap: SnapOption = "",
    gate: GateOption = -60.0,
    dynamics: DynamicsOption = 1.0,
    expression: ExpressionOption = 0.0,
    octaves: OctavesOption = True,
    as_notes: AsNotesOption = False,
    delay: DelayOption = None,
    polyphonic: PolyphonicOption = False,
    residual: ResidualOption = None,
    midi_file: MidiFileOption = None,
    phrase_file: PhraseOption = None,
    plot: PlotOption = None,
    rate: RateOption = 48_000,
    bits: BitsOption = "",
    sound_channels: ChannelsOption = "",
    quality: QualityOption = None,
    listen: ListenOption = False,
    device: ComputeOption = "cpu",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Play a tune that was hummed, whistled, sung or played with another instrument, or a blend.

    Pitch and level are followed moment by moment: glides, vibrato and swells stay, attacks, timbre and releases are
    those of the target, and between notes it is silent. One voice at a time is followed; --polyphonic hears several,
    and plays them as notes. A phrase beyond the target's range is moved by octaves. A steady hum of the mains is left
    out.

    **Examples**

        nsynth-lab translate hum.wav --to cello -o out.wav

        nsynth-lab translate whistle.wav --to flute,cello --position 0.3 --snap d-minor -o out.flac

        nsynth-lab translate hum.wav --to oboe --as-notes --midi-file out.mid --plot out.png -o out.wav

        nsynth-lab translate band.wav --to "string ensemble 1" --polyphonic --residual -12 -o out.wav

        nsynth-lab translate hum.wav --to glass-cello --phrase hum.phrase -o out.wav
    """
    from nsynth_lab.analysis.phrase import ENDING, Phrase, write_phrase
    from nsynth_lab.atomic_file import atomic_write
    from nsynth_lab.midi.write import midi_bytes
    from nsynth_lab.render import PICTURE_ENDINGS, SOUND_ENDINGS, check_outputs
    from nsynth_lab.sound_format import SoundFormat
    from nsynth_lab.translate.played import check_delay
    from nsynth_lab.translate.rules import Rules, parse_snap

    rules = Rules(transpose, follow, parse_snap(snap) if snap else (), dynamics, expression=expression)
    delivery = Delivery(output, SoundFormat(rate, bits, sound_channels, quality), listen)
    delivery.check(as_json=as_json)
    check_outputs([output], endings=SOUND_ENDINGS, sources=[source], force=force)
    for path, endings in ((midi_file, (".mid",)), (phrase_file, (ENDING,)), (plot, PICTURE_ENDINGS)):
        if path is not None:
            check_outputs([path], endings=endings, sources=[source], force=force)
    if delay is not None:
        check_delay(delay)
    if polyphonic:
        _check_polyphonic(source, phrase_file, residual)
    elif residual is not None:
        raise UsageError("--residual keeps what is not notes beside those of --polyphonic: give both")
    asked = _request(to, position, 0.0 if as_notes or polyphonic else follow, checkpoint)

    from nsynth_lab.render import Session

    session = Session(checkpoint, device=device, seed=seed, progress=console.progress)
    with ThreadPoolExecutor(1) as pool:  # most of listening leaves the interpreter to others
        ready = pool.submit(_warm_engine, asked, session) if _is_of_the_bank(asked) else None
        heard: Transcript | Phrase = _transcribed(source, gate) if polyphonic else followed(source, gate)
        notes = _notes(source, heard, gate, as_notes=as_notes)
        engine = _engine(asked, session) if ready is None else ready.result()

    from nsynth_lab.render.target_range import target_is_struck, target_range
    from nsynth_lab.translate.played import play_curve, play_notes, with_delay

    low, high = target_range(session, asked)
    rules = replace(rules, lowest=low, highest=high, struck=target_is_struck(session, asked))
    if isinstance(heard, Phrase) and not as_notes:
        played = play_curve(heard, rules, octaves=octaves)
    else:
        played = play_notes(notes, rules, octaves=octaves)
    played = played if delay is None else with_delay(played, delay)
    rest = None if residual is None else _Rest(source, notes, residual + played.makeup_db)
    recipe = recipes.recipe(context, session, device=session.device)
    with delivery.written() as path:
        peak = _render(engine, played.events, heard, path, delivery, recipe, rest=rest, force=force)
        recipe.put_beside(delivery.place(path))
    for line in engine.troubles():
        console.say(f"warning: {line}")
    if midi_file is not None:
        with atomic_write(midi_file) as beside:
            beside.write_bytes(midi_bytes(played.midi, end_sample=heard.samples))
    if phrase_file is not None and isinstance(heard, Phrase):
        write_phrase(phrase_file, heard, force=force)
    if plot is not None:
        _draw(plot, source, output, heard, played.events, force=force)
    _report(
        {
            "file": str(output),
            "model": session.checkpoint.model_id,
            "seconds": round(heard.seconds, 3),
            "notes": played.notes,
            "tone_seconds": round(heard.sounding_seconds, 3),
            "transposed": played.transposed,
            "peak": round(peak, 4),
            "seed": seed,
        },
        as_json=as_json,
    )


@dataclass(frozen=True)
class _Rest:
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


def _check_polyphonic(source: Path, phrase_file: Path | None, residual_db: float | None) -> None:
    """Refuse what goes with one voice only.

    Raises:
        UsageError: see above.
    """
    from nsynth_lab.analysis.phrase import ENDING

    if source.suffix.lower() == ENDING:
        raise UsageError(f"{source}: a {ENDING} holds one voice; --polyphonic listens to a sound file")
    if phrase_file is not None:
        raise UsageError("--phrase keeps one voice; with --polyphonic write the notes: --midi-file out.mid")
    if residual_db is not None and not -80.0 <= residual_db <= 12.0:
        raise UsageError(f"--residual {residual_db:g}; expected -80 to 12 dB")


def _transcribed(source: Path, gate_db: float) -> Transcript:
    """The notes of a recording in which several sound at once."""
    from nsynth_lab.analysis.basic_pitch import RATE
    from nsynth_lab.analysis.transcription import transcribe
    from nsynth_lab.audio import length_seconds

    blocks = heard_blocks(source, RATE)
    with console.sound_progress(length_seconds(source), "listening") as advance:
        return transcribe(blocks, gate_db=gate_db, advance=advance)


def _notes(source: Path, heard: Transcript | Phrase, gate_db: float, *, as_notes: bool) -> Sequence[HeardNote]:
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


def _request(to: str, position: str | None, follow: float, checkpoint: Path | None) -> PlayRequest:
    """What plays: instruments, or a preset.

    Raises:
        UsageError: neither.
    """
    return request_of(to, checkpoint, position=position, mpe=True, follow=follow)


def _is_of_the_bank(asked: PlayRequest) -> bool:
    """Whether what plays is in the bank: nothing is encoded, which is shown, and no plugin is loaded."""
    return not asked.preset and not any(os.path.isfile(str(source)) for source in asked.sources)


def _engine(asked: PlayRequest, session: Session) -> Playing:
    """What plays."""
    from nsynth_lab.render.song import BLOCK_SAMPLES

    return asked.engine(session, live=False, ahead_samples=BLOCK_SAMPLES)


def _warm_engine(asked: PlayRequest, session: Session) -> Playing:
    """What plays, with its compiled loops loaded."""
    engine = _engine(asked, session)
    engine.warm_up()
    return engine


def request_of(names: str, checkpoint: Path | None, **more: Any) -> PlayRequest:
    """Instruments such as `flute,cello`, or a preset by its name, and more fields of the request.

    Raises:
        UsageError: neither.
    """
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT, known_names
    from nsynth_lab.patch.library import preset_named
    from nsynth_lab.render.output_paths import check_sources
    from nsynth_lab.render.play_request import parse_play

    asked = listed(names)
    if len(asked) == 1 and preset_named(asked[0], instruments=known_names(checkpoint or DEFAULT_CHECKPOINT)):
        return parse_play(preset=asked[0], **more)
    check_sources(asked, checkpoint)
    return parse_play(asked, **more)


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
    """Mono blocks [samples] of a sound file at `rate` in Hz, without a hum of the mains, which is told."""
    from nsynth_lab.analysis.source_blocks import mains_hum, source_blocks, without_hum
    from nsynth_lab.audio import length_seconds

    with console.sound_progress(length_seconds(source), "reading") as advance:
        hum = mains_hum(source, advance=advance)
    if hum is not None:
        console.say(f"{source}: {hum.told()}")
    return without_hum(source_blocks(source, rate), rate, hum)


def _render(
    engine: Playing,
    events: Sequence[Event],
    heard: Transcript | Phrase,
    path: Path,
    delivery: Delivery,
    recipe: recipes.Recipe,
    *,
    rest: _Rest | None,
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
        blocks: Iterator[FloatArray] = blocks_of(engine, events, end_sample=heard.samples)
        for block in rest.beside(blocks) if rest else blocks:
            sink.write(block)
            advance(block.shape[1])
    return sink.peak


def _draw(
    path: Path, source: Path, sound: Path, heard: Transcript | Phrase, events: Sequence[Event], *, force: bool
) -> None:
    """What was heard and what was played."""
    from nsynth_lab.analysis.phrase import Phrase
    from nsynth_lab.translate.picture import draw_transcript, draw_translation

    if isinstance(heard, Phrase):
        title = f"{heard.provenance.get('file', 'phrase')} → {sound.name}"
        draw_translation(path, heard, events, title=title, force=force)
    else:
        draw_transcript(path, heard, title=f"{source.name} → {sound.name}", force=force)


def _report(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        console.print_json(report)
        return
    moved = f", moved by {report['transposed']:+g} semitones" if report["transposed"] else ""
    console.show(
        f"model {report['model']}: {report['seconds']:.2f} s, {report['tone_seconds']:.2f} s of tone in "
        f"{report['notes']} notes{moved}, peak {report['peak']:.3f}"
    )
    console.show(report["file"])
