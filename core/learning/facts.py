"""What a set of marked cases is like, as far as a plan of learning needs to know: sizes, scatter, poses, intensities.

Looks at landmarks of all cases and at the images of a few. Knows nothing of networks: what follows from the facts is
`core/learning/plan.py`'s. All lengths are in mm along the canonical array axes; where no image knows its pixel size, a px counts
as one.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from core.geometry.canonical import to_canonical
from core.geometry.shapes import centroid_size
from core.learning.cases import Case, read_case_image, spread_over
from core.learning.course_events import Unit
from core.learning.poses import complete, find_mirror, poses
from core.values.grid import FloatArray
from core.values.image import Image

MOST_LOOKED_AT = 16
"""Images that are opened: enough to know what they are like, and read within seconds."""

Intensities = Literal["picture", "hounsfield", "in air", "filled"]

_VALUES = 200_000
_AIR_HU = -900.0


@dataclass(frozen=True)
class Facts:
    """What a set of marked cases is like.

    Attributes
    ----------
    cases
        How many there are.
    ndim
        Rank of the images.
    landmarks
        Names in order.
    unit
        Whether lengths are millimetres, or px since no image knows its pixel size.
    spacing_mm
        How fine the images are: the spacing of their finest axis in 2D, of the middle one of three in 3D.
    extent_mm
        ``D`` sides of the field of view, along the array axes; nine of ten images are no larger.
    object_mm
        Distance between the two landmarks furthest apart, in a typical case.
    wander_mm
        How far the middle of the landmarks wanders between cases, standard deviation along the axis where it is largest.
    rotation_deg
        Largest angle between an object and the typical pose; 0 where the landmarks cannot tell.
    posed
        Whether turning the objects into one pose is what makes them alike, so that it must be found out for each.
    size_spread
        Standard deviation of the logarithm of the objects' sizes.
    mirror
        Row of the landmark that each becomes in a mirror; empty where a mirrored object is none of these.
    intensities
        ``"picture"``: 2D, grey values without a unit; ``"hounsfield"``: CT numbers; ``"in air"``: an object that stands out from
        an empty background; ``"filled"``: values without a unit all over a volume.
    low, high
        Between which values the surroundings of the landmarks lie.
    some_absent
        Whether a landmark is missing in a case.
    read_s
        Seconds that reading an image takes.
    """

    cases: int
    ndim: Literal[2, 3]
    landmarks: tuple[str, ...]
    unit: Unit
    spacing_mm: float
    extent_mm: tuple[float, ...]
    object_mm: float
    wander_mm: float
    rotation_deg: float
    posed: bool
    size_spread: float
    mirror: tuple[int, ...]
    intensities: Intensities
    low: float
    high: float
    some_absent: bool
    read_s: float = 0.0


@dataclass(frozen=True)
class _Looked:
    """One image that was looked at; everything along the canonical array axes."""

    points_mm: FloatArray
    spacing_mm: FloatArray
    extent_mm: FloatArray
    kind: Intensities
    low: float
    high: float


def facts_of(
    cases: Sequence[Case],
    *,
    unit: Unit = "mm",
    partners: Sequence[int] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Facts:
    """Measure the facts of marked cases that `core.learning.requirements.check_cases` has let through.

    Parameters
    ----------
    cases
        The cases, as many as there are.
    unit
        ``"px"`` where no image knows its pixel size: each case then says that a px is 1 mm.
    partners
        Row of the landmark that each becomes in a mirror, -1 for none, where a scheme says so.
    progress
        Hears how many of how many images are looked at.

    Raises
    ------
    ImageReadError
        An image cannot be read.
    ConfigError
        Its pixel size is unknown or contradicts what the case says.
    """
    chosen = spread_over(cases, MOST_LOOKED_AT)
    started = time.perf_counter()
    looked: list[_Looked] = []
    for number, case in enumerate(chosen, 1):
        looked.append(_look(to_canonical(read_case_image(case)), case.landmarks.points_mm))
        if progress is not None:
            progress(number, len(chosen))
    read_s = (time.perf_counter() - started) / len(chosen)
    ndim: Literal[2, 3] = 2 if cases[0].landmarks.ndim == 2 else 3
    shapes = [found.points_mm for found in looked]
    rotation_deg, posed = poses(shapes)
    sizes_mm = [_longest(points) for points in shapes]
    fine = np.median([np.sort(found.spacing_mm)[ndim - 2] for found in looked])
    kinds = [found.kind for found in looked]
    return Facts(
        cases=len(cases),
        ndim=ndim,
        landmarks=cases[0].landmarks.names,
        unit=unit,
        spacing_mm=float(fine),
        extent_mm=tuple(float(side) for side in np.percentile([found.extent_mm for found in looked], 90, axis=0)),
        object_mm=float(np.median(sizes_mm)),
        wander_mm=_wander(looked),
        rotation_deg=rotation_deg,
        posed=posed,
        size_spread=_size_spread(shapes),
        mirror=find_mirror(shapes, cases[0].landmarks.names, partners, posed=posed),
        intensities=max(sorted(set(kinds)), key=kinds.count),
        low=float(np.median([found.low for found in looked])),
        high=float(np.median([found.high for found in looked])),
        some_absent=not all(case.landmarks.located.all() for case in cases),
        read_s=read_s,
    )


def _look(image: Image, points_mm: FloatArray) -> _Looked:
    spacing_mm = np.asarray(image.grid.spacing_mm, dtype=np.float64)
    points_index = image.grid.to_index(points_mm)
    kind = _kind_of(image)
    around = _around(image, points_index, spacing_mm)
    low, high = np.percentile(around, [1, 99])
    return _Looked(points_index * spacing_mm, spacing_mm, np.asarray(image.grid.shape) * spacing_mm, kind, low, high)


def _some_values(values: npt.NDArray[np.generic]) -> FloatArray:
    flat = values.reshape(-1)
    return np.asarray(flat[:: flat.size // _VALUES + 1], dtype=np.float64)


def _kind_of(image: Image) -> Intensities:
    """Tell what kind of values an image holds, see `Facts.intensities`."""
    if image.ndim == 2:
        return "picture"
    values = _some_values(image.voxels)
    # Air around or in a body is -1000 HU and takes a part of every CT; no other scale has such numbers there.
    if np.mean((values <= _AIR_HU) & (values >= -3100)) > 0.005 and np.mean(values < -3100) < 0.005:
        return "hounsfield"
    darkest, brightest = np.percentile(values, [0.5, 99.5])
    empty = np.mean(values < darkest + 0.05 * (brightest - darkest))
    return "in air" if empty > 0.4 else "filled"


def _around(image: Image, points_index: FloatArray, spacing_mm: FloatArray) -> FloatArray:
    """Return values around the landmarks: within a twentieth of the field of view."""
    shape = np.asarray(image.grid.shape)
    reach = np.maximum(1, 0.05 * float((shape * spacing_mm).max()) / spacing_mm)
    parts = []
    for place in points_index[np.isfinite(points_index).all(1)]:
        first = np.clip(np.floor(place - reach), 0, shape - 1).astype(int)
        last = np.clip(np.ceil(place + reach), 0, shape - 1).astype(int) + 1
        window = image.voxels[tuple(slice(a, b) for a, b in zip(first, last, strict=True))]
        parts.append(_some_values(np.ascontiguousarray(window))[:: max(1, len(points_index) // 8)])
    return np.concatenate(parts) if parts else _some_values(image.voxels)


def _longest(points_mm: FloatArray) -> float:
    known = points_mm[np.isfinite(points_mm).all(1)]
    if len(known) < 2:
        return 0.0
    return float(np.linalg.norm(known[:, None] - known[None], axis=-1).max())


def _wander(looked: Sequence[_Looked]) -> float:
    """Return the standard deviation of where the landmarks' middle lies, seen from the images' middle, mm."""
    marked = [found for found in looked if np.isfinite(found.points_mm).any()]
    middles = [np.nanmean(found.points_mm, axis=0) - found.extent_mm / 2 for found in marked]
    return float(np.std(middles, axis=0).max())


def _size_spread(shapes: Sequence[FloatArray]) -> float:
    whole = complete(shapes)
    return float(np.std(np.log([centroid_size(points) for points in whole]))) if len(whole) > 1 else 0.0
