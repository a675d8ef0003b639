"""The tunes that the melody model learns from, read from where they lie; nothing of them comes with this program.

A folder has the Ceol Rince na hÉireann corpus as `MIDI/*.mid`, Nottingham as `nottingham/*.abc` and OpenEWLD as
`openewld/*.mxl`. Further ones come with music21, which is only asked where its files are: O'Neill's Music of Ireland,
Ryan's Mammoth Collection, Aird's Airs and some hundred more. Left out: what H. Norbeck has transcribed, who allows no
commercial use; Essen's folk songs, likewise; The Session, which forbids training.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nsynth_lab.errors import DatasetError, NsynthLabError
from nsynth_lab.melody.clusters import split
from nsynth_lab.melody.conditions import MODES, STYLES, bar_ticks_of, metre_number
from nsynth_lab.melody.steps import Steps, steps_of
from nsynth_lab.tune.abc import decoded, read_text, tunes_of
from nsynth_lab.tune.files import read_tune
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.tune import Tune

LEFT_OUT = "norbeck"
IN_FOLDER = (("cre", "MIDI", ".mid"), ("nottingham", "nottingham", ".abc"), ("openewld", "openewld", ".mxl"))
IN_MUSIC21 = (("oneill", "oneills1850"), ("ryan", "ryansMammoth"), ("aird", "airdsAirs"), ("misc", "miscFolk"))
FEWEST_NOTES = 16
MOST_SILENCE = 0.05  # of the bars may not add up


@dataclass(frozen=True)
class Piece:
    """A tune to learn from.

    Attributes:
        tune: as it was read.
        steps: of it.
        metre: its place in `METRES`.
        mode: its place in `MODES`.
        style: its collection's place in `STYLES`.
        side: `train`, `valid` or `test`: see `clusters.split`.
        digest: what it is known by, of its notes alone.
    """

    tune: Tune
    steps: Steps
    metre: int
    mode: int
    style: int
    side: str
    digest: int

    @property
    def bar_ticks(self) -> int:
        """Length of a bar."""
        return bar_ticks_of(self.metre)


def read_collections(folder: Path, *, say: Callable[[str], object] = lambda _: None) -> list[Piece]:
    """All tunes of the collections that can be had, with the side of each.

    Raises:
        DatasetError: there are none in the folder.
    """
    tunes: list[Tune] = []
    steps: list[Steps] = []
    styles: list[int] = []
    for name, reads in _collections(folder):
        seen = len(tunes)
        count = 0
        for read in reads:
            count += 1
            try:
                tune = read()
                found = _usable(tune)
            except NsynthLabError:
                continue
            tunes.append(tune)
            steps.append(found)
            styles.append(STYLES.index(name))
        say(f"{name}: {len(tunes) - seen} of {count} tunes")
    if not tunes:
        raise DatasetError(f"{folder}: no tunes; expected MIDI/*.mid, nottingham/*.abc or openewld/*.mxl in it")
    sides = split(steps)
    return [
        Piece(tune, one, metre_number(tune.metre), MODES.index(tune.key.mode), style, side, digest_of(one))
        for tune, one, style, side in zip(tunes, steps, styles, sides, strict=True)
    ]


def digest_of(steps: Steps) -> int:
    """A number of 63 bits that tunes with the same notes have in common."""
    content = np.stack([steps.pitch, steps.duration]).astype(np.int64).tobytes()
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") >> 1


def _usable(tune: Tune) -> Steps:
    """The steps of a tune whose metre and mode the model knows, whose bars add up and that is long enough.

    Raises:
        NsynthLabError: it is none.
    """
    from nsynth_lab.tune.places import bar_faults

    metre_number(tune.metre)
    found = steps_of(tune)
    if len(found.pitch) < FEWEST_NOTES or tune.key.mode not in MODES:
        raise DatasetError("too short, or without a mode")
    if len(bar_faults(tune)) > max(1, MOST_SILENCE * len(tune.bars)):
        raise DatasetError("bars do not add up")
    return found


def _collections(folder: Path) -> Iterator[tuple[str, Iterator[Callable[[], Tune]]]]:
    for name, place, ending in IN_FOLDER:
        paths = sorted((folder / place).glob(f"*{ending}"))
        if paths:
            yield name, _books(paths) if ending == ".abc" else _files(paths)
    corpus = _music21_corpus()
    for name, place in IN_MUSIC21 if corpus else ():
        yield name, _books(sorted((corpus / place).glob("*.abc"))) if corpus else iter(())


def _music21_corpus() -> Path | None:
    found = sys.modules.get("music21") or importlib.util.find_spec("music21")
    places = getattr(found, "submodule_search_locations", None) or getattr(found, "__path__", None) or []
    return next((Path(place) / "corpus" for place in places), None)


def _files(paths: list[Path]) -> Iterator[Callable[[], Tune]]:
    for path in paths:
        yield lambda path=path: read_tune(path).tune  # type: ignore[misc]


def _books(paths: list[Path]) -> Iterator[Callable[[], Tune]]:
    for path in paths:
        for text in tunes_of(decoded(path.read_bytes())):
            if not any(LEFT_OUT in line.lower() for _, line in text.lines):
                yield lambda text=text: read_text(text, Lines("line"))  # type: ignore[misc]
