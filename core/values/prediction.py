"""What a model says about an image: landmarks, and the votes behind them.

Immutable values; `core.models.inference` makes them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.values.grid import FloatArray, Grid, read_only
from core.values.landmarks import Landmarks


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
        object.__setattr__(self, "displacement_mm", read_only(self.displacement_mm, np.float32))
        object.__setattr__(self, "weight", read_only(self.weight, np.float32))

    @property
    def likely(self) -> npt.NDArray[np.bool_]:
        """``(*cells,)`` which cells likely hold the landmark: those with a posterior above one half (paper, Fig. 5).

        Where cells share one posterior among them (their sum is a probability, too) and the landmark is likelier there than
        not, none may reach one half: then those that have at least half of the largest.
        """
        limit = 0.5
        largest, total = float(self.weight.max(initial=0.0)), float(self.weight.sum(dtype=np.float64))
        if largest <= limit < total <= 1.0 + 1e-3:
            limit = largest / 2
        return np.asarray(self.weight > limit)


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

    Raises
    ------
    ValueError
        Landmarks, fields and points are not of the same stages, landmarks and axes.
    """

    landmarks: Landmarks
    fields: tuple[tuple[VectorField, ...], ...]
    stage_points_mm: FloatArray
    model: str
    device: str
    elapsed_s: float
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        points = np.asarray(self.stage_points_mm)
        fields = tuple(tuple(of_stage) for of_stage in self.fields)
        stages, (count, ndim) = len(fields), self.landmarks.points_mm.shape
        if points.shape != (stages, count, ndim):
            raise ValueError(
                f"{stages} stages have {(stages, count, ndim)} points of {count} landmarks, not {points.shape}"
            )
        for stage, of_stage in enumerate(fields):
            if len(of_stage) != count or any(field.grid.ndim != ndim for field in of_stage):
                raise ValueError(f"stage {stage} needs a field of {ndim} axes for each of {count} landmarks")
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "stage_points_mm", read_only(points, np.float64))
        object.__setattr__(self, "warnings", tuple(self.warnings))
