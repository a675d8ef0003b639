"""`nsynth-lab loops`: loops of two bars: series between two, grids between four, and new ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import CheckpointOption, ForceOption, JsonOption, SeedOption
from nsynth_lab.cli.tune_options import checked_key, checked_metre
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.melody.looping import Loop
    from nsynth_lab.melody.model import MelodyModel

SAMPLE = "sample"
CORNERS = 4
DEFAULT_METRE, DEFAULT_KEY = "4/4", "D"

TunesArgument = Annotated[
    list[str], typer.Argument(help="Two tunes; four for --grid; or the word sample.", metavar="A B | A B C D | sample")
]
OutputOption = Annotated[
    Path,
    typer.Option(
        "--output", "-o", help="Where to write: a folder, or a single file for a series: .mid, .abc, .musicxml or .svg."
    ),
]
StepsOption = Annotated[int, typer.Option("--steps", min=2, max=65, help="Loops in a series, both ends included.")]
EvenOption = Annotated[
    bool, typer.Option("--even", help="Positions so that each loop differs about equally from the next.")
]
GridOption = Annotated[
    int,
    typer.Option("--grid", min=0, max=17, help="Rows and columns of a grid between four tunes.", show_default="none"),
]
BarOption = Annotated[int, typer.Option("--bar", min=1, help="The whole bar at which each tune's loop begins.")]
CountOption = Annotated[int, typer.Option("--count", min=1, max=1000, help="How many loops to sample.")]
MetreOption = Annotated[str, typer.Option("--metre", callback=checked_metre, help="The metre of sampled loops.")]
KeyOption = Annotated[str, typer.Option("--key", callback=checked_key, help="The key of sampled loops.")]
WeightOption = Annotated[
    float,
    typer.Option(
        "--closely", min=0.0, max=4.0, help="How closely loops follow the blended latents: 0 not at all, 2 strictly."
    ),
]


def loops(
    tunes: TunesArgument,
    output: OutputOption,
    steps: StepsOption = 9,
    even: EvenOption = False,
    grid: GridOption = 0,
    bar: BarOption = 1,
    count: CountOption = 16,
    metre: MetreOption = DEFAULT_METRE,
    key: KeyOption = DEFAULT_KEY,
    closely: WeightOption = 1.0,
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Go from one loop to another, fill a grid between four, or sample new ones.

    A loop is two bars long. Each loop in between is a melody of its own, in the metre and key of the nearer end; the
    ends stay exactly as they are. A series goes into one file, loop after loop, or into a folder, a file each; grids
    and samples go into a folder, as numbered MIDI files, those of a grid by row and column.

    **Examples**

        nsynth-lab loops a.mid b.abc --steps 9 --even -o series.mid

        nsynth-lab loops a.mid b.mid c.mid d.mid --grid 9 -o grid/

        nsynth-lab loops sample --metre 6/8 --count 16 -o loops/
    """
    from nsynth_lab.melody.looping import grid as grid_of
    from nsynth_lab.melody.looping import way
    from nsynth_lab.melody.model import MelodyModel

    samples = tunes == [SAMPLE] and not Path(SAMPLE).exists()
    as_folder = bool(grid) or samples or not output.suffix
    _check(tunes, grid=grid, samples=samples)
    _check_output(output, as_folder=as_folder, sources=[] if samples else tunes, force=force)
    model = MelodyModel(checkpoint)
    if samples:
        found = {f"{at}": one for at, one in enumerate(_sampled(model, metre, key, count=count, seed=seed), 1)}
    elif grid:
        rows = grid_of(model, _read(tunes, bar), size=grid, weight=closely)
        found = {f"{down}-{right}": one for down, row in enumerate(rows, 1) for right, one in enumerate(row, 1)}
    else:
        first, last = _read(tunes, bar)
        made = way(model, first, last, steps=steps, even=even, weight=closely)
        found = {f"{at}": one for at, one in enumerate(made, 1)}
    files = _written(found, output) if as_folder else [_series(list(found.values()), output)]
    if as_json:
        console.print_json({"files": [str(path) for path in files], "loops": len(found), "seed": seed})
        return
    console.show(f"{len(found)} loops of two bars")
    console.show(str(output))


def _check(tunes: Sequence[str], *, grid: int, samples: bool) -> None:
    """Check that the number of tunes is right.

    Raises:
        UsageError: see above.
    """
    if samples:
        if grid:
            raise UsageError("--grid fills what is between four tunes; sample takes none")
        return
    wanted = CORNERS if grid else 2
    if len(tunes) != wanted:
        what = "--grid needs four corners" if grid else "a series goes from one tune to another; --grid takes four"
        raise UsageError(f"{len(tunes)} tunes; expected {wanted}: {what}")


def _check_output(output: Path, *, as_folder: bool, sources: Sequence[str], force: bool) -> None:
    from nsynth_lab.render.output_paths import check_outputs
    from nsynth_lab.tune.files import ENDINGS

    if not as_folder:
        check_outputs([output], endings=ENDINGS, sources=sources, force=force)
        return
    if not output.parent.is_dir():
        raise UsageError(f"{output}: the folder {output.parent} does not exist; make it first")
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output}: is a file; expected a folder")
    if output.is_dir() and any(output.iterdir()) and not force:
        raise UsageError(f"{output}: is not empty; add --force to write into it")


def _read(tunes: Sequence[str], bar: int) -> list[Loop]:
    """The loops of tunes.

    Raises:
        NsynthLabError: one cannot be read or has no two bars there.
    """
    from nsynth_lab.cli.tune_given import given_tune, naming
    from nsynth_lab.melody.looping import loop_of

    found = []
    for name in tunes:
        tune = given_tune(Path(name))
        with naming(Path(name)):
            loop, lines = loop_of(tune, bar=bar)
        for line in lines:
            console.say(f"{name}: {line}")
        found.append(loop)
    return found


def _sampled(model: MelodyModel, metre: str, key: str, *, count: int, seed: int) -> list[Loop]:
    from nsynth_lab.melody.looping import empty_loop, sampled
    from nsynth_lab.tune.key import parse_key
    from nsynth_lab.tune.metre import parse_metre

    like = empty_loop(parse_metre(metre), parse_key(key))
    return sampled(model, like, count=count, seed=seed)


def _series(loops: Sequence[Loop], output: Path) -> Path:
    """All loops in one tune."""
    from dataclasses import replace

    from nsynth_lab.tune.files import write_tune
    from nsynth_lab.tune.tune import DOUBLE, FINAL

    first = loops[0].tune()
    bars = []
    for at, loop in enumerate(loops):
        own = loop.tune()
        changed = own.key != (loops[at - 1].key if at else own.key)
        begin = replace(own.bars[0], key=own.key if changed else None)
        last = replace(own.bars[-1], line=FINAL if at + 1 == len(loops) else DOUBLE)
        bars += [begin, *own.bars[1:-1], last]
    for line in write_tune(replace(first, bars=tuple(bars), title="Series"), output):
        console.say(f"{output}: {line}")
    return output


def _written(loops: dict[str, Loop], folder: Path) -> list[Path]:
    """A MIDI file for each loop."""
    from dataclasses import replace

    from nsynth_lab.tune.files import write_tune

    folder.mkdir(exist_ok=True)
    paths = []
    for name, loop in loops.items():
        paths.append(folder / f"{name}.mid")
        write_tune(replace(loop.tune(), title=name), paths[-1])
    return paths
