import math

import pytest
import torch

from core.learning.configuration import GlobalStageConfig, OptimisationConfig
from core.learning.targets import losses, make_targets, stage_targets
from core.method.voting import displacement_of


def settings(regression: str = "log", classification: bool = True, **changes: float) -> GlobalStageConfig:
    return GlobalStageConfig(
        spacing_mm=1.0,
        crop=(64,),
        regression=regression,  # type: ignore[arg-type]
        classification=classification,
        optimisation=OptimisationConfig(iterations=1, **changes),  # type: ignore[arg-type]
    )


def test_the_patch_that_holds_the_landmark_is_labelled() -> None:
    points = torch.tensor([[[5.0, 9.0], [-3.0, 2.0]]])
    targets = make_targets(points, [2, 3], 4)
    assert targets.label[0, 0].nonzero().tolist() == [[1, 2]]  # samples 4-7 by 8-11
    assert targets.label[0, 1].sum() == 0  # outside the crop no patch holds it, yet all point to it
    assert targets.known.tolist() == [[1.0, 1.0]]
    centre_to_landmark = torch.tensor([-3.0 - 1.5, 2.0 - 1.5])
    expected = torch.sign(centre_to_landmark) * torch.log10(1 + centre_to_landmark.abs())
    assert torch.allclose(targets.displacement[0, 1, :, 0, 0], expected, atol=1e-6)


def test_a_landmark_between_patches_belongs_to_both() -> None:
    targets = make_targets(torch.tensor([[[3.5, 1.0]]]), [2, 2], 4)
    assert targets.label[0, 0].nonzero().tolist() == [[0, 0], [1, 0]]


def test_perfect_outputs_cost_nothing() -> None:
    points = torch.tensor([[[5.0, 9.0], [10.0, 2.0]]])
    targets = make_targets(points, [4, 4], 4)
    logit = torch.where(targets.label > 0, 30.0, -30.0)
    result = losses(targets.displacement, logit, targets, points, 4, settings(vote_weight=1.0))
    assert float(result.regression) == 0.0
    assert float(result.classification) < 1e-6
    assert float(result.vote) < 1e-3


def test_an_absent_landmark_teaches_no_displacement_but_absence() -> None:
    points = torch.tensor([[[5.0, 9.0], [math.nan, math.nan]]])
    targets = make_targets(points, [4, 4], 4)
    assert targets.known.tolist() == [[1.0, 0.0]]
    assert targets.label[0, 1].sum() == 0
    guess = targets.displacement.clone()
    guess[0, 1] = 7.0
    result = losses(guess, torch.full((1, 2, 4, 4), -30.0), targets, points, 4, settings(vote_weight=1.0))
    assert float(result.regression) == 0.0
    assert torch.isfinite(result.total)


def test_the_parts_are_weighted() -> None:
    points = torch.tensor([[[5.0, 9.0]]])
    targets = make_targets(points, [4, 4], 4)
    off, logit = targets.displacement + 0.1, torch.zeros(1, 1, 4, 4)
    plain = losses(off, logit, targets, points, 4, settings())
    heavy = losses(off, logit, targets, points, 4, settings(classification_weight=3.0, vote_weight=0.5))
    assert float(plain.regression) == pytest.approx(0.1, abs=1e-6)
    assert float(plain.total) == pytest.approx(0.1 + math.log(2.0), abs=1e-5)
    assert float(plain.vote) == 0.0
    assert float(heavy.total) == pytest.approx(0.1 + 3.0 * math.log(2.0) + 0.5 * float(heavy.vote), abs=1e-5)
    assert float(heavy.vote) > 0.0


def test_a_landmark_that_cannot_be_judged_teaches_nothing_at_all() -> None:
    points = torch.tensor([[[5.0, 9.0], [math.inf, math.inf], [math.nan, math.nan]]])
    targets = make_targets(points, [4, 4], 4)
    assert targets.known.tolist() == [[1.0, 0.0, 0.0]]
    assert targets.judged.tolist() == [[1.0, 0.0, 1.0]]
    assert targets.label[0, 1].sum() == 0
    logit = torch.zeros(1, 3, 4, 4, requires_grad=True)
    guess = (targets.displacement + 0.5).requires_grad_()
    result = losses(guess, logit, targets, points, 4, settings(vote_weight=1.0))
    result.total.backward()
    assert torch.isfinite(result.total)
    assert logit.grad is not None
    assert guess.grad is not None
    assert logit.grad[0, 1].abs().sum() == 0
    assert guess.grad[0, 1:].abs().sum() == 0
    assert logit.grad[0, 0].abs().sum() > 0
    assert logit.grad[0, 2].abs().sum() > 0  # an absent one teaches that it is absent


def test_the_classification_is_a_mean_over_the_judged_landmarks_only() -> None:
    points = torch.tensor([[[5.0, 9.0], [math.inf, math.inf]]])
    targets = make_targets(points, [4, 4], 4)
    logit = torch.stack([torch.zeros(4, 4), torch.full((4, 4), 50.0)])[None]
    result = losses(targets.displacement, logit, targets, points, 4, settings())
    assert float(result.classification) == pytest.approx(math.log(2.0), abs=1e-6)
    nobody = torch.full((1, 2, 2), math.inf)
    targets = make_targets(nobody, [4, 4], 4)
    assert float(losses(targets.displacement, logit, targets, nobody, 4, settings(vote_weight=1.0)).total) == 0.0


def test_displacements_are_learnt_in_the_form_that_the_stage_says() -> None:
    points = torch.tensor([[[5.0, 9.0]]])
    linear = make_targets(points, [4, 4], 4, "linear").displacement
    assert linear[0, 0, :, 0, 0].tolist() == [3.5, 7.5]
    assert torch.allclose(
        displacement_of(make_targets(points, [4, 4], 4, "log").displacement, "log"), linear, atol=1e-4
    )
    logit = torch.where(make_targets(points, [4, 4], 4).label > 0, 30.0, -30.0)
    result = losses(
        linear, logit, make_targets(points, [4, 4], 4, "linear"), points, 4, settings("linear", vote_weight=1.0)
    )
    assert float(result.regression) == 0.0
    assert float(result.vote) < 1e-3


@pytest.mark.parametrize(("regression", "classification"), [("off", True), ("log", False)])
def test_what_is_switched_off_costs_nothing(regression: str, classification: bool) -> None:
    points = torch.tensor([[[5.0, 9.0]]])
    targets = make_targets(points, [4, 4], 4, regression)
    result = losses(
        torch.ones_like(targets.displacement),
        torch.ones_like(targets.label),
        targets,
        points,
        4,
        settings(regression, classification),
    )
    assert (float(result.regression) == 0.0) == (regression == "off")
    assert (float(result.classification) == 0.0) == (not classification)
    assert float(result.total) > 0


def test_a_stage_that_learns_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="regression, classification or both"):
        settings("off", classification=False)


def soft_settings(**changes: float) -> GlobalStageConfig:
    plain = settings("linear", **changes)
    return plain.model_copy(update={"posterior": "soft-max", "label_patches": 1.0, "nearness_patches": 2.0})


def test_soft_labels_are_shares_of_a_gaussian_around_the_landmark() -> None:
    points = torch.tensor([[[17.5, 21.5], [-30.0, 2.0], [math.nan, math.nan]]])
    targets = stage_targets(points, [9, 11], 4, soft_settings())
    assert targets.label.flatten(2).sum(2).tolist() == [[pytest.approx(1.0), 0.0, 0.0]]  # in no patch: no share
    assert targets.label[0, 0].argmax() == 4 * 11 + 5  # the middle of patch (4, 5)
    assert float(targets.label[0, 0, 4, 6] / targets.label[0, 0, 4, 5]) == pytest.approx(math.exp(-0.5), rel=1e-5)
    assert targets.nearness is not None
    near = targets.nearness[0, 0]
    assert float(near.sum()) == pytest.approx(1.0)
    assert float(near[4, 7] / near[4, 5]) == pytest.approx(math.exp(-0.5), rel=1e-5)


def test_a_soft_max_learns_where_the_landmark_is_and_that_it_is_nowhere() -> None:
    points = torch.tensor([[[17.5, 21.5], [math.nan, math.nan], [math.inf, math.inf]]])
    stage = soft_settings(vote_weight=1.0)
    targets = stage_targets(points, [9, 11], 4, stage)
    logit = torch.zeros(1, 3, 9, 11, requires_grad=True)
    result = losses(targets.displacement, logit, targets, points, 4, stage)
    assert float(result.regression) == 0.0
    assert float(result.classification) == pytest.approx(math.log(100.0), rel=1e-5)  # of 99 patches and none of them
    result.total.backward()
    assert logit.grad is not None
    assert float(logit.grad[0, 0, 4, 5]) < 0 < float(logit.grad[0, 0, 0, 0])
    assert (logit.grad[0, 1] > 0).all()
    assert logit.grad[0, 2].abs().sum() == 0


def test_distant_patches_need_not_know_the_displacement() -> None:
    points = torch.tensor([[[17.5, 21.5]]])
    stage = soft_settings(regression_weight=0.25)
    targets = stage_targets(points, [9, 11], 4, stage)
    logit = torch.zeros(1, 1, 9, 11)
    near, far = targets.displacement.clone(), targets.displacement.clone()
    near[..., 4, 5] += 4.0
    far[..., 0, 0] += 4.0
    costs = [losses(answer, logit, targets, points, 4, stage) for answer in (near, far)]
    assert float(costs[0].regression) > 5 * float(costs[1].regression) > 0
    free = losses(targets.displacement, logit, targets, points, 4, stage)
    assert float(costs[0].total - free.total) == pytest.approx(0.25 * float(costs[0].regression), rel=1e-3)
