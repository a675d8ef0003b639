"""`nsynth-lab loops play`: a grid of loops under the hands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import CheckpointOption, ComputeOption, SeedOption
from nsynth_lab.cli.performing import perform
from nsynth_lab.cli.playing import playing
from nsynth_lab.cli.stage import Stage, staged
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.melody.palette import Palette
    from nsynth_lab.render.play_request import PlayRequest
    from nsynth_lab.tune.tune import Tune

MOST_LOOPS = 17 * 17  # of a grid, as `loops --grid` makes
WITH_POSITION = 4  # sources, at most, whose blend has a position
_CELL = re.compile(r"(?:([1-9]\d?)-)?([1-9]\d{0,2})")

GridOption = Annotated[
    Path,
    typer.Option("--grid", help="A folder written by `loops --grid`; a series or samples form a single row."),
]
TogetherOption = Annotated[
    bool, typer.Option("--together", help="Let the position move the blend as well as the melody.")
]
TempoOption = Annotated[
    float | None,
    typer.Option("--tempo", help="Quarter notes a minute.", show_default="that of the loops"),
]


@playing()
@staged()
def play(
    context: typer.Context,
    grid: GridOption,
    asked: PlayRequest,
    stage: Stage,
    together: TogetherOption = False,
    tempo: TempoOption = None,
    compute: ComputeOption = "cpu",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
) -> None:
    """Play a grid of loops live: move through it, and the melody changes in time.

    Arrows move the position, and on MIDI the mod wheel moves it from column to column; --cc gives x, across, and y,
    from row to row, to other controllers. A loop goes on where the one before it was. With --together the same position
    moves the blend of the instruments: melody and timbre change as one. Keys play along, as in `nsynth-lab play`; with
    --clock the loops keep to the tempo of a DAW or drum machine, and start and stop with it.

    **Examples**

        nsynth-lab loops a.mid b.mid c.mid d.mid --grid 9 -o grid/

        nsynth-lab loops play flute cello --grid grid/ --together

        nsynth-lab loops play marimba --grid grid/ --midi all --cc 21=x --cc 22=y --record take.wav

        nsynth-lab loops play marimba --grid grid/ --clock link
    """
    from nsynth_lab.melody.palette import PalettePlayer
    from nsynth_lab.render import Session
    from nsynth_lab.render.clocked_palette import ClockedPalette
    from nsynth_lab.render.machine import choose_threads
    from nsynth_lab.render.output_paths import check_sources
    from nsynth_lab.render.palette_engine import PaletteEngine
    from nsynth_lab.units import HOP_SAMPLES

    stage = replace(stage, block=asked.block)
    stage.check()
    check_sources(asked.all_sources(), checkpoint)
    if together and len(asked.sources) > WITH_POSITION:
        raise UsageError(f"{len(asked.sources)} instruments have no position; --together moves up to {WITH_POSITION}")
    palette = read_palette(grid, quarters_bpm=tempo)
    session = Session(checkpoint, device=compute, seed=seed, progress=console.progress)
    console.say("loading")
    engine = asked.engine(session, live=True, ahead_samples=HOP_SAMPLES)
    threads = choose_threads(engine)
    settings = engine.player.settings
    player = PalettePlayer(palette, x=settings.x, y=settings.y)
    played = ClockedPalette(player) if stage.clock else player
    under_hands = PaletteEngine(engine, played, controllers=settings.controllers, together=together)
    rows, columns = len(palette.rows), len(palette.rows[0])
    console.say(f"{rows * columns} loops, {columns} across and {rows} down")
    perform(context, session, under_hands, stage, title=asked.title(), threads=threads)


def read_palette(folder: Path, *, quarters_bpm: float | None) -> Palette:
    """The loops in a folder: ROW-COLUMN.mid, as `loops --grid` writes them, or NUMBER.mid for a single row.

    Raises:
        UsageError: no folder, no loops in it, or gaps between them; or a tempo that nobody plays.
        NsynthLabError: a file that cannot be read, or loops of different lengths.
    """
    from nsynth_lab.cli.tune_given import naming
    from nsynth_lab.melody.palette import palette_of
    from nsynth_lab.tune.files import read_tune
    from nsynth_lab.tune.tune import FASTEST_BPM, SLOWEST_BPM, Tempo

    if quarters_bpm is not None and not SLOWEST_BPM <= quarters_bpm <= FASTEST_BPM:
        raise UsageError(f"--tempo {quarters_bpm:g}; expected {SLOWEST_BPM:g} to {FASTEST_BPM:g} quarters a minute")
    rows: list[list[Tune]] = [[read_tune(path).tune for path in row] for row in _files(folder)]
    with naming(folder):
        return palette_of(rows, quarters_bpm=quarters_bpm or (rows[0][0].tempo or Tempo()).quarters_bpm)


def _files(folder: Path) -> Sequence[Sequence[Path]]:
    """The files of a grid by row and column."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; make one: nsynth-lab loops A B C D --grid 9 -o {folder}")
    found = {
        (int(shape[1] or 1), int(shape[2])): path
        for path in sorted(folder.glob("*.mid"))
        if (shape := _CELL.fullmatch(path.stem))
    }
    if not found:
        raise UsageError(
            f"{folder}: no loops in it; expected 1-1.mid, 1-2.mid, ... as `nsynth-lab loops --grid` writes"
        )
    if len(found) > MOST_LOOPS:
        raise UsageError(f"{folder}: {len(found)} loops; expected at most {MOST_LOOPS}")
    rows, columns = max(row for row, _ in found), max(column for _, column in found)
    places = [[(row, column) for column in range(1, columns + 1)] for row in range(1, rows + 1)]
    missing = [place for row in places for place in row if place not in found]
    if missing:
        name = "{}-{}.mid".format(*missing[0]) if rows > 1 else f"{missing[0][1]}.mid"
        raise UsageError(f"{folder}: {name} is missing in a grid of {rows} rows and {columns} columns")
    return [[found[place] for place in row] for row in places]
