"""Random patches: the same seed and instruments give the same patch, and every one can be played."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from nsynth_lab.patch.macros import Macro, Move, Route
from nsynth_lab.patch.patch import Patch
from nsynth_lab.patch.rules import Parameter
from nsynth_lab.patch.slot import Slot
from nsynth_lab.patch.sound import Blend, Envelope, Lfo, Voice

MIN_COMMON_SEMITONES = 12
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
    """A random patch of two to four of these instruments (name: lowest and highest note) that share an octave.

    >>> random_patch({"flute": (60, 96), "cello": (36, 76)}, seed=1).blend.corners
    ('cello', 'flute')
    """
    rng = random.Random(seed)
    corners = _corners(rng, instruments)
    dims = 1 if len(corners) == 2 else 2
    is_struck = rng.random() < 0.3
    first, second = rng.choice(_FIRST), rng.choice(_SECOND)
    return Patch(
        name=f"{first} {second} {seed}",
        description=f"random, from seed {seed}",
        tags=("random",),
        blend=Blend(
            corners=corners,
            position=tuple(_rounded(rng.uniform(0.15, 0.85)) for _ in range(dims)),
            timbre=tuple(_rounded(rng.random()) for _ in range(dims)) if rng.random() < 0.4 else (),
            partials=tuple(float(rng.randint(0, 1)) for _ in range(dims)) if rng.random() < 0.3 else (),
            lfos=_lfos(rng),
        ),
        envelope=Envelope(
            attack_seconds=0.0 if is_struck else _rounded(rng.choice([0.0, rng.uniform(0.02, 0.5)])),
            release_seconds=_rounded(rng.uniform(0.15, 1.2)),
        ),
        voice=Voice(unison=rng.choice([1, 1, 1, 2]), detune_cents=_rounded(rng.uniform(4.0, 14.0))),
        effects=(
            *_effects(rng),
            Slot(
                "reverb",
                parameters={"room_size": _rounded(rng.uniform(0.2, 0.8))},
                mix=_rounded(rng.uniform(0.1, 0.35)),
            ),
        ),
        macros=(Macro("Morph", 0.0, (Move("blend.position", *_way(rng)),)),) if rng.random() < 0.5 else (),
        midi=(Route(1, "effects.reverb.mix", 0.1, 0.6),),
    )


def _corners(rng: random.Random, instruments: Mapping[str, Range]) -> tuple[str, ...]:
    """Names whose ranges share an octave, if there are any."""
    names = sorted(instruments)
    wanted = rng.choice([2, 2, 2, 3, 4])
    for _ in range(200):
        chosen = rng.sample(names, min(wanted, len(names)))
        if _in_common([instruments[name] for name in chosen]) >= MIN_COMMON_SEMITONES:
            return tuple(chosen)
    return tuple(rng.sample(names, 2))


def _in_common(ranges: Sequence[Range]) -> int:
    return min(high for _, high in ranges) - max(low for low, _ in ranges)


def _lfos(rng: random.Random) -> tuple[Lfo, ...]:
    targets = rng.sample(["position", "timbre", "level_db"], rng.choice([0, 1, 1, 2]))
    depths = {"position": (0.05, 0.3), "timbre": (0.1, 0.4), "level_db": (0.5, 3.0)}
    return tuple(
        Lfo(
            target,
            _rounded(rng.uniform(0.1, 5.0)),
            _rounded(rng.uniform(*depths[target])),
            rng.choice(["sine", "triangle"]),
        )
        for target in targets
    )


def _effects(rng: random.Random) -> tuple[Slot, ...]:
    slots = []
    for name, ranges in rng.sample(_EFFECTS, rng.choice([0, 1, 1, 2])):
        settings: dict[str, Parameter] = {key: _rounded(rng.uniform(low, high)) for key, (low, high) in ranges.items()}
        slots.append(Slot(name, parameters=settings))
    return tuple(slots)


def _way(rng: random.Random) -> tuple[float, float]:
    start = _rounded(rng.uniform(0.0, 0.4))
    return start, _rounded(start + rng.uniform(0.3, 0.6))


def _rounded(value: float) -> float:
    """Rounded to three significant digits."""
    return float(f"{value:.3g}")
