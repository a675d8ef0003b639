"""How often each duration and the rest come: what is added to the writer's log-probabilities to have them as people do.

A writer that goes on from its own notes drifts: rests and long notes became half as common as in the tunes that it has
learnt from, runs of sixteenths and dotted pairs more common. The figures are learnt by
`nsynth_lab.train.melody.marginals`: tunes are written and counted, and what came too often is made less likely.
"""

from __future__ import annotations

from dataclasses import dataclass

from nsynth_lab.melody.steps import DURATIONS


@dataclass(frozen=True)
class Tilt:
    """What is added to log-probabilities.

    Attributes:
        durations: of each of `DURATIONS`; less than nothing makes it rarer.
        rest: of the rest.
    """

    durations: tuple[float, ...] = (0.0,) * len(DURATIONS)
    rest: float = 0.0


# by metre, where tunes enough are in it; from three rounds of 1,000, 260 and 260 tunes, the last two with other seeds
BY_METRE: dict[str, Tilt] = {
    "2/4": Tilt(
        (
            0.21,
            -0.2,
            -0.01,
            0.21,
            0.18,
            0.07,
            0.01,
            0.24,
            0.01,
            0.1,
            0.13,
            0.01,
            0.14,
            0.06,
            0.1,
            0.04,
            0.0,
            0.0,
            0.0,
            0.0,
        ),
        0.26,
    ),
    "4/4": Tilt(
        (
            0.16,
            -0.09,
            -0.03,
            0.1,
            -0.07,
            0.0,
            0.03,
            -0.1,
            0.26,
            0.04,
            0.06,
            0.12,
            0.03,
            0.69,
            0.21,
            0.22,
            0.94,
            0.7,
            0.48,
            0.11,
        ),
        0.66,
    ),
    "3/4": Tilt(
        (
            -0.1,
            0.21,
            -0.03,
            0.02,
            -0.04,
            -0.1,
            -0.09,
            -0.26,
            -0.05,
            0.12,
            -0.02,
            -0.03,
            0.11,
            0.07,
            0.26,
            0.43,
            0.47,
            0.23,
            0.04,
            0.01,
        ),
        0.4,
    ),
    "6/8": Tilt(
        (
            0.3,
            0.15,
            0.03,
            0.03,
            0.33,
            0.01,
            -0.01,
            0.07,
            0.01,
            -0.06,
            0.03,
            0.0,
            0.17,
            0.09,
            0.07,
            0.01,
            0.0,
            0.01,
            0.0,
            0.01,
        ),
        0.37,
    ),
    "9/8": Tilt(
        (
            0.0,
            -0.03,
            0.26,
            -0.03,
            0.0,
            0.01,
            0.0,
            0.1,
            0.0,
            -0.1,
            -0.05,
            0.0,
            0.0,
            -0.07,
            0.01,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
        ),
        0.41,
    ),
}
