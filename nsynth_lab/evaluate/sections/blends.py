"""`blends`: pairs of instruments, with eleven sounds on the path from one to the other.

Pairs are notes of the same pitch from the data sets; if no two instruments have one, instruments of the checkpoint's
bank. Every sound lasts 1.5 s. Figures `by_family` are those of pairs within a family, and of pairs "across" families.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nsynth_lab.blend import blend, pair, stretch
from nsynth_lab.blend.even import STEPS, even_axis
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.evaluate.metrics.blend_path import AT_LEAST, POSITIONS, WITHIN, even_step_spread, measure_path
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.notes import read_note
from nsynth_lab.evaluate.sections.pairs import BlendPair, Source, pairs_of_bank, pairs_of_notes
from nsynth_lab.evaluate.sections.section import Advance, EvaluationSetup, Section, decode_whole
from nsynth_lab.latents import Latents
from nsynth_lab.note import Note
from nsynth_lab.units import seconds_to_frames

SECONDS = 1.5
FRAMES = seconds_to_frames(SECONDS)
VELOCITY = 100
SOUNDS = STEPS + 2 * len(POSITIONS)  # per pair


class BlendsSection(Section):
    """All metrics of `measure_path`, and the step spread on the even axis; it reads its own notes."""

    name: ClassVar[str] = "blends"
    uses_notes: ClassVar[bool] = False

    def __init__(self, setup: EvaluationSetup) -> None:
        super().__init__(setup)
        self.pairs = pairs_of_notes(setup.pool, setup.pairs, seed=setup.seed)
        if not self.pairs and setup.bank is not None:
            self.pairs = pairs_of_bank(setup.bank, setup.pairs, seed=setup.seed)

    def steps(self) -> int:
        """The number of sounds of all pairs."""
        return SOUNDS * len(self.pairs)

    def finish(self, advance: Advance) -> dict[str, Any]:
        """The figures and the number of pairs; pairs that cannot be read are left out."""
        figures = MetricValues()
        blended = 0
        for one in self.pairs:
            try:
                first, second = self._sources(one)
            except NsynthLabError:
                advance(SOUNDS)
                continue
            spread = even_step_spread(self._even_sounds(first, second, advance))
            figures.add({**measure_path(*self._sounds(first, second, advance)), "even_step_spread": spread}, one.family)
            blended += 1
        return {"pairs": blended, **figures.summary(within=WITHIN, at_least=AT_LEAST)}

    def _sources(self, one: BlendPair) -> list[Latents]:
        return [self._source(source, one.note) for source in (one.first, one.second)]

    def _source(self, source: Source, note: int) -> Latents:
        if isinstance(source, NoteRecord):
            return read_note(source).encode(self.setup.checkpoint, rounds=self.setup.rounds, detail=self.setup.detail)
        assert self.setup.bank is not None
        return self.setup.bank.latents(source, Note(note, VELOCITY))

    def _sounds(self, first: Latents, second: Latents, advance: Advance) -> tuple[list[Sound], list[Sound]]:
        """The sounds of the path, and those of the two sources alone, stretched to the same length."""
        blended = [blend((first, second), pair(position), frames=FRAMES) for position in POSITIONS]
        path = []
        for latents in blended:
            path.append(self._sound(latents))
            advance(1)
        ends = []
        for source, latents, sound in ((first, blended[0], path[0]), (second, blended[-1], path[-1])):
            alone = stretch(source, FRAMES)
            ends.append(sound if _sound_alike(alone, latents) else self._sound(alone))
        return path, ends

    def _even_sounds(self, first: Latents, second: Latents, advance: Advance) -> list[Sound]:
        """Sounds at equal steps of the even axis, as with `--even`."""

        def at(position: float) -> Sound:
            advance(1)
            return self._sound(blend((first, second), pair(position), frames=FRAMES))

        axis = even_axis([at(position).samples for position in np.linspace(0.0, 1.0, STEPS)])
        return [at(axis.plain(position)) for position in POSITIONS]

    def _sound(self, latents: Latents) -> Sound:
        return Sound(decode_whole(latents, self.setup.checkpoint), latents.note)


def _sound_alike(one: Latents, other: Latents) -> bool:
    """Whether decoding both would give the same samples twice."""
    streams = ("timbre", "loudness_db", "f0_cents", "partials", "unpitched", "detail")
    return one.note == other.note and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in streams)
