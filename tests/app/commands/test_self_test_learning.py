"""What the self-test says of its learning; that it succeeds is tested with the whole self-test, and frozen."""

from dataclasses import replace

import numpy as np
import pytest

from app.commands import self_test_learning
from app.commands.self_test_learning import PHANTOMS, SHAPE, check_learning
from core.base.errors import AppError
from core.learning.phantom import make_phantom
from core.values.landmarks import Landmarks


@pytest.mark.slow
def test_a_model_that_learnt_the_wrong_places_fails_it(monkeypatch):
    real = self_test_learning._cases

    def displaced(folder):
        for marked in real(folder):
            landmarks = marked.case.landmarks
            moved = Landmarks(landmarks.names, landmarks.points_mm + np.array([8.0, 0.0]))
            yield replace(marked, case=replace(marked.case, landmarks=moved))

    monkeypatch.setattr(self_test_learning, "_cases", lambda folder: tuple(displaced(folder)))
    with pytest.raises(AppError, match=r"the model is off by \d+\.\d\d mm; 5 mm are allowed"):
        check_learning()


def test_what_is_learnt_from_and_what_is_held_back_are_not_the_same(tmp_path):
    cases = self_test_learning._cases(tmp_path / "images")
    held_back = make_phantom(2, PHANTOMS, SHAPE)[1].points_mm
    assert len(cases) == PHANTOMS
    nearest_mm = min(np.linalg.norm(marked.case.landmarks.points_mm - held_back, axis=1).max() for marked in cases)
    assert nearest_mm > 1.0
