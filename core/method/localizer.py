"""The whole method in one scriptable module: from raw voxels and their spacing to landmarks (DESIGN, section 2).

The app, the command line and the C++ runner call this same code from the same file. Positions here are continuous array
indices of the input (numpy order, integers are sample centres); `core/models/inference.py` maps them to millimetres. Numpy,
files and devices stay outside.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.method.calibration import Calibration
from core.method.crop_frames import Frame, axis_frame, cube_frame, factors_of, oriented_frame
from core.method.normalisation import Normalisation
from core.method.outputs import LocalizerOutput, StageOutput
from core.method.pose import axis_orientations, fit_shape, held_near, orientation_matrix, oriented_image, oriented_shape
from core.method.resampling import crop_starts, cut_crops, cut_rotated_crops, resample, resample_window, resampled_shape
from core.method.stages import GlobalStage, LocalStage, StageMethod
from core.method.voting import displacement_of, posteriors_of, presence, vote, vote_weights


def _count(shape: list[int]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


class Localizer(nn.Module):
    """The global network, the local networks after it, and everything between raw intensities and answers.

    Parameters
    ----------
    normalisation
        Applied once to the whole input.
    global_stage
        Analyses the whole image.
    local_stages
        Refine its answer, in this order.
    shape_mm
        ``(L, D)`` mean shape along the array axes, whose pose is the normal one; needed where a stage normalises the pose.
    calibration
        Turns spread and posterior into a radius; none if omitted.
    joint
        Let the votes of all local stages make the position together, each stage with the same weight, instead of the last
        stage's alone: networks that see different scales err differently.
    shares
        ``[stage][landmark]`` how much each stage counts, the global one included; 1 in sum for each landmark. Instead of
        ``joint``.
    offsets_mm
        ``(L, D)`` along the array axes, mm: how far from where the networks know it a landmark is wanted, by another definition;
        none if omitted.

    Raises
    ------
    ValueError
        A stage normalises the pose, but there is no mean shape, or there are offsets, which would turn with the object;
        ``shares`` or ``offsets_mm`` are not those of these stages and landmarks.
    """

    spacings_mm: list[float]  # annotated here, since a model of the global stage alone has empty lists
    strides: list[int]
    crops: list[int]
    passes: list[int]
    reaches_mm: list[float]
    orientations: list[list[int]]
    methods: list[StageMethod]
    shares: list[list[float]]
    shape_mm: Tensor
    offsets_mm: Tensor

    def __init__(
        self,
        normalisation: Normalisation,
        global_stage: GlobalStage,
        local_stages: Sequence[LocalStage] = (),
        *,
        shape_mm: Tensor | None = None,
        calibration: Calibration | None = None,
        joint: bool = False,
        shares: Sequence[Sequence[float]] = (),
        offsets_mm: Tensor | None = None,
    ) -> None:
        super().__init__()
        stages: list[GlobalStage | LocalStage] = [global_stage, *local_stages]
        self.normalisation = normalisation
        self.global_network = global_stage.network
        self.local_networks = nn.ModuleList(stage.network for stage in local_stages)
        self.spacings_mm = [float(stage.spacing_mm) for stage in stages]
        self.global_stride = int(global_stage.network.stride)
        self.strides = [int(stage.network.stride) for stage in local_stages]
        self.crops = [int(stage.crop) for stage in local_stages]
        self.passes = [int(stage.passes) for stage in local_stages]
        self.reaches_mm = [float(stage.reach_mm) for stage in local_stages]
        self.object_margin = 6  # samples of the global stage that are kept around an object
        self.batch_samples = 2**22  # so many samples of the global stage at most go through the network at once
        self.methods = [stage.method for stage in stages]
        self.calibration = Calibration() if calibration is None else calibration
        if joint and len(local_stages) > 1 and not shares:
            equal = 1.0 / len(local_stages)
            shares = [[0.0 if number == 0 else equal] * self.global_network.landmarks for number in range(len(stages))]
        if shares and [len(row) for row in shares] != [self.global_network.landmarks] * len(stages):
            raise ValueError("the answer needs a share of each stage for each landmark")
        self.shares = [[float(share) for share in row] for row in shares]
        self.orientations = axis_orientations(global_stage.network.ndim) if global_stage.any_pose else []
        if (len(self.orientations) > 0 or any(self.reaches_mm)) and shape_mm is None:
            raise ValueError("normalising the pose needs the mean shape")
        self.register_buffer("shape_mm", torch.zeros(0, 0) if shape_mm is None else shape_mm.float())
        if offsets_mm is not None:
            if len(self.orientations) > 0 or any(self.reaches_mm):
                raise ValueError("objects in any pose have no offsets along the axes of the image")
            if list(offsets_mm.shape) != [self.global_network.landmarks, self.global_network.ndim]:
                raise ValueError("there is an offset for each landmark along each axis, or none")
        self.register_buffer("offsets_mm", torch.zeros(0, 0) if offsets_mm is None else offsets_mm.float())

    @torch.jit.export
    def stage_count(self) -> int:
        """Return the number of stages, the global one included."""
        return len(self.spacings_mm)

    @torch.jit.export
    def prepare(self, voxels: Tensor) -> Tensor:
        """Normalise raw voxels ``(*shape)``; the stages take the result."""
        return self.normalisation(voxels)  # type: ignore[no-any-return]

    @torch.jit.export
    def tile_for(self, shape: list[int], spacing_mm: Tensor, memory_bytes: float) -> int:
        """Return the ``tile`` for `global_stage` with which an image of ``shape`` is analysed in about ``memory_bytes``.

        0 where the whole fits at once. The image itself and the coarse layers, which see the whole in any case, are counted;
        where they leave no room the tile is the smallest that makes sense.
        """
        sides = self._padded_shape(shape, factors_of(spacing_mm, self.spacings_mm[0]))
        stride = self.global_stride
        cells = _count(sides) / stride ** len(sides)
        left = memory_bytes - 4.0 * _count(shape) - self.global_network.bytes_per_cell * cells
        samples = left / self.global_network.bytes_per_sample
        if _count(sides) <= samples:
            return 0
        side = int(max(samples, 0.0) ** (1.0 / len(sides))) - 2 * self._margin()
        return max(side // stride, 4) * stride

    def _margin(self) -> int:
        """Return how far a tile looks beyond its cells: the fine layers' reach in whole cells."""
        return -(-self.global_network.reach // self.global_stride) * self.global_stride

    @torch.jit.export
    def global_stage(self, prepared: Tensor, spacing_mm: Tensor, tile: int = 0) -> StageOutput:
        """Localize all landmarks in the whole image.

        Parameters
        ----------
        prepared
            ``(*shape)`` from `prepare`.
        spacing_mm
            ``(D,)`` spacing per array axis.
        tile
            Side in samples of the parts in which the image goes through the network's fine layers; 0 for all at once. The
            answer is the same, the memory is bounded.
        """
        factors = factors_of(spacing_mm, self.spacings_mm[0])
        if len(self.orientations) == 0:
            answers, logits = self._global_answer(prepared.unsqueeze(0), factors, tile)
            starts = torch.zeros(logits.shape[1], prepared.dim(), device=prepared.device)
            frame = axis_frame(starts, factors)
            return self._concluded(answers[0], logits[0], frame, 0)
        image, first = self._object_box(resample(prepared, factors))
        best_score = -math.inf
        best: list[StageOutput] = []
        first_orientation = 0
        while first_orientation < len(self.orientations):
            orientations = self._batched_orientations(image, first_orientation, tile)
            outputs = self._oriented_stages(image, first, factors, orientations, tile)
            for orientation, output in zip(orientations, outputs):  # noqa: B905  TorchScript
                score = self._likeness(output, spacing_mm, orientation)
                if score > best_score or len(best) == 0:
                    best_score = score
                    best = [output]
            first_orientation += len(orientations)
        return self._second_look(image, first, factors, best[0].points_index * spacing_mm, spacing_mm)

    def _object_box(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Cut away the empty surroundings of an object, where the normalisation knows them; return the first sample, too."""
        first = torch.zeros(image.dim(), device=image.device)
        if self.normalisation.kind != "foreground":
            return image, first
        filled = image > 0.1 * image.max()
        for axis in range(image.dim()):
            profile = filled.movedim(axis, 0).flatten(1).any(1).nonzero().flatten()
            if len(profile) > 0:
                low = max(0, int(profile[0]) - self.object_margin)
                high = min(image.shape[axis], int(profile[-1]) + self.object_margin + 1)
                image = image.narrow(axis, low, high - low)
                first[axis] = float(low)
        return image, first

    def _batched_orientations(self, image: Tensor, first_orientation: int, tile: int) -> list[list[int]]:
        """Return the orientations from ``first_orientation`` on that form one batch for the network: those that give one shape.

        A batch of small images takes little more time than one of them. Large ones go one by one, for their memory.
        """
        shape = list(image.shape)
        orientations = [self.orientations[first_orientation]]
        for orientation in self.orientations[first_orientation + 1 :]:
            alike = oriented_shape(shape, orientation) == oriented_shape(shape, orientations[0])
            if tile > 0 or not alike or (len(orientations) + 1) * _count(shape) > self.batch_samples:
                return orientations
            orientations.append(orientation)
        return orientations

    def _oriented_stages(
        self, image: Tensor, first: Tensor, factors: list[float], orientations: list[list[int]], tile: int
    ) -> list[StageOutput]:
        """Analyse the image, resampled to the global stage's spacing, in orientations along its axes that give one shape."""
        oriented = torch.stack([oriented_image(image, orientation) for orientation in orientations])
        answers, logits = self._global_answer(oriented, [1.0] * image.dim(), tile)
        outputs: list[StageOutput] = []
        for number, orientation in enumerate(orientations):
            frame = oriented_frame(list(image.shape), first, orientation, factors, logits.shape[1])
            outputs.append(self._concluded(answers[number], logits[number], frame, 0))
        return outputs

    def _second_look(
        self, image: Tensor, first: Tensor, factors: list[float], points_mm: Tensor, spacing_mm: Tensor
    ) -> StageOutput:
        """Analyse the object again in its fitted pose, which the global network knows best."""
        rotation, fitted_mm = fit_shape(self.shape_mm, points_mm)
        scale = torch.tensor(factors, device=image.device)
        centre_mm = fitted_mm.mean(0, keepdim=True)
        radius_mm = 1.2 * float((self.shape_mm - self.shape_mm.mean(0)).square().sum(1).sqrt().max())
        cells = math.ceil(2.0 * (radius_mm / self.spacings_mm[0] + self.object_margin) / self.global_stride)
        size = cells * self.global_stride
        centre = (centre_mm / spacing_mm + 0.5) / scale - 0.5
        cube = cut_rotated_crops(image, [1.0] * image.dim(), centre - first, rotation, size)
        answers, logits = self.global_network.coarse(self.global_network.fine(cube.unsqueeze(0)))
        frame = cube_frame(centre.expand(logits.shape[1], -1), rotation, size, factors)
        return self._concluded(answers[0], logits[0], frame, 0)

    def _likeness(self, output: StageOutput, spacing_mm: Tensor, orientation: list[int]) -> float:
        """Return how much the landmarks look like the object in its normal pose.

        They do where they are surely present, arranged as the mean shape is, and rotated little against it.
        """
        points_mm = output.points_index * spacing_mm
        rotation, fitted_mm = fit_shape(self.shape_mm, points_mm)
        distance = (points_mm - fitted_mm).square().sum(1).sqrt()
        alike = (output.presence / (1.0 + (distance / self.spacings_mm[0]).square())).mean()
        upright = (rotation * orientation_matrix(orientation).to(rotation.device)).sum() / len(
            rotation
        )  # at most 1, where nothing is rotated
        return float(alike * (2.0 + upright))

    def _global_answer(self, images: Tensor, factors: list[float], tile: int) -> tuple[Tensor, Tensor]:
        """Run the global network on whole images ``(B, *shape)``, one by one in tiles where they are larger than these."""
        shape = self._padded_shape(list(images.shape[1:]), factors)
        if tile <= 0 or max(shape) <= tile:
            first = [0] * len(shape)
            whole = torch.stack([resample_window(image, factors, first, shape) for image in images.unbind()])
            features = self.global_network.fine(whole.unsqueeze(1))
        else:
            features = torch.cat([self._tiled_features(image, factors, shape, tile) for image in images.unbind()])
        return self.global_network.coarse(features)

    def _padded_shape(self, shape: list[int], factors: list[float]) -> list[int]:
        """Return the sides of the resampled image, each a multiple of the global network's stride."""
        stride = self.global_stride
        return [-(-length // stride) * stride for length in resampled_shape(shape, factors)]

    def _tiled_features(self, image: Tensor, factors: list[float], shape: list[int], tile: int) -> Tensor:
        """Run the fine layers on tiles with enough of a margin that each cell sees what it would see in the whole."""
        stride = self.global_stride
        margin = self._margin()
        step = max(1, tile // stride) * stride
        counts = [-(-length // step) for length in shape]
        cells = [length // stride for length in shape]
        features = torch.empty([1, self.global_network.fine_channels] + cells, device=image.device)  # noqa: RUF005
        for number in range(_count(counts)):
            first: list[int] = []
            size: list[int] = []
            begin: list[int] = []
            end: list[int] = []
            rest = number
            for axis in range(len(shape)):
                start = rest % counts[axis] * step
                rest = rest // counts[axis]
                stop = min(start + step, shape[axis])
                first.append(max(0, start - margin))
                size.append(min(shape[axis], stop + margin) - first[axis])
                begin.append(start)
                end.append(stop)
            window = resample_window(image, factors, first, size)
            found = self.global_network.fine(window.unsqueeze(0).unsqueeze(0))
            target = features
            for axis in range(len(shape)):
                count = (end[axis] - begin[axis]) // stride
                found = found.narrow(axis + 2, (begin[axis] - first[axis]) // stride, count)
                target = target.narrow(axis + 2, begin[axis] // stride, count)
            target.copy_(found)
        return features

    @torch.jit.export
    def local_stage(self, prepared: Tensor, spacing_mm: Tensor, stage: int, points_index: Tensor) -> StageOutput:
        """Refine ``points_index`` ``(L, D)`` by local stage ``stage`` (1 is the first), all its passes."""
        local = stage - 1
        spacing = self.spacings_mm[stage]
        size = self.crops[local]
        factors = factors_of(spacing_mm, spacing)
        scale = torch.tensor(factors, device=prepared.device)
        shape = resampled_shape(list(prepared.shape), factors)
        # The whole image is resampled once where that is not much more than all crops of all passes, each as wide as it may
        # have to be when rotated: few large products are faster than many small ones.
        width = math.ceil(size * math.sqrt(len(shape))) if self.reaches_mm[local] > 0 else size
        image, crop_factors = prepared, factors
        if _count(shape) <= 2 * self.passes[local] * len(points_index) * width ** len(shape):
            image, crop_factors = resample(prepared, factors), [1.0] * len(shape)
        # The network looks where it knows the landmarks, not where they are wanted.
        apart = self.offsets_mm / spacing_mm if self.offsets_mm.numel() > 0 else torch.zeros_like(points_index)
        points = points_index - apart
        outputs: list[StageOutput] = []
        for _ in range(self.passes[local]):
            if self.reaches_mm[local] > 0:
                rotation, fitted_mm = fit_shape(self.shape_mm, points * spacing_mm)
                centres_index = held_near(points * spacing_mm, fitted_mm, self.reaches_mm[local]) / spacing_mm
                centres = (centres_index + 0.5) / scale - 0.5
                crops = cut_rotated_crops(image, crop_factors, centres, rotation, size)
                frame = cube_frame(centres, rotation, size, factors)
            else:
                starts = crop_starts((points + 0.5) / scale - 0.5, shape, size)
                crops = cut_crops(image, crop_factors, starts, size)
                frame = axis_frame(starts, factors)
            for number, network in enumerate(self.local_networks):
                if number == local:
                    answers, logits = network(crops.unsqueeze(0))
                    output = self._concluded(answers[0], logits[0], frame, stage)
                    points = output.points_index - apart
                    outputs.append(output)
        return outputs[-1]

    def _concluded(self, answer: Tensor, logit: Tensor, frame: Frame, stage: int) -> StageOutput:
        """Let the answer on one image vote, and map from samples of the stage's crops to indices of the input."""
        method = self.methods[stage]
        spacing_mm = self.spacings_mm[stage]
        stride = self.global_stride if stage == 0 else self.strides[stage - 1]
        displacement = displacement_of(answer.to(torch.float32), method.regression)
        if self.offsets_mm.numel() > 0:
            by_axis = list(self.offsets_mm.shape) + [1] * (displacement.dim() - 2)
            displacement = displacement + (self.offsets_mm / spacing_mm).reshape(by_axis)
        weight = posteriors_of(logit.to(torch.float32), method.posterior)
        votes = vote_weights(weight, method.voting, method.voting_count, method.voting_threshold)
        points: list[Tensor] = []
        spreads: list[Tensor] = []
        for some, their_votes in zip(torch.split(displacement, 8), torch.split(votes, 8)):  # noqa: B905  a few at once: less memory
            found, spread = vote(some, their_votes, stride)
            points.append(found)
            spreads.append(spread)
        to_index = frame.index_from_sample.t()
        centre = torch.full((1, displacement.shape[1]), (stride - 1) / 2.0, device=weight.device)
        steps = (frame.index_from_sample * stride).unsqueeze(0).expand(len(weight), -1, -1)
        first_cell = frame.origin_index + centre @ to_index
        along_axes = torch.einsum("ij,lj...->li...", frame.array_from_sample, displacement)
        return StageOutput(
            points_index=torch.cat(points) @ to_index + frame.origin_index,
            presence=presence(weight, method.posterior),
            spread_mm=torch.cat(spreads) * spacing_mm,
            displacement_mm=along_axes * spacing_mm,
            weight=weight,
            index_from_cell=torch.cat([steps, first_cell.unsqueeze(2)], 2),
        )

    @torch.jit.export
    def conclude(self, stages: list[StageOutput], spacing_mm: Tensor) -> LocalizerOutput:
        """Put the outputs of all stages together."""
        last = stages[-1]
        points, spread_mm, posterior = last.points_index, last.spread_mm, last.presence
        if len(self.shares) > 0:
            shares = torch.tensor(self.shares, dtype=torch.float32, device=points.device)
            places = torch.stack([stage.points_index for stage in stages])
            points = (places * shares.unsqueeze(2)).sum(0)
            # The votes' mean square distance from the common position: within each stage, and of the stages from it.
            within = torch.stack([stage.spread_mm for stage in stages]).square()
            apart = ((places - points) * spacing_mm).square().sum(2)
            spread_mm = ((within + apart) * shares).sum(0).sqrt()
            posterior = (torch.stack([stage.presence for stage in stages]) * shares).sum(0)
        radius_mm = self.calibration(spread_mm, posterior)
        return LocalizerOutput(points, stages[0].presence, spread_mm, radius_mm, posterior, stages)

    def analyse(self, prepared: Tensor, spacing_mm: Tensor, tile: int = 0) -> LocalizerOutput:
        """Run all stages on what `prepare` gave; arguments as in `forward`."""
        stages = [self.global_stage(prepared, spacing_mm, tile)]
        for stage in range(1, len(self.spacings_mm)):
            stages.append(self.local_stage(prepared, spacing_mm, stage, stages[-1].points_index))
        return self.conclude(stages, spacing_mm)

    def forward(self, voxels: Tensor, spacing_mm: Tensor, tile: int = 0) -> LocalizerOutput:
        """Localize every landmark.

        Parameters
        ----------
        voxels
            ``(*shape)`` raw intensities of any real type, numpy axis order.
        spacing_mm
            ``(D,)`` float32 spacing per array axis.
        tile
            See `global_stage`.
        """
        return self.analyse(self.prepare(voxels), spacing_mm, tile)
