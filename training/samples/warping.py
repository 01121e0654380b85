"""The thin-plate spline that carries one configuration of landmarks, and the image around it, onto another."""

import numpy as np
from scipy.interpolate import RBFInterpolator

from core.geometry.shapes import fit_similarity, transform_points
from core.values.grid import FloatArray


def fit_thin_plate_spline(source_mm: FloatArray, target_mm: FloatArray, anchors_mm: FloatArray) -> RBFInterpolator:
    """Fit the thin-plate spline that carries each source point exactly onto its target.

    Far from the landmarks a spline runs wild. ``anchors_mm``, points around the region of interest in the source's frame,
    hold it there to the similarity that fits the landmarks best.

    Parameters
    ----------
    source_mm, target_mm
        ``(L, D)`` corresponding points, mm.
    anchors_mm
        ``(A, D)`` points, mm.

    Returns
    -------
    scipy.interpolate.RBFInterpolator
        Maps ``(N, D)`` points of the source's frame into the target's.
    """
    target_from_source = fit_similarity(source_mm, target_mm)
    return RBFInterpolator(
        np.concatenate([source_mm, anchors_mm]),
        np.concatenate([target_mm, transform_points(target_from_source, anchors_mm)]),
        kernel="thin_plate_spline",
        degree=1,
    )
