"""What commands are given as landmarks: files of one image and of many, folders and projects, in which unit, called what."""

from pathlib import Path

import numpy as np
import pytest

from app.commands.landmark_input import LandmarkInput, read_landmark_input
from core.base.errors import AppError
from core.landmark_files.collection_file import write_collection
from core.landmark_files.file import write_landmarks
from core.project.store import Project
from core.schemes.sources import scheme_of_names
from tests.support.collection_fixtures import flat_cases, volume_cases
from tests.support.desk_fixtures import ANNA, BEN, add_cases, make_landmarks, make_reading
from tests.support.landmark_fixtures import FLAT, UNSCALED, table

PX = np.array([[10.0, 20.0], [3.5, 4.0], [8.0, 1.0]])
"""Column and height above the lower edge."""


def names_and_units(read: LandmarkInput) -> list[tuple[str, str]]:
    return [(case.name, case.unit) for case in read.cases]


def test_a_tps_file_alone_gives_shapes_the_right_way_up_and_mm_where_its_scale_is_cairns(tmp_path: Path) -> None:
    points = [f"{x} {y}" for x, y in PX]
    path = table(
        tmp_path / "all.tps", "LM=3", *points, "IMAGE=a.jpg", "LM=3", *points, "IMAGE=b.jpg", "SCALE=0.5",
        "COMMENT=Cairn: SCALE is in mm",
    )  # fmt: skip
    read = read_landmark_input([path])
    assert names_and_units(read) == [("a.jpg", "px"), ("b.jpg", "mm")]
    np.testing.assert_array_equal(read.cases[0].landmarks.points_mm, PX * [1, -1])
    np.testing.assert_array_equal(read.cases[1].landmarks.points_mm, PX * [0.5, -0.5])


def test_files_of_one_image_say_their_unit_themselves(tmp_path: Path) -> None:
    write_landmarks(make_landmarks(), tmp_path / "mm.csv", image=FLAT)
    write_landmarks(make_landmarks(), tmp_path / "px.csv", image=UNSCALED)
    write_landmarks(make_landmarks(), tmp_path / "flat.mrk.json", image=FLAT)
    write_landmarks(make_landmarks(), tmp_path / "flat-px.mrk.json", image=UNSCALED)
    read = read_landmark_input([tmp_path / n for n in ("mm.csv", "px.csv", "flat.mrk.json", "flat-px.mrk.json")])
    assert names_and_units(read) == [("mm", "mm"), ("px", "px"), ("flat", "mm"), ("flat-px", "px")]
    for case in read.cases:
        np.testing.assert_allclose(case.landmarks.points_mm, make_landmarks().points_mm, atol=1e-3)


def test_a_table_of_px_with_a_pixel_size_gives_mm(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "# size: 20 x 24 px, pixel size 0.1 x 0.2 mm", "name,x_px,y_px", "a,10,20")
    read = read_landmark_input([path])
    assert read.cases[0].unit == "mm"
    np.testing.assert_allclose(read.cases[0].landmarks.points_mm, [[1.0, 4.0]])


def test_folders_hold_many_and_keep_what_is_said_of_each(tmp_path: Path) -> None:
    write_collection(flat_cases(), tmp_path / "flat", "csv")
    write_collection(volume_cases(), tmp_path / "volumes", "mrk-json")
    assert names_and_units(read_landmark_input([tmp_path / "flat"])) == [("a", "mm"), ("b", "px")]
    assert [case.landmarks.ndim for case in read_landmark_input([tmp_path / "volumes"]).cases] == [3, 3]


def test_files_of_the_same_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_landmarks(make_landmarks(), tmp_path / folder / "a.csv", image=FLAT)
    files = [tmp_path / folder / "a.csv" for folder in ("one", "two")]
    assert [case.name for case in read_landmark_input(files).cases] == [str(f.with_suffix("")) for f in files]
    with pytest.raises(AppError, match="several sets of landmarks"):
        read_landmark_input([files[0], files[0]])


def test_files_without_names_want_a_scheme(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    table(tmp_path / "lists" / "001.txt", "1,2", "3,4", "5,6")
    with pytest.raises(AppError, match="--scheme"):
        read_landmark_input([tmp_path / "lists"])
    with pytest.raises(AppError, match="--scheme"):
        read_landmark_input([tmp_path / "lists" / "001.txt"])
    scheme = scheme_of_names(("a", "b", "c"), 2, "three")
    for path in (tmp_path / "lists", tmp_path / "lists" / "001.txt"):
        [case] = read_landmark_input([path], scheme=scheme).cases
        assert (case.name, case.unit, case.landmarks.names) == ("001", "px", ("a", "b", "c"))


def make_project(path: Path) -> Path:
    with Project.create(path) as project:
        first, second, _ = add_cases(project, "first", "second", "third")
        project.save_reading(make_reading(first, ANNA))
        project.save_reading(make_reading(second, ANNA))
        project.save_reading(make_reading(first, BEN, make_landmarks(2.0)))
    return path


def test_a_project_gives_the_reading_that_speaks_for_each_case_or_those_of_one_reader(tmp_path: Path) -> None:
    path = make_project(tmp_path / "study.cairn")
    read = read_landmark_input([path])
    assert names_and_units(read) == [("first", "mm"), ("second", "mm")]
    assert read.cases[0].landmarks == make_landmarks(2.0)
    assert read.notes == ("1 case left out, not read: third.",)
    ben = read_landmark_input([path], reader="ben")
    assert [case.name for case in ben.cases] == ["first"]
    assert ben.notes == ("2 cases left out, not read by Ben: second, third.",)


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    path = make_project(tmp_path / "study.cairn")
    write_landmarks(make_landmarks(), tmp_path / "a.csv", image=FLAT)
    with pytest.raises(AppError, match="stands for itself"):
        read_landmark_input([tmp_path / "a.csv", path])
    with pytest.raises(AppError, match="no reader Carl"):
        read_landmark_input([path], reader="Carl")
    with pytest.raises(AppError, match="Leave --reader out"):
        read_landmark_input([tmp_path / "a.csv"], reader="Anna")
    with pytest.raises(AppError, match="no file or folder"):
        read_landmark_input([tmp_path / "nothing.csv"])
    with Project.create(tmp_path / "empty.cairn") as project:
        add_cases(project, "first")
    with pytest.raises(AppError, match="Nobody has read any case"):
        read_landmark_input([tmp_path / "empty.cairn"])


def test_voxels_without_their_volume_are_refused(tmp_path: Path) -> None:
    write_collection(volume_cases(), tmp_path / "nn", "nnlandmark")
    with pytest.raises(AppError, match="voxels"):
        read_landmark_input([tmp_path / "nn"])
