"""Follower: sound in, in blocks of any size; every 256 samples the pitch and the level of what was heard last.

    feed(samples) --> [ every HOP: candidates of the last 85 ms --> path ] --> Heard

What it gives depends on the samples so far and not on the blocks they came in, so with the same look-ahead a phrase is
followed alike live and from a file.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from nsynth_lab.analysis.first_pitch import FirstPitch, first_pitch
from nsynth_lab.analysis.pitch_candidates import LOWEST_HZ, WINDOWS, Candidate, candidates_of_moments, get_ready
from nsynth_lab.analysis.pitch_path import PitchPath
from nsynth_lab.compiled.pitch import SAME
from nsynth_lab.dsp.loudness import FLOOR_DB, a_weighted_window
from nsynth_lab.threads import in_threads, thread_count
from nsynth_lab.units import SAMPLE_RATE, FloatArray, Ints, hz_to_note

HOP = 256  # samples
HOP_SECONDS = HOP / SAMPLE_RATE
LEVEL_SAMPLES = 1024
DEFAULT_GATE_DB = -60.0  # amplitude of full scale
RANGE_DB = 44.0  # a sound so far below the loudest of the last seconds is a tail or a neighbour's
FORGETTING_DB = 0.013  # a hop: 2.4 dB a second
QUIET = 2.0
MOST_AROUND_HOPS = WINDOWS[-1] // 2 // HOP  # of a look-ahead: by then every window lies around its moment
MOST_PERIOD_HOPS = math.ceil(SAMPLE_RATE / LOWEST_HZ / HOP)
MOST_AT_ONCE, LEAST_SHARE = 64, 8  # hops: what is kept of them fits in a cache; as much is worth a thread
RISE_HOPS, RISE_DB = 5, 9.0  # a tone begins where the level has risen so much within so few hops


class Heard(NamedTuple):
    """One moment of a phrase.

    Attributes:
        note: its pitch as a MIDI note number with its fraction; NaN where there is no tone.
        level_db: A-weighted level; a 1 kHz sine of amplitude 1 is -3 dB.
        strength: how periodic it is, 0 to 1.
        delay_samples: how long before its end the pitch was measured.
    """

    note: float
    level_db: float
    strength: float
    delay_samples: int


class Follower:
    """Tracks pitch and level of one voice; `feed(samples)` returns what was heard in each hop.

    Args:
        gate_db: the amplitude below which nothing is.
        look_ahead_hops: how long a moment waits for what comes after it. Up to 16 hops let the windows lie around it,
            so that a low tone is known as early as a high one; more let the path be chosen by where it leads.
    """

    def __init__(self, *, gate_db: float = DEFAULT_GATE_DB, look_ahead_hops: int = 0) -> None:
        get_ready()
        self._past = np.zeros(WINDOWS[-1], np.float32)
        self._rest = np.zeros(0, np.float32)
        self._around = min(look_ahead_hops, MOST_AROUND_HOPS)
        self._after, self._late = self._around * HOP, look_ahead_hops - self._around
        self._path = PitchPath(lag=self._late)
        self._gate_db, self._loudest_db = gate_db, gate_db
        self._window, self._weights = a_weighted_window(LEVEL_SAMPLES)
        self._levels: deque[float] = deque(maxlen=self._late + MOST_PERIOD_HOPS)
        self._hops = self._toneless = self._low = 0

    def feed(self, samples: FloatArray) -> list[Heard]:
        """What is heard at the end of each whole hop, of mono `samples` [any number] at 48 kHz and those before.

        With a look-ahead it comes so many hops later.
        """
        fed = np.concatenate([self._rest, np.asarray(samples, np.float32)])
        whole = len(fed) // HOP * HOP
        self._rest = fed[whole:]
        heard: list[Heard] = []
        for at in range(0, whole, MOST_AT_ONCE * HOP):
            heard += self._hear(fed[at : min(at + MOST_AT_ONCE * HOP, whole)])
        return heard

    def end(self) -> list[Heard]:
        """The hops that still wait for their look-ahead, with silence after the last sample."""
        self._rest = self._rest[:0]
        return self.feed(np.zeros((self._around + self._late) * HOP, np.float32))

    def _hear(self, hops: FloatArray) -> list[Heard]:
        """The next hops, [some * 256]; those of them whose look-ahead is over."""
        sound = np.concatenate([self._past, hops])
        self._past = sound[-len(self._past) :]
        count = len(hops) // HOP
        waiting = min(max(self._around - self._hops, 0), count)
        self._hops += count
        ends = len(sound) - len(hops) + HOP * np.arange(1 + waiting, count + 1)
        peaks_db = [self._peak_db(sound[:end]) for end in ends.tolist()]
        loud = np.array(peaks_db) > self._gate_db
        found = iter(self._candidates(sound, ends[loud]))
        moments = zip(ends.tolist(), peaks_db, loud.tolist(), strict=True)
        heard = [self._step(sound[:end], peak_db, next(found) if is_loud else []) for end, peak_db, is_loud in moments]
        return [one for one in heard if one is not None]

    def _candidates(self, sound: FloatArray, ends: Ints) -> list[list[Candidate]]:
        """Those of the moments at `ends` of `sound`; of many, shared among threads."""
        shares = max(1, min(thread_count(), len(ends) // LEAST_SHARE))
        parts = in_threads(
            lambda part: candidates_of_moments(sound, part, after=self._after), np.array_split(ends, shares)
        )
        return [one for part in parts for one in part]

    def _peak_db(self, past: FloatArray) -> float:
        peak = float(np.abs(self._level_part(past)).max())
        return float(20.0 * np.log10(max(peak, 1e-6)))

    def _level_part(self, past: FloatArray) -> FloatArray:
        """The end of `past` whose level is measured: around the moment that is heard."""
        last = len(past) - self._after + min(self._after, LEVEL_SAMPLES // 2)
        return past[last - LEVEL_SAMPLES : last]

    def _step(self, past: FloatArray, peak_db: float, found: list[Candidate]) -> Heard | None:
        """What is heard at the end of `past`, where these candidates were found."""
        self._loudest_db = max(self._loudest_db - FORGETTING_DB, peak_db, self._gate_db)
        quiet = QUIET
        if peak_db > self._gate_db:
            quiet = QUIET * max(0.0, 1.0 - 10.0 ** ((peak_db - self._loudest_db + RANGE_DB) / 20.0))
        tone = self._path.step(found, quiet=quiet)
        level_db = self._level_db(past)
        if tone is not None and not self._after:
            tone = self._sooner(past, tone, level_db, quiet=bool(quiet))
        self._levels.append(level_db)
        if tone is None:
            return None
        note = hz_to_note(tone.hz) if tone.hz else np.nan
        # rounded as in a phrase, so that live and offline the same is played
        values = np.array([note, self._level_of(tone), tone.strength], np.float32)
        note, level_db, strength = values.tolist()
        return Heard(note, level_db, strength, max(tone.window // 2 - self._after, 0))

    def _sooner(self, past: FloatArray, tone: Candidate, level_db: float, *, quiet: bool) -> Candidate:
        """What the path says, or where a tone may have begun that is too short yet to be known, its first samples."""
        begins = (
            self._toneless >= RISE_HOPS and level_db - min(list(self._levels)[-RISE_HOPS:], default=FLOOR_DB) > RISE_DB
        )
        self._toneless = 0 if tone.hz else self._toneless + 1
        first = first_pitch(past[-len(self._past) :]) if begins and not quiet else None
        return tone if first is None else _surer(tone, first)

    def _level_of(self, tone: Candidate) -> float:
        """The level of a tone, over at least a period: within one, that of a low tone rises and falls.

        Without look-ahead it is averaged only after the pitch has stayed low for one period, because the pitch of a
        plucked note is briefly detected too low.
        """
        here = len(self._levels) - 1 - self._late
        hops = round(SAMPLE_RATE / tone.hz / HOP) if tone.hz else 0
        self._low = self._low + 1 if hops * HOP > LEVEL_SAMPLES else 0
        if not self._low or (not self._after and self._low <= hops):
            return self._levels[here]
        levels = list(self._levels)
        end = min(here + 1 + hops // 2, len(levels))
        power = 10.0 ** (np.array(levels[max(end - hops, 0) : end]) / 10.0)
        return float(10.0 * np.log10(power.mean()))

    def _level_db(self, past: FloatArray) -> float:
        spectrum = np.fft.rfft(self._level_part(past) * self._window)
        power = float((np.square(spectrum.real) + np.square(spectrum.imag)) @ self._weights)
        return max(float(10.0 * np.log10(max(power, 1e-12))), FLOOR_DB)


def _surer(tone: Candidate, first: FirstPitch) -> Candidate:
    """What the path says of a tone that has only just begun, with what its first samples say."""
    if not tone.hz:
        return Candidate(first.hz, first.clarity, 0.0, first.span)
    alike = abs(math.log2(first.hz / tone.hz)) < SAME
    return tone._replace(strength=max(tone.strength, first.clarity)) if alike else tone
