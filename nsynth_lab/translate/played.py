"""A whole phrase as events for the engine."""

from __future__ import annotations

from dataclasses import replace

from nsynth_lab.analysis.phrase import Phrase
from nsynth_lab.midi.events import Event
from nsynth_lab.translate.note_maker import REFERENCE_DB, NoteMaker
from nsynth_lab.translate.rules import MOST_TRANSPOSED, Rules

TOO_QUIET_DB = -90.0


def events_of(phrase: Phrase, rules: Rules) -> list[Event]:
    """What the engine is sent, in order of time: exactly what it is sent while the phrase comes in live."""
    maker = NoteMaker(rules)
    events = [event for heard in phrase.heard() for event in maker.hear(heard)]
    return events + maker.end()


def levelled(rules: Rules, phrase: Phrase) -> Rules:
    """The rules with a make-up that brings the loud notes of the phrase to the level of the bank's instruments."""
    if phrase.loud_db < TOO_QUIET_DB:
        return rules
    return replace(rules, makeup_db=REFERENCE_DB - phrase.loud_db)


def centred(rules: Rules, phrase: Phrase) -> Rules:
    """The rules transposed by the octaves that bring most tones of the phrase into the target's range."""
    notes = [note + rules.transpose for note in phrase.note.tolist() if note == note]
    if not notes:
        return rules

    def outside(octaves: int) -> tuple[int, int]:
        low, high = rules.lowest - 0.5 - 12 * octaves, rules.highest + 0.5 - 12 * octaves
        return sum(not low <= note <= high for note in notes), abs(octaves)

    best = min(range(-4, 5), key=outside)
    return replace(rules, transpose=min(max(rules.transpose + 12 * best, -MOST_TRANSPOSED), MOST_TRANSPOSED))
