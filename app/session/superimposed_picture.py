"""What is drawn of a superimposition: both images, their tracings, and the way of each landmark, in the plane of the picture.

Pure: values in, values out, without Qt and files. The plane is the earlier image as it is seen, in mm (px where its pixel size is
not known), x to the right and y downwards; volumes are seen from a side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from app.session.moments import Film
from app.session.tracing import TracedLine, measured_lines, traced_lines
from app.session.window_level import grey_values, percentile_levels
from core.geometry.shapes import transform_points
from core.measuring.analysis import Analysis
from core.measuring.comparison import Comparison
from core.measuring.measure import names_by_symbol, positions_mm
from core.values.grid import FloatArray
from core.values.image import Image
from core.values.landmarks import Landmarks

_ROOM = 0.15
"""Free space around landmarks, as part of their extent."""
_INDEX_FROM_PX = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]])
"""A point of a picture is column and row, an index is row and column."""


class Side(StrEnum):
    """From where a volume is seen."""

    RIGHT = "right"
    FRONT = "front"
    ABOVE = "above"


_SEEN_FROM = {
    Side.RIGHT: np.array([[0.0, -1, 0], [0, 0, -1]]),
    Side.FRONT: np.array([[1.0, 0, 0], [0, 0, -1]]),
    Side.ABOVE: np.array([[1.0, 0, 0], [0, 1, 0]]),
}
"""``(2, 3)`` matrices from LPS mm; from the front and from above as radiologists do, the patient's left on the right."""


@dataclass(frozen=True, eq=False)
class Backdrop:
    """One image of the two.

    Attributes
    ----------
    grey
        ``(rows, columns)`` bytes.
    plane_from_px
        ``(3, 3)`` homogeneous matrix from its pixels (column, row; integers are pixel centres) to the plane.
    """

    grey: npt.NDArray[np.uint8]
    plane_from_px: FloatArray


@dataclass(frozen=True, eq=False)
class Way:
    """How one landmark has moved.

    Attributes
    ----------
    name, label
        The landmark, and what it is called in the picture.
    ends
        ``(2, 2)`` where it was and where it is, in the plane.
    length
        How far that is, in space.
    radius
        Within this distance of its end it truly ends in 90 % of cases; NaN where nothing is known.
    beyond_error
        Whether it is longer than that; None where nothing is known.
    """

    name: str
    label: str
    ends: FloatArray
    length: float
    radius: float
    beyond_error: bool | None


@dataclass(frozen=True, eq=False)
class SuperimposedPicture:
    """What is drawn.

    Attributes
    ----------
    earlier, later
        The images; None where there are none.
    earlier_lines, later_lines
        Their tracings, in the plane.
    earlier_points, later_points
        ``(N, 2)`` all their landmarks, also those that only one of them has.
    ways
        How the landmarks that both have moved.
    measured
        By the key of each measurement, the lines ``(2, 2)`` along which it is taken in the earlier and in the later image.
    bounds, focus
        ``(4,)`` left, top, right and bottom of the earlier image with all landmarks, and of the landmarks with some room.
    unit
        Of the plane: ``"mm"`` or ``"px"``.
    decimals
        Digits with which lengths are written.
    """

    earlier: Backdrop | None
    later: Backdrop | None
    earlier_lines: tuple[TracedLine, ...]
    later_lines: tuple[TracedLine, ...]
    earlier_points: FloatArray
    later_points: FloatArray
    ways: tuple[Way, ...]
    measured: Mapping[str, tuple[tuple[FloatArray, ...], tuple[FloatArray, ...]]]
    bounds: FloatArray
    focus: FloatArray
    unit: str
    decimals: int = 1


def picture_of(
    films: tuple[Film, Film],
    comparison: Comparison,
    analysis: Analysis | None,
    short_names: Mapping[str, str] | None = None,
    side: Side = Side.RIGHT,
) -> SuperimposedPicture | None:
    """Return the picture of two images that were compared; None where they are not superimposed.

    Parameters
    ----------
    films
        The earlier and the later one.
    comparison
        What came of them.
    analysis
        Whose tracing is drawn, and by whose symbols landmarks are called.
    short_names
        What landmarks are called instead.
    side
        From where volumes are seen.
    """
    if comparison.registered is None:
        return None
    earlier, later = films
    moved = comparison.registered.earlier_from_later
    plane_from_mm = _plane_from_mm(earlier, side)
    from_later = plane_from_mm @ moved
    labels = _labels(analysis, comparison, short_names or {})
    ways = tuple(
        Way(
            way.name,
            labels.get(way.name, way.name),
            transform_points(plane_from_mm, np.stack([way.earlier_mm, way.later_mm])),
            way.length_mm,
            way.radius_mm,
            way.beyond_error,
        )
        for way in comparison.displacements
    )
    there = (earlier, plane_from_mm), (later, from_later)
    points = [_points(film.moment.landmarks, matrix) for film, matrix in there]
    backdrops = [_backdrop(film.image, matrix) for film, matrix in there]
    lines = [_lines(film, analysis, matrix) for film, matrix in there]
    return SuperimposedPicture(
        earlier=backdrops[0],
        later=backdrops[1],
        earlier_lines=lines[0],
        later_lines=lines[1],
        earlier_points=points[0],
        later_points=points[1],
        ways=ways,
        measured=_measured(films, comparison, analysis, (plane_from_mm, from_later)),
        bounds=_bounds(backdrops[0], np.concatenate(points)),
        focus=_around(np.concatenate(points)),
        unit=comparison.unit,
        decimals=comparison.way_decimals,
    )


def _plane_from_mm(earlier: Film, side: Side) -> FloatArray:
    """Return the matrix ``(3, D+1)`` that leads from the earlier image's mm to the picture's plane."""
    ndim = earlier.moment.landmarks.ndim
    if ndim == 3:
        matrix = np.zeros((3, 4))
        matrix[:2, :3], matrix[2, 3] = _SEEN_FROM[side], 1.0
        return matrix
    if earlier.image is None:
        return np.eye(3)
    grid = earlier.image.grid
    rows_mm, columns_mm = grid.spacing_mm.tolist()
    return np.asarray(np.diag([columns_mm, rows_mm, 1.0]) @ _INDEX_FROM_PX @ grid.index_from_mm)


def _backdrop(image: Image | None, plane_from_mm: FloatArray) -> Backdrop | None:
    if image is None:
        return None
    grey = grey_values(image.voxels, *percentile_levels(image.voxels))
    return Backdrop(grey, np.asarray(plane_from_mm @ image.grid.mm_from_index @ _INDEX_FROM_PX))


def _points(landmarks: Landmarks, plane_from_mm: FloatArray) -> FloatArray:
    return transform_points(plane_from_mm, landmarks.points_mm[landmarks.located])


def _lines(film: Film, analysis: Analysis | None, plane_from_mm: FloatArray) -> tuple[TracedLine, ...]:
    if analysis is None:
        return ()
    lines = traced_lines(analysis, positions_mm(analysis, film.moment.landmarks))
    return tuple(TracedLine(transform_points(plane_from_mm, line.ends_mm), line.stroke) for line in lines)


def _measured(
    films: tuple[Film, Film],
    comparison: Comparison,
    analysis: Analysis | None,
    plane_from_mm: tuple[FloatArray, FloatArray],
) -> dict[str, tuple[tuple[FloatArray, ...], tuple[FloatArray, ...]]]:
    if analysis is None:
        return {}
    points = [positions_mm(analysis, film.moment.landmarks) for film in films]
    drawn = {}
    for change in comparison.changes:
        key = change.measurement.key
        earlier, later = (
            tuple(transform_points(matrix, ends) for ends in measured_lines(analysis, key, there))
            for matrix, there in zip(plane_from_mm, points, strict=True)
        )
        drawn[key] = earlier, later
    return drawn


def _labels(analysis: Analysis | None, comparison: Comparison, short_names: Mapping[str, str]) -> dict[str, str]:
    if analysis is None:
        return dict(short_names)
    names = names_by_symbol(analysis, comparison.earlier.landmarks.names)
    return {**{name: symbol for symbol, name in names.items()}, **short_names}


def _bounds(earlier: Backdrop | None, points: FloatArray) -> FloatArray:
    """Return what the earlier image and all landmarks take; without an image, the landmarks with some room around them."""
    if earlier is None:
        return _around(points)
    rows, columns = earlier.grey.shape
    corners = transform_points(earlier.plane_from_px, np.array([[-0.5, -0.5], [columns - 0.5, rows - 0.5]]))
    all_points = np.concatenate([corners, points])
    return np.concatenate([all_points.min(axis=0), all_points.max(axis=0)])


def _around(points: FloatArray) -> FloatArray:
    low, high = points.min(axis=0), points.max(axis=0)  # where something was superimposed, there are landmarks
    room = _ROOM * max(float((high - low).max()), 1.0)
    return np.concatenate([low - room, high + room])
