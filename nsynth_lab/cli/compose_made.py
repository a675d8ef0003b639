"""Composes what was requested: new tunes, a continuation, or a tune between two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nsynth_lab.cli import console
from nsynth_lab.cli.compose_asked import ANY, Asked, length_of
from nsynth_lab.cli.compose_options import DEFAULT_FORM, DEFAULT_KEY, DEFAULT_METRE

if TYPE_CHECKING:
    from nsynth_lab.cli.tune_given import Hummed
    from nsynth_lab.melody.composing import Composed
    from nsynth_lab.melody.model import MelodyModel
    from nsynth_lab.tune.metre import Metre
    from nsynth_lab.tune.tune import Tune

TONICS = {"major": "D", "minor": "E", "dorian": "E", "mixolydian": "A", "phrygian": "E", "lydian": "F", "locrian": "B"}


def new(model: MelodyModel, asked: Asked, *, metre: str, key: str) -> list[Composed]:
    """New tunes; every choice that is left open is drawn afresh for each of them."""
    import numpy as np

    from nsynth_lab.melody.composing import SECTION_BARS, Wish, compose
    from nsynth_lab.melody.form_asked import parse_form
    from nsynth_lab.tune.key import parse_key
    from nsynth_lab.tune.metre import parse_metre

    form = parse_form(asked.form or DEFAULT_FORM)
    drawn = ANY in (metre, key, asked.upbeat)
    composed: list[Composed] = []
    for number in range(asked.count if drawn else 1):
        own_metre = asked.metre or parse_metre(DEFAULT_METRE)
        own_key = asked.key or parse_key(DEFAULT_KEY)
        upbeat = length_of(asked.upbeat)
        if drawn:
            kind = model.usual(
                np.random.default_rng((asked.seed, number, len(ANY))),
                metre="" if metre == ANY else _usual_name(own_metre),
                mode="" if key == ANY else own_key.mode,
            )
            own_metre = parse_metre(kind.metre) if metre == ANY else own_metre
            own_key = parse_key(f"{TONICS[kind.mode]} {kind.mode}") if key == ANY else own_key
            upbeat = kind.upbeat if asked.upbeat == ANY else upbeat
        assert own_metre is not None
        wish = Wish(
            own_metre, own_key, form, SECTION_BARS if asked.bars is None else asked.bars, upbeat,
            1.0 if asked.free is None else asked.free, asked.style_number,
        )  # fmt: skip
        composed += compose(model.writer, wish, seed=asked.seed + number * drawn, count=1 if drawn else asked.count)
    return composed


def _usual_name(metre: Metre | None) -> str:
    from nsynth_lab.melody.conditions import METRES, metre_number

    return METRES[metre_number(metre)]


def begun(begin: Path, hummed: Hummed | None, asked: Asked) -> Tune:
    """The tune in a file, or what was heard in it."""
    from nsynth_lab.cli.tune_given import given_tune

    if hummed is not None:
        return hummed.tune(metre=asked.metre, key=asked.key)
    return given_tune(begin, metre=asked.metre, key=asked.key)


def continued(model: MelodyModel, begin: Path, tune: Tune, asked: Asked) -> list[Composed]:
    """The tune in a file, with more bars."""
    from nsynth_lab.cli.tune_given import naming
    from nsynth_lab.melody.continuing import go_on

    bars = 16 if asked.bars is None else asked.bars
    free = 1.0 if asked.free is None else asked.free
    with naming(begin):
        found = go_on(
            model.writer, tune, bars=bars, seed=asked.seed, count=asked.count, free=free, style=asked.style_number
        )
    for line in found.lines:
        console.say(f"{begin}: {line}")
    return list(found.tunes)


def between_two(model: MelodyModel, paths: tuple[Path, Path], position: float, asked: Asked) -> list[Composed]:
    """Tunes between two given ones."""
    from nsynth_lab.cli.tune_given import given_tune, naming
    from nsynth_lab.melody.between import between

    first, second = (given_tune(path, metre=asked.metre, key=asked.key) for path in paths)
    composed = []
    for number in range(asked.count):
        with naming(*paths):
            one, lines = between(
                model, first, second, position=position, free=asked.free or 0.0, seed=asked.seed + number
            )
        composed.append(one)
    for line in lines:
        console.say(f"{paths[0]}, {paths[1]}: {line}")
    return composed


def named(
    one: Composed, number: int, asked: Asked, model: MelodyModel, *, chords: bool, second: bool, given_bars: int = 0
) -> Tune:
    """The tune with a title, and with chords and a second voice on request; its first `given_bars` are the user's."""
    tune = one.tune
    if not tune.title:
        title = f"Tune {asked.seed}" if asked.count == 1 else f"Tune {asked.seed}.{number}"
        tune = replace(tune, title=title)
    if not chords and not second:
        return tune
    from nsynth_lab.melody.second_voice import with_second
    from nsynth_lab.tune.spelling import spelled_by_chords

    whole = model.harmony.with_chords(tune)
    whole = spelled_by_chords(with_second(whole) if second else whole, first=given_bars)
    if chords:
        return whole
    bare = (replace(bar, chords=own.chords) for bar, own in zip(whole.bars, tune.bars, strict=True))
    return whole.with_bars(tuple(bare))
