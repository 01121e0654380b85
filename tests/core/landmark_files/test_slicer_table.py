"""The table that 3D Slicer exports: the header's letters are the coordinate system."""

import numpy as np
import pytest

from core.base.errors import LandmarkFileError
from core.landmark_files.file import read_landmark_file, read_landmarks
from core.values.landmarks import Status
from tests.support.landmark_fixtures import FLAT, OBLIQUE, refused, table

REST = "defined,selected,visible,locked,description"


@pytest.mark.parametrize(("axes", "expected"), [("l,p,s", [1.5, -2, 3]), ("r,a,s", [-1.5, 2, 3])])
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_the_letters_of_the_header_are_the_coordinate_system(tmp_path, axes, expected, suffix):
    lines = [f"label,{axes},{REST}", "a,1.5,-2,3,1,1,1,0,", "b,0,0,0,0,1,1,0,", "c,4,5,6,1,1,1,0,confirmed"]
    separator = "\t" if suffix == "tsv" else ","
    path = table(tmp_path / f"points.{suffix}", *[line.replace(",", separator) for line in lines])
    read = read_landmarks(path)
    assert read.names == ("a", "b", "c")
    assert read.status == (Status.PLACED, Status.ABSENT, Status.CONFIRMED)
    np.testing.assert_array_equal(read.points_mm[0], expected)
    assert np.isnan(read.points_mm[1]).all()
    assert read_landmark_file(path, image=OBLIQUE).template is None


def test_a_table_of_coordinates_only_is_enough(tmp_path):
    path = table(tmp_path / "points.csv", "S,L,P,label", "3,1,2,a", ",,,b", "6,4,5,")
    read = read_landmarks(path)
    assert read.names == ("a", "b", "Point 3")
    assert read.status == (Status.PLACED, Status.ABSENT, Status.PLACED)
    np.testing.assert_array_equal(read.points_mm[[0, 2]], [[1, 2, 3], [4, 5, 6]])


def test_in_a_list_of_names_nothing_is_absent_yet(tmp_path):
    path = table(tmp_path / "points.csv", f"label,l,p,s,{REST}", "a,0,0,0,0,1,1,0,", "b,0,0,0,0,1,1,0,by Ann")
    assert read_landmarks(path).status == (Status.UNPLACED,) * 2


def test_a_spreadsheet_may_have_been_at_it(tmp_path):
    path = table(tmp_path / "points.csv", "label;r;a;s;defined", '"a;b";-1,5;2;0,25;TRUE')
    np.testing.assert_array_equal(read_landmarks(path).points_mm, [[1.5, -2, 0.25]])


def test_points_of_a_flat_image_lose_their_depth(tmp_path):
    path = table(tmp_path / "points.csv", "label,l,p,s", "a,1,2,0.5", "b,,,")
    np.testing.assert_array_equal(read_landmarks(path, image=FLAT).points_mm, [[1, 2], [np.nan, np.nan]])


def test_points_of_a_volume_are_not_pressed_flat(tmp_path):
    path = table(tmp_path / "points.csv", "label,l,p,s", "a,1,2,0", "b,1,2,-30", "c,,,")
    with pytest.raises(LandmarkFileError, match="30 mm off the plane, but the image is 2D") as caught:
        read_landmarks(path, image=FLAT)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["label,l,p,s", "a,1,2"], ("line 2", "3 columns instead of 4")),
        (["label,l,p,s", "a,1,2,x"], ("line 2", '"x"', "column s")),
        (["label,l,p,s", "a,1,2,"], ("line 2", "part of")),
        (["label,l,p,s,defined", "a,1,2,3,perhaps"], ("line 2", "perhaps", "defined")),
        (["label,l,p,s", "a,1,2,3", "a,1,2,3"], ("several", "a")),
        (["label,l,a,s", "a,1,2,3"], ("no landmark table",)),
        (["label,x,y,z", "a,1,2,3"], ("no landmark table",)),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, lines, words):
    refused(table(tmp_path / "points.csv", *lines), *words)
