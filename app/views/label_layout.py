"""Finds room for labels beside points, so that they cover each other and the points as little as possible.

Greedy: each label in turn takes the free place nearest its point. Pure arithmetic in screen pixels; knows no Qt.
"""

from collections.abc import Sequence

import numpy as np

from core.values.grid import FloatArray

# Unit directions from the point, best first: right, left, the corners, below, above.
_DIRECTIONS = np.array([[1, 0], [-1, 0], [1, -1], [1, 1], [-1, -1], [-1, 1], [0, 1], [0, -1]], dtype=np.float64)
_DISTANCES = (1.0, 2.4)


def label_corners(
    points_px: FloatArray,
    sizes_px: FloatArray,
    clearances_px: FloatArray,
    area_px: FloatArray,
    order: Sequence[int] | None = None,
) -> FloatArray:
    """Return the top left corner of each label.

    Parameters
    ----------
    points_px
        ``(N, 2)`` points as x, y on the screen.
    sizes_px
        ``(N, 2)`` width and height of the labels.
    clearances_px
        ``(N,)`` half the side of the square around each point that should stay free.
    area_px
        ``(4,)`` left, top, right and bottom of the screen, beyond which labels cannot be read.
    order
        Rows in the order in which they choose; as given where omitted.

    Returns
    -------
    corners_px
        ``(N, 2)``.
    """
    corners_px = np.zeros_like(points_px)
    taken = [np.concatenate([p - c, p + c]) for p, c in zip(points_px, clearances_px, strict=True)]
    for row in range(len(points_px)) if order is None else order:
        others = np.array(taken[:row] + taken[row + 1 :]).reshape(-1, 4)
        size_px, clearance_px = sizes_px[row], float(clearances_px[row])
        best_cost = np.inf
        for rank, candidate in enumerate(_candidates(points_px[row], size_px, clearance_px)):
            hidden = size_px.prod() - _overlap(candidate, size_px, area_px[None])
            cost = _overlap(candidate, size_px, others) + hidden + 0.5 * rank
            if cost < best_cost:
                best_cost, corners_px[row] = cost, candidate
            if best_cost <= 0.5 * rank:
                break
        taken.append(np.concatenate([corners_px[row], corners_px[row] + sizes_px[row]]))
    return corners_px


def _candidates(point_px: FloatArray, size_px: FloatArray, clearance_px: float) -> FloatArray:
    """Return the ``(16, 2)`` corners a label may have, nearest and best first."""
    rings = [
        point_px + _DIRECTIONS * (clearance_px * distance + size_px / 2) * _tightened(distance) - size_px / 2
        for distance in _DISTANCES
    ]
    return np.concatenate(rings)


def _tightened(distance: float) -> FloatArray:
    """Let labels at the corners sit a little closer, since a diagonal is longer than a side."""
    diagonal = np.abs(_DIRECTIONS).sum(axis=1, keepdims=True) > 1
    return np.where(diagonal, 0.9 if distance > 1 else 0.95, 1.0)


def _overlap(corner_px: FloatArray, size_px: FloatArray, boxes_px: FloatArray) -> float:
    """Return the area that a label shares with boxes ``(M, 4)``."""
    if not len(boxes_px):
        return 0.0
    low = np.maximum(boxes_px[:, :2], corner_px)
    high = np.minimum(boxes_px[:, 2:], corner_px + size_px)
    return float(np.clip(high - low, 0, None).prod(axis=1).sum())
