"""A course asks the model that it goes on from where it knows the landmarks."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from core.learning import course_definitions
from core.learning.configuration import TrainingConfig, parse_config
from core.learning.course_definitions import can_have_offsets, offsets_from, why_moved
from core.learning.phantom import PHANTOM_LANDMARKS
from core.learning.prepared_cases import stage_cases
from tests.support.training_fixtures import CONFIG, phantom_cases

MOVED_MM = torch.tensor([2.0, -3.0])


def tiny_config() -> TrainingConfig:
    """Return the configuration of the tiny networks for phantoms."""
    return parse_config(
        CONFIG.replace('"LANDMARKS"', str(list(PHANTOM_LANDMARKS)).replace("'", '"')).replace("ITERATIONS", "2"), "tiny"
    )


class Knows:
    """A localizer that finds landmarks where they were marked before somebody moved one."""

    def __init__(self, answers: list[torch.Tensor]) -> None:
        self._answers = iter(answers)

    def analyse(self, *_: Any) -> Any:
        return SimpleNamespace(points_index=next(self._answers))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[Any]]:
    """Return a model and cases whose first landmark is marked elsewhere than the model finds it."""
    cases = phantom_cases(6)
    moved = []
    for case in cases:
        points = case.points_index.clone()
        points[0] += MOVED_MM / case.spacing_mm
        moved.append(replace(case, points_index=points))
    model = SimpleNamespace(
        config=tiny_config(),
        offsets_mm=[],
        landmarks=cases[0].case.landmarks.names,
        info=SimpleNamespace(title="old 1.0"),
    )
    knows = Knows([case.points_index for case in cases])
    monkeypatch.setattr(course_definitions, "localizer_of_model", lambda _: knows)
    return model, moved


def test_what_is_marked_elsewhere_is_taken_over_and_said(asked: tuple[Any, list[Any]]) -> None:
    model, cases = asked
    heard: list[int] = []
    found = offsets_from(model, cases, lambda: heard.append(1))
    assert len(heard) == len(cases)
    np.testing.assert_allclose(found[0], MOVED_MM.numpy(), atol=1e-3)
    assert not np.any(found[1:])
    (reason,) = why_moved(model, found, "mm")
    assert (reason.value, reason.why) == (f"{model.landmarks[0]} by 3.6 mm", "marked elsewhere than by old 1.0")


def test_what_was_moved_before_counts_too_but_is_not_said_again(asked: tuple[Any, list[Any]]) -> None:
    model, cases = asked
    model.offsets_mm = [[0.0, 0.0], [1.0, 1.0], *[[0.0, 0.0]] * (len(model.landmarks) - 2)]
    found = offsets_from(model, cases)
    assert found[1] == [1.0, 1.0]
    np.testing.assert_allclose(found[0], MOVED_MM.numpy(), atol=1e-3)
    assert len(why_moved(model, found, "px")) == 1
    assert why_moved(model, model.offsets_mm, "mm") == why_moved(model, [], "mm") == ()


def test_objects_in_any_pose_have_no_offsets() -> None:
    config = tiny_config()
    assert can_have_offsets(SimpleNamespace(config=config))  # type: ignore[arg-type]
    posed = config.model_copy(update={"global_stage": config.global_stage.model_copy(update={"any_pose": True})})
    assert not can_have_offsets(SimpleNamespace(config=posed))  # type: ignore[arg-type]


def test_networks_learn_where_they_know_the_landmarks() -> None:
    config, cases = tiny_config(), phantom_cases(2)
    offsets_mm = [MOVED_MM.tolist()] * len(cases[0].points_index)
    for stage in (0, 1):
        spacing_mm = config.stage(stage).spacing_mm
        plain, apart = (stage_cases(config, stage, cases, None, given) for given in ((), offsets_mm))
        for one, other in zip(plain, apart, strict=True):
            torch.testing.assert_close(one.points - other.points, (MOVED_MM / spacing_mm).expand_as(one.points))
