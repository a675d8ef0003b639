"""`nsynth-lab render`: a MIDI file to a sound file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import console, recipes
from nsynth_lab.cli.delivery import Delivery
from nsynth_lab.cli.options import (
    BitsOption,
    ChannelsOption,
    CheckpointOption,
    ComputeOption,
    ForceOption,
    JsonOption,
    ListenOption,
    MidiChannelsOption,
    QualityOption,
    RateOption,
    SeedOption,
    SoundOption,
)
from nsynth_lab.cli.playing import SongVoicesOption, TempoOption, playing

if TYPE_CHECKING:
    from nsynth_lab.render.play_request import PlayRequest

SongArgument = Annotated[Path, typer.Argument(help="A MIDI file, or a tune in ABC or MusicXML.", metavar="SONG.mid")]


@playing(voices=SongVoicesOption, tempo=TempoOption)
def render(
    context: typer.Context,
    song: SongArgument,
    output: SoundOption,
    asked: PlayRequest,
    midi_channels: MidiChannelsOption = "",
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
    """Play a MIDI file with a blend of instruments into a sound file.

    The same samples as `nsynth-lab play --file` sends to the device, as fast as possible. Pedals, bend, pressure,
    the mod wheel (the blend's position), MPE and program changes are played as they are in the file. Channel 10 is
    percussion in General MIDI and left out, unless --midi-channels or --part asks for it. What a preset has in beats
    follows the tempo of the file, through every change, or --tempo. No voice is stolen, unless
    --voices says how many there are. Damaged parts of a file are reported, and the rest is played.

    **Examples**

        nsynth-lab render song.mid flute cello -o song.wav

        nsynth-lab render song.mid flute cello marimba oboe --position 0.2,0.7 --voices 24 -o song.flac

        nsynth-lab render song.mid --preset glass-cello -o song.wav

        nsynth-lab render song.mid flute --part 2=cello --part 3-4=glass-cello --midi-channels 1-4 -o song.wav

        nsynth-lab render song.mid "choir aahs" --scale just.scl --a4 432 --set release_seconds=0.4 -o song.wav

        nsynth-lab render song.mid flute cello --rate 44100 --bits 16 -o song.wav
    """
    from nsynth_lab.render import SOUND_ENDINGS, check_outputs
    from nsynth_lab.render.output_paths import check_sources
    from nsynth_lab.render.song_choice import song_to_play
    from nsynth_lab.sound_format import SoundFormat

    delivery = Delivery(output, SoundFormat(rate, bits, sound_channels, quality), listen)
    delivery.check(as_json=as_json)
    check_outputs([output], endings=SOUND_ENDINGS, sources=[song, *asked.all_sources()], force=force)
    check_sources(asked.all_sources(), checkpoint)
    read = song_to_play(song, asked, channels=midi_channels)

    from nsynth_lab.render import Session
    from nsynth_lab.render.song import BLOCK_SAMPLES, render_song
    from nsynth_lab.sinks.file import FileSink

    session = Session(checkpoint, device=device, seed=seed, progress=console.progress)
    engine = asked.engine(session, live=False, ahead_samples=BLOCK_SAMPLES)
    recipe = recipes.recipe(context, session, device=session.device)
    with delivery.written() as path:
        with (
            console.sound_progress(read.seconds, "rendering") as advance,
            FileSink(
                path, sound_format=delivery.sound_format, comment=recipe.comment(delivery.place(path)), force=force
            ) as sink,
        ):
            played = render_song(engine, read, sink, advance=advance)
        recipe.put_beside(delivery.place(path))
        for line in engine.troubles():
            console.say(f"warning: {line}")
        _report(
            {
                "file": str(output),
                "model": session.checkpoint.model_id,
                "notes": read.notes,
                "seconds": round(played.seconds, 3),
                "times_real_time": round(played.times_real_time, 2),
                "most_voices": played.peak_voices,
                "stolen": played.state.stolen,
                "peak": round(sink.peak, 4),
                "seed": seed,
            },
            as_json=as_json,
        )


def _report(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        console.print_json(report)
        return
    console.show(
        f"model {report['model']}: {report['notes']} notes, {report['seconds']:.2f} s at "
        f"{report['times_real_time']:.1f}x real time, at most {report['most_voices']} voices at once "
        f"({report['stolen']} stolen), peak {report['peak']:.3f}"
    )
    console.show(report["file"])
