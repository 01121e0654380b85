"""The positions of many cases as programs of morphometrics want them: one unit for all, and in 2D with y upwards.

What MorphoJ and Morphologika files have in common. A picture's rows are counted upwards from its lower edge, as in TPS
files, so that shapes of the same image are not each other's mirror image in two files.
"""

from collections.abc import Sequence

import numpy as np

from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseMarks
from core.landmark_files.placing import flipped_px, px_from_mm
from core.values.grid import FloatArray


def configurations(cases: Sequence[CaseMarks]) -> tuple[list[FloatArray], int]:
    """Return the points ``(L, D)`` of each case, in mm or all in px, and how many of their decimals mean something.

    2D points are column and height above the lower edge of the image, times the pixel size where that is known; 3D ones are LPS.

    Raises
    ------
    LandmarkFileError
        The cases have different ranks, or the pixel size is known of some only: their sizes could not be compared.
    """
    if len({case.image.ndim for case in cases}) > 1:
        raise LandmarkFileError("Some cases are 2D and some 3D.", "Export those of one rank.")
    unknown = [case.image.name for case in cases if not case.image.source.spacing_known]
    if unknown and len(unknown) < len(cases):
        raise LandmarkFileError(
            f"The pixel size of {unknown[0]} is not known, that of other images is, so their shapes have no common unit.",
            "Set the missing pixel sizes, or export the cases without one by themselves.",
        )
    return [_points(case) for case in cases], max(case.image.decimals for case in cases)


def _points(case: CaseMarks) -> FloatArray:
    points_mm = case.landmarks.points_mm
    if case.image.ndim == 3:
        return points_mm
    upright = flipped_px(px_from_mm(case.image.grid, points_mm), case.image.grid)
    return upright * np.flip(case.image.grid.spacing_mm)
