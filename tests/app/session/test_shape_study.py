"""What the window of shapes shows: which cases are compared and which are not, and why; groups; lines; real data with a swap."""

import os
from pathlib import Path

import numpy as np
import pytest

from app.session.analysis_choice import read_found
from app.session.shape_study import MOST_GROUPS, OTHERS, Grouping, ShapeStudy, Wish, lines_between, study
from app.session.tracing import Stroke
from core.base.errors import AppError
from core.landmark_files.file import read_landmarks
from core.landmark_files.tps import tps_records
from core.project.cases import NewCase
from core.project.readings import Reader
from core.project.store import Project
from core.schemes.sources import bundled_schemes
from core.values.grid import FloatArray
from core.values.image import SpacingSource
from core.values.landmarks import Status
from tests.support.desk_fixtures import ANNA, BEN, MODEL
from tests.support.shape_fixtures import NAMES, configurations, reading, swapped, write_shapes


def studied(path: Path, wish: Wish | None = None) -> ShapeStudy:
    with Project.open(path, read_only=True) as project:
        return study(project, Wish() if wish is None else wish)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.cairn"


def test_cases_know_what_is_unusual_about_them(path: Path) -> None:
    points = swapped(configurations(14), 5)
    points[9] *= [-1, 1]
    ids = write_shapes(path, points)
    found = studied(path)
    assert [case.id for case in found.cases] == ids
    assert found.cases[5].swapped == ("Nasion", "Menton")
    assert found.cases[5].remark == "outlier, possibly Nasion and Menton swapped"
    assert found.cases[9].is_mirrored
    assert "mirror image of the others" in found.cases[9].remark
    assert found.cases[0].remark == ""
    assert {case.id for case in found.outliers} == {ids[5], ids[9]}
    assert found.unit == "px"
    np.testing.assert_allclose([case.size for case in found.cases], found.compared.alignment.centroid_sizes)


def test_every_case_that_is_left_out_is_named_with_its_reason(path: Path) -> None:
    points = configurations(8)
    points[2, 3] = np.nan
    ids = write_shapes(path, points)
    with Project.open(path) as project:
        deep, sized, unread = project.add_cases(
            [NewCase(path.parent / f"{name}.nii", name) for name in ("a", "b", "c")]
        )
        project.save_reading(reading(deep, configurations(1, ndim=3)[0]))
        project.save_reading(reading(sized, configurations(1)[0], spacing=SpacingSource.FILE))
        excluded = ids[7]
        project.update_case(excluded, excluded=True)
    found = studied(path)
    assert len(found.cases) == 6
    assert {case.id: case.reason for case in found.left_out} == {
        ids[2]: "lacks Gonion",
        deep: "is 3D, the others are 2D",
        sized: "its pixel size is known, that of the others is not",
        unread: "not read",
    }


def test_whose_readings_count(path: Path) -> None:
    points = configurations(6)
    ids = write_shapes(path, points)
    with Project.open(path) as project:
        for id_, positions in zip(ids, swapped(points, 1), strict=True):
            project.save_reading(reading(id_, positions, MODEL, Status.PREDICTED))
        for id_ in ids[:3]:
            project.save_reading(reading(id_, points[0], BEN))
    assert [case.labels[Grouping.READER] for case in studied(path).cases] == ["Ben"] * 3 + ["Anna"] * 3
    of_model = studied(path, Wish(MODEL))
    assert {case.labels[Grouping.READER] for case in of_model.cases} == {MODEL.name}
    np.testing.assert_allclose(of_model.compared.found.points, swapped(points, 1))
    of_ben = studied(path, Wish(BEN))
    assert {case.reason for case in of_ben.left_out} == {"not read by Ben"}


def test_of_who_reads_blind_only_what_they_have_decided_on_counts(path: Path) -> None:
    points = configurations(5)
    ids = write_shapes(path, points)
    with Project.open(path) as project:
        project.save_reading(reading(ids[4], points[4], ANNA, Status.PREDICTED))
    assert len(studied(path, Wish(ANNA)).cases) == 5
    blind = studied(path, Wish(ANNA, only_decided=True))
    assert [case.id for case in blind.cases] == ids[:4]
    assert blind.left_out[0].reason == f"lacks {', '.join(NAMES)}"


@pytest.mark.parametrize(
    ("count", "wish", "sentence"),
    [
        (0, Wish(), "Nobody has read any case"),
        (4, Wish(BEN), "Ben has not read any case"),
        (4, Wish(Reader("Eva"), only_decided=True), "You have not marked any case yet"),
        (2, Wish(), "to compare shapes takes 3"),
        (4, Wish(without=frozenset(NAMES[:3])), "Shapes have 3 landmarks at least, and here are 2"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(path: Path, count: int, wish: Wish, sentence: str) -> None:
    write_shapes(path, configurations(count))
    with pytest.raises(AppError, match=sentence):
        studied(path, wish)


def test_groups_are_proposed_where_they_part_the_cases_and_the_rarest_share_a_name(path: Path) -> None:
    write_shapes(path, configurations(12), groups=["male", "female"] * 6)
    found = studied(path)
    assert found.proposed_grouping() is Grouping.PATIENT_GROUP
    assert set(found.groups(Grouping.PATIENT_GROUP)) == {"male", "female"}
    other = path.with_name("patients.cairn")
    write_shapes(other, configurations(12), groups=["often"] * 3 + [str(number) for number in range(9)])
    found = studied(other)
    assert found.proposed_grouping() is Grouping.NOTHING
    groups = found.groups(Grouping.PATIENT_GROUP)
    assert len(set(groups)) == MOST_GROUPS
    assert groups.count("often") == 3
    assert groups.count(OTHERS) == 3


def test_lines_are_those_of_the_chosen_tracing_between_landmarks_that_are_there() -> None:
    names = next(scheme for scheme in bundled_schemes() if scheme.name == "cephalometric-19").names
    found = read_found(None, ())
    steiner = lines_between(found, 2, names, "steiner")
    tracing = next(one for one in found.bundled if one.name == "steiner").tracing
    assert {line.stroke for line in steiner} <= {Stroke(one.kind) for one in tracing}
    assert ("Sella", "Nasion") in {(names[line.first], names[line.second]) for line in steiner}
    most = lines_between(found, 2, names, "")
    assert len(most) >= len(steiner)
    assert lines_between(found, 2, NAMES[:2], "steiner") != ()  # Sella and Nasion
    assert lines_between(found, 2, ("1", "2", "3"), "steiner") == ()


def real(*parts: str) -> tuple[tuple[str, ...], FloatArray]:
    path = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no data set at {path}; CAIRN_DATA says where its parent is")
    if path.suffix == ".tps":
        return tuple(map(str, range(1, 13))), np.stack([record.points_px for record in tps_records(path)])
    names = tuple(read_landmarks(next(iter(path.iterdir()))).names)
    return names, np.stack([read_landmarks(file, names=names).points_mm for file in sorted(path.glob("*.mrk.json"))])


@pytest.mark.realdata
@pytest.mark.parametrize(
    "parts",
    [("fly_wings", "wings.tps"), ("hippocampus", "landmarks"), ("mouse_ct", "landmarks")],
    ids=lambda parts: parts[0],
)
def test_a_swap_put_into_real_data_is_named_in_the_right_case_and_nowhere_else(
    path: Path, parts: tuple[str, ...]
) -> None:
    names, points = real(*parts)
    points = swapped(points, 11, 0, 4)
    with Project.create(path) as project:
        ids = project.add_cases([NewCase(path.parent / f"{row}", str(row)) for row in range(len(points))])
        for id_, positions in zip(ids, points, strict=True):
            project.save_reading(reading(id_, positions, names=names))
    found = studied(path)
    assert {case.id: case.swapped for case in found.cases if case.swapped} == {ids[11]: (names[0], names[4])}
    assert found.outliers[0].id == ids[11]
    assert not any(case.is_mirrored for case in found.cases)
