"""`transposition`: a note decoded from the timbre of its instrument's note some semitones away.

The source is the same instrument at the same velocity and length of hold; level, f0 and places of the partials are
those of the note aimed at, so that what is measured is whether timbre is free of pitch. The mel error is against the
real note.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any, ClassVar

from nsynth_lab.blend import stretch
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.dsp.mel import mel_db
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.evaluate.metrics.distances import mel_distance_frames_db
from nsynth_lab.evaluate.metrics.summary import Figures
from nsynth_lab.evaluate.notes import read_note
from nsynth_lab.evaluate.sections.section import Advance, Section, Twin, Work, decode_whole
from nsynth_lab.latents import Latents

INTERVALS = (3, -3, 7, -7, 12, -12)


class Transposition(Section):
    """Mel error over all intervals, by size, and by size and direction: in `up_7` the source lies 7 semitones below."""

    name: ClassVar[str] = "transposition"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.places = {_played(one, one.pitch): one for one in work.pool}
        self.figures = Figures(list(dict.fromkeys(name for by in INTERVALS for name in _metrics(by))))
        self.source = functools.lru_cache(maxsize=1024)(self._source)  # latents are small: one serves many notes

    def steps(self) -> int:
        """One for each source of each note."""
        return sum(len(self.partners(record)) for record in self.work.records)

    def partners(self, record: NoteRecord) -> dict[int, NoteRecord]:
        """Semitones up -> the note of the same instrument, played alike, that lies so far below."""
        found = {by: self.places.get(_played(record, record.pitch - by)) for by in INTERVALS}
        return {by: source for by, source in found.items() if source is not None}

    def see(self, twin: Twin, advance: Advance) -> None:
        """One note aimed at, from each of its sources."""
        for by, partner in self.partners(twin.record).items():
            source = self.source(partner)
            if source is not None:
                wanted = twin.latents
                moved = replace(wanted, timbre=stretch(source, wanted.frames).timbre)
                came = mel_db(decode_whole(moved, self.work.checkpoint))
                error = float(mel_distance_frames_db(came, twin.original.mel_db).mean())
                self.figures.add(dict.fromkeys(_metrics(by), error), twin.record.family)
            advance(1)

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002  (nothing left to do)
        """Its figures."""
        return self.figures.summary()

    def _source(self, record: NoteRecord) -> Latents | None:
        """Its latents; None where it cannot be read."""
        try:
            return read_note(record).encode(self.work.checkpoint, rounds=self.work.rounds)
        except NsynthLabError:
            return None


def _played(record: NoteRecord, pitch: int) -> tuple[object, ...]:
    return record.dataset, record.instrument_str, record.velocity, record.hold_seconds, pitch


def _metrics(by: int) -> list[str]:
    way = "up" if by > 0 else "down"
    return ["mel_error_db", f"semitones_{abs(by)}_mel_error_db", f"{way}_{abs(by)}_mel_error_db"]
