"""Distances, angles and constructions of points: pure functions of positions, in 2D and 3D.

Points are arrays ``(..., D)`` in mm; everything broadcasts over the leading axes, and a point that is not known (NaN) makes what
is computed from it NaN. So does a line or a side without length: there is no angle to it.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def distance(a_mm: FloatArray, b_mm: FloatArray) -> FloatArray:
    """Return the distances ``(...)`` between two points, mm."""
    return np.asarray(np.linalg.norm(b_mm - a_mm, axis=-1))


def unit_vector(vectors: FloatArray) -> FloatArray:
    """Return vectors ``(..., D)`` at length one, NaN where there is no length."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, np.nan))


def angle_between(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the angles ``(...)`` between two directions, degrees from 0 to 180.

    Of the half difference and half sum of the unit vectors, which keeps all digits where the arc cosine loses half of
    them: near 0° and near 180°.
    """
    u, v = unit_vector(first), unit_vector(second)
    return np.asarray(np.degrees(2.0 * np.arctan2(np.linalg.norm(u - v, axis=-1), np.linalg.norm(u + v, axis=-1))))


def angle_at(a_mm: FloatArray, vertex_mm: FloatArray, b_mm: FloatArray) -> FloatArray:
    """Return the angles ``(...)`` at ``vertex_mm`` between the sides to the two other points, degrees from 0 to 180."""
    return angle_between(a_mm - vertex_mm, b_mm - vertex_mm)


def turn(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return on which side of the first of two directions ``(..., 2)`` the second lies: the sign of their cross product.

    +1 where it is reached by the shorter turn from the first axis to the second one: clockwise on a screen, whose second
    axis points down.
    """
    return np.asarray(np.sign(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]))


def foot(point_mm: FloatArray, on_line_mm: FloatArray, direction: FloatArray) -> FloatArray:
    """Return the points ``(..., D)`` of lines that are closest to a point: the feet of the perpendiculars, mm."""
    along = unit_vector(direction)
    return np.asarray(on_line_mm + ((point_mm - on_line_mm) * along).sum(axis=-1, keepdims=True) * along)


def extent_along(a_mm: FloatArray, b_mm: FloatArray, direction: FloatArray) -> FloatArray:
    """Return how far it is from one point to the other along a direction, mm; negative against it."""
    return np.asarray(((b_mm - a_mm) * unit_vector(direction)).sum(axis=-1))


def perpendicular(direction: FloatArray) -> FloatArray:
    """Return directions ``(..., 2)`` turned by a quarter, from the first axis to the second one."""
    return np.stack([-direction[..., 1], direction[..., 0]], axis=-1)


def crossing(
    first_mm: FloatArray, first_direction: FloatArray, second_mm: FloatArray, second_direction: FloatArray
) -> FloatArray:
    """Return where two lines of a plane meet, ``(..., 2)`` mm; NaN where they are parallel."""
    normal = perpendicular(unit_vector(second_direction))
    along = unit_vector(first_direction)
    towards = (along * normal).sum(axis=-1, keepdims=True)
    steps = ((second_mm - first_mm) * normal).sum(axis=-1, keepdims=True) / np.where(
        np.abs(towards) > 1e-9, towards, np.nan
    )
    return np.asarray(first_mm + steps * along)
