"""`nsynth-lab play`: the synth under the fingers."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import console, following
from nsynth_lab.cli.options import CheckpointOption, ComputeOption, MidiChannelsOption, SeedOption
from nsynth_lab.cli.performing import perform
from nsynth_lab.cli.playing import LearnOption, TempoOption, playing
from nsynth_lab.cli.stage import Stage, staged
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.render.play_request import PlayRequest

FileOption = Annotated[Path | None, typer.Option("--file", help="A MIDI file to play through the device.")]


@playing(learn=LearnOption, tempo=TempoOption)
@staged()
def play(
    context: typer.Context,
    asked: PlayRequest,
    stage: Stage,
    file: FileOption = None,
    audio_input: following.InputOption = "",
    transpose: following.TransposeOption = 0.0,
    follow: following.FollowOption = 1.0,
    snap: following.SnapOption = "",
    gate: following.GateOption = -60.0,
    dynamics: following.DynamicsOption = 1.0,
    expression: following.ExpressionOption = 0.0,
    octaves: following.OctavesOption = True,
    makeup: following.MakeupOption = None,
    look_ahead: following.LookAheadOption = 0.0,
    midi_channels: MidiChannelsOption = "",
    compute: ComputeOption = "cpu",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
) -> None:
    """Play a blend of instruments live, from a MIDI keyboard or the computer's.

    Without --midi the computer's keys play: z to / from C4 up, q to p from C5 up, arrows move the blend, - and = the
    octave, space holds notes. A DAW can send to the MIDI port nsynth-lab as well. On MIDI the mod wheel moves the
    blend; --cc gives that and any other parameter to other controllers, and --learn to whichever is moved next.
    `--latency high` and a larger `--block` help where the sound breaks up.

    With --clock the tempo of a DAW or drum machine is followed: LFOs, paths and delays in beats keep to it, and a
    --file starts, stops and is wound on with it.

    With --osc other programs and surfaces play along: every parameter has its address, such as /nsynth/x or, of a
    preset, /nsynth/effects/reverb/mix; see below. --osc-out tells them what changes.

    With --jack a DAW or mixer takes each --part from outputs of its own, and the first from those of its name.

    With --input a voice, a whistle or an instrument at the microphone plays the blend, one note at a time, as
    `nsynth-lab translate` would; the options from --transpose to --look-ahead belong to it. Listen on headphones:
    a microphone that hears the loudspeakers follows them too.

    **Examples**

        nsynth-lab play flute cello

        nsynth-lab play flute cello "choir aahs" marimba --midi all --cc 21=x --cc 22=y --record take.wav

        nsynth-lab play --preset glass-cello --midi all

        nsynth-lab play flute cello --midi all --learn x --learn release_seconds

        nsynth-lab play flute cello --input default --snap d-minor --transpose 12

        nsynth-lab play oboe --midi seaboard --mpe --set bend_semitones=48

        nsynth-lab play --preset glass-cello --midi all --clock midi

        nsynth-lab play --preset glass-cello --osc 9000 --osc-out 9001

        nsynth-lab play flute cello --file song.mid --latency high

        nsynth-lab play flute --part 2=cello --part 3=glass-cello --midi all --jack

        nsynth-lab play flute --file song.mid --part 2=cello --part 3-4=glass-cello --midi-channels 1-4
    """
    from nsynth_lab.render.output_paths import check_sources
    from nsynth_lab.render.song_choice import song_to_play
    from nsynth_lab.units import HOP_SAMPLES

    stage = replace(stage, block=asked.block)
    stage.check()
    if audio_input and file:
        raise UsageError("--input and --file both play; give one of them")
    heard = following.input_asked(
        context, audio_input, transpose=transpose, follow=follow, snap=snap, gate=gate, dynamics=dynamics,
        expression=expression, octaves=octaves, makeup=makeup, look_ahead=look_ahead,
    )  # fmt: skip
    if heard is not None:
        asked = heard.player(asked)
    if midi_channels and not file:
        raise UsageError("--midi-channels chooses from a MIDI file; give --file too")
    check_sources(asked.all_sources(), checkpoint)
    song = song_to_play(file, asked, channels=midi_channels) if file else None

    from nsynth_lab.render import Session
    from nsynth_lab.render.machine import choose_threads

    session = Session(checkpoint, device=compute, seed=seed, progress=console.progress)
    console.say("loading")
    engine = asked.engine(session, live=True, ahead_samples=HOP_SAMPLES, apart=stage.jack)
    threads = choose_threads(engine)
    hint = "use headphones: loudspeakers would be heard and played too"
    with heard.opened(session, asked, stage, hint=hint) if heard is not None else nullcontext() as followed:
        perform(
            context, session, engine, stage, title=asked.title(), threads=threads, song=song, followed=followed,
            patch=asked.patch() if asked.preset else None,
        )  # fmt: skip
