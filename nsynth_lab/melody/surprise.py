"""How surprising each note of a tune is to the writer, in bits; and a blend that follows it, its form or its pitch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nsynth_lab.errors import UsageError
from nsynth_lab.melody.conditions import metre_number, mode_number
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.hearing import heard
from nsynth_lab.melody.steps import REST, TICKS
from nsynth_lab.melody.writer import Writer
from nsynth_lab.melody.writing import Asked, hear
from nsynth_lab.tune.form import sections
from nsynth_lab.tune.played import played_bars, sounding
from nsynth_lab.tune.tune import Tune
from nsynth_lab.wording import quoted

FOLLOWED = ("tension", "pitch")
CALM, TENSE = 15.0, 85.0  # percentiles of a tune's notes at which a blend is wholly at one end
MOST_PLACES = 64
_PLACE = re.compile(r"\s*([A-Z]'?|\d*\.?\d+)\s*:\s*(\d*\.?\d+)\s*")


@dataclass(frozen=True)
class Moment:
    """From so many whole notes on, as the tune is played, the blend stands at a position from 0 to 1."""

    at: Fraction
    position: float


def surprises(writer: Writer, tune: Tune) -> list[float]:
    """For each note that sounds, in order, its bits: duration and pitch, as the writer expects them.

    Raises:
        TuneError: the tune cannot be heard: see `hearing.heard`.
    """
    found = heard(tune)
    draft = Draft(found.bar_ticks, position=found.notes[0][2])
    asked = Asked(metre_number(found.metre), mode_number(found.key.mode))
    _, bits = hear(writer, draft, asked, found.notes)
    first = draft.begins[0]
    of_tick = {
        begin - first: one for begin, one, pitch in zip(draft.begins, bits, draft.pitches, strict=True) if pitch != REST
    }
    written, reached = {}, Fraction(0)
    for index, bar in enumerate(tune.bars):
        written[index] = reached
        reached += bar.length
    played, begins = Fraction(0), []
    order = played_bars(tune)
    for index in order:
        begins.append((played, index))
        played += tune.bars[index].length
    usual = float(np.median(bits))
    result, place = [], 0
    for note in sounding(tune):
        while place + 1 < len(begins) and begins[place + 1][0] <= note.at:
            place += 1
        at, index = begins[place]
        result.append(of_tick.get(int((written[index] + note.at - at) * TICKS), usual))
    return result


def following(writer: Writer, tune: Tune, what: str) -> list[Moment]:
    """A blend that follows what the tune does: 0 where it is calm or low, 1 where it surprises or is high.

    Raises:
        UsageError: neither of `FOLLOWED`.
    """
    if what not in FOLLOWED:
        raise UsageError(f"follow {quoted(what)}; expected {' or '.join(FOLLOWED)}")
    notes = sounding(tune)
    values = np.array(surprises(writer, tune) if what == "tension" else [float(note.pitch.note) for note in notes])
    low, high = np.percentile(values, [CALM, TENSE])
    spread = max(float(high - low), 1e-6)
    return [
        Moment(note.at, round(float(np.clip((value - low) / spread, 0, 1)), 4))
        for note, value in zip(notes, values, strict=True)
    ]


def along_form(tune: Tune, text: str) -> list[Moment]:
    """A blend along a tune: `A:0,B:0.7` by its sections, or `0:0,0.5:1,1:0` over its time, in straight lines.

    Raises:
        UsageError: it is neither, or names a section that the tune has not.
    """
    found = [_PLACE.fullmatch(one) for one in text.split(",")]
    if not all(found) or len(found) > MOST_PLACES:
        raise UsageError(f"along {quoted(text)}; expected sections such as A:0,B:0.7 or times such as 0:0,1:0.7")
    pairs = [(one[1], float(one[2])) for one in found if one]
    if any(not 0 <= position <= 1 for _, position in pairs):
        raise UsageError(f"along {quoted(text)}: positions lie between 0 (the first instrument) and 1 (the second)")
    named = [name[0].isalpha() for name, _ in pairs]
    if all(named):
        return _by_sections(tune, dict(pairs), text)
    if any(named):
        raise UsageError(f"along {quoted(text)}: sections or times, not both")
    times = [float(name) for name, _ in pairs]
    if sorted(times) != times or not 0 <= times[0] <= times[-1] <= 1:
        raise UsageError(f"along {quoted(text)}: times go from 0, the beginning, to 1, the end")
    notes = sounding(tune)
    end = float(notes[-1].at + notes[-1].length)
    steps = [Fraction(step, 16) for step in range(int(end * 16) + 1)]
    return [Moment(at, float(np.interp(float(at) / end, times, [one for _, one in pairs]))) for at in steps]


def _by_sections(tune: Tune, positions: dict[str, float], text: str) -> list[Moment]:
    letters = {index: one.letter for one in sections(tune) for index in range(one.first, one.end)}
    unknown = [name for name in positions if name not in letters.values()]
    if unknown:
        own = ", ".join(dict.fromkeys(letters.values()))
        raise UsageError(f"along {quoted(text)}: the tune has no section {unknown[0]}; it has {own}")
    at, moments = Fraction(0), list[Moment]()
    for index in played_bars(tune):
        position = positions.get(letters[index])
        if position is not None and (not moments or moments[-1].position != position):
            moments.append(Moment(at, position))
        at += tune.bars[index].length
    return moments
