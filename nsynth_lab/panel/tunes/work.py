"""work: what is done for tunes in a job's process: reading a stranger's file, composing, and laying out a palette."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from nsynth_lab.errors import TuneError, UsageError
from nsynth_lab.melody.bar_lines import BarLines
from nsynth_lab.melody.composing import Wish, compose
from nsynth_lab.melody.form_asked import parse_form
from nsynth_lab.panel.messages.tunes import Compose
from nsynth_lab.panel.tunes.pieces import PALETTE, STEPS
from nsynth_lab.panel.tunes.written import seconds_of_whole, shown, write
from nsynth_lab.tune.files import tune_in
from nsynth_lab.tune.key import NO_MODE, parse_key
from nsynth_lab.tune.metre import parse_metre
from nsynth_lab.tune.spelling import spelled_by_chords
from nsynth_lab.wording import quoted

READ, COMPOSE, DRAW, LAY_OUT = (
    f"nsynth_lab.panel.tunes.work:{name}" for name in ("read", "composed", "drawn", "laid_out")
)
WITHOUT_OPTION = "; --number takes another"  # of the command line
SLOT = Fraction(1, 16)


def wish_of(message: Compose) -> Wish:
    """What a new tune is to be.

    Raises:
        UsageError, TuneError: it cannot be had.
    """
    metre, key = parse_metre(message.metre), parse_key(message.key)
    if metre is None:
        raise TuneError("tunes in free time are not composed; choose a metre, such as 6/8")
    if key.mode == NO_MODE:
        raise TuneError(f"key {quoted(message.key)}; expected a tonic and a mode, such as G, Em or Edor")
    try:
        upbeat = Fraction(message.upbeat or 0)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"upbeat {quoted(message.upbeat)}; expected a length such as 1/8") from None
    return Wish(metre, key, parse_form(message.form), message.bars, upbeat, message.free)


def read(folder: Path, tell: Any, *, file: str, title: str) -> dict[str, Any]:
    """Read a tune that somebody has dropped.

    Raises:
        NsynthLabError: none can be read from it.
    """
    tell(0.0, 0.0, "reading")
    found = tune_in(Path(file).read_bytes(), finder=BarLines())
    lines = [line.partition(WITHOUT_OPTION)[0] for line in found.lines]
    return write(found.tune, folder, instead=title, lines=lines)


def composed(
    folder: Path, tell: Any, *, asked: Mapping[str, Any], title: str, given: Sequence[str], checkpoint: str
) -> dict[str, Any]:
    """Write a new tune, go on with one that is given in ABC, or write one between two.

    Raises:
        NsynthLabError: it cannot be done.
    """
    from nsynth_lab.melody.between import between
    from nsynth_lab.melody.continuing import go_on
    from nsynth_lab.melody.model import MelodyModel
    from nsynth_lab.melody.second_voice import with_second

    tell(0.0, 0.0, "composing")
    message, model = Compose(**{**asked, "between": tuple(asked["between"])}), MelodyModel(Path(checkpoint))
    tunes = [tune_in(text.encode()).tune for text in given]
    lines: tuple[str, ...] = ()
    if message.begin:
        found = go_on(model.writer, tunes[0], bars=message.bars, seed=message.seed, free=message.free)
        (one,), lines = found.tunes, found.lines
    elif message.between:
        one, lines = between(model, *tunes, position=message.position, free=message.free, seed=message.seed)
    else:
        (one,) = compose(model.writer, wish_of(message), seed=message.seed)
    tune = replace(one.tune, title=title)
    if message.chords:
        tell(0.0, 0.0, "finding chords")
        tune = model.harmony.with_chords(tune)
    if message.second:
        tune = with_second(tune)
    tune = spelled_by_chords(tune, first=len(tunes[0].bars) if message.begin else 0)
    return {**write(tune, folder, instead=title, lines=lines), "bits": round(one.bits, 3)}


def drawn(folder: Path, tell: Any, *, metre: str, key: str, seed: int, title: str, checkpoint: str) -> dict[str, Any]:
    """Draw two bars.

    Raises:
        NsynthLabError: a metre or key that the model does not know.
    """
    from nsynth_lab.melody.looping import empty_loop, sampled
    from nsynth_lab.melody.model import MelodyModel

    tell(0.0, 0.0, "drawing")
    like = empty_loop(parse_metre(metre), parse_key(key))
    (loop,) = sampled(MelodyModel(Path(checkpoint)), like, count=1, seed=seed)
    return write(replace(loop.tune(), title=title), folder, instead=title)


def laid_out(
    folder: Path, tell: Any, *, given: Sequence[str], titles: Sequence[str], bars: Sequence[int], checkpoint: str
) -> dict[str, Any]:
    """Write all loops between those of two to four tunes into `palette.json`.

    Between two there is a row of them, in steps that sound about equally large; between three and four a square.

    Raises:
        NsynthLabError: a tune has no two bars there, or their metres do not go together.
    """
    from nsynth_lab.melody.looping import grid, loop_of, way
    from nsynth_lab.melody.model import MelodyModel

    model, corners, lines = MelodyModel(Path(checkpoint)), [], list[str]()
    tell(0.0, 0.0, "reading")
    for text, title, bar in zip(given, titles, bars, strict=True):
        try:
            loop, told = loop_of(tune_in(text.encode()).tune, bar=bar)
        except TuneError as error:
            raise TuneError(f"{title}: {error}") from error
        corners.append(loop)
        lines += [f"{title}: {line}" for line in told]
    tell(0.0, 0.0, "writing what lies between")
    if len(corners) == 2:
        rows = [way(model, *corners, steps=STEPS, even=True)]
    else:  # of three, the third is all of the lower side
        rows = grid(model, [*corners, *corners[2:]][:4] if len(corners) == 3 else corners, size=STEPS)
    first = rows[0][0].tune()
    whole = seconds_of_whole(first)
    cells = [[shown(loop.tune()) for loop in row] for row in rows]
    page = {
        "titles": list(titles),
        "length": sum(float(bar.length) for bar in first.bars) * whole,
        "bar": float(first.bars[0].length) * whole,
        "slot": float(SLOT) * whole,
        "bpm": cells[0][0]["bpm"],
        "beat": cells[0][0]["beat"],
        "cells": [[cell["notes"] for cell in row] for row in cells],
    }
    (folder / PALETTE).write_text(json.dumps(page), encoding="utf-8")
    different = len({json.dumps(cell) for row in page["cells"] for cell in row})
    return {
        "titles": list(titles),
        "rows": len(rows),
        "columns": len(rows[0]),
        "loops": different,
        "seconds": page["length"],
        "bpm": page["bpm"],
        "troubles": list(dict.fromkeys(lines))[:20],
    }
