"""Pictures of cases with what a person and two models say, made with real, tiny models."""

import numpy as np
import pytest

from app.desk.project_model import digest_of
from app.session.judged_cases import JudgedCases, picture_of
from core.images.file import read_image
from core.project.cases import Geometry, NewCase
from core.project.models import ProjectModel
from core.project.readings import Reader, Reading
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Author, Landmarks, Status
from tests.support.model_fixtures import write_tiny_image, write_tiny_model

NAMES = ("left", "right")


def said(points, names=NAMES) -> Landmarks:
    count = len(names)
    return Landmarks(names, points, status=(Status.PLACED,) * count, author=(Author.PERSON,) * count)


@pytest.fixture
def judged(full_desk, desk_jobs, tmp_path):
    """What makes pictures in a project of five marked cases with two models."""
    project = full_desk.project
    project.remove_cases(project.case_ids())
    ids = []
    for number in range(5):
        path = write_tiny_image(tmp_path / "images" / f"{number}.png", spacing_mm=0.5)
        [case_id] = project.add_cases([NewCase(path, f"leaf {number}")])
        geometry = Geometry.of(read_image(path))
        project.set_case_image(case_id, geometry, "")
        project.save_reading(Reading(case_id, Reader("Anna"), said([[5.0, 6.0], [15.0, 16.0]]), geometry))
        ids.append(case_id)
    old, new = write_tiny_model(tmp_path / "old.pt"), write_tiny_model(tmp_path / "new.pt")
    new.write_bytes(new.read_bytes() + b"\0")  # another file, the same network
    models = [ProjectModel(digest_of(old), "leaf 1", old, 2)]
    models.append(ProjectModel(digest_of(new), "leaf 2", new, 2, models[0].sha256))
    for model in models:
        project.models.put(model)
    return JudgedCases(full_desk, desk_jobs), models, ids


@pytest.mark.slow
def test_a_case_is_shown_with_all_that_is_said_of_it(judged, qtbot):
    pictures, (_, new), ids = judged
    shown, errors = [], []
    pictures.show(new, "leaf 3", shown.append, errors.append)
    qtbot.waitUntil(lambda: bool(shown or errors), timeout=60_000)
    assert errors == []
    [case] = shown
    assert (case.case_id, case.name, case.grey.shape) == (ids[3], "leaf 3", (60, 50))
    assert case.truth["left"] == pytest.approx((10.0, 12.0), abs=0.01)
    assert set(case.old) == set(case.new) == set(NAMES)
    assert case.old == case.new  # the same network
    pictures.show(new, "leaf 3", shown.append, errors.append)
    assert shown[1] is case  # it was kept
    pictures.forget()


def test_a_case_that_is_gone_is_named(judged, full_desk, qtbot):
    pictures, (_, new), ids = judged
    full_desk.project.update_case(ids[1], done=False)
    errors = []
    pictures.show(new, "leaf 1", lambda case: None, errors.append)
    qtbot.waitUntil(lambda: bool(errors), timeout=30_000)
    assert "leaf 1 is no longer among the marked cases" in str(errors[0])


def test_of_a_volume_the_slice_with_the_largest_error_is_shown():
    voxels = np.zeros((8, 10, 12), np.float32)
    voxels[6, 3, 4] = 100.0
    image = Image(voxels, Grid.from_spacing((8, 10, 12), 1.0), ImageSource("a.nii", spacing_source=SpacingSource.FILE))
    points = image.grid.to_mm(np.array([[1.0, 2.0, 2.0], [6.0, 3.0, 4.0]]))
    found = points + np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    case = picture_of(1, "a", image, said(points), None, said(found))
    assert case.grey.shape == (10, 12)
    column, row = case.truth["right"]
    assert case.grey[round(row), round(column)] == case.grey.max() > 0
    assert case.old == {}
