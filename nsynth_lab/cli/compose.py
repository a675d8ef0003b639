"""`nsynth-lab compose`: tunes written, continued, blended, engraved or played."""

from __future__ import annotations

from dataclasses import replace

import typer

from nsynth_lab.cli.compose_asked import ANY, Asked, check_own_sound, check_together, key_of, metre_of, position_of
from nsynth_lab.cli.compose_options import (
    AlongOption,
    BarsOption,
    BeginOption,
    BetweenOption,
    ChordsOption,
    CountOption,
    FollowOption,
    FormOption,
    FreeOption,
    InstrumentsArgument,
    KeyOption,
    MetreOption,
    OutputOption,
    OwnSoundOption,
    PositionOption,
    SecondOption,
    StyleOption,
    UpbeatOption,
)
from nsynth_lab.cli.options import CheckpointOption, ComputeOption, ForceOption, JsonOption, SeedOption


def compose(
    context: typer.Context,
    output: OutputOption,
    instruments: InstrumentsArgument = None,
    metre: MetreOption = "",
    key: KeyOption = "",
    form: FormOption = "",
    bars: BarsOption = None,
    upbeat: UpbeatOption = "",
    count: CountOption = 1,
    free: FreeOption = None,
    style: StyleOption = ANY,
    begin: BeginOption = None,
    between: BetweenOption = None,
    position: PositionOption = None,
    chords: ChordsOption = False,
    second: SecondOption = False,
    own_sound: OwnSoundOption = False,
    along: AlongOption = "",
    follow: FollowOption = "",
    device: ComputeOption = "cpu",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Write tunes: new ones, the continuation of yours, or one between two of yours.

    The ending of the output is its format; a sound file is played by instruments, A alone or a blend of A and B. Metre,
    key and form are as you ask; bars always add up. The same seed gives the same tune. Several tunes go into one .abc
    tune book, or into numbered files of any other format.

    **Examples**

        nsynth-lab compose -o tune.abc --metre 6/8 --key Edor --form AABB --count 5

        nsynth-lab compose --begin start.abc --bars 16 -o on.mid

        nsynth-lab compose --begin hum.wav --bars 8 -o on.musicxml

        nsynth-lab compose --begin hum.wav --bars 8 --own-sound -o on.wav

        nsynth-lab compose --between a.abc b.mid --position 0.5 -o half.abc --chords

        nsynth-lab compose flute cello --along A:0,B:0.7 --metre 4/4 -o tune.wav
    """
    from nsynth_lab.cli import compose_made as made
    from nsynth_lab.cli.compose_outputs import Outputs, report
    from nsynth_lab.cli.tune_given import Hummed
    from nsynth_lab.melody.model import MelodyModel

    names = instruments or []
    recorded = check_own_sound(begin, names, asked=own_sound)
    outputs = Outputs.checked(
        output, names, count=count, along=along, follow=follow, own_sound=recorded is not None, force=force
    )
    check_together(
        begin=begin, between=between, position=position, asked={"form": form, "upbeat": upbeat, "bars": bars}
    )
    where = position_of(position)
    asked = Asked(metre_of(metre), key_of(key), form, bars, upbeat, free, style, seed, count)
    model = MelodyModel(checkpoint)
    own, given_bars = None, 0
    if begin is not None:
        hummed = Hummed.in_file(recorded) if recorded else None
        given = made.begun(begin, hummed, asked)
        own, given_bars = (hummed, given) if hummed else None, len(given.bars)
        composed = made.continued(model, begin, given, asked)
    elif between is not None:
        composed = made.between_two(model, between, where, asked)
    else:
        composed = made.new(model, asked, metre=metre, key=key)
    composed = [
        replace(one, tune=made.named(one, at, asked, model, chords=chords, second=second, given_bars=given_bars))
        for at, one in enumerate(composed, 1)
    ]
    outputs.write(
        context, model, composed, along=along, follow=follow, own=own, checkpoint=checkpoint, device=device, seed=seed
    )
    report(composed, outputs.paths, seed=seed, as_json=as_json)
