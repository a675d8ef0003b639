"""`nsynth-lab translate`: a phrase becomes the playing of another instrument."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from nsynth_lab.cli import console, recipes
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
from nsynth_lab.cli.translate_options import (
    AsNotesOption,
    DelayOption,
    MidiFileOption,
    PhraseOption,
    PolyphonicOption,
    ResidualOption,
    SourceArgument,
    ToOption,
)

if TYPE_CHECKING:
    from nsynth_lab.analysis.phrase import Phrase
    from nsynth_lab.analysis.transcription import Transcript

GATE_DB = -60.0  # `analysis.follower.DEFAULT_GATE_DB`, which imports NumPy


def translate(
    context: typer.Context,
    source: SourceArgument,
    to: ToOption,
    output: SoundOption,
    position: PositionOption = None,
    transpose: TransposeOption = 0.0,
    follow: FollowOption = 1.0,
    snap: SnapOption = "",
    gate: GateOption = GATE_DB,
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
    from nsynth_lab.cli.translate_asked import check_together, is_of_the_bank, new_engine, request_of, warm_engine
    from nsynth_lab.cli.translate_heard import followed, notes_in, transcribed
    from nsynth_lab.cli.translate_made import Rest, draw, render, report
    from nsynth_lab.midi.write import midi_bytes
    from nsynth_lab.render import PICTURE_ENDINGS, SOUND_ENDINGS, check_outputs
    from nsynth_lab.sound_format import SoundFormat
    from nsynth_lab.translate.played import check_delay
    from nsynth_lab.translate.rules import Rules, parse_snap

    rules = Rules(transpose, follow, parse_snap(snap) if snap else (), dynamics, expression=expression)
    delivery = Delivery(output, SoundFormat(rate, bits, sound_channels, quality), listen)
    delivery.check(as_json=as_json)
    check_together(source, phrase_file, residual, polyphonic=polyphonic, gated=gate != GATE_DB)
    check_outputs([output], endings=SOUND_ENDINGS, sources=[source], force=force)
    for path, endings in ((midi_file, (".mid",)), (phrase_file, (ENDING,)), (plot, PICTURE_ENDINGS)):
        if path is not None:
            check_outputs([path], endings=endings, sources=[source], force=force)
    if delay is not None:
        check_delay(delay)
    asked = request_of(to, checkpoint, position=position, mpe=True, follow=0.0 if as_notes or polyphonic else follow)

    from nsynth_lab.render import Session

    session = Session(checkpoint, device=device, seed=seed, progress=console.progress)
    with ThreadPoolExecutor(1) as pool:  # most of listening leaves the interpreter to others
        ready = pool.submit(warm_engine, asked, session) if is_of_the_bank(asked) else None
        heard: Transcript | Phrase = transcribed(source, gate) if polyphonic else followed(source, gate)
        notes = notes_in(source, heard, gate, as_notes=as_notes)
        engine = new_engine(asked, session) if ready is None else ready.result()

    from nsynth_lab.render.target_range import target_is_struck, target_range
    from nsynth_lab.translate.played import play_curve, play_notes, with_delay

    low, high = target_range(session, asked)
    rules = replace(rules, lowest=low, highest=high, struck=target_is_struck(session, asked))
    if isinstance(heard, Phrase) and not as_notes:
        played = play_curve(heard, rules, octaves=octaves)
    else:
        played = play_notes(notes, rules, octaves=octaves)
    played = played if delay is None else with_delay(played, delay)
    rest = None if residual is None else Rest(source, notes, residual + played.makeup_db)
    recipe = recipes.recipe(context, session, device=session.device)
    with delivery.written() as path:
        peak = render(engine, played, heard, path, delivery, recipe, rest=rest, force=force)
        recipe.put_beside(delivery.place(path))
    for line in engine.troubles():
        console.say(f"warning: {line}")
    if midi_file is not None:
        with atomic_write(midi_file) as beside:
            beside.write_bytes(midi_bytes(played.midi, end_sample=heard.samples))
    if phrase_file is not None and isinstance(heard, Phrase):
        write_phrase(phrase_file, heard, force=force)
    if plot is not None:
        draw(plot, source, output, heard, played, force=force)
    report(
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
