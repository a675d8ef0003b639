"""Which of the loops along a way make its steps: those that lead away from its beginning, or steps that are even.

A straight line in latents is none in notes: the loops along it may come near to the first again, or stay the same for
half of the way. So more of them are written than are wanted, and the best series of them is found by dynamic
programming.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import Ints

LEADS = 0.02  # of the slots by which each loop is to differ more from the first than the one before it does
TIE = 1e-3  # of ways with the same largest step that whose others are smaller is taken


def leading_away(slots: Ints, steps: int) -> list[int]:
    """Which of the loops along a way [loops, slots] to take, so that each is farther from the first than the last was.

    The loops lie evenly spaced in latents; none is taken far from where it would lie on the straight line.

    >>> way = np.array([[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]])
    >>> leading_away(way, 4)
    [0, 1, 3, 4]
    """
    count = len(slots)
    away = (slots != slots[0]).mean(-1)
    falls = np.maximum(0.0, away[:, None] - away[None, :] + LEADS)  # [from, to]
    places = np.linspace(0, 1, count)
    best, back = np.full((steps, count), np.inf), np.zeros((steps, count), int)
    best[0, 0] = 0.0
    for step in range(1, steps):
        for at in range(step, count):
            reached = best[step - 1, :at] + falls[:at, at]
            back[step, at] = int(reached.argmin())
            best[step, at] = reached.min() + (places[at] - step / (steps - 1)) ** 2
    return _traced(back)


def even_steps(slots: Ints, steps: int) -> list[int]:
    """Which of the loops along a way [loops, slots] to take, so that the largest step is as small as it can be."""
    count = len(slots)
    apart = (slots[:, None] != slots[None]).mean(-1)
    best, back = np.full((steps, count), np.inf), np.zeros((steps, count), int)
    best[0, 0] = 0.0
    for step in range(1, steps):
        for at in range(step, count):
            reached = np.maximum(best[step - 1, :at], apart[:at, at]) + TIE * apart[:at, at] ** 2
            back[step, at] = int(reached.argmin())
            best[step, at] = reached.min()
    return _traced(back)


def _traced(back: Ints) -> list[int]:
    """The way that leads to the last loop with the last step; `back` [steps, loops] says where each step came from."""
    path = [back.shape[1] - 1]
    for step in range(len(back) - 1, 0, -1):
        path.append(int(back[step, path[-1]]))
    return path[::-1]
