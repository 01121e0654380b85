"""3D Slicer's .fcsv, old and new: what Cairn writes reads back, and lines of others stay as they are."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from core.base.errors import LandmarkFileError
from core.landmark_files.file import read_landmark_file, read_landmarks, write_landmarks
from core.values.landmarks import Landmarks, Status
from tests.support.landmark_fixtures import in_one_folder, landmark_sets, refused, table

COLUMNS_LINE = "# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID"


def slicer_file(path: Path, *points: str, version: str = "4.10", system: str = "0") -> Path:
    heading = [f"# Markups fiducial file version = {version}", f"# CoordinateSystem = {system}", COLUMNS_LINE]
    return table(path, *heading, *points)


def rewritten(path: Path, landmarks: Landmarks | None = None) -> str:
    """Read a file, write its landmarks (or others) into a copy of it, and return what the copy holds."""
    file = read_landmark_file(path)
    path.unlink()
    copy = path.with_name("copy.fcsv")
    write_landmarks(file.landmarks if landmarks is None else landmarks, copy, template=file.template)
    return copy.read_bytes().decode()


def point_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


# --- what Cairn writes ---


@in_one_folder
@given(landmark_sets(ndim=3))
def test_fcsv_gives_back_what_was_written(tmp_path, landmarks):
    path = tmp_path / "points.fcsv"
    names = tuple(f"L{row} {name}".replace("\r", " ").replace("\n", " ") for row, name in enumerate(landmarks.names))
    landmarks = Landmarks(
        names, np.round(landmarks.points_mm, 3) + 0.0, status=landmarks.status, author=landmarks.author
    )
    write_landmarks(landmarks, path)
    assert read_landmarks(path) == landmarks


def test_a_new_file_reads_like_this(tmp_path):
    landmarks = Landmarks(
        ("a, ü", 'the "gap"', "lost", "waiting"),
        [[1.5, -2.0, 0.1], [4, 5, 6], [np.nan] * 3, [np.nan] * 3],
        presence=[0.98765, np.nan, np.nan, np.nan],
        status=(Status.PREDICTED, Status.PLACED, Status.ABSENT, Status.UNPLACED),
    )
    write_landmarks(landmarks, tmp_path / "points.fcsv")
    assert (tmp_path / "points.fcsv").read_bytes().decode().split("\n") == [
        "# Markups fiducial file version = 5.0",
        "# CoordinateSystem = LPS",
        COLUMNS_LINE,
        '1,1.5,-2.0,0.1,0,0,0,1,1,1,0,"a, ü",predicted; presence 0.988,,2,0',
        '2,4.0,5.0,6.0,0,0,0,1,1,1,0,"the ""gap""",placed,,2,0',
        "3,nan,nan,nan,0,0,0,1,1,1,0,lost,absent,,0,0",
        "4,nan,nan,nan,0,0,0,1,1,1,0,waiting,unplaced,,0,0",
        "",
    ]
    assert read_landmarks(tmp_path / "points.fcsv").status == landmarks.status


def test_a_name_with_a_line_break_is_refused_because_slicer_reads_line_by_line(tmp_path):
    with pytest.raises(LandmarkFileError, match="the gap has a line break") as caught:
        write_landmarks(Landmarks(("the\ngap",), [[1, 2, 3]]), tmp_path / "points.fcsv")
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


# --- what others write ---


@pytest.mark.parametrize(
    ("system", "expected"), [("0", [-1, -2, 3]), ("RAS", [-1, -2, 3]), ("1", [1, 2, 3]), ("LPS", [1, 2, 3])]
)
def test_fcsv_of_all_versions_comes_out_in_lps(tmp_path, system, expected):
    path = slicer_file(
        tmp_path / "points.fcsv",
        'vtkMRMLMarkupsFiducialNode_0,1,2,3,0,0,0,1,1,1,0,"nasion, soft",corrected,vtkMRMLScalarVolumeNode1',
        "",
        "vtkMRMLMarkupsFiducialNode_1,1,2,3,0,0,0,1,1,1,0,b,,,2,0",
        "vtkMRMLMarkupsFiducialNode_2,0,0,0,0,0,0,1,1,1,0,c,,,0,0",
        "vtkMRMLMarkupsFiducialNode_3,0,0,0,0,0,0,1,1,1,0,d,,,1,0",
        "vtkMRMLMarkupsFiducialNode_4,0,0,0,0,0,0,1,1,1,0,e,unplaced,,3,0",
        system=system,
    )
    read = read_landmarks(path)
    assert read.names == ("nasion, soft", "b", "c", "d", "e")
    assert read.status == (Status.CORRECTED, Status.PLACED, Status.ABSENT, Status.ABSENT, Status.UNPLACED)
    np.testing.assert_array_equal(read.points_mm[:2], [expected, expected])
    assert np.isnan(read.points_mm[2:]).all()


def test_in_a_list_of_names_nothing_is_absent_yet(tmp_path):
    lines = [f"{number},0,0,0,0,0,0,1,1,1,0,{name},,,0,0" for number, name in enumerate("ab")]
    path = slicer_file(tmp_path / "points.fcsv", *lines)
    file = read_landmark_file(path)
    assert file.landmarks.status == (Status.UNPLACED,) * 2
    before = path.read_bytes()
    write_landmarks(file.landmarks, path, template=file.template)
    assert path.read_bytes() == before
    write_landmarks(file.landmarks.without_point("a").without_point("b"), path, template=file.template)
    assert read_landmarks(path).status == (Status.ABSENT,) * 2


def test_the_columns_line_of_an_fcsv_is_honoured(tmp_path):
    path = table(
        tmp_path / "points.fcsv",
        "# Markups fiducial file version = 4.11",
        "# CoordinateSystem = LPS",
        "# columns = label,z,y,x",
        "a,3,2,1",
    )
    np.testing.assert_array_equal(read_landmarks(path).points_mm, [[1, 2, 3]])


def test_an_fcsv_of_slicer_3_is_ras(tmp_path):
    path = table(tmp_path / "points.fcsv", "# Fiducial List file old.fcsv", "# numPoints = 1", "a,1,2,3,1,1")
    np.testing.assert_array_equal(read_landmarks(path).points_mm, [[-1, -2, 3]])


def test_points_without_a_label_are_called_by_their_number(tmp_path):
    path = table(
        tmp_path / "points.fcsv",
        "# Markups fiducial file version = 4.4",
        "# columns = id,x,y,z,vis,sel",
        "p0,1,2,3,1,1",
    )
    assert read_landmarks(path).names == ("Point 1",)
    path = slicer_file(tmp_path / "points.fcsv", "0,1,2,3,0,0,0,1,1,1,0,a,,", "1,4,5,6,0,0,0,1,1,1,0,,,")
    assert read_landmarks(path).names == ("a", "Point 2")


def test_marks_line_ends_and_odd_characters_do_not_hurt(tmp_path):
    path = slicer_file(tmp_path / "points.fcsv", "0, 1 ,2e0,+3.,0,0,0,1,1,1,0,a\u2028\u0085ü,,")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    read = read_landmarks(path)
    assert read.names == ("a\u2028\u0085ü",)
    np.testing.assert_array_equal(read.points_mm, [[-1, -2, 3]])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["# CoordinateSystem = IJK"], ("line 1", "IJK")),
        (["# CoordinateSystem = 2"], ("line 1", "2")),
        (["a,1,2"], ("line 1", "columns")),
        (["# Markups fiducial file version = 5.0", "0,1,2,3,0,0,0"], ("line 2", "columns")),
        (["a,1,2,three"], ("line 1", "position")),
        (["a,1,2,nan"], ("line 1", "position")),
        (["a,1,2,1_0"], ("line 1", "position")),
        (["a,1,2,"], ("line 1", "position")),
        (["a,1,2,3", "a,4,5,6"], ("several", "a")),
        (["# only comments"], ("no points",)),
        (["a" * 140_000 + ",1,2,3"], ("line 1", "split")),
    ],
)
def test_a_wrong_fcsv_line_is_named(tmp_path, lines, words):
    refused(table(tmp_path / "points.fcsv", *lines), *words)


# --- what is kept ---


def test_a_file_that_nobody_changed_comes_back_byte_for_byte(tmp_path):
    path = slicer_file(
        tmp_path / "points.fcsv",
        "# somebody's remark",
        'F_7,1.50,2,3,0.5,0.5,0.5,0.5,0,0,1,"a, ü","by ""Ann""",vtkMRMLScalarVolumeNode1',
        "",
        "F_8,1,2,3,,,,,,,,b",
        "  ",
        system="RAS",
    )
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = path.read_bytes().decode()
    assert rewritten(path) == before


def test_a_correction_changes_its_own_cells_in_the_system_of_the_file(tmp_path):
    path = slicer_file(
        tmp_path / "points.fcsv",
        'F_7,1.50,2,3,0.5,0.5,0.5,0.5,0,0,1,a,"by ""Ann"", 2019",vtkMRMLScalarVolumeNode1',
        "F_8,4,5,6,0,0,0,1,1,1,0,b",
        "F_9,7,8,9,0,0,0,1,1,1,0,c,,",
    )
    landmarks = read_landmarks(path).with_point("a", [10, 20, 30]).with_status("b", Status.CONFIRMED)
    assert point_lines(rewritten(path, landmarks)) == [
        'F_7,-10.0,-20.0,30.0,0.5,0.5,0.5,0.5,0,0,1,a,"corrected; by ""Ann"", 2019",vtkMRMLScalarVolumeNode1',
        "F_8,4,5,6,0,0,0,1,1,1,0,b,confirmed",
        "F_9,7,8,9,0,0,0,1,1,1,0,c,,",
    ]


def test_the_state_of_the_position_is_said_where_the_version_has_it(tmp_path):
    lines = ("1,1,2,3,0,0,0,1,1,1,0,a,,,2,0", "2,0,0,0,0,0,0,1,1,1,0,b,,,1,1", "3,4,5,6,0,0,0,1,1,1,0,c,,")
    path = slicer_file(tmp_path / "points.fcsv", *lines, version="5.2", system="LPS")
    landmarks = read_landmarks(path).without_point("a").with_point("b", [1, 2, 3], Status.PLACED)
    assert point_lines(rewritten(path, landmarks.without_point("c"))) == [
        "1,nan,nan,nan,0,0,0,1,1,1,0,a,,,0,0",
        "2,1.0,2.0,3.0,0,0,0,1,1,1,0,b,,,2,0",
        "3,nan,nan,nan,0,0,0,1,1,1,0,c,,,0,0",
    ]


def test_where_the_version_cannot_say_it_a_lost_position_is_no_line(tmp_path):
    lines = ("1,1,2,3,0,0,0,1,1,1,0,a,,", "2,4,5,6,0,0,0,1,1,1,0,b,,")
    path = slicer_file(tmp_path / "points.fcsv", *lines)
    assert point_lines(rewritten(path, read_landmarks(path).without_point("a"))) == [lines[1]]


def test_columns_of_its_own_are_no_states_whatever_the_version(tmp_path):
    heading = ["# Markups fiducial file version = 5.2", "# CoordinateSystem = LPS", "# columns = label,x,y,z,sel"]
    path = table(tmp_path / "points.fcsv", *heading, "a,1,2,3,1", "b,4,5,6,0")
    assert point_lines(rewritten(path, read_landmarks(path).without_point("a"))) == ["b,4,5,6,0"]


def test_landmarks_that_came_or_went_come_and_go_but_nothing_unplaced_is_added(tmp_path):
    lines = ("2,1,2,3,0,0,0,1,1,1,0,a,,,2,0", "4,4,5,6,0,0,0,1,1,1,0,b,,,2,0", "", "")
    path = slicer_file(tmp_path / "points.fcsv", *lines, version="5.2", system="LPS")
    names, status = ("b", "new", "waiting"), (Status.PLACED, Status.PREDICTED, Status.UNPLACED)
    text = rewritten(path, Landmarks(names, [[4, 5, 6], [7, 8, 9], [np.nan] * 3], status=status))
    assert text.split("\n")[3:] == [lines[1], "3,7.0,8.0,9.0,0,0,0,1,1,1,0,new,predicted,,2,0", "", "", ""]


def test_new_points_fit_into_the_columns_of_slicer_3(tmp_path):
    path = table(tmp_path / "points.fcsv", "# Fiducial List file old.fcsv", "a,1,2,3,1,1")
    landmarks = Landmarks(("a", "# b"), [[-1, -2, 3], [4, 5, 6]])
    text = rewritten(path, landmarks)
    assert text.splitlines() == ["# Fiducial List file old.fcsv", "a,1,2,3,1,1", '"# b","-4.0","-5.0","6.0","1","1"']
    path.write_text(text, encoding="utf-8")
    assert read_landmarks(path) == landmarks


def test_a_file_without_a_column_for_names_is_replaced_by_one_that_has_it(tmp_path):
    path = table(
        tmp_path / "points.fcsv",
        "# Markups fiducial file version = 4.4",
        "# columns = id,x,y,z,vis,sel",
        "p0,1,2,3,1,1",
    )
    landmarks = read_landmarks(path).with_status("Point 1", Status.CONFIRMED)
    path.write_text(rewritten(path, landmarks), encoding="utf-8")
    assert read_landmarks(path) == landmarks


@in_one_folder
@given(landmark_sets(ndim=3), landmark_sets(ndim=3))
def test_whatever_is_written_into_whatever_file_reads_back(tmp_path, before, after):
    path = tmp_path / "points.fcsv"
    before, after = (
        Landmarks(
            tuple(
                f"L{row}{name[:1]}".replace("\r", " ").replace("\n", " ") for row, name in enumerate(landmarks.names)
            ),
            np.round(landmarks.points_mm, 3) + 0.0,
            status=landmarks.status,
            author=landmarks.author,
        )
        for landmarks in (before, after)
    )
    write_landmarks(before, path)
    path.write_bytes(path.read_bytes().replace(b"= LPS", b"= RAS").replace(b"\n", b"\r\n"))
    write_landmarks(after, path, template=read_landmark_file(path).template)
    assert path.read_bytes().startswith(b"# Markups fiducial file version = 5.0\r\n# CoordinateSystem = RAS\r\n")
    assert read_landmarks(path, names=after.names) == after
