"""Score: a phrase with the options by which it is played, ready for the performer, a MIDI file or a sound file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.analysis.follower import Heard
from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.analysis.phrase import Phrase
from nsynth_lab.errors import AudioError
from nsynth_lab.midi.events import Event
from nsynth_lab.translate.heard_notes import heard_notes
from nsynth_lab.translate.played import Played, centred, followed_ms, levelled, play_curve, play_notes
from nsynth_lab.translate.rules import Rules, parse_snap
from nsynth_lab.units import SAMPLE_RATE, db_to_gain

if TYPE_CHECKING:
    from nsynth_lab.panel.messages.translating import Translate

FULL_SCALE = 32768.0
LOUDEST = 0.9  # amplitude of the source


class Target(NamedTuple):
    """What plays a phrase: its lowest and highest note, and whether its notes die away, so that each is struck."""

    lowest: int = 0
    highest: int = 127
    struck: bool = False


@dataclass(frozen=True)
class Options:
    """How a phrase, or an input, is played: the options of `translate`.

    Raises:
        UsageError: a number out of its range, or an unknown scale.
    """

    transpose: float = 0.0
    follow: float = 1.0
    dynamics: float = 1.0
    snap: str = ""
    octaves: bool = True
    as_notes: bool = False
    expression: float = 0.0

    @classmethod
    def of(cls, message: Translate) -> Options:
        """What a page has asked for."""
        return cls(message.transpose, message.follow, message.dynamics, message.snap, message.octaves, message.as_notes)

    def rules(self, target: Target, **more: Any) -> Rules:
        """The same as rules for a target."""
        snap = parse_snap(self.snap) if self.snap else ()
        return Rules(
            self.transpose, self.follow, snap, self.dynamics, expression=self.expression, **target._asdict(), **more
        )

    @property
    def level_share(self) -> float:
        """How far notes keep to the level that they are given rather than decay by themselves."""
        return 0.0 if self.as_notes else self.follow


@dataclass(frozen=True, eq=False)
class Notes:
    """The notes of a phrase, found when they are first asked for, or `several` at once that were heard instead."""

    phrase: Phrase
    several: Sequence[HeardNote] | None = None

    @cached_property
    def found(self) -> Sequence[HeardNote]:
        """In order; none overlap, unless several were heard at once."""
        return heard_notes(self.phrase) if self.several is None else self.several

    def suited(self, options: Options) -> Options:
        """The options as they go with it: several at once are played as notes."""
        return options if self.several is None else replace(options, as_notes=True)


@dataclass(frozen=True, eq=False)
class Score:
    """What the performer plays.

    Attributes:
        phrase: what was heard.
        rules: how it is played, moved into the target's range.
        level_share: see `Options.level_share`.
        sound: [samples] of the sound that it was heard in, 16 bits; None if there is none.
        source_gain: of that sound, of which 1 is full scale: as loud as what is played, as far as it fits.
        rest: [samples] of what is left of that sound without its notes; None if there is none.
        rest_gain: of that; 1 is full scale.
        notes: events of its notes; None if it is followed moment by moment.
        late_samples: how much later than that sound it is played.
    """

    phrase: Phrase
    rules: Rules
    level_share: float = 1.0
    sound: NDArray[np.int16] | None = None
    source_gain: float = 0.0
    rest: NDArray[np.int16] | None = None
    rest_gain: float = 0.0
    notes: Sequence[Event] | None = None
    late_samples: int = 0

    @property
    def samples(self) -> int:
        """Length."""
        return self.phrase.samples

    def heard(self, hop: int) -> Heard:
        """One of its moments."""
        phrase = self.phrase
        note, level_db, strength, delay = (
            float(row[hop]) for row in (phrase.note, phrase.level_db, phrase.strength, phrase.delay_samples)
        )
        return Heard(note, level_db, strength, int(delay))

    def plays_like(self, other: Score) -> bool:
        """Whether the notes that sound may go on when the other takes its place."""
        return self.phrase is other.phrase and self.rules == other.rules and self.notes is other.notes


def score_of(
    notes: Notes,
    options: Options,
    target: Target,
    *,
    sound: NDArray[np.int16] | None,
    peak: float,
    rest: NDArray[np.int16] | None = None,
) -> Score:
    """A phrase for the performer; `peak` is the amplitude of the sound.

    Raises:
        UsageError: options that cannot be used.
        AudioError: it has no notes to be played as.
    """
    phrase, options = notes.phrase, notes.suited(options)
    rules = levelled(options.rules(target), phrase)
    events: Sequence[Event] | None = None
    if options.as_notes:
        played = played_of(notes, options, target)
        rules = replace(rules, transpose=played.transposed, makeup_db=played.makeup_db)
        events = list(played.events)
    else:
        rules = centred(rules, phrase) if options.octaves else replace(rules, lowest=0, highest=127)
    makeup = float(db_to_gain(rules.makeup_db))
    late_ms = 0.0 if options.as_notes else followed_ms(phrase)
    return Score(
        phrase,
        rules,
        options.level_share,
        sound,
        min(makeup, LOUDEST / max(peak, 1e-6)) / FULL_SCALE,
        rest,
        makeup / FULL_SCALE,
        events,
        round(late_ms * SAMPLE_RATE / 1000.0),
    )


def played_of(notes: Notes, options: Options, target: Target) -> Played:
    """All of a phrase as `translate` plays it.

    Raises:
        UsageError: options that cannot be used.
        AudioError: it has no notes to be played as.
    """
    options = notes.suited(options)
    rules = options.rules(target)
    if not options.as_notes:
        return play_curve(notes.phrase, rules, octaves=options.octaves)
    if not notes.found:
        raise AudioError("no tone of this phrase is long enough for a note: have it followed, not played as notes")
    return play_notes(notes.found, rules, octaves=options.octaves)
