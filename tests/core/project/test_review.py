"""What wants an eye in a project, and in which order."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.project.cases import Geometry, NewCase
from core.project.models import ProjectModel
from core.project.readings import Reader, ReaderKind, Reading
from core.project.review import Doubt, doubts_of_case, review_queue, shapes_of
from core.project.store import Project
from core.values.grid import Grid
from core.values.image import SpacingSource
from core.values.landmarks import Landmarks, Status

GEOMETRY = Geometry(Grid.from_spacing((2400, 1900), 0.1), SpacingSource.PERSON)
ANNA, BEN, MODEL = Reader("Anna"), Reader("Ben"), Reader("ceph 1", ReaderKind.MODEL)
NAMES = tuple("ABCDEFGH")
SHAPE = np.array([[0, 0], [60, 5], [80, 50], [70, 90], [40, 100], [10, 80], [-5, 40], [35, 45]], dtype=float) + 50


def landmarks(
    points: np.ndarray = SHAPE,
    *,
    presence: dict[str, float] | None = None,
    radius: dict[str, float] | None = None,
    status: Status = Status.PREDICTED,
) -> Landmarks:
    def figures(usual: float, others: dict[str, float] | None) -> np.ndarray:
        return np.array([(others or {}).get(name, usual) for name in NAMES], dtype=np.float32)

    return Landmarks(NAMES, points, figures(0.99, presence), figures(0.3, None), figures(1.0, radius), (status,) * 8)


def reading(case_id: int, reader: Reader, said: Landmarks) -> Reading:
    return Reading(case_id, reader, said, GEOMETRY)


def posed(rng: np.random.Generator, noise_mm: float = 0.5) -> np.ndarray:
    """Return the shape in another size and pose, with noise on each point."""
    angle, size = rng.uniform(-0.3, 0.3), rng.uniform(0.9, 1.1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(
        size * (SHAPE - 90) @ turn.T + 90 + rng.uniform(-20, 20, 2) + rng.normal(0, noise_mm, SHAPE.shape)
    )


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study.cairn") as made:
        yield made


def test_what_the_model_doubts_comes_by_how_much_it_doubts() -> None:
    said = landmarks(presence={"C": 0.5, "F": 0.85}, radius={"D": 6.0})
    assert doubts_of_case([reading(1, MODEL, said)]) == [
        Doubt(1, "C", pytest.approx(5.0, rel=1e-5), "± 1.0 mm, presence 50 %"),
        Doubt(1, "D", pytest.approx(3.0), "± 6.0 mm, presence 99 %"),
        Doubt(1, "F", pytest.approx(1.5, rel=1e-5), "± 1.0 mm, presence 85 %"),
    ]
    assert doubts_of_case([reading(1, MODEL, said)], dict.fromkeys(NAMES, 5.0)) == [
        Doubt(1, "C", pytest.approx(5.0, rel=1e-5), "± 1.0 mm, presence 50 %"),
        Doubt(1, "F", pytest.approx(1.5, rel=1e-5), "± 1.0 mm, presence 85 %"),
    ]


def test_what_a_person_has_decided_is_settled() -> None:
    said = landmarks(presence={"C": 0.5, "F": 0.5}).with_status("C", Status.CONFIRMED)
    assert [doubt.name for doubt in doubts_of_case([reading(1, MODEL, said), reading(1, ANNA, said)])] == ["F"]


def test_what_nobody_has_placed_and_absences_are_named_as_such() -> None:
    said = landmarks(presence={"B": 0.4}).without_point("B")
    said = replace(said, points_mm=np.where(np.arange(8)[:, None] == 4, np.nan, said.points_mm))
    status = list(said.status)
    status[4] = Status.UNPLACED
    said = replace(
        said, status=tuple(status), author=tuple("" if i in (1, 4) else a for i, a in enumerate(said.author))
    )
    assert {doubt.name: doubt.why for doubt in doubts_of_case([reading(1, MODEL, said)])} == {
        "B": "perhaps present (40 %)",
        "E": "not placed yet",
    }


def test_readers_who_disagree_are_sent_back_to_the_landmark() -> None:
    ours = landmarks(status=Status.CORRECTED)
    shifted = SHAPE.copy()
    shifted[2] += (3.0, 4.0)
    theirs = landmarks(shifted, status=Status.CORRECTED)
    [doubt] = doubts_of_case([reading(1, ANNA, ours), reading(1, BEN, theirs)])
    assert (doubt.name, doubt.score, doubt.why) == ("C", pytest.approx(5.0), "readers are 5.0 mm apart")
    assert doubts_of_case([reading(1, ANNA, ours), reading(1, MODEL, theirs)]) == [], "a correction is no disagreement"


def test_disagreement_is_measured_on_the_same_pixels() -> None:
    ours = reading(1, ANNA, landmarks(status=Status.CORRECTED))
    finer = Geometry(Grid.from_spacing((2400, 1900), 0.05), SpacingSource.PERSON)
    theirs = Reading(1, BEN, landmarks(status=Status.CORRECTED), GEOMETRY)
    theirs = replace(theirs, landmarks=theirs.on(finer), geometry=finer)
    assert doubts_of_case([ours, theirs]) == []


def test_a_landmark_out_of_shape_is_found_in_any_pose_even_where_a_person_put_it() -> None:
    rng = np.random.default_rng(7)
    shapes = shapes_of([landmarks(posed(rng)) for _ in range(20)])
    assert shapes is not None
    for _ in range(20):
        points = posed(rng)
        assert doubts_of_case([reading(1, ANNA, landmarks(points, status=Status.CORRECTED))], {}, shapes) == []
        points[[2, 5]] = points[[5, 2]]
        swapped = doubts_of_case([reading(1, ANNA, landmarks(points, status=Status.CORRECTED))], {}, shapes)
        assert {doubt.name for doubt in swapped} == {"C", "F"}
        assert swapped[0].why == "out of shape beside the other cases"


def test_too_few_or_incomplete_shapes_say_nothing() -> None:
    rng = np.random.default_rng(8)
    few = [landmarks(posed(rng)) for _ in range(4)]
    assert shapes_of(few) is None
    assert shapes_of([*few, landmarks(posed(rng)).without_point("A")]) is None
    shapes = shapes_of([*few, landmarks(posed(rng))])
    assert shapes is not None
    assert np.isnan(shapes.oddness(landmarks().without_point("A"))).all()


def test_the_queue_goes_case_by_case_from_the_most_doubtful_and_leaves_out_what_is_done(project: Project) -> None:
    ids = project.add_cases([NewCase(project.folder / f"{name}.png", name) for name in "abcdef"])
    mild, bad, done, excluded, sure, _ = ids
    project.save_reading(reading(mild, MODEL, landmarks(presence={"B": 0.8})))
    project.save_reading(reading(bad, MODEL, landmarks(presence={"B": 0.85, "G": 0.2})))
    for id_ in (done, excluded):
        project.save_reading(reading(id_, MODEL, landmarks(presence={"B": 0.2})))
    project.save_reading(reading(sure, MODEL, landmarks()))
    project.update_case(done, done=True)
    project.update_case(excluded, excluded=True)
    assert [(doubt.case_id, doubt.name) for doubt in review_queue(project).doubts] == [
        (bad, "G"),
        (bad, "B"),
        (mild, "B"),
    ]


def test_that_the_model_in_use_differs_from_one_before_is_no_doubt(project: Project) -> None:
    [case_id] = project.add_cases([NewCase(project.folder / "a.png", "a")])
    shifted = SHAPE.copy()
    shifted[2] += (30.0, 40.0)
    project.save_reading(reading(case_id, Reader("wing 1", ReaderKind.MODEL), landmarks(shifted)))
    project.save_reading(reading(case_id, Reader("wing 2", ReaderKind.MODEL), landmarks()))
    assert [doubt.name for doubt in review_queue(project).doubts] == ["C"]
    project.models.put(ProjectModel("a" * 64, "wing 2", project.folder / "wing 2.pt", 2))
    project.models.use("a" * 64)
    assert review_queue(project).doubts == []
    project.models.put(ProjectModel("b" * 64, "wing 3", project.folder / "wing 3.pt", 2))
    project.models.use("b" * 64)  # which has not spoken of this case yet
    assert [doubt.name for doubt in review_queue(project).doubts] == ["C"]


def test_only_what_has_changed_is_looked_through_again(project: Project) -> None:
    first, second = project.add_cases([NewCase(project.folder / f"{name}.png", name) for name in "ab"])
    project.save_reading(reading(first, MODEL, landmarks(presence={"B": 0.2})))
    before = review_queue(project)
    project.save_reading(reading(second, MODEL, landmarks(presence={"C": 0.1})))
    project.save_reading(reading(first, MODEL, landmarks()))
    stale = review_queue(project, before, {second})
    assert [doubt.name for doubt in stale.doubts] == ["C", "B"]
    assert stale.by_case[first] is before.by_case[first]
    assert [doubt.name for doubt in review_queue(project, stale, {first}).doubts] == ["C"]
    project.update_case(second, done=True)
    assert review_queue(project, stale, {first, second}).doubts == []


def test_the_worklist_counts_what_is_in_doubt_with_the_models_usual_radii(project: Project) -> None:
    [case_id] = project.add_cases([NewCase(project.folder / "a.png", "a")])
    said = landmarks(radius={"D": 6.0, "E": 1.9})
    project.save_reading(reading(case_id, MODEL, said))
    assert project.case(case_id).to_check == 1
    project.set_usual_radii(MODEL.name, {"mm": dict.fromkeys(NAMES, 1.0), "px": dict.fromkeys(NAMES, 99.0)})
    project.save_reading(reading(case_id, MODEL, said))
    assert project.case(case_id).to_check == 2
    project.update_case(case_id, done=True)
    assert project.case(case_id).to_check == 0
