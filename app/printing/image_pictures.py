"""Pictures of an image as nobody has arranged it on a screen: whole, in grey levels that suit it, with landmarks and tracing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.printing.picture import SlicePicture
from app.session.free_rows import FreeDrawing
from app.session.tracing import traced_lines
from app.session.window_level import Levels, percentile_levels
from app.views.glyphs import Names, glyphs_on
from app.views.plane_items import EdgeLetters
from core.geometry.planes import Orientation, SlicePlane, reformatted_grid
from core.measuring.analysis import Analysis
from core.measuring.measure import positions_mm
from core.values.grid import Grid, grid_around
from core.values.image import Image
from core.values.landmarks import Landmarks

_SAMPLES_ALONE = 800
"""Pixels along the longer side of a picture of landmarks without their image."""
_MARGIN = 0.12


@dataclass(frozen=True)
class PlainNames:
    """What landmarks are called, as a value that a job can take along.

    Attributes
    ----------
    unit
        ``"mm"`` or ``"px"``.
    short, display
        Abbreviations and whole names, by key.
    """

    unit: str
    short: dict[str, str]
    display: dict[str, str]

    def short_name(self, name: str) -> str:
        """Return the abbreviation of a landmark, or its name."""
        return self.short.get(name, name)

    def display_name(self, name: str) -> str:
        """Return the whole name, as people say it."""
        return self.display.get(name, name)


def pictures_of(
    image: Image | None,
    landmarks: Landmarks,
    names: Names,
    analysis: Analysis | None = None,
    *,
    levels: Levels | None = None,
    free: Sequence[FreeDrawing] = (),
) -> tuple[SlicePicture, ...]:
    """Return the picture of a 2D image, or three slices of a volume through the middle of its landmarks.

    Parameters
    ----------
    image
        None where only its landmarks are known; of a volume there is then no picture.
    landmarks, names
        What is drawn over it, and what it is called.
    analysis
        Whose tracing is drawn.
    levels
        Voxel values drawn black and white; those that suit the image where None.
    free
        Distances and angles that a person has drawn.
    """
    if image is None and (landmarks.ndim == 3 or not landmarks.located.any()):
        return ()
    tracing = () if analysis is None else traced_lines(analysis, positions_mm(analysis, landmarks))
    if image is not None and levels is None:
        levels = percentile_levels(image.voxels)
    pictures = []
    for orientation, plane in _planes(image, landmarks):
        known = image is not None and image.ndim == 3 and image.source.spacing_known
        pictures.append(
            SlicePicture(
                image,
                plane,
                levels or (0.0, 1.0),
                tuple(replace(glyph, distance="") for glyph in glyphs_on(plane, landmarks, None, names)),
                tracing=tracing,
                orientation=orientation,
                free=tuple(free),
                letters=EdgeLetters.of(orientation, radiological=True) if known else None,
            )
        )
    return tuple(pictures)


def _planes(image: Image | None, landmarks: Landmarks) -> list[tuple[Orientation, SlicePlane]]:
    if image is None:
        return [(Orientation.AXIAL, SlicePlane(_grid_of(landmarks)))]
    if image.ndim == 2:
        return [(Orientation.AXIAL, SlicePlane(image.grid))]
    located = landmarks.points_mm[landmarks.located]
    middle_mm = located.mean(axis=0) if len(located) else image.grid.to_mm((np.asarray(image.grid.shape) - 1) / 2)
    return [
        (orientation, SlicePlane.through(reformatted_grid(image.grid, orientation), middle_mm))
        for orientation in Orientation
    ]


def _grid_of(landmarks: Landmarks) -> Grid:
    """Return a grid around landmarks, with room at the edges for their names."""
    points_mm = landmarks.points_mm[landmarks.located]
    low_mm, high_mm = points_mm.min(axis=0), points_mm.max(axis=0)
    margin_mm = _MARGIN * float(max((high_mm - low_mm).max(), 1.0))
    return grid_around(
        np.stack([low_mm - margin_mm, high_mm + margin_mm]),
        float((high_mm - low_mm).max() + 2 * margin_mm) / _SAMPLES_ALONE,
    )
