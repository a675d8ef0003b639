"""The line that `play` keeps at the foot of the terminal: what sounds and how it goes, in as many columns as there are.

What a player must know comes first and stays longest: that the device is gone, that there was too much to play, which
controller is waited for, what is played and what is recorded. Long names are cut before anything is left out.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from nsynth_lab.cli import console
from nsynth_lab.legible import legible

if TYPE_CHECKING:
    from nsynth_lab.analysis.follower import Heard
    from nsynth_lab.midi.computer_keyboard import ComputerKeyboard
    from nsynth_lab.render.live import Status
    from nsynth_lab.render.partner import PartnerState
    from nsynth_lab.synth.engine import EngineState

OVERLOAD_SECONDS = 5.0  # an overload is shown for this long after the last voice was stolen
PLAIN_COLUMNS = 160
BETWEEN, CUT = "  ", "…"
ALWAYS, LEAST = 0, 9  # ranks: what is left out last, and first
FITS = (
    (40, LEAST),
    (24, LEAST),
    (24, 7),
    (16, 7),
    (16, 6),
    (12, 5),
    (12, 4),
    (10, 3),
    (12, 2),
    (10, 2),
    (8, 2),
    (8, 1),
    (8, ALWAYS),
)


@dataclass(frozen=True)
class Part:
    """Some words of the line, their rank, and a name behind them that may be cut."""

    rank: int
    words: str
    name: str = ""

    def said(self, columns: int) -> str:
        """With no more than so many columns of the name."""
        return f"{self.words} {cut(self.name, columns)}".strip()


@dataclass
class StatusLine:
    """`line(status, columns=...)`; it remembers when voices were last stolen.

    Attributes:
        title: of what is played.
        keyboard: the computer keyboard, if that is what plays.
        clock: gives the time in seconds.
    """

    title: str = ""
    keyboard: ComputerKeyboard | None = None
    clock: Callable[[], float] = time.monotonic
    _stolen: int = field(default=0, init=False)
    _stolen_before: int = field(default=0, init=False)
    _stolen_at: float = field(default=float("-inf"), init=False)

    def line(self, status: Status, *, columns: int) -> str:
        """How it goes, in no more than so many columns of a terminal."""
        parts = self._parts(status)
        for name_columns, rank in FITS:
            said = BETWEEN.join(part.said(name_columns) for part in parts if part.rank <= rank)
            if said and cell_len(said) <= columns:
                return said
        return cut(BETWEEN.join(part.said(columns) for part in parts), columns)

    def _parts(self, status: Status) -> list[Part]:
        from nsynth_lab.synth.parameter_words import word_of

        engine, alarms = status.engine, []
        if status.away:
            alarms.append(Part(ALWAYS, "DEVICE LOST"))
        if status.input_away:
            alarms.append(Part(ALWAYS, "INPUT LOST"))
        if stolen := self._overload(engine.overload_stolen):
            alarms.append(Part(ALWAYS, f"overload: {stolen} voices stolen"))
        if engine.learning:
            alarms.append(Part(1, f"move a controller for {word_of(engine.learning)}"))
        return [
            *alarms,
            *([Part(1, "", legible(self.title))] if self.title else []),
            *([Part(1, _heard(status.heard))] if status.heard is not None else []),
            *([partner_part(status.partner)] if status.partner is not None else []),
            Part(4, _place(engine)),
            *self._keys(),
            *([Part(2, "rec", legible(status.recording))] if status.recording else []),
            Part(3, f"{engine.voices:2d} voices"),
            Part(5, f"load {100 * status.median:.0f}/{status.highest:.0%}"),
            Part(6 if status.underruns else 7, f"underruns {status.underruns}"),
            Part(6, f"{status.latency_ms:.0f} ms"),
            Part(8, f"peak {engine.peak:.2f}"),
        ]

    def _keys(self) -> list[Part]:
        if self.keyboard is None:
            return []
        octave = [Part(2, f"oct {self.keyboard.octave:+d}")] if self.keyboard.octave else []
        return octave + [Part(2, "hold")] * self.keyboard.holding

    def _overload(self, stolen: int) -> int:
        """Voices stolen in the present overload, or in one that ended a moment ago."""
        now = self.clock()
        if stolen > self._stolen:
            if now - self._stolen_at > OVERLOAD_SECONDS:
                self._stolen_before = self._stolen
            self._stolen, self._stolen_at = stolen, now
        return self._stolen - self._stolen_before if now - self._stolen_at <= OVERLOAD_SECONDS else 0

    def show(self, status: Status) -> None:
        """On a terminal in the place of the line before; elsewhere a line of its own, while something sounds."""
        if is_live():
            sys.stderr.write(f"\r\x1b[K{self.line(status, columns=max(1, console.stderr.width - 1))}")
            sys.stderr.flush()
        elif status.engine.voices or status.heard is not None:
            console.say(self.line(status, columns=PLAIN_COLUMNS))


def partner_part(partner: PartnerState) -> Part:
    """What a partner does, and the notes that it is going to play."""
    from nsynth_lab.note import note_name

    return Part(1, partner.doing, " ".join(note_name(note) for note in partner.coming))


def _heard(heard: Heard) -> str:
    """Level and pitch of the input: dB of full scale, the nearest note and the cents from it.

    >>> from nsynth_lab.analysis.follower import Heard
    >>> _heard(Heard(69.12, -23.4, 0.9, 512)), _heard(Heard(float("nan"), -71.0, 0.0, 512))
    (' -23 dB A4  +12', ' -71 dB        ')
    """
    from nsynth_lab.note import note_name

    level = f"{heard.level_db:4.0f} dB"
    if math.isnan(heard.note):
        return f"{level}{'':8}"
    note = round(heard.note)
    return f"{level} {note_name(note):3} {100 * (heard.note - note):+3.0f}"


def _place(engine: EngineState) -> str:
    """Where the blend is: x and y, or the share of each source in per cent."""
    if engine.weights:
        return "/".join(f"{100 * weight:.0f}" for weight in engine.weights)
    return f"{engine.x:.2f},{engine.y:.2f}"


def is_live() -> bool:
    """Whether there is a terminal that can write over a line."""
    return console.stderr.is_terminal and not console.stderr.is_dumb_terminal


def clear() -> None:
    """Make room for something else to be said."""
    if is_live():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def cut(text: str, columns: int) -> str:
    """The text, its end cut off where it is wider than so many columns of a terminal.

    >>> cut("orchestral harp", 8), cut("琵琶と尺八", 6), cut("oboe", 8)
    ('orchest…', '琵琶 …', 'oboe')
    """
    if cell_len(text) <= columns:
        return text
    return set_cell_size(text, columns - 1) + CUT if columns > 0 else ""
