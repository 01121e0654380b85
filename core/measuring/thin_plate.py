"""Thin-plate splines: how the space between landmarks goes along where landmarks move, with as little bending as possible.

Bookstein, IEEE Trans. Pattern Anal. 11 (1989). Arrays of points only, in one unit whichever it is.
"""

import numpy as np

from core.measuring.primitives import FloatArray


def thin_plate_weights(source: FloatArray, places: FloatArray) -> FloatArray:
    """Return the weights with which the landmarks' new positions make the new positions of places.

    The spline is linear in where the landmarks go, so a deformation that follows a slider costs a matrix product:
    ``weights @ target`` is where the places are when the landmarks are at ``target``.

    Parameters
    ----------
    source
        ``(L, D)`` landmarks before, D being 2 or 3.
    places
        ``(P, D)`` places in the same space.

    Returns
    -------
    FloatArray
        ``(P, L)``; each row sums to one, and that of a landmark's own place is one for it and zero for the others.

    Raises
    ------
    ValueError
        Two landmarks are on the same spot, or all on a line (in 3D on a plane), which says nothing about the space around.
    """
    source, places = np.asarray(source, dtype=np.float64), np.asarray(places, dtype=np.float64)
    count, ndim = source.shape
    affine = np.column_stack([np.ones(count), source])
    system = np.zeros((count + ndim + 1, count + ndim + 1))
    system[:count, :count] = _bending(source, source)
    system[:count, count:] = affine
    system[count:, :count] = affine.T
    distances = np.linalg.norm(source[:, None] - source, axis=-1) + np.where(np.eye(count, dtype=bool), np.inf, 0.0)
    if distances.min() <= 0 or np.linalg.matrix_rank(affine) <= ndim:
        raise ValueError("landmarks on one spot, line or plane span no space")
    coefficients = np.linalg.solve(system, np.eye(count + ndim + 1, count))
    along = np.column_stack([_bending(places, source), np.ones(len(places)), places])
    return np.asarray(along @ coefficients)


def _bending(places: FloatArray, source: FloatArray) -> FloatArray:
    """Return ``(P, L)`` the fundamental solution of the biharmonic equation: r² log r in the plane, −r in space."""
    distances = np.linalg.norm(places[:, None] - source, axis=-1)
    if source.shape[1] == 3:
        return np.asarray(-distances)
    return np.asarray(distances**2 * np.log(np.where(distances > 0, distances, 1.0)))
