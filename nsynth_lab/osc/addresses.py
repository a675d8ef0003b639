"""The addresses that are understood, as a table: to add one, add a row to `_ROWS`.

A parameter has the name that it has everywhere: `/nsynth/release_seconds` takes what `--set release_seconds=` takes,
and `/nsynth/effects/reverb/mix` moves what macros and controllers of a preset call `effects.reverb.mix`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from nsynth_lab.midi.events import BEND_STEPS, CHANNELS, Event, Kind, beat, setting, tempo
from nsynth_lab.osc.packets import Message, OscError
from nsynth_lab.patch import Macro, Patch, targets
from nsynth_lab.patch.rules import plain
from nsynth_lab.synth.parameter_words import WORDS, Word
from nsynth_lab.tempo import HIGHEST_BPM, LOWEST_BPM
from nsynth_lab.wording import counted, did_you_mean, quoted

ROOT = "/nsynth/"
FULL = 127.0
NOT_IN_ADDRESSES = str.maketrans(dict.fromkeys(" #*,/?[]{}", "_") | {".": "/"})  # OSC 1.0

Numbers = Sequence[float]


@dataclass(frozen=True)
class Argument:
    """A number that an address takes; values beyond its range are taken for its ends. `usual` if it may be left out."""

    name: str
    low: float
    high: float
    usual: float | None = None

    def __str__(self) -> str:
        span = f"{self.name} {plain(self.low)} to {plain(self.high)}"
        return span if self.usual is None else f"[{span}; {plain(self.usual)}]"


@dataclass(frozen=True)
class Row:
    """An address: what it takes, what it does, and the events that numbers within the ranges become."""

    address: str
    takes: tuple[Argument, ...]
    says: str
    events: Callable[[Numbers], list[Event]]


class Addresses:
    """All addresses of what is played; `events(message)` gives what a message does.

    With a preset (its macros applied) everything can be moved that its macros and controllers could.
    """

    def __init__(self, patch: Patch | None = None) -> None:
        self.rows: Mapping[str, Row] = {row.address: row for row in _rows_of(patch)}

    def events(self, message: Message) -> list[Event]:
        """The events of a message.

        Raises:
            OscError: an address that is none, too few or too many numbers, or what are none.
        """
        row = self.rows.get(message.address)
        if row is None:
            raise OscError(f"{quoted(message.address)} is no address; {did_you_mean(message.address, list(self.rows))}")
        needed = sum(one.usual is None for one in row.takes)
        if not needed <= len(message.values) <= len(row.takes):
            expected = f"{needed} to {counted(len(row.takes), 'number')}" if needed < len(row.takes) else str(needed)
            raise OscError(f"{row.address} takes {expected}; got {len(message.values)}")
        return row.events([_within(row, place, message.values) for place in range(len(row.takes))])


class PresentAddresses:
    """The addresses of what is played at the moment: as `Addresses` of what `patch()` returns."""

    def __init__(self, patch: Callable[[], Patch | None]) -> None:
        self._patch, self._of = patch, patch()
        self._addresses = Addresses(self._of)

    def events(self, message: Message) -> list[Event]:
        """As `Addresses.events`."""
        if (patch := self._patch()) is not self._of:
            self._of, self._addresses = patch, Addresses(patch)
        return self._addresses.events(message)


def _within(row: Row, place: int, values: Sequence[float | str]) -> float:
    """The number at a place, within its range."""
    takes = row.takes[place]
    value = values[place] if place < len(values) else takes.usual
    if value is None or isinstance(value, str) or not math.isfinite(value):
        raise OscError(f"{row.address} takes numbers; got {quoted(value)}")
    return min(max(value, takes.low), takes.high)


def listing() -> Iterator[tuple[str, str, str]]:
    """Address, what it takes and what it does, of those that every sound has, for the help."""
    for row in _ROWS:
        yield row.address, ", ".join(map(str, row.takes)) or "nothing", row.says


def address_of(parameter: str) -> str:
    """The address of a parameter, or of what a preset's macros and controllers move.

    >>> address_of("release_seconds"), address_of("effects.tape echo.mix")
    ('/nsynth/release_seconds', '/nsynth/effects/tape_echo/mix')
    """
    return ROOT + parameter.translate(NOT_IN_ADDRESSES)


def _rows_of(patch: Patch | None) -> Iterator[Row]:
    yield from _ROWS
    yield from map(_of_word, WORDS.values())
    if patch is None:
        return
    macros = {f"macros.{macro.name}": macro for macro in patch.macros}
    for name, target in targets(patch).items():
        moved = partial(_macro, macros[name]) if name in macros else partial(_set, name)
        yield Row(address_of(name), (Argument("value", target.rule.low, target.rule.high),), target.rule.says, moved)


def _of_word(word: Word) -> Row:
    def moved(numbers: Numbers) -> list[Event]:
        return [setting(word.parameter, word.inwards(numbers[0]))]

    return Row(address_of(word.name), (Argument("value", word.low, word.high),), word.about, moved)


def _set(name: str, numbers: Numbers) -> list[Event]:
    return [setting(name, numbers[0])]


def _macro(macro: Macro, numbers: Numbers) -> list[Event]:
    return [setting(move.target, move.value(numbers[0])) for move in macro.moves]


def _note_on(numbers: Numbers) -> list[Event]:
    key, velocity, channel = map(round, numbers)
    return [Event(Kind.NOTE_ON if velocity else Kind.NOTE_OFF, channel - 1, key, velocity or 64)]


def _note_off(numbers: Numbers) -> list[Event]:
    key, channel = map(round, numbers)
    return [Event(Kind.NOTE_OFF, channel - 1, key, 64)]


def _bend(numbers: Numbers) -> list[Event]:
    steps = min(round(numbers[0] * BEND_STEPS), BEND_STEPS - 1)
    return [Event(Kind.BEND, round(numbers[1]) - 1, 0, steps)]


def _pressure(numbers: Numbers) -> list[Event]:
    return [Event(Kind.PRESSURE, round(numbers[1]) - 1, 0, round(FULL * numbers[0]))]


def _controller(numbers: Numbers) -> list[Event]:
    number, value, channel = map(round, numbers)
    return [Event(Kind.CONTROL, channel - 1, number, value)]


def _program(numbers: Numbers) -> list[Event]:
    number, channel = map(round, numbers)
    return [Event(Kind.PROGRAM, channel - 1, number - 1)]


def _tempo(numbers: Numbers) -> list[Event]:
    return [tempo(numbers[0])]


def _beat(numbers: Numbers) -> list[Event]:
    return [beat(numbers[0])]


def _panic(_: Numbers) -> list[Event]:
    from nsynth_lab.synth.engine import panic  # with the decoders, which a help text does not wait for

    return panic()


_KEY, _CHANNEL = Argument("key", 0, 127), Argument("channel", 1, CHANNELS, usual=1)
_ROWS = (
    Row(f"{ROOT}note_on", (_KEY, Argument("velocity", 0, 127), _CHANNEL), "a key goes down; at 0 up", _note_on),
    Row(f"{ROOT}note_off", (_KEY, _CHANNEL), "a key goes up", _note_off),
    Row(f"{ROOT}bend", (Argument("value", -1, 1), _CHANNEL), "the pitch wheel", _bend),
    Row(f"{ROOT}pressure", (Argument("value", 0, 1), _CHANNEL), "channel pressure", _pressure),
    Row(
        f"{ROOT}controller",
        (Argument("number", 0, 127), Argument("value", 0, 127), _CHANNEL),
        "a controller, as on MIDI",
        _controller,
    ),
    Row(f"{ROOT}program", (Argument("number", 1, 128), _CHANNEL), "a program change", _program),
    Row(f"{ROOT}tempo", (Argument("beats a minute", LOWEST_BPM, HIGHEST_BPM),), "the tempo", _tempo),
    Row(f"{ROOT}beat", (Argument("beat", 0, 1e6),), "the song is at this beat, counted from 0", _beat),
    Row(f"{ROOT}panic", (), "nothing sounds any more", _panic),
)
