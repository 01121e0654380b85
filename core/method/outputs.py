"""What the stages of a localizer say, one by one and together.

Plain tensors that TorchScript can return; `core/method/localizer.py` makes them and `core/models/inference.py` turns them into
predictions.
"""

from typing import NamedTuple

from torch import Tensor


class StageOutput(NamedTuple):
    """What one stage says about ``L`` landmarks.

    Attributes
    ----------
    points_index
        ``(L, D)`` position as index of the input.
    presence
        ``(L,)`` probability that the landmark is in what the stage looked at.
    spread_mm
        ``(L,)`` weighted root mean square distance of the votes, mm.
    displacement_mm
        ``(L, D, *cells)`` displacement from cell centre to landmark along the array axes, mm.
    weight
        ``(L, *cells)`` posteriors.
    index_from_cell
        ``(L, D, D+1)`` index in the input of the centre of cell ``k``: the first ``D`` columns times ``k``, plus the last.
        Cells of a stage that normalises the pose lie obliquely.
    """

    points_index: Tensor
    presence: Tensor
    spread_mm: Tensor
    displacement_mm: Tensor
    weight: Tensor
    index_from_cell: Tensor


class LocalizerOutput(NamedTuple):
    """The answer of all stages together.

    Attributes
    ----------
    points_index
        ``(L, D)`` position: the last stage's, or what several stages make together.
    presence
        ``(L,)`` from the global stage, the only one that looks everywhere.
    spread_mm
        ``(L,)`` of the votes that made the position.
    radius_mm
        ``(L,)`` radius that holds the true position in 90 % of cases; NaN where the model is not calibrated.
    posterior
        ``(L,)`` presence where the position was made: how sure the last stage, or those that made it, are to see it.
    stages
        Every stage's own output.
    """

    points_index: Tensor
    presence: Tensor
    spread_mm: Tensor
    radius_mm: Tensor
    posterior: Tensor
    stages: list[StageOutput]
