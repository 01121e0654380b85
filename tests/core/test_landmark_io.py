"""Landmark files in and out: exact round trips, what people and spreadsheets do to tables, and clear refusals."""

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.errors import LandmarkFileError
from core.image_io import read_image
from core.landmark_csv import COLUMNS
from core.landmark_io import read_landmarks, write_landmarks
from core.types import Grid, Image, ImageSource, Landmarks, Status

in_one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=50
)


def make_image(grid: Grid, *, spacing_known: bool = True, name: str = "scan.png") -> Image:
    source = ImageSource(Path("folder") / name, "ab" * 32, spacing_known=spacing_known)
    return Image(np.zeros(grid.shape, np.uint8), grid, source)


FLAT = make_image(Grid.from_spacing((24, 20), (0.2, 0.1)))
UNSCALED = make_image(Grid.from_spacing((24, 20)), spacing_known=False)
OBLIQUE = make_image(
    Grid((6, 7, 8), [[0, 0.6, 0.8, 3], [0, -0.8, 0.6, 4], [2, 0, 0, -5], [0, 0, 0, 1]]), name="volume.nii.gz"
)

names_of_landmarks = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5, unique=True)
some_status = st.sampled_from([Status.PREDICTED, Status.CORRECTED, Status.PLACED, Status.CONFIRMED])


@st.composite
def landmark_sets(draw: st.DrawFn, ndim: int | None = None) -> Landmarks:
    """Landmarks as the program makes them: named anything, some absent, with and without a model's opinion."""
    names = draw(names_of_landmarks)
    count = len(names)
    ndim = ndim or draw(st.sampled_from([2, 3]))
    points = draw(hnp.arrays(float, (count, ndim), elements=st.floats(-1e5, 1e5)))
    status = [draw(some_status) for _ in names]
    for row in range(count):
        if draw(st.booleans()) and row > 0:
            points[row], status[row] = np.nan, Status.ABSENT
    presence = draw(hnp.arrays(np.float32, count, elements=st.floats(0, 1, width=32) | st.just(float("nan"))))
    spread = draw(hnp.arrays(np.float32, count, elements=st.floats(0, 100, width=32) | st.just(float("nan"))))
    return Landmarks(tuple(names), points, presence, spread, status=tuple(status))


def refused(path: Path, *words: str, **options: object) -> None:
    """Check that a file is refused with a sentence that says these words, and with a hint."""
    with pytest.raises(LandmarkFileError) as caught:
        read_landmarks(path, **options)
    assert caught.value.hint
    for word in (path.name, *words):
        assert word in str(caught.value)


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# --- Cairn's CSV ------------------------------------------------------------------------------------------------------------


@in_one_folder
@given(landmark_sets())
def test_a_csv_gives_back_what_was_written(tmp_path, landmarks):
    path = tmp_path / "points.csv"
    write_landmarks(landmarks, path)
    read = read_landmarks(path, ndim=landmarks.ndim)
    assert read.names == landmarks.names
    assert read.status == landmarks.status
    np.testing.assert_array_equal(read.points_mm, landmarks.points_mm)
    np.testing.assert_allclose(read.presence, landmarks.presence, atol=5.1e-5)
    np.testing.assert_allclose(read.spread_mm, landmarks.spread_mm, atol=5.1e-4)


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
            np.testing.assert_allclose([float(row[f"{axis}_px"]) for axis in "xyz"], expected_px, atol=1e-5)
        else:
            assert row["x_px"] == ""


@in_one_folder
@given(landmark_sets(ndim=2))
def test_without_a_pixel_size_px_carry_the_positions(tmp_path, landmarks):
    path = tmp_path / "points.csv"
    write_landmarks(landmarks, path, image=UNSCALED)
    for options in ({"image": UNSCALED}, {"ndim": 2}):
        read = read_landmarks(path, **options)
        np.testing.assert_array_equal(read.points_mm, landmarks.points_mm)
        assert read.status == landmarks.status
        assert np.isnan(read.spread_mm).all()


def test_a_csv_reads_like_this(tmp_path):
    landmarks = Landmarks(
        ("sella", "nasion, soft", 'the "gap"', "lost"),
        [[1.0, 2.0], [0.25, 0.5], [0.1, 0.2], [np.nan, np.nan]],
        presence=[0.98761, np.nan, 1, 0.01],
        spread_mm=[1.23456, np.nan, 0, 9],
        status=(Status.PREDICTED, Status.PLACED, Status.CORRECTED, Status.PREDICTED),
    )
    write_landmarks(landmarks, tmp_path / "points.csv", image=FLAT, model="cephalometric-19 1.0")
    assert (tmp_path / "points.csv").read_bytes().decode().split("\r\n") == [
        "# Cairn landmarks, file version 1",
        "# frame: LPS millimetres; px are array indices counted from the centre of the first pixel, x = column, y = row",
        f"# image: scan.png (sha256 {'ab' * 32})",
        "# size: 20 x 24 px, pixel size 0.1 x 0.2 mm",
        "# model: cephalometric-19 1.0",
        "name,x_mm,y_mm,z_mm,x_px,y_px,z_px,presence,spread_mm,status",
        "sella,1.0,2.0,,10.0,10.0,,0.9876,1.235,predicted",
        '"nasion, soft",0.25,0.5,,2.5,2.5,,,,placed',
        '"the ""gap""",0.1,0.2,,1.0,1.0,,1.0000,0.000,corrected',
        "lost,,,,,,,0.0100,9.000,absent",
        "",
    ]


def test_without_a_pixel_size_the_mm_columns_stay_empty(tmp_path):
    landmarks = Landmarks(("sella",), [[3.5, 4.25]], presence=[1], spread_mm=[2], status=(Status.PREDICTED,))
    write_landmarks(landmarks, tmp_path / "points.csv", image=UNSCALED)
    text = (tmp_path / "points.csv").read_text(encoding="utf-8")
    assert "pixel size unknown" in text
    assert text.splitlines()[-1] == "sella,,,,3.5,4.25,,1.0000,,predicted"


def test_without_an_image_the_px_columns_stay_empty(tmp_path):
    write_landmarks(Landmarks(("a",), [[1, 2, 3]]), tmp_path / "points.csv")
    assert (tmp_path / "points.csv").read_text(encoding="utf-8").splitlines()[-1] == "a,1.0,2.0,3.0,,,,,,placed"


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
    refused(path, "line 2", "pixel size", image=UNSCALED)


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


# --- names ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".mrk.json", ".fcsv"])
def test_names_give_the_order_and_what_is_missing_is_absent(tmp_path, suffix):
    path = tmp_path / f"points{suffix}"
    write_landmarks(Landmarks(("b", "a"), [[3.0, 4, 5], [1, 2, 3]], status=(Status.CORRECTED,) * 2), path)
    read = read_landmarks(path, names=["a", "c", "b"])
    assert read.names == ("a", "c", "b")
    assert read.status == (Status.CORRECTED, Status.ABSENT, Status.CORRECTED)
    np.testing.assert_array_equal(read.points_mm[[0, 2]], [[1, 2, 3], [3, 4, 5]])
    refused(path, "not known", "b", names=["a", "c"])


# --- 3D Slicer --------------------------------------------------------------------------------------------------------------


@in_one_folder
@given(landmark_sets(ndim=3))
def test_markups_give_back_what_was_written(tmp_path, landmarks):
    path = tmp_path / "points.mrk.json"
    write_landmarks(landmarks, path)
    read = read_landmarks(path)
    assert read.names == landmarks.names
    assert read.status == landmarks.status
    np.testing.assert_array_equal(read.points_mm, landmarks.points_mm)


@in_one_folder
@given(landmark_sets(ndim=3))
def test_fcsv_gives_back_the_points_that_have_a_place(tmp_path, landmarks):
    path = tmp_path / "points.fcsv"
    labels = [f"L{row} {' '.join(name.splitlines())}" for row, name in enumerate(landmarks.names)]
    landmarks = Landmarks(tuple(labels), landmarks.points_mm, status=landmarks.status)
    write_landmarks(landmarks, path)
    assert read_landmarks(path, names=landmarks.names) == landmarks


def test_flat_landmarks_lie_at_z_0_in_slicer_and_come_back_flat(tmp_path):
    landmarks = Landmarks(("a", "b"), [[1.5, 2.5], [np.nan, np.nan]])
    path = tmp_path / "points.mrk.json"
    write_landmarks(landmarks, path)
    points = json.loads(path.read_text(encoding="utf-8"))["markups"][0]["controlPoints"]
    assert points[0]["position"] == [1.5, 2.5, 0]
    assert [point["positionStatus"] for point in points] == ["defined", "undefined"]
    assert read_landmarks(path, ndim=2) == landmarks
    assert read_landmarks(path, image=FLAT) == landmarks
    assert read_landmarks(path).ndim == 3


@pytest.mark.parametrize("suffix", [".mrk.json", ".fcsv"])
def test_landmarks_of_a_slice_lie_on_the_slice_in_slicer(tmp_path, suffix):
    volume = sitk.GetImageFromArray(np.zeros((1, 24, 20), np.uint8))
    volume.SetSpacing((0.5, 0.75, 1))
    volume.SetOrigin((10, 20, 30))
    volume.SetDirection((0, 0, 1, 1, 0, 0, 0, 1, 0))
    sitk.WriteImage(volume, str(tmp_path / "slice.nrrd"))
    image = read_image(tmp_path / "slice.nrrd")
    landmarks = Landmarks(("a",), image.grid.to_mm([[4, 7]]), status=(Status.CONFIRMED,))
    path = tmp_path / f"points{suffix}"
    write_landmarks(landmarks, path, image=image)
    np.testing.assert_allclose(
        read_landmarks(path).points_mm[0], volume.TransformIndexToPhysicalPoint((7, 4, 0)), atol=1e-9
    )
    read = read_landmarks(path, image=image)
    np.testing.assert_allclose(read.points_mm, landmarks.points_mm, atol=1e-9)
    assert read.status == landmarks.status


def markups(path: Path, *lists: dict[str, object], schema: str = "v1.0.3") -> Path:
    document = {"@schema": f"https://example.org/markups-schema-{schema}.json#", "markups": list(lists)}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def point(label: str = "a", position: object = (1.0, 2.0, 3.0), **more: object) -> dict[str, object]:
    return {"label": label, "position": position} | more


def test_lists_in_ras_and_lps_of_all_schemas_come_out_in_lps(tmp_path):
    path = markups(
        tmp_path / "points.mrk.json",
        {"type": "Line", "controlPoints": [point("end of a line")]},
        {"type": "Fiducial", "coordinateSystem": "RAS", "controlPoints": [point("a")]},
        {"type": "Fiducial", "coordinateSystem": "LPS", "coordinateUnits": "mm", "controlPoints": [point("b")]},
        {"type": "Fiducial", "coordinateUnits": ["mm", "UCUM", "millimeter"], "controlPoints": [point("c")]},
        schema="v1.0.0",
    )
    read = read_landmarks(path)
    assert read.names == ("a", "b", "c")
    np.testing.assert_array_equal(read.points_mm, [[-1, -2, 3], [1, 2, 3], [1, 2, 3]])
    assert read.status == (Status.PLACED,) * 3


def test_an_undefined_point_is_absent_and_not_at_the_origin(tmp_path):
    path = markups(
        tmp_path / "points.json",
        {"type": "Fiducial", "controlPoints": [point("a", [0, 0, 0], positionStatus="undefined"), point("b")]},
    )
    read = read_landmarks(path)
    assert read.status == (Status.ABSENT, Status.PLACED)
    assert np.isnan(read.points_mm[0]).all()


def test_a_description_of_somebody_else_is_no_status(tmp_path):
    path = markups(
        tmp_path / "points.mrk.json",
        {"type": "Fiducial", "controlPoints": [point("a", description="confirmed"), point("b", description="by Ann")]},
    )
    assert read_landmarks(path).status == (Status.CONFIRMED, Status.PLACED)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"controlPoints": [point(position=[1, 2])]}, ("control point 1", "position")),
        ({"controlPoints": [point(), point("b", position=["x", 2, 3])]}, ("control point 2", "position")),
        ({"controlPoints": [point(position=[1, 2, float("nan")])]}, ("control point 1", "position")),
        ({"controlPoints": [point(position=None)]}, ("control point 1", "position")),
        ({"controlPoints": [point(position="123")]}, ("control point 1", "position")),
        ({"controlPoints": [point(), point()]}, ("several", "a")),
        ({"controlPoints": [point(label="")]}, ("control point 1", "label")),
        ({"controlPoints": ["a"]}, ("control point 1", "label")),
        ({"coordinateSystem": "IJK", "controlPoints": [point()]}, ("IJK",)),
        ({"coordinateUnits": "um", "controlPoints": [point()]}, ("um",)),
        ({"type": "Curve", "controlPoints": [point()]}, ("no point list",)),
    ],
)
def test_wrong_markups_are_refused_by_control_point(tmp_path, broken, words):
    refused(markups(tmp_path / "points.mrk.json", {"type": "Fiducial"} | broken), *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"markups": [\n{]', ("JSON", "line 2")),
        ("[]", ("no point list",)),
        ('{"markups": 3}', ("no point list",)),
        ("[" * 100_000, ("JSON",)),
    ],
)
def test_a_document_that_is_no_markups_is_refused(tmp_path, text, words):
    refused(table(tmp_path / "points.mrk.json", text), *words)


COLUMNS_LINE = "# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID"


@pytest.mark.parametrize(
    ("system", "expected"), [("0", [-1, -2, 3]), ("RAS", [-1, -2, 3]), ("1", [1, 2, 3]), ("LPS", [1, 2, 3])]
)
def test_fcsv_of_all_versions_comes_out_in_lps(tmp_path, system, expected):
    path = table(
        tmp_path / "points.fcsv",
        "# Markups fiducial file version = 4.10",
        f"# CoordinateSystem = {system}",
        COLUMNS_LINE,
        'vtkMRMLMarkupsFiducialNode_0,1,2,3,0,0,0,1,1,1,0,"nasion, soft",corrected,vtkMRMLScalarVolumeNode1',
        "",
        "vtkMRMLMarkupsFiducialNode_1,1,2,3,0,0,0,1,1,1,0,b,,,2,0",
        "vtkMRMLMarkupsFiducialNode_2,0,0,0,0,0,0,1,1,1,0,c,,,0,0",
    )
    read = read_landmarks(path)
    assert read.names == ("nasion, soft", "b", "c")
    assert read.status == (Status.CORRECTED, Status.PLACED, Status.ABSENT)
    np.testing.assert_array_equal(read.points_mm, [expected, expected, [np.nan] * 3])


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
    path = table(tmp_path / "points.fcsv", "# Fiducial List file old.fcsv", "a,1,2,3,1,1")
    np.testing.assert_array_equal(read_landmarks(path).points_mm, [[-1, -2, 3]])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["# CoordinateSystem = IJK"], ("line 1", "IJK")),
        (["a,1,2"], ("line 1", "columns")),
        (["a,1,2,three"], ("line 1", "position")),
        (["a,1,2,3", ",1,2,3"], ("line 2", "label")),
        (["a,1,2,3", "a,4,5,6"], ("several", "a")),
        (["# only comments"], ("no points",)),
    ],
)
def test_a_wrong_fcsv_line_is_named(tmp_path, lines, words):
    refused(table(tmp_path / "points.fcsv", *lines), *words)


# --- the challenge's lists --------------------------------------------------------------------------------------------------


def test_a_challenge_list_is_px_and_its_diagnosis_lines_are_ignored(tmp_path):
    path = table(tmp_path / "001.txt", "10,5", "3.5,4", "1", "2", "3")
    np.testing.assert_array_equal(read_landmarks(path, names=["a", "b"]).points_mm, [[10, 5], [3.5, 4]])
    np.testing.assert_allclose(read_landmarks(path, names=["a", "b"], image=FLAT).points_mm, [[1, 1], [0.35, 0.8]])
    assert read_landmarks(path, names=["a", "b"]).status == (Status.PLACED,) * 2


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["10,5"], ("1 positions", "2 landmark names")),
        (["10,5", "1,2", "3,4"], ("3 positions", "2 landmark names")),
        (["10,5", "a,b"], ("line 2",)),
        (["10,5", "1,2,3"], ("line 2",)),
        (["10,5", "nan,1"], ("line 2",)),
        (["10,5", "12 7", "1,2"], ("line 2",)),
    ],
)
def test_a_wrong_challenge_list_is_refused(tmp_path, lines, words):
    refused(table(tmp_path / "001.txt", *lines), *words, names=["a", "b"])


def test_a_challenge_list_needs_names_and_a_2d_image(tmp_path):
    path = table(tmp_path / "001.txt", "10,5")
    refused(path, "names")
    refused(path, "2D", names=["a"], image=OBLIQUE)


# --- files ------------------------------------------------------------------------------------------------------------------


def test_files_that_cannot_be_read_are_refused(tmp_path):
    refused(tmp_path / "missing.csv", "no file")
    refused(tmp_path / "points.xlsx", "suffix")
    (tmp_path / "folder.csv").mkdir()
    refused(tmp_path / "folder.csv", "cannot be read")


def test_a_landmark_file_may_be_called_anything_and_lie_anywhere(tmp_path):
    path = tmp_path / "Ordner ψ 1" / "Punkte ü.CSV"
    write_landmarks(Landmarks(("Wange é",), [[1, 2]]), path)
    assert read_landmarks(path).names == ("Wange é",)
    write_landmarks(Landmarks(("Wange é",), [[1, 2]]), path.with_name("Punkte ü.mrk.json"))
    assert read_landmarks(path.with_name("Punkte ü.mrk.json")).names == ("Wange é",)


@pytest.mark.parametrize("suffix", [".csv", ".mrk.json", ".fcsv"])
@pytest.mark.parametrize(
    ("error", "word"),
    [(PermissionError(13, "Permission denied"), "open in another"), (OSError(28, "No space left"), "No space")],
)
def test_a_file_that_cannot_be_written_leaves_the_old_one_alone(tmp_path, monkeypatch, suffix, error, word):
    path = tmp_path / f"points{suffix}"
    path.write_bytes(b"precious")

    def fail(self, target):
        raise error

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(LandmarkFileError, match=word) as caught:
        write_landmarks(Landmarks(("a",), [[1, 2]]), path)
    assert caught.value.hint
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LandmarkFileError, match="cannot be written"):
        write_landmarks(Landmarks(("a",), [[1, 2]]), tmp_path / "file" / "points.csv")


def test_a_name_that_is_no_text_is_refused(tmp_path):
    with pytest.raises(LandmarkFileError, match="name"):
        write_landmarks(Landmarks(("\ud800",), [[1, 2]]), tmp_path / "points.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(LandmarkFileError, match="suffix"):
        write_landmarks(Landmarks(("a",), [[1, 2]]), tmp_path / "points.txt")


def test_landmarks_and_image_of_different_rank_are_a_mistake_of_the_program(tmp_path):
    with pytest.raises(ValueError, match="2D landmarks"):
        write_landmarks(Landmarks(("a",), [[1, 2]]), tmp_path / "points.csv", image=OBLIQUE)
    with pytest.raises(ValueError, match="ndim"):
        read_landmarks(tmp_path / "points.csv", image=OBLIQUE, ndim=2)


def test_the_columns_are_those_agreed_on():
    assert ",".join(COLUMNS) == "name,x_mm,y_mm,z_mm,x_px,y_px,z_px,presence,spread_mm,status"


# --- the real thing ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data_folder() -> Path:
    folder = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the data sets are not at {folder}; set CAIRN_DATA")
    return folder


@pytest.mark.realdata
def test_real_markups_lie_in_their_volume(data_folder):
    landmarks = read_landmarks(data_folder / "mouse_ct" / "landmarks" / "A_J.mrk.json")
    volume = read_image(data_folder / "mouse_ct" / "volumes" / "A_J.nii.gz")
    assert len(landmarks) == 45
    assert volume.grid.contains(landmarks.points_mm).all()


@pytest.mark.realdata
def test_real_challenge_lists_hold_19_points_on_the_radiograph(data_folder):
    names = [str(number) for number in range(1, 20)]
    folder = data_folder / "cephalometric"
    image = read_image(folder / "RawImage" / "TrainingData" / "001.jpg").with_spacing(0.1)
    landmarks = read_landmarks(folder / "400_senior" / "001.txt", names=names, image=image)
    np.testing.assert_allclose(landmarks.point_mm("1"), [83.5, 99.6])
    assert image.grid.contains(landmarks.points_mm).all()
