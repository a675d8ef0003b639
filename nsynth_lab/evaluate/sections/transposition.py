"""`transposition`: notes decoded with the timbre of the same instrument some semitones away.

The timbre comes from a note of the same instrument, velocity and hold, and with it what is played of its details at
that distance; level, f0 and partials are those of the target note. So this measures whether timbre is independent of
pitch. The mel error is against the recorded target.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any, ClassVar

from nsynth_lab.blend import stretch
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.dsp.mel_spectrum import mel_db
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.evaluate.metrics.distances import mel_distance_frames_db
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.notes import read_note
from nsynth_lab.evaluate.sections.section import Advance, DecodedNote, EvaluationSetup, Section, decode_whole
from nsynth_lab.latents import Latents

INTERVALS = (3, -3, 7, -7, 12, -12)


class TranspositionSection(Section):
    """Mel error over all intervals, by size, and by size and direction: `up_7` has its source 7 semitones below."""

    name: ClassVar[str] = "transposition"

    def __init__(self, setup: EvaluationSetup) -> None:
        super().__init__(setup)
        self.records = {_performance(one, one.pitch): one for one in setup.pool}
        self.figures = MetricValues(list(dict.fromkeys(name for by in INTERVALS for name in _metrics(by))))
        self.source = functools.lru_cache(maxsize=1024)(self._source)  # latents are small, and one serves many notes

    def steps(self) -> int:
        """One for every source of every note."""
        return sum(len(self.partners(record)) for record in self.setup.records)

    def partners(self, record: NoteRecord) -> dict[int, NoteRecord]:
        """Semitones up -> the note of the same instrument, velocity and hold that far below."""
        found = {by: self.records.get(_performance(record, record.pitch - by)) for by in INTERVALS}
        return {by: source for by, source in found.items() if source is not None}

    def add_note(self, note: DecodedNote, advance: Advance) -> None:
        """Decode one target note with the timbre of each of its sources."""
        for by, partner in self.partners(note.record).items():
            source = self.source(partner)
            if source is not None:
                target = note.latents
                moved = stretch(source.at_note(target.note), target.frames)
                transposed = replace(target, timbre=moved.timbre, detail=moved.detail)
                decoded = mel_db(decode_whole(transposed, self.setup.checkpoint))
                error = float(mel_distance_frames_db(decoded, note.original.mel_db).mean())
                self.figures.add(dict.fromkeys(_metrics(by), error), note.record.family)
            advance(1)

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002  (nothing left to do)
        """See `Section.finish`."""
        return self.figures.summary()

    def _source(self, record: NoteRecord) -> Latents | None:
        """The latents of a note; None if it cannot be read."""
        try:
            return read_note(record).encode(self.setup.checkpoint, rounds=self.setup.rounds, detail=self.setup.detail)
        except NsynthLabError:
            return None


def _performance(record: NoteRecord, pitch: int) -> tuple[object, ...]:
    return record.dataset, record.instrument_str, record.velocity, record.hold_seconds, pitch


def _metrics(by: int) -> list[str]:
    direction = "up" if by > 0 else "down"
    return ["mel_error_db", f"semitones_{abs(by)}_mel_error_db", f"{direction}_{abs(by)}_mel_error_db"]
