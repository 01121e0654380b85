"""The values that everything else passes around: grids, images, landmarks, vector fields, predictions.

Frozen dataclasses with read-only arrays whose shapes are checked on construction. `Grid` is the only place that knows how
array indices and millimetres are related (docs/coordinates.md). No files, no torch, no Qt here.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

NOMINAL_COVERAGE = 0.9
"""Share of cases in which a calibrated radius is to hold the true position."""


def _frozen(array: npt.ArrayLike, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return a read-only copy-free-where-possible view of ``array`` in ``dtype``."""
    view = np.asarray(array, dtype=dtype).view()
    view.setflags(write=False)
    return view


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular grid of samples in physical space.

    Attributes
    ----------
    shape
        Number of samples per axis in numpy order, ``(z, y, x)`` or ``(y, x)``.
    mm_from_index
        ``(D+1, D+1)`` homogeneous float64 matrix from continuous array index (numpy order, integers are sample centres)
        to LPS millimetres ``(x, y, z)`` / ``(x, y)``. It already contains the axis reversal.
    """

    shape: tuple[int, ...]
    mm_from_index: FloatArray

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        matrix = np.array(self.mm_from_index, dtype=np.float64)
        ndim = len(shape)
        if ndim not in (2, 3):
            raise ValueError(f"a grid has 2 or 3 axes, not {ndim}")
        if min(shape) < 1:
            raise ValueError(f"a grid has at least one sample per axis, not {shape}")
        if matrix.shape != (ndim + 1, ndim + 1):
            raise ValueError(f"mm_from_index of a {ndim}D grid is {ndim + 1}x{ndim + 1}, not {matrix.shape}")
        if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
            raise ValueError("mm_from_index must be finite and invertible")
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "mm_from_index", _frozen(matrix, np.float64))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Grid):
            return NotImplemented
        return self.shape == other.shape and np.array_equal(self.mm_from_index, other.mm_from_index)

    def __hash__(self) -> int:
        return hash((self.shape, self.mm_from_index.tobytes()))

    @classmethod
    def from_spacing(
        cls, shape: Sequence[int], spacing_mm: float | Sequence[float] = 1.0, origin_mm: Sequence[float] | None = None
    ) -> "Grid":
        """Make an axis-aligned grid.

        Parameters
        ----------
        shape
            Samples per axis, numpy order.
        spacing_mm
            Spacing per axis in numpy order, or one number for all.
        origin_mm
            LPS position of the sample at index 0, ``(x, y, z)`` order; zero where omitted.
        """
        ndim = len(shape)
        spacing = np.broadcast_to(np.asarray(spacing_mm, dtype=np.float64), (ndim,))
        matrix = np.eye(ndim + 1)
        matrix[:ndim, :ndim] = np.fliplr(np.diag(spacing)).T
        if origin_mm is not None:
            matrix[:ndim, ndim] = np.asarray(origin_mm, dtype=np.float64)
        return cls(tuple(shape), matrix)

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return len(self.shape)

    @property
    def spacing_mm(self) -> FloatArray:
        """``(D,)`` distance between neighbouring samples per array axis (numpy order), mm."""
        return np.asarray(np.linalg.norm(self.mm_from_index[: self.ndim, : self.ndim], axis=0), dtype=np.float64)

    @property
    def index_from_mm(self) -> FloatArray:
        """``(D+1, D+1)`` inverse of `mm_from_index`."""
        return np.asarray(np.linalg.inv(self.mm_from_index), dtype=np.float64)

    def to_mm(self, points_index: npt.ArrayLike) -> FloatArray:
        """Map continuous indices ``(..., D)`` in numpy order to LPS mm ``(..., D)``."""
        points = np.asarray(points_index, dtype=np.float64)
        matrix = self.mm_from_index
        return np.asarray(points @ matrix[:-1, :-1].T + matrix[:-1, -1])

    def to_index(self, points_mm: npt.ArrayLike) -> FloatArray:
        """Map LPS mm ``(..., D)`` to continuous indices ``(..., D)`` in numpy order."""
        points = np.asarray(points_mm, dtype=np.float64)
        matrix = self.index_from_mm
        return np.asarray(points @ matrix[:-1, :-1].T + matrix[:-1, -1])

    def vectors_to_mm(self, vectors_index: npt.ArrayLike) -> FloatArray:
        """Map differences of indices ``(..., D)`` to differences in LPS mm ``(..., D)``."""
        return np.asarray(np.asarray(vectors_index, dtype=np.float64) @ self.mm_from_index[:-1, :-1].T)

    def contains(self, points_mm: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell for each point ``(..., D)`` in mm whether it lies in the field of view (samples have a width)."""
        index = self.to_index(points_mm)
        inside = (index >= -0.5) & (index <= np.asarray(self.shape) - 0.5)
        return np.asarray(inside.all(axis=-1))

    def _mapped(self, scale: FloatArray, offset: FloatArray, shape: Sequence[int]) -> "Grid":
        """Return the grid whose index ``i`` is this grid's index ``scale * i + offset``."""
        old_from_new = np.eye(self.ndim + 1)
        old_from_new[:-1, :-1] = np.diag(scale)
        old_from_new[:-1, -1] = offset
        return Grid(tuple(shape), self.mm_from_index @ old_from_new)

    def strided(self, stride: npt.ArrayLike, offset: npt.ArrayLike, shape: Sequence[int] | None = None) -> "Grid":
        """Return the coarse grid whose sample ``k`` lies at index ``offset + stride * k`` of this one.

        A network with patches of ``S`` voxels has ``stride=S`` and ``offset=(S - 1) / 2``. Without ``shape`` every
        sample that lies inside the field of view is kept.
        """
        strides = np.broadcast_to(np.asarray(stride, dtype=np.float64), (self.ndim,))
        offsets = np.broadcast_to(np.asarray(offset, dtype=np.float64), (self.ndim,))
        if shape is None:
            room = (np.asarray(self.shape) - 0.5 - offsets) / strides
            shape = [max(1, math.floor(r + 1e-9) + 1) for r in room]
        return self._mapped(strides, offsets, shape)

    def cropped(self, start: Sequence[float], shape: Sequence[int]) -> "Grid":
        """Return the sub-grid of ``shape`` whose sample 0 is this grid's index ``start`` (negative where padded)."""
        return self._mapped(np.ones(self.ndim), np.asarray(start, dtype=np.float64), shape)

    def resampled(self, spacing_mm: float | Sequence[float]) -> "Grid":
        """Return the grid with another spacing over the same field of view.

        Fields of view are kept, not corners: the new sample ``i`` lies at index ``(i + 1/2) * f - 1/2``. The last sample
        may reach past the border, so that nothing is lost.
        """
        factor = np.broadcast_to(np.asarray(spacing_mm, dtype=np.float64), (self.ndim,)) / self.spacing_mm
        shape = [max(1, math.ceil(n / f - 1e-4)) for n, f in zip(self.shape, factor, strict=True)]
        return self._mapped(factor, factor / 2 - 0.5, shape)


@dataclass(frozen=True)
class ImageSource:
    """Where an image came from. Holds no patient data beyond the path the person chose.

    Attributes
    ----------
    path
        The file that was read.
    sha256
        Hex digest of the file's bytes.
    spacing_known
        False for a PNG, JPEG, ... without a physical size: then 1 sample counts as 1 "mm" and units are px.
    original_grid
        The grid as it stood in the file, before squeezing a single slice (None where nothing was changed).
    modality
        DICOM modality code such as ``"CT"`` or ``"DX"`` where the file says so, else ``""``.
    warnings
        Sentences to show to the person: what was tolerated while reading.
    """

    path: Path
    sha256: str = ""
    spacing_known: bool = True
    original_grid: Grid | None = None
    modality: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Image:
    """One scalar image, 2D or 3D.

    Attributes
    ----------
    voxels
        ``grid.shape`` array in its native integer or float type, numpy order, read-only.
    grid
        Where the voxels are.
    source
        Where they came from.
    """

    voxels: npt.NDArray[Any]
    grid: Grid
    source: ImageSource

    def __post_init__(self) -> None:
        if self.voxels.shape != self.grid.shape:
            raise ValueError(f"voxels have shape {self.voxels.shape} but the grid has {self.grid.shape}")
        object.__setattr__(self, "voxels", _frozen(self.voxels, self.voxels.dtype))

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return self.grid.ndim

    def with_spacing(self, spacing_mm: float | Sequence[float]) -> "Image":
        """Return the same voxels with a spacing (numpy order) that a person or a model vouches for."""
        grid = Grid.from_spacing(self.grid.shape, spacing_mm)
        return replace(self, grid=grid, source=replace(self.source, spacing_known=True))


class Status(StrEnum):
    """What a person or the model has said about a landmark.

    ABSENT is a finding (the landmark is not in the image); UNPLACED means that nobody has said anything yet.
    """

    PREDICTED = "predicted"
    CORRECTED = "corrected"
    PLACED = "placed"
    CONFIRMED = "confirmed"
    ABSENT = "absent"
    UNPLACED = "unplaced"


WITHOUT_POSITION = frozenset({Status.ABSENT, Status.UNPLACED})
"""What a landmark without a position can be."""


def _unknown() -> npt.NDArray[np.float32]:
    """Return the default of a per-landmark figure: NaN for each landmark, however many there are."""
    return np.empty(0, np.float32)


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Named points with what is known about each; an immutable value.

    Attributes
    ----------
    names
        ``L`` unique names.
    points_mm
        ``(L, D)`` float64 LPS mm; NaN where the landmark has no position.
    presence
        ``(L,)`` float32 in [0, 1], the model's probability that the landmark is in the image; NaN where a person placed it.
    spread_mm
        ``(L,)`` float32, weighted root mean square distance of the votes from their mean; NaN without a prediction.
    radius_mm
        ``(L,)`` float32, calibrated radius that holds the true position in 90 % of cases; NaN without calibration.
    status
        ``L`` members of `Status`; where omitted, PLACED with a position and ABSENT without.
    """

    names: tuple[str, ...]
    points_mm: FloatArray
    presence: npt.NDArray[np.float32] = field(default_factory=_unknown)
    spread_mm: npt.NDArray[np.float32] = field(default_factory=_unknown)
    radius_mm: npt.NDArray[np.float32] = field(default_factory=_unknown)
    status: tuple[Status, ...] = ()

    def __post_init__(self) -> None:
        names = tuple(self.names)
        points = np.array(self.points_mm, dtype=np.float64)
        if points.size == 0 and not names:
            points = points.reshape(0, points.shape[1] if points.ndim == 2 and points.shape[1] in (2, 3) else 2)
        if points.ndim != 2 or points.shape[0] != len(names) or points.shape[1] not in (2, 3):
            raise ValueError(f"points of {len(names)} landmarks are ({len(names)}, 2 or 3), not {points.shape}")
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ValueError(f"landmark names must be unique, these are not: {', '.join(twice)}")
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "points_mm", _frozen(points, np.float64))
        for key in ("presence", "spread_mm", "radius_mm"):
            values = np.array(getattr(self, key), dtype=np.float32)
            if values.size == 0:
                values = np.full(len(names), np.nan, np.float32)
            if values.shape != (len(names),):
                raise ValueError(f"{key} of {len(names)} landmarks has shape ({len(names)},), not {values.shape}")
            object.__setattr__(self, key, _frozen(values, np.float32))
        status = tuple(Status(s) for s in self.status)
        if not status:
            status = tuple(Status.PLACED if np.isfinite(point).all() else Status.ABSENT for point in points)
        if len(status) != len(names):
            raise ValueError(f"{len(names)} landmarks have {len(names)} states, not {len(status)}")
        object.__setattr__(self, "status", status)

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Landmarks):
            return NotImplemented
        arrays = ("points_mm", "presence", "spread_mm", "radius_mm")
        return (
            self.names == other.names
            and self.status == other.status
            and all(np.array_equal(getattr(self, a), getattr(other, a), equal_nan=True) for a in arrays)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def ndim(self) -> int:
        """Number of coordinates per point, 2 or 3."""
        return int(self.points_mm.shape[1])

    @property
    def located(self) -> npt.NDArray[np.bool_]:
        """``(L,)`` True where the landmark has a position."""
        return np.asarray(np.isfinite(self.points_mm).all(axis=1))

    @property
    def stated(self) -> tuple[Status, ...]:
        """What files say of each landmark: only UNPLACED or ABSENT without a position, never UNPLACED with one."""
        stated = []
        for status, located in zip(self.status, self.located.tolist(), strict=True):
            if status is Status.UNPLACED:
                stated.append(Status.PLACED if located else Status.UNPLACED)
            else:
                stated.append(status if located else Status.ABSENT)
        return tuple(stated)

    def index(self, name: str) -> int:
        """Return the row of ``name``; `KeyError` where there is none."""
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(name) from None

    def point_mm(self, name: str) -> FloatArray:
        """Return the ``(D,)`` position of ``name``, NaN where it has none."""
        return np.asarray(self.points_mm[self.index(name)])

    def with_point(self, name: str, point_mm: npt.ArrayLike, status: Status = Status.CORRECTED) -> "Landmarks":
        """Return a copy in which ``name`` stands at ``point_mm`` ``(D,)`` with ``status``."""
        row = self.index(name)
        points = self.points_mm.copy()
        points[row] = np.asarray(point_mm, dtype=np.float64)
        states = list(self.status)
        states[row] = status
        return replace(self, points_mm=points, status=tuple(states))

    def without_point(self, name: str) -> "Landmarks":
        """Return a copy in which ``name`` is marked absent and has no position."""
        return self.with_point(name, np.full(self.ndim, np.nan), Status.ABSENT)

    def with_status(self, name: str, status: Status) -> "Landmarks":
        """Return a copy in which ``name`` keeps its position and gets ``status``."""
        return self.with_point(name, self.point_mm(name), status)

    def subset(self, names: Iterable[str]) -> "Landmarks":
        """Return the landmarks ``names``, in that order."""
        wanted = tuple(names)
        rows = [self.index(name) for name in wanted]
        return Landmarks(
            wanted,
            self.points_mm[rows],
            self.presence[rows],
            self.spread_mm[rows],
            self.radius_mm[rows],
            tuple(self.status[row] for row in rows),
        )


@dataclass(frozen=True, eq=False)
class VectorField:
    """The votes of one stage for one landmark (paper, section II; drawn as in Fig. 5).

    Attributes
    ----------
    displacement_mm
        ``(*cells, D)`` float32, LPS ``(x, y, z)`` components from each cell's centre to the predicted position.
    weight
        ``(*cells,)`` float32 posterior probability that the cell holds the landmark.
    grid
        The coarse grid of cells; ``grid.to_mm`` of a cell's index is its centre.
    """

    displacement_mm: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]
    grid: Grid

    def __post_init__(self) -> None:
        cells = self.grid.shape
        if self.displacement_mm.shape != (*cells, self.grid.ndim) or self.weight.shape != cells:
            raise ValueError(
                f"a field over {cells} cells has displacements {(*cells, self.grid.ndim)} and weights {cells}, "
                f"not {self.displacement_mm.shape} and {self.weight.shape}"
            )
        object.__setattr__(self, "displacement_mm", _frozen(self.displacement_mm, np.float32))
        object.__setattr__(self, "weight", _frozen(self.weight, np.float32))


@dataclass(frozen=True, eq=False)
class Prediction:
    """What one run of a model on one image gave.

    Attributes
    ----------
    landmarks
        The answer.
    fields
        ``fields[stage][landmark]``: stage 0 is the global one; landmarks in the order of ``landmarks.names``.
    stage_points_mm
        ``(stages, L, D)`` estimate after each stage, mm.
    model
        Name and version of the model.
    device
        Where it ran, such as ``"cpu"``.
    elapsed_s
        Wall time of the run, seconds.
    warnings
        Sentences to show to the person.
    """

    landmarks: Landmarks
    fields: tuple[tuple[VectorField, ...], ...]
    stage_points_mm: FloatArray
    model: str
    device: str
    elapsed_s: float
    warnings: tuple[str, ...] = ()
