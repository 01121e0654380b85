"""How far the readers of a project differ: from its readings, of the images that can be compared in mm."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.desk.project_spread import spread_in, spreads_in
from core.measuring.reader_spread import FEWEST_CASES, NOTHING
from core.measuring.scatter import Scatter
from core.project.cases import Geometry
from core.project.readings import Reader, Reading
from core.project.store import Project
from core.values.grid import Grid
from core.values.image import SpacingSource
from core.values.landmarks import Landmarks, Status
from tests.support.desk_fixtures import ANNA, BEN, GEOMETRY, MODEL, NAMES, add_cases, make_landmarks, make_reading


@pytest.fixture
def project(tmp_path: Path):
    """Anna and Ben differ by 1 mm along both axes, and a model by much more."""
    with Project.create(tmp_path / "study.cairn") as made:
        for case_id in add_cases(made, *(f"film{number}" for number in range(FEWEST_CASES))):
            save(made, case_id, ANNA, 0.0)
            save(made, case_id, BEN, 1.0)
            made.save_reading(make_reading(case_id, MODEL, make_landmarks(9.0)))
        yield made


def save(project: Project, case_id: int, reader: Reader, shift_mm: float, status: Status = Status.PLACED) -> None:
    project.save_reading(make_reading(case_id, reader, make_landmarks(shift_mm, status)), "Place")


def test_persons_count_and_no_model(project: Project) -> None:
    found = spread_in(project, 2)
    assert found.spread_mm == pytest.approx(dict.fromkeys(NAMES, np.sqrt(0.5)))
    assert found.source[NAMES[0]] == f"{ANNA.name} and {BEN.name}, {FEWEST_CASES} cases"
    assert spreads_in(project) == {2: found}
    assert spread_in(project, 3) == NOTHING


def test_one_person_alone_differs_from_nobody(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study.cairn") as project:
        for case_id in add_cases(project, *(f"film{number}" for number in range(FEWEST_CASES))):
            save(project, case_id, ANNA, 0.0)
            project.save_reading(make_reading(case_id, MODEL, make_landmarks(1.0)))
        assert spreads_in(project) == {}


def test_directions_are_those_of_the_face_where_its_landmarks_are_known(tmp_path: Path) -> None:
    """Sella, nasion and menton tell them; one landmark alone is the other way round in a mirrored picture."""
    face = np.array([[20.0, 20.0], [90.0, 20.0], [80.0, 130.0]])
    rng = np.random.default_rng(3)
    with Project.create(tmp_path / "study.cairn") as project:
        for number, case_id in enumerate(add_cases(project, *(f"film{number}" for number in range(200)))):
            points_mm = np.array((100.0, 0.0)) + face * (-1, 1) if number % 2 else face
            forward = np.array([-1.0 if number % 2 else 1.0, 0.0])
            for reader in (ANNA, BEN):
                error = rng.normal(0, 0.5) * (forward + np.array([0.0, -1.0]))  # to the front and upwards, by the same
                marks = Landmarks(("Sella", "Nasion", "Menton"), points_mm + np.stack([0 * error, 0 * error, error]))
                project.save_reading(make_reading(case_id, reader, marks), "Place")
        menton = spread_in(project, 2).spread_mm["Menton"]
    assert isinstance(menton, Scatter)
    assert (menton.anterior_sd_mm, menton.superior_sd_mm, menton.correlation) == pytest.approx((0.5, 0.5, 1.0), rel=0.1)


def test_excluded_cases_do_not_count(project: Project) -> None:
    project.update_case(project.case_ids()[0], excluded=True)
    assert spread_in(project, 2) == NOTHING, "one case too few is left"


def test_a_pixel_size_that_one_of_them_knew_is_that_of_both(project: Project) -> None:
    unknown = Geometry(Grid.from_spacing(GEOMETRY.grid.shape, 1.0), SpacingSource.UNKNOWN)
    for case_id in project.case_ids():
        said = make_landmarks(1.0, Status.PLACED)
        in_px = replace(said, points_mm=said.points_mm * 10)
        project.save_reading(Reading(case_id, Reader("Cem"), in_px, unknown), "Place")
    found = spread_in(project, 2)
    # Cem says what Ben does: the mean of three is a third of a mm away from two and two thirds from one.
    assert found.spread_mm[NAMES[0]] == pytest.approx(np.sqrt(2 / 3 / 2))
    assert found.source[NAMES[0]] == f"{ANNA.name} and {BEN.name} and Cem, {FEWEST_CASES} cases"


def test_images_without_a_pixel_size_say_no_mm(tmp_path: Path) -> None:
    unknown = Geometry(Grid.from_spacing(GEOMETRY.grid.shape, 1.0), SpacingSource.UNKNOWN)
    with Project.create(tmp_path / "study.cairn") as project:
        for case_id in add_cases(project, *(f"film{number}" for number in range(FEWEST_CASES))):
            for reader, shift in ((ANNA, 0.0), (BEN, 1.0)):
                project.save_reading(Reading(case_id, reader, make_landmarks(shift, Status.PLACED), unknown), "Place")
        assert spreads_in(project) == {}
