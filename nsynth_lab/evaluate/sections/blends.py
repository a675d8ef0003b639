"""`blends`: pairs of instruments, eleven sounds on the way from one to the other.

Pairs are drawn from the notes of the data sets that meet at one pitch; where no two instruments do, from the
checkpoint's bank. Every sound lasts 1.5 s. Figures `by_family` are of pairs within a family, and of those "across".
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nsynth_lab.blend import blend, pair, stretch
from nsynth_lab.blend.even import STEPS, even_axis
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.evaluate.metrics.blend_path import AT_LEAST, POSITIONS, WITHIN, even_step_spread, judge
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.metrics.summary import Figures
from nsynth_lab.evaluate.notes import read_note
from nsynth_lab.evaluate.sections.pairs import Pair, Source, pairs_of_bank, pairs_of_notes
from nsynth_lab.evaluate.sections.section import Advance, Section, Work, decode_whole
from nsynth_lab.latents import Latents
from nsynth_lab.note import Note
from nsynth_lab.units import seconds_to_frames

SECONDS = 1.5
FRAMES = seconds_to_frames(SECONDS)
VELOCITY = 100
SOUNDS = STEPS + 2 * len(POSITIONS)  # a pair


class Blends(Section):
    """Every metric of `judge`, and the step spread on the even axis; reads its own notes."""

    name: ClassVar[str] = "blends"
    sees_notes: ClassVar[bool] = False

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.pairs = pairs_of_notes(work.pool, work.pairs, seed=work.seed)
        if not self.pairs and work.bank is not None:
            self.pairs = pairs_of_bank(work.bank, work.pairs, seed=work.seed)

    def steps(self) -> int:
        """The sounds of all pairs."""
        return SOUNDS * len(self.pairs)

    def finish(self, advance: Advance) -> dict[str, Any]:
        """Its figures, and how many pairs they are from; one that cannot be read is left out."""
        figures = Figures()
        blended = 0
        for one in self.pairs:
            try:
                first, second = self._sources(one)
            except NsynthLabError:
                advance(SOUNDS)
                continue
            spread = even_step_spread(self._even_sounds(first, second, advance))
            figures.add({**judge(*self._sounds(first, second, advance)), "even_step_spread": spread}, one.family)
            blended += 1
        return {"pairs": blended, **figures.summary(within=WITHIN, at_least=AT_LEAST)}

    def _sources(self, one: Pair) -> list[Latents]:
        return [self._source(source, one.note) for source in (one.first, one.second)]

    def _source(self, source: Source, note: int) -> Latents:
        if isinstance(source, NoteRecord):
            return read_note(source).encode(self.work.checkpoint, rounds=self.work.rounds)
        assert self.work.bank is not None
        return self.work.bank.latents(source, Note(note, VELOCITY))

    def _sounds(self, first: Latents, second: Latents, advance: Advance) -> tuple[list[Sound], list[Sound]]:
        """The path, and the two sources by themselves, brought to its length."""
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
        """Sounds at equal moves of the even axis, as `--even` has them."""

        def at(position: float) -> Sound:
            advance(1)
            return self._sound(blend((first, second), pair(position), frames=FRAMES))

        axis = even_axis([at(position).samples for position in np.linspace(0.0, 1.0, STEPS)])
        return [at(axis.plain(position)) for position in POSITIONS]

    def _sound(self, latents: Latents) -> Sound:
        return Sound(decode_whole(latents, self.work.checkpoint), latents.note)


def _sound_alike(one: Latents, other: Latents) -> bool:
    """Whether decoding both would give the same samples twice."""
    streams = ("timbre", "loudness_db", "f0_cents", "partials")
    return one.note == other.note and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in streams)
