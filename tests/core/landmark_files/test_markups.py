"""3D Slicer's .mrk.json: what Cairn writes reads back, and what others wrote stays where it was."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import LandmarkFileError
from core.images.file import read_image
from core.landmark_files.file import LandmarkTemplate, read_landmark_file, read_landmarks, write_landmarks
from core.values.landmarks import Landmarks, Status
from tests.support.landmark_fixtures import FLAT, in_one_folder, landmark_sets, refused, table


def markups(path: Path, *lists: object, schema: str = "v1.0.3", **more: object) -> Path:
    document = {"@schema": f"https://example.org/markups-schema-{schema}.json#", "markups": list(lists)} | more
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def point(label: str = "a", position: object = (1.0, 2.0, 3.0), **more: object) -> dict[str, object]:
    return {"label": label, "position": position} | more


def rewritten(path: Path, landmarks: Landmarks | None = None) -> dict[str, object]:
    """Read a file, write its landmarks (or others) into a copy of it, and return what the copy holds."""
    file = read_landmark_file(path)
    path.unlink()  # what is kept is kept in memory
    copy = path.with_name("copy.mrk.json")
    write_landmarks(file.landmarks if landmarks is None else landmarks, copy, template=file.template)
    return json.loads(copy.read_text(encoding="utf-8"))


# --- what Cairn writes ---


@in_one_folder
@given(landmark_sets(ndim=3))
def test_markups_give_back_what_was_written(tmp_path, landmarks):
    path = tmp_path / "points.mrk.json"
    write_landmarks(landmarks, path)
    read = read_landmarks(path)
    assert read.names == landmarks.names
    assert read.status == landmarks.status
    assert read.author == landmarks.author
    np.testing.assert_allclose(read.points_mm, landmarks.points_mm, rtol=0, atol=5.1e-4)
    np.testing.assert_allclose(read.presence, landmarks.presence, atol=5.1e-4)
    np.testing.assert_allclose(read.spread_mm, landmarks.spread_mm, atol=5.1e-3)
    np.testing.assert_allclose(read.radius_mm, landmarks.radius_mm, atol=5.1e-3)


def test_a_new_document_reads_like_this(tmp_path):
    landmarks = Landmarks(
        ("a, ü", "b"),
        [[1.5, -2.25, 0.1], [np.nan] * 3],
        presence=[0.98765, 0.01],
        spread_mm=[0.412, np.nan],
        radius_mm=[1.8345, np.nan],
        status=(Status.PREDICTED, Status.ABSENT),
    )
    write_landmarks(landmarks, tmp_path / "points.mrk.json")
    text = (tmp_path / "points.mrk.json").read_text(encoding="utf-8")
    assert '"position": [1.5, -2.25, 0.1],' in text
    point_list = json.loads(text)["markups"][0]
    assert (point_list["type"], point_list["coordinateSystem"], point_list["coordinateUnits"]) == (
        "Fiducial",
        "LPS",
        "mm",
    )
    first, second = point_list["controlPoints"]
    assert (first["label"], first["positionStatus"]) == ("a, ü", "defined")
    assert first["description"] == "predicted; presence 0.988; spread 0.41 mm; radius 1.83 mm"
    assert (second["id"], second["positionStatus"]) == ("2", "undefined")
    assert second["description"] == "absent; presence 0.010"


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


# --- what others write ---


def test_lists_in_ras_and_lps_of_all_schemas_come_out_in_lps(tmp_path):
    path = markups(
        tmp_path / "points.mrk.json",
        {"type": "Line", "controlPoints": [point("end of a line")]},
        {"type": "Fiducial", "coordinateSystem": "RAS", "controlPoints": [point("a")]},
        {"type": "Fiducial", "coordinateSystem": "LPS", "coordinateUnits": "mm", "controlPoints": [point("b")]},
        {"type": "Fiducial", "coordinateUnits": ["mm", "UCUM", "millimeter"], "controlPoints": [point("c")]},
        {"type": "Fiducial"},
        "no markup",
        schema="v1.0.0",
    )
    read = read_landmarks(path)
    assert read.names == ("a", "b", "c")
    np.testing.assert_array_equal(read.points_mm, [[-1, -2, 3], [1, 2, 3], [1, 2, 3]])
    assert read.status == (Status.PLACED,) * 3


@pytest.mark.parametrize(
    "more",
    [
        {"positionStatus": "undefined"},
        {"positionStatus": "preview"},
        {"positionStatus": "missing"},
        {"positionStatus": "undefined", "position": [float("nan")] * 3},
        {"positionStatus": "undefined", "position": None},
    ],
)
def test_an_undefined_point_is_absent_and_not_at_the_origin(tmp_path, more):
    points = [point("a", [0, 0, 0]) | more, point("b"), {"label": "c"}]
    read = read_landmarks(markups(tmp_path / "points.json", {"type": "Fiducial", "controlPoints": points}))
    assert read.status == (Status.ABSENT, Status.PLACED, Status.ABSENT)
    assert np.isnan(read.points_mm[[0, 2]]).all()


def template_of_names(path: Path) -> Path:
    points = [point(name, [0, 0, 0], positionStatus="undefined", description=words) for name, words in NAMES_ONLY]
    return markups(path, {"type": "Fiducial", "controlPoints": points})


NAMES_ONLY = (("a", ""), ("b", "by Ann"), ("c", ""))


def test_in_a_list_of_names_nothing_is_absent_yet(tmp_path):
    read = read_landmarks(template_of_names(tmp_path / "points.mrk.json"))
    assert read.names == ("a", "b", "c")
    assert read.status == (Status.UNPLACED,) * 3
    points = [point("a", positionStatus="undefined"), point("b", positionStatus="undefined", description="absent")]
    path = markups(tmp_path / "points.mrk.json", {"type": "Fiducial", "controlPoints": points})
    assert read_landmarks(path).status == (Status.UNPLACED, Status.ABSENT)


def test_a_list_of_names_is_saved_as_it_was_and_says_more_once_more_is_known(tmp_path):
    path = template_of_names(tmp_path / "points.mrk.json")
    before = json.loads(path.read_text(encoding="utf-8"))
    landmarks = read_landmarks(path)
    assert rewritten(path) == before
    for states in (
        (Status.ABSENT, Status.ABSENT, Status.ABSENT),
        (Status.UNPLACED, Status.ABSENT, Status.UNPLACED),
        (Status.PLACED, Status.UNPLACED, Status.ABSENT),
    ):
        told = landmarks
        for name, state in zip(landmarks.names, states, strict=True):
            told = told.with_point(name, [1, 2, 3] if state is Status.PLACED else [np.nan] * 3, state)
        points = rewritten(template_of_names(path), told)["markups"][0]["controlPoints"]
        assert read_landmarks(tmp_path / "copy.mrk.json").status == states
        assert "by Ann" in points[1]["description"]


def test_points_without_a_label_are_called_by_their_number(tmp_path):
    points = [point("a"), point(""), {"position": [4, 5, 6]}, point(None)]
    read = read_landmarks(markups(tmp_path / "points.mrk.json", {"type": "Fiducial", "controlPoints": points}))
    assert read.names == ("a", "Point 2", "Point 3", "Point 4")
    refused(tmp_path / "points.mrk.json", "not known", "Point 2", names=["a"])


def test_a_mark_before_the_text_and_windows_line_ends_do_not_hurt(tmp_path):
    path = markups(tmp_path / "points.mrk.json", {"type": "Fiducial", "controlPoints": [point("ä, \"b\"\n'c'")]})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"{", b"{\r\n"))
    assert read_landmarks(path).names == ("ä, \"b\"\n'c'",)


@pytest.mark.parametrize(
    ("description", "status"),
    [
        ("confirmed", Status.CONFIRMED),
        (" Confirmed ; by Ann", Status.CONFIRMED),
        ("by Ann", Status.PLACED),
        ("confirmed by Ann", Status.PLACED),
        ("absent", Status.PLACED),  # but somebody placed it since
        (None, Status.PLACED),
        (7, Status.PLACED),
    ],
)
def test_the_status_is_the_first_word_if_it_is_one_of_cairns(tmp_path, description, status):
    points = [point("a", description=description)]
    path = markups(tmp_path / "points.mrk.json", {"type": "Fiducial", "controlPoints": points})
    assert read_landmarks(path).status == (status,)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"controlPoints": [point(position=[1, 2])]}, ("control point 1", "position")),
        ({"controlPoints": [point(), point("b", position=["1", 2, 3])]}, ("control point 2", "position")),
        ({"controlPoints": [point(position=[1, 2, float("nan")])]}, ("control point 1", "position")),
        ({"controlPoints": [point(position=[1, 2, 10**400])]}, ("control point 1", "position")),
        ({"controlPoints": [point(position=[1, 2, True])]}, ("control point 1", "position")),
        ({"controlPoints": [point(position=None)]}, ("control point 1", "position")),
        ({"controlPoints": [point(position="123")]}, ("control point 1", "position")),
        ({"controlPoints": [point(), point()]}, ("several", "a")),
        ({"controlPoints": [point(str(n // 2)) for n in range(20)]}, ("several", "0, 1, 2 and 7 more")),
        ({"controlPoints": [point(""), point("Point 1")]}, ("several", "Point 1")),
        ({"controlPoints": [point(label=5)]}, ("control point 1", "label")),
        ({"controlPoints": ["a"]}, ("control point 1", "not a valid point")),
        ({"controlPoints": {"a": 1}}, ("controlPoints", "not a list")),
        ({"coordinateSystem": "IJK", "controlPoints": [point()]}, ("IJK",)),
        ({"coordinateSystem": ["LPS"], "controlPoints": [point()]}, ("LPS",)),
        ({"coordinateUnits": "um", "controlPoints": [point()]}, ("um",)),
        ({"coordinateUnits": ["um", "UCUM", "micrometer"], "controlPoints": [point()]}, ("um",)),
        ({"coordinateUnits": [], "controlPoints": [point()]}, ("mm",)),
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
        ("[" * 100_000, ("deeply",)),
        ("9" * 5000, ("JSON",)),
    ],
)
def test_a_document_that_is_no_markups_is_refused(tmp_path, text, words):
    refused(table(tmp_path / "points.mrk.json", text), *words)


# --- what is kept ---

PARTICULARS = {
    "id": "vtkMRMLMarkupsFiducialNode_7",
    "associatedNodeID": "vtkMRMLScalarVolumeNode1",
    "orientation": [0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0],
    "selected": False,
    "locked": True,
    "visibility": False,
    "confidence": {"by": "Ann", "grade": 2},
}
POINT_LIST = {
    "type": "Fiducial",
    "name": "Schädel",
    "coordinateSystem": "RAS",
    "coordinateUnits": ["mm", "UCUM", "millimeter"],
    "labelFormat": "%N %d",
    "lastUsedControlPointNumber": 12,
    "controlPoints": [
        point("a", [1, 2, 3], description="by Ann", positionStatus="defined") | PARTICULARS,
        point("b", [4.25, 5e-7, -0.0], positionStatus="defined"),
        point("c", [0.0, 0.0, 0.0], positionStatus="preview", description=None),
    ],
    "measurements": [{"name": "length", "enabled": True, "value": float("nan"), "units": "mm"}],
    "display": {"opacity": 1.0, "color": [0.4, 1.0, 1.0], "later": {"nested": [[1], []]}},
    "toolkit": "somebody else's",
}
CURVE = {"type": "Curve", "coordinateSystem": "RAS", "controlPoints": [point("a"), point("")], "measurements": []}
SECOND_LIST = {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": [point("d", [7, 8, 9])]}


@pytest.fixture
def rich(tmp_path):
    return markups(tmp_path / "rich.mrk.json", CURVE, POINT_LIST, SECOND_LIST, schema="v1.0.1", made="by hand")


def changed(**points: dict[str, object]) -> str:
    """Return what `rich` holds after its points with these labels have got other entries, as text (NaN equals no NaN)."""
    lists = json.loads(json.dumps([CURVE, POINT_LIST, SECOND_LIST]))
    for entry in [entry for point_list in lists[1:] for entry in point_list["controlPoints"]]:
        entry |= points.get(entry["label"], {})
    schema = "https://example.org/markups-schema-v1.0.1.json#"
    return json.dumps({"@schema": schema, "markups": lists, "made": "by hand"})


def test_a_file_that_nobody_changed_comes_back_as_it_was(rich):
    assert json.dumps(rewritten(rich)) == changed()


def test_a_correction_changes_the_position_and_the_word_in_the_system_of_the_list(rich):
    landmarks = read_landmarks(rich).with_point("a", [10, 20, 30]).with_point("d", [1, 1, 1], Status.PLACED)
    landmarks = landmarks.with_status("b", Status.CONFIRMED)
    assert json.dumps(rewritten(rich, landmarks)) == changed(
        a={"position": [-10.0, -20.0, 30.0], "description": "corrected; by Ann"},
        b={"description": "confirmed"},
        d={"position": [1.0, 1.0, 1.0]},
    )


def test_a_point_that_loses_its_position_is_undefined_and_one_that_gets_one_is_defined(rich):
    landmarks = read_landmarks(rich).without_point("a").with_point("c", [1, 2, 3], Status.PLACED)
    landmarks = landmarks.with_point("b", [np.nan] * 3, Status.UNPLACED)
    assert json.dumps(rewritten(rich, landmarks)) == changed(
        a={"position": [0.0, 0.0, 0.0], "positionStatus": "undefined"},
        b={"position": [0.0, 0.0, 0.0], "positionStatus": "undefined", "description": "unplaced"},
        c={"position": [-1.0, -2.0, 3.0], "positionStatus": "defined"},
    )


def test_states_travel_beside_the_words_of_others_and_leave_again(rich, tmp_path):
    rewritten(rich, read_landmarks(rich).with_status("a", Status.CONFIRMED))
    again = read_landmark_file(tmp_path / "copy.mrk.json")
    assert again.landmarks.status[0] is Status.CONFIRMED
    write_landmarks(again.landmarks.without_point("a"), tmp_path / "copy.mrk.json", template=again.template)
    points = json.loads((tmp_path / "copy.mrk.json").read_text(encoding="utf-8"))["markups"][1]["controlPoints"]
    assert points[0]["description"] == "absent; by Ann"
    assert points[0]["confidence"] == PARTICULARS["confidence"]


def test_landmarks_that_came_or_went_come_and_go_but_nothing_unplaced_is_added(rich):
    read = read_landmarks(rich)
    names = ("a", "d", "new", "lost", "waiting")
    points_mm = [*read.points_mm[[0, 3]], [1, 2, 3], [np.nan] * 3, [np.nan] * 3]
    status = (*read.subset(("a", "d")).status, Status.PREDICTED, Status.ABSENT, Status.UNPLACED)
    curve, first, second = rewritten(rich, Landmarks(names, points_mm, status=status))["markups"]
    assert [entry["label"] for entry in first["controlPoints"]] == ["a", "new", "lost"]
    assert [entry["label"] for entry in second["controlPoints"]] == ["d"]
    assert curve == json.loads(json.dumps(CURVE))
    new, lost = first["controlPoints"][1:]
    assert new["position"] == [-1.0, -2.0, 3.0]
    assert new["orientation"] == [1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert (lost["positionStatus"], lost["description"]) == ("undefined", "absent")
    ids = [entry["id"] for entry in first["controlPoints"]]
    assert len(set(ids)) == 3


def test_new_ids_are_free_ones(tmp_path):
    points = [point("a", id="3"), point("b", id="4"), point("c", id=["odd"])]
    path = markups(tmp_path / "points.mrk.json", {"type": "Fiducial", "controlPoints": points})
    landmarks = Landmarks(("a", "b", "new"), np.zeros((3, 3)))
    assert [entry["id"] for entry in rewritten(path, landmarks)["markups"][0]["controlPoints"]] == ["3", "4", "5"]


def test_a_point_without_a_label_gets_the_name_it_went_by(tmp_path):
    path = markups(tmp_path / "points.mrk.json", {"type": "Fiducial", "controlPoints": [point("a"), point("", id="9")]})
    assert read_landmarks(path).names == ("a", "Point 2")
    points = rewritten(path, Landmarks(("Point 2",), [[1, 2, 3]]))["markups"][0]["controlPoints"]
    assert points == [point("Point 2", [1.0, 2.0, 3.0], id="9")]


def test_the_template_serves_its_own_format_only(rich, tmp_path):
    file = read_landmark_file(rich)
    for name in ("points.csv", "points.fcsv"):
        write_landmarks(file.landmarks, tmp_path / name, template=file.template)
        np.testing.assert_allclose(read_landmarks(tmp_path / name).points_mm, file.landmarks.points_mm, atol=5.1e-4)
    assert "Ann" not in repr(file)


def test_a_document_that_is_nested_too_deeply_to_be_written_is_told(tmp_path):
    deep = LandmarkTemplate(
        ".mrk.json", f'{{"markups": [{{"controlPoints": [], "deep": {"[" * 100_000 + "]" * 100_000}}}]}}'
    )
    with pytest.raises(LandmarkFileError, match="nested too deeply") as caught:
        write_landmarks(Landmarks(("a",), [[1, 2, 3]]), tmp_path / "points.mrk.json", template=deep)
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


@in_one_folder
@given(landmark_sets(ndim=3), landmark_sets(ndim=3), st.sampled_from(["RAS", "LPS"]))
def test_whatever_is_written_into_whatever_file_reads_back(tmp_path, before, after, system):
    path = tmp_path / "points.mrk.json"
    write_landmarks(before, path)
    path.write_text(
        path.read_text(encoding="utf-8").replace('System": "LPS"', f'System": "{system}"'), encoding="utf-8"
    )
    template = read_landmark_file(path).template
    write_landmarks(after, path, template=template)
    assert f'"coordinateSystem": "{system}"' in path.read_text(encoding="utf-8")
    read = read_landmarks(path, names=after.names)
    assert (read.status, read.author) == (after.status, after.author)
    np.testing.assert_allclose(read.points_mm, after.points_mm, rtol=0, atol=5.1e-4)
