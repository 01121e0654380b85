"""Cairn's table in and out: exact round trips, what people and spreadsheets do to it, and clear refusals."""

import csv
import io

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import PixelSizeNeeded
from core.landmark_files.file import read_landmark_file, read_landmarks, write_landmarks
from core.values.grid import Grid
from core.values.landmarks import Author, Landmarks, Status
from tests.support.landmark_fixtures import (
    FLAT,
    OBLIQUE,
    UNSCALED,
    in_one_folder,
    landmark_sets,
    make_image,
    refused,
    table,
)


@in_one_folder
@given(landmark_sets())
def test_a_csv_gives_back_what_was_written(tmp_path, landmarks):
    path = tmp_path / "points.csv"
    write_landmarks(landmarks, path)
    read = read_landmarks(path, ndim=landmarks.ndim)
    assert read.names == landmarks.names
    assert read.status == landmarks.status
    assert read.author == landmarks.author
    np.testing.assert_allclose(read.points_mm, landmarks.points_mm, rtol=0, atol=5.1e-4)
    np.testing.assert_allclose(read.presence, landmarks.presence, atol=5.1e-5)
    np.testing.assert_allclose(read.spread_mm, landmarks.spread_mm, atol=5.1e-4)
    np.testing.assert_allclose(read.radius_mm, landmarks.radius_mm, atol=5.1e-4)


@in_one_folder
@given(landmark_sets(ndim=3))
def test_px_in_a_csv_are_simpleitk_indices(tmp_path, landmarks):
    path = tmp_path / "points.csv"
    write_landmarks(landmarks, path, image=OBLIQUE)
    volume = sitk.GetImageFromArray(OBLIQUE.voxels)
    volume.SetSpacing(OBLIQUE.grid.spacing_mm[::-1].tolist())
    volume.SetDirection((OBLIQUE.grid.mm_from_index[:3, :3] / OBLIQUE.grid.spacing_mm)[:, ::-1].ravel().tolist())
    volume.SetOrigin(OBLIQUE.grid.mm_from_index[:3, 3].tolist())
    text = path.read_bytes().decode()
    rows = csv.DictReader(io.StringIO(text[text.index("name,x_mm") :], newline=""))
    for row, name, point_mm in zip(rows, landmarks.names, landmarks.points_mm, strict=True):
        assert row["name"] == name
        if np.isfinite(point_mm).all():
            expected_px = volume.TransformPhysicalPointToContinuousIndex(point_mm.tolist())
            np.testing.assert_allclose([float(row[f"{axis}_px"]) for axis in "xyz"], expected_px, atol=5.1e-3)
        else:
            assert row["x_px"] == ""


@in_one_folder
@given(landmark_sets(ndim=2))
def test_without_a_pixel_size_px_carry_the_positions(tmp_path, landmarks):
    path = tmp_path / "points.csv"
    write_landmarks(landmarks, path, image=UNSCALED)
    for options in ({"image": UNSCALED}, {"ndim": 2}):
        read = read_landmarks(path, **options)
        np.testing.assert_allclose(read.points_mm, landmarks.points_mm, rtol=0, atol=5.1e-3)
        assert read.status == landmarks.status
        np.testing.assert_allclose(read.spread_mm, landmarks.spread_mm, atol=5.1e-3)
        np.testing.assert_allclose(read.radius_mm, landmarks.radius_mm, atol=5.1e-3)


def test_a_csv_reads_like_this(tmp_path):
    landmarks = Landmarks(
        ("sella", "nasion, soft", 'the "gap"', "lost"),
        [[1.0, 2.0], [0.25, 0.5], [0.1, 0.2], [np.nan, np.nan]],
        presence=[0.98761, np.nan, 1, 0.01],
        spread_mm=[1.23456, np.nan, 0, 9],
        radius_mm=[2.34567, np.nan, np.nan, 20],
        status=(Status.PREDICTED, Status.PLACED, Status.CORRECTED, Status.PREDICTED),
    )
    write_landmarks(landmarks, tmp_path / "points.csv", image=FLAT, model="cephalometric-19 1.0")
    assert (tmp_path / "points.csv").read_bytes().decode().split("\r\n") == [
        "# Cairn landmarks, file version 1",
        "# frame: LPS millimetres; px are array indices counted from the centre of the first pixel, x = column, y = row",
        f"# image: scan.png (sha256 {'ab' * 32})",
        "# size: 20 x 24 px, pixel size 0.1 x 0.2 mm (stated in the file)",
        "# model: cephalometric-19 1.0",
        "name,x_mm,y_mm,z_mm,x_px,y_px,z_px,presence,spread_mm,radius_mm,spread_px,radius_px,status,author",
        "sella,1.000,2.000,,10.00,10.00,,0.9876,1.235,2.346,,,predicted,model",
        '"nasion, soft",0.250,0.500,,2.50,2.50,,,,,,,placed,person',
        '"the ""gap""",0.100,0.200,,1.00,1.00,,1.0000,0.000,,,,corrected,person',
        "lost,,,,,,,0.0100,9.000,20.000,,,absent,model",
        "",
    ]


def test_a_table_from_before_there_were_radii_is_read_without_them(tmp_path):
    path = table(
        tmp_path / "points.csv",
        "name,x_mm,y_mm,z_mm,x_px,y_px,z_px,presence,spread_mm,status",
        "sella,1.0,2.0,,10.0,10.0,,0.9876,1.235,predicted",
    )
    assert read_landmarks(path) == Landmarks(
        ("sella",), [[1, 2]], presence=[0.9876], spread_mm=[1.235], status=(Status.PREDICTED,)
    )


def test_without_a_pixel_size_the_mm_columns_stay_empty(tmp_path):
    landmarks = Landmarks(
        ("sella",), [[3.5, 4.25]], presence=[1], spread_mm=[2], radius_mm=[3], status=(Status.PREDICTED,)
    )
    write_landmarks(landmarks, tmp_path / "points.csv", image=UNSCALED)
    text = (tmp_path / "points.csv").read_text(encoding="utf-8")
    assert "pixel size unknown" in text
    assert text.splitlines()[-1] == "sella,,,,3.50,4.25,,1.0000,,,2.00,3.00,predicted,model"


def test_without_an_image_the_px_columns_stay_empty(tmp_path):
    write_landmarks(Landmarks(("a",), [[1, 2, 3]]), tmp_path / "points.csv")
    assert (tmp_path / "points.csv").read_text(encoding="utf-8").splitlines()[
        -1
    ] == "a,1.000,2.000,3.000,,,,,,,,,placed,person"


def test_an_image_name_cannot_break_the_comment_lines(tmp_path):
    image = make_image(FLAT.grid, name='odd,\n"name\u2028.png')
    landmarks = Landmarks(("a",), [[1, 2]])
    write_landmarks(landmarks, tmp_path / "points.csv", image=image)
    assert read_landmarks(tmp_path / "points.csv") == landmarks


def test_a_landmark_called_like_a_comment_survives(tmp_path):
    landmarks = Landmarks(("# not a comment", "name"), [[1, 2], [3, 4]])
    write_landmarks(landmarks, tmp_path / "points.csv")
    assert read_landmarks(tmp_path / "points.csv") == landmarks


def test_columns_may_come_in_any_order_with_others_between_and_a_mark_before(tmp_path):
    path = tmp_path / "points.csv"
    path.write_bytes("\ufeffcomment,Y_mm,status,X_mm,name\nhello,2,confirmed,1,a\n\n,,,,\n,4,,3,b\n".encode())
    assert read_landmarks(path) == Landmarks(("a", "b"), [[1, 2], [3, 4]], status=(Status.CONFIRMED, Status.PLACED))


def test_a_table_saved_by_a_spreadsheet_with_semicolons_and_decimal_commas(tmp_path):
    path = table(
        tmp_path / "points.csv",
        '"# frame: LPS millimetres; px are array indices";;;',
        "# model: none;;;",
        "name;x_mm;y_mm;presence",
        "a;1,5;2;0,75",
        '"b;c";-0,25;1e3;',
    )
    read = read_landmarks(path)
    assert read.names == ("a", "b;c")
    np.testing.assert_array_equal(read.points_mm, [[1.5, 2], [-0.25, 1000]])
    assert read.presence[0] == 0.75


def test_commas_that_may_be_thousands_are_refused(tmp_path):
    path = table(tmp_path / "points.csv", "name;x_mm;y_mm", "a;1,500;2.5")
    refused(path, "line 2", "1,500", "x_mm")


def test_half_a_table_without_mm_is_taken_through_the_image(tmp_path):
    path = table(tmp_path / "points.csv", "name,x_px,y_px", "a,10,5")
    np.testing.assert_allclose(read_landmarks(path, image=FLAT).points_mm, [[1, 1]])
    np.testing.assert_array_equal(read_landmarks(path, image=UNSCALED).points_mm, [[10, 5]])
    np.testing.assert_array_equal(read_landmarks(path).points_mm, [[10, 5]])


def test_rows_in_mm_and_rows_in_px_need_the_image(tmp_path):
    path = table(tmp_path / "points.csv", "name,x_mm,y_mm,x_px,y_px", "a,1,1,,", "b,,,10,5")
    np.testing.assert_allclose(read_landmarks(path, image=FLAT).points_mm, [[1, 1], [1, 1]])
    refused(path, "line 3", "px")


def test_mm_cannot_be_placed_on_an_image_without_a_pixel_size(tmp_path):
    path = table(tmp_path / "points.csv", "name,x_mm,y_mm", "a,1,1")
    refused(path, "pixel size", image=UNSCALED, error=PixelSizeNeeded)
    np.testing.assert_array_equal(read_landmarks(path, image=UNSCALED, mm_is_px=True).points_mm, [[1, 1]])


def test_where_the_pixel_size_is_unknown_px_win_over_mm(tmp_path):
    path = table(tmp_path / "points.csv", "name,x_mm,y_mm,x_px,y_px", "a,1,1,10,5")
    np.testing.assert_array_equal(read_landmarks(path, image=UNSCALED).points_mm, [[10, 5]])


@pytest.mark.parametrize("name", ["points.csv", "points.mrk.json"])
def test_nobody_claims_that_an_unplaced_landmark_is_absent(tmp_path, name):
    status = (Status.PLACED, Status.UNPLACED, Status.ABSENT)
    landmarks = Landmarks(("a", "b", "c"), [[1, 2, 3], [np.nan] * 3, [np.nan] * 3], status=status)
    write_landmarks(landmarks, tmp_path / name)
    read = read_landmarks(tmp_path / name)
    assert read.status == status
    assert read.located.tolist() == [True, False, False]


def test_an_absent_landmark_has_no_position_whatever_the_file_says(tmp_path):
    path = table(tmp_path / "points.csv", "name,x_mm,y_mm,status", "a,1,1,absent", "b,,,predicted", "c,nan,NaN,")
    read = read_landmarks(path)
    assert read.status == (Status.ABSENT,) * 3
    assert not read.located.any()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a,1,x", ("line 3", '"x"', "y_mm")),
        ("a,1,inf", ("line 3", "inf")),
        ("a,1,1_0", ("line 3", "1_0")),
        ("a,1", ("line 3", "2 columns instead of 3")),
        ("a,1,2,3", ("line 3", "4 columns instead of 3")),
        (",1,2", ("line 3", "no name")),
        ("a,1,", ("line 3", "part of")),
        ('"a,1,2', ("line", "columns")),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, words):
    refused(table(tmp_path / "points.csv", "# comment", "name,x_mm,y_mm", line), *words)


def test_a_file_cut_off_inside_a_quoted_name_is_refused(tmp_path):
    refused(table(tmp_path / "points.csv", "name,x_mm,y_mm", "a,1,2", '"b,3,4'), "line")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", ("empty",)),
        (b"  \n\n", ("empty",)),
        ("Größe,x_mm\n".encode("latin-1"), ("UTF-8",)),
        (b"name,x_mm,z_mm\na,1,2\n", ("no landmark table",)),
        (b"1,2\n3,4\n", ("no landmark table",)),
        (b"name,x_mm,y_mm,status\na,1,2,guessed\n", ("line 2", "guessed")),
        (b"name,x_mm,y_mm\na,1,2\nb,1,2\na,3,4\n", ("line 4", "repeats the landmark a")),
        (b"name,x_mm,y_mm\na,1\0,2\n", ("line 2",)),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, text, words):
    (tmp_path / "points.csv").write_bytes(text)
    refused(tmp_path / "points.csv", *words)


def test_points_of_another_dimension_are_refused(tmp_path):
    flat = table(tmp_path / "flat.csv", "name,x_mm,y_mm,z_mm", "a,1,2,")
    deep = table(tmp_path / "deep.csv", "name,x_mm,y_mm,z_mm", "a,1,2,3")
    zero = table(tmp_path / "zero.csv", "name,x_mm,y_mm,z_mm", "a,1,2,0")
    refused(flat, "line 2", "3D", image=OBLIQUE)
    refused(deep, "line 2", "2D", image=FLAT)
    assert read_landmarks(zero, image=FLAT).ndim == 2
    assert (read_landmarks(flat).ndim, read_landmarks(deep).ndim) == (2, 3)


def test_a_table_without_landmarks_is_a_table(tmp_path):
    write_landmarks(Landmarks((), np.zeros((0, 2))), tmp_path / "points.csv")
    assert len(read_landmarks(tmp_path / "points.csv")) == 0


# --- an opened table ---

ODD = make_image(Grid.from_spacing((500, 400), (0.1411, 0.0977)))


@in_one_folder
@given(landmark_sets(ndim=2), st.sampled_from([FLAT, ODD, UNSCALED]))
def test_a_table_that_is_opened_and_saved_is_the_same_to_the_letter(tmp_path, landmarks, image):
    path = tmp_path / "points.csv"
    write_landmarks(landmarks, path, image=image, model="cephalometric 1.0")
    before = path.read_bytes()
    file = read_landmark_file(path, image=image)
    write_landmarks(file.landmarks, path, image=image, template=file.template)
    assert path.read_bytes() == before


def test_only_what_was_touched_is_written_anew(tmp_path):
    path = table(
        tmp_path / "points.csv",
        "name,x_mm,y_mm,x_px,y_px,presence,spread_mm,status,remark",
        "a,0.73364013671875,1.0,7.33640,5,0.98765432,1.23456789,predicted,hello",
        "b,0.73364013671875,1.0,7.33640,5,0.98765432,1.23456789,predicted,",
        "c;d,,,,,,,absent,",
    )
    file = read_landmark_file(path, image=FLAT)
    write_landmarks(file.landmarks.with_point("b", [0.5, 1.12345]), path, image=FLAT, template=file.template)
    assert path.read_text(encoding="utf-8").splitlines()[6:] == [
        "a,0.73364013671875,1.0,,7.33640,5,,0.98765432,1.23456789,,,,predicted,model",
        "b,0.500,1.123,,5.00,5.62,,0.98765432,1.23456789,,,,corrected,person",
        "c;d,,,,,,,,,,,,absent,person",
    ]


def test_a_pixel_size_that_was_set_meanwhile_changes_the_numbers_of_untouched_points_too(tmp_path):
    path = tmp_path / "points.csv"
    write_landmarks(Landmarks(("a",), [[10, 5]]), path, image=UNSCALED)
    template = read_landmark_file(path, image=UNSCALED).template
    write_landmarks(read_landmarks(path, image=FLAT), path, image=FLAT, template=template)
    assert path.read_text(encoding="utf-8").splitlines()[-1] == "a,1.000,1.000,,10.00,5.00,,,,,,,placed,person"


def test_a_microscopes_micrometres_are_not_rounded_away(tmp_path):
    fine = make_image(Grid.from_spacing((500, 400), 0.0005))
    write_landmarks(Landmarks(("a",), [[0.0123456, 0.1]]), tmp_path / "points.csv", image=fine)
    last = (tmp_path / "points.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert last.startswith("a,0.012346,0.100000,,24.69,200.00,")


def test_who_said_it_is_read_back_and_an_unknown_author_refused(tmp_path):
    path = table(tmp_path / "points.csv", "name,x_mm,y_mm,status,author", "a,1,2,confirmed,Model", "b,1,2,confirmed,")
    assert read_landmarks(path).author == (Author.MODEL, Author.PERSON)
    path = table(tmp_path / "points.csv", "name,x_mm,y_mm,status,author", "a,1,2,confirmed,Ann")
    refused(path, "line 2", "ann", "author")
