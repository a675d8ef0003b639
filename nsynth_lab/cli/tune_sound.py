"""A tune played by instruments into a sound file, the blend moving as the tune goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from nsynth_lab.cli import console

if TYPE_CHECKING:
    import typer

    from nsynth_lab.melody.surprise import Moment
    from nsynth_lab.tune.tune import Tune

BLEND = "x"  # the synth's parameter


def play_tune(
    context: typer.Context,
    tune: Tune,
    instruments: Sequence[str],
    moments: Sequence[Moment],
    path: Path,
    *,
    checkpoint: Path | None,
    device: str,
    seed: int,
    force: bool,
) -> None:
    """Write the sound.

    Raises:
        UsageError, CheckpointError: the instruments cannot be had.
    """
    from nsynth_lab.cli import recipes
    from nsynth_lab.midi.events import setting
    from nsynth_lab.midi.song import parse_song
    from nsynth_lab.render import Session
    from nsynth_lab.render.play_request import parse_play
    from nsynth_lab.render.song import BLOCK_SAMPLES, render_song
    from nsynth_lab.sinks.file import FileSink
    from nsynth_lab.tune.lines import Lines
    from nsynth_lab.tune.midi import midi_bytes
    from nsynth_lab.tune.tune import Tempo
    from nsynth_lab.units import SAMPLE_RATE

    song = parse_song(midi_bytes(tune, Lines()))
    tempo = tune.tempo or Tempo()
    whole_note = Fraction(240) / Fraction(tempo.per_minute * tempo.beat * 4)
    moves = [setting(BLEND, one.position, at_sample=int(one.at * whole_note * SAMPLE_RATE)) for one in moments]
    song = replace(song, events=tuple(sorted((*moves, *song.events), key=lambda event: event.at_sample)))
    position = str(moments[0].position) if moments and len(instruments) > 1 else None
    asked = parse_play(list(instruments), position=position)
    session = Session(checkpoint, device=device, seed=seed, progress=console.progress)
    engine = asked.engine(session, live=False, ahead_samples=BLOCK_SAMPLES)
    recipe = recipes.recipe(context, session, device=session.device)
    with (
        console.sound_progress(song.seconds, "rendering") as advance,
        FileSink(path, comment=recipe.comment(path), force=force) as sink,
    ):
        render_song(engine, song, sink, advance=advance)
    recipe.put_beside(path)
    for line in engine.troubles():
        console.say(f"warning: {line}")
