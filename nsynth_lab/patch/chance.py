"""Random patches from a seed: the same seed and instruments, the same patch; each of them can be played."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from nsynth_lab.patch.macros import Macro, Move, Route
from nsynth_lab.patch.patch import Patch
from nsynth_lab.patch.rules import Parameter
from nsynth_lab.patch.slot import Slot
from nsynth_lab.patch.sound import Blend, Envelope, Lfo, Voice

LEAST_COMMON_SEMITONES = 12
_FIRST = (
    "Amber", "Brittle", "Copper", "Distant", "Early", "Feathered", "Glass", "Hollow", "Iron", "Lunar", "Mossy",
    "Northern", "Paper", "Quiet", "Rusted", "Salt",
)  # fmt: skip
_SECOND = (
    "Anthem", "Bloom", "Choir", "Drift", "Engine", "Fable", "Garden", "Harbour", "Icicle", "Lantern", "Meadow",
    "Orchard", "Parade", "Tide", "Whisper",
)  # fmt: skip
_EFFECTS: tuple[tuple[str, dict[str, tuple[float, float]]], ...] = (
    ("chorus", {"rate_hz": (0.2, 1.5), "depth": (0.05, 0.3)}),
    ("phaser", {"rate_hz": (0.05, 0.6), "depth": (0.2, 0.7)}),
    ("delay", {"delay_seconds": (0.15, 0.6), "feedback": (0.1, 0.5)}),
    ("ladder", {"cutoff_hz": (900.0, 7000.0), "resonance": (0.0, 0.4)}),
    ("distortion", {"drive_db": (3.0, 14.0)}),
)
Range = tuple[int, int]


def random_patch(instruments: Mapping[str, Range], *, seed: int) -> Patch:
    """A patch of two to four of these instruments (name: lowest and highest note) that have an octave in common.

    >>> random_patch({"flute": (60, 96), "cello": (36, 76)}, seed=1).blend.corners
    ('cello', 'flute')
    """
    dice = random.Random(seed)
    corners = _corners(dice, instruments)
    dims = 1 if len(corners) == 2 else 2
    is_struck = dice.random() < 0.3
    first, second = dice.choice(_FIRST), dice.choice(_SECOND)
    return Patch(
        name=f"{first} {second} {seed}",
        description=f"made by chance from seed {seed}",
        tags=("random",),
        blend=Blend(
            corners=corners,
            position=tuple(_rounded(dice.uniform(0.15, 0.85)) for _ in range(dims)),
            timbre=tuple(_rounded(dice.random()) for _ in range(dims)) if dice.random() < 0.4 else (),
            partials=tuple(float(dice.randint(0, 1)) for _ in range(dims)) if dice.random() < 0.3 else (),
            lfos=_lfos(dice),
        ),
        envelope=Envelope(
            attack_seconds=0.0 if is_struck else _rounded(dice.choice([0.0, dice.uniform(0.02, 0.5)])),
            release_seconds=_rounded(dice.uniform(0.15, 1.2)),
        ),
        voice=Voice(unison=dice.choice([1, 1, 1, 2]), detune_cents=_rounded(dice.uniform(4.0, 14.0))),
        effects=(
            *_effects(dice),
            Slot(
                "reverb",
                parameters={"room_size": _rounded(dice.uniform(0.2, 0.8))},
                mix=_rounded(dice.uniform(0.1, 0.35)),
            ),
        ),
        macros=(Macro("Morph", 0.0, (Move("blend.position", *_way(dice)),)),) if dice.random() < 0.5 else (),
        midi=(Route(1, "effects.reverb.mix", 0.1, 0.6),),
    )


def _corners(dice: random.Random, instruments: Mapping[str, Range]) -> tuple[str, ...]:
    """Names whose ranges have an octave in common, wherever there are such."""
    names = sorted(instruments)
    wanted = dice.choice([2, 2, 2, 3, 4])
    for _ in range(200):
        chosen = dice.sample(names, min(wanted, len(names)))
        if _in_common([instruments[name] for name in chosen]) >= LEAST_COMMON_SEMITONES:
            return tuple(chosen)
    return tuple(dice.sample(names, 2))


def _in_common(ranges: Sequence[Range]) -> int:
    return min(high for _, high in ranges) - max(low for low, _ in ranges)


def _lfos(dice: random.Random) -> tuple[Lfo, ...]:
    targets = dice.sample(["position", "timbre", "level_db"], dice.choice([0, 1, 1, 2]))
    depths = {"position": (0.05, 0.3), "timbre": (0.1, 0.4), "level_db": (0.5, 3.0)}
    return tuple(
        Lfo(
            target,
            _rounded(dice.uniform(0.1, 5.0)),
            _rounded(dice.uniform(*depths[target])),
            dice.choice(["sine", "triangle"]),
        )
        for target in targets
    )


def _effects(dice: random.Random) -> tuple[Slot, ...]:
    slots = []
    for name, ranges in dice.sample(_EFFECTS, dice.choice([0, 1, 1, 2])):
        settings: dict[str, Parameter] = {key: _rounded(dice.uniform(low, high)) for key, (low, high) in ranges.items()}
        slots.append(Slot(name, parameters=settings))
    return tuple(slots)


def _way(dice: random.Random) -> tuple[float, float]:
    start = _rounded(dice.uniform(0.0, 0.4))
    return start, _rounded(start + dice.uniform(0.3, 0.6))


def _rounded(value: float) -> float:
    """Three figures, as a person would write it."""
    return float(f"{value:.3g}")
