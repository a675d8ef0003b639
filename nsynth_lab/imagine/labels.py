"""Where the names on a map stand, so that they can be read: beside their points, and not on one another."""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import Doubles

RINGS = (1.5, 6.0, 12.0, 19.0)  # how far a name is from its point, in typographic points; nearer is better
ON_A_DOT, AWAY = 2.0, 1.5  # what covering a point costs, against a name; and a step away, against an area covered
FAR = 1e4


def name_corners(points: Doubles, dots: Doubles, sizes: Doubles, *, edge: float) -> Doubles:
    """The lower left corners [n, 2] of names on a square map, everything in typographic points from its middle.

    One after another is put where it covers least of the points and of the names before it, and stays on the map.

    Args:
        points: [n, 2].
        dots: half the width of what is drawn there [n].
        sizes: width and height of the names [n, 2].
        edge: half the width of the map.
    """
    drawn = np.concatenate([points - dots[:, None], points + dots[:, None]], axis=1)
    boxes = np.array(
        [(-FAR, -FAR, -edge, FAR), (edge, -FAR, FAR, FAR), (-FAR, -FAR, FAR, -edge), (-FAR, edge, FAR, FAR)]
    )
    corners = np.zeros_like(points)
    for place, (point, dot, size) in enumerate(zip(points, dots, sizes, strict=True)):
        tried, away = _around(float(dot), size)
        there = np.concatenate([point + tried, point + tried + size], axis=1)
        cost = _covered(there, boxes) + ON_A_DOT * _covered(there, np.delete(drawn, place, axis=0)) + AWAY * away
        best = int(cost.argmin())
        corners[place] = point + tried[best]
        boxes = np.concatenate([boxes, there[best : best + 1]])
    return corners


def _around(dot: float, size: Doubles) -> tuple[Doubles, Doubles]:
    """Corners relative to the point [places, 2], to its right first, and how far away each is [places]."""
    width, height = size.tolist()
    found, away = [], []
    for ring in RINGS:
        from_here = dot + ring
        for x in (from_here, -from_here - width, -width / 2):
            for y in (-height / 2, from_here, -from_here - height):
                if (x, y) != (-width / 2, -height / 2):
                    found.append((x, y))
                    away.append(ring)
    return np.array(found), np.array(away)


def _covered(boxes: Doubles, others: Doubles) -> Doubles:
    """How much of each of `boxes` [n, 4] the `others` [m, 4] cover together, [n]."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.asarray(np.maximum(high - low, 0.0).prod(axis=2).sum(axis=1))
