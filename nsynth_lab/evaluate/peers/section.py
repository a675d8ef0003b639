"""`peers`: the same notes and pairs, held to the same metrics, by what one can have without a network.

<peer> reconstruction    every metric of `compare`, on each note
<peer> blends            every metric of `judge`, on at most 20 of the pairs that `blends` takes; the ends are the first
                         1.5 s of the recordings as they are, for a peer has no latents to stretch
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.evaluate.metrics.blend_path import AT_LEAST, POSITIONS, judge
from nsynth_lab.evaluate.metrics.blend_path import WITHIN as WITHIN_PAIRS
from nsynth_lab.evaluate.metrics.compare import WITHIN, compare
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.metrics.summary import Figures
from nsynth_lab.evaluate.notes import read_samples
from nsynth_lab.evaluate.peers import MORPH, RECONSTRUCT, world
from nsynth_lab.evaluate.sections.blends import FRAMES
from nsynth_lab.evaluate.sections.pairs import Pair, pairs_of_notes
from nsynth_lab.evaluate.sections.section import Advance, Section, Twin, Work
from nsynth_lab.units import HOP_SAMPLES

MOST_PAIRS = 20


class Peers(Section):
    """WORLD only where pyworld is installed; else its place says how to get it."""

    name: ClassVar[str] = "peers"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.absent = {} if world.is_installed() else {"world": {"left_out": world.HOW_TO_INSTALL}}
        self.twins = {name: Figures() for name in RECONSTRUCT if name not in self.absent}
        self.paths = {name: Figures() for name in MORPH if name not in self.absent}
        every = pairs_of_notes(work.pool, work.pairs, seed=work.seed)
        self.pairs = every[:: max(1, -(-len(every) // MOST_PAIRS))]

    def steps(self) -> int:
        """One for each note and peer, eleven for each pair and peer."""
        return len(self.twins) * len(self.work.records) + len(self.paths) * len(self.pairs) * len(POSITIONS)

    def see(self, twin: Twin, advance: Advance) -> None:
        """One note, through every peer."""
        pitch = twin.record.pitch
        for name, figures in self.twins.items():
            back = Sound(RECONSTRUCT[name](twin.original.samples, note=pitch), pitch)
            figures.add(compare(back, twin.original), twin.record.family)
            advance(1)

    def finish(self, advance: Advance) -> dict[str, Any]:
        """Peer -> figures of its reconstructions and of its morphs."""
        for pair in self.pairs:
            self._walk(pair)
            advance(len(self.paths) * len(POSITIONS))
        told: dict[str, Any] = {name: {} for name in MORPH}
        told.update(self.absent)
        for name, figures in self.twins.items():
            told[name]["reconstruction"] = figures.summary(within=WITHIN)
        for name, figures in self.paths.items():
            told[name]["blends"] = figures.summary(within=WITHIN_PAIRS, at_least=AT_LEAST)
        return told

    def _walk(self, pair: Pair) -> None:
        """One pair, through every peer; one that cannot be read is left out."""
        try:
            ends = [self._end(source, pair.note) for source in (pair.first, pair.second)]
        except NsynthLabError:
            return
        for name, figures in self.paths.items():
            sounds = MORPH[name](*(end.samples for end in ends), positions=POSITIONS.tolist(), note=pair.note)
            figures.add(judge([Sound(sound, pair.note) for sound in sounds], ends), pair.family)

    def _end(self, source: str | NoteRecord, note: int) -> Sound:
        assert isinstance(source, NoteRecord)
        samples = read_samples(source)[: FRAMES * HOP_SAMPLES]
        return Sound(np.pad(samples, (0, FRAMES * HOP_SAMPLES - len(samples))), note)
