"""`nsynth-lab tones`: a chord or a scale, heard, drawn and explained."""

from __future__ import annotations

from collections.abc import Sequence
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
    VelocityOption,
)
from nsynth_lab.cli.playing import A4Option, KeymapOption

if TYPE_CHECKING:
    from nsynth_lab.render.play_request import PlayRequest
    from nsynth_lab.tones.asked import Tones
    from nsynth_lab.tones.facts import Pair, Partials
    from nsynth_lab.units import FloatArray

NotesArgument = Annotated[
    list[str] | None,
    typer.Argument(help="Notes, such as C4, Bb3 or 61, or frequencies, such as 443Hz.", metavar="[NOTE ...]"),
]
ScaleOption = Annotated[
    Path | None,
    typer.Option("--scale", help="A Scala scale, .scl, or one by name, such as 'D dorian', to be played note by note."),
]
WithOption = Annotated[
    str,
    typer.Option(
        "--with",
        help="What plays them: one to eight instruments, such as flute,cello; sines if not given.",
        autocompletion=completions.instrument_list,
    ),
]
SpreadOption = Annotated[
    float | None,
    typer.Option(
        "--spread", help="Seconds from one tone to the next; 0 is a chord.", show_default="0; 0.6 for a scale"
    ),
]
ToneSecondsOption = Annotated[
    float | None,
    typer.Option("--duration", help="Seconds of sound for each tone.", show_default="3, or until the next begins"),
]
TuningOption = Annotated[
    Path | None, typer.Option("--tuning", help="A Scala scale, .scl, to which notes and named scales are tuned.")
]
SHOWN_MEETINGS = 3


def tones(
    context: typer.Context,
    notes: NotesArgument = None,
    *,
    output: SoundOption,
    scale: ScaleOption = None,
    instruments: WithOption = "",
    position: PositionOption = None,
    spread: SpreadOption = None,
    duration: ToneSecondsOption = None,
    velocity: VelocityOption = 100,
    tuning: TuningOption = None,
    keymap: KeymapOption = None,
    a4: A4Option = 440.0,
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
    """Hear a chord or a scale, and see why it sounds as it does.

    Each note is a plain sine wave, or is played by an instrument of the bank. The table gives the frequency ratio of
    each interval and the nearest simple one: in a fifth, 3:2, three periods of the upper note take as long as two of
    the lower. Two partials less than 20 Hz apart are heard as one tone that beats: it swells and fades as many times a
    second as they are Hz apart. A little further apart they sound rough; 1 is as rough as two sines can be.

    **Examples**

        nsynth-lab tones C4 E4 G4 -o chord.wav --plot chord.png

        nsynth-lab tones C4 E4 G4 --with "church organ" --tuning just.scl -o organ.wav

        nsynth-lab tones --scale "D dorian" --with flute -o scale.wav

        nsynth-lab tones --scale just.scl -o steps.flac

        nsynth-lab tones 440Hz 443Hz -o beats.wav --plot beats.png
    """
    from nsynth_lab.audio import Audio
    from nsynth_lab.note import Note
    from nsynth_lab.render.output_paths import PICTURE_ENDINGS, SOUND_ENDINGS, check_outputs, check_sources
    from nsynth_lab.sound_format import SoundFormat
    from nsynth_lab.synth.scala import tuning_of
    from nsynth_lab.tones.asked import asked_tones
    from nsynth_lab.tones.facts import pairs
    from nsynth_lab.tones.sounds import summed
    from nsynth_lab.wording import listed

    delivery = Delivery(output, SoundFormat(rate, bits, sound_channels, quality), listen)
    delivery.check(as_json=as_json)
    files = [path for path in (scale, tuning, keymap) if path is not None]
    check_outputs([output], endings=SOUND_ENDINGS, sources=files, force=force)
    check_outputs([plot] if plot else [], endings=PICTURE_ENDINGS, sources=files, force=force)
    struck = Note(60, velocity)
    in_tuning = tuning_of(tuning, keymap, a4_hz=a4, option="--tuning")
    asked = asked_tones(
        notes or (), scale=str(scale or ""), tuning=in_tuning, a4_hz=a4, spread_seconds=spread, seconds=duration
    )
    names = listed(instruments)
    check_sources(names, checkpoint)
    sounds, partials, recipe = _sounds(
        context, asked, _played(names, position), struck.velocity, device, checkpoint, seed
    )
    total, gain = summed(asked, sounds)
    told = pairs(asked, partials)
    with delivery.written() as path:
        delivery.write(path, Audio(total), recipe)
        if plot is not None:
            from nsynth_lab.tones.picture import draw_tones

            title = asked.title + (f", {' + '.join(names)}" if names else "")
            draw_tones(plot, asked, sounds, total, partials, told, title=title, force=True)
        _report(asked, partials, told, gain, [output, *([plot] if plot else [])], as_json=as_json)


def _played(names: Sequence[str], position: str | None) -> PlayRequest | None:
    """What plays; None for sines."""
    from nsynth_lab.errors import UsageError
    from nsynth_lab.render.play_request import parse_play

    if position is not None and not names:
        raise UsageError("--position is where between instruments; give --with too")
    return parse_play(names, position=position) if names else None


def _sounds(
    context: typer.Context,
    asked: Tones,
    played: PlayRequest | None,
    velocity: int,
    device: str,
    checkpoint: Path | None,
    seed: int,
) -> tuple[list[FloatArray], list[Partials], recipes.Recipe]:
    """The sound of each tone [channels, samples], its partials, and what makes the file again."""
    from nsynth_lab.tones.facts import measured_partials, sine_partials
    from nsynth_lab.tones.sounds import sines

    if played is None:
        return sines(asked), [sine_partials(tone) for tone in asked.tones], recipes.recipe(context, None)
    from nsynth_lab.render import Session
    from nsynth_lab.render.single_tones import single_tones

    session = Session(checkpoint, device=device, seed=seed, progress=console.progress)
    struck = [(tone.key, tone.hz) for tone in asked.tones]
    sounds = []
    with console.progress(len(struck), "tones", "playing") as advance:
        for sound in single_tones(session, played, struck, velocity=velocity, hold_seconds=asked.seconds):
            sounds.append(sound)
            advance()
    partials = [
        measured_partials(tone, sound.mean(axis=0), asked.seconds)
        for tone, sound in zip(asked.tones, sounds, strict=True)
    ]
    return sounds, partials, recipes.recipe(context, session, device=session.device)


def _report(
    asked: Tones,
    partials: Sequence[Partials],
    told: Sequence[Pair],
    gain: float,
    files: Sequence[Path],
    *,
    as_json: bool,
) -> None:
    from nsynth_lab.tones.facts import whole_roughness
    from nsynth_lab.tones.ratios import together

    lowest = min(tone.hz for tone in asked.tones)
    numbers = together([tone.hz / lowest for tone in asked.tones])
    rough = whole_roughness(partials) if asked.is_chord else None
    if as_json:
        console.print_json(_values(asked, partials, told, gain, files, numbers, rough))
        return
    for table in _tables(asked, partials, told):
        console.show(table)
    if asked.is_chord and len(numbers) > 2:
        console.show(f"together about {':'.join(map(str, numbers))}")
    if rough is not None:
        console.show(f"roughness of the whole {rough:.2f}, where 1 is two sines at their roughest")
    for path in files:
        console.show(str(path))


def _tables(asked: Tones, partials: Sequence[Partials], told: Sequence[Pair]) -> list[Any]:
    """One of the tones, one of the intervals."""
    from rich.table import Table

    own = Table("tone", "Hz", "partials heard", box=None, header_style="bold")
    for tone, one in zip(asked.tones, partials, strict=True):
        own.add_row(tone.name, f"{tone.hz:.2f}", str(len(one.numbers)))
    if not told:
        return [own]
    between = Table("interval", "ratio", "cents", "nearest", "off by", box=None, header_style="bold")
    if asked.is_chord:
        for name in ("roughness", "partials that meet, and their beats"):
            between.add_column(name)
    for pair in told:
        row = [
            f"{pair.first.name} - {pair.second.name}", f"{pair.ratio:.4f}", f"{pair.cents:.1f}",
            f"{pair.small.numerator}:{pair.small.denominator}", f"{pair.error_cents:+.1f} cents",
        ]  # fmt: skip
        between.add_row(*row, *([f"{pair.roughness:.2f}", _meetings(pair)] if asked.is_chord else ()))
    return [own, "", between]


def _meetings(pair: Pair) -> str:
    shown = [
        f"{one.first} and {one.second} at {one.hz:.0f} Hz: {one.beats_hz:.1f} Hz"
        for one in pair.meetings[:SHOWN_MEETINGS]
    ]
    more = len(pair.meetings) - len(shown)
    return ("; ".join(shown) + f"; {more} more" * (more > 0)) or "none"


def _values(
    asked: Tones,
    partials: Sequence[Partials],
    told: Sequence[Pair],
    gain: float,
    files: Sequence[Path],
    numbers: Sequence[int],
    rough: float | None,
) -> dict[str, Any]:
    return {
        "title": asked.title,
        "together": asked.is_chord,
        "numbers": list(numbers),
        "roughness": rough,
        "gain": gain,
        "tones": [
            {
                "name": tone.name,
                "hz": tone.hz,
                "begins_seconds": tone.begins,
                "partials": [
                    {"number": number, "hz": hz, "level": level}
                    for number, hz, level in zip(one.numbers, one.hz.tolist(), one.level.tolist(), strict=True)
                ],
            }
            for tone, one in zip(asked.tones, partials, strict=True)
        ],
        "intervals": [
            {
                "tones": [pair.first.name, pair.second.name],
                "ratio": pair.ratio,
                "cents": pair.cents,
                "nearest": f"{pair.small.numerator}:{pair.small.denominator}",
                "error_cents": pair.error_cents,
                "roughness": pair.roughness,
                "meetings": [
                    {
                        "partials": [one.first, one.second],
                        "hz": one.hz,
                        "beats_hz": one.beats_hz,
                        "level_db": one.depth_db,
                    }
                    for one in pair.meetings
                ],
            }
            for pair in told
        ],
        "files": [str(path) for path in files],
    }
