"""The whole method in one scriptable module: from raw voxels and their spacing to landmarks (DESIGN, section 2).

The app, the command line and the C++ runner call this same code from the same file. Positions here are continuous array
indices of the input (numpy order, integers are sample centres); `core/inference.py` maps them to millimetres. Numpy,
files and devices stay outside.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from core.networks import GlobalNetwork, LocalNetwork
from core.normalisation import Normalisation
from core.resampling import crop_starts, cut_crops, pad_to_multiple, resample
from core.voting import inverse_log_transform, presence, vote


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
    origin_index
        ``(L, D)`` index in the input of the centre of the first cell.
    step_index
        ``(D,)`` distance between cells in samples of the input.
    """

    points_index: Tensor
    presence: Tensor
    spread_mm: Tensor
    displacement_mm: Tensor
    weight: Tensor
    origin_index: Tensor
    step_index: Tensor


class LocalizerOutput(NamedTuple):
    """The answer of all stages together.

    Attributes
    ----------
    points_index
        ``(L, D)`` position after the last stage.
    presence
        ``(L,)`` from the global stage, the only one that looks everywhere.
    spread_mm
        ``(L,)`` of the last stage's votes.
    stages
        Every stage's own output.
    """

    points_index: Tensor
    presence: Tensor
    spread_mm: Tensor
    stages: list[StageOutput]


def factors_of(spacing: Tensor, stage_spacing_mm: float) -> list[float]:
    """Return how many input samples wide one sample of a stage is, per axis."""
    factors: list[float] = (stage_spacing_mm / spacing).tolist()
    return factors


class Localizer(nn.Module):
    """The global network, the local networks after it, and everything between raw intensities and answers.

    Parameters
    ----------
    normalisation
        Applied once to the whole input.
    global_network
        Analyses the whole image.
    local_networks
        One per local stage, in order.
    spacings_mm
        Spacing of each stage, global first.
    crops
        Side of each local stage's sub-images, in samples of its spacing.
    passes
        How often each local stage runs around its own estimate.
    """

    spacings_mm: list[float]  # annotated here, since a model of the global stage alone has empty lists
    strides: list[int]
    crops: list[int]
    passes: list[int]

    def __init__(
        self,
        normalisation: Normalisation,
        global_network: GlobalNetwork,
        local_networks: list[LocalNetwork],
        spacings_mm: list[float],
        crops: list[int],
        passes: list[int],
    ) -> None:
        super().__init__()
        if not len(local_networks) == len(crops) == len(passes) == len(spacings_mm) - 1:
            raise ValueError("each local stage needs a network, a spacing, a crop and a number of passes")
        self.normalisation = normalisation
        self.global_network = global_network
        self.local_networks = nn.ModuleList(local_networks)
        self.spacings_mm = [float(spacing) for spacing in spacings_mm]
        self.global_stride = int(global_network.stride)
        self.strides = [int(network.stride) for network in local_networks]
        self.crops = [int(crop) for crop in crops]
        self.passes = [int(count) for count in passes]

    @torch.jit.export
    def stage_count(self) -> int:
        """Return the number of stages, the global one included."""
        return len(self.spacings_mm)

    @torch.jit.export
    def prepare(self, voxels: Tensor) -> Tensor:
        """Normalise raw voxels ``(*shape)``; the stages take the result."""
        return self.normalisation(voxels)  # type: ignore[no-any-return]

    @torch.jit.export
    def global_stage(self, prepared: Tensor, spacing_mm: Tensor) -> StageOutput:
        """Localize all landmarks in the whole image.

        Parameters
        ----------
        prepared
            ``(*shape)`` from `prepare`.
        spacing_mm
            ``(D,)`` spacing per array axis.
        """
        factors = factors_of(spacing_mm, self.spacings_mm[0])
        image = pad_to_multiple(resample(prepared, factors), self.global_stride)
        transformed, logit = self.global_network(image.unsqueeze(0).unsqueeze(0))
        starts = torch.zeros(logit.shape[1], prepared.dim(), device=prepared.device)
        return self._concluded(transformed, logit, starts, factors, self.spacings_mm[0], self.global_stride)

    @torch.jit.export
    def local_stage(self, prepared: Tensor, spacing_mm: Tensor, stage: int, points_index: Tensor) -> StageOutput:
        """Refine ``points_index`` ``(L, D)`` by local stage ``stage`` (1 is the first), all its passes."""
        local = stage - 1
        spacing = self.spacings_mm[stage]
        size = self.crops[local]
        factors = factors_of(spacing_mm, spacing)
        scale = torch.tensor(factors, device=prepared.device)
        image = resample(prepared, factors)
        points = points_index
        outputs: list[StageOutput] = []
        for _ in range(self.passes[local]):
            starts = crop_starts((points + 0.5) / scale - 0.5, list(image.shape), size)
            crops = cut_crops(image, starts, size).unsqueeze(0)
            for number, network in enumerate(self.local_networks):
                if number == local:
                    transformed, logit = network(crops)
                    output = self._concluded(transformed, logit, starts, factors, spacing, self.strides[local])
                    points = output.points_index
                    outputs.append(output)
        return outputs[-1]

    def _concluded(
        self,
        transformed: Tensor,
        logit: Tensor,
        starts: Tensor,
        factors: list[float],
        stage_spacing_mm: float,
        stride: int,
    ) -> StageOutput:
        """Vote, and map from samples of the stage (sub-images from ``starts``) to indices of the input."""
        displacement = inverse_log_transform(transformed[0].to(torch.float32))
        weight = torch.sigmoid(logit[0].to(torch.float32))
        points, spread = vote(displacement, weight, stride)
        scale = torch.tensor(factors, device=points.device)
        first = starts + (stride - 1) / 2.0
        return StageOutput(
            points_index=(points + starts + 0.5) * scale - 0.5,
            presence=presence(weight),
            spread_mm=spread * stage_spacing_mm,
            displacement_mm=displacement * stage_spacing_mm,
            weight=weight,
            origin_index=(first + 0.5) * scale - 0.5,
            step_index=scale * stride,
        )

    @torch.jit.export
    def conclude(self, stages: list[StageOutput]) -> LocalizerOutput:
        """Put the outputs of all stages together."""
        last = stages[-1]
        return LocalizerOutput(last.points_index, stages[0].presence, last.spread_mm, stages)

    def forward(self, voxels: Tensor, spacing_mm: Tensor) -> LocalizerOutput:
        """Localize every landmark.

        Parameters
        ----------
        voxels
            ``(*shape)`` raw intensities of any real type, numpy axis order.
        spacing_mm
            ``(D,)`` float32 spacing per array axis.
        """
        prepared = self.prepare(voxels)
        stages = [self.global_stage(prepared, spacing_mm)]
        for stage in range(1, len(self.spacings_mm)):
            stages.append(self.local_stage(prepared, spacing_mm, stage, stages[-1].points_index))
        return self.conclude(stages)
