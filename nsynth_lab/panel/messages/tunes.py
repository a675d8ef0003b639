"""What a page asks of tunes, palettes of loops and the duet."""

from __future__ import annotations

from dataclasses import dataclass

from nsynth_lab.panel.messages.fields import SHORT
from nsynth_lab.patch.fields import REQUIRED, choice, flag, number, numbers, points, text, texts, whole


@dataclass(frozen=True)
class Compose:
    """A tune is written, as a job: a new one, what follows after another, or one between two. As `compose` does it."""

    metre: str = text("4/4", most=SHORT, says="of a new tune, such as 6/8")
    key: str = text("D", most=SHORT, says="of a new tune, such as Edor")
    form: str = text("AABB", most=SHORT, says="of a new tune: letters of its sections as they are played")
    bars: int = whole(8, low=1, high=256, says="of each section; when another tune goes on: added to it")
    upbeat: str = text("", most=SHORT, says="length of a new tune's upbeat, such as 1/8; empty: none")
    free: float = number(1.0, low=0.0, high=2.0, says="0 always takes the likeliest note")
    seed: int = whole(0, low=0, high=2**53, says="of chance")
    chords: bool = flag(False, says="whether it has chord symbols")
    second: bool = flag(False, says="whether it has a second voice, in thirds and sixths below")
    begin: str = text("", most=SHORT, says="the job of a tune that goes on")
    between: tuple[str, ...] = texts((), least=0, most=2, says="the jobs of two tunes, between which it lies")
    position: float = number(0.5, low=0.0, high=1.0, says="between those two: 0 is the first")


@dataclass(frozen=True)
class DrawLoop:
    """Two bars are drawn at random, as a job: a tune for a palette."""

    metre: str = text("4/4", most=SHORT, says="such as 6/8")
    key: str = text("D", most=SHORT, says="such as Edor")
    seed: int = whole(0, low=0, high=2**53, says="of chance")


@dataclass(frozen=True)
class Palette:
    """What lies between loops of two to four tunes is written, as a job: rows and columns of loops to move among."""

    tunes: tuple[str, ...] = texts(REQUIRED, least=2, most=4, says="jobs of the tunes at its corners")
    bars: tuple[float, ...] = numbers(
        (), low=1, high=10_000, least=0, most=4, says="where each tune's loop begins, or 1"
    )


@dataclass(frozen=True)
class PlayTune:
    """A tune or a palette is played by the present sound, instead of the one that plays."""

    tune: str = text(REQUIRED, least=1, most=SHORT, says="its job")
    at: float = number(0.0, low=0.0, high=1e6, unit="s", says="where it begins, at its own tempo")


@dataclass(frozen=True)
class StopTune:
    """The tune that plays ends."""


@dataclass(frozen=True)
class TuneWay:
    """How tunes and palettes are played from now on; what is left out becomes what stands here."""

    speed: float = number(1.0, low=0.25, high=4.0, says="2 is twice the tune's own tempo")
    loop: bool = flag(False, says="whether tunes begin again at their end")
    change: str = choice("bar", ("bar", "slot"), says="when a palette's melody may change: at a bar, or a sixteenth")
    together: bool = flag(False, says="whether the place of the blend is the place on the palette")


@dataclass(frozen=True)
class TunePlace:
    """The place on the palette moves, or it follows a path round and round while it plays."""

    x: float = number(0.5, low=0.0, high=1.0, says="from left to right")
    y: float = number(0.5, low=0.0, high=1.0, says="from top to bottom")
    path: tuple[tuple[float, ...], ...] = points(
        high=3600, least=3, longest=3, most=500, says="[seconds, x, y] along a path; empty: it stays there"
    )


@dataclass(frozen=True)
class RenderTune:
    """A tune is played into a sound file by the present sound, as a job of the kind song."""

    tune: str = text(REQUIRED, least=1, most=SHORT, says="its job")
    format: str = choice("wav", ("wav", "flac", "ogg", "mp3"), says="of the file")


@dataclass(frozen=True)
class Duet:
    """A duet begins, goes on otherwise, or ends: a partner answers what is played. The fields are options of `duet`."""

    on: bool = flag(True, says="false ends it")
    answer: str = text("", most=SHORT, says="what the partner plays: instruments, or a preset; empty: what you play")
    along: bool = flag(False, says="whether it plays a second voice below what is played, instead of answers")
    lead: bool = flag(False, says="whether it begins")
    loose: bool = flag(False, says="whether it answers at once, without waiting for the beat")
    turns: int = whole(0, low=0, high=100_000, says="how many answers; 0: no end")
    close: float = number(0.3, low=0.0, high=1.0, says="how near answers keep to what was played")
    free: float = number(1.0, low=0.0, high=2.0, says="0 always takes the likeliest note")
    bpm: float = number(0.0, low=0.0, high=400.0, says="beats a minute; 0: as they are found in what is played")
    metre: str = text("", most=SHORT, says="such as 6/8; empty: as it is found")
    key: str = text("", most=SHORT, says="such as Edor; empty: as it is found")
    seed: int = whole(0, low=0, high=2**53, says="of chance")
