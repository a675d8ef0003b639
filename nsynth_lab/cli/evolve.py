"""`nsynth-lab evolve`: six at a time, and the next six come from those that you like."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import completions, console
from nsynth_lab.cli.options import CheckpointOption, ComputeOption, ForceOption, JsonOption
from nsynth_lab.cli.tune_options import checked_key, checked_metre
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.patch import Patch
    from nsynth_lab.render.evolved.evolution import Evolution
    from nsynth_lab.tune.tune import Tune

FolderArgument = Annotated[Path, typer.Argument(help="Folder of the evolution: a new one, or one to continue.")]
NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="Instruments that play the tunes, or that presets and new instruments are made from.",
        metavar="[A B ...]",
        autocompletion=completions.instruments,
    ),
]
BeginOption = Annotated[
    str,
    typer.Option(
        "--begin",
        help="Begin from something of your own: a tune, also one that is hummed, or a preset by its name or file.",
    ),
]
LikeOption = Annotated[
    str,
    typer.Option("--like", help="Numbers of those you like, the best first, such as 2,5; the next six come from them."),
]
SaveOption = Annotated[
    int | None,
    typer.Option(
        "--save", min=1, max=6, help="Save this one: presets and instruments among your own, tunes in the folder."
    ),
]
NameOption = Annotated[str, typer.Option("--name", help="Name of what --save keeps; made up if not given.")]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="With --save: the file; .abc, .mid, .musicxml or .svg for tunes, .toml, .safetensors.",
    ),
]
MetreOption = Annotated[
    str,
    typer.Option("--metre", callback=checked_metre, help="The metre of the tunes, such as 6/8.", show_default="4/4"),
]
KeyOption = Annotated[
    str, typer.Option("--key", callback=checked_key, help="The key of the tunes, such as Edor.", show_default="D")
]
BarsOption = Annotated[int | None, typer.Option("--bars", help="Bars in each tune: 2, 4, 6 ... 16.", show_default="4")]
FamilyOption = Annotated[
    str,
    typer.Option(
        "--family",
        help="Instrument family that new instruments should sound like, such as reed.",
        show_default="that of A",
        autocompletion=completions.families,
    ),
]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", min=0, max=2**31 - 1, help="The same seed gives the same result.", show_default="0"),
]


def evolve(
    folder: FolderArgument,
    names: NamesArgument = None,
    tunes: Annotated[bool, typer.Option("--tunes", help="Begin an evolution of tunes.")] = False,
    presets: Annotated[bool, typer.Option("--presets", help="Begin an evolution of presets.")] = False,
    instruments: Annotated[
        bool, typer.Option("--instruments", help="Begin an evolution of instruments that nobody recorded.")
    ] = False,
    begin: BeginOption = "",
    like: LikeOption = "",
    fresh: Annotated[bool, typer.Option("--none", help="Like none of the six, and get six new ones.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Go back to the previous generation.")] = False,
    save: SaveOption = None,
    name: NameOption = "",
    output: OutputOption = None,
    metre: MetreOption = "",
    key: KeyOption = "",
    bars: BarsOption = None,
    family: FamilyOption = "",
    checkpoint: CheckpointOption = None,
    device: ComputeOption = "cpu",
    seed: SeedOption = None,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Breed tunes, presets or instruments by ear: hear six, say which you like, and hear six more bred from those.

    In a terminal the keys 1 to 6 play, space likes what you hear, Enter brings the next generation, u goes back, s
    saves and q ends. Without one, or in scripts, --like, --undo and --save do the same, a step each. The one you like
    best lives on, four are children of those you like, and one is new.

    With --begin the first generation is your own tune or preset, as near as can be, four varied from it, and a new one.
    Metre, key and length are then those of the tune.

    The folder keeps every generation: a sound and a MIDI, preset or instrument file of each of the six, and a
    picture of all. You can continue at any time.

    **Examples**

        nsynth-lab evolve my-tunes --tunes flute cello --metre 6/8 --key Edor

        nsynth-lab evolve my-tunes --like 2,5

        nsynth-lab evolve variations --tunes flute --begin mine.abc

        nsynth-lab evolve glassier --presets --begin glass-cello

        nsynth-lab evolve my-tunes --save 1 -o mine.abc

        nsynth-lab evolve my-sounds --presets oboe marimba

        nsynth-lab evolve my-reeds --instruments --family reed
    """
    asked = (("tunes", tunes), ("presets", presets), ("instruments", instruments))
    kinds = [kind for kind, is_asked in asked if is_asked]
    if len(kinds) > 1:
        raise UsageError(f"--{' and --'.join(kinds)}: an evolution breeds only one kind; choose one of them")
    steps = [step for step, is_asked in (("like", like), ("none", fresh), ("undo", undo), ("save", save)) if is_asked]
    if len(steps) > 1:
        raise UsageError(f"--{' and --'.join(steps)}: take one step at a time")
    if (name or output) and save is None:
        raise UsageError(f"--{'name' if name else 'output'} goes with --save")
    liked = _numbers(like)
    if begin:
        _check_begin(kinds, {"metre": metre, "key": key}, names)

    from nsynth_lab.evolve.folder import EvolutionFolder
    from nsynth_lab.render import Session
    from nsynth_lab.render.evolved.opening import Wanted, opened

    if steps and not EvolutionFolder(folder).history.exists():
        raise UsageError(f"{folder}: no evolution has begun there; say what is to: --tunes, --instruments or --presets")
    settings = {"metre": metre, "key": key, "bars": str(bars) if bars is not None else ""}
    settings["family"] = family
    settings["names"] = json.dumps(names) if names else ""
    own = _own(begin, *kinds) if begin else None
    wanted = Wanted("".join(kinds), {key: value for key, value in settings.items() if value}, seed, own)
    place = EvolutionFolder(folder)
    session = Session(checkpoint, device=device, progress=console.progress)
    with place.held():
        if instruments:
            console.say("drawing instruments that are heard as members of their family")
        evolution = opened(place, session, wanted)
        if save is not None:
            path = _saved(evolution, save, name, output, force=force)
            console.print_json({"saved": path}) if as_json else console.show(str(path))
            return
        if like or fresh:
            evolution.go_on(liked)
        if undo:
            evolution.undo()
        if not steps and not as_json and sys.stdin.isatty() and sys.stdout.isatty():
            from nsynth_lab.cli.evolve_terminal import attend

            attend(evolution)
            return
        _make(evolution)
        _report(evolution, as_json=as_json)


def _check_begin(kinds: list[str], asked: dict[str, str], names: list[str] | None) -> None:
    """Raises: UsageError: --begin does not go with the rest."""
    if kinds not in (["tunes"], ["presets"]):
        raise UsageError("--begin goes with --tunes or --presets, in a new folder")
    if given := [name for name, value in asked.items() if value]:
        raise UsageError(f"--{given[0]} with --begin; leave it out: it is that of the tune")
    if kinds == ["presets"] and names:
        raise UsageError(f"{names[0]} with --begin; leave it out: the instruments are those of the preset")


def _own(begin: str, kind: str) -> Tune | Patch:
    """The tune or the preset to begin from; says what of a preset is left out.

    Raises:
        NsynthLabError: it cannot be read.
    """
    if kind == "tunes":
        from nsynth_lab.cli.tune_given import given_tune

        return given_tune(Path(begin))
    from nsynth_lab.evolve.own_preset import left_out
    from nsynth_lab.patch.sources import preset_of

    patch = preset_of(begin)
    if lost := left_out(patch):
        console.say(f"{patch.name}: left out, since evolve does not turn it: {', '.join(lost)}")
    return patch


def _numbers(text: str) -> list[int]:
    """Numbers separated by commas.

    Raises:
        UsageError: something else.
    """
    from nsynth_lab.wording import listed

    words = listed(text)
    if not all(word.isascii() and word.isdecimal() and len(word) < 4 for word in words) or bool(text) != bool(words):
        raise UsageError(f"--like {text}; expected the numbers of those you like, such as 2,5")
    return [int(word) for word in words]


def _make(evolution: Evolution) -> None:
    if not (missing := len(evolution.to_make())):
        evolution.make()
        return
    with console.progress(missing, evolution.history.what, "making") as advance:
        evolution.make(advance)


def _saved(evolution: Evolution, number: int, name: str, output: Path | None, *, force: bool) -> Path:
    from nsynth_lab.naming import checked_name

    given = checked_name(name) if name else evolution.name_of(number)
    return evolution.save(number, given, output=output, force=force)


def _report(evolution: Evolution, *, as_json: bool) -> None:
    about = evolution.about()
    if as_json:
        console.print_json(about)
        return
    for line in lines(evolution):
        console.show(line)
    console.show(about["picture"])


def lines(evolution: Evolution) -> list[str]:
    """The present generation in words, a line for each member."""
    about = evolution.about()
    head = f"generation {about['generation']} of {about['what']}"
    rows = [
        f"{row['number']} {'*' if row['liked'] else ' '} {row['descent']:15} {row['words']}" for row in about["members"]
    ]
    return [head, *rows]
