"""Whether one sound plays the tune of another: its pitch, its notes, its level, and its rests.

    Tune.of(samples) --> pitch by pYIN, level --> agreement(source, result)

A result is a little later than its source, and may have been moved by octaves on purpose. It is compared after the
delay that suits its pitch best, and relative to the transposition that is asked for.

Notes begin where a tone does, where its pitch steps to another place and rests there, and where its level comes back
after a dip; a glide is one note. Matching within 50 ms is what mir_eval's `onset.f_measure` does (Raffel et al. 2014).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.dsp.loudness import FLOOR_DB, loudness_db
from nsynth_lab.evaluate.metrics.yin_pitch import HIGHEST_NOTE, LOWEST_NOTE, pyin_notes
from nsynth_lab.units import FRAME_RATE_HZ, Doubles, FloatArray, note_to_hz

LEAST_DELAY_MS, MOST_DELAY_MS = -30, 120
NEAR_CENTS, OCTAVE_CENTS = 20.0, 900.0
ONSET_SECONDS = 0.05
STRAY_PERCENTILES = (2.0, 98.0)
NOTE_DB = 35.0  # a note is at most so far below the loud ones
APART_SECONDS = 0.1  # from one note to the next
HEARD_DB = 50.0  # below the loud notes a sound is a rest
REST_SECONDS = 0.3  # by then the releases of the notes are over
REST_FRAMES, REST_SEMITONES = 7, 0.5  # a pitch that stays so long within so little rests
STEP_SEMITONES, LONGEST_STEP_FRAMES = 0.7, 12
SHORTEST_FRAMES = 6
DIP_DB, DIP_FRAMES = 6.0, 12
CLEAR_NOTES, CLEAR_SHARE = 3, 0.6


@dataclass(frozen=True)
class Tune:
    """A sound as a tune, one value for each 512 samples.

    Attributes:
        note: [frames] fractional MIDI notes; NaN where there is no tone.
        level_db: [frames] A-weighted level.
    """

    note: Doubles
    level_db: FloatArray

    @staticmethod
    def of(
        samples: FloatArray, *, lowest: float = LOWEST_NOTE, highest: float = HIGHEST_NOTE, least_window: int = 0
    ) -> Tune:
        """The tune of `samples` [samples] at 48 kHz, looked for between two notes; the higher, the finer in time.

        `least_window` makes it as coarse as the tune of another sound.

        Raises:
            MissingError: librosa is not installed.
        """
        note = pyin_notes(samples, lowest=lowest, highest=highest, least_window=least_window)
        lowest_hz = note_to_hz(float(np.percentile(tones, 10.0))) if len(tones := note[~np.isnan(note)]) else 440.0
        level_db = loudness_db(samples, f0_hz=lowest_hz)
        count = min(len(note), len(level_db))
        return Tune(note[:count], level_db[:count])

    @property
    def tones(self) -> int:
        """How many frames have a tone."""
        return int((~np.isnan(self.note)).sum())

    @property
    def loud_db(self) -> float:
        """The level that the loudest twentieth of its tones reaches; -100 dB without any."""
        tones = self.level_db[~np.isnan(self.note)]
        return float(np.percentile(tones, 95.0)) if len(tones) else FLOOR_DB

    def bounds(self, *, moved: Doubles | float = 0.0) -> tuple[float, float]:
        """The lowest and the highest of its notes, without stray ones and what is soft; `moved` [frames] semitones."""
        notes = (self.note + moved)[~np.isnan(self.note) & (self.level_db > self.loud_db - NOTE_DB)]
        low, high = np.percentile(notes, STRAY_PERCENTILES) if len(notes) else (float(LOWEST_NOTE), float(HIGHEST_NOTE))
        return float(low), float(high)

    def shifted(self, seconds: float) -> Tune:
        """As if it had begun `seconds` later, on the same frames; a pitch between two frames is on the line between."""
        at = np.asarray(np.arange(len(self.note)) - seconds * FRAME_RATE_HZ, np.float64)
        return Tune(_between(self.note, at), np.interp(at, np.arange(len(at)), self.level_db).astype(np.float32))


def agreement(source: Tune, result: Tune, *, moved: Doubles | float = 0.0) -> dict[str, float | None]:
    """How well `result` plays the tune of `source`; it is meant to be `moved` [frames] semitones up.

    within_20_cents: the share of the frames with a tone in both, above 50 dB below the source's loud notes.
    octave_errors: the share of these that are 900 cents and more away.
    toneless: the share of the source's tones where the result has none.
    onset_f1: of the notes' beginnings, within 50 ms; None for sources without clear notes.
    level_correlation: of the levels in dB, above 50 dB below the loud notes.
    rests_db: the median level in the source's rests, below the result's loud notes; None without rests.
    delay_ms: by which the result is later.
    """
    delay = delay_ms(source, result, moved=moved)
    came = result.shifted(-delay / 1000.0)
    count = min(len(source.note), len(came.note))
    wanted, tone = source.note[:count] + np.broadcast_to(moved, len(source.note))[:count], came.note[:count]
    cents = 100.0 * np.abs(tone - wanted)
    level, own = source.level_db[:count], came.level_db[:count]
    both = ~np.isnan(cents) & (level > source.loud_db - HEARD_DB)
    rests = rests_of(source)[:count]
    return {
        "within_20_cents": float(np.mean(cents[both] < NEAR_CENTS)) if both.any() else 0.0,
        "octave_errors": float(np.mean(cents[both] > OCTAVE_CENTS)) if both.any() else 0.0,
        "toneless": float(np.isnan(tone[~np.isnan(wanted)]).mean()) if (~np.isnan(wanted)).any() else None,
        "onset_f1": f1(onsets(source), onsets(came)) if has_clear_notes(source) else None,
        "level_correlation": _correlation(
            np.maximum(level, source.loud_db - HEARD_DB), np.maximum(own, came.loud_db - HEARD_DB)
        ),
        "rests_db": float(np.median(own[rests])) - came.loud_db if rests.any() else None,
        "delay_ms": float(delay),
    }


def delay_ms(source: Tune, result: Tune, *, moved: Doubles | float = 0.0) -> int:
    """The delay, -30 to 120 ms, at which most frames agree within 20 cents; of several such that of the levels."""
    wanted = source.note + moved
    count = min(len(wanted), len(result.note))

    def near(came: Tune) -> float:
        cents = 100.0 * np.abs(came.note[:count] - wanted[:count])
        return float(np.sum(cents[~np.isnan(cents)] < NEAR_CENTS))

    def alike(came: Tune) -> float:
        return -float(np.mean(np.abs(_heard_db(came)[:count] - _heard_db(source)[:count])))

    every = {delay: result.shifted(-delay / 1000.0) for delay in range(LEAST_DELAY_MS, MOST_DELAY_MS + 1)}
    shares = {delay: near(came) for delay, came in every.items()}
    best = max(shares.values()) - 0.5
    return max((delay for delay, share in shares.items() if share >= best), key=lambda delay: alike(every[delay]))


def _heard_db(tune: Tune) -> FloatArray:
    """Its levels relative to its loud notes, as far as they are heard."""
    relative: FloatArray = tune.level_db - np.float32(tune.loud_db)
    return np.maximum(relative, np.float32(-HEARD_DB))


def onsets(tune: Tune) -> list[float]:
    """When its notes begin, in seconds."""
    found: list[int] = []
    heard = ~np.isnan(tune.note) & (tune.level_db > tune.loud_db - NOTE_DB)
    for begin, end in runs(heard, bridged=3):
        if end - begin >= SHORTEST_FRAMES:
            found += [begin, *_steps(tune.note, begin, end), *_strikes(tune.level_db, begin, end)]
    apart = APART_SECONDS * FRAME_RATE_HZ
    kept: list[int] = []
    for frame in sorted(found):
        if not kept or frame - kept[-1] >= apart:
            kept.append(frame)
    return [frame / FRAME_RATE_HZ for frame in kept]


def has_clear_notes(tune: Tune) -> bool:
    """Whether it has at least three notes, and most of its tones stay at one pitch, unlike speech and sirens."""
    tones = ~np.isnan(tune.note)
    return bool(tones.any() and np.mean(_rests(tune.note)[tones]) >= CLEAR_SHARE and len(onsets(tune)) >= CLEAR_NOTES)


def f1(wanted: list[float], came: list[float], *, within_seconds: float = ONSET_SECONDS) -> float:
    """The harmonic mean of precision and recall of moments in seconds, each matched with at most one, in order.

    >>> f1([0.0, 1.0, 2.0], [0.04, 1.2, 1.96, 3.0])
    0.5714285714285714
    """
    return 2.0 * matched(wanted, came, within_seconds=within_seconds) / max(len(wanted) + len(came), 1)


def matched(wanted: list[float], came: list[float], *, within_seconds: float = ONSET_SECONDS) -> int:
    """How many moments in seconds, both in order, are found, each matched with at most one."""
    hits = here = there = 0
    while here < len(wanted) and there < len(came):
        if abs(wanted[here] - came[there]) <= within_seconds:
            hits, here, there = hits + 1, here + 1, there + 1
        elif wanted[here] < came[there]:
            here += 1
        else:
            there += 1
    return hits


def rests_of(tune: Tune) -> np.ndarray:
    """Whether each frame [frames] has been 50 dB and more below the loud notes for 0.3 s."""
    quiet, long_enough = tune.level_db < tune.loud_db - HEARD_DB, round(REST_SECONDS * FRAME_RATE_HZ)
    rests = np.zeros(len(quiet), bool)
    for begin, end in runs(quiet):
        rests[begin + long_enough : end] = True
    rests[: np.argmax(~np.isnan(tune.note))] = False  # before the first note
    return rests


def runs(flags: np.ndarray, *, bridged: int = 0) -> list[tuple[int, int]]:
    """Begin and end of each run of true `flags`; gaps of up to `bridged` are closed.

    >>> runs(np.array([1, 1, 0, 1, 0, 0, 1], bool), bridged=1)
    [(0, 4), (6, 7)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    found: list[tuple[int, int]] = []
    for begin, end in edges.reshape(-1, 2).tolist():
        if found and begin - found[-1][1] <= bridged:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return found


def _between(note: Doubles, at: Doubles) -> Doubles:
    """`note` at fractional frames; NaN next to a frame without a tone, and across leaps."""
    low = np.clip(np.floor(at).astype(int), 0, len(note) - 1)
    high = np.minimum(low + 1, len(note) - 1)
    step = note[high] - note[low]
    share = np.clip(at - low, 0.0, 1.0)
    found = np.where(np.abs(step) < 1.5, note[low] + share * step, np.where(share < 0.5, note[low], note[high]))
    outside = (at < 0) | (at > len(note) - 1)
    return np.asarray(np.where(outside | np.isnan(note[low]) | np.isnan(note[high]), np.nan, found))


def _rests(note: Doubles) -> np.ndarray:
    """Whether the pitch of each frame [frames] lies within a stretch in which it rests."""
    resting = np.zeros(len(note), bool)
    for at in range(len(note) - REST_FRAMES + 1):
        own = note[at : at + REST_FRAMES]
        if not np.isnan(own).any() and own.max() - own.min() < REST_SEMITONES:
            resting[at : at + REST_FRAMES] = True
    return resting


def _steps(note: Doubles, begin: int, end: int) -> list[int]:
    """Frames in the middle of each step from one rest to another."""
    found, rest, left = [], np.nan, begin
    for at in range(begin, end - REST_FRAMES + 1):
        own = note[at : at + REST_FRAMES]
        if np.isnan(own).any() or own.max() - own.min() >= REST_SEMITONES:
            continue
        here = float(np.median(own))
        if abs(here - rest) >= STEP_SEMITONES and at - left <= LONGEST_STEP_FRAMES:
            middle = 0.5 * (here + rest)
            between = note[left : at + 1]
            crossed = np.flatnonzero((between > middle) == (here > rest))
            found.append(left + int(crossed[0]) if len(crossed) else at)
        rest, left = here, at + REST_FRAMES - 1
    return found


def _strikes(level_db: FloatArray, begin: int, end: int) -> list[int]:
    """Frames at which the level has come back from a dip."""
    found: list[int] = []
    last = begin
    for at in range(begin + 3, end - 3):
        if at <= last:
            continue
        before, after = level_db[max(last, at - DIP_FRAMES) : at], level_db[at : min(end, at + DIP_FRAMES // 2)]
        dip = level_db[at]
        if dip == level_db[max(begin, at - 3) : at + 4].min() and min(before.max(), after.max()) - dip >= DIP_DB:
            rising = np.flatnonzero(after >= dip + DIP_DB / 2)
            last = at + int(rising[0])
            found.append(last)
    return found


def _correlation(one: FloatArray, other: FloatArray) -> float | None:
    if one.std() < 1e-6 or other.std() < 1e-6:
        return None
    return float(np.corrcoef(one, other)[0, 1])
