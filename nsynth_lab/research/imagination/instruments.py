"""Instruments drawn from the learnt prior: as it makes them, and with the real frames of a parent."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nsynth_lab.evaluate.imagination.kinds import Draw, Playable, playable
from nsynth_lab.evaluate.imagination.pca import MOMENTS, STREAMS, level_of, timbre_of
from nsynth_lab.imagine.candidate import Candidate, key_range, moved
from nsynth_lab.imagine.choose import Imagination
from nsynth_lab.imagine.ear import first_frames, heard_keys
from nsynth_lab.imagine.families import mean_timbre
from nsynth_lab.latents import Latents
from nsynth_lab.note import Note
from nsynth_lab.research.imagination.flow import POINT, VelocityNet, sample
from nsynth_lab.research.imagination.zones import condition
from nsynth_lab.units import Doubles, FloatArray


@dataclass(frozen=True)
class Prior:
    """A trained net, and what it needs to make notes.

    Attributes:
        net: the velocity net.
        imagination: of the bank.
        described: the descriptors of each real instrument [5], standardised in its family.
    """

    net: VelocityNet
    imagination: Imagination
    described: dict[str, FloatArray]

    def ways(self) -> dict[str, Draw]:
        """Ways to draw an instrument of a family, each with one noise for all its keys and velocities."""
        return {
            "rectified flow": lambda family, rng: self._drawn(family, rng, kept_frames=False),
            "flow, real frames": lambda family, rng: self._drawn(family, rng, kept_frames=True),
            "flow, chosen": self._chosen,
        }

    def _drawn(self, family: str, rng: np.random.Generator, *, kept_frames: bool) -> Playable:
        """Descriptors and pitch are those of a member; with `kept_frames` so are its frames, moved note by note."""
        parent, noise = self._beginning(family, rng)
        low, high = key_range(self.imagination.families.bank, [parent])

        def play(note: Note) -> Latents:
            real, made = self._made(parent, family, noise, note)
            return moved(real, Candidate((parent,), offset=_offset(made, real))) if kept_frames else made

        return Playable(family, low, high, play)

    def _chosen(self, family: str, rng: np.random.Generator) -> Playable:
        """As imagined ones are made and chosen, but the one offset of all notes is that which the net makes."""
        spread = self.imagination.families.spread(family)

        def candidate() -> Candidate:
            parent, noise = self._beginning(family, rng)
            keys = heard_keys(*key_range(self.imagination.families.bank, [parent]))
            notes = (self._made(parent, family, noise, Note(key, 100)) for key in keys)
            offset = np.mean([_offset(made, real) for real, made in notes], axis=0)
            return Candidate((parent,), offset=tuple(offset.tolist()), controls=spread.drawn_controls(rng))

        found = self.imagination.chosen(candidate, family)
        return playable(self.imagination, found.candidate, family)

    def _beginning(self, family: str, rng: np.random.Generator) -> tuple[str, FloatArray]:
        """(a member of the family, noise [1, 204])."""
        parent = str(rng.choice(self.imagination.families.members_of(family)))
        return parent, rng.standard_normal((1, POINT)).astype(np.float32)

    def _made(self, parent: str, family: str, noise: FloatArray, note: Note) -> tuple[Latents, Latents]:
        """(the parent's note, the same with the timbre and the level that the net makes)."""
        told = condition(family, note.number, note.velocity, self.described[parent])
        slots = sample(self.net, noise, told[None])[0].reshape(MOMENTS, STREAMS).astype(np.float64)
        real = first_frames(self.imagination.families.bank.latents(parent, note))
        return real, replace(real, timbre=timbre_of(slots), loudness_db=level_of(slots))


def _offset(made: Latents, real: Latents) -> tuple[float, ...]:
    """From the mean timbre of one note to that of the other, [16]."""
    difference: Doubles = mean_timbre([made]) - mean_timbre([real])
    return tuple(difference.tolist())
