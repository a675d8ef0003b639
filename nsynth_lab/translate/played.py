"""Turns a whole phrase, or the notes of a recording, into events for the engine and for a MIDI file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.analysis.phrase import Phrase
from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.synth.followed import LAG_SAMPLES, REFERENCE_DB
from nsynth_lab.translate.note_events import loud_db_of, midi_events, note_events
from nsynth_lab.translate.note_maker import PITCH_DELAY_SAMPLES, NoteMaker
from nsynth_lab.translate.octaves import octaves_for
from nsynth_lab.translate.rules import HIGHEST, LOWEST, Rules
from nsynth_lab.units import SAMPLE_RATE

TOO_QUIET_DB = -90.0
MOST_DELAY_MS = 1000.0


@dataclass(frozen=True, eq=False)
class PhraseEvents:
    """What the engine is sent of a phrase, in order of time: exactly what it is sent while the phrase comes in live.

    The events are made anew each time they are gone through: those of 40 minutes would take 190 MB.

    Attributes:
        phrase: what was heard.
        rules: how it is played.
        later_samples: by which all of it is moved; what would begin before the phrase begins with it.
    """

    phrase: Phrase
    rules: Rules
    later_samples: int = 0

    def __iter__(self) -> Iterator[Event]:
        maker = NoteMaker(self.rules)
        for heard in self.phrase.heard():
            yield from map(self._moved, maker.hear(heard))
        yield from map(self._moved, maker.end())

    def _moved(self, event: Event) -> Event:
        return event.at(max(event.at_sample + self.later_samples, 0)) if self.later_samples else event


@dataclass(frozen=True)
class Played:
    """A phrase as it is played.

    Attributes:
        events: for the engine, in order of time; they can be gone through again and again.
        midi: for a MIDI file, likewise.
        transposed: by how many semitones it is moved up, with the octaves that bring it into the target's range.
        makeup_db: by how many dB it is louder than what was heard.
        delay_ms: by how many milliseconds its pitch comes later than that of what was heard.
    """

    events: Iterable[Event]
    midi: Iterable[Event]
    transposed: float
    makeup_db: float
    delay_ms: float

    @property
    def notes(self) -> int:
        """How many notes there are."""
        return sum(event.kind is Kind.NOTE_ON for event in self.events)


def with_delay(played: Played, delay_ms: float) -> Played:
    """The same, `delay_ms` after what was heard, 0 to 1000; notes that would begin before the sound begin with it.

    Raises:
        UsageError: out of that range.
    """
    check_delay(delay_ms)
    later = round((delay_ms - played.delay_ms) * SAMPLE_RATE / 1000.0)
    events = played.events
    if isinstance(events, PhraseEvents):
        moved: Iterable[Event] = replace(events, later_samples=events.later_samples + later)
    else:
        moved = [event.at(max(event.at_sample + later, 0)) for event in events]
    return replace(played, events=moved, delay_ms=delay_ms)


def check_delay(delay_ms: float) -> None:
    """Refuse a delay that `with_delay` does not take.

    Raises:
        UsageError: it is not between 0 and 1000 ms.
    """
    if not 0.0 <= delay_ms <= MOST_DELAY_MS:
        raise UsageError(f"--delay {delay_ms:g}; expected 0 to {MOST_DELAY_MS:g} ms")


def play_curve(phrase: Phrase, rules: Rules, *, octaves: bool) -> Played:
    """A phrase that is followed hop by hop, as loud as the instruments of the bank.

    A phrase that was followed with look-ahead lies over its source in time; one that was heard live comes later.

    Args:
        phrase: what was heard.
        rules: how it is played, with the target's range.
        octaves: whether it is moved into that range by octaves; if not, the range is not kept to.
    """
    rules = levelled(rules, phrase)
    rules = centred(rules, phrase) if octaves else replace(rules, lowest=LOWEST, highest=HIGHEST)
    events = PhraseEvents(phrase, rules)
    played = Played(events, events, rules.transpose, rules.makeup_db, followed_ms(phrase))
    return with_delay(played, 0.0) if phrase.is_in_time else played


def followed_ms(phrase: Phrase) -> float:
    """By how many milliseconds a pitch is played later than it was heard.

    It is what the engine needs (see `synth.followed`), and without look-ahead what the note maker waits.
    """
    waited = 0 if phrase.is_in_time else PITCH_DELAY_SAMPLES
    return 1000.0 * (waited + LAG_SAMPLES) / SAMPLE_RATE


def play_notes(notes: Sequence[HeardNote], rules: Rules, *, octaves: bool) -> Played:
    """Notes that were heard, played with the attacks and releases of their instrument; see `play_curve`."""
    rules = replace(rules, makeup_db=REFERENCE_DB - loud_db_of(notes))
    if octaves:
        rules = _moved(rules, octaves_for([note.pitch for note in notes], [note.samples for note in notes], rules))
    else:
        rules = replace(rules, lowest=LOWEST, highest=HIGHEST)
    events, midi = note_events(notes, rules), midi_events(notes, rules)
    return Played(events, midi, rules.transpose, rules.makeup_db, 0.0)


def levelled(rules: Rules, phrase: Phrase) -> Rules:
    """The rules with the gain that brings the loud notes of the phrase to the level of the bank's instruments."""
    if phrase.loud_db < TOO_QUIET_DB:
        return rules
    return replace(rules, makeup_db=REFERENCE_DB - phrase.loud_db)


def centred(rules: Rules, phrase: Phrase) -> Rules:
    """The rules, transposed by octaves so that the phrase lies comfortably in the target's range; see `octaves`."""
    tones = phrase.note[~np.isnan(phrase.note)]
    return _moved(rules, octaves_for(tones, np.ones(len(tones)), rules))


def _moved(rules: Rules, octaves: int) -> Rules:
    return replace(rules, transpose=rules.transpose + 12.0 * octaves)


def notes_of(events: Iterable[Event], seconds: float) -> list[tuple[float, float, int]]:
    """Each note as (begin in seconds, end in seconds, key); what is still held ends after `seconds`."""
    open_notes: dict[tuple[int, int], float] = {}
    found = []
    for event in events:
        place = (event.channel, event.number)
        if event.kind is Kind.NOTE_ON:
            open_notes[place] = event.at_sample / SAMPLE_RATE
        elif event.kind is Kind.NOTE_OFF and place in open_notes:
            found.append((open_notes.pop(place), event.at_sample / SAMPLE_RATE, event.number))
    return found + [(begin, seconds, key) for (_, key), begin in open_notes.items()]


def pitches_of(events: Iterable[Event], seconds: float) -> list[list[tuple[float, float]]]:
    """The pitch of each note as it is played: (seconds, MIDI note) where it begins, at each bend and at its end."""
    bends: dict[int, float] = {}
    open_notes: dict[tuple[int, int], list[tuple[float, float]]] = {}
    found = []
    for event in events:
        at = event.at_sample / SAMPLE_RATE
        if event.kind is Kind.PITCH:
            bends[event.channel] = event.value if event.value == event.value else 0.0
            for (channel, key), points in open_notes.items():
                if channel == event.channel:
                    points.append((at, key + bends[channel]))
        elif event.kind is Kind.NOTE_ON:
            place = (event.channel, event.number)
            open_notes[place] = [(at, event.number + bends.get(event.channel, 0.0))]
        elif event.kind is Kind.NOTE_OFF and (place := (event.channel, event.number)) in open_notes:
            points = open_notes.pop(place)
            found.append([*points, (at, points[-1][1])])
    return found + [[*points, (seconds, points[-1][1])] for points in open_notes.values()]
