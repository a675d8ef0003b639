"""`peers`: methods without a network, with the same notes, pairs and metrics.

<peer> reconstruction    all metrics of `compare`, on each note
<peer> blends            all metrics of `measure_path`, on at most 20 of the pairs of `blends`; the ends are the first
                         1.5 s of the recordings, because a peer has no latents to stretch
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.evaluate.metrics.blend_path import AT_LEAST, POSITIONS, measure_path
from nsynth_lab.evaluate.metrics.blend_path import WITHIN as WITHIN_PAIRS
from nsynth_lab.evaluate.metrics.compare import WITHIN, compare
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.notes import read_samples
from nsynth_lab.evaluate.peers import MORPH, RECONSTRUCT, world
from nsynth_lab.evaluate.sections.blends import FRAMES
from nsynth_lab.evaluate.sections.pairs import BlendPair, pairs_of_notes
from nsynth_lab.evaluate.sections.section import Advance, DecodedNote, EvaluationSetup, Section
from nsynth_lab.units import HOP_SAMPLES

MAX_PAIRS = 20


class PeersSection(Section):
    """Figures of all peers; without pyworld, WORLD's entry says how to install it."""

    name: ClassVar[str] = "peers"

    def __init__(self, setup: EvaluationSetup) -> None:
        super().__init__(setup)
        self.missing = {} if world.is_installed() else {"world": {"left_out": world.HOW_TO_INSTALL}}
        self.reconstructions = {name: MetricValues() for name in RECONSTRUCT if name not in self.missing}
        self.paths = {name: MetricValues() for name in MORPH if name not in self.missing}
        every = pairs_of_notes(setup.pool, setup.pairs, seed=setup.seed)
        self.pairs = every[:: max(1, -(-len(every) // MAX_PAIRS))]

    def steps(self) -> int:
        """One for every note and peer, eleven for every pair and peer."""
        return len(self.reconstructions) * len(self.setup.records) + len(self.paths) * len(self.pairs) * len(POSITIONS)

    def add_note(self, note: DecodedNote, advance: Advance) -> None:
        """Reconstruct one note with every peer."""
        pitch = note.record.pitch
        for name, figures in self.reconstructions.items():
            reconstruction = Sound(RECONSTRUCT[name](note.original.samples, note=pitch), pitch)
            figures.add(compare(reconstruction, note.original), note.record.family)
            advance(1)

    def finish(self, advance: Advance) -> dict[str, Any]:
        """Peer -> figures of its reconstructions and morphs."""
        for pair in self.pairs:
            self._morph(pair)
            advance(len(self.paths) * len(POSITIONS))
        found: dict[str, Any] = {name: {} for name in MORPH}
        found.update(self.missing)
        for name, figures in self.reconstructions.items():
            found[name]["reconstruction"] = figures.summary(within=WITHIN)
        for name, figures in self.paths.items():
            found[name]["blends"] = figures.summary(within=WITHIN_PAIRS, at_least=AT_LEAST)
        return found

    def _morph(self, pair: BlendPair) -> None:
        """Morph one pair with every peer; pairs that cannot be read are left out."""
        try:
            ends = [self._end(source, pair.note) for source in (pair.first, pair.second)]
        except NsynthLabError:
            return
        for name, figures in self.paths.items():
            sounds = MORPH[name](*(end.samples for end in ends), positions=POSITIONS.tolist(), note=pair.note)
            figures.add(measure_path([Sound(sound, pair.note) for sound in sounds], ends), pair.family)

    def _end(self, source: str | NoteRecord, note: int) -> Sound:
        assert isinstance(source, NoteRecord)
        samples = read_samples(source)[: FRAMES * HOP_SAMPLES]
        return Sound(np.pad(samples, (0, FRAMES * HOP_SAMPLES - len(samples))), note)
