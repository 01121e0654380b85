"""How far the networks of a training err on its validation cases, run exactly as in a model file.

Each process of a team analyses its share of the cases and all learn of all. Trains nothing and keeps nothing.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from core.learning.building import build_localizer
from core.learning.checkpoints import TrainingState
from core.learning.configuration import LocalStageConfig, TrainingConfig
from core.learning.prepared_cases import PreparedCase
from core.learning.team import Team
from core.method.localizer import Localizer

T = TypeVar("T")


class Validation:
    """The validation cases, and what a training asks about them.

    Parameters
    ----------
    config, state
        What is trained, and where it stands.
    cases
        The prepared cases.
    team
        The processes that share them.
    """

    def __init__(self, config: TrainingConfig, state: TrainingState, cases: Sequence[PreparedCase], team: Team) -> None:
        self.config = config
        self.state = state
        self.cases = cases
        self.team = team

    def _localizer(self, networks: Sequence[nn.Module]) -> Localizer:
        """Return the localizer of the first stages."""
        state = self.state
        return build_localizer(
            self.config, networks, state.crops[: len(networks) - 1], state.shape_mm, offsets_mm=state.offsets_mm
        )

    @torch.inference_mode()
    def estimates(self, networks: Sequence[nn.Module]) -> list[Tensor]:
        """Return what the finished stages find in each case, ``(L, D)`` indices; nothing before the first is finished."""
        if not networks:
            return []
        localizer = self._localizer(networks)
        found = []
        for case in self._own(self.cases):
            prepared = case.prepared.float()
            points = localizer.global_stage(prepared, case.spacing_mm).points_index
            for stage in range(1, len(networks)):
                points = localizer.local_stage(prepared, case.spacing_mm, stage, points).points_index
            found.append(points)
        return list(self.team.gathered(found, len(self.cases)))

    @torch.inference_mode()
    def errors_mm(self, networks: Sequence[nn.Module], estimates: Sequence[Tensor]) -> npt.NDArray[np.float32]:
        """Return the radial errors ``(cases, L)`` in mm of the last of ``networks``; NaN where a landmark is absent.

        Parameters
        ----------
        networks
            Those of the first stages, the global one first.
        estimates
            What the stages before the last find in each case, as `estimates` gives it.
        """
        localizer = self._localizer(networks)
        stage = len(networks) - 1
        own = self._own(estimates)
        rows = []
        for number, case in enumerate(self._own(self.cases)):
            prepared = case.prepared.float()
            if stage == 0:
                output = localizer.global_stage(prepared, case.spacing_mm)
            else:
                output = localizer.local_stage(prepared, case.spacing_mm, stage, own[number])
            off_mm = (output.points_index - case.points_index) * case.spacing_mm
            rows.append(off_mm.square().sum(1).sqrt())
        return np.asarray(self.team.gathered(rows, len(self.cases)))

    def chosen_crop(self, local: LocalStageConfig, stride: int, estimates: Sequence[Tensor]) -> int:
        """Return the side of a local stage's crops in samples: as configured, or from the errors of the ``estimates``."""
        if local.crop != "auto":
            return int(local.crop)
        scale = [case.spacing_mm / local.spacing_mm for case in self.cases]
        off = [(e - c.points_index) * s for e, c, s in zip(estimates, self.cases, scale, strict=True)]
        return auto_crop(torch.stack(off), stride, local.crop_quantile)

    def _own(self, items: Sequence[T]) -> Sequence[T]:
        """Return this process's share of what belongs to the cases."""
        return items[self.team.rank :: self.team.size]


def auto_crop(errors_px: Tensor, stride: int, quantile: float) -> int:
    """Choose the side of local crops from the stage before's validation errors (paper, section V.A.1).

    Parameters
    ----------
    errors_px
        ``(..., D)`` differences between estimate and truth in samples of the local stage, NaN where absent.
    stride
        The local network's patch size; the side is a multiple of it, and at least 8 patches.
    quantile
        Share of the errors that the crop holds with a quarter to spare.
    """
    furthest = errors_px.abs().amax(-1).flatten()
    reach = float(np.nanquantile(furthest.numpy(), quantile)) if furthest.isfinite().any() else 0.0
    return stride * max(8, math.ceil((2.0 * 1.25 * reach + 1.0) / stride))
