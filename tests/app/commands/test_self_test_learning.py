"""What the self-test says of its learning; that it succeeds is tested with the whole self-test, and frozen."""

import numpy as np
import pytest

from app.commands import self_test_learning
from app.commands.self_test_learning import check_learning
from core.base.errors import AppError
from core.learning.cases import Case
from core.values.landmarks import Landmarks


@pytest.mark.slow
def test_a_model_that_learnt_the_wrong_places_fails_it(monkeypatch):
    real = self_test_learning._cases

    def displaced(folder):
        return [
            Case(case.name, case.image_path, Landmarks(case.landmarks.names, case.landmarks.points_mm + 15.0))
            for case in real(folder)
        ]

    monkeypatch.setattr(self_test_learning, "_cases", displaced)
    with pytest.raises(AppError, match=r"the model is off by 2\d\.\d\d mm; 8 mm are allowed"):
        check_learning()


def test_what_is_learnt_from_and_what_is_held_back_are_not_the_same(tmp_path):
    cases = self_test_learning._cases(tmp_path)
    held_back = self_test_learning.make_phantom(2, self_test_learning.PHANTOMS)[1]
    assert len(cases) == self_test_learning.PHANTOMS
    nearest_mm = min(np.linalg.norm(case.landmarks.points_mm - held_back.points_mm, axis=1).max() for case in cases)
    assert nearest_mm > 1.0
