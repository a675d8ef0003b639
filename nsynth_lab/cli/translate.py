"""`nsynth-lab translate`: a phrase becomes the playing of another instrument."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import completions, console, recipes
from nsynth_lab.cli.delivery import Delivery
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
from nsynth_lab.errors import AudioError

if TYPE_CHECKING:
    from nsynth_lab.analysis.phrase import Phrase
    from nsynth_lab.midi.events import Event
    from nsynth_lab.render.ensemble import Playing
    from nsynth_lab.render.play_request import PlayRequest
    from nsynth_lab.render.session import Session
    from nsynth_lab.units import FloatArray

WIDENED, LEAST_RANGE = 4, 12  # semitones

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
TransposeOption = Annotated[float, typer.Option(help="Semitones up, or down if negative.")]
FollowOption = Annotated[
    float, typer.Option(help="How closely pitch and level follow the source: 1 exactly, 0 not within a note.")
]
SnapOption = Annotated[
    str, typer.Option(help="Where notes may stand: chromatic, a scale such as d-minor, or c,d,eb,g.", show_default="")
]
GateOption = Annotated[float, typer.Option(help="Peak level in dB of full scale below which nothing is heard.")]
DynamicsOption = Annotated[float, typer.Option(help="How much of the source's dynamics is kept; 0 none, 1 all.")]
OctavesOption = Annotated[
    bool,
    typer.Option(
        "--octaves/--no-octaves", help="Whether a phrase that lies outside the target's range is moved by octaves."
    ),
]
MidiFileOption = Annotated[Path | None, typer.Option("--midi-file", help="Also write the notes into this .mid file.")]
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
    octaves: OctavesOption = True,
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
    those of the target, and between notes it is silent. One voice at a time is followed. A phrase beyond the target's
    range is moved by octaves.

    **Examples**

        nsynth-lab translate hum.wav --to cello -o out.wav

        nsynth-lab translate whistle.wav --to flute,cello --position 0.3 --snap d-minor -o out.flac

        nsynth-lab translate hum.wav --to oboe --midi-file out.mid --plot out.png -o out.wav

        nsynth-lab translate hum.wav --to glass-cello --phrase hum.phrase -o out.wav
    """
    import numpy as np

    from nsynth_lab.analysis.follower import HOP_SECONDS
    from nsynth_lab.analysis.phrase import ENDING, write_phrase
    from nsynth_lab.atomic_file import atomic_write
    from nsynth_lab.midi.events import Kind
    from nsynth_lab.midi.write import midi_bytes
    from nsynth_lab.render import SOUND_ENDINGS, check_outputs
    from nsynth_lab.sound_format import SoundFormat
    from nsynth_lab.translate.rules import Rules, parse_snap

    rules = Rules(transpose, follow, parse_snap(snap) if snap else (), dynamics)
    delivery = Delivery(output, SoundFormat(rate, bits, sound_channels, quality), listen)
    delivery.check(as_json=as_json)
    check_outputs([output], endings=SOUND_ENDINGS, sources=[source], force=force)
    for path, endings in ((midi_file, (".mid",)), (phrase_file, (ENDING,)), (plot, (".png", ".svg", ".pdf"))):
        if path is not None:
            check_outputs([path], endings=endings, sources=[source], force=force)
    asked = _request(to, position, follow, checkpoint)
    phrase = _followed(source, gate)
    if phrase.is_toneless:
        raise AudioError(f"{source}: no tone was heard; expected a tune in one voice, louder than {gate:g} dB (--gate)")

    from nsynth_lab.render import Session
    from nsynth_lab.render.song import BLOCK_SAMPLES
    from nsynth_lab.translate.played import centred, events_of, levelled

    session = Session(checkpoint, device=device, seed=seed, progress=console.progress)
    engine = asked.engine(session, live=False, ahead_samples=BLOCK_SAMPLES)
    low, high = _range(session, asked)
    rules = levelled(replace(rules, lowest=low, highest=high), phrase)
    fitted = centred(rules, phrase) if octaves else replace(rules, lowest=0, highest=127)
    events = events_of(phrase, fitted)
    recipe = recipes.recipe(context, session, device=session.device)
    with delivery.written() as path:
        peak = _render(engine, events, phrase, path, delivery, recipe, force=force)
        recipe.put_beside(delivery.place(path))
    for line in engine.troubles():
        console.say(f"warning: {line}")
    if midi_file is not None:
        with atomic_write(midi_file) as beside:
            beside.write_bytes(midi_bytes(events, end_sample=phrase.samples))
    if phrase_file is not None:
        write_phrase(phrase_file, phrase, force=force)
    if plot is not None:
        _draw(plot, output, phrase, events, force=force)
    tones = int((~np.isnan(phrase.note)).sum())
    _report(
        {
            "file": str(output),
            "model": session.checkpoint.model_id,
            "seconds": round(phrase.seconds, 3),
            "notes": sum(event.kind is Kind.NOTE_ON for event in events),
            "tone_seconds": round(tones * HOP_SECONDS, 3),
            "transposed": fitted.transpose,
            "peak": round(peak, 4),
            "seed": seed,
        },
        as_json=as_json,
    )


def _request(to: str, position: str | None, follow: float, checkpoint: Path | None) -> PlayRequest:
    """What plays: instruments, or a preset.

    Raises:
        UsageError: neither.
    """
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT, known_names
    from nsynth_lab.naming import folded
    from nsynth_lab.patch.library import preset_files
    from nsynth_lab.patch.preset_file import ENDING
    from nsynth_lab.render.output_paths import check_sources
    from nsynth_lab.render.play_request import parse_play

    names = [name.strip() for name in to.split(",") if name.strip()]
    known = {folded(name) for name in known_names(checkpoint or DEFAULT_CHECKPOINT)}
    presets = {folded(path.stem) for path in preset_files()}
    is_preset = len(names) == 1 and (names[0].lower().endswith(ENDING) or folded(names[0]) in presets - known)
    if is_preset:
        return parse_play(preset=names[0], position=position, mpe=True, follow=follow)
    check_sources(names, checkpoint)
    return parse_play(names, position=position, mpe=True, follow=follow)


def _followed(source: Path, gate_db: float) -> Phrase:
    """A phrase, read or heard."""
    from nsynth_lab.analysis.phrase import ENDING, follow, read_phrase

    if source.suffix.lower() == ENDING:
        return read_phrase(source)
    with console.sound_progress(None, "listening") as advance:
        return follow(_at_48_khz(source), gate_db=gate_db, provenance={"file": source.name}, advance=advance)


def _at_48_khz(source: Path) -> Iterator[FloatArray]:
    from nsynth_lab.audio import mono_blocks
    from nsynth_lab.dsp.resampling import StreamResampler
    from nsynth_lab.units import SAMPLE_RATE

    resampler: StreamResampler | None = None
    for block, rate in mono_blocks(source):
        if rate == SAMPLE_RATE:
            yield block
            continue
        if resampler is None:
            resampler = StreamResampler(rate, SAMPLE_RATE, channels=1)
        yield resampler.process(block[None])[0]
    if resampler is not None:
        yield resampler.finish()[0]


def _range(session: Session, asked: PlayRequest) -> tuple[int, int]:
    """The lowest and highest notes that all instruments of the target have, widened by a major third."""
    names = asked.patch().blend.corners if asked.preset else asked.all_sources()
    ranges = session.ranges()
    own = [ranges[session.bank.find(name).instrument.name] for name in names if session.file_of(name) is None]
    if not own:
        return 0, 127
    low, high = max(low for low, _ in own), min(high for _, high in own)
    if high - low < LEAST_RANGE:  # instruments without a common range: where any of them plays
        low, high = min(low for low, _ in own), max(high for _, high in own)
    return max(low - WIDENED, 0), min(high + WIDENED, 127)


def _render(
    engine: Playing,
    events: list[Event],
    phrase: Phrase,
    path: Path,
    delivery: Delivery,
    recipe: recipes.Recipe,
    *,
    force: bool,
) -> float:
    """Write the sound; its peak."""
    from nsynth_lab.render.song import blocks_of
    from nsynth_lab.sinks.file import FileSink

    comment = recipe.comment(delivery.place(path))
    with (
        console.sound_progress(phrase.seconds, "playing") as advance,
        FileSink(path, sound_format=delivery.sound_format, comment=comment, force=force) as sink,
    ):
        for block in blocks_of(engine, events, end_sample=phrase.samples):
            sink.write(block)
            advance(block.shape[1])
    return sink.peak


def _draw(path: Path, sound: Path, phrase: Phrase, events: list[Event], *, force: bool) -> None:
    """The pitch that was heard, the keys that were played, and the level."""
    from nsynth_lab.translate.picture import draw_translation

    draw_translation(
        path, phrase, events, title=f"{phrase.provenance.get('file', 'phrase')} → {sound.name}", force=force
    )


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
