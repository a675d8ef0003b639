"""Translations for `nsynth-lab evaluate`, made as `nsynth-lab translate` makes them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nsynth_lab.analysis.heard_note import HeardNote
    from nsynth_lab.analysis.phrase import Phrase
    from nsynth_lab.evaluate.translations import Translation
    from nsynth_lab.midi.events import Event
    from nsynth_lab.render.play_request import PlayRequest
    from nsynth_lab.render.session import Session
    from nsynth_lab.units import FloatArray


class Translator:
    """Translates phrases into instruments of a session's bank; see `evaluate.translations.Translator`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._followed: tuple[FloatArray, Phrase, float] | None = None

    def family(self, target: str) -> str:
        """The family of an instrument."""
        return self._session.bank.find(target).instrument.family

    def translate(self, phrase: FloatArray, target: str) -> Translation | None:
        """`phrase` [samples] at 48 kHz as `target` plays it; None where no tone is heard in it."""
        from nsynth_lab.evaluate.translations import PlayedNote, Translation
        from nsynth_lab.midi.events import Kind
        from nsynth_lab.render.play_request import parse_play
        from nsynth_lab.render.target_range import target_is_struck, target_range
        from nsynth_lab.translate.played import notes_of, play_curve
        from nsynth_lab.translate.rules import Rules

        followed, seconds = self._follow(phrase)
        if followed.is_toneless:
            return None
        asked = parse_play([target], mpe=True)
        begun = time.perf_counter()
        low, high = target_range(self._session, asked)
        rules = Rules(lowest=low, highest=high, struck=target_is_struck(self._session, asked))
        played = play_curve(followed, rules, octaves=True)
        samples = self._played(asked, played.events, followed.samples)
        seconds += time.perf_counter() - begun
        pressed = [event for event in played.events if event.kind in (Kind.NOTE_ON, Kind.NOTE_OFF)]
        plain = self._played(asked, pressed, followed.samples)
        notes = tuple(PlayedNote(*note) for note in sorted(notes_of(played.events, followed.seconds)))
        return Translation(samples, plain, notes, played.transposed, low, high, seconds)

    def play_chords(self, notes: Sequence[HeardNote], target: str, samples: int) -> tuple[FloatArray, float]:
        """Notes as `target` plays them, [samples] at 48 kHz, and by how many semitones it moved them all."""
        from nsynth_lab.render.play_request import parse_play
        from nsynth_lab.render.target_range import target_range
        from nsynth_lab.translate.played import play_notes
        from nsynth_lab.translate.rules import Rules

        asked = parse_play([target], mpe=True, follow=0.0)
        low, high = target_range(self._session, asked)
        played = play_notes(notes, Rules(lowest=low, highest=high), octaves=True)
        return self._played(asked, played.events, samples), played.transposed

    def _follow(self, samples: FloatArray) -> tuple[Phrase, float]:
        """What is heard in a phrase, and the seconds that takes; the same phrase is followed once."""
        from nsynth_lab.analysis.phrase import LOOK_AHEAD_HOPS, follow

        if self._followed is None or self._followed[0] is not samples:
            begun = time.perf_counter()
            phrase = follow([samples], look_ahead_hops=LOOK_AHEAD_HOPS)
            self._followed = samples, phrase, time.perf_counter() - begun
        return self._followed[1], self._followed[2]

    def _played(self, asked: PlayRequest, events: Iterable[Event], samples: int) -> FloatArray:
        from nsynth_lab.render.song import BLOCK_SAMPLES, blocks_of

        engine = asked.engine(self._session, live=False, ahead_samples=BLOCK_SAMPLES)
        blocks = list(blocks_of(engine, events, end_sample=samples))
        return np.asarray(np.concatenate(blocks, axis=1).mean(axis=0), np.float32)
