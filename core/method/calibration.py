"""How sure a prediction is, in millimetres: from the spread of the votes and the posterior to a radius.

The radius of a landmark is to hold its true position in a stated share of cases. Its parameters are found in training, by
split conformal prediction on the validation cases (`core/learning/conformal.py`); here they are only applied, inside the model
file. Everything can be scripted.
"""

import torch
from torch import Tensor, nn

SMALLEST_SPREAD_MM = 0.01
"""A narrower spread counts as this one."""


class Calibration(nn.Module):
    """``radius = scale * max(spread, floor) ** spread_power * exp(doubt_rate * (1 - posterior))``, per landmark.

    Parameters
    ----------
    scale
        ``(L,)`` mm; without it the radius is NaN.
    spread_power
        How strongly a wide spread of the votes widens the radius.
    doubt_rate
        How strongly a low posterior does.
    """

    scale: Tensor

    def __init__(self, scale: Tensor | None = None, spread_power: float = 0.0, doubt_rate: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("scale", torch.zeros(0) if scale is None else scale.float())
        self.spread_power = float(spread_power)
        self.doubt_rate = float(doubt_rate)
        self.smallest_spread_mm = SMALLEST_SPREAD_MM

    def forward(self, spread_mm: Tensor, posterior: Tensor) -> Tensor:
        """Return the radius in mm from spread and posterior, all ``(..., L)``; NaN without calibration."""
        if len(self.scale) == 0:
            return torch.full_like(spread_mm, float("nan"))
        spread = spread_mm.clamp(min=self.smallest_spread_mm)
        return self.scale * spread.pow(self.spread_power) * torch.exp(self.doubt_rate * (1.0 - posterior))
